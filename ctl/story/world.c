/* world.c - see world.h */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/wheel.h"
#include "ctl/child.h"
#include "ctl/server.h"
#include "ctl/story/cast.h"
#include "ctl/story/play.h"
#include "ctl/story/world.h"

enum {
	RESTART_LIMIT_MS = 10000,
	CHECK_LIMIT_MS = 20000,
};

/* --- the provider ------------------------------------------------------- */

static int extension_length(const struct step *s)
{
	return s->slot[SLOT_COUNT] ? (int)strtol(s->slot[SLOT_COUNT], NULL, 10)
				   : 4;
}

bool world_creates_customer(struct play *p, const struct step *s)
{
	struct customer *c = play_add_customer(p, s->slot[SLOT_WEBID]);
	struct rest_answer a = { 0 };
	bool ok;

	if (!c)
		return false;
	ok = portal_make_customer(p, c->web_id, extension_length(s), &a);
	if (ok)
		(void)snprintf(c->id, sizeof(c->id), "%s", rest_text(&a, "id"));
	else
		play_fail(p, "the portal answers %d: %s", a.status, a.detail);
	rest_clear(&a);

	return ok;
}

bool world_creates_user(struct play *p, const struct step *s)
{
	struct customer *c = play_customer(p, s->slot[SLOT_CUSTOMER]);
	struct person *who = play_add_person(p, s->slot[SLOT_NAME],
					     s->slot[SLOT_NUMBER], c);
	struct rest_answer a = { 0 };
	bool ok;

	if (!who)
		return false;
	ok = portal_make_user(p, who, &a);
	if (!ok)
		play_fail(p, "the portal answers %d: %s", a.status, a.detail);
	rest_clear(&a);

	return ok;
}

bool world_creates_phone(struct play *p, const struct step *s)
{
	struct person *who = step_person(p, s, SLOT_WHO);
	const char *list = s->slot[SLOT_DEVICES];
	struct rest_answer a = { 0 };
	bool ok = true;

	while (ok && *list) {
		struct device *d = play_add_device(p, who, &list);

		if (!d)
			return false;
		ok = portal_make_phone(p, d, &a);
	}
	if (!ok)
		play_fail(p, "the portal answers %d: %s", a.status, a.detail);
	rest_clear(&a);

	return ok;
}

/* The refusal must say so, in its sentence or its code. */
static bool is_refused(struct play *p, const struct step *s, bool done,
		       const struct rest_answer *a)
{
	const char *because = s->slot[SLOT_TEXT];
	char *body = json_dumps(a->body, JSON_COMPACT);
	bool ok = !done && a->status >= 400 && a->status < 500 &&
		  (strcasestr(a->detail, because) ||
		   (body && strcasestr(body, because)));

	free(body);
	if (done)
		return play_fail(p, "the portal made it");
	if (!ok)
		return play_fail(p, "the portal answers %d: %s", a->status,
				 a->detail);

	return true;
}

bool world_fails_customer(struct play *p, const struct step *s)
{
	struct rest_answer a = { 0 };
	bool done = portal_make_customer(p, s->slot[SLOT_WORD], 4, &a);
	bool ok = is_refused(p, s, done, &a);

	rest_clear(&a);
	return ok;
}

bool world_fails_user(struct play *p, const struct step *s)
{
	struct person who = { .customer = play_customer(
				      p, s->slot[SLOT_CUSTOMER]) };
	struct rest_answer a = { 0 };
	bool ok;

	(void)snprintf(who.name, sizeof(who.name), "%s", s->slot[SLOT_WORD]);
	(void)snprintf(who.display, sizeof(who.display), "%s", who.name);
	(void)snprintf(who.extension, sizeof(who.extension), "%s",
		       s->slot[SLOT_NUMBER]);
	(void)snprintf(who.email, sizeof(who.email), "%s@%s.example", who.name,
		       who.customer->web_id);
	(void)snprintf(who.password, sizeof(who.password), "Pw1-%s-abcdefgh",
		       who.name);
	ok = is_refused(p, s, portal_make_user(p, &who, &a), &a);
	rest_clear(&a);

	return ok;
}

