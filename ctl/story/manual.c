/* manual.c - see manual.h */
#include <ctype.h>
#include <stdio.h>

#include "ctl/story/manual.h"
#include "ctl/story/sentence.h"

static const char *const titles[] = { "THE FIRST LINE", "THE CAST", "ACTS",
				      "SENSES", "THE WORLD" };

void manual_list(void)
{
	int kind = -1;

	for (size_t i = 0; i < sentence_count; i++) {
		const struct sentence *s = &sentences[i];

		if ((int)s->kind != kind)
			(void)printf("%s%s\n", i ? "\n" : "", titles[s->kind]);
		kind = (int)s->kind;
		(void)printf("  %s\n      %s\n", s->pattern, s->help);
	}
	(void)puts("\nWORDS IN CAPITALS");
#define SLOT_PRINT(name, help) (void)printf("  %-9s %s\n", #name, help);
	SLOTS(SLOT_PRINT)
#undef SLOT_PRINT
	(void)puts("\nA person may be followed by \"on DEVICE\", a sentence by "
		   "\"within TIME\".");
}

/* Text that troff takes as it stands. */
static void put(const char *text)
{
	for (; *text; text++) {
		if (*text == '\\')
			(void)fputs("\\e", stdout);
		else if (*text == '-')
			(void)fputs("\\-", stdout);
		else
			(void)putchar(*text);
	}
}

/* A pattern: words bold, slots in italics. */
static void put_pattern(const char *p)
{
	(void)fputs(".TP\n", stdout);
	while (*p) {
		size_t n = strcspn(p, " []|");
		char word[64];

		(void)snprintf(word, sizeof(word), "%.*s", (int)n, p);
		if (n && isupper((unsigned char)word[0]))
			(void)printf("\\fI%s\\fR", word);
		else if (n) {
			(void)fputs("\\fB", stdout);
			put(word);
			(void)fputs("\\fR", stdout);
		}
		p += n;
		if (*p)
			(void)putchar(*p++);
	}
	(void)putchar('\n');
}

static const char head[] =
	".TH HOLDFAST-STORY 7 \"\" \"Holdfast\" \"Holdfast manual\"\n"
	".SH NAME\n"
	"holdfast-story \\- the language of stories, and what plays them\n"
	".SH SYNOPSIS\n"
	".B holdfast story\n"
	".RB [ \\-\\-jobs\n"
	".IR N ]\n"
	".RB [ \\-\\-keep ]\n"
	".RB [ \\-\\-parse ]\n"
	".IR FILE ...\n"
	".br\n"
	".B holdfast story \\-\\-list\n"
	".SH DESCRIPTION\n"
	"A story says what the product does: who is there, what they do, what "
	"they then\n"
	"hear and see.\n"
	"The runner starts the real servers with\n"
	".B holdfast up\n"
	"on free loopback ports with a state folder of their own, makes the "
	"cast, starts a\n"
	".BR holdfast\\-phone (1)\n"
	"for each device and goes through the lines.\n"
	"A story that speaks of calls alone is played with the pbx only; any "
	"other with\n"
	"all servers, its cast made through the portal.\n"
	".PP\n"
	"All files are parsed before anything starts.\n"
	"An error names file, line and column, and the nearest word that would "
	"fit.\n"
	"Each story gives one line,\n"
	".B ok story\n"
	"or\n"
	".BR \"not ok story\" ,\n"
	"the latter with a report: the line, what was true instead, the SIP "
	"messages of all\n"
	"phones in order of time under the sentences they belong to, why the "
	"pbx did what it\n"
	"did, requests and answers, and where the logs lie; what each phone "
	"heard is in\n"
	".I log/NAME\\-DEVICE.ear\n"
	"as 16\\-bit samples, 8000 a second.\n"
	"Prompts are cut to their first 1.6 seconds, by which they are "
	"known.\n"
	"After the last line the stores must pass\n"
	".B holdfast check\n"
	"and no log may hold a sanitizer's word.\n"
	".SH OPTIONS\n"
	".TP\n"
	".BI \\-\\-jobs \" N\"\n"
	"Play so many stories at once.\n"
	".TP\n"
	".B \\-\\-keep\n"
	"Keep the state folder of stories that went well; that of a failed one "
	"is always\n"
	"kept.\n"
	".TP\n"
	".B \\-\\-parse\n"
	"Only parse the files.\n"
	".TP\n"
	".B \\-\\-list\n"
	"Print the sentences.\n"
	".SH LINES\n"
	"One sentence a line, in the present tense;\n"
	".B #\n"
	"begins a comment, texts stand in double quotes.\n"
	"What stands in brackets may be left out; of words with bars between "
	"them one is\n"
	"chosen.\n"
	"A person may be followed by\n"
	".B on\n"
	".IR DEVICE ;\n"
	"without it any of her devices, or the first one, is meant.\n"
	"A sense waits 2 seconds for its truth, or as long as\n"
	".B within\n"
	".I TIME\n"
	"at its end says; nothing else waits.\n"
	"Each device sends a tone of its own, so that an ear tells who is "
	"heard.\n";

static const char tail[] =
	".SH EXAMPLE\n"
	".nf\n"
	"story \"A call is answered, talked on and ended by the caller\"\n"
	"\n"
	"customer acme\n"
	"alice at 2001 on desk\n"
	"bob   at 2002 on desk, mobile through border\n"
	"\n"
	"alice calls 2002\n"
	"bob on mobile rings showing \"Alice\" 2001\n"
	"alice hears ringback\n"
	"bob answers on desk\n"
	"bob stops ringing on mobile\n"
	"alice and bob talk\n"
	"alice hangs up\n"
	"bob is idle\n"
	"history of bob has incoming 2001 answered\n"
	".fi\n"
	".SH EXIT STATUS\n"
	"0 when all was true, 1 when a story failed, 2 when one could not be "
	"parsed.\n"
	".SH SEE ALSO\n"
	".BR holdfast (1),\n"
	".BR holdfast\\-phone (1)\n";

void manual_page(void)
{
	int kind = -1;

	(void)fputs(head, stdout);
	for (size_t i = 0; i < sentence_count; i++) {
		const struct sentence *s = &sentences[i];

		if ((int)s->kind != kind)
			(void)printf(".SH %s\n", titles[s->kind]);
		kind = (int)s->kind;
		put_pattern(s->pattern);
		put(s->help);
		(void)putchar('\n');
	}
	(void)puts(".SH WORDS IN CAPITALS");
#define SLOT_PUT(name, help)                                                   \
	(void)puts(".TP\n.I " #name);                                          \
	put(help);                                                             \
	(void)putchar('\n');
	SLOTS(SLOT_PUT)
#undef SLOT_PUT
	(void)fputs(tail, stdout);
}
