/* voice.c - see voice.h
 *
 * A request's id is the voice's number times KINDS plus what was asked, so
 * that a refusal finds its voice.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/list.h"
#include "base/local.h"
#include "base/log.h"
#include "base/wheel.h"
#include "pbx/settings.h"
#include "pbx/speech/voice.h"

enum {
	PROTOCOL = 1,
	RETRY_MS = 200,
	SOUND_BYTES = 200,
	SOUNDS_MAX = 200, /* that wait */
	LINE_MAX_BYTES = 4 * 1024 * 1024,
	OUTPUT_MAX_BYTES = 4 * 1024 * 1024,
};

enum kind {
	KIND_LIST,
	KIND_OPEN,
	KIND_PLAY,
	KIND_RECORD,
	KIND_OTHER,
	KINDS,
};

#define TAG "voice:"

struct sound {
	struct le le;
	char name[SOUND_BYTES + 1];
};

struct voice {
	struct le le;
	uint64_t number;
	uint16_t port;
	struct srtp_keys keys;
	struct terms terms;
	struct list sounds; /* struct sound: the first is being said */
	voice_h *handler;
	void *arg;
	char record[80]; /* name of what is being recorded */
	char tag[100];
};

static struct {
	char path[512];
	struct local_link *link;
	struct wheel_timer retry;
	struct list all;
	voice_take_h *taken;
	voice_going_h *going;
	uint64_t last;
	bool is_listed;
} voices;

/* ---- telling ---- */

/* Takes the reference. */
static void tell(json_t *json)
{
	size_t len;
	char *text = json ? json_text(json, &len) : NULL;

	if (text && voices.link)
		(void)local_link_send(voices.link,
				      (struct span){ text, (uint32_t)len });
	mem_deref(text);
	json_decref(json);
}

static json_t *request(const struct voice *v, enum kind kind, const char *what)
{
	json_t *json = json_pack("{s:i, s:I, s:s}", "v", PROTOCOL, "id",
				 (json_int_t)(v ? v->number : 0) * KINDS +
					 (json_int_t)kind,
				 "do", what);

	if (v && v->port)
		json_object_set_new(json, "port", json_integer(v->port));

	return json;
}

static void close_port(int64_t port)
{
	json_t *json = request(NULL, KIND_OTHER, "port.close");

	json_object_set_new(json, "port", json_integer(port));
	tell(json);
}

/* ---- one voice ---- */

static void voice_destructor(void *data)
{
	struct voice *v = data;

	list_unlink(&v->le);
	list_flush(&v->sounds);
	if (v->port)
		close_port(v->port);
}

int voice_open(struct voice **vp, const char *tag, voice_h *handler, void *arg)
{
	struct voice *v;
	json_t *json;

	if (!voices.is_listed)
		return ENOTCONN;
	v = mem_zalloc(sizeof(*v), voice_destructor);
	if (!v)
		return ENOMEM;

	v->number = ++voices.last;
	v->handler = handler;
	v->arg = arg;
	list_init(&v->sounds);
	list_append(&voices.all, &v->le, v);
	(void)snprintf(v->tag, sizeof(v->tag), TAG "%s", tag);
	json = request(v, KIND_OPEN, "port.open");
	json_object_set_new(json, "tag", json_string(v->tag));
	tell(json);
	*vp = v;

	return 0;
}

uint16_t voice_port(const struct voice *v)
{
	return v->port;
}

struct srtp_keys *voice_keys(struct voice *v)
{
	return &v->keys;
}

const struct terms *voice_terms(const struct voice *v)
{
	return &v->terms;
}

void voice_agree(struct voice *v, const struct terms *terms)
{
	json_t *json = request(v, KIND_OTHER, "port.set");

	v->terms = *terms;
	terms_put(terms, json);
	tell(json);
}

