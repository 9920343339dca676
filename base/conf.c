/* conf.c - see conf.h
 *
 * Values are texts, checked when they are set, so that the printer writes
 * what the reader read.  A later value replaces an earlier one; of a list,
 * those of the options replace those of the file.
 */
#include <assert.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/libre.h"

enum { VALUES_MAX = 256, NAME_MAX_BYTES = 64, ARGUMENTS_MAX = 1024 };

const struct setting conf_common[] = {
	{ "dir", SETTING_TEXT, "./var", 1, 200, NULL,
	  "folder of the state: stores, keys, certificates, logs" },
	{ "port-base", SETTING_NUMBER, "8000", 1024, 63000, NULL,
	  "N: portal N+80, uc N+81, pbx N+82 and SIP N+60, border N+83 and "
	  "SIP N+70" },
	{ "listen", SETTING_ADDRESS, "127.0.0.1", 0, 0, NULL,
	  "address that all servers listen on" },
	{ "realm", SETTING_TEXT, "holdfast", 1, 64, NULL,
	  "digest realm, equal on pbx, secondary and border" },
	{ "log-level", SETTING_CHOICE, "info", 0, 0, "error warn info debug",
	  "least level that is logged" },
};
const size_t conf_common_count = sizeof(conf_common) / sizeof(conf_common[0]);

struct conf_value {
	struct le le;
	char *text;
	bool is_option;
};

struct conf_row {
	const struct setting *setting;
	struct list values; /* of a list several, else at most one */
};

struct conf {
	char *program;
	struct conf_row *rows;
	size_t count;
	bool takes_options; /* what is set now comes from the options */
	char *arguments[ARGUMENTS_MAX];
	uint32_t argument_count;
};

static void value_destructor(void *data)
{
	struct conf_value *v = data;

	list_unlink(&v->le);
	mem_deref(v->text);
}

static void conf_destructor(void *data)
{
	struct conf *conf = data;

	for (size_t i = 0; i < conf->count; i++)
		list_flush(&conf->rows[i].values);
	for (uint32_t i = 0; i < conf->argument_count; i++)
		mem_deref(conf->arguments[i]);
	mem_deref(conf->rows);
	mem_deref(conf->program);
}

static struct conf_row *row_find(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->count; i++) {
		if (!strcmp(conf->rows[i].setting->name, name))
			return &conf->rows[i];
	}

	return NULL;
}

int conf_alloc(struct conf **confp, const char *program,
	       const struct setting *table, size_t count)
{
	struct conf *conf;
	int err;

	if (!confp || !program || (count && !table))
		return EINVAL;

	conf = mem_zalloc(sizeof(*conf), conf_destructor);
	if (!conf)
		return ENOMEM;

	err = str_dup(&conf->program, program);
	conf->rows = mem_zalloc(
		(count + conf_common_count) * sizeof(*conf->rows), NULL);
	if (err || !conf->rows) {
		mem_deref(conf);
		return ENOMEM;
	}

	for (size_t i = 0; i < conf_common_count; i++)
		conf->rows[conf->count++].setting = &conf_common[i];
	for (size_t i = 0; i < count; i++) {
		/* a program may give a common setting another default */
		struct conf_row *same = row_find(conf, table[i].name);

		if (same)
			same->setting = &table[i];
		else
			conf->rows[conf->count++].setting = &table[i];
	}
	*confp = conf;

	return 0;
}

/* Whether a word stands in a blank-separated list. */
static bool has_word(const char *words, const char *word)
{
	const size_t len = strlen(word);

	while (words && *words) {
		const size_t n = strcspn(words, " ");

		if (n == len && len && !memcmp(words, word, n))
			return true;
		words += n;
		words += strspn(words, " ");
	}

	return false;
}

static int number_check(const struct setting *s, const char *value, char *why)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (errno || end == value || *end || isspace((unsigned char)*value) ||
	    *value == '+' || n < s->min || n > s->max) {
		snprintf(why, CONF_WHY_BYTES,
			 "%s is a number from %lld to %lld.", s->name,
			 (long long)s->min, (long long)s->max);
		return EINVAL;
	}

	return 0;
}

