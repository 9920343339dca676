/* text.c - see text.h */
#include <ctype.h>
#include <stdio.h>

#include "base/libre.h"
#include "base/list.h"
#include "base/text.h"

enum { NAME_MAX_BYTES = 32, NAMES_MAX = 16 };

struct known {
	struct table_entry in_table;
	const struct text *text;
};

const struct text base_texts[] = {
	{ "problem.bad-json", "The body is not valid JSON: {why}.",
	  "Le corps n'est pas du JSON valide : {why}." },
	{ "problem.not-json", "Send the body as application/json.",
	  "Envoyez le corps en application/json." },
	{ "problem.too-large", "The body is larger than {limit} bytes.",
	  "Le corps dépasse {limit} octets." },
	{ "problem.unauthorized", "Sign in first.", "Connectez-vous d'abord." },
	{ "problem.forbidden", "You are not permitted to do this.",
	  "Vous n'avez pas le droit de faire cela." },
	{ "problem.not-found", "There is no such object.",
	  "Cet objet n'existe pas." },
	{ "problem.busy", "The server is busy. Try again in a moment.",
	  "Le serveur est occupé. Réessayez dans un instant." },
	{ "problem.internal",
	  "Something went wrong here. The log has more "
	  "under {correlation}.",
	  "Une erreur est survenue ici. Le journal en dit plus sous "
	  "{correlation}." },
};

const size_t base_texts_count = sizeof(base_texts) / sizeof(base_texts[0]);

static struct table known;

static const struct text *find(const char *key)
{
	uint64_t hash = hash_span(0, span_of(key));

	for (struct table_entry *e = table_first(&known, hash); e;
	     e = table_next(e)) {
		struct known *k = CONTAINER_OF(e, struct known, in_table);

		if (!strcmp(k->text->key, key))
			return k->text;
	}

	return NULL;
}

int text_add(const struct text *texts, size_t count)
{
	int err;

	if (!known.buckets) {
		err = table_init(&known, 256);
		if (err)
			return err;
	}

	for (size_t i = 0; i < count; i++) {
		struct known *k;

		if (find(texts[i].key))
			return EEXIST;

		k = mem_zalloc(sizeof(*k), NULL);
		if (!k)
			return ENOMEM;

		k->text = &texts[i];
		table_add(&known, &k->in_table,
			  hash_span(0, span_of(texts[i].key)));
	}

	return 0;
}

void text_close(void)
{
	for (uint32_t i = 0; known.buckets && i <= known.mask; i++) {
		while (known.buckets[i]) {
			struct table_entry *e = known.buckets[i];

			table_remove(&known, e);
			mem_deref(CONTAINER_OF(e, struct known, in_table));
		}
	}

	table_close(&known);
}

static bool is_language(const char *p, size_t len, const char *language)
{
	return len >= 2 && !strncasecmp(p, language, 2) &&
	       (len == 2 || p[2] == '-' || p[2] == '_');
}

const char *text_language(const char *wanted)
{
	const char *p = wanted ? wanted : "";

	/* The first of a list we speak; the q values come in order. */
	while (*p) {
		size_t len = strcspn(p, ";, ");

		if (is_language(p, len, "fr"))
			return "fr";
		if (is_language(p, len, "en"))
			return "en";
		p += strcspn(p, ",");
		p += strspn(p, ", ");
	}

	return "en";
}

const char *text_get(const char *language, const char *key)
{
	const struct text *t = find(key);

	if (!t)
		return key;

	return !strcmp(text_language(language), "fr") ? t->fr : t->en;
}

/* ---- parameters ---- */

/* The name in braces at p, *endp behind it; false if it is none. */
static bool parse_name(char name[NAME_MAX_BYTES], const char **endp,
		       const char *open)
{
	const char *p;
	size_t n = 0;

	for (p = open + 1; *p && *p != '}'; p++) {
		if (n + 1 >= NAME_MAX_BYTES ||
		    (!isalnum((unsigned char)*p) && *p != '_'))
			return false;
		name[n++] = *p;
	}

	name[n] = '\0';
	*endp = p + 1;
	return *p == '}' && n > 0;
}

