/* ctl.c - see ctl.h
 *
 *   holdfast ctl status | stop NAME | start NAME | log NAME
 *   holdfast ctl admin-link | key rotate | key prune
 *   holdfast ctl KIND list | get ID | create --FIELD V... |
 *                     change ID --FIELD V... | delete ID
 *
 * The last form speaks to the portal's REST with its service token; its
 * options are the fields of the object tables (model/), hyphens for
 * underscores, so nothing is written down twice.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/secrets.h"
#include "base/wheel.h"
#include "ctl/ctl.h"
#include "ctl/layout.h"
#include "ctl/rest.h"
#include "ctl/server.h"
#include "model/kinds.h"

enum {
	FIELDS_MAX = 160,
	WAIT_S = 60, /* for a task */
	KEY_WAIT_MS = 120000,
};

struct ctl {
	struct conf *conf;
	const struct kind *kind; /* of the last form */
	struct layout layout;
	char url[96];
	char token[TOKEN_SIZE];
	struct rest portal;
};

static int complain(const char *what, const char *why)
{
	(void)fprintf(stderr, "holdfast ctl: %s: %s\n", what, why);
	return 1;
}

static const char *argument(const struct ctl *c, uint32_t i)
{
	return conf_argument(c->conf, i);
}

static int portal_open(struct ctl *c)
{
	int err = service_token_load(c->layout.dir, "portal", c->token);

	layout_url(&c->layout, "portal", c->url);
	c->portal = (struct rest){ .url = c->url,
				   .token = c->token,
				   .dir = c->layout.dir,
				   .limit_ms = (WAIT_S + 5) * 1000 };

	return err ? complain("the portal's token", strerror(err)) : 0;
}

/* --- servers ------------------------------------------------------------ */

static int run_stop(struct ctl *c)
{
	const char *name = argument(c, 1);
	int err;

	if (!name || !layout_find(name))
		return complain("stop",
				"which server? `holdfast ctl status` names "
				"them");
	err = server_stop(c->layout.dir, name);
	if (err == ESRCH)
		return complain(c->layout.dir, "`holdfast up` does not run "
					       "there");

	return err ? complain(name, strerror(err)) : 0;
}

static int run_start(struct ctl *c)
{
	const char *name = argument(c, 1);
	int err;

	if (!name || !layout_find(name))
		return complain("start",
				"which server? `holdfast ctl status` names "
				"them");
	err = server_start(&c->layout, name);
	if (err == ESRCH)
		return complain(c->layout.dir, "`holdfast up` does not run "
					       "there");
	if (err == ETIMEDOUT)
		return complain(name, "it is not ready; see its log");

	return err ? complain(name, strerror(err)) : 0;
}

/* Its part in a pair; nothing of one that is alone. */
static void print_pair(const struct ctl *c, const char *name)
{
	struct rest_answer a = { 0 };
	char url[96], token[TOKEN_SIZE];
	struct rest r = { .url = url,
			  .token = token,
			  .dir = c->layout.dir,
			  .limit_ms = 2000 };
	const char *role;

	if (strncmp(name, "pbx", 3) != 0 ||
	    service_token_load(c->layout.dir, name, token))
		return;

	layout_url(&c->layout, name, url);
	if (rest_ask(&r, &a, "GET", "/api/v1/pair", NULL)) {
		role = rest_text(&a, "role");
		if (role && strcmp(role, "alone") != 0)
			(void)printf(" %s%s%s lag %lld", role,
				     json_get_bool(a.body, "lease", false)
					     ? ", has the lease,"
					     : ",",
				     json_get_bool(a.body, "linked", false)
					     ? ""
					     : " not linked,",
				     (long long)json_get_int(a.body, "lag", 0));
	}
	rest_clear(&a);
}

static int run_status(struct ctl *c)
{
	int code = 0;

	(void)printf("%-8s %7s %s\n", "server", "pid", "state");
	for (size_t i = 0; i < LAYOUT_SERVERS; i++) {
		const char *name = layout_servers[i].name, *state = "ready";
		pid_t pid = server_pid(c->layout.dir, name);
		char down[500];

		if (!layout_has(&c->layout, &layout_servers[i]))
			continue;
		(void)snprintf(down, sizeof(down), "%s/run/%s.down",
			       c->layout.dir, name);
		if (!pid)
			state = access(down, F_OK) ? "down" : "stopped";
		else if (server_wait_ready(&c->layout, name, 0))
			state = "not ready";
		if (strcmp(state, "ready") != 0)
			code = 1;
		(void)printf("%-8s %7d %s", name, (int)pid, state);
		if (!strcmp(state, "ready") && layout_servers[i].sip)
			print_pair(c, name);
		(void)puts("");
	}

	return code;
}

