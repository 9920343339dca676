/* media.c - see media.h */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/local.h"
#include "base/log.h"
#include "base/wheel.h"
#include "pbx/speech/media.h"
#include "pbx/settings.h"

enum {
	PROTOCOL = 1,
	RETRY_MS = 100,
	REFILL_MS = 500, /* after there was no free port */
	SPARES = 32,
	TAG_SIZE = 64,
	SOUND_SIZE = 128,
	LINE_MAX_BYTES = 4 * 1024 * 1024, /* a list of all ports */
	OUTPUT_MAX_BYTES = 4 * 1024 * 1024,
	LIST_ID = 1,
	OPEN_ID = 2,
	OTHER_ID = 3,
	RECORD_ID = 4,
	PING_ID = 5,
	PING_MS = 1000,
	PINGS_MAX = 3, /* unanswered: it hangs */
};

struct media_port {
	struct le le;
	uint16_t number;
	char tag[TAG_SIZE];
	struct terms terms;
	struct terms_list theirs; /* of a relayed call: its party's */
	struct terms_list told;   /* what that was given */
	struct srtp_side srtp;
	struct media_port *peer;
	char sound[SOUND_SIZE];    /* "" plays nothing */
	struct media_mixer *mixer; /* it is in */
	bool is_muted;
	bool is_silent;
	bool is_there; /* in the server's list */
};

struct media_mixer {
	struct le le;
	char name[TAG_SIZE];
	bool is_there; /* in the server's list */
};

static struct {
	char path[512];
	media_event_h *handler;
	struct local_link *link;
	struct wheel_timer retry;
	struct wheel_timer refill;
	struct wheel_timer ping;
	struct list ports; /* struct media_port: in use */
	struct list spares;
	struct list mixers; /* struct media_mixer */
	media_take_h *take_handler;
	uint32_t asked;   /* spares not answered yet */
	uint32_t pings;   /* since it said anything */
	bool has_list;    /* the two sides agree */
	bool is_restored; /* calls have taken theirs back */
	bool was_missed;  /* logged */
} media;

/* ---- telling ---- */

/* Takes the reference. */
static void tell(json_t *json)
{
	size_t len;
	char *text = json ? json_text(json, &len) : NULL;

	if (text && media.link)
		(void)local_link_send(media.link,
				      (struct span){ text, (uint32_t)len });
	mem_deref(text);
	json_decref(json);
}

static json_t *request(int id, const char *what)
{
	return json_pack("{s:i, s:i, s:s}", "v", PROTOCOL, "id", id, "do",
			 what);
}

static json_t *about(const struct media_port *p, const char *what)
{
	json_t *json = request(OTHER_ID, what);

	json_object_set_new(json, "port", json_integer(p->number));
	return json;
}

static void put_fields(json_t *json, const struct media_port *p)
{
	json_object_set_new(json, "tag", json_string(p->tag));
	json_object_set_new(json, "silence_s",
			    json_integer(pbx_settings.speech_lost_s));
	terms_put(&p->terms, json);
}

static void tell_fields(const struct media_port *p)
{
	json_t *json = about(p, "port.set");

	put_fields(json, p);
	tell(json);
}

static void tell_bridge(const struct media_port *p)
{
	json_t *json = request(OTHER_ID, "bridge");

	json_object_set_new(json, "a", json_integer(p->number));
	json_object_set_new(json, "b", json_integer(p->peer->number));
	tell(json);
}

static void tell_sound(const struct media_port *p)
{
	json_t *json = about(p, p->sound[0] ? "play" : "stop");

	if (p->sound[0]) {
		json_object_set_new(json, "sound", json_string(p->sound));
		json_object_set_new(json, "loop", json_true());
	}
	tell(json);
}

static json_t *about_mixer(const struct media_mixer *m, const char *what)
{
	json_t *json = request(OTHER_ID, what);

	json_object_set_new(json, "mixer", json_string(m->name));
	return json;
}

static void tell_mixed(const struct media_port *p)
{
	json_t *json = about_mixer(p->mixer, "mixer.add");

	json_object_set_new(json, "port", json_integer(p->number));
	json_object_set_new(json, "muted", json_boolean(p->is_muted));
	tell(json);
}

