/* port.c - see port.h */
#include "base/log.h"
#include "media/server/mixer.h"
#include "media/server/player.h"
#include "media/server/port.h"

static struct {
	struct ports_config config;
	port_event_h *handler;
	struct list all;
	uint32_t count;
	struct port *by_pair[UINT16_MAX / 2 + 1];
} ports;

void ports_init(const struct ports_config *config, port_event_h *handler)
{
	ports.config = *config;
	ports.handler = handler;
	list_init(&ports.all);
}

void ports_close(void)
{
	struct le *le;

	while ((le = list_head(&ports.all)))
		port_close(le->data);
}

const struct list *port_list(void)
{
	return &ports.all;
}

uint32_t port_count(void)
{
	return ports.count;
}

uint32_t port_count_max(void)
{
	return (uint32_t)(ports.config.last - ports.config.first + 1) / 2;
}

uint64_t port_moment(void)
{
	static uint64_t last;

	return ++last;
}

struct port *port_find(int64_t number)
{
	if (number <= 0 || number > UINT16_MAX || number % 2)
		return NULL;

	return ports.by_pair[number / 2];
}

void port_tell(const struct port *p, enum port_event event, const char *text)
{
	ports.handler(p, event, text);
}

static void port_destructor(void *data)
{
	struct port *p = data;

	if (ports.by_pair[p->number / 2] == p) {
		ports.by_pair[p->number / 2] = NULL;
		ports.count--;
	}
	list_unlink(&p->le);
	wheel_stop(&p->silence);
	tick_stop(&p->key_tick);
	port_sound_close(&p->sound);
	mem_deref(p->in);
	mem_deref(p->out);
	mem_deref(p->rtp);
}

/* ---- silence ---- */

static void look_for_silence(void *arg)
{
	struct port *p = arg;
	uint64_t idle = rtp_stream_idle_ms(p->rtp);
	uint64_t limit = p->silence_s * 1000ull;

	if (p->is_silent)
		return;
	if (idle >= limit) {
		p->is_silent = true;
		port_tell(p, PORT_SILENT, NULL);
		return;
	}
	wheel_start(&p->silence, limit - idle, look_for_silence, p);
}

void port_set_silence(struct port *p, uint32_t seconds)
{
	p->silence_s = seconds;
	p->is_silent = false;
	if (seconds)
		wheel_start(&p->silence, seconds * 1000ull, look_for_silence,
			    p);
	else
		wheel_stop(&p->silence);
}

static void heard_again(struct port *p)
{
	p->is_silent = false;
	port_set_silence(p, p->silence_s);
	port_tell(p, PORT_SPEAKS, NULL);
}

/* ---- packets ---- */

static bool is_multicast(const struct sa *sa)
{
	if (sa_af(sa) == AF_INET)
		return sa_in(sa) >> 28 == 0xe || sa_in(sa) == UINT32_MAX;

	return sa->u.in6.sin6_addr.s6_addr[0] == 0xff;
}

/* What our own ports send to each other could run in a circle for ever. */
static bool is_ours(const struct sa *sa)
{
	bool is_here = sa_cmp(sa, &ports.config.local, SA_ADDR) ||
		       (sa_is_any(&ports.config.local) && sa_is_loopback(sa));

	return is_here && port_find(sa_port(sa) & ~1);
}

static bool is_key(const struct port *p, uint8_t pt)
{
	return pt == p->key_payload || p->key_types[pt / 64] >> pt % 64 & 1;
}

static void take(const struct rtp_in *in, void *arg)
{
	struct port *p = arg;

	if (is_ours(rtp_stream_remote(p->rtp)))
		return;
	if (p->peer && !p->peer->player && !p->peer->mixer)
		(void)rtp_stream_forward(p->peer->rtp, in->packet,
					 in->packet_length);
	if (!is_key(p, in->pt)) {
		if (list_head(&p->taps))
			port_sound_hear(&p->sound, in, &p->taps);
	}
	else {
		char key[2] = { dtmf_receive(&p->receiver, in), '\0' };

		if (key[0])
			port_tell(p, PORT_KEY, key);
	}
	if (p->is_silent)
		heard_again(p);
}

static void take_report(const uint8_t *data, size_t length, void *arg)
{
	struct port *p = arg;

	if (p->peer && !p->peer->player && !p->peer->mixer)
		(void)rtp_stream_forward_report(p->peer->rtp, data, length);
}

/* ---- life ---- */

int port_open(struct port **pp, uint16_t number)
{
	uint16_t first = number ? number : ports.config.first;
	uint16_t last = number ? (uint16_t)(number + 1) : ports.config.last;
	struct port *p;
	int err;

	if (number && (number % 2 || number < ports.config.first ||
		       number + 1 > ports.config.last))
		return EINVAL;

	p = mem_zalloc(sizeof(*p), port_destructor);
	if (!p)
		return ENOMEM;
	p->stops = port_moment();
	port_sound_init(&p->sound);
	p->key_payload = DTMF_PAYLOAD_TYPE;
	err = rtp_stream_open(&p->rtp, &ports.config.local, first, last, take,
			      p);
	if (err)
		goto out;
	rtp_stream_set_relay(p->rtp, take_report);
	p->number = sa_port(rtp_stream_local(p->rtp));
	ports.by_pair[p->number / 2] = p;
	ports.count++;
	list_append(&ports.all, &p->le, p);

out:
	if (err)
		mem_deref(p);
	else
		*pp = p;

	return err;
}

