/* record_list.c - lists of records: filter, sort, page by keyset
 *
 * A page is read with one statement more than asked for, which tells whether
 * there is a next one.  The cursor holds the sort and its value and the id of
 * the page's last row.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/http.h"
#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/problem.h"
#include "model/record.h"
#include "model/record_row.h"
#include "model/route.h"

enum {
	SIZE_DEFAULT = 50,
	SIZE_MAX_ROWS = 1000,
	TEXT_ARG_MAX = 256,
	FILTERS_MAX = 16,
};

/** A statement growing, with its parameters. */
struct clause {
	struct mbuf *where;
	struct store_value args[STORE_ARGS_MAX];
	char *held[STORE_ARGS_MAX];
	uint32_t count;
	uint32_t held_count;
	bool is_open; /* "WHERE" is there */
	int err;
};

/** How rows are ordered. */
struct order {
	const struct field *field; /* NULL: by id only */
	bool is_down;
	char name[64];
};

static void clause_close(struct clause *c)
{
	for (uint32_t i = 0; i < c->held_count; i++)
		mem_deref(c->held[i]);
	mem_deref(c->where);
}

static void clause_and(struct clause *c)
{
	c->err |= mbuf_printf(c->where, c->is_open ? " AND " : "WHERE ");
	c->is_open = true;
}

/* Number of a new parameter. */
static uint32_t clause_arg(struct clause *c, struct store_value v)
{
	if (c->count >= STORE_ARGS_MAX) {
		c->err = EINVAL;
		return 1;
	}
	c->args[c->count++] = v;

	return c->count;
}

/* Parameter whose text the clause keeps. */
static uint32_t clause_text(struct clause *c, char *text)
{
	if (!text || c->held_count >= STORE_ARGS_MAX) {
		mem_deref(text);
		c->err = ENOMEM;
		return 1;
	}
	c->held[c->held_count++] = text;

	return clause_arg(c, store_text(text));
}

/* Text for LIKE: its own wildcards escaped, "%" before or after. */
static char *like_text(const char *text, size_t len, bool anywhere)
{
	char *out = mem_zalloc(2 * len + 3, NULL);
	char *p = out;

	if (!out)
		return NULL;
	if (anywhere)
		*p++ = '%';
	for (size_t i = 0; i < len; i++) {
		if (strchr("%_\\", text[i]))
			*p++ = '\\';
		*p++ = text[i];
	}
	*p = '%';

	return out;
}

static bool is_searchable(const struct field *f, uint32_t role)
{
	if (f->flags & (FIELD_UNSTORED | FIELD_HIDDEN | FIELD_UNSORTED))
		return false;
	if (f->type == FIELD_SECRET || f->type == FIELD_JSON ||
	    f->type == FIELD_LIST)
		return false;

	return !f->readers || (f->readers & role);
}

static bool is_number(const struct field *f)
{
	return f->type == FIELD_INT || f->type == FIELD_TIME ||
	       f->type == FIELD_BOOL;
}

static void filter_number(struct clause *c, const struct field *f,
			  const char *text, json_t *errors)
{
	char *end = NULL;
	long long n = strtoll(text, &end, 10);

	if (f->type == FIELD_BOOL && !strcmp(text, "true"))
		n = 1;
	else if (f->type == FIELD_BOOL && !strcmp(text, "false"))
		n = 0;
	else if (!*text || *end)
		kind_error(errors, f->name, "wrong-type",
			   "the filter must be a %s",
			   f->type == FIELD_BOOL ? "true or false" : "number");

	clause_and(c);
	c->err |= mbuf_printf(c->where, "\"%s\" = $%u", f->name,
			      clause_arg(c, store_int(n)));
}

static void filter_text(struct clause *c, const struct field *f,
			const char *text)
{
	size_t len = strlen(text);

	clause_and(c);
	if (len && text[len - 1] == '*')
		c->err |= mbuf_printf(
			c->where, "\"%s\" LIKE $%u ESCAPE '\\'", f->name,
			clause_text(c, like_text(text, len - 1, false)));
	else
		c->err |= mbuf_printf(c->where, "\"%s\" = $%u", f->name,
				      clause_arg(c, store_text(text)));
}

