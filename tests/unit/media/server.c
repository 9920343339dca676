/* server.c - tests of the media server's objects, over real sockets */
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/libre.h"
#include "media/g711.h"
#include "media/server/mixer.h"
#include "media/server/player.h"
#include "media/server/port.h"
#include "media/server/recorder.h"
#include "media/server/sound.h"
#include "media/tone.h"
#include "media/wav.h"
#include "tests/unit/test.h"

enum { LIMIT_MS = 5000 };

/* A phone: a stream, and what its ear hears. */
struct end {
	struct rtp_stream *rtp;
	struct tone_ear ear;
	struct tone_gen gen;
	uint8_t pt;
	int packets;
	const struct codec *codec; /* NULL: G.711 by pt */
	struct coder *coder;
	double hz;
	uint64_t at;
	int16_t heard[CODEC_WIDE_HZ / 5]; /* the last 200 ms, when wide */
};

static char dir[64];
static char told[256];       /* what the server told, a word each */
static const char *end_word; /* stops the loop when told */
static struct wheel_timer limit;

static void stop_loop(void *arg)
{
	(void)arg;
	re_cancel();
}

static void tell(const char *word)
{
	size_t n = strlen(told);

	(void)snprintf(told + n, sizeof(told) - n, "%s%s", n ? " " : "", word);
	if (end_word && !strcmp(word, end_word))
		re_cancel();
}

static void port_event(const struct port *p, enum port_event event,
		       const char *text)
{
	static const char *const words[] = { "key", "silent", "speaks",
					     "played" };

	(void)p;
	tell(event == PORT_KEY ? text : words[event]);
}

static void recorder_ended(const struct recorder_end *end)
{
	tell(end->reason);
}

static void hear(const struct tone_heard *h, void *arg)
{
	(void)h;
	(void)arg;
}

static void take(const struct rtp_in *in, void *arg)
{
	struct end *e = arg;
	int16_t pcm[RTP_PACKET_MAX], wide[CODEC_PCM_MAX];

	e->packets++;
	if (e->codec) {
		size_t n = in->pt == e->pt
				   ? coder_decode(e->coder, wide, in->payload,
						  in->length)
				   : 0;

		memmove(e->heard, e->heard + n,
			sizeof(e->heard) - n * sizeof(*wide));
		memcpy(e->heard + ARRAY_SIZE(e->heard) - n, wide,
		       n * sizeof(*wide));
		return;
	}
	if (!g711_is_payload_type(in->pt))
		return;
	g711_decode(in->pt, pcm, in->payload, in->length);
	tone_ear_feed(&e->ear, pcm, in->length);
}

static void run_for(uint32_t ms)
{
	wheel_start(&limit, ms, stop_loop, NULL);
	re_main(NULL);
	wheel_stop(&limit);
}

static void begin(void)
{
	struct ports_config config = { .first = 0 };
	struct rtp_stream *probe = NULL;

	(void)snprintf(dir, sizeof(dir), "/tmp/holdfast-unit-XXXXXX");
	CHECK(mkdtemp(dir));
	told[0] = '\0';
	end_word = NULL;
	sa_set_str(&config.local, "127.0.0.1", 0);
	CHECK(!rtp_stream_open(&probe, &config.local, 0, 0, take, NULL));
	config.first = sa_port(rtp_stream_local(probe));
	if (config.first > 65000)
		config.first = 40000;
	config.last = (uint16_t)(config.first + 399);
	mem_deref(probe);
	ports_init(&config, port_event);
	CHECK(!sounds_init(dir));
	CHECK(!recorders_init(dir, recorder_ended));
}

static void finish(void)
{
	mixers_close();
	ports_close();
	recorders_close();
	sounds_close();
	CHECK_INT(port_count(), 0);
}

