/* schedule.c - business hours and holidays, by which service goes by day or
 * night
 *
 *   hours     [{"days":["mon","tue"],"from":"08:30","to":"18:00",
 *               "mode":"day"}, …]; the first row that fits counts; one that
 *             ends before it begins goes on after midnight
 *   holidays  [{"name":"…","from":"2026-12-25","to":"2026-12-26",
 *               "mode":"night2"}, …]; "12-25" comes every year
 *
 * Source: domain/pbx.md 19; CAL-11.
 */
#include "model/pbx_kinds.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose schedule it is", .help_fr = "Client" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 60, .help = "Name",
	  .help_fr = "Nom" },
	{ "customer_wide", FIELD_BOOL, 0, .preset = "false",
	  .help = "The customer's service mode follows it",
	  .help_fr = "Détermine le mode de service du client" },
	{ "time_zone", FIELD_TEXT, 0, 0, 64,
	  .help = "Time zone (Europe/Paris); empty: the customer's",
	  .help_fr = "Fuseau horaire ; vide : celui du client" },
	{ "hours", FIELD_JSON, 0, 0, 16384,
	  .help = "Rows of days, from, to and mode; the first that fits counts",
	  .help_fr = "Lignes de jours, début, fin et mode" },
	{ "outside_hours", FIELD_ENUM, 0, .choices = "day|night1|night2",
	  .preset = "\"night1\"", .help = "Mode when no row fits",
	  .help_fr = "Mode en dehors des heures" },
	{ "holidays", FIELD_JSON, 0, 0, 32768,
	  .help = "Rows of name, from, to and mode; dates, or month and day "
		  "of every year",
	  .help_fr = "Jours fériés : nom, début, fin et mode" },
	{ "holiday_mode", FIELD_ENUM, 0, .choices = "day|night1|night2",
	  .preset = "\"night2\"", .help = "Mode of a holiday without its own",
	  .help_fr = "Mode des jours fériés" },
};

const struct kind schedule_kind = {
	.name = "schedule",
	.plural = "schedules",
	.owner = "portal",
	.help = "Business hours and holidays",
	.help_fr = "Heures d'ouverture et jours fériés",
	KIND_FIELDS(fields),
};
