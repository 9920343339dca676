/* cor.c - class of restriction: what its users may dial
 *
 * Source: CAL-3; domain/pbx.md 5.
 */
#include "model/pbx_kinds.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose class it is", .help_fr = "Client" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 100, .help = "Name",
	  .help_fr = "Nom" },
	{ "internal", FIELD_BOOL, 0, .preset = "true",
	  .help = "May call inside the customer",
	  .help_fr = "Appels internes permis" },
	{ "allow", FIELD_LIST, 0, 0, 32,
	  .help = "Numbers that begin so are permitted",
	  .help_fr = "Préfixes permis" },
	{ "deny", FIELD_LIST, 0, 0, 32,
	  .help = "Numbers that begin so are refused",
	  .help_fr = "Préfixes refusés" },
};

const struct kind cor_kind = {
	.name = "cor",
	.plural = "cors",
	.owner = "portal",
	.help = "Class of restriction: what its users may dial",
	.help_fr = "Ce que ses usagers peuvent composer",
	KIND_FIELDS(fields),
};
