/* user_rows.h - fields of a user that the portal offers and the pbx keeps
 *
 * Rows of an array of struct field, included where one is made.
 */
	{ "cor", FIELD_REF, 0, .ref = "cors", .on_delete = DELETE_REFUSE,
	  .help = "Class of restriction: what the user may dial",
	  .help_fr = "Classe de restriction" },
	{ "cos", FIELD_REF, 0, .ref = "coses", .on_delete = DELETE_REFUSE,
	  .help = "Class of service: what the user may do",
	  .help_fr = "Classe de service" },
	{ "cor_night1", FIELD_REF, 0, .ref = "cors", .on_delete = DELETE_REFUSE,
	  .help = "Class of restriction in first night service",
	  .help_fr = "Classe de restriction, nuit 1" },
	{ "cor_night2", FIELD_REF, 0, .ref = "cors", .on_delete = DELETE_REFUSE,
	  .help = "Class of restriction in second night service",
	  .help_fr = "Classe de restriction, nuit 2" },
	{ "cos_night1", FIELD_REF, 0, .ref = "coses",
	  .on_delete = DELETE_REFUSE,
	  .help = "Class of service in first night service",
	  .help_fr = "Classe de service, nuit 1" },
	{ "cos_night2", FIELD_REF, 0, .ref = "coses",
	  .on_delete = DELETE_REFUSE,
	  .help = "Class of service in second night service",
	  .help_fr = "Classe de service, nuit 2" },