static void close_number(int64_t number)
{
	json_t *json = request(OTHER_ID, "port.close");

	json_object_set_new(json, "port", json_integer(number));
	tell(json);
}

static void ask_spares(void)
{
	uint32_t have = list_count(&media.spares) + media.asked;

	if (wheel_is_running(&media.refill))
		return;

	for (; have < SPARES && media.link; have++) {
		json_t *json = request(OPEN_ID, "port.open");

		json_object_set_new(json, "tag", json_string("spare"));
		tell(json);
		media.asked++;
	}
}

/* ---- ports ---- */

static void port_destructor(void *data)
{
	struct media_port *p = data;

	if (p->peer)
		p->peer->peer = NULL;
	list_unlink(&p->le);
	if (media.has_list) {
		close_number(p->number);
		ask_spares();
	}
}

static struct media_port *port_make(struct list *list, uint16_t number,
				    const char *tag)
{
	struct media_port *p = mem_zalloc(sizeof(*p), port_destructor);

	if (!p)
		return NULL;
	p->number = number;
	(void)snprintf(p->tag, sizeof(p->tag), "%s", tag);
	list_append(list, &p->le, p);

	return p;
}

static struct media_port *port_in(const struct list *list, int64_t number)
{
	struct le *le;

	for (le = list_head(list); le; le = le->next) {
		struct media_port *p = le->data;

		if (p->number == number)
			return p;
	}

	return NULL;
}

struct media_port *media_port_take(const char *tag)
{
	struct media_port *p = list_ledata(list_head(&media.spares));

	if (!media.has_list)
		return NULL;
	if (!p) {
		ask_spares(); /* for the next one */
		return NULL;
	}

	list_unlink(&p->le);
	list_append(&media.ports, &p->le, p);
	(void)snprintf(p->tag, sizeof(p->tag), "%s", tag);
	tell_fields(p);
	ask_spares();

	return p;
}

struct media_port *media_port_adopt(uint16_t number, const char *tag)
{
	return port_in(&media.ports, number)
		       ? NULL
		       : port_make(&media.ports, number, tag);
}

uint16_t media_port_number(const struct media_port *p)
{
	return p->number;
}

const char *media_port_tag(const struct media_port *p)
{
	return p->tag;
}

bool media_port_is_silent(const struct media_port *p)
{
	return p->is_silent;
}

void media_port_agree(struct media_port *p, const struct terms *terms)
{
	if (terms_equal(&p->terms, terms))
		return;

	p->terms = *terms;
	if (media.has_list)
		tell_fields(p);
}

const struct terms *media_port_terms(const struct media_port *p)
{
	return &p->terms;
}

struct srtp_side *media_port_srtp(struct media_port *p)
{
	return &p->srtp;
}

void media_port_learn(struct media_port *p, const struct terms *like,
		      const struct terms_list *theirs)
{
	struct terms t = p->terms;

	if (sa_isset(&like->remote, SA_ALL))
		t.remote = like->remote;
	t.in = like->in;
	t.out = like->out;
	t.is_savp = like->is_savp;
	p->theirs = *theirs;
	terms_choose(&t, &p->theirs, &p->told);
	media_port_agree(p, &t);
}

void media_port_tell(struct media_port *p, const struct terms_list *told)
{
	struct terms t = p->terms;

	p->told = *told;
	if (!p->theirs.count)
		return; /* its own comes later, or was before a restart */
	terms_choose(&t, &p->theirs, &p->told);
	media_port_agree(p, &t);
}

void media_port_join(struct media_port *a, struct media_port *b)
{
	a->peer = b;
	b->peer = a;
	if (media.has_list)
		tell_bridge(a);
}

void media_port_play(struct media_port *p, const char *sound)
{
	if (!sound && !p->sound[0])
		return;

	(void)snprintf(p->sound, sizeof(p->sound), "%s", sound ? sound : "");
	if (media.has_list)
		tell_sound(p);
}

bool media_port_is_playing(const struct media_port *p)
{
	return p->sound[0];
}

