/* request.c - see request.h
 *
 * A command fills in the answer or says in `code` and `detail` why not.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/id.h"
#include "base/json.h"
#include "base/libre.h"
#include "base/secrets.h"
#include "media/server/request.h"
#include "media/server/control.h"
#include "media/server/mixer.h"
#include "media/server/player.h"
#include "media/server/sound.h"

enum { DETAIL_BYTES = 160, FORMAT_NAME_BYTES = 16, SUITE_BYTES = 32 };

struct request {
	json_t *in;
	json_t *out;
	uint64_t controller;
	const char *code; /* set: it failed */
	char detail[DETAIL_BYTES];
	bool is_put_off; /* it answers later */
};

static const char key_name[] = "telephone-event/";

static char epoch[ID_SIZE]; /* names this life of the process */

__attribute__((format(printf, 3, 4))) static void fail(struct request *c,
						       const char *code,
						       const char *fmt, ...)
{
	va_list ap;

	c->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(c->detail, sizeof(c->detail), fmt, ap);
	va_end(ap);
}

static void fail_err(struct request *c, int err)
{
	switch (err) {
	case EEXIST: fail(c, "exists", "there is one of that name"); break;
	case ENOSPC: fail(c, "limit", "there are as many as may be"); break;
	case EADDRINUSE: fail(c, "no-port", "no such port is free"); break;
	case EINVAL: fail(c, "bad-field", "a field is out of range"); break;
	case ENOBUFS: fail(c, "limit", "too many wait already"); break;
	case ENOENT: fail(c, "no-sound", "there is no such file"); break;
	case EBADMSG: fail(c, "bad-sound", "it is no WAV file"); break;
	case EFBIG: fail(c, "bad-sound", "the file is too large"); break;
	default: fail(c, "failed", "%s", strerror(err)); break;
	}
}

/* ---- fields ---- */

static struct port *get_port(struct request *c, const char *name)
{
	struct port *p = port_find(json_get_int(c->in, name, 0));

	if (!p)
		fail(c, "unknown-port", "%s names no open port", name);

	return p;
}

/* A text of 1 to max octets; NULL has failed. */
static const char *get_text(struct request *c, const char *name, size_t max)
{
	const char *text = json_get_text(c->in, name);

	if (!text || !*text || strlen(text) > max) {
		fail(c, "bad-field", "%s must be a text of 1 to %zu octets",
		     name, max);
		return NULL;
	}

	return text;
}

static bool get_number(struct request *c, const char *name, int64_t least,
		       int64_t most, int64_t otherwise, int64_t *np)
{
	const json_t *j = json_object_get(c->in, name);

	*np = j ? json_get_int(c->in, name, least - 1) : otherwise;
	if (j && (*np < least || *np > most)) {
		fail(c, "bad-field", "%s must be a number from %lld to %lld",
		     name, (long long)least, (long long)most);
		return false;
	}

	return true;
}

/* ---- ports ---- */

static void set_remote(struct request *c, struct port *p)
{
	const json_t *j = json_object_get(c->in, "remote");
	const char *text = json_string_value(j);
	struct sa sa;

	if (!j)
		return;
	if (json_is_null(j)) {
		(void)port_set_remote(p, NULL);
		return;
	}
	if (!text || sa_decode(&sa, text, strlen(text)) ||
	    port_set_remote(p, &sa))
		fail(c, "bad-field",
		     "remote must be ADDRESS:PORT of somebody else's");
}

static void set_tag(struct request *c, struct port *p)
{
	const json_t *j = json_object_get(c->in, "tag");
	const char *text = json_string_value(j);

	if (!j)
		return;
	if (!text || strlen(text) > PORT_TAG_MAX) {
		fail(c, "bad-field", "tag must be a text of at most %d octets",
		     PORT_TAG_MAX);
		return;
	}
	(void)snprintf(p->tag, sizeof(p->tag), "%s", text);
}