static void add_filters(struct clause *c, const struct kind *kind,
			const struct list_query *q, json_t *errors)
{
	const char *name;
	json_t *value;

	if (q->customer && *q->customer) {
		const char *column = kind_field(kind, "customer") ? "customer"
								  : "id";

		clause_and(c);
		c->err |= mbuf_printf(c->where, "\"%s\" = $%u", column,
				      clause_arg(c, store_text(q->customer)));
	}

	json_object_foreach(q->filter, name, value)
	{
		const struct field *f = kind_field(kind, name);
		const char *text = json_string_value(value);

		if (!f || !is_searchable(f, q->role) || !text)
			kind_error(errors, name, "unknown-field",
				   "cannot be filtered by");
		else if (is_number(f))
			filter_number(c, f, text, errors);
		else
			filter_text(c, f, text);
	}
}

static void add_search(struct clause *c, const struct kind *kind,
		       const struct list_query *q)
{
	bool is_first = true;
	uint32_t n;

	if (!q->search || !*q->search)
		return;

	n = clause_text(c, like_text(q->search, strlen(q->search), true));
	clause_and(c);
	for (size_t i = 0; i < kind->count; i++) {
		const struct field *f = &kind->fields[i];

		if (!is_searchable(f, q->role) || is_number(f) ||
		    f->type == FIELD_REF)
			continue;
		c->err |= mbuf_printf(
			c->where, "%sLOWER(\"%s\") LIKE LOWER($%u) ESCAPE '\\'",
			is_first ? "(" : " OR ", f->name, n);
		is_first = false;
	}
	c->err |= mbuf_printf(c->where, is_first ? "1 = 0" : ")");
}

static bool find_order(struct order *o, const struct kind *kind,
		       const struct list_query *q, json_t *errors)
{
	const char *name = q->sort ? q->sort : "id";

	memset(o, 0, sizeof(*o));
	(void)snprintf(o->name, sizeof(o->name), "%s", name);
	if (*name == '-') {
		o->is_down = true;
		name++;
	}
	if (!strcmp(name, "id"))
		return true;

	o->field = kind_field(kind, name);
	if (o->field && is_searchable(o->field, q->role))
		return true;

	kind_error(errors, "sort", "unknown-field", "cannot sort by \"%s\"",
		   name);
	return false;
}

/* The column as it is compared: never NULL. */
static void print_key(struct mbuf *mb, const struct order *o)
{
	(void)mbuf_printf(mb,
			  is_number(o->field) ? "COALESCE(\"%s\", 0)"
					      : "COALESCE(\"%s\", '')",
			  o->field->name);
}

static json_t *cursor_read(const char *text, const struct order *o)
{
	uint8_t raw[1024];
	size_t len = sizeof(raw), n = text ? strlen(text) : 0;
	char plain[1400];
	json_t *cursor = NULL;

	if (!n || n + 4 > sizeof(plain))
		return NULL;
	for (size_t i = 0; i < n; i++)
		plain[i] = text[i] == '-'   ? '+'
			   : text[i] == '_' ? '/'
					    : text[i];
	while (n % 4)
		plain[n++] = '=';
	if (base64_decode(plain, n, raw, &len) ||
	    json_read(&cursor, (struct span){ (char *)raw, (uint32_t)len }, 0,
		      NULL))
		return NULL;

	json_t *key = json_array_get(cursor, 1);
	bool is_right = json_is_string(json_array_get(cursor, 0)) &&
			!strcmp(json_string_value(json_array_get(cursor, 0)),
				o->name) &&
			json_is_string(json_array_get(cursor, 2)) &&
			(!o->field ||
			 (is_number(o->field) ? json_is_integer(key)
					      : json_is_string(key)));
	if (!is_right) {
		json_decref(cursor);
		return NULL;
	}

	return cursor;
}

