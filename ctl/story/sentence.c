/* sentence.c - see sentence.h
 *
 * Matching walks pattern and line together and steps back at "[" and after
 * "on", of which there are few.  The furthest word that stopped any sentence
 * is where the error is; what was expected there gives the suggestion.
 */
#include <ctype.h>
#include <stdio.h>

#include "base/libre.h"
#include "ctl/story/fields.h"
#include "ctl/story/sentence.h"
#include "pbx/kinds.h"
#include "phone/capability.h"

enum {
	PATTERN_WORD_MAX = 160,
	EXPECTED_MAX = 200,
};

/* What would have fitted where; kept over all sentences tried. */
struct expectations {
	size_t count;
	struct {
		int column;
		char word[48];
	} expected[EXPECTED_MAX];
	int furthest;                      /* column */
	bool is_sure[LINE_TOKENS_MAX + 1]; /* a sentence knew this word */
};

struct match {
	struct known *known;
	const struct token *token;
	const char *slot[SLOTS_ALL];
	const char *choice[CHOICES_MAX]; /* words taken of "a|b" */
	size_t choices;
	char list[LINE_OCTETS_MAX]; /* FEATURES or DEVICES */
	uint32_t within_ms;

	struct expectations *expectations;
};

static const char *const slot_names[] = {
#define SLOT_NAME(name, help) #name,
	SLOTS(SLOT_NAME)
#undef SLOT_NAME
};

static const char *const slot_help[] = {
#define SLOT_HELP(name, help) help,
	SLOTS(SLOT_HELP)
#undef SLOT_HELP
};

static const char *const devices[] = { "desk", "desktop", "mobile", "web" };
static const char *const servers[] = { "uc",    "pbx",  "portal", "border",
				       "media", "pbx2", "media2", "witness" };

static bool is_among(const char *word, const char *const words[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(words[i], word))
			return true;
	}

	return false;
}

static bool is_device(const char *word)
{
	return is_among(word, devices, ARRAY_SIZE(devices));
}

static void expect(struct match *m, const struct token *t, const char *word)
{
	struct expectations *x = m->expectations;

	if (t->column > x->furthest)
		x->furthest = t->column;
	for (size_t i = 0; i < x->count; i++) {
		if (x->expected[i].column == t->column &&
		    !strcmp(x->expected[i].word, word))
			return;
	}
	if (x->count == EXPECTED_MAX)
		return;
	x->expected[x->count].column = t->column;
	(void)re_snprintf(x->expected[x->count].word,
			  sizeof(x->expected[0].word), "%s", word);
	x->count++;
}

/* A sentence knows the word for itself, not as anybody's name. */
static void be_sure(struct match *m, const struct token *t)
{
	m->expectations->is_sure[t - m->token] = true;
}

static void expect_each(struct match *m, const struct token *t,
			const char *const words[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect(m, t, words[i]);
}

static bool is_known(const char table[][32], size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(table[i], word))
			return true;
	}

	return false;
}

static bool all_of(const char *word, const char *also)
{
	if (!*word)
		return false;
	for (; *word; word++) {
		if (!isdigit((unsigned char)*word) && !strchr(also, *word))
			return false;
	}

	return true;
}

static bool time_parse(const char *word, uint32_t *ms)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	if (end == word || n > 600000 || !isdigit((unsigned char)*word))
		return false;
	if (!strcmp(end, "ms"))
		*ms = (uint32_t)n;
	else if (!strcmp(end, "s") && n <= 600)
		*ms = (uint32_t)n * 1000;
	else
		return false;

	return true;
}

static bool is_name(const char *word)
{
	if (!islower((unsigned char)*word) || strlen(word) > 31)
		return false;
	for (; *word; word++) {
		if (!islower((unsigned char)*word) &&
		    !isdigit((unsigned char)*word) && *word != '-')
			return false;
	}

	return true;
}

/* A person, her phone, a customer or an object the story has named. */
static bool is_made(const char *name, void *arg)
{
	const struct known *k = arg;
	char base[32];

	(void)snprintf(base, sizeof(base), "%.*s", (int)strcspn(name, "."),
		       name);

	return is_known(k->object, k->objects, name) ||
	       is_known(k->name, k->names, base) ||
	       is_known(k->customer, k->customers, name);
}

/* Fields must be well written and speak of what is known. */
static bool are_fields(struct match *m, const char *text)
{
	json_t *value = fields_parse(text);
	bool ok = value && fields_each_name(text, is_made, m->known);

	json_decref(value);
	return ok;
}

