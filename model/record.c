/* record.c - see record.h
 *
 * SQL is put together here from the names in a kind's rows, never from what a
 * client sent; values always go as parameters.  Names are quoted, for "user"
 * is a word of PostgreSQL.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/reseal.h"
#include "base/secrets.h"
#include "model/record.h"
#include "model/record_row.h"

static bool is_stored(const struct field *f)
{
	return !(f->flags & FIELD_UNSTORED);
}

static bool is_number(const struct field *f)
{
	return f->type == FIELD_INT || f->type == FIELD_TIME ||
	       f->type == FIELD_BOOL;
}

static const char *column_type(const struct field *f)
{
	if (f->type == FIELD_BOOL)
		return "SMALLINT";

	return is_number(f) ? "BIGINT" : "TEXT";
}

/* The text of a buffer that was only printed to; NULL without memory. */
static const char *sql_text(struct mbuf *mb)
{
	if (!mb || mbuf_write_u8(mb, 0))
		return NULL;

	return (const char *)mb->buf;
}

static int exec_sql(const struct record_table *t, struct mbuf *mb)
{
	const char *sql = sql_text(mb);

	return sql ? store_exec_now(t->store, sql, STORE_NO_ARGS) : ENOMEM;
}

/* ---- tables ---- */

static int create_table(const struct record_table *t)
{
	struct mbuf *mb = mbuf_alloc(512);
	int err;

	if (!mb)
		return ENOMEM;

	err = mbuf_printf(mb,
			  "CREATE TABLE IF NOT EXISTS \"%s\" (\n"
			  " \"id\" TEXT NOT NULL PRIMARY KEY,\n"
			  " \"generation\" BIGINT NOT NULL",
			  t->kind->plural);
	for (size_t i = 0; i < t->kind->count; i++) {
		const struct field *f = &t->kind->fields[i];

		if (is_stored(f))
			err |= mbuf_printf(mb, ",\n \"%s\" %s", f->name,
					   column_type(f));
	}
	err |= mbuf_printf(mb, ")");
	if (!err)
		err = exec_sql(t, mb);
	mem_deref(mb);

	return err;
}

/* A field that has been added to the kind since the table was made. */
static int add_columns(const struct record_table *t)
{
	struct store_rows *rows = NULL;
	char sql[200];
	int err;

	(void)snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\" WHERE 1 = 0",
		       t->kind->plural);
	err = store_query(&rows, t->store, sql, STORE_NO_ARGS);
	if (err)
		return err;

	for (size_t i = 0; !err && i < t->kind->count; i++) {
		const struct field *f = &t->kind->fields[i];

		if (!is_stored(f) || rows_find(rows, f->name) >= 0)
			continue;
		(void)snprintf(sql, sizeof(sql),
			       "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s",
			       t->kind->plural, f->name, column_type(f));
		err = store_exec_now(t->store, sql, STORE_NO_ARGS);
	}
	mem_deref(rows);

	return err;
}

static int create_index(const struct record_table *t, const struct field *f)
{
	const char *unique = f->unique == UNIQUE_NO ? "" : "UNIQUE ";
	const char *scope = f->unique == UNIQUE_CUSTOMER ? "\"customer\", "
							 : "";
	char sql[300];

	if (!is_stored(f) || (f->unique == UNIQUE_NO && f->type != FIELD_REF))
		return 0;

	(void)snprintf(sql, sizeof(sql),
		       "CREATE %sINDEX IF NOT EXISTS \"%s_%s\" "
		       "ON \"%s\" (%s\"%s\")",
		       unique, t->kind->plural, f->name, t->kind->plural, scope,
		       f->name);

	return store_exec_now(t->store, sql, STORE_NO_ARGS);
}

int record_prepare(const struct record_table *t)
{
	int err;

	if (!t || !t->kind || !t->store)
		return EINVAL;

	err = create_table(t);
	if (!err)
		err = add_columns(t);
	for (size_t i = 0; !err && i < t->kind->count; i++)
		err = create_index(t, &t->kind->fields[i]);

	return err;
}

/* A secret column, and the place where it is known. */
struct sealed {
	struct le le;
	struct reseal_column column;
	struct reseal *reseal;
};

static void sealed_destructor(void *data)
{
	struct sealed *s = data;

	list_unlink(&s->le);
	mem_deref(s->reseal);
}

int record_reseal(struct list *list, const struct record_table *t)
{
	for (size_t i = 0; t->keys && i < t->kind->count; i++) {
		const struct field *f = &t->kind->fields[i];
		struct sealed *s;
		int err;

		if (!is_stored(f) || f->type != FIELD_SECRET)
			continue;

		s = mem_zalloc(sizeof(*s), sealed_destructor);
		if (!s)
			return ENOMEM;
		s->column = (struct reseal_column){ .table = t->kind->plural,
						    .key = "id",
						    .column = f->name };
		err = reseal_add(&s->reseal, t->store, &s->column);
		if (err) {
			mem_deref(s);
			return err;
		}
		list_append(list, &s->le, s);
	}

	return 0;
}

