/* sdp.c - session descriptions: parse, edit, offer and answer */
#include <errno.h>

#include "sip/sdp.h"
#include "tests/unit/test.h"

static struct sdp sdp;
static char buf[SDP_MAX_BYTES * 2];

#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\n"

static void out_is(const struct sip_out *o, const char *want)
{
	static char got[4096];

	CHECK(o->len < sizeof(got));
	memcpy(got, o->p, o->len);
	got[o->len] = 0;
	CHECK_STR(got, want);
}

static void test_parse(void)
{
	static const char body[] = HEAD
		"c=IN IP4 192.0.2.1\r\nt=0 0\r\na=sendonly\r\n"
		"m=audio 4000/2 RTP/AVP 96 0 101\r\n"
		"a=rtpmap:96 opus/48000/2\r\n"
		"a=rtpmap:101 telephone-event/8000\r\n"
		"a=rtcp:4005 IN IP4 1.2.3.4\r\n"
		"m=video 0 RTP/AVP 31\r\n"
		"m=image 5000 udptl t38\nc=IN IP6 2001:db8::1\na=inactive";
	const struct sdp_media *a = &sdp.media[0];
	struct sdp_codec c;

	CHECK_INT(sdp_parse(&sdp, SPAN(body)), 0);
	CHECK_INT(sdp.media_count, 3);
	CHECK(span_equal(sdp.session_version, SPAN("2")));
	CHECK_INT(a->port, 4000);
	CHECK_INT(a->rtcp_port, 4005);
	CHECK_INT(a->direction, SDP_DIRECTION_SENDONLY);
	CHECK_INT(a->format_count, 3);
	CHECK(span_equal(a->address, SPAN("192.0.2.1")));
	CHECK(sdp_codec(&sdp, a, sdp_format(a, 0), &c));
	CHECK_STR(c.name, "opus");
	CHECK_INT(c.channels, 2);
	CHECK(sdp_codec(&sdp, a, sdp_format(a, 1), &c));
	CHECK_STR(c.name, "PCMU");
	CHECK(!sdp_format(a, 3).len);
	CHECK(span_equal(sdp.media[2].address, SPAN("2001:db8::1")));
	CHECK(sdp.media[2].is_ipv6);
	CHECK_INT(sdp.media[2].direction, SDP_DIRECTION_INACTIVE);
	CHECK(sdp_media_active(&sdp, "audio") == a);
	CHECK(!sdp_media_active(&sdp, "video"));
}

static void test_bad(void)
{
	static const char *const rows[] = {
		"",
		"o=- 1 2 IN IP4 1.2.3.4\r\n",
		"v=1\r\n" HEAD,
		"v=0\r\n",
		HEAD "m =audio 1 RTP/AVP 0\r\n",
		HEAD "m=audio 1 RTP/AVP 0\r\n", /* no address */
		HEAD "c=IN IP4 1.2.3.4\r\nm=audio 65536 RTP/AVP 0\r\n",
		HEAD "c=IN IP4 1.2.3.4\r\nm=audio -1 RTP/AVP 0\r\n",
		HEAD "c=IN IP4 1.2.3.4\r\nm=audio 1 RTP/AVP\r\n",
		HEAD "c=IN IP6 1:2\r\n",
		HEAD "c=IN IP4 a b\x01\r\n",
		HEAD "c=IN IP4\r\n",
		HEAD "junk\r\n",
		"v=0\r\no=- 1 2 IN\r\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!sdp_parse(&sdp, span_of(rows[i])))
			test_fail(__FILE__, __LINE__, "accepted row %zu", i);
	}
}

static int parse_many(const char *start, const char *line, int count)
{
	size_t n = (size_t)snprintf(buf, sizeof(buf), "%s", start);

	for (int i = 0; i < count; i++)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s", line);

	return sdp_parse(&sdp, (struct span){ buf, (uint32_t)n });
}

