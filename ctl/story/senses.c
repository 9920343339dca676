/* senses.c - see senses.h
 *
 * A claim is a function of the step; most look at any device of the person,
 * or at the one the step names.
 */
#include <stdio.h>

#include "base/wheel.h"
#include "ctl/story/mails.h"
#include "ctl/story/play.h"
#include "ctl/story/senses.h"

enum {
	SERVER_LIMIT_S = 4,
	PAIR_LIMIT_MS = 15000,
};

typedef bool(device_h)(struct device *d, const struct step *s);

struct looking {
	const struct step *step;
	device_h *is_so;
};

static bool is_so_anywhere(struct play *p, void *arg)
{
	struct looking *l = arg;
	struct person *who = step_person(p, l->step, SLOT_WHO);
	const char *kind = l->step->slot[SLOT_DEVICE];

	for (size_t i = 0; i < who->devices; i++) {
		struct device *d = &who->device[i];

		if (kind && strcmp(kind, d->kind) != 0)
			continue;
		if (d->handset && l->is_so(d, l->step))
			return true;
	}

	return false;
}

/* Wait until a claim is true of one of her devices. */
static bool look(struct play *p, const struct step *s, device_h *is_so)
{
	struct looking l = { s, is_so };

	return step_device(p, s) &&
	       play_until(p, play_limit(p), is_so_anywhere, &l);
}

/* What her phones are doing, for a message. */
static const char *doing(struct play *p, const struct step *s)
{
	static char text[400];
	struct person *who = step_person(p, s, SLOT_WHO);
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < who->devices && n < sizeof(text); i++) {
		struct device *d = &who->device[i];
		struct handset *h = d->handset;
		bool any = false;

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s",
				      i ? "; " : "", who->name, d->kind);
		if (!h) {
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      " does not run");
			continue;
		}
		for (size_t k = 0; k < HANDSET_CALLS_MAX; k++) {
			const struct handset_call *c = &h->call[k];

			if (!c->id[0] || n >= sizeof(text))
				continue;
			any = true;
			n += (size_t)snprintf(
				text + n, sizeof(text) - n,
				" has a call %s, %s, with \"%s\" %s",
				c->is_incoming ? "in" : "out", c->state,
				c->name, c->peer);
		}
		if (!any && n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      " is idle");
	}

	return text;
}

/* "Alice" is also what begins "Alice Martin". */
static bool name_is(const char *shown, const char *wanted)
{
	size_t n = strlen(wanted);

	return !strncmp(shown, wanted, n) && (!shown[n] || shown[n] == ' ');
}

/* --- ringing ------------------------------------------------------------ */

static bool rings(struct device *d, const struct step *s)
{
	struct handset_call *c = handset_call_in(d->handset, "alerting", true);

	if (!c)
		return false;
	if (!s->slot[SLOT_TEXT])
		return true;

	return name_is(c->name, s->slot[SLOT_TEXT]) &&
	       (s->slot[SLOT_NUMBER]
			? !strcmp(c->peer, s->slot[SLOT_NUMBER])
			: !c->peer[strcspn(c->peer, "0123456789")]);
}

bool sense_rings(struct play *p, const struct step *s)
{
	return look(p, s, rings) || play_fail(p, "%s", doing(p, s));
}

static bool shows_peer(struct device *d, const struct step *s)
{
	struct handset_call *c = handset_call_any(d->handset);

	return c && name_is(c->name, s->slot[SLOT_TEXT]) &&
	       !strcmp(c->peer, s->slot[SLOT_NUMBER]);
}

bool sense_shows_peer(struct play *p, const struct step *s)
{
	return look(p, s, shows_peer) || play_fail(p, "%s", doing(p, s));
}

static bool no_more_rings(struct play *p, void *arg)
{
	struct looking l = { arg, rings };

	return !is_so_anywhere(p, &l);
}

bool sense_stops_ringing(struct play *p, const struct step *s)
{
	union {
		const struct step *step;
		void *arg;
	} u = { s };

	return (step_device(p, s) &&
		play_until(p, play_limit(p), no_more_rings, u.arg)) ||
	       play_fail(p, "%s", doing(p, s));
}

