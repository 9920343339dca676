/* message.c - what the index accepts, refuses and finds */
#include "sip/build.h"
#include "tests/unit/test.h"

static char text[SIP_MESSAGE_MAX_BYTES + 1000];
static struct sip_message m;
static struct sip_fault fault;

/* A good request with one line more, or one changed */
static int parse_with(const char *lines)
{
	int n = snprintf(text, sizeof(text),
			 "INVITE sip:bob@example.com SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP a.example.com;branch=z9hG4bK1\r\n"
			 "From: <sip:alice@example.com>;tag=f\r\n"
			 "To: <sip:bob@example.com>\r\n"
			 "Call-ID: c1\r\n"
			 "CSeq: 7 INVITE\r\n"
			 "%s\r\n",
			 lines);

	return sip_message_parse(&m, text, (size_t)n, &fault);
}

static void test_refused(void)
{
	static const struct {
		const char *lines;
		const char *reason;
	} rows[] = {
		{ "To: <sip:c@d>\r\n", "Duplicate Header" },
		{ "t: <sip:c@d>\r\n", "Duplicate Header" },
		{ "CSeq: 7 INVITE\r\n", "Duplicate Header" },
		{ "Content-Length: 5\r\n", "Content-Length Above Message" },
		{ "Content-Length: +0\r\n", "Bad Content-Length" },
		{ "Content-Length:\r\n", "Bad Content-Length" },
		{ "l: 0\r\nContent-Length: 1\r\n", "Two Content-Lengths" },
		{ "Content-Length: 18446744073709551616\r\n",
		  "Bad Content-Length" },
		{ "X: a\x01"
		  "b\r\n",
		  "Control Octet in Header" },
		{ "X: a\rb\r\n", "Control Octet in Header" },
		{ "X: \"a\x7f\"\r\n", "Control Octet in Header" },
		{ "no colon here\r\n", "Bad Header Line" },
		{ ": empty\r\n", "Bad Header Line" },
		{ "Contact: sip:a@b?c=d\r\n", "Bad Contact" },
		{ "Contact: <sip:a@b>, <sip:a b@c>\r\n", "Bad Contact" },
		{ "Contact: a, b <sip:a@b>\r\n", "Bad Contact" },
		{ "Route: <sip:a@b\r\n", "Bad Route" },
		{ "Max-Forwards: x\r\n", "Bad Max-Forwards" },
		{ "Via: SIP/2.0/UDP h;;\r\n", "Bad Via" },
		{ "Via: SIP/2.0/UDPh\r\n", "Bad Via" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!parse_with(rows[i].lines))
			test_fail(__FILE__, __LINE__, "accepted: %s",
				  rows[i].lines);
		CHECK_STR(fault.reason, rows[i].reason);
		CHECK_INT(fault.status, 400);
		CHECK(fault.can_answer);
	}
}

static void test_accepted(void)
{
	static const char *const rows[] = {
		"",
		"X: \r\n",
		"X: folded\r\n\there\r\n  too\r\n",
		"X: \"a\\\x01 b\"\r\n",
		"l: 0\r\nContent-Length: 0\r\n",
		"v: SIP / 2.0 / TCP [2001:db8::1] : 5070 ; branch = z9hG4bKx\r\n",
		"Contact: \"a, <b>\" <sip:a@b;x=y?c=d>;q=0.5, <tel:+1-2>\r\n",
		"Contact: J\xc3\xbcrgen <sip:j@b>\r\n",
		"Max-Forwards: 300\r\n",
		"Route: <sip:p1;lr>, <sip:p2;lr>\r\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (parse_with(rows[i]))
			test_fail(__FILE__, __LINE__, "%s: %s", fault.reason,
				  rows[i]);
	}
}

