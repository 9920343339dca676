/* speech.c - see speech.h */
#include "base/wheel.h"
#include "media/dtmf.h"
#include "media/codec.h"
#include "media/pacer.h"
#include "media/resample.h"
#include "media/rtp.h"
#include "media/secure.h"
#include "phone/audio.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/speech.h"

enum {
	QUIET_MS = 60, /* without a packet the ear hears silence */
	CALL_ID_SIZE = 24,
	LOST_MAX = 5, /* packets made good with silence */
};

struct speech {
	struct engine *e; /* borrowed */
	char call[CALL_ID_SIZE];
	char address[64];
	struct rtp_stream *rtp;
	struct coder *out;
	struct coder *in;
	struct resample up;    /* of what is said, where the codec is wide */
	struct resample down;  /* of what is heard */
	struct secure *key_in; /* SRTP, or NULL */
	struct secure *key_out;
	struct pacer pacer;
	struct sdp_audio ours;
	struct sdp_agreed agreed;
	uint32_t step; /* of timestamps, a packet */
	bool is_agreed;
	bool is_open;
	bool is_muted;
	bool is_talking; /* the last tick sent a packet */
	struct voice voice;
	struct dtmf_sender keys;
	struct dtmf_receiver receiver;
	struct tone_gen key_tone; /* keys in band */
	uint32_t key_left;        /* samples */
	struct tone_ear ear;
	enum tone_kind local; /* tone of our own, or TONE_SILENCE */
	bool is_deaf;         /* on hold: nobody listens */
	struct tone_heard told;
};

static void speech_destructor(void *data)
{
	struct speech *s = data;

	pacer_stop(&s->pacer);
	mem_deref(s->rtp);
	mem_deref(s->out);
	mem_deref(s->in);
	mem_deref(s->key_in);
	mem_deref(s->key_out);
}

/* ---- hearing ---- */

/* Tell what the user hears now, unless that was told already. */
static void tell(struct speech *s)
{
	struct tone_heard now = { .kind = s->local };
	bool is_local = s->local != TONE_SILENCE;

	if (!is_local && !s->is_deaf)
		now = s->ear.now;
	if (now.kind == s->told.kind && now.hz == s->told.hz &&
	    now.digit == s->told.digit)
		return;
	s->told = now;
	face_heard(s->e, s->call, &now, is_local ? "local" : "line");
}

static void heard(const struct tone_heard *h, void *arg)
{
	(void)h;
	tell(arg);
}

static void hear_key(struct speech *s, const struct rtp_in *in)
{
	struct tone_heard h = { .kind = TONE_DTMF };

	h.digit = dtmf_receive(&s->receiver, in);
	if (h.digit)
		face_heard(s->e, s->call, &h, "line");
}

/* What was lost is silence, so that later sounds stand in their places. */
static void keep_heard(const struct speech *s, uint32_t lost,
		       const int16_t *pcm, size_t count)
{
	static const int16_t nothing[TONE_FRAME];

	if (s->e->ear < 0)
		return;
	for (uint32_t i = 0; i < lost; i++) {
		if (write(s->e->ear, nothing, sizeof(nothing)) < 0)
			return;
	}
	if (write(s->e->ear, pcm, count * sizeof(*pcm)) < 0)
		return;
}

/* What a payload type means: as agreed, as we said, or always. */
static const struct codec *codec_of(const struct speech *s, uint8_t pt)
{
	if (pt == s->agreed.codec.payload)
		return codec_find(s->agreed.codec.name, s->agreed.codec.rate);
	for (uint8_t i = 0; i < s->ours.codec_count; i++) {
		if (s->ours.codecs[i].payload == pt)
			return codec_find(s->ours.codecs[i].name,
					  s->ours.codecs[i].rate);
	}

	return codec_static(pt);
}

static struct coder *coder_for(struct coder **cp, const struct codec *codec)
{
	if (*cp && coder_codec(*cp) == codec)
		return *cp;
	*cp = mem_deref(*cp);
	(void)coder_open(cp, codec);

	return *cp;
}

static void hear(struct speech *s, const struct codec *codec,
		 const struct rtp_in *in)
{
	int16_t pcm[CODEC_PCM_MAX], narrow[CODEC_PCM_MAX / 2];
	const int16_t *sound = pcm;
	struct coder *c = coder_for(&s->in, codec);
	uint32_t lost = in->lost < LOST_MAX ? in->lost : LOST_MAX;
	size_t n = c ? coder_decode(c, pcm, in->payload, in->length) : 0;

	if (codec->is_wide) {
		resample_down(&s->down, narrow, pcm, n);
		sound = narrow;
		n /= 2;
	}
	tone_ear_feed_silence(&s->ear, (size_t)lost * TONE_FRAME);
	tone_ear_feed(&s->ear, sound, n);
	keep_heard(s, lost, sound, n);
}

