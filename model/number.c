/* number.c - the numbers of a customer and what answers to them
 *
 * Numbers are not made by themselves: they come and go with the extensions of
 * users and the numbers of phones and groups.
 */
#include "model/kinds.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_READONLY, .ref = "customers",
	  .on_delete = DELETE_CASCADE, .help = "Customer",
	  .help_fr = "Client" },
	{ "number", FIELD_DIGITS, FIELD_READONLY, 2, 32,
	  .unique = UNIQUE_CUSTOMER, .help = "As it is dialled",
	  .help_fr = "Tel que composé" },
	{ "kind", FIELD_ENUM, FIELD_READONLY, .choices = "users|phones|groups",
	  .help = "What answers to it", .help_fr = "Ce qui y répond" },
	{ "object", FIELD_TEXT, FIELD_READONLY, 1, 40, .help = "Its id",
	  .help_fr = "Son identifiant" },
};

const struct kind number_kind = {
	.name = "number",
	.plural = "numbers",
	.owner = "portal",
	.help = "A number of a customer",
	.help_fr = "Un numéro d'un client",
	KIND_FIELDS(fields),
};
