/* user_settings.c - how a user wants to be called: the pbx's own
 *
 * Source: design.md 4.5; domain/pbx.md 6; SIT-3, SIT-5 to SIT-7, USR-14.
 */
#include "model/pbx_kinds.h"

static const struct field fields[] = {
	{ "dnd", FIELD_BOOL, 0, .preset = "false", .help = "Do not disturb",
	  .help_fr = "Ne pas déranger" },
	{ "forward_always", FIELD_DIGITS, 0, 1, 32,
	  .help = "Number that takes every call",
	  .help_fr = "Renvoi de tous les appels" },
	{ "forward_busy", FIELD_DIGITS, 0, 1, 32,
	  .help = "Number that takes calls when busy or not to be disturbed",
	  .help_fr = "Renvoi sur occupation" },
	{ "forward_no_answer", FIELD_DIGITS, 0, 1, 32,
	  .help = "Number that takes calls not answered",
	  .help_fr = "Renvoi sur non-réponse" },
	{ "forward_not_registered", FIELD_DIGITS, 0, 1, 32,
	  .help = "Number that takes calls when no phone is registered",
	  .help_fr = "Renvoi si aucun téléphone n'est connecté" },
	{ "no_answer_s", FIELD_INT, 0, 5, 180,
	  .help = "Seconds a call rings before forward_no_answer; none: as "
		  "the class of service says",
	  .help_fr = "Secondes de sonnerie avant renvoi ; aucun : selon la "
		     "classe de service" },
	{ "when_on_phone", FIELD_ENUM, 0, .choices = "ring|busy",
	  .preset = "\"ring\"",
	  .help = "What a second call finds: it rings, or busy",
	  .help_fr = "Deuxième appel : sonne, ou occupé" },
	{ "ring_devices", FIELD_LIST, 0, 0, 26,
	  .help = "Ids of the phones that ring; none: all",
	  .help_fr = "Téléphones qui sonnent" },
	{ "external_number", FIELD_DIGITS, 0, 1, 26, .pattern = "^[0-9]+$",
	  .pattern_help = "digits",
	  .help = "Own outside number; none: the portal's",
	  .help_fr = "Numéro extérieur ; vide : celui du portail" },
	{ "blocked", FIELD_LIST, 0, 0, 32, .help = "Numbers that are refused",
	  .help_fr = "Numéros refusés" },
	{ "reject_anonymous", FIELD_BOOL, 0, .preset = "false",
	  .help = "Refuse callers who hide their number",
	  .help_fr = "Refuser les appels anonymes" },
	{ "hide_number", FIELD_BOOL, 0, .preset = "false",
	  .help = "Name and number are withheld from those called",
	  .help_fr = "Masquer nom et numéro" },
	{ "auto_answer", FIELD_BOOL, 0, .preset = "false",
	  .help = "Phones that ring alone are asked to answer by themselves",
	  .help_fr = "Réponse automatique" },
	{ "speed_dials", FIELD_JSON, 0, 0, 8192,
	  .help = "Own short numbers: two digits to a number",
	  .help_fr = "Numéros abrégés" },
	{ "messages", FIELD_LIST, FIELD_READONLY | FIELD_HIDDEN, 0, 32,
	  .help = "Who has lit the message lamp",
	  .help_fr = "Qui a laissé un message" },
	{ "reminder_ms", FIELD_TIME, FIELD_READONLY | FIELD_HIDDEN,
	  .help = "When the user wants to be called",
	  .help_fr = "Heure du rappel" },
};

const struct kind user_settings_kind = {
	.name = "user-settings",
	.plural = "user_settings",
	.owner = "pbx",
	.help = "How a user wants to be called",
	.help_fr = "Comment un usager veut être appelé",
	KIND_FIELDS(fields),
};
