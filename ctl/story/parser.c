/* parser.c - see parser.h */
#include <errno.h>
#include <stdio.h>

#include "base/libre.h"
#include "ctl/story/parser.h"

static void story_destructor(void *data)
{
	struct story *st = data;

	for (size_t i = 0; i < st->step_count; i++) {
		mem_deref(st->steps[i].text);
		for (int k = 0; k < SLOTS_ALL; k++)
			mem_deref(st->steps[i].slot[k]);
		for (int k = 0; k < CHOICES_MAX; k++)
			mem_deref(st->steps[i].choice[k]);
	}
	mem_deref(st->steps);
	mem_deref(st->path);
	mem_deref(st->name);
	mem_deref(st->title);
}

/* tests/stories/call/basic.call -> call/basic; of other paths the last part */
static int name_of(char **namep, const char *path)
{
	const char *p = strstr(path, "stories/"), *slash;
	size_t n;

	slash = strrchr(path, '/');
	p = p ? p + strlen("stories/") : slash ? slash + 1 : path;
	n = strlen(p);
	if (n > 5 && !strcmp(p + n - 5, ".call"))
		n -= 5;

	return re_sdprintf(namep, "%b", p, n);
}

static int text_trimmed(char **textp, const char *line)
{
	size_t n = strcspn(line, "\r\n");

	while (n && (*line == ' ' || *line == '\t')) {
		line++;
		n--;
	}
	while (n && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;

	return re_sdprintf(textp, "%b", line, n);
}

static int complain(char *error, size_t size, const char *path, int line,
		    int column, const char *what)
{
	(void)snprintf(error, size, "%s:%d:%d: %s", path, line, column, what);
	return EBADMSG;
}

/* The order: title, cast, then the rest. */
static const char *order_error(const struct story *st, const struct step *s)
{
	if (s->sentence->kind == SENTENCE_TITLE)
		return st->title ? "a story has one title" : NULL;
	if (s->sentence->kind != SENTENCE_CAST)
		return NULL;
	for (size_t i = 0; i < st->step_count; i++) {
		if (st->steps[i].sentence->kind > SENTENCE_CAST &&
		    !st->steps[i].sentence->is_anywhere)
			return "the cast comes before the first step";
	}

	return NULL;
}

static int parse_line(struct story *st, struct known *known, const char *line,
		      int number, char *error, size_t size)
{
	struct token_line *tl = mem_zalloc(sizeof(*tl), NULL);
	struct step *s = &st->steps[st->step_count];
	struct sentence_error e = { 0 };
	const char *what;
	int column, err = 0;

	if (!tl)
		return ENOMEM;

	what = line_lex(tl, line, &column);
	if (what) {
		err = complain(error, size, st->path, number, column, what);
		goto out;
	}
	if (!tl->count)
		goto out;
	if (st->step_count == STORY_STEPS_MAX) {
		err = complain(error, size, st->path, number, 1,
			       "the story has too many lines");
		goto out;
	}

	s->line = number;
	err = sentence_match(s, known, tl, &e);
	if (err == EBADMSG)
		(void)complain(error, size, st->path, number, e.column,
			       e.detail);
	if (err)
		goto out;
	what = order_error(st, s);
	if (what) {
		st->step_count++;
		err = complain(error, size, st->path, number, 1, what);
		goto out;
	}
	err = text_trimmed(&s->text, line);
	if (s->sentence->kind == SENTENCE_TITLE)
		st->title = mem_ref(s->slot[SLOT_TEXT]);
	if (s->sentence->need == NEEDS_PAIR)
		st->needs_pair = true;
	if (s->sentence->need == NEEDS_ALL_SERVERS ||
	    (s->slot[SLOT_SERVER] && strcmp(s->slot[SLOT_SERVER], "pbx") != 0 &&
	     strcmp(s->slot[SLOT_SERVER], "media") != 0 &&
	     strcmp(s->slot[SLOT_SERVER], "pbx2") != 0 &&
	     strcmp(s->slot[SLOT_SERVER], "media2") != 0 &&
	     strcmp(s->slot[SLOT_SERVER], "witness") != 0) ||
	    (s->slot[SLOT_DEVICES] && strstr(s->slot[SLOT_DEVICES], "/border")))
		st->needs_all_servers = true;
	st->step_count++;

out:
	mem_deref(tl);

	return err;
}

int story_parse(struct story **storyp, const char *path, const char *text,
		char *error, size_t size)
{
	struct story *st = mem_zalloc(sizeof(*st), story_destructor);
	struct known *known = mem_zalloc(sizeof(*known), NULL);
	int err = ENOMEM, number = 1;

	if (!st || !known)
		goto out;
	st->steps = mem_zalloc((STORY_STEPS_MAX + 1) * sizeof(*st->steps),
			       NULL);
	if (!st->steps)
		goto out;
	err = str_dup(&st->path, path);
	err |= name_of(&st->name, path);
	if (err)
		goto out;

	for (const char *p = text; *p && !err; number++) {
		char line[LINE_OCTETS_MAX + 2];
		size_t n = strcspn(p, "\n");

		(void)snprintf(line, sizeof(line), "%.*s", (int)n, p);
		err = parse_line(st, known, line, number, error, size);
		p += n + (p[n] == '\n');
	}
	if (!err && !st->title)
		err = complain(error, size, path, 1, 1,
			       "a story begins with story \"its title\"");

out:
	mem_deref(known);
	if (err)
		mem_deref(st);
	else
		*storyp = st;

	return err;
}

int story_load(struct story **storyp, const char *path, char *error,
	       size_t size)
{
	char *text = mem_zalloc(STORY_OCTETS_MAX, NULL);
	FILE *f = fopen(path, "re");
	int err = 0;

	if (!f || !text) {
		err = text ? errno : ENOMEM;
		(void)snprintf(error, size, "%s: %s", path, strerror(err));
		goto out;
	}
	if (fread(text, 1, STORY_OCTETS_MAX - 1, f) == STORY_OCTETS_MAX - 1) {
		err = complain(error, size, path, 1, 1,
			       "the story is longer than 128 kB");
		goto out;
	}
	err = story_parse(storyp, path, text, error, size);
	if (err == ENOMEM)
		(void)snprintf(error, size, "%s: out of memory", path);

out:
	if (f)
		(void)fclose(f);
	mem_deref(text);

	return err;
}