/* An end and the server's port that faces it. */
static void meet(struct end *e, struct port **pp, double hz)
{
	struct sa loopback;

	memset(e, 0, sizeof(*e));
	sa_set_str(&loopback, "127.0.0.1", 0);
	tone_ear_init(&e->ear, hear, e);
	tone_gen_sine(&e->gen, hz);
	CHECK(!rtp_stream_open(&e->rtp, &loopback, 0, 0, take, e));
	CHECK(!port_open(pp, 0));
	CHECK(!port_set_remote(*pp, rtp_stream_local(e->rtp)));
	rtp_stream_set_remote(e->rtp, rtp_stream_local((*pp)->rtp));
}

static void say_wide(struct end *e)
{
	int16_t pcm[CODEC_FRAME_MAX];
	uint8_t coded[CODEC_OCTETS_MAX];
	size_t n;

	for (int i = 0; i < CODEC_FRAME_MAX; i++)
		pcm[i] = (int16_t)(8000 * sin(2 * M_PI * e->hz *
					      (double)e->at++ / CODEC_WIDE_HZ));
	n = coder_encode(e->coder, coded, pcm);
	(void)rtp_stream_send(e->rtp, e->pt, false, coded, n,
			      codec_step(e->codec));
}

static void say(struct end *e)
{
	int16_t pcm[TONE_FRAME];
	uint8_t coded[TONE_FRAME];

	if (e->codec) {
		say_wide(e);
		return;
	}

	tone_gen_make(&e->gen, pcm, TONE_FRAME);
	g711_encode(e->pt, coded, pcm, TONE_FRAME);
	(void)rtp_stream_send(e->rtp, e->pt, false, coded, TONE_FRAME,
			      TONE_FRAME);
}

static void talk_for(struct end **ends, int count, int frames)
{
	for (int i = 0; i < frames; i++) {
		for (int k = 0; k < count; k++)
			say(ends[k]);
		run_for(20);
	}
}

static void a_bridge_carries_both_ways(void)
{
	struct end a, b, *ends[] = { &a, &b };
	struct port *pa, *pb;

	begin();
	meet(&a, &pa, 440);
	meet(&b, &pb, 660);
	port_join(pa, pb);
	talk_for(ends, 2, 30);
	CHECK_INT(a.ear.now.hz, 660);
	CHECK_INT(b.ear.now.hz, 440);
	CHECK(a.packets >= 28 && b.packets >= 28);

	port_close(pa);
	CHECK(!pb->peer);
	CHECK(port_find(pb->number) == pb);
	mem_deref(a.rtp);
	mem_deref(b.rtp);
	finish();
}

static void bridging_anew_leaves_no_third(void)
{
	struct port *p[3];

	begin();
	for (int i = 0; i < 3; i++)
		CHECK(!port_open(&p[i], 0));
	port_join(p[0], p[1]);
	port_join(p[2], p[1]);
	CHECK(!p[0]->peer && p[1]->peer == p[2] && p[2]->peer == p[1]);
	port_part(p[1]);
	CHECK(!p[1]->peer && !p[2]->peer);
	finish();
}

static void addresses_of_nobody_are_refused(void)
{
	static const char *const bad[] = { "0.0.0.0", "224.0.0.1",
					   "255.255.255.255", "::1" };
	struct port *p;
	struct sa sa;

	begin();
	CHECK(!port_open(&p, 0));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		sa_set_str(&sa, bad[i], 5000);
		CHECK_INT(port_set_remote(p, &sa), EINVAL);
	}
	sa_set_str(&sa, "127.0.0.1", p->number);
	CHECK_INT(port_set_remote(p, &sa), EINVAL);
	sa_set_str(&sa, "127.0.0.1", 0);
	CHECK_INT(port_set_remote(p, &sa), EINVAL);
	CHECK(!port_set_remote(p, NULL));
	finish();
}

static void play_it(struct sound *sound, int err, void *arg)
{
	CHECK_INT(err, 0);
	CHECK(!player_start(arg, sound, false));
}