void media_port_say(struct media_port *p, const char *sound)
{
	json_t *json;

	if (!media.has_list)
		return;
	json = about(p, "play");
	json_object_set_new(json, "sound", json_string(sound));
	tell(json);
}

/* ---- mixers ---- */

static void mixer_destructor(void *data)
{
	struct media_mixer *m = data;
	struct le *le;

	for (le = list_head(&media.ports); le; le = le->next) {
		struct media_port *p = le->data;

		if (p->mixer == m)
			p->mixer = NULL;
	}
	list_unlink(&m->le);
	if (media.has_list)
		tell(about_mixer(m, "mixer.close"));
}

int media_mixer_open(struct media_mixer **mp, const char *name)
{
	struct media_mixer *m = mem_zalloc(sizeof(*m), mixer_destructor);

	if (!m)
		return ENOMEM;

	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	list_append(&media.mixers, &m->le, m);
	if (media.has_list)
		tell(about_mixer(m, "mixer.open"));
	*mp = m;

	return 0;
}

void media_port_mix(struct media_port *p, struct media_mixer *mixer,
		    bool is_muted)
{
	if (p->mixer == mixer && (!mixer || p->is_muted == is_muted))
		return;

	if (p->mixer && p->mixer != mixer && media.has_list) {
		json_t *json = about_mixer(p->mixer, "mixer.remove");

		json_object_set_new(json, "port", json_integer(p->number));
		tell(json);
	}
	p->mixer = mixer;
	p->is_muted = is_muted;
	if (mixer && media.has_list)
		tell_mixed(p);
}

/* ---- recordings ---- */

void media_on_take(media_take_h *handler)
{
	media.take_handler = handler;
}

int media_record(const char *name, const char *file,
		 const struct media_source *source, uint32_t limit_s)
{
	json_t *json, *ports;

	if (!media.has_list)
		return ENOTCONN;
	if (!source->ports[0] && !source->ports[1] && !source->mixer)
		return EINVAL;

	json = request(RECORD_ID, "record");
	json_object_set_new(json, "name", json_string(name));
	json_object_set_new(json, "file", json_string(file));
	json_object_set_new(json, "limit_s", json_integer(limit_s));
	if (source->mixer) {
		json_object_set_new(json, "mixer",
				    json_string(source->mixer->name));
	}
	else {
		ports = json_array();
		for (int i = 0; i < 2; i++) {
			if (source->ports[i])
				json_array_append_new(
					ports,
					json_integer(source->ports[i]->number));
		}
		json_object_set_new(json, "ports", ports);
	}
	tell(json);

	return 0;
}

static void tell_record(const char *name, const char *what)
{
	json_t *json = request(OTHER_ID, what);

	json_object_set_new(json, "name", json_string(name));
	tell(json);
}

void media_record_pause(const char *name, bool is_paused)
{
	tell_record(name, is_paused ? "record.pause" : "record.resume");
}

void media_record_stop(const char *name)
{
	tell_record(name, "record.stop");
}

static void take_recorders(const json_t *rows)
{
	struct media_take all = { .name = NULL };

	if (!media.take_handler)
		return;
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const struct media_take take = {
			.name = json_get_text(json_array_get(rows, i), "name"),
		};

		if (take.name)
			media.take_handler(&take);
	}
	media.take_handler(&all);
}

static void take_recorded(const json_t *in)
{
	const char *reason = json_get_text(in, "reason");
	const struct media_take take = {
		.name = json_get_text(in, "name"),
		.reason = reason ? reason : "error",
		.ms = (uint64_t)json_get_int(in, "ms", 0),
	};

	if (take.name && media.take_handler)
		media.take_handler(&take);
}

/* ---- the server's list against ours ---- */

/* What we do not know of a port taken back, the server does. */
static void learn(struct media_port *p, const json_t *row)
{
	const char *playing = json_get_text(row, "playing");

	p->is_there = true;
	if (!sa_isset(&p->terms.remote, SA_ALL))
		terms_take(&p->terms, row);
	p->srtp.theirs = p->terms.in;
	p->srtp.is_savp = p->terms.is_savp;
	if (!p->sound[0] && playing && !p->mixer)
		(void)snprintf(p->sound, sizeof(p->sound), "%s", playing);
}

