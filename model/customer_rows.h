/* customer_rows.h - fields of a customer that the portal offers and the pbx keeps
 *
 * Rows of an array of struct field, included where one is made.
 */
	{ "codes", FIELD_JSON, 0, 0, 4096,
	  .help = "Own feature access codes: name to digits",
	  .help_fr = "Codes de service du client" },
	{ "blocked", FIELD_LIST, 0, 0, 32,
	  .help = "Numbers that may call none of its users",
	  .help_fr = "Numéros refusés" },
	{ "speed_dials", FIELD_JSON, 0, 0, 8192,
	  .help = "Short numbers of all its users: two digits to a number, or "
		  "to {number, override}",
	  .help_fr = "Numéros abrégés communs" },
	{ "operator", FIELD_DIGITS, 0, 1, 32,
	  .help = "Number that takes parked calls nobody comes back to",
	  .help_fr = "Numéro du standard" },
	{ "reject_anonymous", FIELD_BOOL, 0, .preset = "false",
	  .help = "Its users take no anonymous calls",
	  .help_fr = "Refuser les appels anonymes" },
	{ "announcements", FIELD_BOOL, 0, .preset = "false",
	  .help = "Callers hear why a number cannot be called",
	  .help_fr = "Annoncer pourquoi un numéro ne peut être appelé" },
	{ "hot_desk_idle_min", FIELD_INT, 0, 0, 10080, .preset = "0",
	  .help = "Minutes without a call after which users are logged out of "
		  "shared phones; 0: never",
	  .help_fr = "Minutes d'inactivité avant déconnexion ; 0 : jamais" },
	{ "access_number", FIELD_DIGITS, 0, 1, 32,
	  .help = "Number inside at which hot-desk users call in from outside",
	  .help_fr = "Numéro d'accès des postes externes" },
