/* cast.c - see cast.h */
#include <stdio.h>

#include "base/id.h"
#include "ctl/story/brief.h"
#include "ctl/story/cast.h"
#include "ctl/story/mails.h"
#include "ctl/story/objects.h"
#include "ctl/story/play.h"

enum {
	WAIT_S = 20,           /* a portal's task */
	MAIL_LIMIT_MS = 10000, /* until a deployment's mail is there */
	REGISTER_LIMIT_MS = 5000,
};

/* --- by the pbx alone --------------------------------------------------- */

static bool direct_customer(struct play *p, struct customer *c)
{
	id_make(c->id);
	return object_put(p, "customers", c->id,
			  json_pack("{sisssssiss}", "generation", 1, "web_id",
				    c->web_id, "name", c->web_id,
				    "extension_length", 4, "time_zone",
				    "Europe/Paris"));
}

static bool direct_user(struct play *p, struct person *who)
{
	id_make(who->id);
	return object_put(p, "users", who->id,
			  json_pack("{sisssssssssssb}", "generation", 1,
				    "customer", who->customer->id, "extension",
				    who->extension, "first_name", who->display,
				    "last_name", "", "name", who->display,
				    "mailbox", 0));
}

static bool account_write(struct play *p, struct device *d, const char *secret)
{
	struct person *who = d->person;
	char pbx[96], pbx2[96], border[96];
	json_t *account, *user, *sip;
	int err;

	layout_sip(&p->layout, "pbx", pbx);
	layout_sip(&p->layout, "border", border);
	layout_sip(&p->layout, "pbx2", pbx2);
	user = json_pack("{ssssssssss}", "id", who->id, "login", who->login,
			 "name", who->display, "extension", who->extension,
			 "customer", who->customer->web_id);
	sip = json_pack("{s[s]ss?ssssssssss}", "registrars", pbx,
			"outbound_proxy", d->through_border ? border : NULL,
			"realm", "holdfast", "sip_user", d->sip_user,
			"sip_secret", secret, "number", d->number, "transport",
			"udp");
	if (p->has_pair)
		(void)json_array_append_new(json_object_get(sip, "registrars"),
					    json_string(pbx2));
	account = json_pack("{sisssosnsoss}", "version", 1, "client", d->kind,
			    "user", user, "uc", "sip", sip, "phone", d->id);
	(void)snprintf(d->account, sizeof(d->account), "%s/%s-%s.json", p->dir,
		       who->name, d->kind);
	err = !account || json_dump_file(account, d->account, JSON_INDENT(2));
	json_decref(account);

	return err ? play_fail(p, "cannot write %s", d->account) : true;
}

/* The outside is this pbx itself: what leaves by the trunk comes in by it. */
static bool direct_trunk(struct play *p)
{
	char sip[96];
	const char *host = sip + strlen("sip:"), *port;

	layout_sip(&p->layout, "pbx", sip);
	port = strrchr(sip, ':');
	return object_put(
		p, "trunks", "story-trunk",
		json_pack("{sissss%sisb}", "generation", 1, "name", "provider",
			  "host", host, (size_t)(port - host), "port",
			  (int)strtol(port + 1, NULL, 10), "trusted", 1));
}

bool cast_trunk(struct play *p, const struct step *s)
{
	struct person *who = step_person(p, s, SLOT_WHO);
	char id[64];

	(void)snprintf(id, sizeof(id), "did-%s", s->slot[SLOT_NUMBER]);
	return direct_trunk(p) &&
	       object_put(p, "dids", id,
			  json_pack("{sissssss}", "generation", 1, "customer",
				    who->customer->id, "start",
				    s->slot[SLOT_NUMBER], "user", who->id));
}

static const char *type_of(const struct device *d, char out[32])
{
	(void)snprintf(out, 32, "%s%s",
		       strcmp(d->kind, "desk") ? "softphone-" : "", d->kind);
	return out;
}

static bool direct_phone(struct play *p, struct device *d)
{
	char secret[TOKEN_SIZE], name[TOKEN_SIZE], type[32];
	struct person *who = d->person;

	id_make(d->id);
	token_make(name);
	token_make(secret);
	(void)snprintf(d->sip_user, sizeof(d->sip_user), "%.16s", name);
	(void)snprintf(d->number, sizeof(d->number), "%s", who->extension);
	if (!object_put(p, "phones", d->id,
			json_pack("{sisssssssisssssssb}", "generation", 1,
				  "customer", who->customer->id, "user",
				  who->id, "number", d->number, "line", 1,
				  "type", type_of(d, type), "sip_user",
				  d->sip_user, "sip_secret", secret,
				  "ring_with_user", 1)))
		return false;

	return account_write(p, d, secret);
}

/* --- by the portal ------------------------------------------------------ */

