/* trace.c - tests of masking and of the printed forms of messages */
#include "pbx/watch/trace_print.h"
#include "tests/unit/test.h"

static char buf[8192];
static struct sip_out out;

static void masked(const char *text, const char *want)
{
	char copy[512];

	(void)snprintf(copy, sizeof(copy), "%s", text);
	trace_mask(copy, strlen(copy));
	CHECK_STR(copy, want);
}

static void answers(void)
{
	masked("R\r\nAuthorization: Digest a=\"b\", response=\"0123\", c=d\r\n"
	       "\r\n",
	       "R\r\nAuthorization: Digest a=\"b\", response=\"xxxx\", c=d\r\n"
	       "\r\n");
	masked("R\r\nproxy-authorization: Digest a=b,\r\n\tRESPONSE = 1\r\n\r\n",
	       "R\r\nproxy-authorization: Digest a=b,\r\n\tRESPONSE = x\r\n"
	       "\r\n");
	masked("R\r\nAuthorization: Digest a=b,\r\n response=12;x\r\n\r\n",
	       "R\r\nAuthorization: Digest a=b,\r\n response=xx;x\r\n\r\n");
	masked("R\r\nSubject: response=\"0123\"\r\n\r\n",
	       "R\r\nSubject: response=\"0123\"\r\n\r\n");
	masked("R\r\nAuthorization: response=\"01\r\n\r\n",
	       "R\r\nAuthorization: response=\"xx\r\n\r\n");
}

static void bodies(void)
{
	masked("R\r\nA: b\r\n\r\na=crypto:1 S inline:abc=|1 inline:d\r\n",
	       "R\r\nA: b\r\n\r\na=crypto:1 S inline:xxxx|1 inline:x\r\n");
	masked("R\r\n\r\nSignal=5\r\nDuration=1\r\n",
	       "R\r\n\r\nSignal=x\r\nDuration=1\r\n");
	masked("R\r\n\r\na=ice-pwd:secret", "R\r\n\r\na=ice-pwd:xxxxxx");
	masked("", "");
	masked("no end", "no end");
}

static void keys(void)
{
	static const char a[] = "R\r\nCall-ID: x@y \r\nSession-ID: "
				"0123456789abcdef0123456789abcdef;r=0\r\n\r\n";
	static const char b[] = "R\r\ni:x@y\r\n\r\nSession-ID: late\r\n";
	uint64_t id1, id2, s1, s2;

	trace_keys(&id1, &s1, a, strlen(a));
	trace_keys(&id2, &s2, b, strlen(b));
	CHECK(id1 && id1 == id2);
	CHECK(s1 && !s2);
	trace_keys(&id1, &s1, "", 0);
	CHECK(!id1 && !s1);
}

static struct trace_message message(const char *from, const char *to,
				    const char *text)
{
	struct trace_message m = { .time_us = 1500000, .is_sent = true };

	CHECK_INT(sa_set_str(&m.source, from, 5060), 0);
	CHECK_INT(sa_set_str(&m.target, to, 5062), 0);
	m.remote = m.target;
	m.text = span_of(text);

	return m;
}

static void pcap(void)
{
	struct trace_message m = message("2001:db8::1", "2001:db8::2", "odd");

	sip_out_init(&out, buf, sizeof(buf));
	trace_pcap(&out, &m);
	CHECK_INT(out.len, 16 + 40 + 8 + 3);
	CHECK_INT((uint8_t)buf[16], 0x60);
	m = message("192.0.2.1", "192.0.2.2", "odd");
	sip_out_init(&out, buf, sizeof(buf));
	trace_pcap(&out, &m);
	CHECK_INT(out.len, 16 + 20 + 8 + 3);
	CHECK_INT((uint8_t)buf[16], 0x45);
	sip_out_init(&out, buf, 30);
	trace_pcap(&out, &m);
	CHECK(out.is_full);
}

static void hep(void)
{
	struct trace_message m = message("2001:db8::1", "2001:db8::2", "text");

	sip_out_init(&out, buf, sizeof(buf));
	trace_hep(&out, &m, SPAN("id"));
	CHECK(!memcmp(buf, "HEP3", 4));
	CHECK_INT((uint8_t)buf[4] << 8 | (uint8_t)buf[5], out.len);
	CHECK(!memcmp(buf + out.len - 4, "text", 4));
	CHECK_INT(buf[12], 10); /* IPv6 */
}

static void ladder(void)
{
	struct trace_ladder l = { .count = 0 };
	char to[32];

	for (int i = 0; i < 9; i++) {
		(void)snprintf(to, sizeof(to), "192.0.2.%d", i + 10);
		struct trace_message m = message("192.0.2.1", to, "junk");

		trace_ladder_meet(&l, &m);
		trace_ladder_meet(&l, &m);
	}
	CHECK_INT(l.count, TRACE_ENDS_MAX);
	sip_out_init(&out, buf, sizeof(buf));
	struct trace_message m = message("192.0.2.1", "192.0.2.18", "junk");

	trace_ladder_line(&out, &l, &m);
	buf[out.len] = '\0';
	CHECK(strstr(buf, "- no SIP -") && strstr(buf, ">|\n"));
}

static const struct test tests[] = {
	{ "digest answers are masked, in folded lines too", answers },
	{ "keys of media and digits are masked", bodies },
	{ "Call-ID, also compact, and Session-ID are found in the head", keys },
	{ "packets of IPv4 and IPv6", pcap },
	{ "HEP3 of IPv6, its length, its payload", hep },
	{ "a ladder has six ends at most; what is no SIP does no harm",
	  ladder },
};

TEST_MAIN("pbx/trace", tests)