static void a_file_is_played_to_its_end(void)
{
	struct wav_writer *w;
	struct tone_gen gen;
	int16_t pcm[TONE_FRAME];
	char path[100];
	struct port *p;
	struct end a;

	begin();
	(void)snprintf(path, sizeof(path), "%s/a.wav", dir);
	CHECK(!wav_writer_open(&w, path, TONE_RATE_HZ));
	tone_gen_sine(&gen, 990);
	for (int i = 0; i < 25; i++) {
		tone_gen_make(&gen, pcm, TONE_FRAME);
		CHECK(!wav_writer_add(w, pcm, TONE_FRAME));
	}
	CHECK(!wav_writer_close(w));
	mem_deref(w);

	meet(&a, &p, 440);
	CHECK_INT(sound_get("../a.wav", play_it, p), EINVAL);
	CHECK_INT(sound_get("a.txt", play_it, p), EINVAL);
	CHECK_INT(sound_get(".hidden.wav", play_it, p), EINVAL);
	CHECK(!sound_get("a.wav", play_it, mem_ref(p)));
	end_word = "played";
	run_for(LIMIT_MS);
	CHECK_STR(told, "played");
	CHECK(!p->player);
	run_for(50);
	CHECK_INT(a.packets, 25);
	CHECK_INT(a.ear.now.hz, 990);
	mem_deref(a.rtp);
	finish();
}

static void music_is_heard_as_music(void)
{
	struct port *p;
	struct end a;

	begin();
	meet(&a, &p, 440);
	CHECK(!sound_get("melody", play_it, mem_ref(p)));
	for (int i = 0; i < 20; i++) {
		run_for(100);
		if (i >= 5)
			CHECK_INT(a.ear.now.kind, TONE_MUSIC);
	}
	CHECK_STR(player_sound(p), "melody");
	mem_deref(a.rtp);
	finish();
}

static void each_hears_the_others(void)
{
	struct end e[3], *ends[] = { &e[0], &e[1], &e[2] };
	struct port *p[3];
	struct mixer *m;

	begin();
	CHECK(!mixer_open(&m, "m"));
	CHECK_INT(mixer_open(&m, "m"), EEXIST);
	m = mixer_find("m");
	for (int i = 0; i < 3; i++) {
		meet(&e[i], &p[i], 440 + 200 * i);
		e[i].pt = i == 1 ? G711_ALAW : G711_ULAW;
		CHECK(!port_set_codec(p[i], e[i].pt));
		CHECK(!mixer_add(m, p[i], false));
	}
	CHECK(!mixer_add(m, p[2], true));
	talk_for(ends, 3, 40);
	for (int n = 0;
	     n < 20 && (e[0].ear.now.hz != 640 || e[1].ear.now.hz != 440 ||
			e[2].ear.now.kind != TONE_MUSIC);
	     n++)
		talk_for(ends, 3, 10); /* a busy machine loses some */
	CHECK_INT(e[0].ear.now.hz, 640);
	CHECK_INT(e[1].ear.now.hz, 440);
	CHECK_INT(e[2].ear.now.kind, TONE_MUSIC);

	port_close(p[1]);
	CHECK_INT(mixer_count(m), 2);
	talk_for(ends, 1, 30);
	for (int n = 0; n < 20 && e[2].ear.now.hz != 440; n++)
		talk_for(ends, 1, 10);
	CHECK_INT(e[2].ear.now.hz, 440);
	mixer_close(m);
	CHECK(!p[0]->mixer);
	for (int i = 0; i < 3; i++)
		mem_deref(e[i].rtp);
	finish();
}

/* Share of a tone in what a wide end heard last. */
static double wide_share(const struct end *e, double hz)
{
	return tone_share(e->heard, ARRAY_SIZE(e->heard), hz / 2);
}

static void become_wide(struct end *e, struct port *p, const char *name,
			uint32_t clock_hz, uint8_t pt, double hz)
{
	struct port_format format = { .payload = pt };

	e->codec = codec_find(name, clock_hz);
	e->pt = pt;
	e->hz = hz;
	CHECK(!coder_open(&e->coder, e->codec));
	format.codec = e->codec;
	CHECK(!port_set_formats(p, &format, 1));
	CHECK(!port_set_codec(p, pt));
}

