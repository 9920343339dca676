/* audit.c - see audit.h */
#include "base/clock.h"
#include "base/id.h"
#include "portal/audit.h"

static const struct field fields[] = {
	{ "at_ms", FIELD_TIME, FIELD_READONLY, .help = "When",
	  .help_fr = "Quand" },
	{ "who", FIELD_TEXT, FIELD_READONLY, .help = "Who", .help_fr = "Qui" },
	{ "role", FIELD_TEXT, FIELD_READONLY, .help = "In which role",
	  .help_fr = "Dans quel rôle" },
	{ "address", FIELD_TEXT, FIELD_READONLY, .help = "From where",
	  .help_fr = "D'où" },
	{ "action", FIELD_TEXT, FIELD_READONLY, .help = "Did what",
	  .help_fr = "Action" },
	{ "kind", FIELD_TEXT, FIELD_READONLY, .help = "To what kind",
	  .help_fr = "Sorte d'objet" },
	{ "object", FIELD_TEXT, FIELD_READONLY, .help = "To which",
	  .help_fr = "Objet" },
	{ "customer", FIELD_TEXT, FIELD_READONLY, .help = "Of which customer",
	  .help_fr = "Client" },
	{ "result", FIELD_TEXT, FIELD_READONLY, .help = "How it ended",
	  .help_fr = "Résultat" },
	{ "correlation", FIELD_TEXT, FIELD_READONLY,
	  .help = "Correlation id of the logs",
	  .help_fr = "Identifiant de corrélation" },
	{ "changes", FIELD_JSON, FIELD_READONLY,
	  .help = "Fields before and after",
	  .help_fr = "Champs avant et après" },
};

const struct kind audit_kind = {
	.name = "audit entry",
	.plural = "audit",
	.owner = "portal",
	.help = "A change, and who made it",
	.help_fr = "Une modification et son auteur",
	KIND_FIELDS(fields),
};

int audit_add(struct store_write *w, const struct portal *p,
	      const struct audit *a)
{
	char id[ID_SIZE];
	json_t *row;
	int err;

	id_make(id);
	row = json_pack("{s:s,s:I,s:I,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,"
			"s:s?,s:s?,s:O?}",
			"id", id, "generation", (json_int_t)1, "at_ms",
			(json_int_t)clock_wall_ms(), "who", a->who, "role",
			a->role, "address", a->address, "action", a->action,
			"kind", a->kind, "object", a->object, "customer",
			a->customer, "result", a->result, "correlation",
			a->correlation, "changes", a->changes);
	if (!row)
		return ENOMEM;
	err = record_put(w, &p->audit, row);
	json_decref(row);

	return err;
}