static int run_log(struct ctl *c)
{
	const char *name = argument(c, 1);
	char path[500], text[8193];
	size_t n;
	FILE *f;

	if (!name || !layout_find(name))
		return complain("log", "whose? `holdfast ctl status` names the "
				       "servers");
	(void)snprintf(path, sizeof(path), "%s/log/%s.log", c->layout.dir,
		       name);
	f = fopen(path, "re");
	if (!f)
		return complain(path, strerror(errno));
	if (fseek(f, -(long)(sizeof(text) - 1), SEEK_END))
		rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	(void)fputs(n == sizeof(text) - 1 && strchr(text, '\n')
			    ? strchr(text, '\n') + 1
			    : text,
		    stdout);

	return 0;
}

static int run_link(struct ctl *c)
{
	struct rest_answer a = { 0 };
	const char *link;
	int code = portal_open(c);

	if (code)
		return code;
	(void)rest_ask(&c->portal, &a, "POST", "/api/v1/admin-links",
		       json_object());
	link = rest_text(&a, "url");
	if (link)
		(void)printf("%s%s\n", *link == '/' ? c->url : "", link);
	else
		code = complain("no link", a.detail);
	rest_clear(&a);

	return code;
}

/* --- rotation of the key file ------------------------------------------- */

static bool has_state(const struct ctl *c, const char *name)
{
	char path[500];

	(void)snprintf(path, sizeof(path), "%s/%s/%s.db", c->layout.dir, name,
		       name);

	return !access(path, F_OK);
}

static void signal_servers(const struct ctl *c)
{
	for (size_t i = 0; i < LAYOUT_SERVERS; i++) {
		pid_t pid = server_pid(c->layout.dir, layout_servers[i].name);

		if (pid)
			(void)kill(pid, SIGHUP);
	}
}

/* Wait until a server needs no key older than this.  A server that is down
 * cannot say so. */
static int wait_sealed(const struct ctl *c, const char *name, uint32_t version)
{
	uint64_t end = wheel_now_ms() + KEY_WAIT_MS;

	do {
		int64_t oldest = 0, failures = 0;

		sys_msleep(100); /* the signal is handled by then */
		if (!server_pid(c->layout.dir, name))
			return ESRCH;
		if (!server_metric(&c->layout, name, "holdfast_key_oldest",
				   &oldest) &&
		    oldest >= (int64_t)version)
			return 0;
		if (!server_metric(&c->layout, name, "holdfast_key_failures",
				   &failures) &&
		    failures)
			return EBADMSG;
	} while (wheel_now_ms() < end);

	return ETIMEDOUT;
}

static const char *why_kept(int err)
{
	switch (err) {
	case ESRCH:
		return "it is down; older keys are kept, start it and use "
		       "`key prune`";
	case EBADMSG:
		return "some of its secrets open with no key (see its log); "
		       "older keys are kept, provision those objects anew and "
		       "use `key prune`";
	default:
		return "it has not sealed its secrets anew (see its log); "
		       "older keys are kept, use `key prune` later";
	}
}

/* Whether no server needs an older key any more; says which one does. */
static bool are_sealed(const struct ctl *c, uint32_t version)
{
	bool ok = true;

	for (size_t i = 0; i < LAYOUT_SERVERS; i++) {
		const char *name = layout_servers[i].name;
		int err;

		if (!has_state(c, name))
			continue;
		err = wait_sealed(c, name, version);
		if (!err)
			continue;
		(void)complain(name, why_kept(err));
		ok = false;
	}

	return ok;
}

static int run_key(struct ctl *c)
{
	const char *what = argument(c, 1);
	struct key_file *keys = NULL;
	uint32_t version;
	int err;

	if (!what ||
	    (strcmp(what, "rotate") != 0 && strcmp(what, "prune") != 0))
		return complain("key", "known are rotate and prune");
	err = key_file_load(&keys, c->layout.dir);
	if (!err && !strcmp(what, "rotate"))
		err = key_file_rotate(keys);
	if (err)
		goto out;

	version = key_file_version(keys);
	(void)printf("key %u is in use\n", (unsigned)version);
	signal_servers(c);
	if (!are_sealed(c, version)) {
		mem_deref(keys);
		return 1;
	}
	err = key_file_prune(keys, version);
	if (!err) {
		signal_servers(c);
		(void)puts("all secrets are sealed with it, older keys are "
			   "gone");
	}

out:
	mem_deref(keys);
	return err ? complain("key", strerror(err)) : 0;
}

