/* terms.c - see terms.h */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "media/codec.h"
#include "media/dtmf.h"
#include "pbx/speech/terms.h"

enum {
	NARROW_EVENT = DTMF_PAYLOAD_TYPE,
	WIDE_EVENT = 102, /* keys beside Opus */
	FIRST_DYNAMIC = 35,
};

static const char event_name[] = "telephone-event";

static void add_codec(struct sdp_audio *a, const struct sdp_codec *c)
{
	if (a->codec_count < SDP_CODECS_MAX)
		a->codecs[a->codec_count++] = *c;
}

void terms_offer(struct sdp_audio *a)
{
	struct sdp_codec events[] = {
		{ NARROW_EVENT, "telephone-event", 8000, 1, NULL },
		{ WIDE_EVENT, "telephone-event", 48000, 1, NULL },
	};
	const struct codec *codec;

	a->codec_count = 0;
	for (unsigned i = 0; (codec = codec_at(i)); i++) {
		struct sdp_codec c = {
			.payload = codec->payload,
			.rate = codec->clock_hz,
			.channels = codec->channels,
			.fmtp = codec->fmtp,
		};

		(void)snprintf(c.name, sizeof(c.name), "%s", codec->name);
		add_codec(a, &c);
	}
	add_codec(a, &events[0]);
	add_codec(a, &events[1]);
}

/* ---- lists ---- */

static bool is_event(const char *name)
{
	return !strcasecmp(name, event_name);
}

static void list_add(struct terms_list *list, uint8_t payload, const char *name,
		     uint32_t clock_hz)
{
	for (uint8_t i = 0; i < list->count; i++) {
		if (list->formats[i].payload == payload)
			return;
	}
	if (list->count == TERMS_FORMATS_MAX)
		return;
	list->formats[list->count].payload = payload;
	list->formats[list->count].clock_hz = clock_hz;
	(void)snprintf(list->formats[list->count].name, TERMS_NAME_BYTES, "%s",
		       name);
	list->count++;
}

void terms_list_read(struct terms_list *list, const struct sdp *sdp,
		     const struct sdp_media *m)
{
	struct sdp_codec c;

	list->count = 0;
	for (unsigned i = 0; i < m->format_count; i++) {
		if (sdp_codec(sdp, m, sdp_format(m, i), &c) &&
		    (is_event(c.name) || codec_find(c.name, c.rate)))
			list_add(list, c.payload, c.name, c.rate);
	}
}

bool terms_list_has_codec(const struct terms_list *list)
{
	for (uint8_t i = 0; i < list->count; i++) {
		if (!is_event(list->formats[i].name))
			return true;
	}

	return false;
}

static bool list_has(const struct terms_list *list, const char *name,
		     uint32_t clock_hz)
{
	for (uint8_t i = 0; i < list->count; i++) {
		if (list->formats[i].clock_hz == clock_hz &&
		    !strcasecmp(list->formats[i].name, name))
			return true;
	}

	return false;
}

/* The first codec of theirs that told has, too. */
static int choose_codec(const struct terms_list *theirs,
			const struct terms_list *told)
{
	for (uint8_t i = 0; i < theirs->count; i++) {
		if (!is_event(theirs->formats[i].name) &&
		    (!told || list_has(told, theirs->formats[i].name,
				       theirs->formats[i].clock_hz)))
			return i;
	}

	return -1;
}

/* Their keys: at the codec's clock where they have them so. */
static void choose_keys(struct terms *t, const struct terms_list *theirs,
			uint32_t clock_hz)
{
	t->keys = 0;
	t->keys_clock_hz = 0;
	for (uint8_t i = 0; i < theirs->count; i++) {
		if (!is_event(theirs->formats[i].name) ||
		    (t->keys && theirs->formats[i].clock_hz != clock_hz))
			continue;
		t->keys = theirs->formats[i].payload;
		t->keys_clock_hz = theirs->formats[i].clock_hz;
	}
}

void terms_choose(struct terms *t, const struct terms_list *theirs,
		  const struct terms_list *told)
{
	int at = told->count ? choose_codec(theirs, told) : -1;

	if (at < 0)
		at = choose_codec(theirs, NULL);
	if (at >= 0) {
		t->codec = theirs->formats[at].payload;
		choose_keys(t, theirs, theirs->formats[at].clock_hz);
	}

	/* What comes is numbered as it was told; what is sent as it said. */
	t->formats = *told;
	for (uint8_t i = 0; i < theirs->count; i++)
		list_add(&t->formats, theirs->formats[i].payload,
			 theirs->formats[i].name, theirs->formats[i].clock_hz);
}

