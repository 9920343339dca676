/* user.c - a person of a customer, with an extension and phones
 *
 * The least to give is first and last name, login, initial password and TUI
 * passcode.  The password is handed to the uc server once and not kept; PIN
 * and passcode are initial values too, owned by the pbx afterwards.
 *
 * Source: USR-2, USR-7; design.md 4.5.
 */
#include "model/kinds.h"
#include "model/permission.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Customer the user belongs to",
	  .help_fr = "Client de l'usager" },
	{ "login", FIELD_TEXT, FIELD_REQUIRED, 1, 64,
	  .pattern = "^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$",
	  .pattern_help = "small letters, digits, and . _ - inside",
	  .unique = UNIQUE_CUSTOMER, .help = "Login before the @: LOGIN@WEB-ID",
	  .help_fr = "Identifiant avant le @" },
	{ "first_name", FIELD_TEXT, FIELD_REQUIRED, 1, 60, .help = "First name",
	  .help_fr = "Prénom" },
	{ "last_name", FIELD_TEXT, FIELD_REQUIRED, 1, 60, .help = "Last name",
	  .help_fr = "Nom" },
	{ "email", FIELD_EMAIL, 0, 0, 254, .help = "Mail address",
	  .help_fr = "Adresse de messagerie" },
	{ "extension", FIELD_DIGITS, 0, 2, 7, .pattern = "^[0-9]+$",
	  .pattern_help = "digits",
	  .help = "Number that rings all of the user's phones",
	  .help_fr = "Poste : numéro de tous ses téléphones" },
	{ "language", FIELD_ENUM, 0, .choices = "en|fr",
	  .help = "Language; the customer's where absent",
	  .help_fr = "Langue" },
	{ "mailbox", FIELD_BOOL, 0, .preset = "true",
	  .help = "Has a voice mailbox", .help_fr = "A une boîte vocale" },
	{ "initial_password", FIELD_SECRET, FIELD_REQUIRED | FIELD_UNSTORED, 8,
	  200, .owner = "uc", .help = "First password of the client service",
	  .help_fr = "Premier mot de passe" },
	{ "tui_passcode", FIELD_SECRET, FIELD_REQUIRED, 4, 10,
	  .pattern = "^[0-9]+$", .pattern_help = "digits", .owner = "pbx",
	  .help = "First passcode of the mailbox by telephone",
	  .help_fr = "Premier code de la boîte vocale" },
	{ "pin", FIELD_SECRET, 0, 4, 8, .pattern = "^[0-9]+$",
	  .pattern_help = "digits", .owner = "pbx",
	  .help = "First PIN of hot desking; random where absent",
	  .help_fr = "Premier code PIN" },
#include "model/user_rows.h"
	{ "phones", FIELD_JSON, FIELD_UNSTORED | FIELD_HIDDEN, 0, 16384,
	  .help = "Phones to make with the user: list of phones",
	  .help_fr = "Téléphones à créer avec l'usager" },
	{ "state", FIELD_ENUM, FIELD_READONLY,
	  .choices = "creating|active|changing|deleting",
	  .help = "Whether a task is at work on it", .help_fr = "État" },
};

const struct kind user_kind = {
	.name = "user",
	.plural = "users",
	.owner = "portal",
	.help = "A person with an extension",
	.help_fr = "Une personne et son poste",
	KIND_FIELDS(fields),
};
