/* main.c - `holdfast uc`: sign-in, presence, history, directory, deployment
 *
 * What must work when this server is dead is every call; see MAP.md.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/conf.h"
#include "base/http.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/outbox.h"
#include "base/password.h"
#include "base/secrets.h"
#include "base/text.h"
#include "base/tls.h"
#include "model/provision.h"
#include "model/route.h"
#include "uc/api.h"
#include "uc/history.h"
#include "uc/main.h"
#include "uc/people.h"
#include "uc/presence.h"
#include "uc/source.h"
#include "uc/store.h"
#include "uc/stream.h"
#include "uc/texts.h"
#include "uc/uc.h"

enum { UC_PORT = 81 };

static const struct setting settings[] = {
	{ "database", SETTING_TEXT, NULL, 0, 1000, NULL,
	  "sqlite:FILE or postgres://…; default DIR/uc/uc.db" },
	{ "public-url", SETTING_TEXT, NULL, 0, 120, NULL,
	  "where clients reach this server, for links in mails" },
	{ "mail-server", SETTING_TEXT, NULL, 0, 200, NULL,
	  "smtp://HOST:PORT; without it mails go to DIR/mail" },
	{ "mail-user", SETTING_TEXT, NULL, 0, 200, NULL,
	  "sign in to the mail server as" },
	{ "mail-password", SETTING_TEXT, NULL, 0, 200, NULL, "with" },
	{ "mail-must-encrypt", SETTING_FLAG, "no", 0, 0, NULL,
	  "refuse to send mail without TLS" },
	{ "mail-from", SETTING_TEXT, "holdfast@localhost.localdomain", 3, 200,
	  NULL, "address that mails come from" },
};

static void presence_changed(const char *user, const char *state, void *arg)
{
	struct uc *uc = arg;
	const struct person *p = people_find(uc->people, user);
	json_t *data;

	if (!p || !uc->streams)
		return;

	data = json_pack("{s:s,s:s,s:s,s:s}", "user", p->id, "name", p->name,
			 "number", p->extension, "state", state);
	if (data)
		streams_tell(uc->streams, p->customer, "presence", data);
	json_decref(data);
}

static void uc_destructor(void *data)
{
	struct uc *uc = data;

	mem_deref(uc->http);
	mem_deref(uc->sources);
	mem_deref(uc->streams);
	mem_deref(uc->presence);
	mem_deref(uc->people);
	mem_deref(uc->outbox);
	mem_deref(uc->store);
	mem_deref(uc->keys);
	mem_deref(uc->conf);
}

static int open_store(struct uc *uc)
{
	const char *given = conf_text(uc->conf, "database");
	char path[512], url[600];
	int err;

	snprintf(path, sizeof(path), "%s/uc", conf_text(uc->conf, "dir"));
	if (mkdir(path, 0700) && errno != EEXIST)
		return errno;

	err = conf_path(uc->conf, "uc.db", path, sizeof(path));
	if (err)
		return err;

	snprintf(url, sizeof(url), "sqlite:%s", path);
	return uc_store_open(&uc->store, given ? given : url);
}

static int open_outbox(struct uc *uc)
{
	char maildir[512];
	const struct mail_conf mail = {
		.server = conf_text(uc->conf, "mail-server"),
		.user = conf_text(uc->conf, "mail-user"),
		.password = conf_text(uc->conf, "mail-password"),
		.must_encrypt = conf_flag(uc->conf, "mail-must-encrypt"),
		.maildir = maildir,
		.from = conf_text(uc->conf, "mail-from"),
	};

	snprintf(maildir, sizeof(maildir), "%s/mail",
		 conf_text(uc->conf, "dir"));
	return outbox_alloc(&uc->outbox, uc->store, &mail);
}

/* Plain on loopback; elsewhere TLS with our certificate. */
static int listen_http(struct uc *uc)
{
	const char *dir = conf_text(uc->conf, "dir");
	struct tls *tls = NULL;
	struct sa sa;
	int err;

	err = conf_address(&sa, uc->conf, UC_PORT);
	if (!err && !sa_is_loopback(&sa)) {
		err = tls_make_files(dir, "uc", conf_text(uc->conf, "listen"));
		if (!err)
			err = tls_server_ctx(&tls, dir, "uc", false);
	}
	if (!err)
		err = http_server_listen(uc->http, &sa, tls);

	if (!err && conf_text(uc->conf, "public-url")) {
		snprintf(uc->url, sizeof(uc->url), "%s",
			 conf_text(uc->conf, "public-url"));
	}
	else if (!err) {
		re_snprintf(uc->url, sizeof(uc->url), "%s://%J",
			    tls ? "https" : "http", &sa);
	}

	mem_deref(tls);
	return err;
}

