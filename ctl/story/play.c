/* play.c - see play.h
 *
 * Setting: a folder under the temporary one, a port base nobody has (held by
 * a lock file while the play lasts), `holdfast up` as child.  After the last
 * step phones are asked to end before the servers are.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/wheel.h"
#include "ctl/child.h"
#include "ctl/server.h"
#include "ctl/story/cast.h"
#include "ctl/story/ladder.h"
#include "ctl/story/play.h"
#include "ctl/story/world.h"

enum {
	/* servers listen in even thousands, sound goes in the odd ones above */
	BASE_FIRST = 10000,
	BASE_THOUSANDS = 11,
	BASE_EACH = 3,
	BASE_STEP = 200,
	UP_LIMIT_MS = 30000,
	COMMAND_LIMIT_MS = 5000,
};

/* Far apart, and apart from DTMF and the tones of a telephone network. */
static const int tones[] = { 560, 1020, 1120, 820,  1720, 610,  1820, 1080,
			     900, 1260, 1560, 1920, 2020, 2120, 2220, 2320 };

bool play_fail(struct play *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);

	return false;
}

unsigned play_limit(const struct play *p)
{
	return p->step && p->step->within_ms ? p->step->within_ms
					     : PLAY_SENSE_MS;
}

/* --- listening ---------------------------------------------------------- */

static void up_read(struct play *p)
{
	ssize_t n = read(p->up_out, p->up_said + p->up_filled,
			 sizeof(p->up_said) - p->up_filled - 1);

	if (n <= 0) {
		(void)close(p->up_out);
		p->up_out = -1;
		return;
	}
	p->up_filled += (size_t)n;
	p->up_said[p->up_filled] = '\0';
	if (strstr(p->up_said, "\nready\n"))
		p->is_ready = true;
	if (p->up_filled == sizeof(p->up_said) - 1)
		p->up_filled = 0;
}

static void device_gone(struct device *d)
{
	d->handset = mem_deref(d->handset);
}

/* Wait for words of phones and of up, at most so long. */
static void listen_once(struct play *p, int wait_ms)
{
	struct pollfd pfd[1 + PLAY_PEOPLE_MAX * DEVICES_MAX];
	struct device *from[1 + PLAY_PEOPLE_MAX * DEVICES_MAX];
	nfds_t n = 0;

	pfd[n++] = (struct pollfd){ .fd = p->up_out, .events = POLLIN };
	for (size_t i = 0; i < p->people; i++) {
		for (size_t k = 0; k < p->person[i].devices; k++) {
			struct device *d = &p->person[i].device[k];

			if (!d->handset)
				continue;
			from[n] = d;
			pfd[n++] = (struct pollfd){ .fd = d->handset->out,
						    .events = POLLIN };
		}
	}
	if (poll(pfd, n, wait_ms) <= 0)
		return;
	if (pfd[0].revents)
		up_read(p);
	for (nfds_t i = 1; i < n; i++) {
		if (pfd[i].revents && !handset_read(from[i]->handset))
			device_gone(from[i]);
	}
}

bool play_until(struct play *p, unsigned limit_ms, claim_h *claim, void *arg)
{
	uint64_t end = wheel_now_ms() + limit_ms;

	for (;;) {
		uint64_t now;

		if (claim(p, arg))
			return true;
		now = wheel_now_ms();
		if (now >= end)
			return false;
		listen_once(p, (int)min(end - now, (uint64_t)100));
	}
}

/* --- people ------------------------------------------------------------- */

struct customer *play_customer(struct play *p, const char *web_id)
{
	for (size_t i = 0; i < p->customers; i++) {
		if (!strcmp(p->customer[i].web_id, web_id))
			return &p->customer[i];
	}

	return NULL;
}

struct person *play_person(struct play *p, const char *name)
{
	for (size_t i = 0; i < p->people; i++) {
		if (!strcmp(p->person[i].name, name))
			return &p->person[i];
	}

	return NULL;
}

struct person *step_person(struct play *p, const struct step *s, enum slot slot)
{
	return play_person(p, s->slot[slot]);
}

struct device *person_device(struct person *who)
{
	for (size_t i = 0; i < who->devices; i++) {
		struct device *d = &who->device[i];

		if (handset_call_in(d->handset, "connected", -1) ||
		    handset_call_in(d->handset, "held", -1))
			return d;
	}

	return who->devices ? &who->device[0] : NULL;
}

