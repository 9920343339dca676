/* account_code.c - a code that a call is booked under
 *
 * Source: CAL-9; domain/pbx.md 4.1.
 */
#include "model/pbx_kinds.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose code it is", .help_fr = "Client" },
	{ "code", FIELD_DIGITS, FIELD_REQUIRED, 2, 12, .pattern = "^[0-9]+$",
	  .pattern_help = "digits", .unique = UNIQUE_CUSTOMER,
	  .help = "What is dialled", .help_fr = "Code composé" },
	{ "name", FIELD_TEXT, 0, 0, 100, .help = "What it stands for",
	  .help_fr = "Affaire" },
};

const struct kind account_code_kind = {
	.name = "account code",
	.plural = "account_codes",
	.owner = "portal",
	.help = "A code that calls are booked under",
	.help_fr = "Un code d'affaire",
	KIND_FIELDS(fields),
};