static int text_check(const struct setting *s, const char *value, char *why)
{
	const size_t len = strlen(value);

	for (const char *p = value; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			snprintf(why, CONF_WHY_BYTES,
				 "%s holds a control character.", s->name);
			return EINVAL;
		}
	}
	if (s->max && (len < (size_t)s->min || len > (size_t)s->max)) {
		snprintf(why, CONF_WHY_BYTES,
			 "%s is %lld to %lld characters long.", s->name,
			 (long long)s->min, (long long)s->max);
		return EINVAL;
	}

	return 0;
}

static int value_check(const struct setting *s, const char *value, char *why)
{
	struct sa sa;

	switch (s->type) {
	case SETTING_NUMBER: return number_check(s, value, why);

	case SETTING_TEXT:
	case SETTING_LIST: return text_check(s, value, why);

	case SETTING_FLAG:
		if (!strcmp(value, "yes") || !strcmp(value, "no"))
			return 0;
		snprintf(why, CONF_WHY_BYTES, "%s is yes or no.", s->name);
		return EINVAL;

	case SETTING_ADDRESS:
		if (!sa_set_str(&sa, value, 0))
			return 0;
		snprintf(why, CONF_WHY_BYTES,
			 "%s is a numeric address such as 192.0.2.1.", s->name);
		return EINVAL;

	case SETTING_CHOICE:
		if (has_word(s->choices, value))
			return 0;
		snprintf(why, CONF_WHY_BYTES, "%s is one of: %s.", s->name,
			 s->choices);
		return EINVAL;
	}

	return EINVAL;
}

/* Options replace what the file gave, in a list too. */
static void values_clear(struct conf *conf, struct conf_row *row)
{
	const struct conf_value *last = list_ledata(list_tail(&row->values));

	if (row->setting->type != SETTING_LIST ||
	    (last && conf->takes_options && !last->is_option))
		list_flush(&row->values);
}

/* How many letters differ, at most; enough to name the nearest. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_BYTES + 1], la = strlen(a), lb = strlen(b);

	if (la > NAME_MAX_BYTES || lb > NAME_MAX_BYTES)
		return NAME_MAX_BYTES;

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			const size_t above = row[j];
			size_t best = corner + (a[i - 1] != b[j - 1]);

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			corner = above;
			row[j] = best;
		}
	}

	return row[lb];
}

static void unknown_say(const struct conf *conf, const char *name, char *why)
{
	const char *nearest = NULL;
	size_t least = 4;

	for (size_t i = 0; i < conf->count; i++) {
		const char *known = conf->rows[i].setting->name;
		const size_t d = distance(name, known);

		if (d < least) {
			least = d;
			nearest = known;
		}
	}

	snprintf(why, CONF_WHY_BYTES, "There is no setting %.60s%s%s%s.", name,
		 nearest ? "; did you mean " : "", nearest ? nearest : "",
		 nearest ? "?" : "");
	if (nearest)
		why[strlen(why) - 1] = '\0';
}

int conf_set(struct conf *conf, const char *name, const char *value,
	     char why[CONF_WHY_BYTES])
{
	char nowhere[CONF_WHY_BYTES];
	struct conf_value *v;
	struct conf_row *row;
	int err;

	if (!conf || !name || !value)
		return EINVAL;
	if (!why)
		why = nowhere;

	row = row_find(conf, name);
	if (!row) {
		unknown_say(conf, name, why);
		return ENOENT;
	}
	err = value_check(row->setting, value, why);
	if (err)
		return err;
	if (list_count(&row->values) >= VALUES_MAX) {
		snprintf(why, CONF_WHY_BYTES, "%s is given too often.", name);
		return EINVAL;
	}

	v = mem_zalloc(sizeof(*v), value_destructor);
	if (!v)
		return ENOMEM;
	err = str_dup(&v->text, value);
	if (err) {
		mem_deref(v);
		return err;
	}

	values_clear(conf, row);
	v->is_option = conf->takes_options;
	list_append(&row->values, &v->le, v);

	return 0;
}

/* The words of a line: NAME VALUE.  The value may stand in quotes, where \"
 * and \\ are a quote and a backslash.  Empty lines give an empty name. */
