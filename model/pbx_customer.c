/* pbx_customer.c - a customer, as the pbx keeps it
 *
 * Source: design.md 4.5.
 */
#include "model/pbx_kinds.h"

static const struct field fields[] = {
	{ "web_id", FIELD_TEXT, FIELD_REQUIRED, 1, 63, .unique = UNIQUE_ALL,
	  .help = "Name of the customer in logins",
	  .help_fr = "Nom du client dans les identifiants" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 100, .help = "Name",
	  .help_fr = "Nom" },
	{ "extension_length", FIELD_INT, 0, 2, 7, .preset = "4",
	  .help = "Digits of an extension",
	  .help_fr = "Longueur des numéros de poste" },
	{ "time_zone", FIELD_TEXT, 0, 0, 64, .help = "Time zone",
	  .help_fr = "Fuseau horaire" },
	{ "language", FIELD_ENUM, 0, .choices = "en|fr", .preset = "\"en\"",
	  .help = "Language that callers from outside hear",
	  .help_fr = "Langue entendue par les appelants de l'extérieur" },
#include "model/customer_rows.h"
};

const struct kind pbx_customer_kind = {
	.name = "customer",
	.plural = "customers",
	.owner = "portal",
	.help = "A customer",
	.help_fr = "Un client",
	KIND_FIELDS(fields),
};
