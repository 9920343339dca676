/* kind.c - see kind.h
 *
 * One function per type looks at one value; everything else is walking the
 * rows.  What comes in has been parsed by jansson: valid UTF-8, bounded depth.
 */
#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/kind.h"
#include "model/permission.h"

enum {
	TEXT_MAX = 1000,  /* characters, where a row says nothing */
	JSON_MAX = 16384, /* octets, likewise                     */
	LIST_MAX = 64,    /* entries of a FIELD_LIST              */
	ID_MAX = 40,
};

/** One value on its way through the checks. */
struct check {
	const struct field *field;
	const char *name; /* as in the error: "name" or "name[3]" */
	json_t *errors;
};

void kind_error(json_t *errors, const char *field, const char *code,
		const char *fmt, ...)
{
	char detail[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);

	json_t *name = json_string(field);
	json_t *entry = json_pack("{s:o,s:s,s:o?}", "field",
				  name ? name : json_string("?"), "code", code,
				  "detail", json_string(detail));
	(void)json_array_append_new(errors, entry);
}

bool kind_id_is_valid(const char *id)
{
	size_t n = id ? strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-_")
		      : 0;

	return n >= 1 && n <= ID_MAX && id[n] == '\0';
}

const struct field *kind_field(const struct kind *kind, const char *name)
{
	for (size_t i = 0; i < kind->count; i++) {
		if (!strcmp(kind->fields[i].name, name))
			return &kind->fields[i];
	}

	return NULL;
}

static size_t text_length(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;

	return n;
}

static bool text_is_clean(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	}

	return true;
}

static bool matches(const char *pattern, const char *text)
{
	regex_t re;
	bool ok;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB))
		return false;
	ok = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);

	return ok;
}

static bool in_choices(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (const char *p = choices; p && *p;) {
		size_t n = strcspn(p, "|");

		if (n == len && !memcmp(p, text, n))
			return true;
		p += n + (p[n] == '|');
	}

	return false;
}

static bool is_email(const char *s)
{
	return matches("^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
		       "[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
		       s);
}

static bool is_url(const char *s)
{
	return matches("^(https?|sips?|wss?):(//)?[][A-Za-z0-9.:_-]+"
		       "([/?;][A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*)?$",
		       s);
}

/* Length, characters and pattern of a text. */
static void check_text(const struct check *c, const json_t *value)
{
	const struct field *f = c->field;
	const char *s = json_string_value(value);
	int64_t max = f->max ? f->max : TEXT_MAX;
	int64_t min = f->min || !(f->flags & FIELD_REQUIRED) ? f->min : 1;

	if (!s) {
		kind_error(c->errors, c->name, "wrong-type", "must be a text");
		return;
	}

	int64_t len = (int64_t)text_length(s);

	if (strlen(s) != json_string_length(value) || !text_is_clean(s))
		kind_error(c->errors, c->name, "bad-pattern",
			   "must not contain control characters");
	else if (len < min && len == 0)
		kind_error(c->errors, c->name, "missing", "must not be empty");
	else if (len < min)
		kind_error(c->errors, c->name, "too-short",
			   "must be at least %lld characters long",
			   (long long)min);
	else if (len > max)
		kind_error(c->errors, c->name, "too-long",
			   "must be at most %lld characters long",
			   (long long)max);
	else if (f->pattern && !matches(f->pattern, s))
		kind_error(c->errors, c->name, "bad-pattern", "must be %s",
			   f->pattern_help ? f->pattern_help : f->pattern);
	else if (f->type == FIELD_DIGITS && !matches("^[+]?[0-9*#]*$", s))
		kind_error(c->errors, c->name, "bad-pattern", "must be digits");
	else if (f->type == FIELD_EMAIL && len > 0 && !is_email(s))
		kind_error(c->errors, c->name, "bad-pattern",
			   "must be a mail address like name@example.com");
	else if (f->type == FIELD_URL && len > 0 && !is_url(s))
		kind_error(c->errors, c->name, "bad-pattern",
			   "must be an address like http://host:port");
	else if (f->type == FIELD_REF && !kind_id_is_valid(s))
		kind_error(c->errors, c->name, "bad-pattern",
			   "must be the id of one of the %s", f->ref);
	else if (f->type == FIELD_ENUM && !in_choices(f->choices, s))
		kind_error(c->errors, c->name, "bad-choice",
			   "must be one of %s", f->choices);
}

static void check_int(const struct check *c, const json_t *value)
{
	const struct field *f = c->field;
	int64_t n = json_integer_value(value);
	int64_t max = f->max || f->type == FIELD_INT ? f->max : INT64_MAX;

	if (!json_is_integer(value))
		kind_error(c->errors, c->name, "wrong-type",
			   "must be a whole number");
	else if (n < f->min || n > max)
		kind_error(c->errors, c->name, "out-of-range",
			   "must be from %lld to %lld", (long long)f->min,
			   (long long)max);
}

static void check_list(const struct check *c, const json_t *value)
{
	struct field item = *c->field;
	char name[80];
	json_t *entry;
	size_t i;

	if (!json_is_array(value)) {
		kind_error(c->errors, c->name, "wrong-type", "must be a list");
		return;
	}
	if (json_array_size(value) > LIST_MAX) {
		kind_error(c->errors, c->name, "too-long",
			   "must have at most %d entries", LIST_MAX);
		return;
	}
	item.type = item.choices ? FIELD_ENUM : FIELD_TEXT;
	item.min = 1;
	json_array_foreach((json_t *)value, i, entry)
	{
		(void)snprintf(name, sizeof(name), "%s[%zu]", c->name, i);
		check_text(&(struct check){ &item, name, c->errors }, entry);
	}
}

