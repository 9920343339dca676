/* diversion.c - tests of what an INVITE says of where it was */
#include "pbx/trunk/diversion.h"
#include "tests/unit/test.h"

static const char *hops(struct diversion *d, const char *uri,
			const char *headers)
{
	static char text[4096], out[400];
	struct sip_message m;
	size_t at = 0;

	(void)snprintf(text, sizeof(text),
		       "INVITE %s SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
		       "From: <sip:1@h>;tag=1\r\nTo: <sip:2@h>\r\n"
		       "Call-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 9\r\n"
		       "%sContent-Length: 0\r\n\r\n",
		       uri, headers);
	CHECK_INT(sip_message_parse(&m, text, strlen(text), NULL), 0);
	diversion_read(d, &m);

	out[0] = '\0';
	for (uint8_t i = 0; i < d->count; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s:%s%s",
				       i ? " " : "", d->hops[i].number,
				       route_why_name(d->hops[i].why),
				       d->hops[i].is_private ? "!" : "");

	return out;
}

static void said(void)
{
	static const struct {
		const char *uri, *headers, *hops;
		uint8_t unnamed;
	} cases[] = {
		{ "sip:2@h", "", "", 0 },
		{ "sip:2@h", "Diversion: <sip:+331@h>;reason=user-busy\r\n",
		  "+331:forward-busy", 0 },
		{ "sip:2@h",
		  "Diversion: \"A, B\" <sip:12@h;user=phone>;reason=\"no-answer\""
		  ";privacy=full, <tel:+33-1>;reason=x\r\n"
		  "Diversion: sip:13@h;reason=do-not-disturb;privacy=off\r\n",
		  "13:do-not-disturb +331:forward-always "
		  "12:forward-no-answer!",
		  0 },
		{ "sip:2@h",
		  "Diversion: <sip:12@h>;counter=3, <sip:alice@h>, garbage <\r\n",
		  "12:forward-always", 3 },
		{ "sip:2@h", "Diversion: <sip:12@h>;counter=4000000000\r\n",
		  "12:forward-always", 255 },
		{ "sip:2@h",
		  "History-Info: <sip:1@h>;index=1, "
		  "<sip:2@h;cause=302>;index=1.1;mp=1,"
		  "<sip:3@h;cause=408?Privacy=history>;index=1.1.1;mp=1.1\r\n"
		  "Diversion: <sip:9@h>\r\n",
		  "1:forward-always 2:forward-no-answer", 0 },
		{ "sip:2@h",
		  "History-Info: <sip:1@h?Reason=SIP%3Bcause%3D486&Privacy=x>"
		  ";index=1,<sip:2@h>;index=2\r\n",
		  "1:forward-busy!", 0 },
		/* where a proxy has only sent it on nobody diverted it */
		{ "sip:2@h", "History-Info: <sip:1@h>;index=1,<sip:2@h>\r\n",
		  "", 0 },
		{ "sip:2@h",
		  "History-Info: <sip:1@h;cause=200>,<sip:2@h;cause=xx>\r\n",
		  "", 0 },
		{ "sip:2@h",
		  "Privacy: history\r\n"
		  "History-Info: <sip:1@h>,<sip:2@h;cause=486>\r\n",
		  "1:forward-busy!", 0 },
		{ "sip:2@h;target=sip:%2b331%40h;cause=408", "",
		  "+331:forward-no-answer", 0 },
		{ "sip:2@h;target=%00;cause=408", "", "", 0 },
		{ "sip:2@h;target=sip:+331%40h", "Diversion: <sip:1@h>\r\n",
		  "1:forward-always +331:forward-always", 0 },
		{ "sip:2@h;cause=486", "History-Info: <sip:1@h>;index=1\r\n",
		  "1:forward-busy", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diversion d;

		CHECK_STR(hops(&d, cases[i].uri, cases[i].headers),
			  cases[i].hops);
		CHECK_INT(d.unnamed, cases[i].unnamed);
	}
}

static void many(void)
{
	char headers[3000];
	struct diversion d;
	size_t at = 0;

	for (int i = 0; i < 40; i++)
		at += (size_t)snprintf(headers + at, sizeof(headers) - at,
				       "Diversion: <sip:%d@h>\r\n", i + 10);
	(void)hops(&d, "sip:2@h;target=sip:99%40h", headers);
	CHECK_INT(d.count, DIVERSIONS_MAX);
	CHECK_STR(d.hops[DIVERSIONS_MAX - 1].number, "99");
	CHECK_INT(d.count + d.unnamed, 41);
}

static const struct test tests[] = {
	{ "what says where a call was is read, the oldest first", said },
	{ "past the limit hops are only counted", many },
};

TEST_MAIN("pbx/diversion", tests)
