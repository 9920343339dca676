/* did.c - a number by which the outside reaches a customer
 *
 * Source: CAL-3, CUS-11.
 */
#include "model/pbx_kinds.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose number it is", .help_fr = "Client" },
	{ "start", FIELD_DIGITS, FIELD_REQUIRED, 1, 32,
	  .pattern = "^[+]?[0-9]+$", .pattern_help = "digits",
	  .help = "The number, or the first of a range",
	  .help_fr = "Le numéro, ou le premier d'une tranche" },
	{ "end", FIELD_DIGITS, 0, 1, 32, .pattern = "^[+]?[0-9]+$",
	  .pattern_help = "digits", .help = "The last of a range",
	  .help_fr = "Le dernier de la tranche" },
	{ "target", FIELD_DIGITS, 0, 1, 32, .pattern = "^[0-9*#]+$",
	  .pattern_help = "digits",
	  .help = "Number it rings; a range counts on from it",
	  .help_fr = "Numéro appelé ; une tranche compte à partir de lui" },
	{ "user", FIELD_REF, 0, .ref = "users", .on_delete = DELETE_CLEAR,
	  .help = "User it rings", .help_fr = "Usager appelé" },
	{ "target_night1", FIELD_DIGITS, 0, 1, 32,
	  .help = "Number it rings in first night service",
	  .help_fr = "Numéro appelé, nuit 1" },
	{ "target_night2", FIELD_DIGITS, 0, 1, 32,
	  .help = "Number it rings in second night service",
	  .help_fr = "Numéro appelé, nuit 2" },
	{ "language", FIELD_ENUM, 0, .choices = "en|fr",
	  .help = "Language that its callers hear; none: the customer's",
	  .help_fr = "Langue entendue par ses appelants ; sinon celle du "
		     "client" },
	{ "announcement", FIELD_ENUM, 0, .choices = "none|early|answered",
	  .preset = "\"none\"",
	  .help = "What callers hear before it rings: before the call is "
		  "answered, or after",
	  .help_fr = "Annonce avant la sonnerie" },
};

const struct kind did_kind = {
	.name = "did",
	.plural = "dids",
	.owner = "portal",
	.help = "A number by which the outside reaches a customer",
	.help_fr = "Un numéro d'arrivée directe",
	KIND_FIELDS(fields),
};