bool sense_does_not_ring(struct play *p, const struct step *s)
{
	struct person *who = step_person(p, s, SLOT_WHO);

	for (size_t i = 0; i < who->devices; i++) {
		const struct handset *h = who->device[i].handset;
		const char *kind = s->slot[SLOT_DEVICE];

		if (h && (!kind || !strcmp(kind, who->device[i].kind)) &&
		    h->rings)
			return play_fail(p, "%s's %s rang", who->name,
					 who->device[i].kind);
	}

	return true;
}

/* --- states ------------------------------------------------------------- */

static bool is_in_state(struct device *d, const struct step *s)
{
	return handset_call_in(d->handset, s->choice[0], -1) != NULL;
}

static bool is_idle(struct play *p, void *arg)
{
	struct looking *l = arg;
	struct person *who = step_person(p, l->step, SLOT_WHO);
	const char *kind = l->step->slot[SLOT_DEVICE];

	for (size_t i = 0; i < who->devices; i++) {
		struct device *d = &who->device[i];

		if ((!kind || !strcmp(kind, d->kind)) &&
		    handset_call_any(d->handset))
			return false;
	}

	return true;
}

bool sense_is(struct play *p, const struct step *s)
{
	struct looking l = { s, NULL };

	if (strcmp(s->choice[0], "idle") != 0)
		return look(p, s, is_in_state) ||
		       play_fail(p, "%s", doing(p, s));

	return play_until(p, play_limit(p), is_idle, &l) ||
	       play_fail(p, "%s", doing(p, s));
}

static bool is_registered(struct device *d, const struct step *s)
{
	(void)s;
	return d->handset->is_registered;
}

bool sense_registers(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	if (!d)
		return false;
	if (!d->handset && !device_start(p, d))
		return false;

	return look(p, s, is_registered) ||
	       play_fail(p, "%s's %s is %s", d->person->name, d->kind,
			 d->handset && d->handset->registration[0]
				 ? d->handset->registration
				 : "not registered");
}

static bool link_is(struct device *d, const struct step *s)
{
	return d->handset->is_online == !strcmp(s->choice[0], "online");
}

static bool fail_link(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	if (!d || !d->handset)
		return play_fail(p, "the phone does not run");

	return play_fail(p, "%s's %s is %s and shows \"%s\"", d->person->name,
			 d->kind, d->handset->link, d->handset->banner);
}

/* ---- a pair ---- */

struct at_pbx {
	struct device *d;
	char sip[96];
};

static bool is_at(struct play *p, void *arg)
{
	const struct at_pbx *at = arg;
	const struct handset *h = at->d->handset;

	(void)p;
	return h && h->is_registered && !strcmp(h->registrar, at->sip);
}

static const char *node_of(const struct step *s)
{
	return strcmp(s->choice[0], "primary") ? "pbx2" : "pbx";
}

static unsigned pair_limit(const struct play *p)
{
	return play_limit(p) > PAIR_LIMIT_MS ? play_limit(p) : PAIR_LIMIT_MS;
}

bool sense_registers_at(struct play *p, const struct step *s)
{
	struct at_pbx at = { .d = step_device(p, s) };

	if (!at.d)
		return false;
	if (!at.d->handset && !device_start(p, at.d))
		return false;

	layout_sip(&p->layout, node_of(s), at.sip);

	return play_until(p, pair_limit(p), is_at, &at) ||
	       play_fail(p, "%s's %s is %s at %s", at.d->person->name,
			 at.d->kind, at.d->handset->registration,
			 at.d->handset->registrar);
}

static bool holds_lease(struct play *p, void *arg)
{
	struct rest_answer a = { 0 };
	char url[96], token[TOKEN_SIZE];
	struct rest r = { .url = url, .token = token, .limit_ms = 2000 };
	bool holds = false;

	if (service_token_load(p->dir, arg, token))
		return false;

	layout_url(&p->layout, arg, url);
	if (rest_ask(&r, &a, "GET", "/api/v1/pair", NULL))
		holds = json_is_true(json_object_get(a.body, "lease"));
	rest_clear(&a);

	return holds;
}

bool sense_lease(struct play *p, const struct step *s)
{
	return play_until(p, pair_limit(p), holds_lease,
			  (void *)(uintptr_t)node_of(s)) ||
	       play_fail(p, "the %s has not got the lease", s->choice[0]);
}

static bool lamp_is(struct device *d, const struct step *s)
{
	return d->handset->has_lamp == !strcmp(s->choice[0], "on");
}