/* {"96": "opus/48000", ...}: what payload types mean. */
static void set_formats(struct request *c, struct port *p)
{
	json_t *j = json_object_get(c->in, "formats"), *value;
	struct port_format formats[PORT_FORMATS_MAX];
	uint64_t keys[2] = { 0 };
	uint32_t count = 0;
	const char *key;

	if (!j)
		return;
	json_object_foreach(j, key, value)
	{
		const char *text = json_string_value(value);
		const char *slash = text ? strchr(text, '/') : NULL;
		char name[FORMAT_NAME_BYTES];
		struct port_format f = { .codec = NULL };
		unsigned long n = strtoul(key, NULL, 10);

		if (slash && (size_t)(slash - text) < sizeof(name)) {
			(void)snprintf(name, sizeof(name), "%.*s",
				       (int)(slash - text), text);
			f.codec = codec_find(
				name, (uint32_t)strtoul(slash + 1, NULL, 10));
		}
		f.payload = (uint8_t)n;
		if (slash && n <= 127 &&
		    !strncasecmp(text, key_name, strlen(key_name))) {
			keys[n / 64] |= 1ull << n % 64;
			continue;
		}
		if (!f.codec || n > 127 || count == PORT_FORMATS_MAX) {
			fail(c, "bad-field",
			     "formats must be up to %d of \"PAYLOAD\": "
			     "\"CODEC/CLOCK\"",
			     PORT_FORMATS_MAX);
			return;
		}
		formats[count++] = f;
	}
	(void)port_set_formats(p, formats, count);
	port_set_key_types(p, keys);
}

static void set_keys(struct request *c, struct port *p)
{
	int64_t payload, clock_hz;

	if (get_number(c, "key_payload", 0, 127, p->key_payload, &payload) &&
	    get_number(c, "key_clock", 0, 96000, p->keys.key_hz, &clock_hz))
		port_set_keys(p, (uint8_t)payload, (uint32_t)clock_hz);
}

/* "SUITE BASE64": one way of SRTP.  False has failed. */
static bool get_secure(struct secure **sp, const json_t *j, bool is_out)
{
	const char *text = json_string_value(j);
	const char *space = text ? strchr(text, ' ') : NULL;
	uint8_t key[SECURE_KEY_MAX + 3];
	size_t length = sizeof(key);
	char suite[SUITE_BYTES];
	bool is_good;

	if (!space || (size_t)(space - text) >= sizeof(suite))
		return false;
	(void)snprintf(suite, sizeof(suite), "%.*s", (int)(space - text), text);
	is_good = !base64_decode(space + 1, strlen(space + 1), key, &length) &&
		  length && length == secure_key_bytes(suite) &&
		  !secure_open(sp, suite, key, is_out);
	explicit_bzero(key, sizeof(key));

	return is_good;
}

/* {"in": ..., "out": ...}, or null for none. */
static void set_secure(struct request *c, struct port *p)
{
	const json_t *j = json_object_get(c->in, "srtp");
	struct secure *in = NULL, *out = NULL;

	if (!j)
		return;
	if (!json_is_null(j) &&
	    (!get_secure(&in, json_object_get(j, "in"), false) ||
	     !get_secure(&out, json_object_get(j, "out"), true))) {
		fail(c, "bad-field",
		     "srtp must be null or have in and out, each \"SUITE "
		     "KEY\"");
	}
	else {
		p->is_savp = json_get_bool(j, "savp", false);
		port_secure(p, in, out, json_get_bool(j, "goes_on", false));
	}
	mem_deref(in);
	mem_deref(out);
}

static void set_fields(struct request *c, struct port *p)
{
	int64_t n;

	set_remote(c, p);
	if (!c->code)
		set_secure(c, p);
	if (!c->code)
		set_tag(c, p);
	if (!c->code)
		set_formats(c, p);
	if (!c->code && get_number(c, "codec", 0, 127, p->sound.payload, &n) &&
	    port_set_codec(p, (uint8_t)n))
		fail(c, "bad-field",
		     "codec must be 0, 8, 9 or a payload type of formats");
	if (!c->code)
		set_keys(c, p);
	if (!c->code &&
	    get_number(c, "silence_s", 0, PORT_SILENCE_MAX_S, p->silence_s,
		       &n) &&
	    json_object_get(c->in, "silence_s"))
		port_set_silence(p, (uint32_t)n);
}