static bool portal_post(struct play *p, const char *kind, json_t *body,
			struct rest_answer *a)
{
	struct rest r = p->portal;
	char path[64];

	r.limit_ms = (WAIT_S + 5) * 1000;
	(void)snprintf(path, sizeof(path), "/api/v1/%s?wait=%d", kind, WAIT_S);
	if (!rest_ask(&r, a, "POST", path, body))
		return false;
	if (a->status == 202) {
		(void)snprintf(a->detail, sizeof(a->detail),
			       "the task takes longer than %d s", WAIT_S);
		return false;
	}

	return true;
}

static bool platform_find(struct play *p, struct rest_answer *a)
{
	json_t *first;

	if (p->platform[0])
		return true;
	if (!rest_ask(&p->portal, a, "GET", "/api/v1/platforms?filter[name]=p1",
		      NULL))
		return false;
	first = json_array_get(json_object_get(a->body, "items"), 0);
	if (!first) {
		(void)snprintf(a->detail, sizeof(a->detail),
			       "there is no platform group p1");
		return false;
	}
	(void)snprintf(p->platform, sizeof(p->platform), "%s",
		       json_string_value(json_object_get(first, "id")));

	return true;
}

bool portal_make_customer(struct play *p, const char *web_id,
			  int extension_length, struct rest_answer *a)
{
	return platform_find(p, a) &&
	       portal_post(p, "customers",
			   json_pack("{sssssssiss}", "name", web_id, "web_id",
				     web_id, "platform", p->platform,
				     "extension_length", extension_length,
				     "time_zone", "Europe/Paris"),
			   a);
}

bool portal_make_user(struct play *p, struct person *who, struct rest_answer *a)
{
	json_t *body = json_pack(
		"{ssssssssssssssss}", "customer", who->customer->id, "login",
		who->name, "first_name", who->display, "last_name", "Story",
		"email", who->email, "extension", who->extension,
		"initial_password", who->password, "tui_passcode", "482915");

	if (!portal_post(p, "users", body, a))
		return false;
	(void)snprintf(who->id, sizeof(who->id), "%s",
		       rest_text(a, "id") ? rest_text(a, "id") : "");

	return true;
}

bool portal_make_phone(struct play *p, struct device *d, struct rest_answer *a)
{
	bool is_desk = !strcmp(d->kind, "desk");
	char type[32];
	const char *text;
	json_t *body;

	body = json_pack("{ssssss}", "customer", d->person->customer->id,
			 "user", d->person->id, "type", type_of(d, type));
	if (!is_desk)
		(void)json_object_set_new(body, "deploy", json_true());
	if (!portal_post(p, "phones", body, a))
		return false;

	text = rest_text(a, "id");
	(void)snprintf(d->id, sizeof(d->id), "%s", text ? text : "");
	text = rest_text(a, "sip_user");
	(void)snprintf(d->sip_user, sizeof(d->sip_user), "%s",
		       text ? text : "");
	text = rest_text(a, "number");
	(void)snprintf(d->number, sizeof(d->number), "%s",
		       text ? text : d->person->extension);
	text = rest_text(a, "sip_secret");
	if (!is_desk)
		return true;
	if (!text) {
		(void)snprintf(a->detail, sizeof(a->detail),
			       "the answer has no sip_secret");
		return false;
	}

	return account_write(p, d, text);
}

/* --- deployment --------------------------------------------------------- */

/* Lead the account over the wire that can be cut. */
static void account_lead(struct play *p, struct device *d, json_t *account)
{
	json_t *uc = json_object_get(account, "uc");
	json_t *sip = json_object_get(account, "sip");
	char url[96], border[96];

	if (json_is_object(uc)) {
		(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u",
			       (unsigned)wire_port(p->wire));
		(void)json_object_set_new(uc, "url", json_string(url));
	}
	layout_sip(&p->layout, "border", border);
	(void)json_object_set_new(sip, "outbound_proxy",
				  d->through_border ? json_string(border)
						    : json_null());
}

struct mail_wait {
	struct device *device;
	char link[400];
};

static bool has_mail(struct play *p, void *arg)
{
	struct mail_wait *w = arg;

	return mail_find_link(p->dir, w->device->person->email, w->device->kind,
			      w->link, sizeof(w->link));
}

bool device_deploy(struct play *p, struct device *d, struct rest_answer *a)
{
	struct mail_wait w = { .device = d };
	const char *path;

	if (!play_until(p, MAIL_LIMIT_MS, has_mail, &w))
		return play_fail(p,
				 "%s has no mail with a deployment link "
				 "for %s",
				 d->person->name, d->kind);
	path = strstr(w.link, "/d/");
	if (!rest_ask(&p->uc, a, "POST", path, json_object()))
		return play_fail(p, "the deployment link answers %d: %s",
				 a->status, a->detail);

	account_lead(p, d, a->body);
	(void)snprintf(d->account, sizeof(d->account), "%s/%s-%s.json", p->dir,
		       d->person->name, d->kind);
	if (json_dump_file(a->body, d->account, JSON_INDENT(2)))
		return play_fail(p, "cannot write %s", d->account);

	return true;
}