static void receive(const struct rtp_in *in, void *arg)
{
	struct speech *s = arg;
	const struct codec *codec;

	if (!s->is_agreed)
		return;
	codec = codec_of(s, in->pt);
	if (codec)
		hear(s, codec, in);
	else if (in->pt == s->agreed.dtmf_payload ||
		 in->pt == DTMF_PAYLOAD_TYPE)
		hear_key(s, in);
}

/* ---- talking ---- */

static bool may_send(const struct speech *s)
{
	return s->is_agreed && (s->agreed.direction & SDP_DIRECTION_SENDONLY) &&
	       s->ours.direction == SDP_DIRECTION_SENDRECV;
}

/* Before the answer keys alone: what asks for them may be heard by then, an
 * account code or a PIN; the microphone waits. */
static bool is_sending(const struct speech *s)
{
	return may_send(s) &&
	       (s->is_open || dtmf_sender_is_busy(&s->keys) || s->key_left);
}

/* Keys as sound, for a far end without telephone-event. */
static bool make_key_sound(struct speech *s, int16_t *pcm)
{
	struct tone_spec spec;

	if (!s->key_left && s->keys.queued) {
		(void)dtmf_tone_spec(&spec, s->keys.queue[0]);
		tone_gen_init(&s->key_tone, &spec);
		s->keys.queued--;
		memmove(s->keys.queue, s->keys.queue + 1, s->keys.queued);
		s->key_left = 2 * DTMF_KEY_MS * (TONE_RATE_HZ / 1000);
	}
	if (!s->key_left)
		return false;

	memset(pcm, 0, TONE_FRAME * sizeof(*pcm));
	if (s->key_left > DTMF_KEY_MS * (TONE_RATE_HZ / 1000))
		tone_gen_make(&s->key_tone, pcm, TONE_FRAME);
	s->key_left -= TONE_FRAME;
	return true;
}

static void send_coded(struct speech *s, const int16_t *pcm)
{
	uint8_t pt = s->agreed.codec.payload;
	const struct codec *codec = codec_of(s, pt);
	struct coder *c = codec ? coder_for(&s->out, codec) : NULL;
	uint8_t coded[CODEC_OCTETS_MAX];
	int16_t wide[CODEC_FRAME_MAX];
	size_t n;

	if (!c)
		return;
	if (codec->is_wide) {
		resample_up(&s->up, wide, pcm, TONE_FRAME);
		pcm = wide;
	}
	n = coder_encode(c, coded, pcm);
	if (n)
		(void)rtp_stream_send(s->rtp, pt, !s->is_talking, coded, n,
				      codec_step(codec));
	s->is_talking = true;
}

static void send_frame(struct speech *s)
{
	int16_t pcm[TONE_FRAME];

	if (s->agreed.dtmf_payload &&
	    dtmf_sender_tick(&s->keys, s->rtp, s->agreed.dtmf_payload))
		return;
	if (s->agreed.dtmf_payload || !make_key_sound(s, pcm)) {
		audio_read(s->e->audio, &s->voice, pcm, TONE_FRAME);
		if (s->is_muted || !s->is_open)
			memset(pcm, 0, sizeof(pcm));
	}

	send_coded(s, pcm);
}

static void tick(void *arg)
{
	struct speech *s = arg;

	if (rtp_stream_idle_ms(s->rtp) > QUIET_MS)
		tone_ear_feed_silence(&s->ear, TONE_FRAME);

	if (is_sending(s)) {
		send_frame(s);
	}
	else {
		rtp_stream_skip(s->rtp, s->step);
		s->is_talking = false;
	}
}

/* ---- descriptions ---- */

/* One way's key: the one it has goes on when it is the same. */
static void take_key(struct secure **sp, const struct sdp_crypto *c,
		     bool is_out)
{
	const char *suite = sdp_suite_name(c->suite);

	if (suite && secure_is(*sp, suite, c->key))
		return;
	*sp = mem_deref(*sp);
	if (suite)
		(void)secure_open(sp, suite, c->key, is_out);
}

