/* conf.h - one configuration file, readable aloud, and options of its names
 *
 * A line is `NAME VALUE`, `#` begins a comment, a value with blanks stands in
 * "quotes".  Options come after the file and win: `--port-base 9000` or
 * `--port-base=9000`; flags need no value.  `--config FILE` reads a file
 * (default DIR/holdfast.conf or /etc/holdfast.conf when there is one),
 * `--check` says whether it is right, `--print` writes what holds, `--help`
 * the table, `--help=man` the same for a manual page.  Settings of other programs in a shared file stand after
 * a line `program NAME`, until the next such line; `program all` is common.
 *
 *   listen 127.0.0.1
 *   program pbx
 *   realm "holdfast"
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct mbuf;
struct sa;

enum { CONF_FILE_MAX_BYTES = 1048576, CONF_WHY_BYTES = 256 };

enum setting_type {
	SETTING_TEXT,    /* min..max octets when max > 0 */
	SETTING_NUMBER,  /* min..max */
	SETTING_FLAG,    /* yes, no */
	SETTING_ADDRESS, /* numeric IP address */
	SETTING_CHOICE,  /* one of `choices`, blank-separated */
	SETTING_LIST,    /* texts; the line or option may be repeated */
};

struct setting {
	const char *name; /* lower case and hyphens */
	enum setting_type type;
	const char *value; /* default; NULL = unset */
	int64_t min, max;
	const char *choices;
	const char *help;
};

/** What every server has: dir, port-base, listen, realm, log-level, ca,
 * cert ... (conf.c). */
extern const struct setting conf_common[];
extern const size_t conf_common_count;

/** Read all: defaults, file, options.
 *
 * @param confp   Set when 0 is returned
 * @param program "pbx"
 * @param table   Its own settings; must outlive the conf
 * @param argc    As in main(), argv[0] is skipped
 * @param exitp   Set when ECANCELED: --help, --check or --print did their
 *                work on stdout, or an error was printed on stderr
 * @return 0; ECANCELED; ENOMEM
 */
int conf_load(struct conf **confp, const char *program,
	      const struct setting *table, size_t count, int argc, char *argv[],
	      int *exitp);

/** Only defaults, for tests and for programs that set things themselves. */
int conf_alloc(struct conf **confp, const char *program,
	       const struct setting *table, size_t count);

/** Take a file's text.  EBADMSG with why = "FILE:LINE: sentence". */
int conf_parse(struct conf *conf, const char *file, const char *text,
	       char why[CONF_WHY_BYTES]);

/** Set one.  ENOENT unknown; EINVAL with why. */
int conf_set(struct conf *conf, const char *name, const char *value,
	     char why[CONF_WHY_BYTES]);

/** Write what conf_parse() reads back to the same. */
int conf_print(const struct conf *conf, struct mbuf *mb);

/* values; a name that is in no table is a fault of ours (assert) */
const char *conf_text(const struct conf *conf, const char *name);
int64_t conf_number(const struct conf *conf, const char *name);
bool conf_flag(const struct conf *conf, const char *name);
/** Whether file or option gave it. */
bool conf_is_given(const struct conf *conf, const char *name);
/** The i-th of a SETTING_LIST, NULL past the last. */
const char *conf_list(const struct conf *conf, const char *name, uint32_t i);
/** Arguments that are no options, NULL past the last. */
const char *conf_argument(const struct conf *conf, uint32_t i);

/** Listen address with port-base + offset. */
int conf_address(struct sa *sa, const struct conf *conf, uint16_t offset);

/** The i-th setting in the order of the tables, NULL past the last. */
const struct setting *conf_setting(const struct conf *conf, size_t i);

/** What --help writes on stdout. */
void conf_help_print(const struct conf *conf);

/** What --help=man writes: the settings as they stand in manual pages. */
void conf_manual_print(const struct conf *conf);

/** The name that conf_load() was given. */
const char *conf_program(const struct conf *conf);

/** DIR/NAME-of-this-program/FILE into out; ENAMETOOLONG. */
int conf_path(const struct conf *conf, const char *file, char *out,
	      size_t size);

#endif
