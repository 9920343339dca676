/* rtp.c - tests of media/rtp.h, pacer.h and RFC 4733 over loopback */
#include <unistd.h>

#include "base/libre.h"
#include "media/dtmf.h"
#include "media/g711.h"
#include "media/pacer.h"
#include "media/rtp.h"
#include "media/tone.h"
#include "tests/unit/test.h"

enum { LIMIT_MS = 5000 };

/* Two streams that send to each other, and what the second got. */
struct pair {
	struct rtp_stream *a, *b;
	struct pacer pacer;
	struct wheel_timer limit;
	struct dtmf_sender keys;
	struct dtmf_receiver receiver;
	struct tone_gen gen;
	struct tone_ear ear;
	char got_keys[80];
	size_t got_count;
	struct tone_heard heard;
	uint32_t lost;
	int packets;
	int want_packets;
};

static void stop_loop(void *arg)
{
	(void)arg;
	re_cancel();
}

static void hear(const struct tone_heard *h, void *arg)
{
	struct pair *p = arg;

	p->heard = *h;
}

static void take(const struct rtp_in *in, void *arg)
{
	struct pair *p = arg;
	int16_t pcm[RTP_PACKET_MAX];

	p->packets++;
	p->lost += in->lost;
	if (in->pt == DTMF_PAYLOAD_TYPE) {
		char key = dtmf_receive(&p->receiver, in);

		if (key && p->got_count < sizeof(p->got_keys) - 1)
			p->got_keys[p->got_count++] = key;
	}
	else {
		g711_decode(in->pt, pcm, in->payload, in->length);
		tone_ear_feed(&p->ear, pcm, in->length);
	}
	if (p->want_packets && p->packets >= p->want_packets)
		re_cancel();
}

static void ignore(const struct rtp_in *in, void *arg)
{
	(void)in;
	(void)arg;
}

static void pair_open(struct pair *p)
{
	struct sa loopback;

	memset(p, 0, sizeof(*p));
	sa_set_str(&loopback, "127.0.0.1", 0);
	tone_ear_init(&p->ear, hear, p);
	CHECK(!rtp_stream_open(&p->a, &loopback, 0, 0, ignore, p));
	CHECK(!rtp_stream_open(&p->b, &loopback, 0, 0, take, p));
	CHECK_INT(sa_port(rtp_stream_local(p->a)) % 2, 0);
	rtp_stream_set_remote(p->a, rtp_stream_local(p->b));
	rtp_stream_set_remote(p->b, rtp_stream_local(p->a));
	wheel_start(&p->limit, LIMIT_MS, stop_loop, p);
}

static void pair_close(struct pair *p)
{
	wheel_stop(&p->limit);
	pacer_stop(&p->pacer);
	p->a = mem_deref(p->a);
	p->b = mem_deref(p->b);
}

static void send_tone(void *arg)
{
	struct pair *p = arg;
	int16_t pcm[TONE_FRAME];
	uint8_t coded[TONE_FRAME];

	if (dtmf_sender_tick(&p->keys, p->a, DTMF_PAYLOAD_TYPE))
		return;
	if (p->keys.key == 0 && p->got_count == 16)
		re_cancel();
	tone_gen_make(&p->gen, pcm, TONE_FRAME);
	g711_encode(G711_ULAW, coded, pcm, TONE_FRAME);
	(void)rtp_stream_send(p->a, G711_ULAW, false, coded, TONE_FRAME,
			      TONE_FRAME);
}

static void tone_crosses_the_loopback(void)
{
	struct pair p;
	uint64_t begun = wheel_now_ms();

	pair_open(&p);
	p.want_packets = 25;
	tone_gen_sine(&p.gen, 440);
	pacer_start(&p.pacer, send_tone, &p);
	re_main(NULL);
	CHECK(p.packets >= 25); /* a late tick sends two at once */
	CHECK_INT(p.heard.kind, TONE_SINE);
	CHECK_INT(p.heard.hz, 440);
	CHECK_INT(rtp_stream_counts(p.b)->rx_lost, 0);
	CHECK(wheel_now_ms() - begun >= 24 * PACER_MS);
	pair_close(&p);
}

static void sixteen_keys_cross_once_each(void)
{
	struct pair p;

	pair_open(&p);
	tone_gen_sine(&p.gen, 440);
	CHECK_INT(dtmf_sender_add(&p.keys, "12x"), EINVAL);
	CHECK(!dtmf_sender_add(&p.keys, "0123456789*#ABCd"));
	pacer_start(&p.pacer, send_tone, &p);
	re_main(NULL);
	CHECK_STR(p.got_keys, "0123456789*#ABCD");
	CHECK(!dtmf_sender_is_busy(&p.keys));
	pair_close(&p);
}

