/* server.c - see server.h */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/wheel.h"
#include "ctl/rest.h"
#include "ctl/server.h"

enum { POLL_MS = 20 };

pid_t server_pid(const char *dir, const char *name)
{
	char path[512], text[32] = "";
	FILE *f;
	long pid;

	(void)snprintf(path, sizeof(path), "%s/run/%s.pid", dir, name);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	(void)fclose(f);
	pid = strtol(text, NULL, 10);

	return pid > 1 && !kill((pid_t)pid, 0) ? (pid_t)pid : 0;
}

pid_t server_supervisor(const char *dir)
{
	return server_pid(dir, "up");
}

int server_stop(const char *dir, const char *name)
{
	uint64_t end = wheel_now_ms() + SERVER_LIMIT_MS;
	char path[512];
	int fd;

	if (!server_supervisor(dir))
		return ESRCH;
	(void)snprintf(path, sizeof(path), "%s/run/%s.down", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	(void)close(fd);

	while (server_pid(dir, name)) {
		if (wheel_now_ms() > end)
			return ETIMEDOUT;
		sys_msleep(POLL_MS);
	}

	return 0;
}

int server_wait_ready(const struct layout *l, const char *name,
		      unsigned limit_ms)
{
	uint64_t end = wheel_now_ms() + limit_ms;
	struct rest_answer a = { 0 };
	char url[96];
	struct rest r = { .url = url, .dir = l->dir, .limit_ms = 1000 };
	bool ok;

	layout_url(l, name, url);
	while (!(ok = rest_ask(&r, &a, "GET", "/readyz", NULL))) {
		if (wheel_now_ms() > end)
			break;
		sys_msleep(POLL_MS);
	}
	rest_clear(&a);

	return ok ? 0 : ETIMEDOUT;
}

int server_start(const struct layout *l, const char *name)
{
	char path[512];

	if (!server_supervisor(l->dir))
		return ESRCH;
	(void)snprintf(path, sizeof(path), "%s/run/%s.down", l->dir, name);
	if (unlink(path) && errno != ENOENT)
		return errno;

	return server_wait_ready(l, name, SERVER_LIMIT_MS);
}

int server_metric(const struct layout *l, const char *name, const char *metric,
		  int64_t *valuep)
{
	struct rest_answer a = { 0 };
	char url[96];
	struct rest r = { .url = url, .dir = l->dir, .limit_ms = 5000 };
	size_t n = strlen(metric);
	const char *p;
	int err = EHOSTUNREACH;

	layout_url(l, name, url);
	if (!rest_ask(&r, &a, "GET", "/metrics", NULL))
		goto out;

	err = ENOENT;
	for (p = a.text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, metric, n) && p[n] == ' ') {
			*valuep = strtoll(p + n, NULL, 10);
			err = 0;
			break;
		}
	}

out:
	rest_clear(&a);
	return err;
}
