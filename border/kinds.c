/* kinds.c - see kinds.h */
#include "border/kinds.h"

static const struct field upstream_fields[] = {
	{ .name = "registrars",
	  .type = FIELD_LIST,
	  .flags = FIELD_REQUIRED,
	  .max = 200,
	  .help = "SIP addresses of the call controllers, best first; numeric",
	  .help_fr = "Adresses SIP numériques des contrôleurs d’appel, la "
		     "meilleure d’abord" },
};

const struct kind border_upstream_kind = {
	.name = "upstream",
	.plural = "upstreams",
	.owner = "portal",
	.help = "Call controllers that devices reach through the border",
	.help_fr = "Contrôleurs d’appel joints à travers la bordure",
	KIND_FIELDS(upstream_fields),
};

static const struct field device_fields[] = {
	{ .name = "customer",
	  .type = FIELD_TEXT,
	  .flags = FIELD_REQUIRED | FIELD_FIXED,
	  .min = 1,
	  .max = 40,
	  .help = "The customer the device belongs to",
	  .help_fr = "Le client de l’appareil" },
	{ .name = "sip_user",
	  .type = FIELD_TEXT,
	  .flags = FIELD_REQUIRED,
	  .min = 1,
	  .max = 64,
	  .unique = UNIQUE_ALL,
	  .help = "SIP user name of the device",
	  .help_fr = "Nom d’utilisateur SIP de l’appareil" },
	{ .name = "enabled",
	  .type = FIELD_BOOL,
	  .preset = "true",
	  .help = "Whether it may come in",
	  .help_fr = "S’il peut entrer" },
	{ .name = "upstream",
	  .type = FIELD_REF,
	  .ref = "upstreams",
	  .help = "Where it registers; the first one when empty",
	  .help_fr = "Où il s’enregistre" },
};

const struct kind border_device_kind = {
	.name = "device",
	.plural = "devices",
	.owner = "portal",
	.help = "A phone that may come in from outside",
	.help_fr = "Un téléphone qui peut venir de l’extérieur",
	KIND_FIELDS(device_fields),
};
