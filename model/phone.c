/* phone.c - a phone line: desk phone, generic SIP phone or softphone
 *
 * A line answers to its number.  A number equal to its user's extension is
 * no number of its own; any other shares the space of the extensions.
 *
 * Source: USR-6, USR-9, CUS-18.
 */
#include "model/kinds.h"
#include "model/permission.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_FIXED, .ref = "customers",
	  .on_delete = DELETE_CASCADE,
	  .help = "Customer; the user's where absent", .help_fr = "Client" },
	{ "user", FIELD_REF, FIELD_FIXED, .ref = "users",
	  .on_delete = DELETE_CASCADE, .help = "User whose phone it is",
	  .help_fr = "Usager du téléphone" },
	{ "name", FIELD_TEXT, 0, 0, 60, .help = "What people call it",
	  .help_fr = "Nom usuel" },
	{ "type", FIELD_ENUM, 0,
	  .choices = "desk|sip|softphone-desktop|softphone-mobile|"
		     "softphone-web",
	  .preset = "\"sip\"", .help = "Type of the phone",
	  .help_fr = "Type du téléphone" },
	{ "number", FIELD_DIGITS, 0, 2, 7, .pattern = "^[0-9]+$",
	  .pattern_help = "digits",
	  .help = "Number of this line; the user's extension where absent",
	  .help_fr = "Numéro de cette ligne" },
	{ "line", FIELD_INT, 0, 1, 16, .preset = "1",
	  .help = "Line key of the phone", .help_fr = "Touche de ligne" },
	{ "ring_with_user", FIELD_BOOL, 0, .preset = "true",
	  .help = "Rings when the user's extension is called",
	  .help_fr = "Sonne avec le poste de l'usager" },
	{ "client", FIELD_ENUM, 0, .choices = "desktop|mobile|web|desk",
	  .help = "Client that uses it; follows from the type where absent",
	  .help_fr = "Client qui l'utilise" },
	{ "sip_user", FIELD_TEXT, FIELD_FIXED, 1, 64,
	  .pattern = "^[A-Za-z0-9._-]+$",
	  .pattern_help = "letters, digits and . _ -", .unique = UNIQUE_ALL,
	  .help = "SIP user name, unique in the installation; random where "
		  "absent",
	  .help_fr = "Nom SIP, unique ; aléatoire si absent" },
	{ "sip_secret", FIELD_SECRET, 0, 8, 128, .pattern = "^[!-~]+$",
	  .pattern_help = "printable without blanks",
	  .help = "SIP secret; random where absent, told once",
	  .help_fr = "Secret SIP ; aléatoire si absent" },
	{ "profile", FIELD_TEXT, 0, 0, 40,
	  .help = "Profile of the deployed client",
	  .help_fr = "Profil du client déployé" },
	{ "deploy", FIELD_BOOL, FIELD_UNSTORED,
	  .help = "Mail the user a link that sets the client up",
	  .help_fr = "Envoyer à l'usager un lien d'installation" },
#include "model/phone_rows.h"
	{ "state", FIELD_ENUM, FIELD_READONLY,
	  .choices = "creating|active|changing|deleting",
	  .help = "Whether a task is at work on it", .help_fr = "État" },
};

const struct kind phone_kind = {
	.name = "phone",
	.plural = "phones",
	.owner = "portal",
	.help = "A phone line",
	.help_fr = "Une ligne de téléphone",
	KIND_FIELDS(fields),
};