static void put_port(struct request *c, const struct port *p)
{
	json_object_set_new(c->out, "port", json_integer(p->number));
}

static void run_port_open(struct request *c)
{
	struct port *p;
	int64_t n;
	int err;

	if (!get_number(c, "port", 2, 65534, 0, &n))
		return;
	err = port_open(&p, (uint16_t)n);
	if (err) {
		fail_err(c, err);
		return;
	}
	set_fields(c, p);
	if (c->code)
		port_close(p);
	else
		put_port(c, p);
}

static void run_port_set(struct request *c)
{
	struct port *p = get_port(c, "port");

	if (p)
		set_fields(c, p);
}

static void run_port_close(struct request *c)
{
	struct port *p = get_port(c, "port");

	if (p)
		port_close(p);
}

static json_t *address_json(const struct sa *sa)
{
	char text[80];

	if (!sa_isset(sa, SA_ALL))
		return json_null();
	(void)re_snprintf(text, sizeof(text), "%J", sa);

	return json_string(text);
}

static json_t *formats_json(const struct port *p)
{
	json_t *json = json_object();
	char number[8];

	for (unsigned i = 0; i < 128; i++) {
		if (!(p->key_types[i / 64] >> i % 64 & 1))
			continue;
		(void)snprintf(number, sizeof(number), "%u", i);
		json_object_set_new(json, number,
				    json_string("telephone-event/8000"));
	}

	for (uint32_t i = 0; i < p->sound.format_count; i++) {
		const struct port_format *f = &p->sound.formats[i];
		char key[8], text[32];

		(void)snprintf(key, sizeof(key), "%u", f->payload);
		(void)snprintf(text, sizeof(text), "%s/%u", f->codec->name,
			       f->codec->clock_hz);
		json_object_set_new(json, key, json_string(text));
	}

	return json;
}

static json_t *key_json(const struct secure *s)
{
	char key[2 * SECURE_KEY_MAX], text[3 * SECURE_KEY_MAX];
	size_t length = sizeof(key);

	if (base64_encode(secure_key(s), secure_key_bytes(secure_suite(s)), key,
			  &length))
		return NULL;
	(void)snprintf(text, sizeof(text), "%s %.*s", secure_suite(s),
		       (int)length, key);

	return json_string(text);
}

static json_t *secure_json(const struct port *p)
{
	if (!p->in || !p->out)
		return json_null();

	return json_pack("{s:o, s:o, s:b}", "in", key_json(p->in), "out",
			 key_json(p->out), "savp", (int)p->is_savp);
}

static json_t *port_json(const struct port *p)
{
	const struct rtp_counts *n = rtp_stream_counts(p->rtp);
	uint64_t idle = rtp_stream_idle_ms(p->rtp);
	const char *sound = player_sound(p);

	return json_pack(
		"{s:i, s:s, s:o, s:o, s:o, s:s?, s:s?, s:o, s:i, s:i, s:i, s:o, "
		"s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I}}",
		"port", (int)p->number, "tag", p->tag, "remote",
		address_json(&p->remote), "source",
		address_json(rtp_stream_remote(p->rtp)), "peer",
		p->peer ? json_integer(p->peer->number) : json_null(),
		"playing", sound, "mixer",
		p->mixer ? mixer_name(p->mixer) : NULL, "idle_ms",
		idle == UINT64_MAX ? json_null()
				   : json_integer((json_int_t)idle),
		"codec", (int)p->sound.payload, "key_payload",
		(int)p->key_payload, "key_clock", (int)p->keys.key_hz,
		"formats", formats_json(p), "srtp", secure_json(p), "counts",
		"rx", (json_int_t)n->rx_packets, "lost", (json_int_t)n->rx_lost,
		"late", (json_int_t)n->rx_late, "foreign",
		(json_int_t)n->rx_foreign, "bad", (json_int_t)n->rx_bad, "tx",
		(json_int_t)n->tx_packets);
}