static int uc_alloc(struct uc **ucp, struct conf *conf)
{
	const char *dir = conf_text(conf, "dir");
	struct uc *uc;
	int err;

	uc = mem_zalloc(sizeof(*uc), uc_destructor);
	if (!uc)
		return ENOMEM;

	uc->conf = mem_ref(conf);
	err = service_token_load(dir, "uc", uc->token);
	if (!err)
		err = key_file_open(&uc->keys, dir);
	if (!err)
		err = open_store(uc);
	if (!err)
		err = open_outbox(uc);
	if (!err)
		err = people_alloc(&uc->people);
	if (!err)
		err = presence_alloc(&uc->presence, presence_changed, uc);
	if (!err)
		err = streams_alloc(&uc->streams, uc);
	if (!err)
		err = sources_alloc(&uc->sources, uc);
	if (!err)
		err = history_init(uc);
	if (!err)
		err = http_server_alloc(&uc->http, NULL);
	if (!err)
		err = metrics_routes(uc->http);

	if (err)
		mem_deref(uc);
	else
		*ucp = uc;

	return err;
}

static int64_t read_streams(void *arg)
{
	return streams_count(((struct uc *)arg)->streams);
}

static bool is_connected(void *arg)
{
	return sources_are_up(((struct uc *)arg)->sources);
}

static struct metric metrics[] = {
	{ .name = "holdfast_uc_streams",
	  .kind = METRIC_GAUGE,
	  .help = "Clients that listen to events",
	  .read = read_streams },
};

static void reload(int sig, void *arg)
{
	struct uc *uc = arg;

	(void)sig;
	log_info("main", "certificates and keys read again: %d %d",
		 tls_reload(), key_file_reload(uc->keys));
}

static int run(struct conf *conf)
{
	struct router *router = NULL;
	struct provision *provision = NULL;
	struct uc *uc = NULL;
	int err;

	err = uc_alloc(&uc, conf);
	if (!err)
		err = api_start(&router, &provision, uc);
	if (!err)
		err = listen_http(uc);
	if (err) {
		log_error("main", "cannot start: %s", strerror(err));
		goto out;
	}

	metrics[0].arg = uc;
	metrics_add(metrics, sizeof(metrics) / sizeof(metrics[0]));
	ready_add("pbx events", is_connected, uc);
	loop_on_signal(SIGHUP, reload, uc);
	log_info("main", "listening at %s", uc->url);
	err = loop_run();

out:
	mem_deref(provision);
	mem_deref(uc);
	mem_deref(router);
	return err;
}

int uc_main(int argc, char *argv[])
{
	struct conf *conf = NULL;
	int code = 0;
	int err;

	log_init("uc", LOG_LEVEL_INFO);
	err = loop_init();
	if (!err)
		err = secrets_init();
	if (!err)
		err = text_add(uc_texts, uc_texts_count);
	if (!err) {
		err = conf_load(&conf, "uc", settings,
				sizeof(settings) / sizeof(settings[0]), argc,
				argv, &code);
	}
	if (!err)
		err = run(conf);

	mem_deref(conf);
	password_close();
	text_close();
	loop_close();
	return err == ECANCELED ? code : err ? 1 : 0;
}
