/* admin.c - an administrator of the provider or of one customer */
#include "model/kinds.h"
#include "model/permission.h"

static const struct field fields[] = {
	{ "login", FIELD_TEXT, FIELD_REQUIRED, 1, 64,
	  .pattern = "^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$",
	  .pattern_help = "small letters, digits, and . _ - inside",
	  .help = "Login; customers' administrators sign in as "
		  "LOGIN@WEB-ID",
	  .help_fr = "Identifiant" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 100, .help = "Name",
	  .help_fr = "Nom" },
	{ "email", FIELD_EMAIL, 0, 0, 254, .help = "Mail address",
	  .help_fr = "Adresse de messagerie" },
	{ "role", FIELD_ENUM, FIELD_REQUIRED | FIELD_FIXED,
	  .choices = "provider|customer", .help = "What they may do",
	  .help_fr = "Rôle" },
	{ "customer", FIELD_REF, FIELD_FIXED, .ref = "customers",
	  .on_delete = DELETE_CASCADE,
	  .help = "Whom a customer's administrator works for",
	  .help_fr = "Client administré" },
	{ "password", FIELD_SECRET, FIELD_UNSTORED, 10, 200,
	  .help = "Password; a one-time link is made where absent",
	  .help_fr = "Mot de passe" },
	{ "password_hash", FIELD_TEXT,
	  FIELD_READONLY | FIELD_HIDDEN | FIELD_UNSORTED, 0, 200,
	  .help = "Its argon2id hash", .help_fr = "Empreinte" },
};

const struct kind admin_kind = {
	.name = "admin",
	.plural = "admins",
	.owner = "portal",
	.help = "An administrator",
	.help_fr = "Un administrateur",
	KIND_FIELDS(fields),
};