static const char *line_split(char *line, char **namep, char **valuep)
{
	char *p = line + strspn(line, " \t"), *out;

	*namep = p;
	*valuep = p + strlen(p);
	if (*p == '#' || !*p) {
		*p = '\0';
		return NULL;
	}

	p += strcspn(p, " \t#");
	if (!*p || *p == '#')
		return "A value is missing";
	*p++ = '\0';
	p += strspn(p, " \t");
	if (!*p || *p == '#')
		return "A value is missing";

	*valuep = out = p;
	if (*p != '"') {
		p += strcspn(p, " \t#\"");
		out = p;
	}
	else {
		++p;
		while (*p && *p != '"') {
			if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
				++p;
			*out++ = *p++;
		}
		if (*p++ != '"')
			return "The closing quote is missing";
	}

	if (*p && !strchr(" \t#", *p))
		return "A value with blanks stands in quotes";
	p += strspn(p, " \t");
	if (*p && *p != '#')
		return "A value with blanks stands in quotes";
	*out = '\0';

	return NULL;
}

static int line_take(struct conf *conf, char *line, bool *is_oursp, char *why)
{
	char *name, *value;
	const char *wrong = line_split(line, &name, &value);
	int err;

	if (wrong) {
		snprintf(why, CONF_WHY_BYTES, "%s.", wrong);
		return EBADMSG;
	}
	if (!*name)
		return 0;

	if (!strcmp(name, "program")) {
		*is_oursp = !strcmp(value, "all") ||
			    !strcmp(value, conf->program);
		return 0;
	}
	if (!*is_oursp)
		return 0;

	err = conf_set(conf, name, value, why);

	return err == ENOMEM || !err ? err : EBADMSG;
}

int conf_parse(struct conf *conf, const char *file, const char *text,
	       char why[CONF_WHY_BYTES])
{
	char *copy = NULL, *line, *save = NULL, sentence[CONF_WHY_BYTES];
	bool is_ours = true;
	uint32_t number = 0;
	int err;

	if (!conf || !file || !text || !why)
		return EINVAL;

	err = str_dup(&copy, text);
	if (err)
		return err;

	save = copy;
	while (!err && save && *save) {
		line = save;
		save = strchr(line, '\n');
		if (save)
			*save++ = '\0';
		++number;
		if (*line && line[strlen(line) - 1] == '\r')
			line[strlen(line) - 1] = '\0';

		err = line_take(conf, line, &is_ours, sentence);
	}
	if (err == EBADMSG)
		snprintf(why, CONF_WHY_BYTES, "%.60s:%u: %.180s", file, number,
			 sentence);
	mem_deref(copy);

	return err;
}

static int value_print(struct mbuf *mb, const char *name, const char *value)
{
	int err = mbuf_printf(mb, "%s ", name);

	if (*value && !strpbrk(value, " \t#\"\\"))
		return err | mbuf_printf(mb, "%s\n", value);

	err |= mbuf_write_u8(mb, '"');
	for (const char *p = value; *p; p++) {
		if (*p == '"' || *p == '\\')
			err |= mbuf_write_u8(mb, '\\');
		err |= mbuf_write_u8(mb, (uint8_t)*p);
	}

	return err | mbuf_write_str(mb, "\"\n");
}

int conf_print(const struct conf *conf, struct mbuf *mb)
{
	int err;

	if (!conf || !mb)
		return EINVAL;

	err = mbuf_printf(mb, "program %s\n", conf->program);
	for (size_t i = 0; i < conf->count; i++) {
		const struct conf_row *row = &conf->rows[i];
		struct le *le;

		if (!list_head(&row->values) && row->setting->value)
			err |= value_print(mb, row->setting->name,
					   row->setting->value);
		LIST_FOREACH(&row->values, le) {
			const struct conf_value *v = le->data;

			err |= value_print(mb, row->setting->name, v->text);
		}
	}

	return err ? ENOMEM : 0;
}

const char *conf_text(const struct conf *conf, const char *name)
{
	const struct conf_row *row = row_find(conf, name);
	const struct conf_value *v;

	assert(row);
	v = list_ledata(list_tail(&row->values));

	return v ? v->text : row->setting->value;
}