static void run_port_get(struct request *c)
{
	struct port *p = get_port(c, "port");

	if (p)
		json_object_set_new(c->out, "port", port_json(p));
}

static void run_bridge(struct request *c)
{
	struct port *a = get_port(c, "a"), *b = a ? get_port(c, "b") : NULL;

	if (!b)
		return;
	if (a == b)
		fail(c, "bad-field", "a port cannot be bridged with itself");
	else
		port_join(a, b);
}

static void run_part(struct request *c)
{
	struct port *p = get_port(c, "port");

	if (p)
		port_part(p);
}

static void run_press(struct request *c)
{
	struct port *p = get_port(c, "port");
	const char *keys = p ? get_text(c, "keys", DTMF_QUEUE_MAX) : NULL;
	int err = keys ? port_press(p, keys) : 0;

	if (err)
		fail_err(c, err);
}

/* ---- players ---- */

struct play_wish {
	uint64_t controller;
	json_t *id;
	uint16_t port;
	uint64_t stops; /* of the port, when it was asked for */
	bool is_loop;
};

static void play_wish_destructor(void *data)
{
	struct play_wish *w = data;

	json_decref(w->id);
}

static json_t *answer_make(struct request *c, json_t *id)
{
	if (!c->code)
		return json_pack("{s:i, s:O?, s:b}", "v", CONTROL_VERSION, "id",
				 id, "ok", 1);

	return json_pack("{s:i, s:O?, s:b, s:s, s:s}", "v", CONTROL_VERSION,
			 "id", id, "ok", 0, "code", c->code, "detail",
			 c->detail);
}

/* The sound is there: the port may have gone meanwhile. */
static void sound_there(struct sound *sound, int err, void *arg)
{
	struct play_wish *w = arg;
	struct request c = { .code = NULL };
	struct port *p = port_find(w->port);

	if (!p)
		fail(&c, "unknown-port", "the port was closed");
	else if (!err && p->stops == w->stops) /* else stopped meanwhile */
		err = player_start(p, sound, w->is_loop);
	if (err && !c.code)
		fail_err(&c, err);
	control_answer(w->controller, answer_make(&c, w->id));
}

static void run_play(struct request *c)
{
	struct port *p = get_port(c, "port");
	const char *name = p ? get_text(c, "sound", SOUND_NAME_MAX) : NULL;
	struct play_wish *w;
	int err;

	if (!name)
		return;
	w = mem_zalloc(sizeof(*w), play_wish_destructor);
	if (!w) {
		fail_err(c, ENOMEM);
		return;
	}
	w->controller = c->controller;
	w->id = json_incref(json_object_get(c->in, "id"));
	w->port = p->number;
	w->stops = p->stops;
	w->is_loop = json_get_bool(c->in, "loop", false);
	err = sound_get(name, sound_there, w);
	if (err) {
		mem_deref(w);
		fail_err(c, err);
		return;
	}
	c->is_put_off = true;
}

static void run_stop(struct request *c)
{
	struct port *p = get_port(c, "port");

	if (!p)
		return;
	p->stops = port_moment();
	player_stop(p);
}

/* ---- recorders ---- */

/* A mixer named in place of ports. */
static bool record_mixer(struct request *c, struct recorder_begin *b)
{
	const char *name = json_get_text(c->in, "mixer");

	if (!name)
		return false;
	b->mixer = mixer_find(name);
	if (!b->mixer)
		fail(c, "unknown-mixer", "no mixer of that name");

	return true;
}

