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
	{ "local", FIELD_BOOL, 0, .preset = "false",
	  .help = "May call local numbers outside",
	  .help_fr = "Appels locaux permis" },
	{ "national", FIELD_BOOL, 0, .preset = "false",
	  .help = "May call national numbers",
	  .help_fr = "Appels nationaux permis" },
	{ "mobile", FIELD_BOOL, 0, .preset = "false",
	  .help = "May call mobiles", .help_fr = "Appels de mobiles permis" },
	{ "international", FIELD_BOOL, 0, .preset = "false",
	  .help = "May call other countries",
	  .help_fr = "Appels internationaux permis" },
	{ "premium", FIELD_BOOL, 0, .preset = "false",
	  .help = "May call premium-rate numbers",
	  .help_fr = "Numéros surtaxés permis" },
	{ "special", FIELD_BOOL, 0, .preset = "false",
	  .help = "May call special numbers: freephone, services",
	  .help_fr = "Numéros spéciaux permis" },
	{ "max_digits", FIELD_INT, 0, 0, 32, .preset = "0",
	  .help = "Digits of a number outside at most; 0: no limit",
	  .help_fr = "Chiffres composés au plus ; 0 : sans limite" },
	{ "allow", FIELD_LIST, 0, 0, 32,
	  .help = "Numbers that begin so are permitted, whatever category",
	  .help_fr = "Préfixes permis" },
	{ "deny", FIELD_LIST, 0, 0, 32,
	  .help = "Numbers that begin so are refused, whatever category",
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
