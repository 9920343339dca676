/* uri.c - URIs, addresses, Via values */
#include <errno.h>

#include "sip/address.h"
#include "sip/param.h"
#include "tests/unit/test.h"

static void test_good(void)
{
	static const struct {
		const char *text, *user, *host, *params, *headers;
		int port;
	} rows[] = {
		{ "sip:a@b", "a", "b", "", "", 0 },
		{ "SIP:b", "", "b", "", "", 0 },
		{ "sips:a:p@b.c:5061;lr?x=y", "a", "b.c", "lr", "x=y", 5061 },
		{ "sip:a;b=c@d", "a;b=c", "d", "", "", 0 },
		{ "sip:*21#@d", "*21#", "d", "", "", 0 },
		{ "sip:%00@d", "%00", "d", "", "", 0 },
		{ "sip:[2001:db8::1]:5070", "", "[2001:db8::1]", "", "", 5070 },
		{ "tel:+1-202-555;phone-context=a.b", "+1-202-555", "",
		  "phone-context=a.b", "", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_uri u;

		if (sip_uri_parse(&u, span_of(rows[i].text)))
			test_fail(__FILE__, __LINE__, "refused %s",
				  rows[i].text);
		CHECK(span_equal(u.user, span_of(rows[i].user)));
		CHECK(span_equal(u.host, span_of(rows[i].host)));
		CHECK(span_equal(u.params, span_of(rows[i].params)));
		CHECK(span_equal(u.headers, span_of(rows[i].headers)));
		CHECK_INT(u.port, rows[i].port);
	}
}

static void test_bad(void)
{
	static const char *const rows[] = {
		"",
		"sip:",
		"sip",
		"sip:@b",
		"sip:a@",
		"sip:a@b@c",
		"sip:a b@c",
		"<sip:a@b>",
		"sip:a@b:0",
		"sip:a@b:65536",
		"sip:a@b:x",
		"sip:a@b;",
		"sip:a@b;=c",
		"sip:a@b;c;;d",
		"sip:a@b?",
		"sip:a%4@b",
		"sip:a%zz@b",
		"sip:2001:db8::10",
		"sip:[2001:db8:::1]",
		"sip:[::1",
		"sip:a@b\x01",
		"1sip:a@b",
		"tel:",
		"http:a b",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_uri u;

		if (!sip_uri_parse(&u, span_of(rows[i])))
			test_fail(__FILE__, __LINE__, "accepted %s", rows[i]);
	}
}

static void test_limits(void)
{
	char text[SIP_URI_MAX_BYTES + 2];
	struct sip_uri u;

	memset(text, 'a', sizeof(text));
	memcpy(text, "sip:", 4);
	CHECK_INT(sip_uri_parse(&u, (struct span){ text, SIP_URI_MAX_BYTES }),
		  0);
	CHECK_INT(
		sip_uri_parse(&u, (struct span){ text, SIP_URI_MAX_BYTES + 1 }),
		E2BIG);
	text[4 + SIP_USER_MAX_BYTES] = '@';
	CHECK_INT(sip_uri_parse(&u, (struct span){ text, 200 }), 0);
	text[4 + SIP_USER_MAX_BYTES] = 'a';
	text[5 + SIP_USER_MAX_BYTES] = '@';
	CHECK_INT(sip_uri_parse(&u, (struct span){ text, 200 }), E2BIG);
}

/* Of RFC 3261 19.1.4 */
static void test_equal(void)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{ "sip:%61lice@atlanta.com;transport=TCP",
		  "sip:alice@AtLanTa.CoM;Transport=tcp", true },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5",
		  true },
		{ "sip:carol@chicago.com;newparam=5",
		  "sip:carol@chicago.com;security=on", true },
		{ "sip:carol@chicago.com;security=on",
		  "sip:carol@chicago.com;security=off", false },
		{ "SIP:ALICE@AtLanTa.CoM;Transport=udp",
		  "sip:alice@AtLanTa.CoM;Transport=UDP", false },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp",
		  false },
		{ "sip:bob@biloxi.com", "sip:bob@192.0.2.4", false },
		{ "sip:a@b", "sips:a@b", false },
		{ "sip:%00@b", "sip:%00%00@b", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_uri a, b;

		CHECK_INT(sip_uri_parse(&a, span_of(rows[i].a)), 0);
		CHECK_INT(sip_uri_parse(&b, span_of(rows[i].b)), 0);
		if (sip_uri_equal(&a, &b) != rows[i].equal ||
		    sip_uri_equal(&b, &a) != rows[i].equal)
			test_fail(__FILE__, __LINE__, "%s and %s", rows[i].a,
				  rows[i].b);
	}
}

