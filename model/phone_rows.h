/* phone_rows.h - fields of a phone that the portal offers and the pbx keeps
 *
 * Rows of an array of struct field, included where one is made.
 */
	{ "digest", FIELD_ENUM, 0, .choices = "both|md5|sha-256",
	  .preset = "\"both\"",
	  .help = "How it proves its secret: md5 for phones that stop at a "
		  "challenge they do not know, sha-256 where nothing weaker "
		  "may do",
	  .help_fr = "Preuve du secret : md5 pour les téléphones qui ne "
		     "connaissent que lui, sha-256 pour l'exiger" },
	{ "hot_desk", FIELD_BOOL, 0, .preset = "false",
	  .help = "Hot-desk users may log in at it",
	  .help_fr = "Poste partagé" },
	{ "hot_desk_internal", FIELD_BOOL, 0, .preset = "false",
	  .help = "May call inside while nobody is logged in and it is nobody's",
	  .help_fr = "Appels internes permis sans connexion" },
	{ "srtp", FIELD_ENUM, 0, .choices = "off|optional|required",
	  .preset = "\"optional\"",
	  .help = "SRTP: off, optional, or required (plain speech is refused, "
		  "but for emergency calls)",
	  .help_fr = "SRTP : off, optional, ou required (parole en clair "
		     "refusée, sauf appels d'urgence)" },
	{ "keys", FIELD_JSON, 0, 0, 16384,
	  .help = "Programmable keys: list of key, function, number, label",
	  .help_fr = "Touches programmables : key, function, number, label" },