static void expect_kinds(struct match *m, const struct token *t)
{
	for (size_t i = 0; kinds_at(i); i++)
		expect(m, t, kinds_at(i)->name);
}

static void expect_made(struct match *m, const struct token *t)
{
	const struct known *k = m->known;

	for (size_t i = 0; i < k->objects; i++)
		expect(m, t, k->object[i]);
	for (size_t i = 0; i < k->names; i++)
		expect(m, t, k->name[i]);
}

/* Whether one word fits a slot; notes what was expected where not. */
static bool slot_accepts(struct match *m, enum slot slot, const struct token *t)
{
	struct known *k = m->known;
	uint32_t ms;
	bool ok = false;

	if (t->kind == TOKEN_TEXT) {
		ok = slot == SLOT_TEXT || slot == SLOT_DIGITS ||
		     slot == SLOT_VALUE ||
		     (slot == SLOT_NUMBER && all_of(t->text, "+*#")) ||
		     (slot == SLOT_PATH &&
		      fields_each_name(t->text, is_made, m->known));
	}
	else if (t->kind == TOKEN_FIELDS) {
		ok = (slot == SLOT_FIELDS || slot == SLOT_VALUE) &&
		     are_fields(m, t->text);
	}
	else if (t->kind == TOKEN_WORD) {
		switch (slot) {
		case SLOT_WHO:
		case SLOT_OTHER:
			ok = is_known(k->name, k->names, t->text);
			break;
		case SLOT_CUSTOMER:
			ok = is_known(k->customer, k->customers, t->text);
			break;
		case SLOT_NAME:
		case SLOT_WEBID: ok = is_name(t->text); break;
		case SLOT_NUMBER: ok = all_of(t->text, "+*"); break;
		case SLOT_COUNT: ok = all_of(t->text, ""); break;
		case SLOT_TIME: ok = time_parse(t->text, &ms); break;
		case SLOT_DEVICE: ok = is_device(t->text); break;
		case SLOT_SERVER:
			ok = is_among(t->text, servers, ARRAY_SIZE(servers));
			break;
		case SLOT_DIGITS: ok = all_of(t->text, "*ABCD"); break;
		case SLOT_KIND: ok = kinds_find(t->text) != NULL; break;
		case SLOT_MADE: ok = is_made(t->text, k); break;
		case SLOT_PATH:
			ok = fields_each_name(t->text, is_made, k);
			break;
		case SLOT_VALUE:
		case SLOT_OBJECT:
		case SLOT_FIELD:
		case SLOT_WORD: ok = true; break;
		default: break;
		}
	}
	if (ok) {
		if (slot != SLOT_NAME && slot != SLOT_WEBID &&
		    slot != SLOT_WORD && slot != SLOT_OBJECT)
			be_sure(m, t);
		return true;
	}
	if (slot == SLOT_WHO || slot == SLOT_OTHER) {
		for (size_t i = 0; i < k->names; i++)
			expect(m, t, k->name[i]);
	}
	else if (slot == SLOT_CUSTOMER) {
		for (size_t i = 0; i < k->customers; i++)
			expect(m, t, k->customer[i]);
	}
	else if (slot == SLOT_KIND) {
		expect_kinds(m, t);
	}
	else if (slot == SLOT_MADE) {
		expect_made(m, t);
	}
	else if (slot == SLOT_DEVICE) {
		expect_each(m, t, devices, ARRAY_SIZE(devices));
	}
	else if (slot == SLOT_SERVER) {
		expect_each(m, t, servers, ARRAY_SIZE(servers));
	}
	else {
		expect(m, t, slot_names[slot]);
	}

	return false;
}

static void list_add(struct match *m, size_t *len, const char *text)
{
	int n = snprintf(m->list + *len, sizeof(m->list) - *len, "%s", text);

	*len += (size_t)n;
}

/* After a device: "through border", "over tls". */
static const struct token *take_way(struct match *m, const struct token *t,
				    size_t *len)
{
	static const char *const ways[][2] = { { "through", "border" },
					       { "over", "tcp" },
					       { "over", "tls" } };
	const char *said = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (t->kind != TOKEN_WORD || strcmp(t->text, ways[i][0]) != 0)
			continue;
		said = ways[i][0];
		if (strcmp(t[1].text, ways[i][1]) != 0)
			continue;
		list_add(m, len, "/");
		list_add(m, len, ways[i][1]);
		t += 2;
		said = NULL;
	}
	for (size_t i = 0; said && i < ARRAY_SIZE(ways); i++) {
		if (!strcmp(said, ways[i][0]))
			expect(m, t + 1, ways[i][1]);
	}

	return said ? NULL : t;
}