static void test_finds(void)
{
	struct sip_values it;
	struct span v;
	int n = 0;

	CHECK_INT(parse_with("k: timer, 100rel\r\nSupported: path\r\n"
			     "Expires: 99 ;x\r\nX-Mine: yes\r\n"
			     "c: Application/SDP;x=y\r\n"
			     "Max-Forwards: 0070\r\nl: 3\r\n\r\nabcdef"),
		  0);
	CHECK(m.is_request);
	CHECK_INT(m.method, SIP_METHOD_INVITE);
	CHECK_INT(m.cseq, 7);
	CHECK_INT(m.max_forwards, 70);
	CHECK(span_equal(m.branch, SPAN("z9hG4bK1")));
	CHECK(span_equal(m.sent_by, SPAN("a.example.com")));
	CHECK(span_equal(m.from_tag, SPAN("f")));
	CHECK_INT(m.to_tag.len, 0);
	CHECK(span_equal(m.call_id, SPAN("c1")));
	CHECK(span_equal(m.body, SPAN("abc")));
	CHECK(sip_body_is(&m, "application/sdp"));
	CHECK(!sip_body_is(&m, "application/sd"));
	CHECK_INT(sip_header_seconds(&m, SIP_HEADER_EXPIRES, 5), 99);
	CHECK_INT(sip_header_seconds(&m, SIP_HEADER_MIN_SE, 5), 5);
	CHECK(sip_header_has(&m, SIP_HEADER_SUPPORTED, "100REL"));
	CHECK(sip_header_has(&m, SIP_HEADER_SUPPORTED, "path"));
	CHECK(!sip_header_has(&m, SIP_HEADER_SUPPORTED, "pat"));
	CHECK(span_equal(sip_header_named(&m, "x-mine"), SPAN("yes")));
	sip_values_start(&it, &m, SIP_HEADER_SUPPORTED);
	while (sip_values_next(&it, &v))
		n++;
	CHECK_INT(n, 3);
}

static void test_names(void)
{
	for (unsigned id = 1; id < SIP_HEADER_COUNT; id++) {
		CHECK(sip_header_name(id)[0]);
		CHECK_INT(sip_header_id_of(span_of(sip_header_name(id))), id);
	}
	for (unsigned i = 1; i < SIP_METHOD_COUNT; i++)
		CHECK_INT(sip_method_of(span_of(sip_method_name(i))), i);
	CHECK_INT(sip_method_of(SPAN("invite")), SIP_METHOD_OTHER);
	CHECK_INT(sip_header_id_of(SPAN("X")), SIP_HEADER_SESSION_EXPIRES);
	CHECK_INT(sip_header_id_of(SPAN("z")), SIP_HEADER_OTHER);
}

/* The same line so many times */
static int parse_many(const char *line, unsigned count)
{
	static char lines[SIP_MESSAGE_MAX_BYTES];
	size_t n = 0;

	for (unsigned i = 0; i < count; i++)
		n += (size_t)snprintf(lines + n, sizeof(lines) - n, "%s\r\n",
				      line);
	lines[n] = 0;
	return parse_with(lines);
}

static void test_limits(void)
{
	static char line[SIP_HEADER_LINE_MAX_BYTES + 10];

	CHECK_INT(parse_many("X-Y: z", SIP_HEADERS_MAX - 5), 0);
	CHECK(parse_many("X-Y: z", SIP_HEADERS_MAX - 4));
	CHECK_INT(parse_many("v: SIP/2.0/UDP h", SIP_VIA_MAX - 1), 0);
	CHECK(parse_many("v: SIP/2.0/UDP h", SIP_VIA_MAX));
	CHECK_INT(parse_many("Authorization: Digest x", SIP_CREDENTIALS_MAX),
		  0);
	CHECK(parse_many("Authorization: Digest x", SIP_CREDENTIALS_MAX + 1));

	memset(line, 'a', sizeof(line));
	memcpy(line, "X-Y: ", 5);
	line[SIP_HEADER_LINE_MAX_BYTES] = 0;
	CHECK_INT(parse_many(line, 1), 0);
	line[SIP_HEADER_LINE_MAX_BYTES] = 'a';
	line[SIP_HEADER_LINE_MAX_BYTES + 1] = 0;
	CHECK(parse_many(line, 1));
}

static void test_whole_size(void)
{
	int n;

	CHECK_INT(parse_with(""), 0);
	n = (int)m.len;
	memset(text + n, 'b', sizeof(text) - (size_t)n);
	CHECK_INT(sip_message_parse(&m, text, SIP_MESSAGE_MAX_BYTES, &fault),
		  0);
	CHECK(sip_message_parse(&m, text, SIP_MESSAGE_MAX_BYTES + 1, &fault));
	CHECK_INT(fault.status, 513);
}