static void say_first(struct voice *v)
{
	const struct sound *s = list_ledata(list_head(&v->sounds));
	json_t *json;

	if (!s)
		return;
	json = request(v, KIND_PLAY, "play");
	json_object_set_new(json, "sound", json_string(s->name));
	tell(json);
}

static void sound_destructor(void *data)
{
	struct sound *s = data;

	list_unlink(&s->le);
}

int voice_say(struct voice *v, const char *sound)
{
	struct sound *s;

	if (list_count(&v->sounds) >= SOUNDS_MAX)
		return ENOSPC;
	s = mem_zalloc(sizeof(*s), sound_destructor);
	if (!s)
		return ENOMEM;

	(void)snprintf(s->name, sizeof(s->name), "%s", sound);
	list_append(&v->sounds, &s->le, s);
	if (list_head(&v->sounds) == &s->le)
		say_first(v);

	return 0;
}

void voice_hush(struct voice *v)
{
	if (!list_head(&v->sounds))
		return;

	list_flush(&v->sounds);
	tell(request(v, KIND_OTHER, "stop"));
}

bool voice_is_saying(const struct voice *v)
{
	return list_head(&v->sounds) != NULL;
}

void voice_record(struct voice *v, const char *name, const char *file,
		  uint32_t limit_s, uint32_t silence_s)
{
	json_t *json = request(v, KIND_RECORD, "record");

	(void)snprintf(v->record, sizeof(v->record), "%s", name);
	json_object_del(json, "port");
	json_object_set_new(json, "name", json_string(name));
	json_object_set_new(json, "file", json_string(file));
	json_object_set_new(json, "ports", json_pack("[i]", (int)v->port));
	json_object_set_new(json, "limit_s", json_integer(limit_s));
	json_object_set_new(json, "silence_s", json_integer(silence_s));
	tell(json);
}

void voice_record_stop(struct voice *v, const char *name)
{
	json_t *json = request(v, KIND_OTHER, "record.stop");

	json_object_set_new(json, "name", json_string(name));
	tell(json);
}

/* ---- what the media server says ---- */

static struct voice *voice_by_port(int64_t port)
{
	struct le *le;

	for (le = list_head(&voices.all); le; le = le->next) {
		struct voice *v = le->data;

		if (v->port && v->port == port)
			return v;
	}

	return NULL;
}

static struct voice *voice_by_number(uint64_t number)
{
	struct le *le;

	for (le = list_head(&voices.all); le; le = le->next) {
		struct voice *v = le->data;

		if (v->number == number)
			return v;
	}

	return NULL;
}

/* A sound has ended, or there was none. */
static void said(struct voice *v, const char *sound)
{
	struct sound *s = list_ledata(list_head(&v->sounds));

	if (!s || (sound && strcmp(s->name, sound) != 0))
		return; /* of before voice_hush() */

	mem_deref(s);
	if (list_head(&v->sounds))
		say_first(v);
	else
		v->handler(VOICE_SAID, '\0', v->arg);
}

static void take_event(const json_t *in, const char *event)
{
	struct voice *v;

	if (!strcmp(event, "recorded")) {
		const char *reason = json_get_text(in, "reason");
		const struct voice_take take = {
			.name = json_get_text(in, "name"),
			.reason = reason ? reason : "error",
			.ms = (uint64_t)json_get_int(in, "ms", 0),
			.is_whole = reason && strcmp(reason, "error") != 0,
		};

		if (take.name)
			voices.taken(&take);
		return;
	}

	v = voice_by_port(json_get_int(in, "port", 0));
	if (!v)
		return;
	if (!strcmp(event, "key")) {
		const char *key = json_get_text(in, "key");

		if (key && *key)
			v->handler(VOICE_KEY, *key, v->arg);
	}
	else if (!strcmp(event, "played")) {
		said(v, json_get_text(in, "sound"));
	}
}