static void test_limits(void)
{
	static const char m[] = "m=audio 0 RTP/AVP 0\r\n";

	CHECK_INT(parse_many(HEAD, m, SDP_MEDIA_MAX), 0);
	CHECK_INT(parse_many(HEAD, m, SDP_MEDIA_MAX + 1), E2BIG);
	CHECK_INT(parse_many(HEAD "m=audio 0 RTP/AVP", " 0", SDP_FORMATS_MAX),
		  0);
	CHECK_INT(
		parse_many(HEAD "m=audio 0 RTP/AVP", " 0", SDP_FORMATS_MAX + 1),
		E2BIG);
	CHECK_INT(parse_many(HEAD, "a=candidate:x\r\n", SDP_CANDIDATES_MAX), 0);
	CHECK_INT(parse_many(HEAD, "a=candidate:x\r\n", SDP_CANDIDATES_MAX + 1),
		  E2BIG);
	CHECK_INT(parse_many(HEAD, "a=x\r\n", SDP_LINES_MAX - 3), 0);
	CHECK_INT(parse_many(HEAD, "a=x\r\n", SDP_LINES_MAX - 2), E2BIG);
}

static void test_edit(void)
{
	static const char body[] = HEAD
		"c=IN IP4 192.0.2.1\r\nt=0 0\r\na=ice-lite\r\n"
		"m=audio 4000 RTP/AVP 96 0 101\r\n"
		"a=rtpmap:96 opus/48000/2\r\na=fmtp:96 x=y\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
		"a=rtcp:4001\r\na=candidate:1\r\na=sendrecv\r\na=x-new:1\r\n"
		"m=video 5000 RTP/AVP 31\r\na=foo\r\n";
	static const char *const drop[] = { "candidate", "ice-*", NULL };
	struct sdp_edit e;
	struct sip_out o;

	CHECK_INT(sdp_parse(&sdp, SPAN(body)), 0);
	sdp_edit_init(&e);
	sip_out_init(&o, buf, sizeof(buf));
	CHECK_INT(sdp_write(&o, &sdp, &e), 0);
	out_is(&o, body);

	e.address = "2001:db8::5";
	e.version = 77;
	e.drop = drop;
	e.media[0].port = 6000;
	e.media[0].direction = SDP_DIRECTION_SENDONLY;
	e.media[0].formats = SPAN("0 101");
	e.media[0].drop = drop;
	e.media[0].add = "a=rtcp-mux\r\n";
	e.media[0].address = "198.51.100.1";
	e.media[1].is_refused = true;
	sip_out_init(&o, buf, sizeof(buf));
	CHECK_INT(sdp_write(&o, &sdp, &e), 0);
	out_is(&o, "v=0\r\no=- 1 77 IN IP6 2001:db8::5\r\ns=-\r\n"
		   "c=IN IP6 2001:db8::5\r\nt=0 0\r\n"
		   "m=audio 6000 RTP/AVP 0 101\r\nc=IN IP4 198.51.100.1\r\n"
		   "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
		   "a=x-new:1\r\na=sendonly\r\na=rtcp-mux\r\n"
		   "m=video 0 RTP/AVP 31\r\n");
}

static void test_answer(void)
{
	static const char body[] = HEAD
		"c=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		"m=audio 3000 RTP/SAVP 0\r\n"
		"m=audio 4000 RTP/AVP 96 8 0 99\r\n"
		"a=rtpmap:96 opus/48000/2\r\n"
		"a=rtpmap:99 telephone-event/8000\r\na=sendonly\r\n"
		"a=ptime:30\r\n"
		"m=video 5000 RTP/AVP 31\r\n";
	struct sdp_audio ours;
	struct sdp_agreed got;
	struct sip_out o;

	CHECK_INT(sdp_parse(&sdp, SPAN(body)), 0);
	sdp_audio_init(&ours, "198.51.100.1", 7000, 42);
	sip_out_init(&o, buf, sizeof(buf));
	CHECK_INT(sdp_audio_answer(&o, &got, &sdp, &ours), 0);
	out_is(&o, "v=0\r\no=- 42 1 IN IP4 198.51.100.1\r\ns=-\r\n"
		   "c=IN IP4 198.51.100.1\r\nt=0 0\r\n"
		   "m=audio 0 RTP/SAVP 0\r\n"
		   "m=audio 7000 RTP/AVP 8 99\r\n"
		   "a=rtpmap:8 PCMA/8000\r\n"
		   "a=rtpmap:99 telephone-event/8000\r\na=fmtp:99 0-16\r\n"
		   "a=ptime:20\r\na=recvonly\r\n"
		   "m=video 0 RTP/AVP 31\r\n");
	CHECK_STR(got.codec.name, "PCMA");
	CHECK_INT(got.dtmf_payload, 99);
	CHECK_INT(got.port, 4000);
	CHECK_INT(got.rtcp_port, 4001);
	CHECK_STR(got.address, "192.0.2.1");
	CHECK_INT(got.direction, SDP_DIRECTION_RECVONLY);
	CHECK(got.is_held);
	CHECK_INT(got.ptime_ms, 30);
	CHECK_INT(got.media_index, 1);
}

