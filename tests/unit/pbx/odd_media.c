/* odd_media.c - tests of addresses that speech must not be sent to */
#include "pbx/speech/odd_media.h"
#include "pbx/settings.h"
#include "sip/stack.h"
#include "tests/unit/test.h"

static struct sip *stack;
static struct sip_flow *near_flow, *far_flow;

static void ignore(const struct sip_message *m, struct sip_flow *flow,
		   void *arg)
{
	(void)m;
	(void)flow;
	(void)arg;
}

static void up(void)
{
	struct sa sa;

	pbx_settings.refuses_odd_media = true;
	CHECK_INT(sip_alloc(&stack, NULL, ignore, NULL, NULL), 0);
	CHECK_INT(sa_set_str(&sa, "127.0.0.1", 0), 0);
	CHECK_INT(sip_listen(stack, SIP_UDP, &sa, NULL), 0);
	CHECK_INT(sa_set_str(&sa, "127.0.0.1", 5060), 0);
	CHECK_INT(sip_flow_get(&near_flow, stack, SIP_UDP, &sa, NULL), 0);
	CHECK_INT(sa_set_str(&sa, "192.0.2.1", 5060), 0);
	CHECK_INT(sip_flow_get(&far_flow, stack, SIP_UDP, &sa, NULL), 0);
}

static void down(void)
{
	near_flow = mem_deref(near_flow);
	far_flow = mem_deref(far_flow);
	stack = mem_deref(stack);
}

static const char *body_of(const char *address)
{
	static char buf[400];

	(void)snprintf(buf, sizeof(buf),
		       "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
		       "c=IN %s\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
		       address);
	return buf;
}

static void addresses(void)
{
	static const struct {
		const char *address;
		bool is_odd_near, is_odd_far;
	} rows[] = {
		{ "IP4 192.0.2.7", false, false },
		{ "IP4 0.0.0.0", false, false },
		{ "IP4 host.example", false, false },
		{ "IP4 223.255.255.255", false, false },
		{ "IP6 2001:db8::1", false, false },
		{ "IP6 ::", false, false },
		{ "IP4 127.0.0.1", false, true },
		{ "IP4 127.9.9.9", false, true },
		{ "IP6 ::1", false, true },
		{ "IP6 ::ffff:127.0.0.1", false, true },
		{ "IP4 0.0.0.1", true, true },
		{ "IP4 224.0.0.1", true, true },
		{ "IP4 224.2.1.1/127/3", true, true },
		{ "IP4 239.255.255.255", true, true },
		{ "IP4 240.0.0.1", true, true },
		{ "IP4 255.255.255.255", true, true },
		{ "IP6 ff02::1", true, true },
		{ "IP6 ::ffff:224.0.0.1", true, true },
	};

	up();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span body = span_of(body_of(rows[i].address));

		if (odd_media_is(body, near_flow) != rows[i].is_odd_near ||
		    odd_media_is(body, far_flow) != rows[i].is_odd_far)
			test_fail(__FILE__, __LINE__, "%s", rows[i].address);
	}
	down();
}

static void shapes(void)
{
	up();
	CHECK(!odd_media_is((struct span){ NULL, 0 }, far_flow));
	CHECK(!odd_media_is(SPAN("c="), far_flow));
	CHECK(!odd_media_is(SPAN("c=IN IP4 "), far_flow));
	CHECK(odd_media_is(SPAN("c=IN IP4 224.0.0.1"), far_flow));
	CHECK(odd_media_is(SPAN("v=0\nc=IN IP4 224.0.0.1\n"), far_flow));
	CHECK(odd_media_is(SPAN("a=rtcp:9 IN IP4 224.0.0.1\r\n"), far_flow));
	CHECK(!odd_media_is(SPAN("a=rtcp:9\r\n"), far_flow));
	pbx_settings.refuses_odd_media = false;
	CHECK(!odd_media_is(SPAN("c=IN IP4 224.0.0.1"), far_flow));
	down();
}

static void mended(void)
{
	struct span out;

	up();
	out = odd_media_mend(span_of(body_of("IP4 127.0.0.1")), far_flow);
	CHECK(memmem(out.p, out.len, "c=IN IP4 0.0.0.0\r\n", 18));
	CHECK(!memmem(out.p, out.len, "127.", 4));
	out = odd_media_mend(SPAN("c=IN IP4 224.0.0.1"), far_flow);
	CHECK_INT(out.len, 0);
	out = odd_media_mend(SPAN("anything"), far_flow);
	CHECK_INT(out.len, 8);
	down();
}

static const struct test tests[] = {
	{ "addresses that are odd for a phone here, and for one elsewhere",
	  addresses },
	{ "descriptions that are short, and addresses of RTCP", shapes },
	{ "odd addresses become 0.0.0.0", mended },
};

TEST_MAIN("pbx/odd_media", tests)