static void take_row(const json_t *row)
{
	int64_t number = json_get_int(row, "port", 0);
	const char *tag = json_get_text(row, "tag");
	struct media_port *p = port_in(&media.ports, number);

	if (number <= 0 || number > UINT16_MAX || !tag)
		return;
	if (p && !strcmp(p->tag, tag)) {
		learn(p, row);
	}
	else if (!strcmp(tag, "spare") && !p &&
		 list_count(&media.spares) < SPARES) {
		p = port_make(&media.spares, (uint16_t)number, tag);
		if (p)
			p->is_there = true;
	}
	else if (strncmp(tag, "voice:", 6) != 0) { /* those are voice.c's */
		log_info("media", "port %lld of \"%s\" is nobody's: closed",
			 (long long)number, tag);
		close_number(number);
	}
}

/* One that the server lost: the same number again, as it was. */
static void open_again(struct media_port *p)
{
	json_t *json = about(p, "port.open"), *srtp;

	put_fields(json, p);
	srtp = json_object_get(json, "srtp");
	if (json_is_object(srtp))
		json_object_set_new(srtp, "goes_on", json_true());
	log_info("media", "port %u of \"%s\" is opened again",
		 (unsigned)p->number, p->tag);
	tell(json);
}

static struct media_mixer *mixer_in_list(const char *name)
{
	struct le *le;

	for (le = list_head(&media.mixers); le; le = le->next) {
		struct media_mixer *m = le->data;

		if (name && !strcmp(m->name, name))
			return m;
	}

	return NULL;
}

/* Those that nobody wants are closed, those missing opened, and who is in
 * them told again. */
static void take_mixers(const json_t *rows)
{
	struct le *le;

	for (le = list_head(&media.mixers); le; le = le->next)
		((struct media_mixer *)le->data)->is_there = false;
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const char *name = json_get_text(json_array_get(rows, i),
						 "mixer");
		struct media_mixer *m = mixer_in_list(name);
		json_t *json;

		if (m) {
			m->is_there = true;
			continue;
		}
		json = request(OTHER_ID, "mixer.close");
		json_object_set_new(json, "mixer",
				    json_string(name ? name : ""));
		tell(json);
	}
	for (le = list_head(&media.mixers); le; le = le->next) {
		const struct media_mixer *m = le->data;

		if (!m->is_there)
			tell(about_mixer(m, "mixer.open"));
	}
	for (le = list_head(&media.ports); le; le = le->next) {
		const struct media_port *p = le->data;

		if (p->mixer)
			tell_mixed(p);
	}
}

static void take_list(const json_t *in)
{
	const json_t *rows = json_object_get(in, "ports");
	struct le *le;

	list_flush(&media.spares);
	for (le = list_head(&media.ports); le; le = le->next)
		((struct media_port *)le->data)->is_there = false;
	for (size_t i = 0; i < json_array_size(rows); i++)
		take_row(json_array_get(rows, i));

	for (le = list_head(&media.ports); le; le = le->next) {
		struct media_port *p = le->data;

		if (!p->is_there)
			open_again(p);
		else
			tell_fields(p);
	}
	for (le = list_head(&media.ports); le; le = le->next) {
		struct media_port *p = le->data;

		if (p->peer && p->number < p->peer->number)
			tell_bridge(p);
		if (p->sound[0] && !p->is_there)
			tell_sound(p);
	}
	take_mixers(json_object_get(in, "mixers"));
	media.has_list = true;
	take_recorders(json_object_get(in, "recorders"));
	ask_spares();
	log_info("media", "the media server is there, %u ports in use",
		 media_count());
}

static void refill(void *arg)
{
	(void)arg;
	ask_spares();
}

static void take_opened(const json_t *in)
{
	int64_t number = json_get_int(in, "port", 0);

	if (media.asked)
		media.asked--;
	if (number > 0 && number <= UINT16_MAX)
		(void)port_make(&media.spares, (uint16_t)number, "spare");
	else if (!wheel_is_running(&media.refill)) {
		log_warn("media", "no spare port: %s",
			 json_get_text(in, "detail"));
		wheel_start(&media.refill, REFILL_MS, refill, NULL);
	}
}