static void a_wide_file_is_heard_wide(void)
{
	struct wav_writer *w;
	int16_t pcm[CODEC_WIDE_HZ];
	char path[100];
	struct port *p;
	struct end a;

	begin();
	(void)snprintf(path, sizeof(path), "%s/w.wav", dir);
	CHECK(!wav_writer_open(&w, path, CODEC_WIDE_HZ));
	for (int i = 0; i < CODEC_WIDE_HZ; i++)
		pcm[i] = (int16_t)(8000 *
				   sin(2 * M_PI * 5300 * i / CODEC_WIDE_HZ));
	CHECK(!wav_writer_add(w, pcm, CODEC_WIDE_HZ));
	CHECK(!wav_writer_close(w));
	mem_deref(w);

	meet(&a, &p, 440);
	become_wide(&a, p, "opus", 48000, 96, 440);
	CHECK(!sound_get("w.wav", play_it, mem_ref(p)));
	end_word = "played";
	run_for(LIMIT_MS);
	CHECK_STR(told, "played");
	run_for(50);
	CHECK(wide_share(&a, 5300) > 0.8);
	mem_deref(a.rtp);
	mem_deref(a.coder);
	finish();
}

static void wide_and_narrow_meet(void)
{
	struct end e[3], *ends[] = { &e[0], &e[1], &e[2] };
	struct recorder_begin rec = { .name = "r",
				      .file = "wide.wav",
				      .limit_s = 60 };
	struct port *p[3];
	struct mixer *m;

	begin();
	CHECK(!mixer_open(&m, "m"));
	for (int i = 0; i < 3; i++) {
		meet(&e[i], &p[i], 700);
		CHECK(!mixer_add(m, p[i], false));
	}
	CHECK(!mixer_is_wide(m));
	CHECK_INT(port_set_codec(p[0], 97), EINVAL);
	become_wide(&e[0], p[0], "opus", 48000, 97, 5100);
	become_wide(&e[1], p[1], "G722", 8000, 9, 1900);
	rec.mixer = m;
	run_for(50);
	CHECK(mixer_is_wide(m));
	CHECK(!recorder_start(&rec));
	talk_for(ends, 3, 50);
	for (int n = 0; n < 20 && (wide_share(&e[1], 5100) < 0.2 ||
				   wide_share(&e[0], 1900) < 0.2 ||
				   wide_share(&e[0], 700) < 0.2);
	     n++)
		talk_for(ends, 3, 10);
	CHECK(wide_share(&e[1], 5100) > 0.2);
	CHECK(wide_share(&e[0], 1900) > 0.2);
	CHECK(wide_share(&e[0], 700) > 0.2);
	CHECK(wide_share(&e[0], 5100) < 0.05);

	/* the narrow one hears what it can */
	for (int n = 0; n < 20 && e[2].ear.now.hz != 1900; n++)
		talk_for(ends, 3, 10);
	CHECK_INT(e[2].ear.now.hz, 1900);
	end_word = "stopped";
	recorder_stop(recorder_find("r"), "stopped");
	run_for(LIMIT_MS);

	/* it is narrow again when they have gone */
	port_close(p[0]);
	port_close(p[1]);
	run_for(50);
	CHECK(!mixer_is_wide(m));
	for (int i = 0; i < 3; i++) {
		mem_deref(e[i].rtp);
		mem_deref(e[i].coder);
	}
	finish();
}

/* In the best stretch: a busy machine may leave gaps in between. */
static double best_share(const struct wav *w, double hz)
{
	double best = 0;

	for (size_t i = 0; i + 400 <= w->count; i += 80) {
		double share = tone_share(w->pcm + i, 400, hz);

		if (tone_share(w->pcm + i, 400, 440) +
			    tone_share(w->pcm + i, 400, 660) >
		    0.8)
			best = share > best ? share : best;
	}

	return best;
}