bool sense_lamp(struct play *p, const struct step *s)
{
	return look(p, s, lamp_is) ||
	       play_fail(p, "the lamp is not %s", s->choice[0]);
}

static bool note_has(struct device *d, const struct step *s)
{
	return strstr(d->handset->note, s->slot[SLOT_TEXT]) != NULL;
}

bool sense_reads(struct play *p, const struct step *s)
{
	return look(p, s, note_has) ||
	       play_fail(p, "no text with \"%s\" came", s->slot[SLOT_TEXT]);
}

static const char *lamp_state(const struct device *d, const char *number)
{
	for (size_t i = 0; i < HANDSET_LAMPS_MAX; i++) {
		const struct handset_lamp *lamp = &d->handset->lamp[i];

		if (!strcmp(lamp->number, number))
			return lamp->state;
	}

	return "not there";
}

static bool watched_is(struct device *d, const struct step *s)
{
	return !strcmp(lamp_state(d, s->slot[SLOT_NUMBER]), s->choice[0]);
}

bool sense_watched(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	return look(p, s, watched_is) ||
	       play_fail(p, "the lamp of %s is %s", s->slot[SLOT_NUMBER],
			 d && d->handset ? lamp_state(d, s->slot[SLOT_NUMBER])
					 : "dark: the phone does not run");
}

static bool messages_are(struct device *d, const struct step *s)
{
	return d->handset->messages == strtol(s->slot[SLOT_COUNT], NULL, 10);
}

bool sense_messages(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	return look(p, s, messages_are) ||
	       play_fail(p, "the lamp counts %d",
			 d && d->handset ? d->handset->messages : 0);
}

bool sense_link(struct play *p, const struct step *s)
{
	return look(p, s, link_is) || fail_link(p, s);
}

static bool has_banner(struct device *d, const struct step *s)
{
	return !strcmp(d->handset->banner, s->slot[SLOT_TEXT]);
}

bool sense_banner(struct play *p, const struct step *s)
{
	return look(p, s, has_banner) || fail_link(p, s);
}

static bool has_no_banner(struct device *d, const struct step *s)
{
	(void)s;
	return !d->handset->banner[0] && d->handset->link[0];
}

bool sense_no_banner(struct play *p, const struct step *s)
{
	return look(p, s, has_no_banner) || fail_link(p, s);
}

/* --- what is offered ---------------------------------------------------- */

struct offering {
	struct device *device;
	const char *list;
	bool wanted;
	char wrong[48];
};

static bool is_offered(const json_t *reply, const char *name)
{
	json_t *list = json_object_get(reply, "offers");
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (json_is_string(item) &&
		    !strcmp(json_string_value(item), name))
			return true;
	}

	return false;
}

/* Ask the phone each time: what it offers follows from its state. */
static bool offers_all(struct play *p, void *arg)
{
	struct offering *o = arg;

	if (!device_command(p, o->device, "offers"))
		return false;
	for (const char *q = o->list; *q;) {
		size_t n = strcspn(q, ",");

		(void)snprintf(o->wrong, sizeof(o->wrong), "%.*s", (int)n, q);
		if (is_offered(o->device->handset->reply, o->wrong) !=
		    o->wanted)
			return false;
		q += n + (q[n] == ',');
	}

	return true;
}

static bool sense_offering(struct play *p, const struct step *s, bool wanted)
{
	struct offering o = { step_device(p, s), s->slot[SLOT_FEATURES], wanted,
			      "" };

	if (!o.device)
		return false;
	if (play_until(p, play_limit(p), offers_all, &o))
		return true;
	if (!o.device->handset)
		return play_fail(p, "the phone ended");

	return play_fail(p, "%s %s %s", s->slot[SLOT_WHO],
			 wanted ? "lacks" : "offers", o.wrong);
}

bool sense_offers(struct play *p, const struct step *s)
{
	return sense_offering(p, s, true);
}

bool sense_lacks(struct play *p, const struct step *s)
{
	return sense_offering(p, s, false);
}

bool sense_refuses_to_set(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	if (!d)
		return false;
	if (device_command(p, d, "set %s %s", s->slot[SLOT_WORD], s->choice[0]))
		return play_fail(p, "%s was set", s->slot[SLOT_WORD]);

	return d->handset && d->handset->reply && !d->handset->reply_ok;
}

