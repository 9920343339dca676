/* group_rows.h - fields of a group that the portal offers and the pbx keeps
 *
 * Rows of an array of struct field, included where one is made.
 */
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose group it is", .help_fr = "Client" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 60, .help = "Name",
	  .help_fr = "Nom" },
	{ "type", FIELD_ENUM, FIELD_REQUIRED | FIELD_FIXED,
	  .choices = "ring-all|hunt-terminal|hunt-circular|personal-ring|"
		     "multi-device|pickup|park",
	  .help = "How its members ring", .help_fr = "Type de sonnerie" },
	{ "number", FIELD_DIGITS, 0, 1, 32, .pattern = "^[0-9]+$",
	  .pattern_help = "digits", .unique = UNIQUE_CUSTOMER,
	  .help = "Number that rings the group",
	  .help_fr = "Numéro du groupe" },
	{ "members", FIELD_LIST, 0, 0, 26,
	  .help = "Ids of users or phones, in order",
	  .help_fr = "Membres, dans l'ordre" },
	{ "ring_s", FIELD_INT, 0, 2, 180, .preset = "10",
	  .help = "Seconds a member of a hunt group rings; of others: before "
		  "the overflow",
	  .help_fr = "Durée de sonnerie en secondes" },
	{ "follow_forwards", FIELD_BOOL, 0, .preset = "false",
	  .help = "Members' own forwards are followed",
	  .help_fr = "Suivre les renvois des membres" },
	{ "one_busy_all_busy", FIELD_BOOL, 0, .preset = "false",
	  .help = "One busy member makes the group busy",
	  .help_fr = "Un membre occupé occupe le groupe" },
	{ "overflow", FIELD_DIGITS, 0, 1, 32,
	  .help = "Number that takes calls no member answers",
	  .help_fr = "Numéro de débordement" },