static void act_on(struct speech *s, const struct sdp_agreed *agreed)
{
	const struct codec *codec;
	struct sa remote;

	s->agreed = *agreed;
	s->is_agreed = true;
	codec = codec_of(s, agreed->codec.payload);
	if (codec) {
		s->step = codec_step(codec);
		s->keys.clock_hz = codec->clock_hz;
		s->keys.key_hz = agreed->dtmf_rate;
		rtp_stream_set_clock(s->rtp, codec->clock_hz);
	}
	s->ours.offered_suite = agreed->ours.suite;
	if (agreed->ours.suite && agreed->is_savp)
		s->ours.security = SDP_SECURE_ONLY;
	take_key(&s->key_in, &agreed->theirs, false);
	take_key(&s->key_out, &agreed->ours, true);
	rtp_stream_secure(s->rtp, s->key_in, s->key_out, false);
	if (!codec || !agreed->port ||
	    sa_set_str(&remote, agreed->address, agreed->port) ||
	    sa_is_any(&remote))
		rtp_stream_set_remote(s->rtp, NULL);
	else
		rtp_stream_set_remote(s->rtp, &remote);
}

/* TLS all the way to the registrar, as far as we know. */
static bool is_private(const struct engine *e)
{
	return e->account->transport == SIP_TLS;
}

int speech_open(struct speech **sp, struct engine *e, const char *call)
{
	struct speech *s;
	int err;

	s = mem_zalloc(sizeof(*s), speech_destructor);
	if (!s)
		return ENOMEM;

	s->e = e;
	snprintf(s->call, sizeof(s->call), "%s", call);
	err = rtp_stream_open(&s->rtp, &e->local, 0, 0, receive, s);
	if (err)
		goto out;
	(void)re_snprintf(s->address, sizeof(s->address), "%j", &e->local);
	sdp_audio_init(&s->ours, s->address, sa_port(rtp_stream_local(s->rtp)),
		       (uint64_t)rand_u32() << 16 | rand_u16());
	media_offer(&e->media, &s->ours, is_private(e));
	s->step = TONE_FRAME;
	tone_ear_init(&s->ear, heard, s);
	pacer_start(&s->pacer, tick, s);

out:
	if (err)
		mem_deref(s);
	else
		*sp = s;

	return err;
}

int speech_offer(struct speech *s, enum sdp_direction direction,
		 struct sip_out *o)
{
	s->ours.direction = (uint8_t)direction;
	s->ours.version++;
	return sdp_audio_write(o, &s->ours);
}

int speech_offer_again(struct speech *s, struct sip_out *o)
{
	return sdp_audio_write(o, &s->ours);
}

int speech_take_answer(struct speech *s, struct span body)
{
	struct sdp_agreed agreed;
	struct sdp sdp;
	int err;

	err = sdp_parse(&sdp, body);
	if (err)
		return err;
	err = sdp_audio_read(&agreed, &sdp, &s->ours);
	if (err)
		return err;

	act_on(s, &agreed);
	return 0;
}

int speech_answer(struct speech *s, struct span offer,
		  enum sdp_direction direction, struct sip_out *o)
{
	struct sdp_agreed agreed;
	struct sdp sdp;
	int err;

	err = sdp_parse(&sdp, offer);
	if (err)
		return err;

	s->ours.direction = (uint8_t)direction;
	s->ours.version++;
	err = sdp_audio_answer(o, &agreed, &sdp, &s->ours);
	if (err)
		return err;

	act_on(s, &agreed);
	return 0;
}

int speech_check(const struct engine *e, struct span offer)
{
	struct sdp_agreed agreed;
	struct sdp_audio ours;
	struct sdp sdp;
	int err;

	err = sdp_parse(&sdp, offer);
	if (err)
		return err;
	sdp_audio_init(&ours, "127.0.0.1", 9, 1);
	media_offer(&e->media, &ours, false);
	return sdp_audio_read(&agreed, &sdp, &ours);
}

/* ---- the user's wishes ---- */

void speech_set_open(struct speech *s, bool is_open)
{
	s->is_open = is_open;
}

void speech_set_deaf(struct speech *s, bool is_deaf)
{
	s->is_deaf = is_deaf;
	tell(s);
}

void speech_set_muted(struct speech *s, bool is_muted)
{
	s->is_muted = is_muted;
}

int speech_send_keys(struct speech *s, const char *keys)
{
	if (!may_send(s))
		return ENOTCONN;
	return dtmf_sender_add(&s->keys, keys);
}

void speech_play(struct speech *s, enum tone_kind kind)
{
	s->local = kind;
	tell(s);
}

bool speech_is_held_by_peer(const struct speech *s)
{
	return s->is_agreed && s->agreed.is_held;
}

bool speech_is_agreed(const struct speech *s)
{
	return s->is_agreed;
}

bool speech_is_silent(const struct speech *s)
{
	return s->told.kind == TONE_SILENCE;
}

const struct rtp_counts *speech_counts(const struct speech *s)
{
	return rtp_stream_counts(s->rtp);
}