static void take_list(const json_t *in)
{
	const json_t *rows = json_object_get(in, "ports");

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *tag = json_get_text(row, "tag");

		if (tag && !strncmp(tag, TAG, strlen(TAG)))
			close_port(json_get_int(row, "port", 0));
	}
	voices.is_listed = true;

	rows = json_object_get(in, "recorders");
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const char *name = json_get_text(json_array_get(rows, i),
						 "name");

		if (name)
			voices.going(name);
	}
	voices.going(NULL);
}

static void take_refusal(struct voice *v, enum kind kind, const json_t *in)
{
	log_warn("voice", "%s: %s: %s", v->tag, json_get_text(in, "code"),
		 json_get_text(in, "detail"));
	if (kind == KIND_OPEN) {
		v->handler(VOICE_LOST, '\0', v->arg);
	}
	else if (kind == KIND_PLAY) {
		said(v, NULL);
	}
	else if (kind == KIND_RECORD) {
		const struct voice_take take = { .name = v->record,
						 .reason = "error" };

		voices.taken(&take);
	}
}

static void take_answer(const json_t *in)
{
	uint64_t id = (uint64_t)json_get_int(in, "id", 0);
	enum kind kind = (enum kind)(id % KINDS);
	struct voice *v = id >= KINDS ? voice_by_number(id / KINDS) : NULL;

	if (id == KIND_LIST) {
		take_list(in);
		return;
	}
	if (!v) { /* dropped meanwhile */
		if (kind == KIND_OPEN && json_get_int(in, "port", 0))
			close_port(json_get_int(in, "port", 0));
		return;
	}
	if (!json_get_bool(in, "ok", false)) {
		take_refusal(v, kind, in);
	}
	else if (kind == KIND_OPEN) {
		v->port = (uint16_t)json_get_int(in, "port", 0);
		v->handler(VOICE_OPEN, '\0', v->arg);
	}
}

static void take_line(struct span line, void *arg)
{
	const char *event;
	json_t *in = NULL;

	(void)arg;
	if (json_read(&in, line, LINE_MAX_BYTES, NULL))
		return;

	event = json_get_text(in, "event");
	if (event)
		take_event(in, event);
	else
		take_answer(in);
	json_decref(in);
}

/* ---- the link ---- */

static void look(void *arg);

static void closed(int err, void *arg)
{
	struct le *le;

	(void)arg;
	log_warn("voice", "the media server has gone: %s", strerror(err));
	voices.link = mem_deref(voices.link);
	voices.is_listed = false;
	while ((le = list_head(&voices.all))) {
		struct voice *v = le->data;

		list_unlink(&v->le);
		v->port = 0;
		v->handler(VOICE_LOST, '\0', v->arg);
	}
	wheel_start(&voices.retry, RETRY_MS, look, NULL);
}

static void look(void *arg)
{
	static const struct local_limits limits = {
		.line_max = LINE_MAX_BYTES,
		.output_max = OUTPUT_MAX_BYTES,
	};
	int fd, err;

	(void)arg;
	err = local_connect(&fd, voices.path);
	if (!err) {
		err = local_link_alloc(&voices.link, fd, &limits, take_line,
				       closed, NULL);
		if (err)
			(void)close(fd);
	}
	if (err) {
		wheel_start(&voices.retry, RETRY_MS, look, NULL);
		return;
	}
	tell(request(NULL, KIND_LIST, "list"));
}

int voice_init(const char *dir, voice_take_h *taken, voice_going_h *going)
{
	int n = snprintf(voices.path, sizeof(voices.path), "%s/run/%s.sock",
			 dir, pbx_settings.media_name);

	if (n < 0 || n >= (int)sizeof(voices.path))
		return ENAMETOOLONG;

	voices.taken = taken;
	voices.going = going;
	list_init(&voices.all);
	look(NULL);

	return 0;
}

void voice_close(void)
{
	wheel_stop(&voices.retry);
	voices.is_listed = false;
	voices.link = mem_deref(voices.link);
}

bool voice_is_up(void)
{
	return voices.is_listed;
}