int64_t conf_number(const struct conf *conf, const char *name)
{
	const char *text = conf_text(conf, name);

	return text ? strtoll(text, NULL, 10) : 0;
}

bool conf_flag(const struct conf *conf, const char *name)
{
	const char *text = conf_text(conf, name);

	return text && !strcmp(text, "yes");
}

bool conf_is_given(const struct conf *conf, const char *name)
{
	const struct conf_row *row = row_find(conf, name);

	assert(row);

	return list_head(&row->values) != NULL;
}

const char *conf_list(const struct conf *conf, const char *name, uint32_t i)
{
	const struct conf_row *row = row_find(conf, name);
	struct le *le;

	assert(row);
	if (!list_head(&row->values))
		return i == 0 ? row->setting->value : NULL;

	LIST_FOREACH(&row->values, le) {
		const struct conf_value *v = le->data;

		if (!i--)
			return v->text;
	}

	return NULL;
}

const char *conf_argument(const struct conf *conf, uint32_t i)
{
	return i < conf->argument_count ? conf->arguments[i] : NULL;
}

int conf_address(struct sa *sa, const struct conf *conf, uint16_t offset)
{
	return sa_set_str(sa, conf_text(conf, "listen"),
			  (uint16_t)(conf_number(conf, "port-base") + offset));
}

const struct setting *conf_setting(const struct conf *conf, size_t i)
{
	return conf && i < conf->count ? conf->rows[i].setting : NULL;
}

const char *conf_program(const struct conf *conf)
{
	return conf->program;
}

int conf_path(const struct conf *conf, const char *file, char *out, size_t size)
{
	const int n = snprintf(out, size, "%s/%s/%s", conf_text(conf, "dir"),
			       conf->program, file);

	return n < 0 || (size_t)n >= size ? ENAMETOOLONG : 0;
}

/* Options and file */

struct conf_actions {
	const char *file; /* --config */
	bool checks, prints, helps;
	bool is_manual; /* --help=man */
};

static int option_take(struct conf *conf, const char *option, const char *next,
		       bool *took_nextp, char *why)
{
	char name[NAME_MAX_BYTES];
	const char *eq = strchr(option, '='), *value = eq ? eq + 1 : next;
	const size_t len = eq ? (size_t)(eq - option) : strlen(option);
	const struct conf_row *row;

	*took_nextp = false;
	if (len >= sizeof(name)) {
		snprintf(why, CONF_WHY_BYTES, "There is no such option.");
		return ENOENT;
	}
	memcpy(name, option, len);
	name[len] = '\0';

	row = row_find(conf, name);
	if (row && row->setting->type == SETTING_FLAG && !eq) {
		*took_nextp = next &&
			      (!strcmp(next, "yes") || !strcmp(next, "no"));
		if (!*took_nextp)
			value = "yes";
	}
	else if (!eq) {
		*took_nextp = true;
	}
	if (row && !value) {
		snprintf(why, CONF_WHY_BYTES, "--%s needs a value.", name);
		return EINVAL;
	}

	return conf_set(conf, name, value ? value : "", why);
}

static bool action_take(struct conf_actions *a, const char *arg,
			const char *next, bool *took_nextp)
{
	*took_nextp = false;
	if (!strcmp(arg, "--check"))
		a->checks = true;
	else if (!strcmp(arg, "--print"))
		a->prints = true;
	else if (!strcmp(arg, "--help") || !strcmp(arg, "-h"))
		a->helps = true;
	else if (!strcmp(arg, "--help=man"))
		a->helps = a->is_manual = true;
	else if (!strncmp(arg, "--config=", 9))
		a->file = arg + 9;
	else if (!strcmp(arg, "--config") && next) {
		a->file = next;
		*took_nextp = true;
	}
	else
		return false;

	return true;
}

static int argument_add(struct conf *conf, const char *text, char *why)
{
	if (conf->argument_count == ARGUMENTS_MAX) {
		snprintf(why, CONF_WHY_BYTES, "Too many arguments.");
		return EINVAL;
	}

	return str_dup(&conf->arguments[conf->argument_count++], text);
}

