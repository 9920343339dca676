/* store_rows.c - rows of a query, copied out of the engine
 *
 * Cells lie one after another; texts in one buffer, each with its NUL.  What
 * is handed out points into that buffer, so it lives as long as the rows.
 */
#include <stdlib.h>

#include "base/libre.h"
#include "base/store_engine.h"

struct cell {
	uint32_t start; /* in text; UINT32_MAX is NULL */
	uint32_t len;
};

struct store_rows {
	uint32_t columns;
	uint32_t cells_count;
	uint32_t cells_size;
	uint32_t text_used;
	uint32_t text_size;
	struct cell *names;
	struct cell *cells;
	char *text;
};

static void rows_destructor(void *data)
{
	struct store_rows *rows = data;

	mem_deref(rows->names);
	mem_deref(rows->cells);
	mem_deref(rows->text);
}

int rows_alloc(struct store_rows **rowsp, uint32_t columns)
{
	struct store_rows *rows;

	rows = mem_zalloc(sizeof(*rows), rows_destructor);
	if (!rows)
		return ENOMEM;

	rows->columns = columns;
	rows->names = mem_zalloc((columns + 1) * sizeof(struct cell), NULL);
	if (!rows->names) {
		mem_deref(rows);
		return ENOMEM;
	}

	*rowsp = rows;
	return 0;
}

/* Room for `more` in a buffer that doubles. */
static int reserve(void **bufp, uint32_t *sizep, uint32_t used, uint32_t more,
		   size_t unit)
{
	uint64_t size = *sizep ? *sizep : 64;
	void *buf;

	if ((uint64_t)used + more <= *sizep)
		return 0;

	while (size < (uint64_t)used + more)
		size *= 2;
	if (size * unit > UINT32_MAX / 2)
		return EOVERFLOW;

	if (*bufp)
		buf = mem_realloc(*bufp, (size_t)size * unit);
	else
		buf = mem_alloc((size_t)size * unit, NULL);
	if (!buf)
		return ENOMEM;

	*bufp = buf;
	*sizep = (uint32_t)size;
	return 0;
}

static int add_text(struct store_rows *rows, struct cell *cell,
		    const char *text, uint32_t len)
{
	void *buf = rows->text;
	int err;

	if (!text) {
		cell->start = UINT32_MAX;
		cell->len = 0;
		return 0;
	}

	err = reserve(&buf, &rows->text_size, rows->text_used, len + 1, 1);
	if (err)
		return err;

	rows->text = buf;
	cell->start = rows->text_used;
	cell->len = len;
	memcpy(rows->text + cell->start, text, len);
	rows->text[cell->start + len] = '\0';
	rows->text_used += len + 1;
	return 0;
}

int rows_set_name(struct store_rows *rows, uint32_t column, const char *name)
{
	return add_text(rows, &rows->names[column], name,
			(uint32_t)strlen(name));
}

int rows_add(struct store_rows *rows, const char *text, uint32_t len)
{
	void *buf = rows->cells;
	int err;

	if (rows->cells_count >= (uint64_t)STORE_ROWS_MAX * rows->columns)
		return EOVERFLOW;

	err = reserve(&buf, &rows->cells_size, rows->cells_count, 1,
		      sizeof(struct cell));
	if (err)
		return err;

	rows->cells = buf;
	err = add_text(rows, &rows->cells[rows->cells_count], text, len);
	if (!err)
		rows->cells_count++;

	return err;
}

static const struct cell *find(const struct store_rows *rows, uint32_t row,
			       uint32_t col)
{
	uint64_t at;

	if (!rows || col >= rows->columns)
		return NULL;

	at = (uint64_t)row * rows->columns + col;
	if (at >= rows->cells_count || rows->cells[at].start == UINT32_MAX)
		return NULL;

	return &rows->cells[at];
}

uint32_t rows_count(const struct store_rows *rows)
{
	return rows && rows->columns ? rows->cells_count / rows->columns : 0;
}

uint32_t rows_columns(const struct store_rows *rows)
{
	return rows ? rows->columns : 0;
}

const char *rows_name(const struct store_rows *rows, uint32_t column)
{
	if (!rows || column >= rows->columns)
		return NULL;

	return rows->text + rows->names[column].start;
}

int rows_find(const struct store_rows *rows, const char *name)
{
	for (uint32_t i = 0; i < rows_columns(rows); i++) {
		const char *own = rows_name(rows, i);

		if (own && !strcmp(own, name))
			return (int)i;
	}

	return -1;
}

bool rows_is_null(const struct store_rows *rows, uint32_t row, uint32_t col)
{
	return !find(rows, row, col);
}

const char *rows_text(const struct store_rows *rows, uint32_t row, uint32_t col)
{
	const struct cell *c = find(rows, row, col);

	return c ? rows->text + c->start : NULL;
}

int64_t rows_int(const struct store_rows *rows, uint32_t row, uint32_t col)
{
	const char *text = rows_text(rows, row, col);

	return text ? strtoll(text, NULL, 10) : 0;
}

struct span rows_span(const struct store_rows *rows, uint32_t row, uint32_t col)
{
	const struct cell *c = find(rows, row, col);

	if (!c)
		return (struct span){ NULL, 0 };

	return (struct span){ rows->text + c->start, c->len };
}