static void test_offer(void)
{
	static char offer[2048];
	struct sdp_audio ours, theirs;
	struct sdp_agreed got;
	struct sip_out o;

	sdp_audio_init(&ours, "2001:db8::1", 7000, 1);
	sdp_audio_init(&theirs, "192.0.2.1", 8000, 2);
	theirs.codecs[0] = theirs.codecs[1]; /* PCMA first */
	sip_out_init(&o, offer, sizeof(offer));
	CHECK_INT(sdp_audio_write(&o, &ours), 0);
	CHECK_INT(sdp_parse(&sdp, sip_out_span(&o)), 0);
	CHECK_INT(sdp_audio_read(&got, &sdp, &theirs), 0);
	CHECK_STR(got.codec.name, "PCMA");
	CHECK_INT(got.direction, SDP_DIRECTION_SENDRECV);
	CHECK(!got.is_held);
	theirs.codec_count = 0;
	CHECK_INT(sdp_audio_read(&got, &sdp, &theirs), ENOENT);
}

static void test_wide(void)
{
	static const char body[] = HEAD
		"c=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP 18 107 0 101 110\r\n"
		"a=rtpmap:107 OPUS/48000/2\r\n"
		"a=rtpmap:101 telephone-event/8000\r\n"
		"a=rtpmap:110 telephone-event/48000\r\n";
	static const struct sdp_codec opus = { 96, "opus", 48000, 2, "x=1" };
	static const struct sdp_codec keys = { 102, "telephone-event", 48000, 1,
					       NULL };
	struct sdp_agreed agreed;
	struct sdp_audio ours;
	struct sip_out o;

	CHECK_INT(sdp_parse(&sdp, SPAN(body)), 0);
	sdp_audio_init(&ours, "192.0.2.9", 6000, 5);
	ours.codecs[ours.codec_count++] = opus;
	CHECK_INT(sdp_audio_read(&agreed, &sdp, &ours), 0);
	CHECK_INT(agreed.codec.payload, 107);
	CHECK_INT(agreed.dtmf_payload, 101); /* better than none */
	CHECK_INT(agreed.dtmf_rate, 8000);

	ours.codecs[ours.codec_count++] = keys;
	sip_out_init(&o, buf, sizeof(buf));
	CHECK_INT(sdp_audio_answer(&o, &agreed, &sdp, &ours), 0);
	CHECK_INT(agreed.dtmf_payload, 110);
	out_is(&o, "v=0\r\no=- 5 1 IN IP4 192.0.2.9\r\ns=-\r\n"
		   "c=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		   "m=audio 6000 RTP/AVP 107 110\r\n"
		   "a=rtpmap:107 OPUS/48000/2\r\na=fmtp:107 x=1\r\n"
		   "a=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-16\r\n"
		   "a=ptime:20\r\na=sendrecv\r\n");
}

static void test_null_address(void)
{
	struct sdp_audio ours;
	struct sdp_agreed got;

	CHECK_INT(sdp_parse(&sdp, SPAN(HEAD "c=IN IP4 0.0.0.0\r\n"
					    "m=audio 1 RTP/AVP 0\r\n")),
		  0);
	sdp_audio_init(&ours, "192.0.2.1", 8000, 2);
	CHECK_INT(sdp_audio_read(&got, &sdp, &ours), 0);
	CHECK(got.is_held);
	CHECK_INT(got.direction, SDP_DIRECTION_RECVONLY);
}

static const struct test tests[] = {
	{ "a description falls into its parts", test_parse },
	{ "broken descriptions are refused", test_bad },
	{ "SDP limits hold at their edge", test_limits },
	{ "an edit changes what it names and nothing else", test_edit },
	{ "an answer takes the first audio it can and refuses the rest",
	  test_answer },
	{ "an offer is read back", test_offer },
	{ "Opus is agreed with the keys of its clock", test_wide },
	{ "address 0.0.0.0 is hold", test_null_address },
};

TEST_MAIN("sip/sdp", tests)