bool world_fails_phone(struct play *p, const struct step *s)
{
	struct person *who = step_person(p, s, SLOT_WHO);
	struct person *other = step_person(p, s, SLOT_OTHER);
	struct rest_answer a = { 0 };
	bool done, ok;

	if (!other->devices)
		return play_fail(p, "%s has no phone", other->name);
	done = rest_ask(&p->portal, &a, "POST", "/api/v1/phones?wait=20",
			json_pack("{ssssssss}", "customer", who->customer->id,
				  "user", who->id, "type", s->slot[SLOT_DEVICE],
				  "sip_user", other->device[0].sip_user));
	ok = is_refused(p, s, done, &a);
	rest_clear(&a);

	return ok;
}

bool world_deletes_user(struct play *p, const struct step *s)
{
	struct person *who = step_person(p, s, SLOT_WHO);
	struct rest_answer a = { 0 };
	char path[120];
	bool ok;

	(void)snprintf(path, sizeof(path), "/api/v1/users/%s?wait=20", who->id);
	ok = rest_ask(&p->portal, &a, "DELETE", path, NULL);
	if (!ok)
		play_fail(p, "the portal answers %d: %s", a.status, a.detail);
	rest_clear(&a);

	return ok;
}

/* --- servers ------------------------------------------------------------ */

bool world_stops(struct play *p, const struct step *s)
{
	int err = play_server(p, "stop", s->slot[SLOT_SERVER]);

	return !err || play_fail(p, "%s", strerror(err));
}

bool world_starts(struct play *p, const struct step *s)
{
	int err = play_server(p, "start", s->slot[SLOT_SERVER]);

	return !err || play_fail(p, "it is not ready: %s", strerror(err));
}

static bool server_signal(struct play *p, const struct step *s, int number)
{
	pid_t pid = play_server_pid(p, s->slot[SLOT_SERVER]);

	if (!pid || kill(pid, number))
		return play_fail(p, "%s does not run", s->slot[SLOT_SERVER]);

	return true;
}

bool world_hangs(struct play *p, const struct step *s)
{
	return server_signal(p, s, SIGSTOP);
}

bool world_wakes(struct play *p, const struct step *s)
{
	return server_signal(p, s, SIGCONT);
}

struct restart {
	const char *name;
	pid_t before;
};

static bool is_another(struct play *p, void *arg)
{
	struct restart *r = arg;
	pid_t pid = play_server_pid(p, r->name);

	return pid && pid != r->before;
}

bool world_restarts(struct play *p, const struct step *s)
{
	struct restart r = { s->slot[SLOT_SERVER],
			     play_server_pid(p, s->slot[SLOT_SERVER]) };

	if (!server_signal(p, s, SIGKILL))
		return false;
	if (!play_until(p, RESTART_LIMIT_MS, is_another, &r))
		return play_fail(p, "nobody brought it back");
	if (server_wait_ready(&p->layout, r.name, RESTART_LIMIT_MS))
		return play_fail(p, "it is back but not ready");

	return true;
}

bool world_cut_off(struct play *p, const struct step *s)
{
	(void)s;
	wire_cut(p->wire);
	return true;
}

bool world_connected(struct play *p, const struct step *s)
{
	(void)s;
	wire_mend(p->wire);
	return true;
}

/* --- the rest ----------------------------------------------------------- */

bool world_check(struct play *p, const struct step *s)
{
	const char *argv[] = { "holdfast", "check", "--dir", p->dir, NULL };
	struct child_streams fds = { -1, -1, -1 };
	char path[300];
	int status = -1;
	FILE *f;
	pid_t pid;

	(void)s;
	(void)snprintf(path, sizeof(path), "%s/check.log", p->dir);
	f = fopen(path, "we");
	if (!f)
		return play_fail(p, "cannot write %s", path);
	fds.out = fds.error = fileno(f);
	if (!child_start(&pid, argv, &fds) &&
	    child_wait(pid, CHECK_LIMIT_MS, &status))
		child_end(pid, 0);
	(void)fclose(f);

	return !status || play_fail(p, "it found something: see %s", path);
}

static bool is_over(struct play *p, void *arg)
{
	(void)p;
	return wheel_now_ms() >= *(uint64_t *)arg;
}

bool world_after(struct play *p, const struct step *s)
{
	char *end;
	unsigned long n = strtoul(s->slot[SLOT_TIME], &end, 10);
	uint64_t due = wheel_now_ms() + (*end == 'm' ? n : n * 1000);

	return play_until(p, 600000, is_over, &due);
}