int terms_agree(struct terms *t, const struct sdp_agreed *agreed,
		const struct sdp_audio *ours)
{
	if (!agreed->port ||
	    sa_set_str(&t->remote, agreed->address, agreed->port))
		return EINVAL;

	t->in = agreed->theirs;
	t->out = agreed->ours;
	t->is_savp = agreed->is_savp;
	t->codec = agreed->codec.payload;
	t->keys = agreed->dtmf_payload;
	t->keys_clock_hz = agreed->dtmf_rate;
	t->formats.count = 0;
	list_add(&t->formats, agreed->codec.payload, agreed->codec.name,
		 agreed->codec.rate);
	if (agreed->dtmf_payload)
		list_add(&t->formats, agreed->dtmf_payload, event_name,
			 agreed->dtmf_rate);
	for (uint8_t i = 0; i < ours->codec_count; i++)
		list_add(&t->formats, ours->codecs[i].payload,
			 ours->codecs[i].name, ours->codecs[i].rate);

	return 0;
}

bool terms_equal(const struct terms *a, const struct terms *b)
{
	bool is_same = sa_cmp(&a->remote, &b->remote, SA_ALL) &&
		       a->codec == b->codec && a->keys == b->keys &&
		       a->keys_clock_hz == b->keys_clock_hz &&
		       a->formats.count == b->formats.count &&
		       a->is_savp == b->is_savp &&
		       sdp_crypto_equal(&a->in, &b->in) &&
		       sdp_crypto_equal(&a->out, &b->out);

	for (uint8_t i = 0; is_same && i < a->formats.count; i++)
		is_same = a->formats.formats[i].payload ==
				  b->formats.formats[i].payload &&
			  a->formats.formats[i].clock_hz ==
				  b->formats.formats[i].clock_hz &&
			  !strcmp(a->formats.formats[i].name,
				  b->formats.formats[i].name);

	return is_same;
}

/* ---- for the media server ---- */

static json_t *key_json(const struct sdp_crypto *c)
{
	char key[64], text[128];
	json_t *json;

	sdp_crypto_key_text(c, key);
	(void)snprintf(text, sizeof(text), "%s %s", sdp_suite_name(c->suite),
		       key);
	json = json_string(text);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(text, sizeof(text));

	return json;
}

static void take_key(struct sdp_crypto *c, const json_t *srtp, const char *name)
{
	const char *text = json_get_text(srtp, name);
	const char *space = text ? strchr(text, ' ') : NULL;
	char line[160];

	if (!space)
		return;
	/* the form of a description's line */
	(void)snprintf(line, sizeof(line), "1 %.*s inline:%s",
		       (int)(space - text), text, space + 1);
	(void)sdp_crypto_parse(c, span_of(line));
	explicit_bzero(line, sizeof(line));
}

void terms_put(const struct terms *t, json_t *json)
{
	json_t *formats;
	char text[80];

	if (!sa_isset(&t->remote, SA_ALL))
		return;

	(void)re_snprintf(text, sizeof(text), "%J", &t->remote);
	json_object_set_new(json, "remote", json_string(text));
	formats = json_object();
	for (uint8_t i = 0; i < t->formats.count; i++) {
		char key[8];

		if (t->formats.formats[i].payload < FIRST_DYNAMIC)
			continue;
		(void)snprintf(key, sizeof(key), "%u",
			       t->formats.formats[i].payload);
		(void)snprintf(text, sizeof(text), "%s/%u",
			       t->formats.formats[i].name,
			       t->formats.formats[i].clock_hz);
		json_object_set_new(formats, key, json_string(text));
	}
	json_object_set_new(json, "formats", formats);
	json_object_set_new(json, "srtp",
			    t->in.suite && t->out.suite
				    ? json_pack("{s:o, s:o, s:b}", "in",
						key_json(&t->in), "out",
						key_json(&t->out), "savp",
						(int)t->is_savp)
				    : json_null());
	json_object_set_new(json, "codec", json_integer(t->codec));
	if (!t->keys)
		return;
	json_object_set_new(json, "key_payload", json_integer(t->keys));
	json_object_set_new(json, "key_clock", json_integer(t->keys_clock_hz));
}

void terms_take(struct terms *t, const json_t *row)
{
	const char *remote = json_get_text(row, "remote"), *key;
	json_t *value;

	if (!remote || sa_decode(&t->remote, remote, strlen(remote)))
		return;

	t->codec = (uint8_t)json_get_int(row, "codec", 0);
	t->keys = (uint8_t)json_get_int(row, "key_payload", 0);
	t->keys_clock_hz = (uint32_t)json_get_int(row, "key_clock", 0);
	take_key(&t->in, json_object_get(row, "srtp"), "in");
	take_key(&t->out, json_object_get(row, "srtp"), "out");
	t->is_savp = json_get_bool(json_object_get(row, "srtp"), "savp", false);
	t->formats.count = 0;
	json_object_foreach(json_object_get(row, "formats"), key, value)
	{
		const char *text = json_string_value(value);
		const char *slash = text ? strchr(text, '/') : NULL;
		char name[TERMS_NAME_BYTES];

		if (!slash || (size_t)(slash - text) >= sizeof(name))
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)(slash - text),
			       text);
		list_add(&t->formats, (uint8_t)strtoul(key, NULL, 10), name,
			 (uint32_t)strtoul(slash + 1, NULL, 10));
	}
}
