/* up.c - see up.h
 *
 * The supervisor starts the servers that this binary has; a child of its own
 * waits until they are ready, registers the platform group "p1" with the
 * portal, makes the demo when asked, prints where everything is and ends.
 * Its last line is "ready".
 */
#include <stdio.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/wheel.h"
#include "ctl/command.h"
#include "ctl/demo.h"
#include "ctl/layout.h"
#include "ctl/rest.h"
#include "ctl/server.h"
#include "ctl/supervise.h"
#include "ctl/up.h"

enum {
	READY_LIMIT_MS = 60000,
	READY_POLL_MS = 50,
};

static const struct setting up_settings[] = {
	{ "demo", SETTING_FLAG, "no", 0, 0, NULL,
	  "make the demo customer and DIR/demo.json" },
	{ "pair", SETTING_FLAG, "no", 0, 0, NULL,
	  "start a secondary pbx, its media server and the witness, too" },
	{ "only", SETTING_TEXT, NULL, 0, 100, NULL,
	  "start only these servers: NAME,NAME" },
};

struct up {
	struct layout layout;
	const struct layout_server *server[LAYOUT_SERVERS];
	size_t count;
	bool with_demo;
	bool with_pair;
};

static bool has_server(const struct up *up, const char *name)
{
	for (size_t i = 0; i < up->count; i++) {
		if (!strcmp(up->server[i]->name, name))
			return true;
	}

	return false;
}

/* Whether NAME is in "NAME,NAME". */
static bool is_wanted(const char *only, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = only; p && *p; p += strspn(p, ",")) {
		size_t len = strcspn(p, ",");

		if (len == n && !strncmp(p, name, n))
			return true;
		p += len;
	}

	return !only;
}

static int wait_ready(const struct up *up)
{
	uint64_t end = wheel_now_ms() + READY_LIMIT_MS;
	char why[200];

	for (size_t i = 0; i < up->count; i++) {
		const char *name = up->server[i]->name;

		while (!server_is_ready(&up->layout, name, why, sizeof(why))) {
			if (wheel_now_ms() > end) {
				(void)fprintf(stderr,
					      "holdfast up: %s is not ready "
					      "(%s); its log is "
					      "%s/log/%s.log\n",
					      name, why, up->layout.dir, name);
				return ETIMEDOUT;
			}
			sys_msleep(READY_POLL_MS);
		}
	}

	return 0;
}

static void print_urls(const struct up *up)
{
	char url[96], sip[96];

	for (size_t i = 0; i < up->count; i++) {
		const struct layout_server *v = up->server[i];

		layout_url(&up->layout, v->name, url);
		if (!v->port) {
			(void)printf("%-8s %s/run/%s.sock\n", v->name,
				     up->layout.dir, v->name);
		}
		else if (v->sip) {
			layout_sip(&up->layout, v->name, sip);
			(void)printf("%-8s %s  %s\n", v->name, url, sip);
		}
		else {
			(void)printf("%-8s %s\n", v->name, url);
		}
	}
}

static int print_link(const struct up *up, const struct rest *portal)
{
	struct rest_answer a = { 0 };
	const char *link = NULL;

	if (rest_ask(portal, &a, "POST", "/api/v1/admin-links", json_object()))
		link = rest_text(&a, "url");
	if (link)
		(void)printf("sign in  %s%s  (once)\n",
			     *link == '/' ? portal->url : "", link);
	else
		(void)fprintf(stderr, "holdfast up: no sign-in link: %s\n",
			      a.detail);
	rest_clear(&a);
	(void)up;

	return link ? 0 : EPROTO;
}

static int prepare_portal(const struct up *up)
{
	char token[TOKEN_SIZE], url[96];
	struct rest portal = { .url = url,
			       .token = token,
			       .dir = up->layout.dir,
			       .limit_ms = 30000 };
	int err;

	layout_url(&up->layout, "portal", url);
	err = service_token_load(up->layout.dir, "portal", token);
	if (err)
		return err;
	if (has_server(up, "pbx") && has_server(up, "uc"))
		err = demo_platform(&up->layout, &portal,
				    has_server(up, "border"),
				    has_server(up, "pbx2"));
	if (!err)
		err = print_link(up, &portal);
	if (!err && up->with_demo)
		err = demo_make(&up->layout, &portal, has_server(up, "border"));

	return err;
}

