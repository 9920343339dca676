/* cos.c - class of service: what its users may do, and for how long
 *
 * A field a row of cos_table.h.
 *
 * Source: CAL-9; domain/pbx.md 4.
 */
#include "model/pbx_kinds.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose class it is", .help_fr = "Client" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 100, .help = "Name",
	  .help_fr = "Nom" },
#define COS_OPTION(NAME, field, is_set, bare, trade, by, off, text, fr)        \
	{ #field,         FIELD_BOOL,     0, .preset = #is_set,                \
	  .help = (text), .help_fr = (fr) },
#define COS_NUMBER(NAME, field, low, high, value, bare, unit, trade, by, does, \
		   text, fr)                                                   \
	{ #field,        FIELD_INT,        .flags = 0,     .min = (low),       \
	  .max = (high), .preset = #value, .help = (text), .help_fr = (fr) },
#define COS_ABSENT(...)
#include "model/cos_table.h"
};

const struct kind cos_kind = {
	.name = "cos",
	.plural = "coses",
	.owner = "portal",
	.help = "Class of service: what its users may do",
	.help_fr = "Ce que ses usagers peuvent faire",
	KIND_FIELDS(fields),
};