static json_t *cursor_make(const struct order *o, const json_t *last)
{
	json_t *key = o->field ? json_object_get(last, o->field->name) : NULL;
	json_t *cursor, *text = NULL;
	char out[1400];
	size_t len = sizeof(out) - 1, size;
	char *plain;

	if (json_is_boolean(key))
		key = json_integer(json_is_true(key));
	else if (json_is_string(key) || json_is_integer(key))
		json_incref(key);
	else
		key = o->field && is_number(o->field) ? json_integer(0)
						      : json_string("");
	cursor = json_pack("[s,o,O]", o->name, key,
			   json_object_get(last, "id"));
	plain = json_text(cursor, &size);
	if (plain && size < 1000 &&
	    !base64_encode((uint8_t *)plain, size, out, &len)) {
		while (len && out[len - 1] == '=')
			len--;
		out[len] = '\0';
		for (size_t i = 0; i < len; i++)
			out[i] = out[i] == '+'   ? '-'
				 : out[i] == '/' ? '_'
						 : out[i];
		text = json_string(out);
	}
	mem_deref(plain);
	json_decref(cursor);

	return text ? text : json_null();
}

/* Only rows behind the cursor. */
static void add_cursor(struct clause *c, const struct order *o, json_t *cursor)
{
	const char *op = o->is_down ? "<" : ">";
	json_t *key = json_array_get(cursor, 1);
	const char *id = json_string_value(json_array_get(cursor, 2));
	uint32_t k, n;

	clause_and(c);
	if (!o->field) {
		c->err |= mbuf_printf(c->where, "\"id\" %s $%u", op,
				      clause_arg(c, store_text(id)));
		return;
	}
	k = clause_arg(c, json_is_string(key)
				  ? store_text(json_string_value(key))
				  : store_int(json_integer_value(key)));
	n = clause_arg(c, store_text(id));
	c->err |= mbuf_printf(c->where, "(");
	print_key(c->where, o);
	c->err |= mbuf_printf(c->where, " %s $%u OR (", op, k);
	print_key(c->where, o);
	c->err |= mbuf_printf(c->where, " = $%u AND \"id\" %s $%u))", k, op, n);
}

static void add_order(struct clause *c, const struct order *o, uint32_t limit)
{
	const char *way = o->is_down ? "DESC" : "ASC";

	c->err |= mbuf_printf(c->where, " ORDER BY ");
	if (o->field) {
		print_key(c->where, o);
		c->err |= mbuf_printf(c->where, " %s, ", way);
	}
	c->err |= mbuf_printf(c->where, "\"id\" %s LIMIT %u", way, limit);
}

static int count_rows(int64_t *totalp, const struct record_table *t,
		      const struct clause *c)
{
	struct mbuf *mb = mbuf_alloc(256);
	int err = mb ? 0 : ENOMEM;

	if (!err)
		err = mbuf_printf(mb, "SELECT COUNT(*) FROM \"%s\" ",
				  t->kind->plural);
	if (!err)
		err = mbuf_write_mem(mb, c->where->buf, c->where->end);
	if (!err)
		err = mbuf_write_u8(mb, 0);
	if (!err)
		err = store_query_int(totalp, t->store, (char *)mb->buf,
				      c->args, c->count);
	mem_deref(mb);

	return err;
}

static json_t *page_of(const struct record_table *t,
		       const struct store_rows *rows, const struct order *o,
		       const struct list_query *q, int64_t total)
{
	uint32_t n = rows_count(rows);
	uint32_t shown = n > q->size ? q->size : n;
	json_t *items = json_array();
	json_t *next = NULL;

	for (uint32_t i = 0; i < shown; i++) {
		json_t *object = record_of_row(t, rows, i);

		if (i + 1 == shown && n > q->size)
			next = cursor_make(o, object);
		(void)json_array_append_new(
			items, kind_view(t->kind, object, q->role));
		json_decref(object);
	}

	return json_pack("{s:o,s:o,s:I}", "items", items, "next",
			 next ? next : json_null(), "total", (json_int_t)total);
}

