/* notice.c - tests of the documents for watching phones */
#include "pbx/watch/notice.h"
#include "tests/unit/test.h"

static char buf[8192];
static struct sip_out out;

static void start(void)
{
	memset(buf, 0, sizeof(buf));
	sip_out_init(&out, buf, sizeof(buf) - 1);
}

static bool has(const char *text)
{
	return strstr(buf, text) != NULL;
}

static void xml_escapes(void)
{
	start();
	notice_xml(&out, SPAN("a<b>&\"'c"));
	CHECK_STR(buf, "a&lt;b&gt;&amp;&quot;&apos;c");
}

static void xml_hostile(void)
{
	start();
	notice_xml(&out, SPAN("\x01\r\n\x7f|\xc3\xa9|\xc3|\xff\xfe|\xed\xa0\x80"
			      "|\xef\xbf\xbf|\xe2\x82"));
	CHECK_STR(buf, "????|\xc3\xa9|?|\?\?|???|???|??");
	start();
	notice_xml(&out, (struct span){ "a\0b", 3 });
	CHECK_STR(buf, "a?b");
	start();
	notice_xml(&out, (struct span){ NULL, 0 });
	CHECK_STR(buf, "");
}

static void dialogs(void)
{
	struct notice_dialog d = {
		.call = "c1",
		.number = 2,
		.state = LEG_ALERTING,
		.peer = "2001",
		.peer_name = "\"><evil/>",
	};

	start();
	notice_dialogs_begin(&out, "sip:2002@h", 7, false);
	notice_dialog(&out, "sip:2002@h", &d);
	d.state = LEG_HELD;
	d.is_caller = true;
	d.peer = NULL;
	notice_dialog(&out, "sip:2002@h", &d);
	notice_dialogs_end(&out);
	CHECK(!out.is_full);
	CHECK(has("version=\"7\" state=\"partial\" entity=\"sip:2002@h\""));
	CHECK(has("<dialog id=\"c1-2\" direction=\"recipient\">"
		  "<state>early</state>"));
	CHECK(has("display=\"&quot;&gt;&lt;evil/&gt;\">sip:2001@h</identity>"));
	CHECK(has("<state>confirmed</state>"));
	CHECK(has("pname=\"+sip.rendering\" pval=\"no\""));
	CHECK(!has("<evil"));
}

static void dialog_states(void)
{
	static const char *const names[LEG_STATES] = {
		[LEG_NULL] = "terminated",     [LEG_INITIATED] = "trying",
		[LEG_ALERTING] = "early",      [LEG_QUEUED] = "confirmed",
		[LEG_CONNECTED] = "confirmed", [LEG_HELD] = "confirmed",
		[LEG_FAILED] = "terminated",
	};

	for (uint8_t i = 0; i < LEG_STATES; i++) {
		struct notice_dialog d = { .call = "c", .state = i };
		char want[64];

		start();
		notice_dialog(&out, "sip:1@h", &d);
		(void)snprintf(want, sizeof(want), "<state>%s</state>",
			       names[i]);
		CHECK(has(want));
	}
}

static void long_peer(void)
{
	struct notice_dialog d = { .call = "c", .state = LEG_ALERTING };
	char peer[2000];

	memset(peer, '%', sizeof(peer) - 1);
	peer[sizeof(peer) - 1] = '\0';
	d.peer = peer;
	d.peer_name = peer;
	start();
	notice_dialog(&out, "sip:1@h", &d);
	CHECK(!out.is_full);
}

static void does_not_fit(void)
{
	struct notice_dialog d = { .call = "c",
				   .state = LEG_ALERTING,
				   .peer = "1",
				   .peer_name = "n" };
	char small[64];

	sip_out_init(&out, small, sizeof(small));
	notice_dialogs_begin(&out, "sip:1@h", 0, true);
	notice_dialog(&out, "sip:1@h", &d);
	CHECK(out.is_full);
}

static void others(void)
{
	start();
	notice_presence(&out, "sip:1@h", true, true, "");
	CHECK(has("<basic>open</basic>"));
	CHECK(has("<note>On the phone</note>"));
	CHECK(has("<rpid:on-the-phone/>"));
	start();
	notice_presence(&out, "sip:1@h", false, false, "");
	CHECK(has("<basic>closed</basic>") && !has("note"));
	start();
	notice_messages(&out, "sip:1@h\r\nEvil: x",
			&(struct mailbox_counts){ 2, 3, 1, 0 });
	CHECK(has("Messages-Waiting: yes\r\n"));
	CHECK(has("Voice-Message: 2/3 (1/0)\r\n"));
	CHECK(!has("\nEvil"));
	start();
	notice_registration_begin(&out, "sip:1@h", "id", 3, true);
	notice_contact(&out, 9, "sip:<x>@1.2.3.4", 60);
	notice_registration_end(&out);
	CHECK(has("<contact id=\"9\" state=\"active\" event=\"registered\""
		  " expires=\"60\"><uri>sip:&lt;x&gt;@1.2.3.4</uri>"));
}

static void conferences(void)
{
	const struct notice_conference c = { "sip:conf-1@h", "A & B", 2, 32,
					     true };
	const struct notice_party held = {
		.number = 1, .address = "2001", .name = "<Al>", .is_held = true
	};
	const struct notice_party rung = { .number = 2,
					   .address = "20>2",
					   .is_dialled = true,
					   .was_called = true };

	start();
	notice_conference_begin(&out, &c, 7, false);
	notice_party(&out, &c, &held);
	notice_party(&out, &c, &rung);
	notice_party_gone(&out, &c, "2003", 3);
	notice_conference_end(&out);
	CHECK(has("entity=\"sip:conf-1@h\" state=\"partial\" version=\"7\""));
	CHECK(has("<display-text>A &amp; B</display-text>"));
	CHECK(has("<maximum-user-count>32<"));
	CHECK(has("<locked>true</locked>"));
	CHECK(has("<user entity=\"sip:2001@h;party=1\""));
	CHECK(has("&lt;Al&gt;") && has("<status>on-hold</status>"));
	CHECK(has("<status>dialing-out</status>") && !has("20>2"));
	CHECK(has("<joining-method>dialed-out<"));
	CHECK(has("<user entity=\"sip:2003@h;party=3\" state=\"deleted\"/>"));
	start();
	notice_conference_gone(&out, "sip:conf-1@h", 8);
	CHECK(has("state=\"deleted\" version=\"8\""));
}

static const struct test tests[] = {
	{ "marks of XML are escaped", xml_escapes },
	{ "control octets and broken UTF-8 become question marks",
	  xml_hostile },
	{ "a dialog-info names its dialogs, a hostile name stays a name",
	  dialogs },
	{ "each state of a leg has its state of RFC 4235", dialog_states },
	{ "a number of any length does no harm", long_peer },
	{ "what does not fit is noticed", does_not_fit },
	{ "presence, message-summary and reginfo", others },
	{ "a conference-info names its parties and who has left", conferences },
};

TEST_MAIN("pbx/notice", tests)