static void test_unescape(void)
{
	struct sip_uri u;
	char user[8];

	CHECK_INT(sip_uri_parse(&u, SPAN("sip:a%2541@b")), 0);
	CHECK_INT(sip_uri_user(&u, user, sizeof(user)), 0);
	CHECK_STR(user, "a%41");
	CHECK_INT(sip_uri_parse(&u, SPAN("sip:a%00b@b")), 0);
	CHECK_INT(sip_uri_user(&u, user, sizeof(user)), EBADMSG);
	CHECK_INT(sip_uri_parse(&u, SPAN("sip:12345678@b")), 0);
	CHECK_INT(sip_uri_user(&u, user, sizeof(user)), E2BIG);
	CHECK_INT(sip_uri_parse(&u, SPAN("sip:b")), 0);
	CHECK_INT(sip_uri_user(&u, user, sizeof(user)), ENOENT);
}

static void test_address(void)
{
	struct sip_address a;
	char name[16];

	CHECK_INT(sip_address_parse(&a, SPAN("sip:a@b;x=y;tag=1")), 0);
	CHECK(!a.is_bracketed);
	CHECK_INT(a.uri.params.len, 0);
	CHECK(span_equal(a.tag, SPAN("1")));

	CHECK_INT(sip_address_parse(&a, SPAN("\"A \\\"B\\\" \\\\\" <sip:a@b;x>"
					     " ; tag = t ;q=\"a;b\"")),
		  0);
	sip_address_name(&a, name, sizeof(name));
	CHECK_STR(name, "A \"B\" \\");
	CHECK(span_equal(a.uri.params, SPAN("x")));
	CHECK(span_equal(a.tag, SPAN("t")));

	CHECK_INT(sip_address_parse(&a, SPAN("caller<sip:a@b>")), 0);
	sip_address_name(&a, name, sizeof(name));
	CHECK_STR(name, "caller");
	CHECK_INT(sip_address_parse(&a, SPAN("*")), 0);
	CHECK(a.is_star);

	/* a character is not cut in the middle, a broken one left out */
	CHECK_INT(sip_address_parse(&a, SPAN("\"\xc3\xa4\xff\xc3\xa4\" "
					     "<sip:a@b>")),
		  0);
	sip_address_name(&a, name, 4);
	CHECK_STR(name, "\xc3\xa4");
	sip_address_name(&a, name, sizeof(name));
	CHECK_STR(name, "\xc3\xa4\xc3\xa4");
}

static void test_via(void)
{
	struct sip_hop h;

	CHECK_INT(sip_hop_parse(&h, SPAN("SIP / 2.0\r\n / UDP\r\n 192.0.2.2 "
					 ": 99 ;rport; branch=\r\n z9hG4bK1;"
					 "received=192.0.2.1")),
		  0);
	CHECK(span_equal(h.transport, SPAN("UDP")));
	CHECK(span_equal(h.host, SPAN("192.0.2.2")));
	CHECK_INT(h.port, 99);
	CHECK(h.has_rport);
	CHECK_INT(h.rport, 0);
	CHECK(span_equal(h.branch, SPAN("z9hG4bK1")));
	CHECK(span_equal(h.received, SPAN("192.0.2.1")));
	CHECK_INT(sip_hop_parse(&h, SPAN("SIP/2.0/UDP h;rport=99999")),
		  EBADMSG);
	CHECK_INT(sip_hop_parse(&h, SPAN("SIP/2.0/UDP h:0")), EBADMSG);
	CHECK_INT(sip_hop_parse(&h, SPAN("SIP/3.0/UDP h")), EBADMSG);
	CHECK_INT(sip_hop_parse(&h, SPAN("")), EBADMSG);
}

static void test_lists(void)
{
	struct span rest = SPAN("a, \"b,c\" <x,y>;z=1,,"), v;
	int n = 0;

	while (sip_list_next(&rest, &v))
		n++;
	CHECK_INT(n, 4);
	CHECK(sip_params_are_good(SPAN("a=b;c")));
	CHECK(sip_params_are_good(SPAN("")));
	CHECK(!sip_params_are_good(SPAN("a=b;;c")));
	CHECK(!sip_params_are_good(SPAN("a=\"b")));
	CHECK(!sip_params_are_good(SPAN("a=")));
}

static const struct test tests[] = {
	{ "good URIs fall into their parts", test_good },
	{ "bad URIs are refused", test_bad },
	{ "URI limits hold at their edge", test_limits },
	{ "URIs are equal as RFC 3261 19.1.4 says", test_equal },
	{ "escapes are undone once and never cut a name", test_unescape },
	{ "addresses give URI, name and tag", test_address },
	{ "Via values may have blanks anywhere", test_via },
	{ "lists and parameters know quotes", test_lists },
};

TEST_MAIN("sip/uri", tests)