/* Send a hand-made packet from a socket of its own. */
static void send_raw(int fd, const struct sa *to, uint16_t seq, uint32_t ssrc)
{
	uint8_t p[12 + 160] = { 0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq };

	p[11] = (uint8_t)ssrc;
	CHECK(sendto(fd, p, sizeof(p), 0, &to->u.sa, to->len) ==
	      (ssize_t)sizeof(p));
}

static int open_raw(struct sa *local)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	sa_set_str(local, "127.0.0.1", 0);
	CHECK(fd >= 0 && !bind(fd, &local->u.sa, local->len));
	local->len = sizeof(local->u);
	CHECK(!getsockname(fd, &local->u.sa, &local->len));
	return fd;
}

static void run_for(uint32_t ms)
{
	struct wheel_timer t = { 0 };

	wheel_start(&t, ms, stop_loop, NULL);
	re_main(NULL);
}

static void strangers_are_not_heard(void)
{
	struct pair p;
	struct sa own, stranger;
	int fd, fd_stranger;

	pair_open(&p);
	fd = open_raw(&own);
	fd_stranger = open_raw(&stranger);
	rtp_stream_set_remote(p.b, &own);
	for (uint16_t i = 0; i < 10; i++) {
		send_raw(fd, rtp_stream_local(p.b), i, 7);
		send_raw(fd_stranger, rtp_stream_local(p.b), i, 9);
	}
	run_for(100);
	CHECK_INT(p.packets, 10);
	CHECK_INT(rtp_stream_counts(p.b)->rx_foreign, 10);
	pair_close(&p);
	close(fd);
	close(fd_stranger);
}

static void loss_and_order_are_counted(void)
{
	static const uint16_t seqs[] = { 65533, 65534, 1,     0,     2,    2,
					 9,     40000, 40001, 39999, 40002 };
	struct pair p;
	struct sa own;
	int fd;

	pair_open(&p);
	fd = open_raw(&own);
	rtp_stream_set_remote(p.b, &own);
	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++)
		send_raw(fd, rtp_stream_local(p.b), seqs[i], 7);
	run_for(100);
	CHECK_INT(p.packets, 8);
	CHECK_INT(rtp_stream_counts(p.b)->rx_late, 3);
	CHECK_INT(p.lost, 2 + 6);
	pair_close(&p);
	close(fd);
}

static void rubbish_is_refused(void)
{
	static const struct {
		uint8_t data[24];
		size_t length;
	} rows[] = {
		{ { 0x80 }, 11 },                       /* short */
		{ { 0x40 }, 12 },                       /* version 1 */
		{ { 0x8f }, 24 },                       /* csrc beyond end */
		{ { 0x90 }, 12 },                       /* no extension */
		{ { 0x90, 0, [14] = 0xff, 0xff }, 24 }, /* endless extension */
		{ { 0xa0, [23] = 0 }, 24 },             /* padding of none */
		{ { 0xa0, [23] = 13 }, 24 },            /* padding beyond */
		{ { 0x80, 200 }, 24 },                  /* RTCP */
	};
	struct rtp_in in;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(rtp_in_decode(&in, rows[i].data, rows[i].length),
			  EBADMSG);
	CHECK(!rtp_in_decode(&in, (const uint8_t[24]){ 0xa0, [23] = 12 }, 24));
	CHECK_INT(in.length, 0);
}

static void ports_stay_in_their_range(void)
{
	struct rtp_stream *s[8] = { 0 }, *extra = NULL;
	struct sa loopback;
	uint16_t base = 0;
	int opened = 0;

	sa_set_str(&loopback, "127.0.0.1", 0);
	CHECK(!rtp_stream_open(&extra, &loopback, 0, 0, ignore, NULL));
	base = sa_port(rtp_stream_local(extra));
	for (int i = 0; i < 8; i++) {
		if (rtp_stream_open(&s[i], &loopback, base,
				    (uint16_t)(base + 7), ignore, NULL))
			continue;
		opened++;
		CHECK(sa_port(rtp_stream_local(s[i])) > base);
		CHECK(sa_port(rtp_stream_local(s[i])) <= base + 6);
	}
	CHECK(opened <= 3);
	for (int i = 0; i < 8; i++)
		mem_deref(s[i]);
	mem_deref(extra);
}

static const struct test tests[] = {
	{ "a tone crosses the loopback and is measured",
	  tone_crosses_the_loopback },
	{ "sixteen keys cross as events, once each",
	  sixteen_keys_cross_once_each },
	{ "strangers are not heard", strangers_are_not_heard },
	{ "loss, lateness and a restart are counted",
	  loss_and_order_are_counted },
	{ "what is not RTP is refused", rubbish_is_refused },
	{ "ports stay in their range", ports_stay_in_their_range },
};

TEST_MAIN("media/rtp", tests)