void port_close(struct port *p)
{
	struct le *le;

	port_part(p);
	player_stop(p);
	if (p->mixer)
		mixer_remove(p->mixer, p);
	while ((le = list_head(&p->taps)))
		port_untap(le->data);
	mem_deref(p);
}

int port_set_remote(struct port *p, const struct sa *remote)
{
	if (!remote) {
		sa_init(&p->remote, AF_UNSPEC);
		rtp_stream_set_remote(p->rtp, NULL);
		return 0;
	}
	if (sa_af(remote) != sa_af(&ports.config.local) || sa_is_any(remote) ||
	    !sa_port(remote) || is_multicast(remote) || is_ours(remote))
		return EINVAL;
	if (sa_is_loopback(remote) && !sa_is_loopback(&ports.config.local) &&
	    !sa_is_any(&ports.config.local))
		return EINVAL;

	p->remote = *remote;
	rtp_stream_set_remote(p->rtp, remote);
	return 0;
}

static bool is_same(const struct secure *a, const struct secure *b)
{
	return a == b ||
	       (a && b && secure_is(a, secure_suite(b), secure_key(b)));
}

void port_secure(struct port *p, struct secure *in, struct secure *out,
		 bool goes_on)
{
	bool has_in = is_same(p->in, in), has_out = is_same(p->out, out);

	if (has_in && has_out)
		return;
	in = mem_ref(has_in ? p->in : in);
	out = mem_ref(has_out ? p->out : out);
	mem_deref(p->in);
	mem_deref(p->out);
	p->in = in;
	p->out = out;
	rtp_stream_secure(p->rtp, in, out, goes_on);
}

void port_part(struct port *p)
{
	if (p->peer)
		p->peer->peer = NULL;
	p->peer = NULL;
}

void port_join(struct port *a, struct port *b)
{
	if (a->peer == b)
		return;

	port_part(a);
	port_part(b);
	a->peer = b;
	b->peer = a;
}

int port_tap(struct port *p, struct tap *t)
{
	if (list_count(&p->taps) >= PORT_TAPS_MAX)
		return ENOSPC;

	list_append(&p->taps, &t->le, t);
	return 0;
}

void port_untap(struct tap *t)
{
	list_unlink(&t->le);
}

/* ---- sound of our own ---- */

void port_speak(struct port *p, const int16_t *pcm, bool is_wide)
{
	uint32_t step = codec_step(p->sound.codec);
	uint8_t coded[CODEC_OCTETS_MAX];
	size_t n;

	if (dtmf_sender_is_busy(&p->keys)) {
		rtp_stream_skip(p->rtp, step);
		return;
	}
	n = port_sound_make(&p->sound, coded, pcm, is_wide);
	if (n)
		(void)rtp_stream_send(p->rtp, p->sound.payload, !p->has_talked,
				      coded, n, step);
	else
		rtp_stream_skip(p->rtp, step);
	p->has_talked = true;
}

bool port_is_wide(const struct port *p)
{
	return p->sound.codec->is_wide;
}

int port_set_codec(struct port *p, uint8_t payload)
{
	const struct codec *codec = port_sound_codec(&p->sound, payload);

	if (!codec)
		return EINVAL;

	p->sound.payload = payload;
	p->sound.codec = codec;
	p->keys.clock_hz = codec->clock_hz;
	rtp_stream_set_clock(p->rtp, codec->clock_hz);

	return 0;
}

int port_set_formats(struct port *p, const struct port_format *formats,
		     uint32_t count)
{
	if (count > PORT_FORMATS_MAX)
		return EINVAL;

	memcpy(p->sound.formats, formats, count * sizeof(*formats));
	p->sound.format_count = count;
	if (port_set_codec(p, p->sound.payload))
		(void)port_set_codec(p, 0);

	return 0;
}

void port_set_key_types(struct port *p, const uint64_t types[2])
{
	p->key_types[0] = types[0];
	p->key_types[1] = types[1];
}

void port_set_keys(struct port *p, uint8_t payload, uint32_t clock_hz)
{
	p->key_payload = payload;
	p->keys.key_hz = clock_hz;
}

static void press_on(void *arg)
{
	struct port *p = arg;

	(void)dtmf_sender_tick(&p->keys, p->rtp, p->key_payload);
	if (!dtmf_sender_is_busy(&p->keys)) {
		tick_stop(&p->key_tick);
		return;
	}
	if (!p->player && !p->mixer)
		rtp_stream_skip(p->rtp, codec_step(p->sound.codec));
}

int port_press(struct port *p, const char *keys)
{
	int err = dtmf_sender_add(&p->keys, keys);

	if (!err)
		tick_start(&p->key_tick, press_on, p);

	return err;
}
