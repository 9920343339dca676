/* phone_rows.h - fields of a phone that the portal offers and the pbx keeps
 *
 * Rows of an array of struct field, included where one is made.
 */
	{ "hot_desk", FIELD_BOOL, 0, .preset = "false",
	  .help = "Hot-desk users may log in at it",
	  .help_fr = "Poste partagé" },
	{ "hot_desk_internal", FIELD_BOOL, 0, .preset = "false",
	  .help = "May call inside while nobody is logged in and it is nobody's",
	  .help_fr = "Appels internes permis sans connexion" },
	{ "keys", FIELD_JSON, 0, 0, 16384,
	  .help = "Programmable keys: list of key, function, number, label",
	  .help_fr = "Touches programmables : key, function, number, label" },
