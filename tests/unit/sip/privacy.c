/* privacy.c - tests of sip/privacy.h */
#include "sip/privacy.h"
#include "tests/unit/test.h"

static unsigned privacy(const char *headers)
{
	static char text[600];
	struct sip_message m;

	(void)snprintf(text, sizeof(text),
		       "INVITE sip:2@h SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
		       "From: <sip:1@h>;tag=1\r\nTo: <sip:2@h>\r\n"
		       "Call-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 9\r\n"
		       "%sContent-Length: 0\r\n\r\n",
		       headers);
	CHECK_INT(sip_message_parse(&m, text, strlen(text), NULL), 0);

	return sip_privacy(&m);
}

static void words(void)
{
	CHECK_INT(privacy(""), 0);
	CHECK_INT(privacy("Privacy: id\r\n"), SIP_PRIVACY_ID);
	CHECK_INT(privacy("privacy: USER ; Header;critical\r\n"),
		  SIP_PRIVACY_USER | SIP_PRIVACY_HEADER | SIP_PRIVACY_CRITICAL);
	CHECK_INT(privacy("Privacy: session\r\nPrivacy: history\r\n"),
		  SIP_PRIVACY_SESSION | SIP_PRIVACY_HISTORY);
	CHECK_INT(privacy("Privacy: id,user\r\n"),
		  SIP_PRIVACY_ID | SIP_PRIVACY_USER);
	CHECK_INT(privacy("Privacy: id;none\r\n"), SIP_PRIVACY_NONE);
	CHECK_INT(privacy("Privacy: idx\r\n"), SIP_PRIVACY_OTHER);
	CHECK_INT(privacy("Privacy: ;;,\r\n"), 0);
	CHECK_INT(privacy("Privacy:\r\n id\r\n"), SIP_PRIVACY_ID);
}

static void hides(void)
{
	CHECK(sip_privacy_hides(SIP_PRIVACY_ID));
	CHECK(sip_privacy_hides(SIP_PRIVACY_HEADER | SIP_PRIVACY_SESSION));
	CHECK(!sip_privacy_hides(SIP_PRIVACY_SESSION | SIP_PRIVACY_CRITICAL));
	CHECK(!sip_privacy_hides(SIP_PRIVACY_NONE));
}

static const struct test tests[] = {
	{ "words are known in any case, apart by ; or a comma", words },
	{ "who asks for id, user or header stays unknown", hides },
};

TEST_MAIN("sip/privacy", tests)
