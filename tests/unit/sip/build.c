/* build.c - what is written, and that nothing foreign breaks it */
#include "sip/build.h"
#include "tests/unit/test.h"

static char buf[4096];

static void out_is(const struct sip_out *o, const char *want)
{
	static char got[sizeof(buf) + 1];

	memcpy(got, o->p, o->len);
	got[o->len] = 0;
	CHECK_STR(got, want);
}

static void test_response(void)
{
	static const char request[] =
		"OPTIONS sip:b@c SIP/2.0\r\n"
		"v: SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bK1"
		";received=1.2.3.4, SIP/2.0/TCP x\r\n"
		"v: SIP/2.0/TLS y\r\n"
		"t: <sip:b@c>\r\n"
		"f: \"A\r\n B\" <sip:a@c>;tag=1\r\n"
		"i: id\r\n"
		"Record-Route: <sip:p;lr>\r\n"
		"cseq: 3\r\n OPTIONS\r\n\r\n";
	struct sip_message m;
	struct sip_out o;
	struct sa source;

	CHECK_INT(sip_message_parse(&m, request, sizeof(request) - 1, NULL), 0);
	CHECK_INT(sa_set_str(&source, "192.0.2.9", 6000), 0);
	sip_out_init(&o, buf, sizeof(buf));
	sip_out_response(&o, &m, 200, NULL, SPAN("mine"), &source);
	CHECK_INT(sip_out_end(&o, "text/plain", SPAN("hi")), 0);
	out_is(&o, "SIP/2.0 200 OK\r\n"
		   "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1"
		   ";received=192.0.2.9;rport=6000\r\n"
		   "Via: SIP/2.0/TCP x\r\n"
		   "Via: SIP/2.0/TLS y\r\n"
		   "From: \"A B\" <sip:a@c>;tag=1\r\n"
		   "To: <sip:b@c>;tag=mine\r\n"
		   "Call-ID: id\r\n"
		   "CSeq: 3 OPTIONS\r\n"
		   "Record-Route: <sip:p;lr>\r\n"
		   "Content-Type: text/plain\r\n"
		   "Content-Length: 2\r\n\r\nhi");
}

static void test_clean(void)
{
	struct sip_out o;

	sip_out_init(&o, buf, sizeof(buf));
	sip_out_header_text(&o, "Subject", "a\r\nEvil: 1\x01");
	out_is(&o, "Subject: a Evil: 1\r\n");
	sip_out_init(&o, buf, sizeof(buf));
	sip_out_quoted(&o, SPAN("a\"b\\c\r\n"));
	out_is(&o, "\"a\\\"b\\\\c\"");
	sip_out_init(&o, buf, sizeof(buf));
	sip_out_user(&o, SPAN("a b%#\xc3@"));
	out_is(&o, "a%20b%25%23%C3%40");
	sip_out_init(&o, buf, sizeof(buf));
	sip_out_host(&o, "::1", 5060);
	sip_out_hex(&o, 0xabc);
	sip_out_number(&o, UINT64_MAX);
	out_is(&o, "[::1]:50600000000000000abc18446744073709551615");
}

static void test_numbers(void)
{
	static const uint64_t numbers[] = { 0,   9,    10,    99,        100,
					    101, 1000, 65535, UINT32_MAX };
	static const char *const addresses[] = { "0.0.0.0", "9.10.99.100",
						 "255.255.255.255", "::1" };
	char want[32], text[SIP_ADDRESS_TEXT];
	struct sip_out o;
	struct sa sa;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		(void)snprintf(want, sizeof(want), "%llu",
			       (unsigned long long)numbers[i]);
		sip_out_init(&o, buf, sizeof(buf));
		sip_out_number(&o, numbers[i]);
		out_is(&o, want);
	}
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		CHECK_INT(sa_set_str(&sa, addresses[i], 0), 0);
		sip_address_text(text, &sa);
		CHECK_STR(text, addresses[i]);
	}
}

static void test_full(void)
{
	struct sip_out o;

	for (size_t cap = 0; cap < 60; cap++) {
		char *exact = malloc(cap ? cap : 1);

		CHECK(exact);
		sip_out_init(&o, exact, cap);
		sip_out_status_line(&o, 404, NULL);
		sip_out_printf(&o, "X: %d\r\n", 12345);
		sip_out_quoted(&o, SPAN("q"));
		CHECK(o.len <= cap);
		CHECK_INT(sip_out_end(&o, NULL, SPAN("")) != 0,
			  o.is_full ? 1 : 0);
		free(exact);
	}
}

static const struct test tests[] = {
	{ "a response copies what it must and completes the top Via",
	  test_response },
	{ "foreign values break no line", test_clean },
	{ "numbers and addresses", test_numbers },
	{ "what does not fit is reported once", test_full },
};

TEST_MAIN("sip/build", tests)
