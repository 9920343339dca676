/* outside_rules.c - what a customer may dial outside
 *
 * Source: CAL-3.
 */
#include "model/pbx_kinds.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE, .unique = UNIQUE_ALL,
	  .help = "Whose rules they are", .help_fr = "Client" },
	{ "prefix", FIELD_DIGITS, 0, 0, 4, .help = "Dialled for outside",
	  .help_fr = "Préfixe de sortie" },
	{ "min_length", FIELD_INT, 0, 3, 15, .preset = "7",
	  .help = "Without a prefix, digits that make a number an outside one",
	  .help_fr = "Sans préfixe, longueur d'un numéro extérieur" },
	{ "allowed", FIELD_BOOL, 0, .preset = "true",
	  .help = "Outside calls are allowed",
	  .help_fr = "Appels extérieurs permis" },
	{ "permitted", FIELD_LIST, 0, 1, 32,
	  .help = "First digits permitted; none: all",
	  .help_fr = "Débuts de numéros permis ; aucun : tous" },
	{ "denied", FIELD_LIST, 0, 1, 32,
	  .help = "First digits refused; the longest of both lists counts",
	  .help_fr = "Débuts refusés ; le plus long des deux compte" },
	{ "number_plan", FIELD_ENUM, 0, .choices = "none|fr|gb|de|us",
	  .preset = "\"none\"",
	  .help = "Country whose plan tells local, national, mobile, "
		  "international, premium and special numbers",
	  .help_fr = "Pays dont le plan distingue les numéros locaux, "
		     "nationaux, mobiles, internationaux, surtaxés, spéciaux" },
	{ "categories", FIELD_JSON, 0, 0, 8192,
	  .help = "Own patterns of categories, before the country's: "
		  "{\"premium\": [\"0899\"]}",
	  .help_fr = "Débuts de numéros du client par catégorie" },
	{ "max_calls", FIELD_INT, 0, 0, 100000, .preset = "0",
	  .help = "Calls with the outside at once; 0: no limit",
	  .help_fr = "Appels extérieurs simultanés ; 0 : sans limite" },
	{ "private", FIELD_BOOL, 0, .preset = "false",
	  .help = "Numbers are withheld", .help_fr = "Numéros masqués" },
	{ "emergency_numbers", FIELD_LIST, 0, 2, 16,
	  .help = "Emergency numbers; none: 112 and 911",
	  .help_fr = "Numéros d'urgence ; aucun : 112 et 911" },
	{ "emergency_extension", FIELD_DIGITS, 0, 0, 32,
	  .help = "Rings when no trunk takes an emergency call",
	  .help_fr = "Sonne si aucun faisceau ne prend l'urgence" },
	{ "emergency_private", FIELD_BOOL, 0, .preset = "false",
	  .help = "The location only as asserted identity",
	  .help_fr = "Le lieu seulement en identité certifiée" },
	{ "cesid", FIELD_DIGITS, 0, 7, 12, .pattern = "^[0-9]+$",
	  .pattern_help = "7 to 12 digits",
	  .help = "Location number where nothing nearer is known",
	  .help_fr = "Numéro de lieu par défaut" },
};

const struct kind outside_rules_kind = {
	.name = "outside rule",
	.plural = "outside_rules",
	.owner = "portal",
	.help = "What a customer may dial outside",
	.help_fr = "Ce qu'un client peut appeler à l'extérieur",
	KIND_FIELDS(fields),
};
