/* platform.c - a platform group: one pbx, one uc server, perhaps a border
 *
 * Source: PLT-1.
 */
#include "model/kinds.h"
#include "model/permission.h"

static const struct field fields[] = {
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 60, .unique = UNIQUE_ALL,
	  .help = "Name of the group", .help_fr = "Nom du groupe" },
	{ "pbx_url", FIELD_URL, FIELD_REQUIRED, 8, 200,
	  .help = "REST address of the pbx", .help_fr = "Adresse du pbx" },
	{ "pbx_token", FIELD_SECRET, FIELD_REQUIRED, 8, 200,
	  .help = "Service token of the pbx", .help_fr = "Jeton du pbx" },
	{ "pbx_sip", FIELD_URL, FIELD_REQUIRED, 5, 200,
	  .help = "Where phones register: sip:HOST:PORT",
	  .help_fr = "Où les téléphones s'enregistrent" },
	{ "pbx2_url", FIELD_URL, 0, 8, 200,
	  .help = "REST address of the secondary pbx of a pair",
	  .help_fr = "Adresse du pbx secondaire" },
	{ "pbx2_token", FIELD_SECRET, 0, 8, 200,
	  .help = "Service token of the secondary pbx",
	  .help_fr = "Jeton du pbx secondaire" },
	{ "pbx2_sip", FIELD_URL, 0, 5, 200,
	  .help = "Where phones register while the pbx is away: "
		  "sip:HOST:PORT",
	  .help_fr = "Où les téléphones s'enregistrent en secours" },
	{ "uc_url", FIELD_URL, FIELD_REQUIRED, 8, 200,
	  .help = "REST address of the uc server",
	  .help_fr = "Adresse du serveur uc" },
	{ "uc_token", FIELD_SECRET, FIELD_REQUIRED, 8, 200,
	  .help = "Service token of the uc server",
	  .help_fr = "Jeton du serveur uc" },
	{ "border_url", FIELD_URL, 0, 8, 200,
	  .help = "REST address of the border gateway",
	  .help_fr = "Adresse de la passerelle" },
	{ "border_token", FIELD_SECRET, 0, 8, 200,
	  .help = "Service token of the border gateway",
	  .help_fr = "Jeton de la passerelle" },
	{ "border_sip", FIELD_URL, 0, 5, 200,
	  .help = "Where outside phones register: sip:HOST:PORT",
	  .help_fr = "Où les téléphones externes s'enregistrent" },
	{ "language", FIELD_ENUM, 0, .choices = "en|fr", .preset = "\"en\"",
	  .help = "Language of customers that are made without one",
	  .help_fr = "Langue des clients créés sans langue" },
	{ "realm", FIELD_TEXT, 0, 1, 64, .preset = "\"holdfast\"",
	  .pattern = "^[A-Za-z0-9._-]+$",
	  .pattern_help = "letters, digits and . _ -",
	  .help = "Digest realm of pbx and border",
	  .help_fr = "Domaine d'authentification" },
	{ "reports", FIELD_JSON, FIELD_READONLY,
	  .help = "What each server said about itself",
	  .help_fr = "Ce que chaque serveur dit de lui-même" },
	{ "state", FIELD_ENUM, FIELD_READONLY,
	  .choices = "creating|active|changing|deleting",
	  .help = "Whether a task is at work on it", .help_fr = "État" },
};

const struct kind platform_kind = {
	.name = "platform",
	.plural = "platforms",
	.owner = "portal",
	.help = "A group of servers",
	.help_fr = "Un groupe de serveurs",
	KIND_FIELDS(fields),
};