/* ---- a row and its object ---- */

static json_t *value_of(const struct record_table *t, const struct field *f,
			const char *id, const struct store_rows *rows,
			uint32_t row, uint32_t col)
{
	const char *text = rows_text(rows, row, col);
	char *secret = NULL;
	json_t *value = NULL;

	if (rows_is_null(rows, row, col))
		return json_null();

	switch (f->type) {
	case FIELD_BOOL: return json_boolean(rows_int(rows, row, col) != 0);

	case FIELD_INT:
	case FIELD_TIME: return json_integer(rows_int(rows, row, col));

	case FIELD_JSON:
	case FIELD_LIST: value = json_loads(text, 0, NULL); break;

	case FIELD_SECRET:
		if (t->keys && !secret_open(&secret, t->keys, id, text))
			value = json_string(secret);
		else
			log_error("model", "secret %s of %s %s does not open",
				  f->name, t->kind->name, id);
		mem_deref(secret);
		break;

	default: value = json_string(text); break;
	}

	return value ? value : json_null();
}

json_t *record_of_row(const struct record_table *t,
		      const struct store_rows *rows, uint32_t row)
{
	const char *id = rows_text(rows, row, 0);
	json_t *object = json_object();
	uint32_t col = 2;

	if (!object)
		return NULL;

	(void)json_object_set_new(object, "id", json_string(id));
	(void)json_object_set_new(object, "generation",
				  json_integer(rows_int(rows, row, 1)));
	for (size_t i = 0; i < t->kind->count; i++) {
		const struct field *f = &t->kind->fields[i];

		if (!is_stored(f))
			continue;
		(void)json_object_set_new(object, f->name,
					  value_of(t, f, id, rows, row, col));
		col++;
	}

	return object;
}

/* "SELECT columns FROM table " */
static struct mbuf *select_from(const struct record_table *t)
{
	struct mbuf *mb = mbuf_alloc(512);
	int err;

	if (!mb)
		return NULL;

	err = mbuf_printf(mb, "SELECT \"id\", \"generation\"");
	for (size_t i = 0; i < t->kind->count; i++) {
		if (is_stored(&t->kind->fields[i]))
			err |= mbuf_printf(mb, ", \"%s\"",
					   t->kind->fields[i].name);
	}
	err |= mbuf_printf(mb, " FROM \"%s\" ", t->kind->plural);

	return err ? mem_deref(mb) : mb;
}

int record_select(struct store_rows **rowsp, const struct record_table *t,
		  const char *where, const struct store_value *args,
		  uint32_t count)
{
	struct mbuf *mb = select_from(t);
	const char *sql;
	int err = ENOMEM;

	if (mb && !mbuf_printf(mb, "%s", where) && (sql = sql_text(mb)))
		err = store_query(rowsp, t->store, sql, args, count);
	mem_deref(mb);

	return err;
}

static int first_where(json_t **objectp, const struct record_table *t,
		       const char *where, struct store_value value)
{
	struct store_rows *rows = NULL;
	json_t *object = NULL;
	int err;

	err = record_select(&rows, t, where, STORE_ARGS(value));
	if (err)
		return err;
	if (rows_count(rows) > 0) {
		object = record_of_row(t, rows, 0);
		if (!object)
			err = ENOMEM;
	}
	mem_deref(rows);
	if (!err)
		*objectp = object;

	return err;
}

int record_get(json_t **objectp, const struct record_table *t, const char *id)
{
	if (!objectp || !t || !id)
		return EINVAL;

	return first_where(objectp, t, "WHERE \"id\" = $1", store_text(id));
}

int record_find(json_t **objectp, const struct record_table *t,
		const char *field, const json_t *value)
{
	char where[120];

	if (!objectp || !t || !field || !kind_field(t->kind, field))
		return EINVAL;

	(void)snprintf(where, sizeof(where),
		       "WHERE \"%s\" = $1 ORDER BY \"id\" LIMIT 1", field);

	return first_where(objectp, t, where,
			   json_is_string(value)
				   ? store_text(json_string_value(value))
				   : store_int(json_integer_value(value)));
}

int record_count(int64_t *countp, const struct record_table *t,
		 const char *field, const char *value)
{
	char sql[200];

	if (!countp || !t || !field || !kind_field(t->kind, field))
		return EINVAL;

	(void)snprintf(sql, sizeof(sql),
		       "SELECT COUNT(*) FROM \"%s\" WHERE \"%s\" = $1",
		       t->kind->plural, field);

	return store_query_int(countp, t->store, sql,
			       STORE_ARGS(store_text(value)));
}

