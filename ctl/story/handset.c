/* handset.c - see handset.h */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/wheel.h"
#include "ctl/child.h"
#include "ctl/story/handset.h"

enum { CALL_ANY_DIRECTION = -1 };

static void handset_destructor(void *data)
{
	struct handset *h = data;

	if (h->in >= 0)
		(void)close(h->in);
	child_end(h->pid, 1500);
	if (h->out >= 0)
		(void)close(h->out);
	json_decref(h->reply);
	mem_deref(h->trace);
	mem_deref(h->log);
}

static int spawn(struct handset *h, const struct handset_options *o)
{
	char tone[24];
	const char *argv[] = { "holdfast", "phone",   "--account", o->account,
			       "--client", o->client, "--audio",   tone,
			       "--trace",  o->trace,  "--cache",   o->cache,
			       "--ear",    o->ear,    NULL,        NULL,
			       NULL,       NULL,      NULL };
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	struct child_streams fds = { -1, -1, -1 };
	int err;

	if (o->transport) {
		const char *more[] = { "--transport", o->transport, "--ca",
				       o->ca };

		memcpy(&argv[14], more, sizeof(more));
	}
	(void)snprintf(tone, sizeof(tone), "tone:%d", o->tone_hz);
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) {
		err = errno;
		goto out;
	}
	fds.in = in[0];
	fds.out = out[1];
	fds.error = open(o->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			 0640);
	err = child_start(&h->pid, argv, &fds);
	if (err)
		goto out;
	h->in = in[1];
	h->out = out[0];
	in[1] = out[0] = -1;
	(void)fcntl(h->out, F_SETFL, O_NONBLOCK);

out:
	for (size_t i = 0; i < 2; i++) {
		if (in[i] >= 0)
			(void)close(in[i]);
		if (out[i] >= 0)
			(void)close(out[i]);
	}
	if (fds.error >= 0)
		(void)close(fds.error);

	return err;
}

int handset_start(struct handset **hp, const struct handset_options *o)
{
	struct handset *h = mem_zalloc(sizeof(*h), handset_destructor);
	int err;

	if (!h)
		return ENOMEM;
	h->in = h->out = -1;
	err = str_dup(&h->trace, o->trace);
	err |= str_dup(&h->log, o->log);
	if (!err)
		err = spawn(h, o);
	if (err)
		mem_deref(h);
	else
		*hp = h;

	return err;
}

void handset_say(struct handset *h, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line) - 1)
		return;
	line[n++] = '\n';
	if (write(h->in, line, (size_t)n) != n)
		(void)snprintf(h->reply_error, sizeof(h->reply_error),
			       "the phone has ended");
}

static void copy(char *out, size_t size, const json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));

	if (text)
		(void)snprintf(out, size, "%s", text);
}

/* The entry of a call's id; a free one for an id that is new. */
static struct handset_call *call_slot(struct handset *h, const char *id)
{
	struct handset_call *spare = NULL;

	for (size_t i = 0; i < HANDSET_CALLS_MAX; i++) {
		if (!strcmp(h->call[i].id, id))
			return &h->call[i];
		if (!h->call[i].id[0] && !spare)
			spare = &h->call[i];
	}
	if (spare) {
		memset(spare, 0, sizeof(*spare));
		(void)snprintf(spare->id, sizeof(spare->id), "%s", id);
	}

	return spare;
}

static void on_call(struct handset *h, const json_t *e)
{
	const char *id = json_string_value(json_object_get(e, "id"));
	const char *way = json_string_value(json_object_get(e, "direction"));
	struct handset_call *c = id ? call_slot(h, id) : NULL;

	if (!c)
		return;
	copy(c->state, sizeof(c->state), e, "state");
	copy(c->peer, sizeof(c->peer), e, "peer");
	copy(c->name, sizeof(c->name), e, "name");
	if (way)
		c->is_incoming = !strcmp(way, "incoming");
	c->since_ms = wheel_now_ms();
	if (c->is_incoming && !strcmp(c->state, "alerting"))
		h->rings++;
	if (!strcmp(c->state, "null"))
		memset(c, 0, sizeof(*c));
}

