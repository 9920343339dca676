/* conf_help.c - the table of settings, for a terminal and for manual pages */
#include <stdio.h>
#include <string.h>

#include "base/conf.h"

void conf_help_print(const struct conf *conf)
{
	const struct setting *s;

	printf("holdfast %s: settings, in a file or as --NAME VALUE\n\n",
	       conf_program(conf));
	for (size_t i = 0; (s = conf_setting(conf, i)); i++) {
		printf("  %-18s %s", s->name, s->help ? s->help : "");
		if (s->choices)
			printf(" (%s)", s->choices);
		if (s->value)
			printf(" [%s]", s->value);
		printf("\n");
	}
	printf("\n  --config FILE      read this file\n"
	       "  --check            say whether the settings are right\n"
	       "  --print            write the settings that hold\n");
}

/* Text for roff: what it would take for its own is escaped, and pages are
 * plain ASCII. */
static void roff_print(const char *text)
{
	static const char ellipsis[] = "\xe2\x80\xa6";

	for (; *text; text++) {
		if (*text == '-')
			(void)fputs("\\-", stdout);
		else if (*text == '\\')
			(void)fputs("\\e", stdout);
		else if (!strncmp(text, ellipsis, 3)) {
			(void)fputs("...", stdout);
			text += 2;
		}
		else
			(void)putchar(*text);
	}
}

static const char *value_word(const struct setting *s)
{
	switch (s->type) {
	case SETTING_TEXT: return "TEXT";
	case SETTING_NUMBER: return "N";
	case SETTING_FLAG: return "yes|no";
	case SETTING_ADDRESS: return "ADDRESS";
	case SETTING_CHOICE: return "WORD";
	case SETTING_LIST: return "TEXT";
	}

	return "VALUE";
}

static void setting_print(const struct setting *s)
{
	(void)fputs(".TP\n.BI \\-\\-", stdout);
	roff_print(s->name);
	printf(" \" %s\"\n", value_word(s));
	roff_print(s->help ? s->help : s->name);
	if (s->choices) {
		(void)fputs(": ", stdout);
		roff_print(s->choices);
	}
	if (s->type == SETTING_NUMBER)
		printf(" (%lld to %lld)", (long long)s->min, (long long)s->max);
	(void)fputs(".\n", stdout);
	if (s->type == SETTING_LIST)
		(void)fputs("May be given several times.\n", stdout);
	if (s->value) {
		(void)fputs("Default ", stdout);
		roff_print(s->value);
		(void)fputs(".\n", stdout);
	}
}

void conf_manual_print(const struct conf *conf)
{
	const struct setting *s;

	for (size_t i = 0; (s = conf_setting(conf, i)); i++)
		setting_print(s);
	(void)fputs(".TP\n.BI \\-\\-config \" FILE\"\n"
		    "Read the settings of this file instead of\n"
		    ".IR DIR /holdfast.conf.\n"
		    ".TP\n.B \\-\\-check\n"
		    "Say whether the settings are right, and end.\n"
		    ".TP\n.B \\-\\-print\n"
		    "Write the settings that hold, in the form of the file, "
		    "and end.\n",
		    stdout);
}
