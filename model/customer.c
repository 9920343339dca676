/* customer.c - a tenant: whose users never meet those of another
 *
 * Source: CUS-3 to CUS-5.
 */
#include "model/kinds.h"
#include "model/permission.h"

static const struct field fields[] = {
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 100,
	  .help = "Name of the customer", .help_fr = "Nom du client" },
	{ "web_id", FIELD_TEXT, FIELD_REQUIRED, 2, 32,
	  .pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
	  .pattern_help = "small letters, digits and hyphens inside",
	  .unique = UNIQUE_ALL,
	  .help = "Short name in addresses and logins: alice@WEB-ID",
	  .help_fr = "Nom court dans les adresses : alice@WEB-ID" },
	{ "platform", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "platforms", .on_delete = DELETE_REFUSE,
	  .help = "Platform group that serves the customer",
	  .help_fr = "Groupe de plateformes du client" },
	{ "extension_length", FIELD_INT, 0, 2, 7, .preset = "4",
	  .help = "Digits of every extension",
	  .help_fr = "Nombre de chiffres des postes" },
	{ "time_zone", FIELD_TEXT, 0, 1, 64, .preset = "\"UTC\"",
	  .pattern = "^[A-Za-z0-9_+/-]+$",
	  .pattern_help = "a zone like Europe/Paris", .help = "Time zone",
	  .help_fr = "Fuseau horaire" },
	{ "language", FIELD_ENUM, 0, .choices = "en|fr",
	  .help = "Language of mails and pages, and of what callers from "
		  "outside hear; that of the platform group when made "
		  "without",
	  .help_fr = "Langue des messages, des pages et des annonces aux "
		     "appelants de l'extérieur" },
	{ "contact_name", FIELD_TEXT, 0, 0, 100, .help = "Whom to contact",
	  .help_fr = "Contact" },
	{ "contact_email", FIELD_EMAIL, 0, 0, 254,
	  .help = "Mail address of the contact",
	  .help_fr = "Adresse du contact" },
	{ "contact_phone", FIELD_TEXT, 0, 0, 40,
	  .help = "Telephone of the contact",
	  .help_fr = "Téléphone du contact" },
#include "model/customer_rows.h"
	{ "state", FIELD_ENUM, FIELD_READONLY,
	  .choices = "creating|active|changing|deleting",
	  .help = "Whether a task is at work on it", .help_fr = "État" },
};

const struct kind customer_kind = {
	.name = "customer",
	.plural = "customers",
	.owner = "portal",
	.help = "A tenant",
	.help_fr = "Un client",
	KIND_FIELDS(fields),
};
