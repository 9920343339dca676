/* cpn.c - numbers shown outside and to emergency centres; zones
 *
 * Source: CAL-3, CUS-6, CUS-9; domain/pbx.md 10 to 12.
 */
#include "model/pbx_kinds.h"

enum { SHOWN_MAX = 26 };

#define WHOSE_FIELDS                                                           \
	{ "customer",                                                          \
	  FIELD_REF,                                                           \
	  FIELD_REQUIRED | FIELD_FIXED,                                        \
	  .ref = "customers",                                                  \
	  .on_delete = DELETE_CASCADE,                                         \
	  .help = "Whose it is",                                               \
	  .help_fr = "Client" },                                               \
		{ "user",                                                      \
		  FIELD_REF,                                                   \
		  0,                                                           \
		  .ref = "users",                                              \
		  .on_delete = DELETE_CASCADE,                                 \
		  .help = "Only for this user",                                \
		  .help_fr = "Pour cet usager" },                              \
	{                                                                      \
		"phone", FIELD_REF, 0, .ref = "phones",                        \
				       .on_delete = DELETE_CASCADE,            \
				       .help = "Only for this line",           \
				       .help_fr = "Pour cette ligne"           \
	}

static const struct field cpn_fields[] = {
	WHOSE_FIELDS,
	{ "number", FIELD_DIGITS, 0, 1, SHOWN_MAX, .pattern = "^[+]?[0-9]+$",
	  .pattern_help = "digits",
	  .help = "Number shown instead of the extension",
	  .help_fr = "Numéro présenté à la place du poste" },
	{ "billing", FIELD_DIGITS, 0, 1, SHOWN_MAX, .pattern = "^[0-9]+$",
	  .pattern_help = "digits",
	  .help = "Number that calls outside are billed to",
	  .help_fr = "Numéro de facturation des appels extérieurs" },
};

static const struct field cesid_fields[] = {
	WHOSE_FIELDS,
	{ "number", FIELD_DIGITS, FIELD_REQUIRED, 7, 12, .pattern = "^[0-9]+$",
	  .pattern_help = "7 to 12 digits",
	  .help = "Number that tells an emergency centre the place",
	  .help_fr = "Numéro indiquant le lieu aux secours" },
};

static const struct field zone_fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose zone it is", .help_fr = "Client" },
	{ "number", FIELD_INT, FIELD_REQUIRED, 1, 999, .help = "Zone",
	  .help_fr = "Zone" },
	{ "label", FIELD_TEXT, 0, 0, 100, .help = "Name", .help_fr = "Nom" },
	{ "networks", FIELD_LIST, 0, 1, 64,
	  .help = "Its networks: ADDRESS/BITS",
	  .help_fr = "Ses réseaux : ADRESSE/BITS" },
	{ "cesid", FIELD_DIGITS, 0, 7, 12, .pattern = "^[0-9]+$",
	  .pattern_help = "7 to 12 digits",
	  .help = "Number that tells an emergency centre the place",
	  .help_fr = "Numéro indiquant le lieu aux secours" },
	{ "cpn", FIELD_DIGITS, 0, 1, SHOWN_MAX, .help = "Number shown outside",
	  .help_fr = "Numéro présenté" },
	{ "billing", FIELD_DIGITS, 0, 1, SHOWN_MAX, .pattern = "^[0-9]+$",
	  .pattern_help = "digits",
	  .help = "Number that calls outside are billed to, unless the line or "
		  "its user has one",
	  .help_fr = "Numéro de facturation par défaut" },
	{ "emergency_phones", FIELD_LIST, 0, 1, 32,
	  .help = "Extensions and lines that are told of emergency calls there, too",
	  .help_fr = "Postes avertis des appels d'urgence de la zone" },
	{ "emergency_mail", FIELD_LIST, 0, 3, 254,
	  .help = "Addresses that get a mail of each emergency call there, too",
	  .help_fr = "Adresses averties des appels d'urgence de la zone" },
	{ "time_zone", FIELD_TEXT, 0, 0, 64,
	  .help = "Time zone of reminders and spoken times; "
		  "empty: the customer's",
	  .help_fr = "Fuseau des rappels et des heures dites ; "
		     "vide : celui du client" },
};

const struct kind cpn_kind = {
	.name = "cpn",
	.plural = "cpns",
	.owner = "portal",
	.help = "A number shown outside instead of the extension",
	.help_fr = "Un numéro présenté à la place du poste",
	KIND_FIELDS(cpn_fields),
};

const struct kind cesid_kind = {
	.name = "cesid",
	.plural = "cesids",
	.owner = "portal",
	.help = "A place's number for emergency calls",
	.help_fr = "Un numéro de lieu pour les appels d'urgence",
	KIND_FIELDS(cesid_fields),
};

const struct kind zone_kind = {
	.name = "zone",
	.plural = "zones",
	.owner = "portal",
	.help = "Networks of a customer that are one place",
	.help_fr = "Réseaux d'un client formant un lieu",
	KIND_FIELDS(zone_fields),
};