static void a_recording_has_both_sides(void)
{
	struct end a, b, *ends[] = { &a, &b };
	struct recorder_begin rec = {
		.name = "r", .file = "r.wav", .port_count = 2, .limit_s = 2
	};
	static const double hz[] = { 440, 660 };
	struct wav *w = NULL;
	char path[100];

	begin();
	meet(&a, &rec.ports[0], hz[0]);
	meet(&b, &rec.ports[1], hz[1]);
	CHECK(!recorder_start(&rec));
	CHECK_INT(recorder_start(&rec), EEXIST);
	talk_for(ends, 2, 50);
	recorder_pause(recorder_find("r"), true);
	run_for(200);
	recorder_pause(recorder_find("r"), false);
	end_word = "limit";
	run_for(LIMIT_MS);
	CHECK_STR(told, "limit");
	CHECK(!recorder_find("r"));

	(void)snprintf(path, sizeof(path), "%s/r.wav", dir);
	CHECK(!wav_load(&w, path, NULL));
	CHECK_INT(w->count, 16000);
	for (int i = 0; i < 2; i++)
		CHECK(best_share(w, hz[i]) > 0.25);
	mem_deref(w);
	mem_deref(a.rtp);
	mem_deref(b.rtp);
	finish();
}

static void a_tap_keeps_the_newest(void)
{
	static struct tap t;
	int16_t pcm[TAP_SAMPLES + 10];

	for (int i = 0; i < TAP_SAMPLES + 10; i++)
		pcm[i] = (int16_t)i;
	memset(&t, 0, sizeof(t));
	CHECK(!tap_take(&t, pcm + 5, 0));
	tap_put(&t, pcm, 160);
	CHECK(!tap_take(&t, (int16_t[160]){ 0 }, 160)); /* waits for two */
	tap_put(&t, pcm, TAP_SAMPLES + 10);
	memset(pcm, 0xff, sizeof(pcm));
	CHECK(tap_take(&t, pcm, 160));
	CHECK_INT(pcm[0], 10);
	CHECK_INT(pcm[159], 169);
	tap_put(&t, pcm, 200);
	CHECK(tap_take(&t, pcm, TAP_SAMPLES));
	CHECK_INT(pcm[0], 210);
	CHECK(!tap_take(&t, pcm, 160));
	CHECK_INT(pcm[0], 0);
}

static void keys_pressed_and_received(void)
{
	struct port *pa, *pb;
	struct end a, b;

	begin();
	meet(&a, &pa, 440);
	meet(&b, &pb, 660);
	CHECK_INT(port_press(pa, "x"), EINVAL);
	CHECK(!port_press(pa, "42"));
	for (int i = 0; i < 30; i++)
		run_for(20);
	CHECK(a.packets >= 10);

	struct dtmf_sender keys = { .queued = 0 };

	CHECK(!dtmf_sender_add(&keys, "7#"));
	for (int i = 0; i < 30; i++) {
		(void)dtmf_sender_tick(&keys, b.rtp, DTMF_PAYLOAD_TYPE);
		run_for(5);
	}
	CHECK_STR(told, "7 #");
	mem_deref(a.rtp);
	mem_deref(b.rtp);
	finish();
}

static const struct test tests[] = {
	{ "a bridge carries both ways; a closed port leaves the other alone",
	  a_bridge_carries_both_ways },
	{ "bridging anew leaves no third", bridging_anew_leaves_no_third },
	{ "addresses that are nobody's, and our own, are refused",
	  addresses_of_nobody_are_refused },
	{ "a file is played to its end", a_file_is_played_to_its_end },
	{ "the melody is heard as music", music_is_heard_as_music },
	{ "in a conference each hears the others, in its own codec",
	  each_hears_the_others },
	{ "a wide file is heard wide by who can", a_wide_file_is_heard_wide },
	{ "wide and narrow meet: 16 kHz while there is anybody to hear it",
	  wide_and_narrow_meet },
	{ "a recording has both sides and ends at its limit",
	  a_recording_has_both_sides },
	{ "a tap keeps the newest", a_tap_keeps_the_newest },
	{ "keys are pressed and received", keys_pressed_and_received },
};

TEST_MAIN("media/server", tests)