static void take_event(const json_t *in, const char *event)
{
	struct media_port *p;

	if (!strcmp(event, "recorded")) {
		take_recorded(in);
		return;
	}
	p = port_in(&media.ports, json_get_int(in, "port", 0));
	if (!p)
		return;
	if (!strcmp(event, "silent"))
		p->is_silent = true;
	else if (!strcmp(event, "speaks"))
		p->is_silent = false;
	media.handler(p, event, json_get_text(in, "key"));
}

static void take_line(struct span line, void *arg)
{
	const char *event;
	json_t *in = NULL;

	(void)arg;
	media.pings = 0;
	if (json_read(&in, line, LINE_MAX_BYTES, NULL))
		return;

	event = json_get_text(in, "event");
	if (event)
		take_event(in, event);
	else if (json_get_int(in, "id", 0) == LIST_ID)
		take_list(in);
	else if (json_get_int(in, "id", 0) == OPEN_ID)
		take_opened(in);
	else if (json_get_int(in, "id", 0) == RECORD_ID &&
		 !json_get_bool(in, "ok", false))
		tell(request(LIST_ID, "list")); /* which one is not there? */
	else if (!json_get_bool(in, "ok", false))
		log_warn("media", "refused: %s: %s", json_get_text(in, "code"),
			 json_get_text(in, "detail"));
	json_decref(in);
}

/* ---- the link ---- */

static void look(void *arg);

static void closed(int err, void *arg)
{
	(void)arg;
	if (media.has_list)
		log_warn("media", "the media server has gone: %s",
			 strerror(err));
	wheel_stop(&media.ping);
	media.link = mem_deref(media.link);
	media.has_list = false;
	media.asked = 0;
	wheel_start(&media.retry, 0, look, NULL);
}

/* One that hangs keeps its sockets: without this, calls would be led to it. */
static void ping(void *arg)
{
	if (media.pings >= PINGS_MAX) {
		closed(ETIMEDOUT, arg);
		return;
	}
	media.pings++;
	tell(request(PING_ID, "hello"));
	wheel_start(&media.ping, PING_MS, ping, NULL);
}

static void look(void *arg)
{
	static const struct local_limits limits = {
		.line_max = LINE_MAX_BYTES,
		.output_max = OUTPUT_MAX_BYTES,
	};
	int fd, err;

	(void)arg;
	err = local_connect(&fd, media.path);
	if (!err) {
		err = local_link_alloc(&media.link, fd, &limits, take_line,
				       closed, NULL);
		if (err)
			(void)close(fd);
	}
	if (err) {
		if (!media.was_missed)
			log_info("media", "no media server yet: %s",
				 strerror(err));
		media.was_missed = true;
		wheel_start(&media.retry, RETRY_MS, look, NULL);
		return;
	}
	media.was_missed = false;
	media.pings = 0;
	wheel_start(&media.ping, PING_MS, ping, NULL);
	if (media.is_restored)
		tell(request(LIST_ID, "list"));
}

void media_restored(void)
{
	media.is_restored = true;
	tell(request(LIST_ID, "list"));
}

int media_init(const char *dir, media_event_h *handler)
{
	int n = snprintf(media.path, sizeof(media.path), "%s/run/%s.sock", dir,
			 pbx_settings.media_name);

	if (n < 0 || n >= (int)sizeof(media.path))
		return ENAMETOOLONG;

	media.handler = handler;
	media.is_restored = false;
	list_init(&media.ports);
	list_init(&media.spares);
	list_init(&media.mixers);
	look(NULL);

	return 0;
}

void media_close(void)
{
	wheel_stop(&media.retry);
	wheel_stop(&media.refill);
	wheel_stop(&media.ping);
	media.has_list = false;
	media.link = mem_deref(media.link);
	list_flush(&media.spares);
}

bool media_is_up(void)
{
	return media.has_list;
}

uint32_t media_count(void)
{
	return list_count(&media.ports);
}
