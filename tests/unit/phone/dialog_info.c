/* dialog_info.c - tests of phone/dialog_info.h */
#include <errno.h>
#include <stdio.h>

#include "phone/dialog_info.h"
#include "tests/unit/test.h"

#define HEAD                                                                   \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"                       \
	"<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" "

static void a_ringing_dialog_is_read(void)
{
	static const char text[] = HEAD
		"version=\"7\" state=\"full\" entity=\"sip:2002@h\">"
		"<dialog id=\"c1-2\" direction=\"recipient\">"
		"<state>early</state>\r\n"
		"<local><identity>sip:2002@h</identity>"
		"<target uri=\"sip:2002@h\"/></local>"
		"<remote><identity display=\"Alice &amp; Co &lt;1&gt;\">"
		"sip:2001@h</identity><target uri=\"sip:2001@h\"/></remote>"
		"</dialog></dialog-info>\r\n";
	struct dialog_info d;

	CHECK(!dialog_info_parse(&d, SPAN(text)));
	CHECK(d.version == 7 && d.is_full && d.count == 1);
	CHECK_STR(d.dialog[0].id, "c1-2");
	CHECK(d.dialog[0].state == DIALOG_EARLY && d.dialog[0].is_called);
	CHECK(!d.dialog[0].is_held);
	CHECK_STR(d.dialog[0].peer, "2001");
	CHECK_STR(d.dialog[0].name, "Alice & Co <1>");
}

static void prefixes_comments_and_hold_are_known(void)
{
	static const char text[] =
		"<d:dialog-info version='0' state='partial' entity='x'>"
		"<!-- > <dialog> --><d:dialog id='a' direction='initiator'>"
		"<d:state event=\"replaced\">confirmed</d:state>"
		"<d:local><d:target uri='x'><d:param pname='+sip.rendering' "
		"pval='no'/></d:target></d:local><other><deep/>word</other>"
		"</d:dialog><d:dialog id='b'><d:state>terminated</d:state>"
		"</d:dialog></d:dialog-info>";
	struct dialog_info d;

	CHECK(!dialog_info_parse(&d, SPAN(text)));
	CHECK(!d.is_full && d.version == 0 && d.count == 2);
	CHECK(d.dialog[0].state == DIALOG_CONFIRMED && d.dialog[0].is_held);
	CHECK(!d.dialog[0].is_called);
	CHECK(d.dialog[1].state == DIALOG_TERMINATED && !d.dialog[1].is_held);
}

static void an_empty_document_has_no_dialogs(void)
{
	static const char text[] = HEAD "version=\"1\" state=\"full\"/>";
	struct dialog_info d;

	CHECK(!dialog_info_parse(&d, SPAN(text)));
	CHECK(d.is_full && !d.count);
}

static void what_is_none_is_refused(void)
{
	static const char *const texts[] = {
		"",
		"word",
		"<presence/>",
		"<dialog-info state=\"full\"/>",
		"<dialog-info version=\"x\"/>",
		"<dialog-info version=\"1\">",
		"<dialog-info version=\"1\"></dialog>",
		"<dialog-info version=\"1\"><dialog/></dialog-info>",
		("<dialog-info version=\"1\"><dialog id=\"a\"><state>so</state>"
		 "</dialog></dialog-info>"),
		"<!DOCTYPE x [<!ENTITY a \"b\">]><dialog-info version=\"1\"/>",
		"<dialog-info version=\"1\"/><dialog-info version=\"1\"/>",
		"<dialog-info version=\"1\"",
		"<!-- ",
		"<a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct dialog_info d;

		CHECK_INT(dialog_info_parse(&d, span_of(texts[i])), EBADMSG);
	}
}

static void there_is_a_limit(void)
{
	char text[8192];
	struct dialog_info d;
	int n = snprintf(text, sizeof(text),
			 "<dialog-info version=\"1\" state=\"full\">");

	for (int i = 0; i < DIALOG_INFO_MAX + 5; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      "<dialog id=\"%d\"><state>early</state></dialog>",
			      i);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "</dialog-info>");
	CHECK(!dialog_info_parse(&d, (struct span){ text, (uint32_t)n }));
	CHECK(d.count == DIALOG_INFO_MAX);
	CHECK_STR(d.dialog[DIALOG_INFO_MAX - 1].id, "31");
}

static const struct test tests[] = {
	{ "a ringing dialog is read", a_ringing_dialog_is_read },
	{ "prefixes, comments and hold are known",
	  prefixes_comments_and_hold_are_known },
	{ "an empty document has no dialogs",
	  an_empty_document_has_no_dialogs },
	{ "what is none is refused", what_is_none_is_refused },
	{ "there is a limit", there_is_a_limit },
};

TEST_MAIN("phone/dialog_info", tests)
