/* main.c - `holdfast uc`: sign-in, presence, history, directory, deployment
 *
 * What must work when this server is dead is every call; see MAP.md.
 */
#include <errno.h>
#include <stdio.h>

#include "base/conf.h"
#include "base/libre.h"
#include "base/metrics.h"
#include "base/outbox.h"
#include "base/service.h"
#include "model/provision.h"
#include "model/route.h"
#include "uc/api.h"
#include "uc/at_pbx.h"
#include "uc/history.h"
#include "uc/main.h"
#include "uc/people.h"
#include "uc/presence.h"
#include "uc/source.h"
#include "uc/store.h"
#include "uc/stream.h"
#include "uc/texts.h"
#include "uc/uc.h"

static const struct setting settings[] = {
	{ "database", SETTING_TEXT, NULL, 0, 1000, NULL,
	  "sqlite:FILE or postgres://…; default DIR/uc/uc.db" },
	{ "public-url", SETTING_TEXT, NULL, 0, 120, NULL,
	  "where clients reach this server, for links in mails" },
	{ "mail-server", SETTING_TEXT, NULL, 0, 200, NULL,
	  "smtp://HOST:PORT; without it mails go to DIR/mail" },
	{ "mail-user", SETTING_TEXT, NULL, 0, 200, NULL,
	  "user to sign in to the mail server as" },
	{ "mail-password", SETTING_TEXT, NULL, 0, 200, NULL,
	  "password of that user" },
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

	mem_deref(uc->provision);
	mem_deref(uc->router);
	mem_deref(uc->at_pbx);
	mem_deref(uc->sources);
	mem_deref(uc->streams);
	mem_deref(uc->presence);
	mem_deref(uc->people);
	mem_deref(uc->outbox);
	mem_deref(uc->store);
}

static int open_store(struct uc *uc)
{
	const char *given = conf_text(uc->conf, "database");
	char path[512], url[600];
	int err;

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

static int64_t read_streams(void *arg)
{
	return streams_count(((struct uc *)arg)->streams);
}

static int64_t read_sources_up(void *arg)
{
	return sources_are_up(((struct uc *)arg)->sources);
}

static struct metric metrics[] = {
	{ .name = "holdfast_uc_streams",
	  .kind = METRIC_GAUGE,
	  .help = "Clients that listen to events",
	  .read = read_streams },
	{ .name = "holdfast_uc_sources_up",
	  .kind = METRIC_GAUGE,
	  .help = "1 while all call controllers' events are read",
	  .read = read_sources_up },
};

enum { METRIC_COUNT = sizeof(metrics) / sizeof(metrics[0]) };

static int open_parts(struct uc *uc)
{
	int err;

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
		err = at_pbx_alloc(&uc->at_pbx, uc);
	if (!err)
		err = history_init(uc);

	return err;
}

static int start(struct service *service, void **statep)
{
	const char *url;
	struct uc *uc;
	int err;

	uc = mem_zalloc(sizeof(*uc), uc_destructor);
	if (!uc)
		return ENOMEM;

	uc->conf = service->conf;
	uc->keys = service->keys;
	uc->http = service->http;
	url = conf_text(uc->conf, "public-url");
	snprintf(uc->token, sizeof(uc->token), "%s", service->token);
	snprintf(uc->url, sizeof(uc->url), "%s", url ? url : service->url);

	err = open_parts(uc);
	if (!err)
		err = uc_api_start(&uc->router, &uc->provision, uc);
	if (err) {
		mem_deref(uc);
		return err;
	}

	for (size_t i = 0; i < METRIC_COUNT; i++)
		metrics[i].arg = uc;
	metrics_add(metrics, METRIC_COUNT);
	*statep = uc;
	return 0;
}

int uc_main(int argc, char *argv[])
{
	const struct service_program program = {
		.name = "uc",
		.rest_port = 81,
		.settings = settings,
		.settings_count = sizeof(settings) / sizeof(settings[0]),
		.texts = uc_texts,
		.texts_count = uc_texts_count,
		.start = start,
	};

	return service_main(&program, argc, argv);
}