/* --- objects ------------------------------------------------------------ */

/* "extension_length" <-> "extension-length" */
static void option_name(char out[48], const char *field)
{
	(void)snprintf(out, 48, "%s", field);
	for (; *out; out++) {
		if (*out == '_')
			*out = '-';
	}
}

/* A list in JSON, or its entries with commas between. */
static json_t *list_of(const char *text)
{
	json_t *list = json_loads(text, JSON_DECODE_ANY, NULL);

	if (json_is_array(list) || json_is_null(list))
		return list;
	json_decref(list);
	list = json_array();
	for (;;) {
		size_t n = strcspn(text, ",");

		(void)json_array_append_new(list, json_stringn(text, n));
		if (!text[n])
			return list;
		text += n + 1;
	}
}

/* A value as the field's type wants it. */
static json_t *value_of(const struct field *f, const char *text)
{
	json_t *value;

	switch (f->type) {
	case FIELD_INT:
	case FIELD_TIME:
	case FIELD_JSON:
		value = json_loads(text, JSON_DECODE_ANY, NULL);
		return value ? value : json_string(text);
	case FIELD_LIST: return list_of(text);
	case FIELD_BOOL:
		if (!strcmp(text, "yes") || !strcmp(text, "true"))
			return json_true();
		if (!strcmp(text, "no") || !strcmp(text, "false"))
			return json_false();
		return json_string(text);
	default: return *text ? json_string(text) : json_null();
	}
}

static json_t *body_make(const struct ctl *c)
{
	json_t *body = json_object();

	for (size_t i = 0; i < c->kind->count; i++) {
		const struct field *f = &c->kind->fields[i];
		char name[48];

		if (f->flags & FIELD_READONLY)
			continue;
		option_name(name, f->name);
		if (!strcmp(name, "listen") || !strcmp(name, "dir"))
			continue;
		if (conf_is_given(c->conf, name))
			(void)json_object_set_new(
				body, f->name,
				value_of(f, conf_text(c->conf, name)));
	}

	return body;
}

static int ask_and_print(struct ctl *c, const char *method, const char *path,
			 json_t *body)
{
	struct rest_answer a = { 0 };
	char *text;
	int code = 0;

	if (!rest_ask(&c->portal, &a, method, path, body))
		code = complain(path, a.detail);
	text = a.body ? json_dumps(a.body, JSON_INDENT(2)) : NULL;
	if (text)
		(void)puts(text);
	free(text);
	rest_clear(&a);

	return code;
}

/* All pages, one after the other. */
static int run_list(struct ctl *c)
{
	char path[900];
	json_t *all = json_array();
	char cursor[400] = "";
	char *text;
	int code = 0;

	do {
		struct rest_answer a = { 0 };
		const char *next;

		(void)snprintf(path, sizeof(path),
			       "/api/v1/%s?page[size]=500%s%s", c->kind->plural,
			       *cursor ? "&page[cursor]=" : "", cursor);
		if (!rest_ask(&c->portal, &a, "GET", path, NULL))
			code = complain(path, a.detail);
		(void)json_array_extend(all, json_object_get(a.body, "items"));
		next = rest_text(&a, "next");
		(void)snprintf(cursor, sizeof(cursor), "%s",
			       next ? rest_escape(next) : "");
		rest_clear(&a);
	} while (!code && *cursor);

	text = json_dumps(all, JSON_INDENT(2));
	(void)puts(text ? text : "[]");
	free(text);
	json_decref(all);

	return code;
}

static int run_change(struct ctl *c, const char *id)
{
	struct rest_answer a = { 0 };
	char path[200];
	json_t *body, *changes;
	int code;

	(void)snprintf(path, sizeof(path), "/api/v1/%s/%s", c->kind->plural,
		       rest_escape(id));
	if (!rest_ask(&c->portal, &a, "GET", path, NULL)) {
		code = complain(path, a.detail);
		rest_clear(&a);
		return code;
	}
	body = json_deep_copy(a.body);
	rest_clear(&a);
	for (size_t i = 0; i < c->kind->count; i++) {
		if (c->kind->fields[i].flags & FIELD_READONLY)
			(void)json_object_del(body, c->kind->fields[i].name);
	}
	changes = body_make(c);
	(void)json_object_update(body, changes);
	json_decref(changes);
	(void)snprintf(path, sizeof(path), "/api/v1/%s/%s?wait=%d",
		       c->kind->plural, rest_escape(id), WAIT_S);

	return ask_and_print(c, "PUT", path, body);
}

