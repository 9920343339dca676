/* demo.c - see demo.h
 *
 * DIR/demo.begun says that acme is ours to remove: it is there from before
 * the first request until demo.json is complete.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/secrets.h"
#include "base/wheel.h"
#include "ctl/demo.h"
#include "ctl/story/mails.h"
#include "ctl/tour.h"

enum { PHONES_MAX = 2, MAIL_LIMIT_MS = 10000 };

struct demo_user {
	const char *name;
	const char *first;
	const char *last;
	const char *extension;
	const char *phones[PHONES_MAX + 1];
};

static const struct demo_user users[] = {
	{ "alice", "Alice", "Martin", "2001", { "desk" } },
	{ "bob", "Bob", "Keller", "2002", { "desk", "softphone-desktop" } },
	{ "carol", "Carol", "Jones", "2003", { "desk" } },
	{ "dora", "Dora", "Silva", "2004", { NULL } },
};

struct demo {
	const struct layout *layout;
	const struct rest *portal;
	char customer[48];
	json_t *users; /* as in demo.json */
};

static int complain(const char *what, const struct rest_answer *a)
{
	(void)fprintf(stderr, "holdfast up: %s: %d %s\n", what, a->status,
		      a->detail);
	return EPROTO;
}

/* Id of the first object of a list, "" when there is none. */
static int find(const struct rest *portal, const char *path, char id[48])
{
	struct rest_answer a = { 0 };
	const char *text;
	int err = 0;

	id[0] = '\0';
	if (!rest_ask(portal, &a, "GET", path, NULL)) {
		err = complain(path, &a);
	}
	else {
		text = json_string_value(json_object_get(
			json_array_get(json_object_get(a.body, "items"), 0),
			"id"));
		if (text)
			(void)snprintf(id, 48, "%s", text);
	}
	rest_clear(&a);

	return err;
}

static int token_of(const struct layout *l, const char *name,
		    char token[TOKEN_SIZE])
{
	int err = service_token_load(l->dir, name, token);

	if (err)
		(void)fprintf(stderr, "holdfast up: %s/%s/token: %s\n", l->dir,
			      name, strerror(err));

	return err;
}

int demo_platform(const struct layout *l, const struct rest *portal,
		  bool has_border, bool has_pair)
{
	static const char *const names[] = { "pbx", "uc", "border", "pbx2" };
	struct rest_answer a = { 0 };
	char url[96], id[48], key[24], token[TOKEN_SIZE];
	json_t *body;
	int err;

	err = find(portal, "/api/v1/platforms?filter[name]=p1", id);
	if (err || id[0])
		return err;

	body = json_pack("{ss}", "name", "p1");
	for (size_t i = 0; i < ARRAY_SIZE(names) && !err; i++) {
		if ((i == 2 && !has_border) || (i == 3 && !has_pair))
			continue;
		layout_url(l, names[i], url);
		(void)snprintf(key, sizeof(key), "%s_url", names[i]);
		(void)json_object_set_new(body, key, json_string(url));
		err = token_of(l, names[i], token);
		(void)snprintf(key, sizeof(key), "%s_token", names[i]);
		(void)json_object_set_new(body, key, json_string(token));
		if (!layout_find(names[i])->sip)
			continue;
		layout_sip(l, names[i], url);
		(void)snprintf(key, sizeof(key), "%s_sip", names[i]);
		(void)json_object_set_new(body, key, json_string(url));
	}
	if (err) {
		json_decref(body);
		return err;
	}
	if (!rest_ask(portal, &a, "POST", "/api/v1/platforms?wait=20", body))
		err = complain("platform group p1 is refused", &a);
	rest_clear(&a);

	return err;
}

static int post(const struct demo *d, const char *kind, json_t *body,
		struct rest_answer *a)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/api/v1/%s?wait=20", kind);
	if (!rest_ask(d->portal, a, "POST", path, body))
		return complain(path, a);
	if (a->status == 202 || !rest_text(a, "id")) {
		(void)snprintf(a->detail, sizeof(a->detail),
			       "it takes too long; see /api/v1/tasks");
		return complain(path, a);
	}

	return 0;
}