static const char *find_arg(const struct text_arg *args, const char *name)
{
	for (; args && args->name; args++) {
		if (!strcmp(args->name, name))
			return args->value ? args->value : "";
	}

	return "";
}

static int fill(struct mbuf *mb, const char *p, const struct text_arg *args)
{
	int err = 0;

	while (p && *p && !err) {
		size_t plain = strcspn(p, "{");
		char name[NAME_MAX_BYTES];

		err = mbuf_write_mem(mb, (const uint8_t *)p, plain);
		p += plain;
		if (!*p || err)
			break;

		if (p[1] == '{') {
			err = mbuf_write_u8(mb, '{');
			p += 2;
		}
		else if (parse_name(name, &p, p)) {
			err = mbuf_write_str(mb, find_arg(args, name));
		}
		else {
			err = mbuf_write_u8(mb, (uint8_t)*p++);
		}
	}

	return err;
}

int text_fill(char **outp, const char *language, const char *key,
	      const struct text_arg *args)
{
	struct mbuf *mb = mbuf_alloc(256);
	int err;

	if (!mb)
		return ENOMEM;

	err = fill(mb, text_get(language, key), args);
	if (!err) {
		mbuf_set_pos(mb, 0);
		err = mbuf_strdup(mb, outp, mbuf_get_left(mb));
	}

	mem_deref(mb);
	return err;
}

void text_put(char *out, size_t size, const char *language, const char *key,
	      const struct text_arg *args)
{
	char *text;
	size_t n;

	if (text_fill(&text, language, key, args)) {
		snprintf(out, size, "%s", key);
		return;
	}

	n = strlen(text);
	if (n >= size) {
		n = size - 1;
		while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, text, n);
	out[n] = '\0';
	mem_deref(text);
}

/* ---- the check ---- */

struct names {
	uint32_t count;
	char name[NAMES_MAX][NAME_MAX_BYTES];
};

static bool has_name(const struct names *names, const char *name)
{
	for (uint32_t i = 0; i < names->count; i++) {
		if (!strcmp(names->name[i], name))
			return true;
	}

	return false;
}

static bool collect(struct names *names, const char *p)
{
	char name[NAME_MAX_BYTES];

	names->count = 0;
	while (*(p += strcspn(p, "{"))) {
		if (p[1] == '{') {
			p += 2;
			continue;
		}
		if (!parse_name(name, &p, p))
			return false;
		if (has_name(names, name))
			continue;
		if (names->count >= NAMES_MAX)
			return false;
		snprintf(names->name[names->count++], NAME_MAX_BYTES, "%s",
			 name);
	}

	return true;
}

static const char *find_fault(const struct text *t)
{
	struct names en;
	struct names fr;

	if (!t->key || !*t->key)
		return "has no key";
	if (!t->en || !*t->en)
		return "has no English text";
	if (!t->fr || !*t->fr)
		return "has no French text";
	if (!collect(&en, t->en) || !collect(&fr, t->fr))
		return "has a bad brace";
	if (en.count != fr.count)
		return "has other parameters in French";
	for (uint32_t i = 0; i < en.count; i++) {
		if (!has_name(&fr, en.name[i]))
			return "has other parameters in French";
	}

	return NULL;
}

bool text_check(const struct text *texts, size_t count, char *why,
		size_t why_size)
{
	for (size_t i = 0; i < count; i++) {
		const char *fault = find_fault(&texts[i]);

		for (size_t j = 0; j < i && !fault; j++) {
			if (!strcmp(texts[i].key, texts[j].key))
				fault = "is there twice";
		}

		if (fault) {
			snprintf(why, why_size, "\"%s\" (%zu) %s",
				 texts[i].key ? texts[i].key : "", i, fault);
			return false;
		}
	}

	return true;
}
