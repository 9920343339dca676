/* fields.c - see fields.h */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/libre.h"
#include "ctl/story/fields.h"

enum { NAME_OCTETS_MAX = 64, TEXT_OCTETS_MAX = 4096 };

static bool is_bare(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.+*@/?-", c)) ||
	       (unsigned char)c >= 0x80;
}

/* JSON's own words and numbers; "0123" and "+33" are digits, not numbers. */
static bool is_literal(const char *word, size_t n)
{
	char text[64];
	json_t *value;
	bool ok;

	if (n >= sizeof(text))
		return false;
	(void)snprintf(text, sizeof(text), "%.*s", (int)n, word);
	value = json_loads(text, JSON_DECODE_ANY, NULL);
	ok = value != NULL;
	json_decref(value);

	return ok;
}

/* The end of a quoted text, its quote included. */
static const char *text_end(const char *p)
{
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
	}

	return *p ? p + 1 : p;
}

/* Quote the words that stand bare. */
static int print_json(struct mbuf *mb, const char *p)
{
	int err = 0;

	while (*p && !err) {
		const char *start = p;
		const char *after;

		if (*p == '"') {
			p = text_end(p);
			err = mbuf_write_mem(mb, (const uint8_t *)start,
					     (size_t)(p - start));
			continue;
		}
		while (is_bare(*p))
			p++;
		if (p == start) {
			err = mbuf_write_u8(mb, (uint8_t)*p++);
			continue;
		}
		after = p + strspn(p, " \t");
		if (*after != ':' && is_literal(start, (size_t)(p - start)))
			err = mbuf_write_mem(mb, (const uint8_t *)start,
					     (size_t)(p - start));
		else
			err = mbuf_printf(mb, "\"%b\"", start,
					  (size_t)(p - start));
	}

	return err;
}

json_t *fields_parse(const char *text)
{
	struct mbuf *mb = mbuf_alloc(512);
	json_t *value = NULL;

	if (mb && strlen(text) <= TEXT_OCTETS_MAX && !print_json(mb, text))
		value = json_loadb((const char *)mb->buf, mb->end,
				   JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
				   NULL);
	mem_deref(mb);

	return value;
}

bool fields_resolve(json_t **valuep, fields_id_h *id, void *arg,
		    const char **unknown)
{
	json_t *item;
	const char *text = json_string_value(*valuep), *name;
	size_t i;
	void *next;

	if (text && text[0] == '@') {
		const char *found = id(text + 1, arg);

		if (!found) {
			*unknown = text + 1;
			return false;
		}
		item = json_string(found);
		json_decref(*valuep);
		*valuep = item;
		return true;
	}

	json_object_foreach_safe(*valuep, next, name, item)
	{
		json_incref(item);
		if (!fields_resolve(&item, id, arg, unknown)) {
			json_decref(item);
			return false;
		}
		(void)json_object_set_new(*valuep, name, item);
	}
	json_array_foreach(*valuep, i, item)
	{
		json_incref(item);
		if (!fields_resolve(&item, id, arg, unknown)) {
			json_decref(item);
			return false;
		}
		(void)json_array_set_new(*valuep, i, item);
	}

	return true;
}

bool fields_each_name(const char *text,
		      bool (*known)(const char *name, void *arg), void *arg)
{
	const char *p = text;

	while ((p = strchr(p, '@'))) {
		char name[NAME_OCTETS_MAX];
		size_t n = 0;

		/* an address such as sip:a@b is no reference */
		if (p != text &&
		    (isalnum((unsigned char)p[-1]) || strchr("._-", p[-1]))) {
			p++;
			continue;
		}
		for (p++; is_bare(*p) && *p != '/' && *p != '?' &&
			  n < sizeof(name) - 1;
		     p++)
			name[n++] = *p;
		name[n] = '\0';
		if (!known(name, arg))
			return false;
	}

	return true;
}

/* A scalar as text, so that 2100 and "2100" are one. */
static void print_scalar(char out[256], const json_t *value)
{
	char *text = NULL;

	if (json_is_string(value)) {
		(void)snprintf(out, 256, "%s", json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY);
	(void)snprintf(out, 256, "%s", text ? text : "");
	free(text);
}

static bool holds_item(const json_t *wanted, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (fields_hold(wanted, item))
			return true;
	}

	return false;
}

bool fields_hold(const json_t *wanted, const json_t *value)
{
	char a[256], b[256];
	const char *name;
	json_t *item;
	size_t i;

	if (json_is_object(wanted)) {
		json_object_foreach((json_t *)(uintptr_t)wanted, name, item)
		{
			if (!fields_hold(item, json_object_get(value, name)))
				return false;
		}
		return json_is_object(value);
	}
	if (json_is_array(wanted)) {
		json_array_foreach(wanted, i, item)
		{
			if (!holds_item(item, value))
				return false;
		}
		return json_is_array(value) &&
		       (json_array_size(wanted) || !json_array_size(value));
	}
	if (json_is_null(wanted))
		return !value || json_is_null(value);
	if (!value || json_is_object(value) || json_is_array(value))
		return false;
	print_scalar(a, wanted);
	print_scalar(b, value);

	return !strcmp(a, b);
}
