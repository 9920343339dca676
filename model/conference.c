/* conference.c - a room where several speak with each other
 *
 * Source: CAL-4.
 */
#include "model/pbx_kinds.h"

enum { PIN_MAX = 10, PARTIES_MAX = 32 };

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose room it is", .help_fr = "Client" },
	{ "number", FIELD_DIGITS, FIELD_REQUIRED, 1, 16, .pattern = "^[0-9]+$",
	  .pattern_help = "digits", .unique = UNIQUE_CUSTOMER,
	  .help = "Number of the room", .help_fr = "Numéro de la salle" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 60, .help = "Name",
	  .help_fr = "Nom" },
	{ "pin", FIELD_SECRET, 0, 4, PIN_MAX, .pattern = "^[0-9]+$",
	  .pattern_help = "digits", .help = "PIN that lets somebody in",
	  .help_fr = "Code d'accès" },
	{ "moderator_pin", FIELD_SECRET, 0, 4, PIN_MAX, .pattern = "^[0-9]+$",
	  .pattern_help = "digits", .help = "PIN of the moderator",
	  .help_fr = "Code de l'animateur" },
	{ "limit", FIELD_INT, 0, 2, PARTIES_MAX, .preset = "32",
	  .help = "Parties at most", .help_fr = "Nombre de participants" },
	{ "tones", FIELD_BOOL, 0, .preset = "true",
	  .help = "Tones when somebody joins or leaves",
	  .help_fr = "Signaux d'entrée et de sortie" },
	{ "wait_for_moderator", FIELD_BOOL, 0, .preset = "false",
	  .help = "Music until the moderator is there",
	  .help_fr = "Musique jusqu'à l'arrivée de l'animateur" },
	{ "record", FIELD_BOOL, 0, .preset = "false",
	  .help = "Every conference in it is recorded",
	  .help_fr = "Enregistrer toutes les conférences" },
};

const struct kind conference_kind = {
	.name = "conference",
	.plural = "conferences",
	.owner = "portal",
	.help = "A room where several speak with each other",
	.help_fr = "Une salle de conférence",
	KIND_FIELDS(fields),
};