static void run_record(struct request *c)
{
	const json_t *list = json_object_get(c->in, "ports");
	struct recorder_begin b = { .port_count = 0 };
	int64_t limit, silence;
	int err;

	b.name = get_text(c, "name", RECORDER_NAME_MAX);
	b.file = b.name ? get_text(c, "file", RECORDER_FILE_MAX) : NULL;
	if (!b.file ||
	    !get_number(c, "limit_s", 1, RECORDER_LIMIT_MAX_S,
			RECORDER_LIMIT_MAX_S, &limit) ||
	    !get_number(c, "silence_s", 0, RECORDER_LIMIT_MAX_S, 0, &silence))
		return;
	if (record_mixer(c, &b)) {
		if (c->code)
			return;
	}
	else if (!json_is_array(list) || json_array_size(list) < 1 ||
		 json_array_size(list) > RECORDER_PORTS_MAX) {
		fail(c, "bad-field", "ports must be a list of 1 to %d ports",
		     RECORDER_PORTS_MAX);
		return;
	}
	for (size_t i = 0; !b.mixer && i < json_array_size(list); i++) {
		int64_t n = json_integer_value(json_array_get(list, i));

		b.ports[i] = port_find(n);
		if (!b.ports[i]) {
			fail(c, "unknown-port", "%lld is no open port",
			     (long long)n);
			return;
		}
		b.port_count++;
	}
	b.limit_s = (uint32_t)limit;
	b.silence_s = (uint32_t)silence;
	err = recorder_start(&b);
	if (err)
		fail_err(c, err);
}

static struct recorder *get_recorder(struct request *c)
{
	const char *name = get_text(c, "name", RECORDER_NAME_MAX);
	struct recorder *r = name ? recorder_find(name) : NULL;

	if (name && !r)
		fail(c, "unknown-recorder", "no recorder of that name");

	return r;
}

static void run_record_pause(struct request *c)
{
	struct recorder *r = get_recorder(c);

	if (r)
		recorder_pause(r, true);
}

static void run_record_resume(struct request *c)
{
	struct recorder *r = get_recorder(c);

	if (r)
		recorder_pause(r, false);
}

static void run_record_stop(struct request *c)
{
	struct recorder *r = get_recorder(c);

	if (r)
		recorder_stop(r, "stopped");
}

/* ---- mixers ---- */

static struct mixer *get_mixer(struct request *c)
{
	const char *name = get_text(c, "mixer", MIXER_NAME_MAX);
	struct mixer *m = name ? mixer_find(name) : NULL;

	if (name && !m)
		fail(c, "unknown-mixer", "no mixer of that name");

	return m;
}

static void run_mixer_open(struct request *c)
{
	const char *name = get_text(c, "mixer", MIXER_NAME_MAX);
	struct mixer *m;
	int err = name ? mixer_open(&m, name) : 0;

	if (err)
		fail_err(c, err);
}

static void run_mixer_close(struct request *c)
{
	struct mixer *m = get_mixer(c);

	if (m)
		mixer_close(m);
}

static void run_mixer_add(struct request *c)
{
	struct mixer *m = get_mixer(c);
	struct port *p = m ? get_port(c, "port") : NULL;
	int err = p ? mixer_add(m, p, json_get_bool(c->in, "muted", false)) : 0;

	if (err)
		fail_err(c, err);
}

static void run_mixer_remove(struct request *c)
{
	struct mixer *m = get_mixer(c);
	struct port *p = m ? get_port(c, "port") : NULL;

	if (p)
		mixer_remove(m, p);
}

/* ---- the whole ---- */

static void run_hello(struct request *c)
{
	json_object_set_new(c->out, "epoch", json_string(epoch));
	json_object_set_new(c->out, "release", json_string(HOLDFAST_VERSION));
	json_object_set_new(c->out, "pid", json_integer(getpid()));
	json_object_set_new(c->out, "ports", json_integer(port_count()));
	json_object_set_new(c->out, "ports_max",
			    json_integer(port_count_max()));
}