static void digits_make(char out[7])
{
	unsigned char octets[6];

	random_bytes(octets, sizeof(octets));
	for (size_t i = 0; i < 6; i++)
		out[i] = (char)('0' + octets[i] % 10);
	out[6] = '\0';
}

static int make_phone(struct demo *d, const struct demo_user *u,
		      const char *user, const char *type, json_t *phones)
{
	char name[64];
	bool is_soft = !strncmp(type, "softphone", 9);
	struct rest_answer a = { 0 };
	int err;

	err = post(d, "phones",
		   json_pack("{sssssssb}", "customer", d->customer, "user",
			     user, "type", type, "deploy", is_soft),
		   &a);
	if (!err)
		(void)json_array_append_new(
			phones,
			json_pack("{ssssss?ss?}", "id", rest_text(&a, "id"),
				  "type", type, "sip_user",
				  rest_text(&a, "sip_user"), "sip_secret",
				  rest_text(&a, "sip_secret")));
	(void)snprintf(name, sizeof(name), "%s %s", u->first, u->last);
	if (!err && !is_soft)
		err = tour_account_write(d->layout, u->name, name, u->extension,
					 a.body);
	rest_clear(&a);

	return err;
}

static int make_user(struct demo *d, const struct demo_user *u)
{
	char token[TOKEN_SIZE], password[24], pin[7], passcode[7];
	char login[48], email[48], id[48];
	struct rest_answer a = { 0 };
	json_t *phones = json_array();
	int err;

	token_make(token);
	(void)snprintf(password, sizeof(password), "%.16s-1a", token);
	digits_make(pin);
	digits_make(passcode);
	(void)snprintf(login, sizeof(login), "%s@acme", u->name);
	(void)snprintf(email, sizeof(email), "%s@acme.example", u->name);
	err = post(d, "users",
		   json_pack("{ssssssssssssssssss sb}", "customer", d->customer,
			     "login", u->name, "first_name", u->first,
			     "last_name", u->last, "email", email, "extension",
			     u->extension, "initial_password", password,
			     "tui_passcode", passcode, "pin", pin, "mailbox",
			     1),
		   &a);
	if (!err)
		(void)snprintf(id, sizeof(id), "%s", rest_text(&a, "id"));
	for (size_t i = 0; i < PHONES_MAX && u->phones[i] && !err; i++)
		err = make_phone(d, u, id, u->phones[i], phones);
	if (!err)
		(void)json_array_append_new(
			d->users,
			json_pack("{sssssssssO}", "login", login, "password",
				  password, "extension", u->extension, "pin",
				  pin, "phones", phones));
	json_decref(phones);
	rest_clear(&a);

	return err;
}

static int write_file(const struct demo *d, const char *path, bool has_border)
{
	const struct layout *l = d->layout;
	char portal[96], uc[96], pbx[96], sip[96], border[96], outside[96];
	char fresh[450], token[TOKEN_SIZE];
	json_t *all;
	FILE *f;
	int fd, err;

	layout_url(l, "portal", portal);
	layout_url(l, "uc", uc);
	layout_url(l, "pbx", pbx);
	layout_sip(l, "pbx", sip);
	layout_url(l, "border", border);
	layout_sip(l, "border", outside);
	err = token_of(l, "pbx", token);
	if (err)
		return err;
	all = json_pack("{s{ssss}s{ss}s{ssssss}}", "portal", "url", portal,
			"token", d->portal->token, "uc", "url", uc, "pbx",
			"sip", sip, "url", pbx, "token", token);
	if (has_border)
		(void)json_object_set_new(
			all, "border",
			json_pack("{ssss}", "sip", outside, "url", border));
	(void)json_object_set(all, "users", d->users);

	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f) {
		err = errno;
		if (fd >= 0)
			(void)close(fd);
	}
	else {
		if (json_dumpf(all, f, JSON_INDENT(2)) ||
		    fputc('\n', f) == EOF || fflush(f) || fsync(fd))
			err = EIO;
		(void)fclose(f);
		if (!err && rename(fresh, path))
			err = errno;
	}
	json_decref(all);

	return err;
}

