/* attendant.c - a number at which the pbx greets callers and sends them on
 *
 *   keys   {"1":{"do":"number","to":"2001"}, …}; keys 0-9, * and #; do is
 *          number, menu, extension, name, mailbox, language, back, repeat or
 *          hang-up, with `to` where something is to be named
 *   menus  {"sales":{"2":{…}}, …}: what a key with do menu leads to
 *
 * Source: CAL-11; domain/pbx.md 16, 19.
 */
#include "model/pbx_kinds.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose attendant it is", .help_fr = "Client" },
	{ "number", FIELD_DIGITS, FIELD_REQUIRED, 1, 32, .pattern = "^[0-9]+$",
	  .pattern_help = "digits", .unique = UNIQUE_CUSTOMER,
	  .help = "Number that it answers",
	  .help_fr = "Numéro du standard automatique" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 60, .help = "Name",
	  .help_fr = "Nom" },
	{ "language", FIELD_ENUM, 0, .choices = "en|fr",
	  .help = "Language it begins with; none: the customer's",
	  .help_fr = "Langue ; sinon celle du client" },
	{ "schedule", FIELD_REF, 0, .ref = "schedules",
	  .on_delete = DELETE_CLEAR,
	  .help = "Its own hours; none: the customer's service mode",
	  .help_fr = "Horaire propre ; sinon le mode du client" },
	{ "keys", FIELD_JSON, 0, 0, 8192, .help = "What the keys do",
	  .help_fr = "Effet des touches" },
	{ "keys_night1", FIELD_JSON, 0, 0, 8192,
	  .help = "The same in first night service; none: as by day",
	  .help_fr = "Touches, nuit 1" },
	{ "keys_night2", FIELD_JSON, 0, 0, 8192,
	  .help = "The same in second night service; none: as by day",
	  .help_fr = "Touches, nuit 2" },
	{ "menus", FIELD_JSON, 0, 0, 16384, .help = "Menus below, by name",
	  .help_fr = "Sous-menus" },
	{ "dial_extension", FIELD_BOOL, 0, .preset = "true",
	  .help = "Callers may dial an extension at any time",
	  .help_fr = "Composition d'un poste à tout moment" },
	{ "any_number", FIELD_BOOL, 0, .preset = "false",
	  .help = "Callers may dial any number, ended by #",
	  .help_fr = "Composition de tout numéro, terminé par dièse" },
	{ "outside", FIELD_BOOL, 0, .preset = "false",
	  .help = "Numbers may lead outside, at the customer's cost",
	  .help_fr = "Numéros extérieurs permis, aux frais du client" },
	{ "payer", FIELD_REF, 0, .ref = "users", .on_delete = DELETE_CLEAR,
	  .help = "User whose class of restriction holds for it",
	  .help_fr = "Usager dont la classe de restriction s'applique" },
	{ "forbidden", FIELD_LIST, 0, 1, 32,
	  .help = "First digits that callers cannot dial",
	  .help_fr = "Premiers chiffres interdits" },
	{ "first_s", FIELD_INT, 0, 1, 60, .preset = "6",
	  .help = "Seconds until the first key",
	  .help_fr = "Attente de la première touche, en secondes" },
	{ "next_s", FIELD_INT, 0, 1, 20, .preset = "3",
	  .help = "Seconds until the next key",
	  .help_fr = "Attente de la touche suivante, en secondes" },
	{ "tries", FIELD_INT, 0, 1, 9, .preset = "3",
	  .help = "How often it asks", .help_fr = "Nombre d'essais" },
	{ "no_input", FIELD_DIGITS, 0, 1, 32,
	  .help = "Number that takes callers who press nothing; none: it "
		  "hangs up",
	  .help_fr = "Numéro en l'absence de touche" },
};

const struct kind attendant_kind = {
	.name = "attendant",
	.plural = "attendants",
	.owner = "portal",
	.help = "A number at which the pbx greets callers and sends them on",
	.help_fr = "Un standard automatique",
	KIND_FIELDS(fields),
};
