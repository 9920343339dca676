/* kind.h - the objects of the product, each declared once as a table of fields
 *
 * A customer, user, phone ... is a `struct kind`: a name and a row per field.
 * From the row come the check of what clients send (one error per field), the
 * SQL columns, the filter, sort and paging of lists, the OpenAPI document,
 * the flags of `holdfast ctl` and what the audit shows.  Adding a field is
 * one line.  What differs between kinds is in hooks of those who serve them.
 *
 * Fields "id" and "generation" belong to every kind and are not listed.
 *
 * Source: design.md 4.1.
 */
#ifndef MODEL_KIND_H
#define MODEL_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

enum field_type {
	FIELD_TEXT,   /* UTF-8, no control characters; min..max characters */
	FIELD_DIGITS, /* 0-9 * # and a leading +; min..max characters      */
	FIELD_INT,    /* min..max                                          */
	FIELD_BOOL,
	FIELD_ENUM, /* one of choices                                    */
	FIELD_REF,  /* id of an object of kind ref                       */
	FIELD_EMAIL,
	FIELD_URL,    /* http(s), sip(s), ws(s) with a host                */
	FIELD_TIME,   /* milliseconds since 1970                           */
	FIELD_SECRET, /* text, encrypted where stored, never given back    */
	FIELD_JSON,   /* array or object, at most max octets when written  */
	FIELD_LIST,   /* array of texts, each 1..max characters or a choice */
};

enum field_flag {
	FIELD_REQUIRED = 1 << 0, /* must be there when created             */
	FIELD_FIXED = 1 << 1,    /* cannot change once created             */
	FIELD_READONLY = 1 << 2, /* the server's own; clients cannot set it */
	FIELD_UNSTORED = 1 << 3, /* in requests only, no column            */
	FIELD_HIDDEN = 1 << 4,   /* never in answers (secrets always are)  */
	FIELD_UNSORTED = 1 << 5, /* no filter, no sort                     */
};

/** Within what no two objects may have the same value. */
enum field_unique {
	UNIQUE_NO,
	UNIQUE_CUSTOMER, /* among those with the same field "customer" */
	UNIQUE_ALL,      /* in the installation                        */
};

/** What becomes of an object when the one it refers to is deleted. */
enum field_delete {
	DELETE_REFUSE,  /* the deletion is refused while it exists  */
	DELETE_CASCADE, /* goes too                                 */
	DELETE_CLEAR,   /* stays, the field becomes null            */
};

/** One field: everything anyone needs to know about it. */
struct field {
	const char *name;
	enum field_type type;
	uint32_t flags; /* of enum field_flag */

	int64_t min; /* value, or length in characters                     */
	int64_t max; /* same; 0 = the type's own limit                     */
	const char *pattern;      /* POSIX extended expression, anchored   */
	const char *pattern_help; /* what the pattern wants, in words      */
	const char *choices;      /* FIELD_ENUM, FIELD_LIST: "desk|sip"    */
	const char *preset;       /* default, as JSON: "true", "4", "\"x\"" */

	enum field_unique unique;
	const char *ref; /* FIELD_REF: plural name of the kind             */
	enum field_delete on_delete;

	uint32_t readers;  /* roles that may see it; 0 = whoever sees the row */
	uint32_t writers;  /* roles that may set it; 0 = whoever may write    */
	const char *owner; /* the server that owns it after creation; NULL =
			      the kind's owner                             */

	const char *help;
	const char *help_fr;
};

struct kind {
	const char *name;   /* "customer", in sentences       */
	const char *plural; /* "customers", in paths and SQL  */
	const char *owner;  /* "portal", "pbx", "uc", ...     */
	const char *help;
	const char *help_fr;
	const struct field *fields;
	size_t count;
};

/** The rest of a kind's initialiser, from its array of fields. */
#define KIND_FIELDS(array)                                                     \
	.fields = (array), .count = sizeof(array) / sizeof((array)[0])

/** What is being checked. */
enum kind_write {
	KIND_CREATE,  /* absent fields get their preset; required ones must be
			 there                                              */
	KIND_REPLACE, /* as create: the body is the whole object            */
	KIND_CHANGE,  /* absent fields stay as they are                     */
};

/** The field of that name, or NULL. */
const struct field *kind_field(const struct kind *kind, const char *name);

/**
 * Check what a client sent and make the object it means.
 *
 * Unknown fields, wrong types, values out of range, fields the role may not
 * set and missing ones each add an entry to errors.
 *
 * @param outp   Set on success: a new object with the kind's fields only (for
 *               KIND_CREATE and KIND_REPLACE all of them, null where absent
 *               and without preset); the caller drops it
 * @param kind   What it should be
 * @param in     What was sent; must be a JSON object.  "id" and "generation"
 *               are passed over
 * @param write  Which check
 * @param role   Who sent it
 * @param errors JSON array; gets {"field","code","detail"} per fault with
 *               codes unknown-field, missing, wrong-type, out-of-range,
 *               too-short, too-long, bad-pattern, bad-choice, read-only,
 *               not-permitted
 *
 * @return 0; EBADMSG with at least one entry in errors; ENOMEM
 */
int kind_check(json_t **outp, const struct kind *kind, const json_t *in,
	       enum kind_write write, uint32_t role, json_t *errors);

/** Add an entry to an array of field errors. */
void kind_error(json_t *errors, const char *field, const char *code,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/**
 * Copy of a stored object as a role may see it: without secrets, hidden
 * fields and fields it may not read.  New reference, or NULL without memory.
 */
json_t *kind_view(const struct kind *kind, const json_t *object, uint32_t role);

/**
 * What an update changes, for the audit: {"field":[before,after],...} with
 * secrets shown as "***".  Either may be NULL (created, deleted).
 */
json_t *kind_diff(const struct kind *kind, const json_t *before,
		  const json_t *after);

/** Whether a text may be an object's id: 1..40 of a-z, 0-9, "-" and "_".  The
 * portal makes them with id_make(); servers take what they are given. */
bool kind_id_is_valid(const char *id);

#endif