struct device *step_device(struct play *p, const struct step *s)
{
	struct person *who = step_person(p, s, SLOT_WHO);
	struct device *d = NULL;

	if (!who->devices) {
		play_fail(p, "%s has no phone", who->name);
		return NULL;
	}
	if (!s->slot[SLOT_DEVICE])
		return person_device(who);
	for (size_t i = 0; i < who->devices; i++) {
		if (!strcmp(who->device[i].kind, s->slot[SLOT_DEVICE]))
			d = &who->device[i];
	}
	if (!d)
		play_fail(p, "%s has no %s", who->name, s->slot[SLOT_DEVICE]);

	return d;
}

struct customer *play_add_customer(struct play *p, const char *web_id)
{
	struct customer *c = &p->customer[p->customers];

	if (p->customers == PLAY_CUSTOMERS_MAX) {
		play_fail(p, "a story has at most %d customers",
			  PLAY_CUSTOMERS_MAX);
		return NULL;
	}
	memset(c, 0, sizeof(*c));
	(void)snprintf(c->web_id, sizeof(c->web_id), "%s", web_id);
	p->customers++;

	return c;
}

struct person *play_add_person(struct play *p, const char *name,
			       const char *extension, struct customer *c)
{
	struct person *who = &p->person[p->people];
	char token[TOKEN_SIZE];

	if (!c) {
		play_fail(p, "name a customer before its people");
		return NULL;
	}
	if (p->people == PLAY_PEOPLE_MAX || play_person(p, name)) {
		play_fail(p, "there is a %s already, or too many people", name);
		return NULL;
	}
	memset(who, 0, sizeof(*who));
	(void)snprintf(who->name, sizeof(who->name), "%s", name);
	(void)snprintf(who->display, sizeof(who->display), "%c%s",
		       toupper((unsigned char)name[0]), name + 1);
	(void)snprintf(who->extension, sizeof(who->extension), "%s", extension);
	(void)snprintf(who->login, sizeof(who->login), "%s@%s", name,
		       c->web_id);
	(void)snprintf(who->email, sizeof(who->email), "%s@%s.example", name,
		       c->web_id);
	token_make(token);
	(void)snprintf(who->password, sizeof(who->password), "Pw1-%.20s",
		       token);
	who->customer = c;
	p->people++;

	return who;
}

struct device *play_add_device(struct play *p, struct person *who,
			       const char **listp)
{
	struct device *d = &who->device[who->devices];
	size_t n = strcspn(*listp, ",");
	char one[48];

	if (who->devices == DEVICES_MAX ||
	    p->devices_made == ARRAY_SIZE(tones)) {
		play_fail(p, "%s has too many devices", who->name);
		return NULL;
	}
	memset(d, 0, sizeof(*d));
	(void)snprintf(one, sizeof(one), "%.*s", (int)n, *listp);
	*listp += n + ((*listp)[n] == ',');
	d->person = who;
	d->through_border = strstr(one, "/border") != NULL;
	d->transport = strstr(one, "/tls")   ? "tls"
		       : strstr(one, "/tcp") ? "tcp"
					     : NULL;
	d->tone_hz = tones[p->devices_made++];
	(void)snprintf(d->kind, sizeof(d->kind), "%.*s", (int)strcspn(one, "/"),
		       one);
	who->devices++;

	return d;
}

/* --- phones ------------------------------------------------------------- */

bool device_start(struct play *p, struct device *d)
{
	char trace[400], log[400], ca[400];
	struct handset_options o = { .account = d->account,
				     .client = d->kind,
				     .trace = trace,
				     .log = log,
				     .cache = d->cache,
				     .ear = d->ear,
				     .transport = d->transport,
				     .ca = ca,
				     .tone_hz = d->tone_hz };
	int err;

	if (d->handset)
		return play_fail(p, "%s's %s runs already", d->person->name,
				 d->kind);
	if (!d->account[0])
		return play_fail(p, "%s's %s has no account yet",
				 d->person->name, d->kind);
	(void)snprintf(trace, sizeof(trace), "%s/log/%s-%s.trace", p->dir,
		       d->person->name, d->kind);
	(void)snprintf(log, sizeof(log), "%s/log/%s-%s.log", p->dir,
		       d->person->name, d->kind);
	(void)snprintf(d->ear, sizeof(d->ear), "%s/log/%s-%s.ear", p->dir,
		       d->person->name, d->kind);
	(void)snprintf(d->cache, sizeof(d->cache), "%s/phone-%s-%s", p->dir,
		       d->person->name, d->kind);
	(void)snprintf(ca, sizeof(ca), "%s/tls/ca.pem", p->dir);
	err = handset_start(&d->handset, &o);

	return err ? play_fail(p, "cannot start a phone: %s", strerror(err))
		   : true;
}