/* "hold, mute" -> "hold,mute"; "desk, mobile through border over tls" ->
 * "desk,mobile/border/tls".  Returns the token after the list, or NULL. */
static const struct token *take_list(struct match *m, enum slot slot,
				     const struct token *t)
{
	size_t len = 0;

	for (;;) {
		if (slot == SLOT_DEVICES &&
		    (t->kind != TOKEN_WORD || !is_device(t->text))) {
			expect_each(m, t, devices, ARRAY_SIZE(devices));
			return NULL;
		}
		if (slot == SLOT_FEATURES &&
		    (t->kind != TOKEN_WORD || !capability_find(t->text))) {
			for (size_t i = 0; i < capability_count; i++)
				expect(m, t, capabilities[i].name);
			return NULL;
		}
		list_add(m, &len, t->text);
		t++;
		if (slot == SLOT_DEVICES) {
			t = take_way(m, t, &len);
			if (!t)
				return NULL;
		}
		if (t->kind != TOKEN_COMMA)
			break;
		list_add(m, &len, ",");
		t++;
	}
	m->slot[slot] = m->list;

	return t;
}

/* One word of a pattern. */
static const char *pattern_word(const char *p, char *word)
{
	size_t n = 0;

	while (*p && !strchr(" []", *p) && n < PATTERN_WORD_MAX - 1)
		word[n++] = *p++;
	word[n] = '\0';

	return p;
}

static int slot_of(const char *word)
{
	for (int i = 0; i < SLOTS_ALL; i++) {
		if (!strcmp(slot_names[i], word))
			return i;
	}

	return -1;
}

/* Whether the line's word is one of "a|b|c"; which one is noted. */
static bool literal_accepts(struct match *m, const struct token *t,
			    const char *word)
{
	char one[PATTERN_WORD_MAX];
	const char *p = word;

	while (*p) {
		size_t n = strcspn(p, "|");

		(void)snprintf(one, sizeof(one), "%.*s", (int)n, p);
		if (t->kind == TOKEN_WORD && !strcmp(t->text, one)) {
			if (strchr(word, '|') && m->choices < CHOICES_MAX)
				m->choice[m->choices++] = t->text;
			be_sure(m, t);
			return true;
		}
		expect(m, t, one);
		p += n;
		if (*p == '|')
			p++;
	}

	return false;
}

/* The end of the matching "]". */
static const char *group_end(const char *p)
{
	int depth = 0;

	for (; *p; p++) {
		if (*p == '[')
			depth++;
		if (*p == ']' && !--depth)
			return p;
	}

	return p;
}

static bool is_word(const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD && !strcmp(t->text, word);
}

/* "on DEVICE" behind a person or at the end. */
static bool takes_device(struct match *m, const struct token *t)
{
	if (m->slot[SLOT_DEVICE] || !is_word(t, "on"))
		return false;
	if (t[1].kind == TOKEN_WORD && is_device(t[1].text))
		return true;
	expect_each(m, t + 1, devices, ARRAY_SIZE(devices));

	return false;
}

static bool match_end(struct match *m, const struct token *t)
{
	if (m->slot[SLOT_WHO] && takes_device(m, t)) {
		m->slot[SLOT_DEVICE] = t[1].text;
		t += 2;
	}
	if (is_word(t, "within") && !m->within_ms) {
		if (!time_parse(t[1].text, &m->within_ms)) {
			expect(m, t + 1, "TIME");
			return false;
		}
		t += 2;
	}
	if (t->kind == TOKEN_END)
		return true;

	expect(m, t, "the end of the line");
	return false;
}

static bool match_from(struct match *m, const char *p, const struct token *t)
{
	char word[PATTERN_WORD_MAX];
	const char *rest;
	int slot;

	while (*p == ' ' || *p == ']')
		p++;
	if (!*p)
		return match_end(m, t);
	if (*p == '[') {
		struct match before = *m;

		if (match_from(m, p + 1, t))
			return true;
		*m = before;
		return match_from(m, group_end(p) + 1, t);
	}

	rest = pattern_word(p, word);
	slot = slot_of(word);
	if (slot < 0)
		return literal_accepts(m, t, word) &&
		       match_from(m, rest, t + 1);
	if (slot == SLOT_FEATURES || slot == SLOT_DEVICES) {
		t = take_list(m, (enum slot)slot, t);
		return t && match_from(m, rest, t);
	}
	if (!slot_accepts(m, (enum slot)slot, t))
		return false;
	m->slot[slot] = t->text;
	t++;
	if (slot == SLOT_WHO && takes_device(m, t)) {
		m->slot[SLOT_DEVICE] = t[1].text;
		if (match_from(m, rest, t + 2))
			return true;
		m->slot[SLOT_DEVICE] = NULL;
	}

	return match_from(m, rest, t);
}