static void print(const struct demo *d, const char *path)
{
	json_t *user, *phone;
	size_t i, k;

	(void)printf("\ndemo customer acme; also in %s\n", path);
	json_array_foreach(d->users, i, user)
	{
		(void)printf(
			"  %-12s %s  password %s  pin %s\n",
			json_string_value(json_object_get(user, "login")),
			json_string_value(json_object_get(user, "extension")),
			json_string_value(json_object_get(user, "password")),
			json_string_value(json_object_get(user, "pin")));
		json_array_foreach(json_object_get(user, "phones"), k, phone)
		{
			const char *name = json_string_value(
				json_object_get(phone, "sip_user"));
			const char *secret = json_string_value(
				json_object_get(phone, "sip_secret"));

			(void)printf("      %-18s sip user %s  secret %s\n",
				     json_string_value(
					     json_object_get(phone, "type")),
				     name ? name : "-", secret ? secret : "-");
		}
	}
	(void)puts("");
}

/* The link of bob's softphone, or NULL when its mail does not come. */
static const char *wait_link(const struct demo *d, char *link, size_t size)
{
	uint64_t end = wheel_now_ms() + MAIL_LIMIT_MS;

	while (!mail_find_link(d->layout->dir, "bob@acme.example", "desktop",
			       link, size)) {
		if (wheel_now_ms() > end)
			return NULL;
		sys_msleep(20);
	}

	return link;
}

/* Remove what a killed run left, if anything. */
static int clean(const struct demo *d, const char *begun)
{
	struct rest_answer a = { 0 };
	char id[48], path[120];
	int err, fd;

	err = find(d->portal, "/api/v1/customers?filter[web_id]=acme", id);
	if (err)
		return err;
	if (id[0] && access(begun, F_OK)) {
		(void)fprintf(stderr,
			      "holdfast up: customer acme exists and is not "
			      "the demo's; no demo is made\n");
		return EEXIST;
	}
	fd = open(begun, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	(void)close(fd);
	if (!id[0])
		return 0;

	(void)snprintf(path, sizeof(path), "/api/v1/customers/%s?wait=20", id);
	if (!rest_ask(d->portal, &a, "DELETE", path, NULL))
		err = complain("the demo's remains", &a);
	rest_clear(&a);

	return err;
}

static int make_all(struct demo *d)
{
	struct rest_answer a = { 0 };
	char platform[48];
	int err;

	err = find(d->portal, "/api/v1/platforms?filter[name]=p1", platform);
	if (err)
		return err;
	err = post(d, "customers",
		   json_pack("{sssssssiss}", "name", "Acme", "web_id", "acme",
			     "platform", platform, "extension_length", 4,
			     "time_zone", "Europe/Paris"),
		   &a);
	if (!err)
		(void)snprintf(d->customer, sizeof(d->customer), "%s",
			       rest_text(&a, "id"));
	rest_clear(&a);
	for (size_t i = 0; i < ARRAY_SIZE(users) && !err; i++)
		err = make_user(d, &users[i]);

	return err;
}

int demo_make(const struct layout *l, const struct rest *portal,
	      bool has_border)
{
	struct demo d = { .layout = l, .portal = portal };
	char path[440], begun[440], link[300];
	int err;

	(void)snprintf(path, sizeof(path), "%s/demo.json", l->dir);
	(void)snprintf(begun, sizeof(begun), "%s/demo.begun", l->dir);
	if (!access(path, F_OK)) {
		(void)printf("demo     as before, in %s\n\n", path);
		(void)unlink(begun);
		tour_print(l, NULL);
		return 0;
	}
	err = clean(&d, begun);
	if (err == EEXIST)
		return 0;
	if (err)
		return err;

	d.users = json_array();
	err = make_all(&d);
	if (!err)
		err = write_file(&d, path, has_border);
	if (!err) {
		print(&d, path);
		tour_print(l, wait_link(&d, link, sizeof(link)));
		(void)unlink(begun);
	}
	json_decref(d.users);

	return err;
}