/* --- what servers say --------------------------------------------------- */

/* The person's own session at the uc. */
static bool session_open(struct play *p, struct person *who)
{
	struct rest_answer a = { 0 };
	struct rest r = p->uc;
	const char *token;

	if (who->session[0])
		return true;
	r.token = NULL;
	(void)rest_ask(&r, &a, "POST", "/api/v1/sessions",
		       json_pack("{ssss}", "login", who->login, "password",
				 who->password));
	token = rest_text(&a, "token");
	if (token)
		(void)snprintf(who->session, sizeof(who->session), "%s", token);
	else
		play_fail(p, "%s cannot sign in at the uc: %d %s", who->login,
			  a.status, a.detail);
	rest_clear(&a);

	return who->session[0];
}

struct asking {
	const struct step *step;
	struct person *who;
	char found[300];
};

static bool uc_ask(struct play *p, struct person *who, const char *path,
		   struct rest_answer *a)
{
	struct rest r = p->uc;

	if (!session_open(p, who))
		return false;
	r.token = who->session;
	if (rest_ask(&r, a, "GET", path, NULL))
		return true;
	if (a->status == 401)
		who->session[0] = '\0';

	return false;
}

static const char *text_in(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

/* An item may name its user by id, login or nested object. */
static bool item_is_of(const json_t *item, const struct person *who)
{
	json_t *user = json_object_get(item, "user");

	if (json_is_object(user))
		return !strcmp(text_in(user, "id"), who->id);

	return !strcmp(text_in(item, "user"), who->id) ||
	       !strcmp(text_in(item, "id"), who->id) ||
	       !strcmp(text_in(item, "login"), who->login);
}

static bool sees(struct play *p, void *arg)
{
	struct asking *q = arg;
	struct person *other = step_person(p, q->step, SLOT_OTHER);
	const char *wanted = q->step->slot[SLOT_TEXT];
	struct rest_answer a = { 0 };
	bool ok = false;
	json_t *item;
	size_t i;

	(void)snprintf(q->found, sizeof(q->found), "nothing");
	if (uc_ask(p, q->who, "/api/v1/presence", &a)) {
		json_array_foreach(json_object_get(a.body, "items"), i, item)
		{
			if (!item_is_of(item, other))
				continue;
			ok = !strcasecmp(text_in(item, "state"), wanted) ||
			     !strcasecmp(text_in(item, "telephone"), wanted) ||
			     !strcasecmp(text_in(item, "text"), wanted);
			(void)snprintf(q->found, sizeof(q->found), "%s %s",
				       text_in(item, "telephone"),
				       text_in(item, "state"));
		}
	}
	rest_clear(&a);

	return ok;
}

bool sense_sees(struct play *p, const struct step *s)
{
	struct asking q = { s, step_person(p, s, SLOT_WHO), "" };

	return play_until(p, play_limit(p), sees, &q) ||
	       play_fail(p, "%s sees %s as %s", s->slot[SLOT_WHO],
			 s->slot[SLOT_OTHER], q.found);
}

/* --- history ------------------------------------------------------------ */

struct line {
	const char *direction;
	const char *number;
	const char *result;
};

/* A result as the receiver's list names it: what was not taken is missed. */
static bool result_is(const struct line *l, const char *wanted)
{
	if (!strcmp(wanted, "missed"))
		return !strcmp(l->result, "missed") ||
		       (!strcmp(l->direction, "incoming") &&
			(!strcmp(l->result, "no-answer") ||
			 !strcmp(l->result, "cancelled") ||
			 !strcmp(l->result, "busy")));

	return !strcmp(l->result, wanted);
}

/* A CDR seen by one of its parties. */
static bool line_of_cdr(struct line *l, const json_t *cdr,
			const struct person *who)
{
	json_t *caller = json_object_get(cdr, "caller");
	json_t *callee = json_object_get(cdr, "callee");

	l->result = text_in(cdr, "result");
	if (!strcmp(text_in(caller, "user"), who->id)) {
		l->direction = "outgoing";
		l->number = text_in(callee, "number");
		return true;
	}
	l->direction = "incoming";
	l->number = text_in(caller, "number");

	return !strcmp(text_in(callee, "user"), who->id);
}

static bool line_of_history(struct line *l, const json_t *item,
			    const struct person *who)
{
	(void)who;
	l->direction = text_in(item, "direction");
	l->number = text_in(item, "peer_number");
	l->result = text_in(item, "result");

	return true;
}

static bool history_ask(struct play *p, struct person *who,
			struct rest_answer *a)
{
	if (p->has_all_servers)
		return uc_ask(p, who, "/api/v1/history", a);

	return rest_ask(&p->pbx, a, "GET", "/api/v1/cdrs?page[size]=100", NULL);
}

static bool history_line(struct play *p, struct line *l, const json_t *item,
			 const struct person *who)
{
	return p->has_all_servers ? line_of_history(l, item, who)
				  : line_of_cdr(l, item, who);
}

static bool has_history(struct play *p, void *arg)
{
	struct asking *q = arg;
	const struct step *s = q->step;
	struct rest_answer a = { 0 };
	bool ok = false;
	json_t *item;
	struct line l;
	size_t i;

	(void)snprintf(q->found, sizeof(q->found), "no call");
	if (!history_ask(p, q->who, &a))
		(void)snprintf(q->found, sizeof(q->found), "%d %.200s",
			       a.status, a.detail);
	json_array_foreach(json_object_get(a.body, "items"), i, item)
	{
		if (!history_line(p, &l, item, q->who))
			continue;
		(void)snprintf(q->found, sizeof(q->found), "%s %s %s",
			       l.direction, l.number, l.result);
		if (strcmp(l.direction, s->choice[0]) != 0 ||
		    strcmp(l.number, s->slot[SLOT_NUMBER]) != 0 ||
		    !result_is(&l, s->choice[1]))
			continue;
		ok = true;
		break;
	}
	rest_clear(&a);

	return ok;
}

static unsigned history_limit(const struct play *p)
{
	return max(play_limit(p), SERVER_LIMIT_S * 1000U);
}

bool sense_history(struct play *p, const struct step *s)
{
	struct asking q = { s, step_person(p, s, SLOT_WHO), "" };

	return play_until(p, history_limit(p), has_history, &q) ||
	       play_fail(p, "the history of %s has %s", s->slot[SLOT_WHO],
			 q.found);
}

static bool has_count(struct play *p, void *arg)
{
	struct asking *q = arg;
	struct rest_answer a = { 0 };
	unsigned n = 0;
	json_t *item;
	struct line l;
	size_t i;

	(void)history_ask(p, q->who, &a);
	json_array_foreach(json_object_get(a.body, "items"), i, item)
	{
		if (history_line(p, &l, item, q->who))
			n++;
	}
	rest_clear(&a);
	(void)snprintf(q->found, sizeof(q->found), "%u", n);

	return n == strtoul(q->step->slot[SLOT_COUNT], NULL, 10);
}

bool sense_history_count(struct play *p, const struct step *s)
{
	struct asking q = { s, step_person(p, s, SLOT_WHO), "" };

	return play_until(p, history_limit(p), has_count, &q) ||
	       play_fail(p, "the history of %s has %s calls", s->slot[SLOT_WHO],
			 q.found);
}

/* --- mails and devices -------------------------------------------------- */

static bool has_mails(struct play *p, void *arg)
{
	struct asking *q = arg;
	unsigned n = mail_count(p->dir, q->who->email,
				q->step->slot[SLOT_TEXT]);

	(void)snprintf(q->found, sizeof(q->found), "%u", n);
	return n == strtoul(q->step->slot[SLOT_COUNT], NULL, 10);
}

bool sense_mails(struct play *p, const struct step *s)
{
	struct asking q = { s, step_person(p, s, SLOT_WHO), "" };

	return play_until(p, history_limit(p), has_mails, &q) ||
	       play_fail(p, "%s has %s such mails", s->slot[SLOT_WHO], q.found);
}

bool sense_border_knows(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);
	struct rest_answer a = { 0 };
	char path[120];
	bool ok;

	if (!d)
		return false;
	(void)snprintf(path, sizeof(path), "/api/v1/devices/%s", d->id);
	ok = rest_ask(&p->border, &a, "GET", path, NULL);
	if (!ok)
		play_fail(p, "the border answers %d: %s", a.status, a.detail);
	rest_clear(&a);

	return ok;
}