static void check_json(const struct check *c, const json_t *value)
{
	size_t max = c->field->max ? (size_t)c->field->max : JSON_MAX;

	if (!json_is_object(value) && !json_is_array(value))
		kind_error(c->errors, c->name, "wrong-type",
			   "must be a list or an object");
	else if (json_dumpb(value, NULL, 0, JSON_COMPACT) > max)
		kind_error(c->errors, c->name, "too-long",
			   "must be at most %zu octets", max);
}

static void check_value(const struct check *c, const json_t *value)
{
	switch (c->field->type) {
	case FIELD_INT:
	case FIELD_TIME: check_int(c, value); return;

	case FIELD_BOOL:
		if (!json_is_boolean(value))
			kind_error(c->errors, c->name, "wrong-type",
				   "must be true or false");
		return;

	case FIELD_LIST: check_list(c, value); return;

	case FIELD_JSON: check_json(c, value); return;

	default: check_text(c, value); return;
	}
}

static bool is_absent(const json_t *value)
{
	return !value || json_is_null(value);
}

/* A field that was not sent. */
static void take_absent(const struct field *f, enum kind_write write,
			json_t *out, json_t *errors)
{
	json_t *preset = NULL;

	if (write == KIND_CHANGE)
		return;
	if (f->flags & FIELD_REQUIRED) {
		kind_error(errors, f->name, "missing", "is required");
		return;
	}
	if (f->preset)
		preset = json_loads(f->preset, JSON_DECODE_ANY, NULL);
	(void)json_object_set_new(out, f->name, preset ? preset : json_null());
}

static void take_field(const struct field *f, const json_t *in,
		       enum kind_write write, uint32_t role, json_t *out,
		       json_t *errors)
{
	json_t *value = json_object_get(in, f->name);
	size_t before = json_array_size(errors);

	if (!value && write == KIND_CHANGE)
		return;
	if ((f->flags & FIELD_READONLY) && value) {
		kind_error(errors, f->name, "read-only",
			   "is set by the server");
		return;
	}
	if (value && f->writers && !(f->writers & role)) {
		kind_error(errors, f->name, "not-permitted",
			   "may not be set by you");
		return;
	}
	if (is_absent(value) && value && (f->flags & FIELD_REQUIRED)) {
		kind_error(errors, f->name, "missing", "is required");
		return;
	}
	if (is_absent(value) && !(value && write == KIND_CHANGE)) {
		take_absent(f, write, out, errors);
		return;
	}
	if (!is_absent(value))
		check_value(&(struct check){ f, f->name, errors }, value);
	if (json_array_size(errors) == before)
		(void)json_object_set(out, f->name, value);
}

static void refuse_unknown(const struct kind *kind, const json_t *in,
			   json_t *errors)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)in, name, value)
	{
		if (!strcmp(name, "id") || !strcmp(name, "generation"))
			continue;
		if (!kind_field(kind, name))
			kind_error(errors, name, "unknown-field",
				   "is no field of a %s", kind->name);
	}
}

int kind_check(json_t **outp, const struct kind *kind, const json_t *in,
	       enum kind_write write, uint32_t role, json_t *errors)
{
	json_t *out;
	size_t before;

	if (!outp || !kind || !errors)
		return EINVAL;
	if (!json_is_object(in)) {
		kind_error(errors, "", "wrong-type",
			   "the body must be a JSON object");
		return EBADMSG;
	}

	out = json_object();
	if (!out)
		return ENOMEM;

	before = json_array_size(errors);
	refuse_unknown(kind, in, errors);
	for (size_t i = 0; i < kind->count; i++)
		take_field(&kind->fields[i], in, write, role, out, errors);

	if (json_array_size(errors) != before) {
		json_decref(out);
		return EBADMSG;
	}
	*outp = out;

	return 0;
}

json_t *kind_view(const struct kind *kind, const json_t *object, uint32_t role)
{
	json_t *out = json_object();
	json_t *value;

	if (!out)
		return NULL;

	value = json_object_get(object, "id");
	if (value)
		(void)json_object_set(out, "id", value);
	value = json_object_get(object, "generation");
	if (value)
		(void)json_object_set(out, "generation", value);

	for (size_t i = 0; i < kind->count; i++) {
		const struct field *f = &kind->fields[i];

		value = json_object_get(object, f->name);
		if (!value || f->type == FIELD_SECRET ||
		    (f->flags & (FIELD_HIDDEN | FIELD_UNSTORED)))
			continue;
		if (f->readers && !(f->readers & role))
			continue;
		(void)json_object_set(out, f->name, value);
	}

	return out;
}

static json_t *shown(const struct field *f, json_t *value)
{
	if (!value || json_is_null(value))
		return json_null();
	if (f->type == FIELD_SECRET || (f->flags & FIELD_HIDDEN))
		return json_string("***");

	return json_incref(value);
}

json_t *kind_diff(const struct kind *kind, const json_t *before,
		  const json_t *after)
{
	json_t *out = json_object();

	for (size_t i = 0; out && i < kind->count; i++) {
		const struct field *f = &kind->fields[i];
		json_t *b = json_object_get(before, f->name);
		json_t *a = json_object_get(after, f->name);

		if (is_absent(a) && is_absent(b))
			continue;
		if (a && b && json_equal(a, b))
			continue;
		(void)json_object_set_new(
			out, f->name,
			json_pack("[o,o]", shown(f, b), shown(f, a)));
	}

	return out;
}
