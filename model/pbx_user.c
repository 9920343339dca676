/* pbx_user.c - a user, as the pbx keeps it
 *
 * Source: design.md 4.5.
 */
#include "model/pbx_kinds.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose user it is", .help_fr = "Client" },
	{ "extension", FIELD_DIGITS, FIELD_REQUIRED, 1, 32,
	  .unique = UNIQUE_CUSTOMER, .help = "Number that rings the user",
	  .help_fr = "Numéro de poste" },
	{ "first_name", FIELD_TEXT, 0, 0, 100, .help = "First name",
	  .help_fr = "Prénom" },
	{ "last_name", FIELD_TEXT, 0, 0, 100, .help = "Last name",
	  .help_fr = "Nom" },
	{ "name", FIELD_TEXT, 0, 0, 200, .help = "Name shown to others",
	  .help_fr = "Nom affiché" },
	{ "pin", FIELD_SECRET, 0, 0, 8, .pattern = "^[0-9]*$",
	  .pattern_help = "digits",
	  .help = "First PIN; another value resets the user's own",
	  .help_fr = "Premier code PIN ; une autre valeur le réinitialise" },
	{ "mailbox", FIELD_BOOL, 0, .preset = "false",
	  .help = "Has a voice mailbox", .help_fr = "A une boîte vocale" },
#include "model/user_rows.h"
	{ "tui_passcode", FIELD_SECRET, 0, 4, 10, .pattern = "^[0-9]+$",
	  .pattern_help = "digits", .help = "Passcode of the mailbox",
	  .help_fr = "Code secret de la boîte vocale" },
	{ "language", FIELD_ENUM, 0, .choices = "en|fr", .preset = "\"en\"",
	  .help = "Language of the mailbox and of announcements",
	  .help_fr = "Langue de la boîte vocale et des annonces" },
};

const struct kind pbx_user_kind = {
	.name = "user",
	.plural = "users",
	.owner = "portal",
	.help = "A user",
	.help_fr = "Un usager",
	KIND_FIELDS(fields),
};