static int options_take(struct conf *conf, struct conf_actions *a, int argc,
			char *argv[], char *why)
{
	int err = 0;

	conf->takes_options = true;
	for (int i = 1; i < argc && !err; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		bool took_next = false;

		if (action_take(a, argv[i], next, &took_next))
			;
		else if (!strncmp(argv[i], "--", 2) && argv[i][2])
			err = option_take(conf, argv[i] + 2, next, &took_next,
					  why);
		else
			err = argument_add(conf, argv[i], why);
		i += took_next;
	}
	conf->takes_options = false;

	return err;
}

static char *file_read(const char *file, int *errp)
{
	char *text = NULL;
	FILE *f = fopen(file, "re");
	struct stat st;
	size_t n;

	if (!f) {
		*errp = errno;
		return NULL;
	}
	if (fstat(fileno(f), &st) || st.st_size > CONF_FILE_MAX_BYTES) {
		*errp = EFBIG;
		goto out;
	}
	text = mem_zalloc(CONF_FILE_MAX_BYTES + 1, NULL);
	if (!text) {
		*errp = ENOMEM;
		goto out;
	}
	n = fread(text, 1, CONF_FILE_MAX_BYTES, f);
	*errp = 0;
	if (ferror(f) || strlen(text) != n) {
		*errp = EBADMSG;
		text = mem_deref(text);
	}

out:
	(void)fclose(f);

	return text;
}

static int file_take(struct conf *conf, const char *given, char *why)
{
	char beside[512];
	const char *file = given;
	char *text;
	int err;

	(void)snprintf(beside, sizeof(beside), "%s/holdfast.conf",
		       conf_text(conf, "dir"));
	if (!file && !access(beside, R_OK))
		file = beside;
	if (!file && !access("/etc/holdfast.conf", R_OK))
		file = "/etc/holdfast.conf";
	if (!file)
		return 0;

	text = file_read(file, &err);
	if (!text) {
		snprintf(why, CONF_WHY_BYTES, "%.120s cannot be read: %s.",
			 file, strerror(err));
		return err;
	}
	err = conf_parse(conf, file, text, why);
	mem_deref(text);

	return err;
}

static int conf_act(const struct conf *conf, const struct conf_actions *a)
{
	struct mbuf *mb;

	if (a->helps) {
		if (a->is_manual)
			conf_manual_print(conf);
		else
			conf_help_print(conf);
		return ECANCELED;
	}
	if (a->prints) {
		mb = mbuf_alloc(1024);
		if (mb && !conf_print(conf, mb))
			(void)fwrite(mb->buf, 1, mb->end, stdout);
		mem_deref(mb);
		return ECANCELED;
	}
	if (a->checks) {
		printf("The settings of %s are right.\n", conf->program);
		return ECANCELED;
	}

	return 0;
}

int conf_load(struct conf **confp, const char *program,
	      const struct setting *table, size_t count, int argc, char *argv[],
	      int *exitp)
{
	char why[CONF_WHY_BYTES] = "Out of memory.";
	struct conf_actions actions = { 0 };
	struct conf *conf;
	int err;

	if (!confp || !exitp)
		return EINVAL;

	err = conf_alloc(&conf, program, table, count);
	if (err)
		return err;

	/* options twice: the first pass tells which file and folder */
	err = options_take(conf, &actions, argc, argv, why);
	if (!err && !actions.helps)
		err = file_take(conf, actions.file, why);
	if (!err) {
		for (uint32_t i = 0; i < conf->argument_count; i++)
			conf->arguments[i] = mem_deref(conf->arguments[i]);
		conf->argument_count = 0;
		for (size_t i = 0; i < conf->count; i++) {
			struct conf_row *row = &conf->rows[i];
			struct le *le = list_head(&row->values);

			/* those of the first pass */
			while (le) {
				struct conf_value *v = le->data;

				le = le->next;
				if (v->is_option)
					mem_deref(v);
			}
		}
		err = options_take(conf, &actions, argc, argv, why);
	}

	if (err) {
		(void)fprintf(stderr, "holdfast %s: %s\n", program, why);
		*exitp = 2;
		err = ECANCELED;
		goto out;
	}

	err = conf_act(conf, &actions);
	*exitp = 0;

out:
	if (err)
		mem_deref(conf);
	else
		*confp = conf;

	return err;
}
