/* main.c - `holdfast portal`: customers, users, phones and who manages them
 *
 * The portal makes all ids and is the only one to write what it owns to the
 * other servers (portal/task.h).  Calls and clients go on without it.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/http.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/service.h"
#include "portal/admin.h"
#include "portal/api.h"
#include "portal/application.h"
#include "portal/main.h"
#include "portal/page.h"
#include "portal/phone.h"
#include "portal/platform.h"
#include "portal/portal.h"
#include "portal/session.h"
#include "portal/sound.h"
#include "portal/store.h"
#include "portal/task.h"

static const struct setting settings[] = {
	{ "database", SETTING_TEXT, NULL, 0, 1000, NULL,
	  "sqlite:FILE or postgres://…; default DIR/portal/portal.db" },
	{ "public-url", SETTING_TEXT, NULL, 0, 120, NULL,
	  "where people reach the portal, for links" },
	{ "call-timeout-ms", SETTING_NUMBER, "5000", 100, 60000, NULL,
	  "how long a server may take for one change" },
	{ "step-tries", SETTING_NUMBER, "4", 1, 100, NULL,
	  "tries of a step before a task is undone" },
	{ "undo-tries", SETTING_NUMBER, "60", 1, 1000, NULL,
	  "tries of an undo before a task waits for a retry by hand" },
};

static struct metric metrics[] = {
	{ "holdfast_portal_tasks_open", METRIC_GAUGE, "Tasks not ended" },
};

static int64_t count_tasks(void *arg)
{
	const struct portal *p = arg;

	return tasks_count(p->tasks);
}

static void portal_destructor(void *data)
{
	struct portal *p = data;

	mem_deref(p->tasks);
	mem_deref(p->sessions);
	mem_deref(p->router);
	mem_deref(p->client);
	list_flush(&p->probes);
	list_flush(&p->sealed);
	for (size_t i = 0; i < PORTAL_JOURNAL_COLUMNS; i++)
		mem_deref(p->journal[i]);
	mem_deref(p->store);
}

static int open_store(struct portal *p)
{
	const char *given = conf_text(p->conf, "database");
	char path[512], url[600];
	int err;

	(void)snprintf(path, sizeof(path), "%s/portal", p->dir);
	if (mkdir(path, 0700) && errno != EEXIST)
		return errno;
	err = conf_path(p->conf, "portal.db", path, sizeof(path));
	if (err)
		return err;
	(void)snprintf(url, sizeof(url), "sqlite:%s", path);

	return portal_store_open(p, given ? given : url);
}

static int open_tasks(struct portal *p)
{
	const struct task_limits limits = {
		.call_ms = (uint32_t)conf_number(p->conf, "call-timeout-ms"),
		.do_tries = (uint32_t)conf_number(p->conf, "step-tries"),
		.undo_tries = (uint32_t)conf_number(p->conf, "undo-tries"),
	};
	int err = tasks_alloc(&p->tasks, p, &limits);

	return err ? err : tasks_routes(p->tasks);
}

/* A person at a terminal gets in at once; `up` and `ctl admin-link` ask for
 * theirs over REST. */
static void print_first_link(struct portal *p)
{
	char url[300];

	if (!isatty(STDOUT_FILENO) || session_has_password(p->sessions))
		return;
	if (!session_first_link(p->sessions, url, sizeof(url)))
		(void)printf("sign in (once): %s\n", url);
}

static int open_parts(struct portal *p, const char *token)
{
	int err;

	err = open_store(p);
	if (!err)
		err = http_client_alloc(&p->client);
	if (!err)
		err = router_alloc(&p->router, "portal", p->http);
	if (err)
		return err;

	router_token(p->router, token);
	err = sessions_alloc(&p->sessions, p);
	if (!err)
		err = open_tasks(p);
	if (!err)
		err = api_routes(p);
	if (!err)
		err = platform_routes(p);
	if (!err)
		err = phone_routes(p);
	if (!err)
		err = portal_application_routes(p);
	if (!err)
		err = sound_routes(p);
	if (!err)
		err = admin_routes(p);
	if (!err)
		err = page_routes(p);

	return err;
}

static int start(struct service *service, void **statep)
{
	const char *url = conf_text(service->conf, "public-url");
	struct portal *p;
	int err;

	p = mem_zalloc(sizeof(*p), portal_destructor);
	if (!p)
		return ENOMEM;
	p->conf = service->conf;
	p->dir = conf_text(service->conf, "dir");
	p->keys = service->keys;
	p->http = service->http;
	(void)snprintf(p->url, sizeof(p->url), "%s", url ? url : service->url);

	err = open_parts(p, service->token);
	if (err) {
		mem_deref(p);
		return err;
	}
	metrics[0].read = count_tasks;
	metrics[0].arg = p;
	metrics_add(metrics, 1);
	print_first_link(p);
	tasks_begin(p->tasks);
	*statep = p;

	return 0;
}

int portal_main(int argc, char *argv[])
{
	const struct service_program program = {
		.name = "portal",
		.rest_port = 80,
		.settings = settings,
		.settings_count = sizeof(settings) / sizeof(settings[0]),
		.start = start,
	};

	return service_main(&program, argc, argv);
}
