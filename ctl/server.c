/* server.c - see server.h */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/local.h"
#include "base/wheel.h"
#include "ctl/rest.h"
#include "ctl/server.h"

enum { POLL_MS = 20, ASK_MS = 1000 };

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

/* One question and its answer over DIR/run/NAME.sock. */
static bool socket_says_hello(const char *dir, const char *name)
{
	static const char hello[] = "{\"v\":1,\"id\":1,\"do\":\"hello\"}\n";
	char path[512], answer[1024];
	struct pollfd pfd = { .events = POLLIN };
	ssize_t n = -1;

	(void)snprintf(path, sizeof(path), "%s/run/%s.sock", dir, name);
	if (local_connect(&pfd.fd, path))
		return false;
	if (send(pfd.fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL) > 0 &&
	    poll(&pfd, 1, ASK_MS) == 1)
		n = recv(pfd.fd, answer, sizeof(answer) - 1, 0);
	(void)close(pfd.fd);
	answer[n > 0 ? n : 0] = '\0';

	return strstr(answer, "\"ok\":true") != NULL;
}

bool server_is_ready(const struct layout *l, const char *name, char *why,
		     size_t size)
{
	struct rest_answer a = { 0 };
	char url[96];
	struct rest r = { .url = url, .dir = l->dir, .limit_ms = ASK_MS };
	bool ok;

	if (!layout_find(name)->port) {
		(void)snprintf(why, size, "its socket does not answer");
		return socket_says_hello(l->dir, name);
	}
	layout_url(l, name, url);
	ok = rest_ask(&r, &a, "GET", "/readyz", NULL);
	(void)snprintf(why, size, "%s", a.detail);
	rest_clear(&a);

	return ok;
}

int server_wait_ready(const struct layout *l, const char *name,
		      unsigned limit_ms)
{
	uint64_t end = wheel_now_ms() + limit_ms;
	char why[200];

	while (!server_is_ready(l, name, why, sizeof(why))) {
		if (wheel_now_ms() > end)
			return ETIMEDOUT;
		sys_msleep(POLL_MS);
	}

	return 0;
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