/* In the child of the supervisor. */
static int prepare(void *arg)
{
	const struct up *up = arg;
	int err = wait_ready(up);

	if (!err) {
		print_urls(up);
		if (has_server(up, "portal"))
			err = prepare_portal(up);
	}
	if (err) {
		(void)fprintf(stderr, "holdfast up: not prepared: %s\n",
			      strerror(err));
		return 1;
	}
	(void)puts("ready");

	return 0;
}

/* What makes a pair of two pbxs, and shares the media ports among their
 * media servers. */
static void add_pair(const struct up *up, const char *name,
		     const char **arguments, char urls[2][96])
{
	bool is_second = !strcmp(name, "pbx2") || !strcmp(name, "media2");

	layout_url(&up->layout, is_second ? "pbx" : "pbx2", urls[0]);
	layout_url(&up->layout, "witness", urls[1]);
	if (!strncmp(name, "media", 5)) {
		arguments[0] = "--share";
		arguments[1] = is_second ? "secondary" : "primary";
	}
	else if (!strncmp(name, "pbx", 3)) {
		arguments[0] = is_second ? "--secondary-of" : "--secondary";
		arguments[1] = urls[0];
		arguments[2] = "--witness";
		arguments[3] = urls[1];
	}
}

/* Arguments that every server gets. */
static int add_servers(struct supervisor *s, struct up *up,
		       const struct conf *conf)
{
	char base[16], urls[2][96];
	const char *arguments[12] = { "--dir", conf_text(conf, "dir"),
				      "--listen", conf_text(conf, "listen") };
	size_t common = 4;
	const char *only = conf_text(conf, "only");
	int err = 0;

	if (conf_is_given(conf, "port-base")) {
		(void)snprintf(base, sizeof(base), "%u",
			       (unsigned)up->layout.base);
		arguments[4] = "--port-base";
		arguments[5] = base;
		common = 6;
	}
	for (size_t i = 0; i < LAYOUT_SERVERS && !err; i++) {
		const struct layout_server *v = &layout_servers[i];

		if (!command_find(v->command) || !is_wanted(only, v->name) ||
		    (v->is_pair && !up->with_pair))
			continue;
		up->server[up->count++] = v;
		memset(arguments + common, 0,
		       sizeof(arguments) - common * sizeof(arguments[0]));
		if (up->with_pair)
			add_pair(up, v->name, arguments + common, urls);
		err = supervisor_add(s, v->name, v->command, arguments);
	}

	return err;
}

int up_main(int argc, char *argv[])
{
	struct supervisor *s = NULL;
	struct conf *conf = NULL;
	struct up up = { 0 };
	int err, code = 1;

	err = conf_load(&conf, "up", up_settings, ARRAY_SIZE(up_settings), argc,
			argv, &code);
	if (err)
		return code;
	log_init("up", LOG_LEVEL_INFO);
	layout_init(&up.layout, conf_text(conf, "dir"),
		    conf_text(conf, "listen"),
		    (uint16_t)conf_number(conf, "port-base"));
	up.with_demo = conf_flag(conf, "demo");
	up.with_pair = conf_flag(conf, "pair");

	err = supervisor_alloc(&s, up.layout.dir);
	if (err == EBUSY)
		(void)fprintf(stderr, "holdfast up: another one runs in %s\n",
			      up.layout.dir);
	if (err)
		goto out;
	layout_set_pair(&up.layout, up.with_pair);
	err = add_servers(s, &up, conf);
	if (!err)
		err = supervisor_prepare(s, prepare, &up);
	if (!err)
		err = supervisor_run(s);

out:
	if (err && err != EBUSY)
		(void)fprintf(stderr, "holdfast up: %s\n", strerror(err));
	mem_deref(s);
	mem_deref(conf);

	return err ? 1 : 0;
}