static int run_objects(struct ctl *c)
{
	const char *verb = argument(c, 1), *id = argument(c, 2);
	char path[200];
	int code = portal_open(c);

	if (code)
		return code;
	if (!verb || !strcmp(verb, "list"))
		return run_list(c);
	if (!strcmp(verb, "create")) {
		(void)snprintf(path, sizeof(path), "/api/v1/%s?wait=%d",
			       c->kind->plural, WAIT_S);
		return ask_and_print(c, "POST", path, body_make(c));
	}
	if (!id)
		return complain(verb, "which one: give its id");
	if (!strcmp(verb, "change"))
		return run_change(c, id);

	(void)snprintf(path, sizeof(path), "/api/v1/%s/%s%s", c->kind->plural,
		       rest_escape(id),
		       strcmp(verb, "delete") ? "" : "?wait=60");
	if (!strcmp(verb, "get"))
		return ask_and_print(c, "GET", path, NULL);
	if (!strcmp(verb, "delete"))
		return ask_and_print(c, "DELETE", path, NULL);

	return complain(verb, "known are list, get, create, change, delete");
}

/* --- the command -------------------------------------------------------- */

static const struct {
	const char *name;
	const char *form;
	int (*run)(struct ctl *c);
} verbs[] = {
	{ "status", "status", run_status },
	{ "stop", "stop NAME", run_stop },
	{ "start", "start NAME", run_start },
	{ "log", "log NAME", run_log },
	{ "admin-link", "admin-link", run_link },
	{ "key", "key rotate | prune", run_key },
};

static void usage(void)
{
	(void)fputs("usage: holdfast ctl COMMAND [--dir DIR] [--port-base N]\n",
		    stderr);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		(void)fprintf(stderr, "  %s\n", verbs[i].form);
	for (size_t i = 0; portal_kinds[i]; i++)
		(void)fprintf(stderr,
			      "  %s list | get ID | create --FIELD VALUE... | "
			      "change ID --FIELD VALUE... | delete ID\n",
			      portal_kinds[i]->plural);
}

/* The kind among the arguments, for its options. */
static const struct kind *kind_named(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++) {
		for (size_t k = 0; portal_kinds[k]; k++) {
			if (!strcmp(portal_kinds[k]->plural, argv[i]))
				return portal_kinds[k];
		}
	}

	return NULL;
}

static size_t settings_make(struct setting out[FIELDS_MAX],
			    char names[FIELDS_MAX][48], const struct kind *kind)
{
	size_t n = 0;

	for (size_t i = 0; kind && i < kind->count && n < FIELDS_MAX; i++) {
		const struct field *f = &kind->fields[i];

		if (f->flags & FIELD_READONLY)
			continue;
		option_name(names[n], f->name);
		out[n] = (struct setting){ .name = names[n],
					   .type = SETTING_TEXT,
					   .help = f->help };
		n++;
	}

	return n;
}

int ctl_main(int argc, char *argv[])
{
	struct setting settings[FIELDS_MAX] = { { 0 } };
	char names[FIELDS_MAX][48];
	struct ctl c = { .kind = kind_named(argc, argv) };
	const char *verb;
	size_t n;
	int code = 2;

	n = settings_make(settings, names, c.kind);
	if (conf_load(&c.conf, "ctl", settings, n, argc, argv, &code))
		return code;
	log_init("ctl", LOG_LEVEL_WARN);
	(void)secrets_init();
	layout_init(&c.layout, conf_text(c.conf, "dir"),
		    conf_text(c.conf, "listen"),
		    (uint16_t)conf_number(c.conf, "port-base"));

	code = 2;
	verb = argument(&c, 0);
	for (size_t i = 0; verb && i < ARRAY_SIZE(verbs); i++) {
		if (!strcmp(verbs[i].name, verb)) {
			code = verbs[i].run(&c);
			goto out;
		}
	}
	if (verb && c.kind && !strcmp(c.kind->plural, verb))
		code = run_objects(&c);
	else
		usage();

out:
	mem_deref(c.conf);
	return code;
}