/* --- the sentences ------------------------------------------------------ */

bool cast_customer(struct play *p, const struct step *s)
{
	struct customer *c = play_add_customer(p, s->slot[SLOT_WEBID]);
	struct rest_answer a = { 0 };
	bool ok;

	if (!c)
		return false;
	if (!p->has_all_servers)
		return direct_customer(p, c);

	ok = portal_make_customer(p, c->web_id, 4, &a);
	if (ok)
		(void)snprintf(c->id, sizeof(c->id), "%s", rest_text(&a, "id"));
	else
		play_fail(p, "the portal answers %d: %s", a.status, a.detail);
	rest_clear(&a);

	return ok;
}

static struct person *person_make(struct play *p, const struct step *s)
{
	struct customer *c = p->customers ? &p->customer[p->customers - 1]
					  : NULL;
	struct person *who = play_add_person(p, s->slot[SLOT_NAME],
					     s->slot[SLOT_NUMBER], c);
	struct rest_answer a = { 0 };

	if (!who)
		return NULL;
	if (!p->has_all_servers)
		return direct_user(p, who) ? who : NULL;
	if (!portal_make_user(p, who, &a)) {
		play_fail(p, "the portal answers %d: %s", a.status, a.detail);
		who = NULL;
	}
	rest_clear(&a);

	return who;
}

static bool device_make(struct play *p, struct device *d)
{
	struct rest_answer a = { 0 };
	bool ok;

	if (!p->has_all_servers)
		return direct_phone(p, d) && device_start(p, d);

	ok = portal_make_phone(p, d, &a);
	if (!ok)
		play_fail(p, "the portal answers %d: %s", a.status, a.detail);
	if (ok && strcmp(d->kind, "desk") != 0)
		ok = device_deploy(p, d, &a);
	rest_clear(&a);

	return ok && device_start(p, d);
}

static bool is_registered(struct play *p, void *arg)
{
	struct device *d = arg;

	(void)p;
	return d->handset && d->handset->is_registered;
}

static bool is_online(struct play *p, void *arg)
{
	struct device *d = arg;

	(void)p;
	return d->handset && d->handset->is_online;
}

bool device_registers(struct play *p, struct device *d, unsigned limit_ms)
{
	if (play_until(p, limit_ms, is_registered, d))
		return true;

	return play_fail(p, "%s's %s is %s", d->person->name, d->kind,
			 !d->handset ? "not running"
			 : d->handset->registration[0]
				 ? d->handset->registration
				 : "not registered");
}

/* "desk,mobile/border": make each, then wait for all. */
bool cast_person(struct play *p, const struct step *s)
{
	struct person *who = person_make(p, s);
	const char *list = s->slot[SLOT_DEVICES];

	if (!who)
		return false;
	while (*list) {
		struct device *d = play_add_device(p, who, &list);

		if (!d || !device_make(p, d))
			return false;
	}
	for (size_t i = 0; i < who->devices; i++) {
		struct device *d = &who->device[i];

		if (!device_registers(p, d, REGISTER_LIMIT_MS))
			return false;
		if (p->has_all_servers && strcmp(d->kind, "desk") != 0 &&
		    !play_until(p, REGISTER_LIMIT_MS, is_online, d))
			return play_fail(p, "%s's %s is not online at the uc",
					 who->name, d->kind);
	}

	return true;
}

bool cast_phoneless(struct play *p, const struct step *s)
{
	return person_make(p, s) != NULL;
}

bool cast_setting(struct play *p, const struct step *s)
{
	(void)p;
	(void)s;
	return true; /* see settings_write() */
}

bool cast_pair(struct play *p, const struct step *s)
{
	(void)p;
	(void)s;
	return true; /* `up` was told, see NEEDS_PAIR */
}

int settings_write(const struct story *st, const char *dir)
{
	char path[300];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/holdfast.conf", dir);
	f = fopen(path, "we");
	if (!f)
		return errno;
	if (brief_folder())
		(void)fprintf(f,
			      "program pbx\nprompts %s\n"
			      "program pbx2\nprompts %s\n",
			      brief_folder(), brief_folder());
	for (size_t i = 0; i < st->step_count; i++) {
		const struct step *s = &st->steps[i];

		if (s->sentence->run == cast_setting)
			(void)fprintf(f, "program %s\n%s %s\n",
				      s->slot[SLOT_SERVER], s->slot[SLOT_WORD],
				      s->slot[SLOT_COUNT] ? s->slot[SLOT_COUNT]
							  : s->slot[SLOT_TEXT]);
	}

	return fclose(f) ? errno : 0;
}