int record_list(json_t **pagep, const struct record_table *t,
		const struct list_query *query, json_t *errors)
{
	struct list_query q = *query;
	struct clause c = { .where = mbuf_alloc(512) };
	struct store_rows *rows = NULL;
	json_t *cursor = NULL, *page = NULL;
	struct order order;
	int64_t total = 0;
	int err = 0;

	if (!c.where)
		return ENOMEM;
	if (!q.size)
		q.size = SIZE_DEFAULT;

	add_filters(&c, t->kind, &q, errors);
	add_search(&c, t->kind, &q);
	if (find_order(&order, t->kind, &q, errors) && q.cursor) {
		cursor = cursor_read(q.cursor, &order);
		if (!cursor)
			kind_error(errors, "page[cursor]", "bad-pattern",
				   "is no cursor of this list and sort; begin "
				   "again without it");
	}
	if (json_array_size(errors)) {
		err = EBADMSG;
		goto out;
	}
	err = c.err;
	if (!err)
		err = count_rows(&total, t, &c);
	if (err)
		goto out;

	if (cursor)
		add_cursor(&c, &order, cursor);
	add_order(&c, &order, q.size + 1);
	err = c.err ? c.err : mbuf_write_u8(c.where, 0);
	if (!err)
		err = record_select(&rows, t, (char *)c.where->buf, c.args,
				    c.count);
	if (err)
		goto out;

	page = page_of(t, rows, &order, &q, total);
	if (page)
		*pagep = page;
	else
		err = ENOMEM;

out:
	json_decref(cursor);
	mem_deref(rows);
	clause_close(&c);

	return err;
}

/* filter[NAME] -> NAME in out; false if it is none. */
static bool filter_name(char *out, size_t size, const char *param)
{
	size_t len = strlen(param);

	if (strncmp(param, "filter[", 7) != 0 || len < 9 ||
	    param[len - 1] != ']' || len - 8 >= size)
		return false;
	memcpy(out, param + 7, len - 8);
	out[len - 8] = '\0';

	return true;
}

static void take_size(struct list_query *q, const char *value, json_t *errors)
{
	char *end = NULL;
	long n = strtol(value, &end, 10);

	if (!*value || *end || n < 1 || n > SIZE_MAX_ROWS)
		kind_error(errors, "page[size]", "out-of-range",
			   "must be from 1 to %d", SIZE_MAX_ROWS);
	else
		q->size = (uint32_t)n;
}

static void take_params(struct list_query *q, struct http_request *req,
			json_t *errors)
{
	const char *name, *value;
	char field[64];

	for (uint32_t i = 0; http_query_at(req, i, &name, &value); i++) {
		if (strlen(value) > 2 * TEXT_ARG_MAX + 1000)
			kind_error(errors, name, "too-long", "is too long");
		else if (filter_name(field, sizeof(field), name) &&
			 json_object_size(q->filter) < FILTERS_MAX)
			(void)json_object_set_new(q->filter, field,
						  json_string(value));
		else if (!strcmp(name, "q"))
			q->search = value;
		else if (!strcmp(name, "sort"))
			q->sort = value;
		else if (!strcmp(name, "page[cursor]"))
			q->cursor = value;
		else if (!strcmp(name, "page[size]"))
			take_size(q, value, errors);
		else
			kind_error(errors, name, "unknown-parameter",
				   "is no parameter of a list: filter[FIELD], "
				   "q, sort, page[size], page[cursor]");
	}
}

void record_reply_list(const struct record_table *t, struct http_request *req,
		       const char *customer, uint32_t role)
{
	struct list_query q = { .customer = customer,
				.role = role,
				.filter = json_object() };
	json_t *errors = json_array();
	json_t *page = NULL;
	int err = EBADMSG;

	take_params(&q, req, errors);
	if (!json_array_size(errors))
		err = record_list(&page, t, &q, errors);
	json_decref(q.filter);

	if (!err)
		(void)http_reply_json(req, 200, page);
	else if (err == EBADMSG)
		reply_invalid(req, json_incref(errors));
	else
		reply_error(req, err);
	json_decref(errors);
}
