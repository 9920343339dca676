/* record.h - a kind's objects as rows of SQL
 *
 * A table is named after the kind's plural; columns are id, generation and
 * one a field (TEXT, BIGINT or SMALLINT; lists and objects as JSON text;
 * secrets sealed, bound to the object's id).  A field added to the kind
 * becomes a column at the next start.  Objects are JSON here: {"id",
 * "generation", fields...}, null where absent, secrets in the clear.
 *
 * Lists understand filter[FIELD]=V (several: all must hold; V may end in "*"
 * for "begins with"), q=TEXT (any text field contains), sort=FIELD or -FIELD,
 * page[size]=1..1000 (50), page[cursor]=C; the order is made total by the id,
 * and a cursor stays right while rows come and go.
 *
 * Source: design.md 4.1; CUS-1.
 */
#ifndef MODEL_RECORD_H
#define MODEL_RECORD_H

#include <jansson.h>

#include "base/libre.h"
#include "base/store.h"
#include "model/kind.h"

struct key_file;
struct http_request;

struct record_table {
	const struct kind *kind;
	struct store *store;
	const struct key_file *keys; /* for secrets; NULL if it has none */
};

/** Make the table and its indexes, or add what is missing.  Start-up only. */
int record_prepare(const struct record_table *t);

/**
 * Have its secrets sealed anew when keys rotate (base/reseal.h).
 *
 * @param list Gets an object a secret column; flush it before the store goes
 */
int record_reseal(struct list *list, const struct record_table *t);

/**
 * One object.
 *
 * @param objectp New reference, or NULL when there is none of that id
 */
int record_get(json_t **objectp, const struct record_table *t, const char *id);

/** First object whose field has this value (text or integer), or NULL. */
int record_find(json_t **objectp, const struct record_table *t,
		const char *field, const json_t *value);

/** How many objects have this value in a field. */
int record_count(int64_t *countp, const struct record_table *t,
		 const char *field, const char *value);

/** Told each object; a return other than 0 ends the walk with it. */
typedef int(record_each_h)(json_t *object, void *arg);

/** Walk all objects, for the start of a program, in order of id. */
int record_each(const struct record_table *t, record_each_h *h, void *arg);

/** Record the row in a write: inserted, or replaced when its id is there. */
int record_put(struct store_write *w, const struct record_table *t,
	       const json_t *object);

/** Record the deletion of a row. */
int record_remove(struct store_write *w, const struct record_table *t,
		  const char *id);

/** What a list is asked for. */
struct list_query {
	const char *customer; /* only this tenant's rows; NULL = all */
	json_t *filter;       /* object name -> text, or NULL        */
	const char *search;
	const char *sort; /* "name" or "-name"; NULL = id        */
	const char *cursor;
	uint32_t size;
	uint32_t role; /* who will see the answer            */
};

/**
 * A page: {"items":[...],"next":null|cursor,"total":N}, as the role sees it.
 *
 * @param errors Array; gets an entry per bad parameter
 *
 * @return 0; EBADMSG with an entry in errors; the store's errno
 */
int record_list(json_t **pagep, const struct record_table *t,
		const struct list_query *q, json_t *errors);

/** Answer a list request: reads the parameters, replies. */
void record_reply_list(const struct record_table *t, struct http_request *req,
		       const char *customer, uint32_t role);

#endif