size_t word_distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n >= ARRAY_SIZE(row))
		return n;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t up = row[j];
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			best = min(best, up + 1);
			best = min(best, row[j - 1] + 1);
			row[j] = best;
			diagonal = up;
		}
	}

	return row[n];
}

/* The known word nearest to one that was said, if any is near. */
static const char *nearest_word(const struct expectations *x,
				const struct token *t)
{
	const char *nearest = NULL;
	size_t least = 3;

	for (size_t i = 0; i < x->count; i++) {
		const char *word = x->expected[i].word;
		size_t d;

		if (x->expected[i].column != t->column)
			continue;
		d = word_distance(t->text, word);
		if (d < least && d < strlen(word)) {
			least = d;
			nearest = word;
		}
	}

	return nearest;
}

static void list_expected(const struct expectations *x, char *out, size_t size)
{
	size_t n = 0, shown = 0;

	for (size_t i = 0; i < x->count && shown < 12 && n < size; i++) {
		int slot = slot_of(x->expected[i].word);

		if (x->expected[i].column != x->furthest)
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%s",
				      shown++ ? ", " : "; expected ",
				      slot < 0 ? x->expected[i].word
					       : slot_help[slot]);
	}
}

/* The error is where the best sentence stopped; but a mistyped first word may
 * pass for a new name, so an earlier word that nobody knew counts too. */
static void explain(const struct expectations *x, const struct token_line *tl,
		    struct sentence_error *e)
{
	const struct token *said = NULL;
	const char *nearest = NULL;
	int n;

	for (size_t i = tl->count; i > 0 && !nearest; i--) {
		const struct token *t = &tl->token[i - 1];

		if (t->column > x->furthest)
			continue;
		if (t->column == x->furthest)
			said = t;
		else if (x->is_sure[i - 1])
			continue;
		nearest = nearest_word(x, t);
		if (nearest)
			said = t;
	}
	e->column = said ? said->column : x->furthest;
	if (!said)
		n = snprintf(e->detail, sizeof(e->detail),
			     "the sentence ends too early");
	else
		n = snprintf(e->detail, sizeof(e->detail),
			     "\"%.100s\" does not fit here", said->text);
	if (nearest)
		(void)snprintf(e->detail + n, sizeof(e->detail) - (size_t)n,
			       "; did you mean \"%s\"?", nearest);
	else
		list_expected(x, e->detail + n, sizeof(e->detail) - (size_t)n);
}

static void declare(char table[][32], size_t *n, size_t most, const char *word)
{
	if (!word || *n == most || is_known((const char(*)[32])table, *n, word))
		return;
	(void)snprintf(table[(*n)++], 32, "%s", word);
}

/* What a line says goes into the step. */
static int take(struct step *s, struct known *known, const struct match *m)
{
	for (int k = 0; k < SLOTS_ALL; k++) {
		if (m->slot[k] && str_dup(&s->slot[k], m->slot[k]))
			return ENOMEM;
	}
	for (size_t k = 0; k < m->choices; k++) {
		if (str_dup(&s->choice[k], m->choice[k]))
			return ENOMEM;
	}
	s->within_ms = m->within_ms;
	declare(known->name, &known->names, 32, m->slot[SLOT_NAME]);
	declare(known->customer, &known->customers, 16, m->slot[SLOT_WEBID]);
	declare(known->object, &known->objects, 64, m->slot[SLOT_OBJECT]);

	return 0;
}

int sentence_match(struct step *s, struct known *known,
		   const struct token_line *tl, struct sentence_error *e)
{
	struct expectations *x = mem_zalloc(sizeof(*x), NULL);
	int err = EBADMSG;

	if (!x)
		return ENOMEM;

	for (size_t i = 0; i < sentence_count && err == EBADMSG; i++) {
		struct match m = { .known = known,
				   .token = tl->token,
				   .expectations = x };

		if (!match_from(&m, sentences[i].pattern, tl->token))
			continue;
		s->sentence = &sentences[i];
		err = take(s, known, &m);
	}
	if (err == EBADMSG)
		explain(x, tl, e);
	mem_deref(x);

	return err;
}