static void test_contacts(void)
{
	char contacts[400] = "";
	size_t n = 0;

	for (int i = 1; i <= SIP_CONTACT_MAX + 1; i++) {
		int len;

		n += (size_t)snprintf(contacts + n, sizeof(contacts) - n,
				      "m: <sip:a@b>\r\n");
		len = snprintf(text, sizeof(text),
			       "REGISTER sip:example.com SIP/2.0\r\n"
			       "v: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
			       "f: <sip:a@b>;tag=1\r\nt: <sip:a@b>\r\n"
			       "i: c1\r\nCSeq: 7 REGISTER\r\n%s\r\n",
			       contacts);
		CHECK_INT(!sip_message_parse(&m, text, (size_t)len, &fault),
			  i <= SIP_CONTACT_MAX);
	}
}

static void test_responses(void)
{
	static const struct {
		const char *line;
		int status;
	} rows[] = {
		{ "SIP/2.0 200 OK", 200 },  { "SIP/2.0 200", 200 },
		{ "SIP/2.0 180 ", 180 },    { "SIP/2.0 99 Low", 0 },
		{ "SIP/2.0 700 High", 0 },  { "SIP/2.0 2000 Long", 0 },
		{ "SIP/3.0 200 OK", 0 },    { "SIP/2.0  200 OK", 0 },
		{ "SIP/2.0 200 a\x02", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int len = snprintf(text, sizeof(text),
				   "%s\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
				   "f: <sip:a@b>;tag=1\r\nt: <sip:a@b>\r\n"
				   "i: c1\r\nCSeq: 7 REGISTER\r\n\r\n",
				   rows[i].line);
		int err = sip_message_parse(&m, text, (size_t)len, &fault);

		CHECK_INT(!err, rows[i].status != 0);
		CHECK(!fault.can_answer);
		if (!err)
			CHECK_INT(m.status, rows[i].status);
	}
}

static void test_fault_headers(void)
{
	static const char *const tags[] = { "timer", NULL };
	static const char *const types[] = { "application/sdp", NULL };
	const struct sip_rules rules = {
		.methods = 1u << SIP_METHOD_INVITE | 1u << SIP_METHOD_ACK,
		.option_tags = tags,
		.body_types = types,
	};

	CHECK_INT(parse_with("Require: timer, a\r\nRequire: b\r\n"), 0);
	CHECK(sip_request_check(&m, &rules, &fault));
	CHECK_INT(fault.status, 420);
	CHECK_STR(fault.headers, "Unsupported: a, b\r\n");

	CHECK_INT(parse_with("c: text/html\r\n\r\nx"), 0);
	CHECK(sip_request_check(&m, &rules, &fault));
	CHECK_INT(fault.status, 415);
	CHECK_STR(fault.headers, "Accept: application/sdp\r\n");

	CHECK_INT(parse_with("c: application/sdp\r\nAccept: a/b, "
			     "application/*;q=1\r\n\r\nx"),
		  0);
	CHECK_INT(sip_request_check(&m, &rules, &fault), 0);

	m.method = SIP_METHOD_BYE;
	CHECK(sip_request_check(&m, &rules, &fault));
	CHECK_INT(fault.status, 405);
	CHECK_STR(fault.headers, "Allow: INVITE, ACK\r\n");
	m.method = SIP_METHOD_OTHER;
	CHECK(sip_request_check(&m, &rules, &fault));
	CHECK_INT(fault.status, 501);
}

static void test_ack_silence(void)
{
	int n = snprintf(text, sizeof(text),
			 "ACK sip:b@c SIP/2.0\r\n"
			 "v: SIP/2.0/UDP a;branch=z9hG4bK1\r\n\r\n");

	CHECK(sip_message_parse(&m, text, (size_t)n, &fault));
	CHECK(!fault.can_answer);
	CHECK(sip_message_parse(&m, NULL, 0, &fault));
	CHECK(!fault.can_answer);
	CHECK(sip_message_parse(&m, "\r\n\r\n", 4, &fault));
}

static const struct test tests[] = {
	{ "faulty headers are refused with their reason", test_refused },
	{ "odd but legal headers are accepted", test_accepted },
	{ "values are found where they are", test_finds },
	{ "every header and method is found by its name", test_names },
	{ "limits hold at their edge", test_limits },
	{ "a message may have 64 KiB and no more", test_whole_size },
	{ "a REGISTER brings ten contacts and no more", test_contacts },
	{ "status lines are strict", test_responses },
	{ "a refusal lists what is missing", test_fault_headers },
	{ "ACK and noise are never answered", test_ack_silence },
};

TEST_MAIN("sip/message", tests)