int record_each(const struct record_table *t, record_each_h *h, void *arg)
{
	enum { PAGE = 1000 };
	char last[48] = "";
	uint32_t n = PAGE;
	int err = 0;

	while (!err && n == PAGE) {
		struct store_rows *rows = NULL;

		err = record_select(&rows, t,
				    "WHERE \"id\" > $1 ORDER BY \"id\" "
				    "LIMIT 1000",
				    STORE_ARGS(store_text(last)));
		if (err)
			return err;

		n = rows_count(rows);
		for (uint32_t i = 0; !err && i < n; i++) {
			json_t *object = record_of_row(t, rows, i);

			err = object ? h(object, arg) : ENOMEM;
			json_decref(object);
		}
		if (n)
			(void)snprintf(last, sizeof(last), "%s",
				       rows_text(rows, n - 1, 0));
		mem_deref(rows);
	}

	return err;
}

/* ---- writing ---- */

/* Text columns whose memory must live until the statement is recorded. */
struct held {
	char *text[STORE_ARGS_MAX];
	uint32_t count;
};

static struct store_value hold(struct held *held, char *text)
{
	held->text[held->count++] = text;

	return store_text(text);
}

static int column_value(struct store_value *vp, struct held *held,
			const struct record_table *t, const struct field *f,
			const char *id, const json_t *value)
{
	char *text = NULL;
	int err = 0;

	*vp = store_null();
	if (!value || json_is_null(value))
		return 0;

	switch (f->type) {
	case FIELD_BOOL: *vp = store_int(json_is_true(value)); break;

	case FIELD_INT:
	case FIELD_TIME: *vp = store_int(json_integer_value(value)); break;

	case FIELD_JSON:
	case FIELD_LIST:
		text = json_text(value, NULL);
		if (!text)
			return ENOMEM;
		*vp = hold(held, text);
		break;

	case FIELD_SECRET:
		if (!t->keys)
			return ENOKEY;
		err = secret_seal(&text, t->keys, id, json_string_value(value));
		if (!err)
			*vp = hold(held, text);
		break;

	default: *vp = store_text(json_string_value(value)); break;
	}

	return err;
}

/* "INSERT ... ON CONFLICT (id) DO UPDATE SET ..." */
static struct mbuf *upsert_sql(const struct kind *kind)
{
	struct mbuf *mb = mbuf_alloc(1024);
	uint32_t n = 2;
	int err;

	if (!mb)
		return NULL;

	err = mbuf_printf(mb, "INSERT INTO \"%s\" (\"id\", \"generation\"",
			  kind->plural);
	for (size_t i = 0; i < kind->count; i++) {
		if (is_stored(&kind->fields[i])) {
			err |= mbuf_printf(mb, ", \"%s\"",
					   kind->fields[i].name);
			n++;
		}
	}
	err |= mbuf_printf(mb, ") VALUES ($1");
	for (uint32_t i = 2; i <= n; i++)
		err |= mbuf_printf(mb, ", $%u", i);
	err |= mbuf_printf(mb, ") ON CONFLICT (\"id\") DO UPDATE SET "
			       "\"generation\" = excluded.\"generation\"");
	for (size_t i = 0; i < kind->count; i++) {
		const char *name = kind->fields[i].name;

		if (is_stored(&kind->fields[i]))
			err |= mbuf_printf(mb, ", \"%s\" = excluded.\"%s\"",
					   name, name);
	}

	return err ? mem_deref(mb) : mb;
}

int record_put(struct store_write *w, const struct record_table *t,
	       const json_t *object)
{
	struct store_value args[STORE_ARGS_MAX];
	struct held held = { .count = 0 };
	struct mbuf *mb;
	const char *id, *sql;
	uint32_t n = 2;
	int err = 0;

	if (!w || !t || t->kind->count + 2 > STORE_ARGS_MAX)
		return EINVAL;
	id = json_string_value(json_object_get(object, "id"));
	if (!id)
		return EINVAL;

	args[0] = store_text(id);
	args[1] = store_int(
		json_integer_value(json_object_get(object, "generation")));
	for (size_t i = 0; !err && i < t->kind->count; i++) {
		const struct field *f = &t->kind->fields[i];

		if (is_stored(f))
			err = column_value(&args[n++], &held, t, f, id,
					   json_object_get(object, f->name));
	}

	mb = upsert_sql(t->kind);
	sql = sql_text(mb);
	if (!err)
		err = sql ? store_write_add(w, sql, args, n) : ENOMEM;

	mem_deref(mb);
	for (uint32_t i = 0; i < held.count; i++)
		mem_deref(held.text[i]);

	return err;
}

int record_remove(struct store_write *w, const struct record_table *t,
		  const char *id)
{
	char sql[120];

	if (!w || !t || !id)
		return EINVAL;

	(void)snprintf(sql, sizeof(sql), "DELETE FROM \"%s\" WHERE \"id\" = $1",
		       t->kind->plural);

	return store_write_add(w, sql, STORE_ARGS(store_text(id)));
}