static void run_list(struct request *c)
{
	json_t *ports = json_array(), *mixers = json_array();
	json_t *recorders = json_array();
	struct le *le;

	for (le = list_head(port_list()); le; le = le->next)
		json_array_append_new(ports, port_json(le->data));
	for (le = list_head(mixer_list()); le; le = le->next)
		json_array_append_new(mixers,
				      json_pack("{s:s, s:i}", "mixer",
						mixer_name(le->data), "members",
						(int)mixer_count(le->data)));
	for (le = list_head(recorder_list()); le; le = le->next)
		json_array_append_new(
			recorders,
			json_pack("{s:s, s:I}", "name", recorder_name(le->data),
				  "samples",
				  (json_int_t)recorder_samples(le->data)));
	json_object_set_new(c->out, "epoch", json_string(epoch));
	json_object_set_new(c->out, "ports", ports);
	json_object_set_new(c->out, "mixers", mixers);
	json_object_set_new(c->out, "recorders", recorders);
}

static const struct {
	const char *name;
	void (*run)(struct request *c);
} commands[] = {
	{ "hello", run_hello },
	{ "list", run_list },
	{ "port.open", run_port_open },
	{ "port.set", run_port_set },
	{ "port.get", run_port_get },
	{ "port.close", run_port_close },
	{ "bridge", run_bridge },
	{ "part", run_part },
	{ "press", run_press },
	{ "play", run_play },
	{ "stop", run_stop },
	{ "record", run_record },
	{ "record.pause", run_record_pause },
	{ "record.resume", run_record_resume },
	{ "record.stop", run_record_stop },
	{ "mixer.open", run_mixer_open },
	{ "mixer.close", run_mixer_close },
	{ "mixer.add", run_mixer_add },
	{ "mixer.remove", run_mixer_remove },
};

static void dispatch(struct request *c)
{
	const char *name = json_get_text(c->in, "do");

	if (json_get_int(c->in, "v", 0) != CONTROL_VERSION) {
		fail(c, "version", "v must be %d", CONTROL_VERSION);
		return;
	}
	for (size_t i = 0; name && i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i].name, name)) {
			commands[i].run(c);
			return;
		}
	}
	fail(c, "unknown-command", "do names no command");
}

void request_run(uint64_t controller, json_t *in)
{
	struct request c = { .in = in, .controller = controller };
	json_t *id = json_object_get(in, "id"), *answer;

	if (!json_is_integer(id))
		id = NULL;
	c.out = json_object();
	if (!json_is_object(in))
		fail(&c, "malformed", "it must be an object");
	else
		dispatch(&c);

	if (!c.is_put_off) {
		answer = answer_make(&c, id);
		if (answer && !c.code)
			(void)json_object_update(answer, c.out);
		control_answer(controller, answer);
	}
	json_decref(c.out);
}

/* ---- what happens by itself ---- */

void request_port_event(const struct port *p, enum port_event event,
			const char *text)
{
	static const struct {
		const char *name;
		const char *field;
	} events[] = {
		[PORT_KEY] = { "key", "key" },
		[PORT_SILENT] = { "silent", NULL },
		[PORT_SPEAKS] = { "speaks", NULL },
		[PORT_PLAYED] = { "played", "sound" },
	};
	json_t *json = json_pack("{s:i, s:s, s:i, s:s}", "v", CONTROL_VERSION,
				 "event", events[event].name, "port",
				 (int)p->number, "tag", p->tag);

	if (json && events[event].field)
		json_object_set_new(json, events[event].field,
				    json_string(text));
	control_tell(json);
}

void request_recorder_end(const struct recorder_end *end)
{
	control_tell(json_pack("{s:i, s:s, s:s, s:s, s:s, s:I}", "v",
			       CONTROL_VERSION, "event", "recorded", "name",
			       end->name, "file", end->file, "reason",
			       end->reason, "ms", (json_int_t)end->ms));
}

void request_init(void)
{
	id_make(epoch);
}