struct reply {
	struct device *device;
	unsigned before;
};

static bool has_replied(struct play *p, void *arg)
{
	struct reply *r = arg;

	(void)p;
	return !r->device->handset || r->device->handset->replies != r->before;
}

bool device_command(struct play *p, struct device *d, const char *fmt, ...)
{
	struct reply r = { .device = d };
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);

	if (!d->handset)
		return play_fail(p, "%s's %s does not run", d->person->name,
				 d->kind);
	r.before = d->handset->replies;
	handset_say(d->handset, "%s", line);
	if (!play_until(p, COMMAND_LIMIT_MS, has_replied, &r))
		return play_fail(p, "%s's %s gave no reply to \"%s\"",
				 d->person->name, d->kind, line);
	if (!d->handset)
		return play_fail(p, "%s's %s ended", d->person->name, d->kind);
	if (!d->handset->reply_ok)
		return play_fail(p, "%s's %s answered \"%s\" with: %s",
				 d->person->name, d->kind, line,
				 d->handset->reply_error);

	return true;
}

/* --- servers ------------------------------------------------------------ */

int play_server(struct play *p, const char *verb, const char *name)
{
	return !strcmp(verb, "stop") ? server_stop(p->dir, name)
				     : server_start(&p->layout, name);
}

pid_t play_server_pid(const struct play *p, const char *name)
{
	return server_pid(p->dir, name);
}

static bool port_is_free(unsigned port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, ok = 1;

	for (int type = SOCK_STREAM; ok && type;
	     type = type == SOCK_STREAM ? SOCK_DGRAM : 0) {
		int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

		if (type == SOCK_STREAM)
			(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
					 sizeof(on));
		ok = fd >= 0 && !bind(fd, (struct sockaddr *)&sa, sizeof(sa));
		if (fd >= 0)
			(void)close(fd);
	}

	return ok;
}

static bool base_is_free(unsigned base)
{
	static const unsigned used[] = { 60, 61, 70, 71,  80,  81,
					 82, 83, 84, 160, 161, 162 };

	for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
		if (!port_is_free(base + used[i]))
			return false;
	}

	return true;
}

/* Take a base by lock, so that plays beside this one take others. */
static unsigned base_take(struct play *p)
{
	const unsigned count = BASE_THOUSANDS * BASE_EACH;
	unsigned first = (unsigned)getpid() * 7;

	for (unsigned i = 0; i < count; i++) {
		unsigned slot = (first + i) % count;
		unsigned base = BASE_FIRST + slot / BASE_EACH * 2000 +
				slot % BASE_EACH * BASE_STEP;
		char path[64];

		(void)snprintf(path, sizeof(path), "/tmp/holdfast-ports-%u",
			       base);
		p->port_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (p->port_lock < 0)
			continue;
		if (!flock(p->port_lock, LOCK_EX | LOCK_NB) &&
		    base_is_free(base))
			return base;
		(void)close(p->port_lock);
		p->port_lock = -1;
	}

	return 0;
}

static bool is_up(struct play *p, void *arg)
{
	(void)arg;
	return p->is_ready || p->up_out < 0;
}

static int up_spawn(struct play *p, unsigned base)
{
	char number[16], path[300];
	const char *argv[] = { "holdfast",    "up",   "--dir",    p->dir,
			       "--port-base", number, "--listen", "127.0.0.1",
			       NULL,          NULL,   NULL,       NULL,
			       NULL };
	struct child_streams fds = { .in = -1 };
	int out[2], err, n = 8;

	(void)snprintf(number, sizeof(number), "%u", base);
	if (!p->has_all_servers) {
		argv[n++] = "--only";
		argv[n++] = "pbx,media,pbx2,media2,witness";
	}
	if (p->has_pair)
		argv[n++] = "--pair";
	if (pipe2(out, O_CLOEXEC))
		return errno;
	(void)snprintf(path, sizeof(path), "%s/up.log", p->dir);
	fds.out = out[1];
	fds.error = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	err = child_start(&p->up, argv, &fds);
	(void)close(out[1]);
	(void)close(fds.error);
	p->up_out = out[0];

	return err;
}

