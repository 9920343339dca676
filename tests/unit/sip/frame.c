/* frame.c - keep-alives and lost framing on streams */
#include "sip/frame.h"
#include "tests/unit/test.h"

static void test_keep_alive(void)
{
	static const char text[] = "\r\n\r\n\r\nA sip:b SIP/2.0\r\nl:2\r\n\r\n"
				   "xy\r\n\r\n";
	static const enum sip_frame want[] = {
		SIP_FRAME_CRLF,    SIP_FRAME_PING, SIP_FRAME_CRLF,
		SIP_FRAME_MESSAGE, SIP_FRAME_CRLF, SIP_FRAME_PING,
	};
	struct sip_framer f = { 0 };
	struct span message;
	size_t at = 0, used;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		CHECK_INT(sip_frame_next(&f, text + at, sizeof(text) - 1 - at,
					 &used, &message),
			  want[i]);
		if (want[i] == SIP_FRAME_MESSAGE)
			CHECK_INT(message.len, 26);
		at += used;
	}
	CHECK_INT(at, sizeof(text) - 1);
	CHECK_INT(sip_frame_next(&f, text, 0, &used, &message), SIP_FRAME_MORE);
}

static void test_lengths(void)
{
	static const struct {
		const char *lines;
		enum sip_frame want;
	} rows[] = {
		{ "Content-Length: 0\r\n", SIP_FRAME_MESSAGE },
		{ "l: 0\r\nContent-Length : 00\r\n", SIP_FRAME_MESSAGE },
		{ "l:\r\n 0\r\n", SIP_FRAME_MESSAGE },
		{ "l: 1\r\n", SIP_FRAME_MORE },
		{ "", SIP_FRAME_BAD },
		{ "l: 0\r\nl: 1\r\n", SIP_FRAME_BAD },
		{ "l: 0x\r\n", SIP_FRAME_BAD },
		{ "l: -1\r\n", SIP_FRAME_BAD },
		{ "l: 0, 0\r\n", SIP_FRAME_BAD },
		{ "l: 65536\r\n", SIP_FRAME_BAD },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_framer f = { 0 };
		struct sip_fault fault;
		struct sip_message m;
		struct span message;
		char text[200];
		size_t used;
		int n = snprintf(text, sizeof(text),
				 "A sip:b SIP/2.0\r\n"
				 "v: SIP/2.0/TCP h\r\n%s\r\n",
				 rows[i].lines);

		CHECK_INT(sip_frame_next(&f, text, (size_t)n, &used, &message),
			  rows[i].want);
		if (rows[i].want != SIP_FRAME_BAD)
			continue;
		sip_frame_fault(&m, message, &fault);
		CHECK_INT(fault.status, 400);
		CHECK(fault.can_answer);
		CHECK_INT(sip_frame_next(&f, text, (size_t)n, &used, &message),
			  SIP_FRAME_BAD);
	}
}

static void test_size(void)
{
	static char text[2000];
	struct span message;
	size_t used;

	memset(text, 'a', sizeof(text));
	for (int i = 0; i < 2; i++) {
		struct sip_framer f = { .max_bytes = 1000 };

		CHECK_INT(sip_frame_next(&f, text, i ? 1000 : 999, &used,
					 &message),
			  i ? SIP_FRAME_BAD : SIP_FRAME_MORE);
	}
}

static const struct test tests[] = {
	{ "empty lines between messages are told apart", test_keep_alive },
	{ "one length rule cuts the stream", test_lengths },
	{ "a head without end is given up", test_size },
};

TEST_MAIN("sip/frame", tests)