static void on_heard(struct handset *h, const json_t *e)
{
	const char *digit = json_string_value(json_object_get(e, "digit"));
	size_t n = strlen(h->keys);
	char what[24] = "";

	copy(what, sizeof(what), e, "what");
	if (!strcmp(what, "dtmf")) {
		if (digit && n < HANDSET_KEYS_MAX)
			h->keys[n] = *digit;
		return;
	}
	memcpy(h->ear.what, what, sizeof(what));
	h->ear.hz = (int)json_integer_value(json_object_get(e, "hz"));
	h->ear.at_ms = wheel_now_ms();
}

static void on_reply(struct handset *h, json_t *e)
{
	h->replies++;
	h->reply_ok = json_is_true(json_object_get(e, "ok"));
	h->reply_error[0] = '\0';
	copy(h->reply_error, sizeof(h->reply_error), e, "error");
	copy(h->reply_error, sizeof(h->reply_error), e, "detail");
	json_decref(h->reply);
	h->reply = json_incref(e);
}

static void on_watched(struct handset *h, const json_t *e)
{
	const char *number = json_string_value(json_object_get(e, "number"));

	for (size_t i = 0; number && i < HANDSET_LAMPS_MAX; i++) {
		struct handset_lamp *lamp = &h->lamp[i];

		if (!lamp->number[0])
			copy(lamp->number, sizeof(lamp->number), e, "number");
		if (!strcmp(lamp->number, number)) {
			copy(lamp->state, sizeof(lamp->state), e, "state");
			return;
		}
	}
}

static void on_event(struct handset *h, json_t *e)
{
	const char *name = json_string_value(json_object_get(e, "event"));

	if (!name)
		return;
	if (!strcmp(name, "call")) {
		on_call(h, e);
	}
	else if (!strcmp(name, "heard")) {
		on_heard(h, e);
	}
	else if (!strcmp(name, "reply")) {
		on_reply(h, e);
	}
	else if (!strcmp(name, "registration")) {
		copy(h->registration, sizeof(h->registration), e, "state");
		copy(h->registrar, sizeof(h->registrar), e, "registrar");
		h->is_registered = !strcmp(h->registration, "registered");
	}
	else if (!strcmp(name, "link")) {
		h->banner[0] = '\0';
		copy(h->link, sizeof(h->link), e, "state");
		copy(h->banner, sizeof(h->banner), e, "banner");
		h->is_online = !strcmp(h->link, "online");
	}
	else if (!strcmp(name, "lamp")) {
		h->has_lamp = json_is_true(json_object_get(e, "on"));
		h->messages = (int)json_integer_value(
			json_object_get(e, "new"));
	}
	else if (!strcmp(name, "text")) {
		copy(h->note, sizeof(h->note), e, "text");
	}
	else if (!strcmp(name, "watched")) {
		on_watched(h, e);
	}
}

static void on_line(struct handset *h, const char *line)
{
	json_t *e = json_loads(line, 0, NULL);

	(void)snprintf(h->last_events[h->events++ % 8],
		       sizeof(h->last_events[0]), "%.255s", line);
	if (json_is_object(e))
		on_event(h, e);
	json_decref(e);
}

bool handset_read(struct handset *h)
{
	for (;;) {
		ssize_t n = read(h->out, h->buffer + h->filled,
				 sizeof(h->buffer) - h->filled - 1);
		char *line = h->buffer, *end;

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		h->filled += (size_t)n;
		h->buffer[h->filled] = '\0';
		while ((end = strchr(line, '\n'))) {
			*end = '\0';
			on_line(h, line);
			line = end + 1;
		}
		h->filled -= (size_t)(line - h->buffer);
		memmove(h->buffer, line, h->filled);
		if (h->filled == sizeof(h->buffer) - 1)
			h->filled = 0;
	}
}

struct handset_call *handset_call_in(struct handset *h, const char *state,
				     int is_incoming)
{
	for (size_t i = 0; h && i < HANDSET_CALLS_MAX; i++) {
		struct handset_call *c = &h->call[i];

		if (c->id[0] && !strcmp(c->state, state) &&
		    (is_incoming == CALL_ANY_DIRECTION ||
		     c->is_incoming == (bool)is_incoming))
			return c;
	}

	return NULL;
}

struct handset_call *handset_call_any(struct handset *h)
{
	for (size_t i = 0; h && i < HANDSET_CALLS_MAX; i++) {
		if (h->call[i].id[0])
			return &h->call[i];
	}

	return NULL;
}