static void rests_init(struct play *p)
{
	struct rest *rest[] = { &p->portal, &p->uc, &p->pbx, &p->border };

	for (size_t i = 0; i < LAYOUT_SERVERS; i++) {
		const char *name = layout_servers[i].name;

		if (!layout_servers[i].port || layout_servers[i].is_pair)
			continue;
		layout_url(&p->layout, name, p->url[i]);
		*rest[i] = (struct rest){ .url = p->url[i],
					  .token = p->token[i],
					  .trace = p->api,
					  .limit_ms = 10000 };
		if (i == 2 || p->has_all_servers)
			(void)service_token_load(p->dir, name, p->token[i]);
	}
}

static bool set_stage(struct play *p)
{
	char path[300];
	unsigned base;

	(void)snprintf(p->dir, sizeof(p->dir), "%s/holdfast-story.XXXXXX",
		       getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(p->dir))
		return play_fail(p, "cannot make a folder: %s",
				 strerror(errno));
	(void)snprintf(path, sizeof(path), "%s/api.log", p->dir);
	p->api = fopen(path, "we");

	base = base_take(p);
	if (!base)
		return play_fail(p, "no free ports");
	layout_init(&p->layout, p->dir, "127.0.0.1", (uint16_t)base);
	if (settings_write(p->story, p->dir) || up_spawn(p, base))
		return play_fail(p, "cannot start the servers");
	if (!play_until(p, UP_LIMIT_MS, is_up, NULL) || !p->is_ready)
		return play_fail(p,
				 "the servers are not ready; see "
				 "%s/up.log",
				 p->dir);
	rests_init(p);
	if (p->has_all_servers &&
	    wire_lay(&p->wire, (uint16_t)(base + PORT_UC)))
		return play_fail(p, "cannot lay the wire to the uc");

	return true;
}

static bool all_phones_ended(struct play *p, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < p->people; i++) {
		for (size_t k = 0; k < p->person[i].devices; k++) {
			if (p->person[i].device[k].handset)
				return false;
		}
	}

	return true;
}

static void clear_stage(struct play *p)
{
	for (size_t i = 0; i < p->people; i++) {
		for (size_t k = 0; k < p->person[i].devices; k++) {
			struct device *d = &p->person[i].device[k];

			if (d->handset)
				handset_say(d->handset, "quit");
		}
	}
	(void)play_until(p, 1500, all_phones_ended, NULL);
	for (size_t i = 0; i < p->people; i++) {
		for (size_t k = 0; k < p->person[i].devices; k++)
			device_gone(&p->person[i].device[k]);
	}
	child_end(p->up, 8000);
	p->wire = mem_deref(p->wire);
	if (p->up_out >= 0)
		(void)close(p->up_out);
	if (p->api)
		(void)fclose(p->api);
	if (p->port_lock >= 0)
		(void)close(p->port_lock);
}

/* --- the play ----------------------------------------------------------- */

static bool run_steps(struct play *p)
{
	for (size_t i = 0; i < p->story->step_count; i++) {
		const struct step *s = &p->story->steps[i];

		if (!s->sentence->run)
			continue;
		p->step = s;
		p->step_ms = wheel_now_ms();
		p->begun_us[i] = (int64_t)(clock_wall_ms() * 1000);
		if (!s->sentence->run(p, s))
			return false;
	}
	p->step = NULL;

	return true;
}

bool play_story(const struct story *st, bool keep, char **reportp)
{
	struct play *p = mem_zalloc(sizeof(*p), NULL);
	bool ok;

	if (!p)
		return false;
	p->story = st;
	p->has_all_servers = st->needs_all_servers;
	p->has_pair = st->needs_pair;
	p->up_out = p->port_lock = -1;

	/* whatever the story did, the stores must be sound after it */
	ok = set_stage(p) && run_steps(p) && world_check(p, NULL);
	if (!ok)
		report_make(reportp, p);
	clear_stage(p);
	if (ok && !logs_are_clean(p->dir, p->why, sizeof(p->why))) {
		ok = false;
		report_make(reportp, p);
	}
	if (ok && !keep)
		folder_remove(p->dir);
	else if (ok)
		(void)re_sdprintf(reportp, "kept in %s\n", p->dir);
	mem_deref(p->objects);
	mem_deref(p);

	return ok;
}
