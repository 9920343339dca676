/* application.c - a program of somebody else that may ask the pbx
 *
 * Its token is made by the portal, shown once, and kept as a hash only.
 *
 * Source: CAL-12; ECMA-269.
 */
#include "model/pbx_kinds.h"
#include "model/permission.h"

/* "|calls.see|calls.control...": the first is passed over below */
#define APPLICATION_RIGHT(name, text, help, help_fr) "|" text
static const char rights[] =
#include "model/application_rights.h"
	;
#undef APPLICATION_RIGHT

#define STAFF (ROLE_SERVICE | ROLE_PROVIDER)

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose calls it sees", .help_fr = "Client" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 60, .unique = UNIQUE_CUSTOMER,
	  .help = "What it is; the stories of calls name it",
	  .help_fr = "Nom" },
	{ "enabled", FIELD_BOOL, 0, .preset = "true",
	  .help = "Whether its token opens anything",
	  .help_fr = "Le jeton est accepté" },
	{ "rights", FIELD_LIST, 0, 1, 30, .choices = &rights[1], .preset = "[]",
	  .help = "What it may do", .help_fr = "Droits" },
	{ "scope", FIELD_LIST, 0, 1, 40,
	  .help = "The users it sees, by id or extension; null: all of the "
		  "customer",
	  .help_fr = "Usagers visibles, par identifiant ou numéro ; null : "
		     "tous" },
	{ "expires_ms", FIELD_TIME, 0, 0, 4102444800000,
	  .help = "When its token ends; null: never",
	  .help_fr = "Fin de validité ; null : jamais" },
	{ "requests_per_s", FIELD_INT, 0, 1, 1000, .preset = "20",
	  .writers = STAFF, .help = "Requests it may make in a second",
	  .help_fr = "Requêtes par seconde" },
	{ "streams_max", FIELD_INT, 0, 0, 20, .preset = "4", .writers = STAFF,
	  .help = "Event streams it may have open at once",
	  .help_fr = "Flux d'événements simultanés" },
	{ "token_hash", FIELD_TEXT, FIELD_HIDDEN | FIELD_UNSORTED, 64, 64,
	  .pattern = "^[0-9a-f]{64}$", .pattern_help = "64 hex digits",
	  .writers = ROLE_SERVICE,
	  .help = "BLAKE2b-256 of its token; null: it has none",
	  .help_fr = "Empreinte du jeton" },
	{ "last_used_ms", FIELD_TIME, FIELD_READONLY | FIELD_UNSTORED,
	  .help = "When it last asked this pbx; null: never",
	  .help_fr = "Dernière utilisation" },
	{ "streams", FIELD_INT, FIELD_READONLY | FIELD_UNSTORED, 0, 20,
	  .help = "Event streams it has open", .help_fr = "Flux ouverts" },
};

const struct kind application_kind = {
	.name = "application",
	.plural = "applications",
	.owner = "portal",
	.help = "A program of somebody else that may ask the pbx",
	.help_fr = "Une application tierce",
	KIND_FIELDS(fields),
};
