/* setting.c - see setting.h */
#include <stdio.h>

#include "base/http_client.h"
#include "base/json.h"
#include "phone/cache.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/setting.h"
#include "phone/uc_link.h"

enum { ANSWER_BYTES_MAX = 65536, NUMBER_MAX = 32 };

/** What a value becomes at the pbx: members to change; NULL: bad value. */
typedef json_t *(wish_h)(const char *value);

struct setting {
	const char *name;
	const char *values; /* what it takes, in words */
	wish_h *wish;       /* NULL: the phone's own */
};

static bool is_on(const char *value)
{
	return !strcmp(value, "on") || !strcmp(value, "yes");
}

static bool is_off(const char *value)
{
	return !strcmp(value, "off") || !strcmp(value, "no");
}

/* Length of a number at the beginning; 0 when there is none. */
static size_t number_length(const char *value)
{
	size_t n = strspn(value, "0123456789*#+");

	return n <= NUMBER_MAX ? n : 0;
}

static json_t *wish_dnd(const char *value)
{
	if (!is_on(value) && !is_off(value))
		return NULL;

	return json_pack("{s:b}", "dnd", is_on(value));
}

static json_t *wish_send_calls_to(const char *value)
{
	if (is_off(value))
		return json_pack("{s:n}", "forward_always");
	if (!*value || value[number_length(value)])
		return NULL;

	return json_pack("{s:s}", "forward_always", value);
}

static json_t *wish_on_the_phone(const char *value)
{
	if (!strcmp(value, "ring") || !strcmp(value, "busy"))
		return json_pack("{s:s,s:n}", "when_on_phone", value,
				 "forward_busy");
	if (!*value || value[number_length(value)])
		return NULL;

	return json_pack("{s:s,s:s}", "when_on_phone", "busy", "forward_busy",
			 value);
}

/* NUMBER [SECONDS] */
static json_t *wish_if_no_answer(const char *value)
{
	size_t n = number_length(value);
	json_t *wish;
	char *end;
	long s;

	if (is_off(value))
		return json_pack("{s:n,s:n}", "forward_no_answer",
				 "no_answer_s");
	if (!n || (value[n] && value[n] != ' '))
		return NULL;
	wish = json_pack("{s:s%,s:n}", "forward_no_answer", value, n,
			 "no_answer_s");
	if (!value[n])
		return wish;

	s = strtol(value + n + 1, &end, 10);
	if (*end || end == value + n + 1) {
		json_decref(wish);
		return NULL;
	}
	(void)json_object_set_new(wish, "no_answer_s", json_integer(s));

	return wish;
}

static const struct setting settings[] = {
	{ "dnd", "on or off", wish_dnd },
	{ "send-calls-to", "a number or off", wish_send_calls_to },
	{ "on-the-phone", "ring, busy or a number", wish_on_the_phone },
	{ "if-no-answer", "a number, perhaps with seconds, or off",
	  wish_if_no_answer },
	{ "auto-answer", "on or off", NULL },
	{ "busy", "on or off", NULL },
	{ "srtp", "off, optional or required", NULL },
	{ "codecs", "some of opus,G722,PCMU,PCMA", NULL },
};

enum { SETTING_COUNT = sizeof(settings) / sizeof(settings[0]) };

/* ---- the phone's own ---- */

static bool *slot_of(struct engine *e, const char *name)
{
	if (!strcmp(name, "dnd"))
		return &e->settings.dnd;
	if (!strcmp(name, "auto-answer"))
		return &e->settings.auto_answer;

	return !strcmp(name, "busy") ? &e->settings.busy : NULL;
}

void setting_load(struct engine *e)
{
	const json_t *own = cache_get(e->cache, "settings");

	e->settings.dnd = !account_has_uc(e->account) &&
			  json_get_bool(own, "dnd", false);
	e->settings.auto_answer = json_get_bool(own, "auto-answer", false);
}

/* Of the calls to come; not kept. */
static void set_media(struct engine *e, const struct setting *s,
		      const char *value)
{
	char detail[120];
	int err = !strcmp(s->name, "srtp") ? media_set_srtp(&e->media, value)
					   : media_set_codecs(&e->media, value);

	(void)snprintf(detail, sizeof(detail), "The value is %s.", s->values);
	face_reply(e, "set", err ? "bad-value" : NULL, err ? detail : NULL);
}

static void set_own(struct engine *e, const struct setting *s,
		    const char *value)
{
	if (!slot_of(e, s->name)) {
		set_media(e, s, value);
		return;
	}
	if (!is_on(value) && !is_off(value)) {
		face_reply(e, "set", "bad-value", "The value is on or off.");
		return;
	}

	*slot_of(e, s->name) = is_on(value);
	cache_set(e->cache, "settings",
		  json_pack("{s:b, s:b}", "dnd", e->settings.dnd, "auto-answer",
			    e->settings.auto_answer));
	face_reply(e, "set", NULL, NULL);
}

/* ---- the pbx's ---- */

void setting_take(struct engine *e, const json_t *from)
{
	json_t *kept = json_deep_copy(from);

	if (!json_is_object(kept)) {
		json_decref(kept);
		return;
	}
	engine_event(e, json_pack("{s:s, s:O}", "event", "settings", "settings",
				  kept));
	cache_set(e->cache, "server-settings", kept);
}

/* The sentence of a refusal: the field's where there is one. */
static const char *sentence_of(const json_t *problem)
{
	const json_t *field = json_array_get(json_object_get(problem, "errors"),
					     0);
	const char *detail = json_get_text(field, "detail");

	if (!detail)
		detail = json_get_text(problem, "detail");

	return detail ? detail : "The server refused the change.";
}

static void set_answered(int err, int status, const char *body, size_t len,
			 void *arg)
{
	struct span text = { body, (uint32_t)len };
	struct engine *e = arg;
	json_t *json = NULL;
	const char *code;

	if (err || json_read(&json, text, ANSWER_BYTES_MAX, NULL)) {
		face_reply(e, "set", "not-available-offline",
			   capability_sentence("not-available-offline"));
		return;
	}
	if (status == 200) {
		setting_take(e, json);
		face_reply(e, "set", NULL, NULL);
	}
	else {
		code = json_get_text(json, "code");
		face_reply(e, "set", code ? code : "refused",
			   sentence_of(json));
	}
	json_decref(json);
}

static void set_at_pbx(struct engine *e, const struct setting *s,
		       const char *value)
{
	json_t *wish = s->wish(value);
	char detail[120];

	if (!wish) {
		(void)snprintf(detail, sizeof(detail), "The value is %s.",
			       s->values);
		face_reply(e, "set", "bad-value", detail);
		return;
	}
	if (uc_link_ask(e->link, "PATCH", "/api/v1/me/settings", wish,
			set_answered, e))
		face_reply(e, "set", "not-available-offline",
			   capability_sentence("not-available-offline"));
	json_decref(wish);
}

void setting_set(struct engine *e, const char *name, const char *value)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *s = &settings[i];

		if (strcmp(s->name, name) != 0)
			continue;
		if (s->wish && e->link)
			set_at_pbx(e, s, value);
		else
			set_own(e, s, value);
		return;
	}

	face_reply(e, "set", "unknown-setting",
		   "Settings are dnd, send-calls-to, on-the-phone, "
		   "if-no-answer, auto-answer, busy, srtp and codecs.");
}
