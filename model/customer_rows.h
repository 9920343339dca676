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
	{ "twin_keys", FIELD_TEXT, 0, 7, 7, .pattern = "^[1-9]{7}$",
	  .pattern_help = "seven different digits, 1 to 9",
	  .help = "Digits after * at outside numbers: hold, transfer, "
		  "conference, swap, hand off, flash, cancel; 1234567 without",
	  .help_fr = "Chiffres après * aux numéros extérieurs : garde, "
		     "transfert, conférence, va-et-vient, relais, rappel, "
		     "annulation" },
	{ "hot_desk_logout_at", FIELD_TEXT, 0, 5, 5,
	  .pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
	  .pattern_help = "HH:MM",
	  .help = "Time of day at which users are logged out of shared phones",
	  .help_fr = "Heure de déconnexion des postes partagés" },
	{ "departments", FIELD_LIST, 0, 1, 60,
	  .help = "Departments of its users", .help_fr = "Services" },
	{ "locations", FIELD_LIST, 0, 1, 60, .help = "Locations of its users",
	  .help_fr = "Lieux" },
