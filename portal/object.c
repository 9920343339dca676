/* object.c - see object.h */
#include <stdio.h>

#include "base/json.h"
#include "portal/object.h"
#include "portal/task.h"

json_t *body_clean(json_t *body)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(body, next, name, value)
	{
		if (json_is_null(value))
			(void)json_object_del(body, name);
	}

	return body;
}

json_t *pbx_body_of(const struct kind *kind, const json_t *object)
{
	json_t *body = json_object();

	for (size_t i = 0; i < kind->count; i++) {
		const struct field *f = &kind->fields[i];

		if (!(f->flags & FIELD_READONLY))
			(void)json_object_set(body, f->name,
					      json_object_get(object, f->name));
	}

	return body_clean(body);
}

void plan_platform(char out[48], struct plan *plan, const json_t *object)
{
	json_t *customer = NULL;
	const char *platform = json_get_text(object, "platform");
	const char *id = json_get_text(object, "customer");

	if (id) {
		plan->err |= record_get(&customer, &plan->portal->customers,
					id);
		platform = json_get_text(customer, "platform");
	}
	(void)snprintf(out, 48, "%s", platform ? platform : "");
	json_decref(customer);
}

void plan_check_refs(struct plan *plan, const struct kind *kind,
		     const json_t *object, const char *customer)
{
	for (size_t i = 0; i < kind->count; i++) {
		const struct field *f = &kind->fields[i];
		const struct record_table *table;
		const char *id = json_get_text(object, f->name);
		const char *theirs;
		json_t *row = NULL;

		if (f->type != FIELD_REF || !id || !strcmp(f->name, "customer"))
			continue;
		table = portal_table(plan->portal, f->ref);
		if (!table)
			continue;
		plan->err |= record_get(&row, table, id);
		theirs = json_get_text(row, "customer");
		if (!row || (theirs && customer && strcmp(theirs, customer)))
			plan_error(plan, f->name, "unknown-reference",
				   "is none of the %s here", f->ref);
		plan_ref(plan, id, false);
		json_decref(row);
	}
}

json_t *plan_customer(struct plan *plan, const json_t *object)
{
	const char *id = json_get_text(object, "customer");
	const char *ours = plan->caller->customer;
	const char *state;
	json_t *row = NULL;
	int err = 0;

	if (!id) {
		plan_error(plan, "customer", "missing", "is required");
		return NULL;
	}
	if (!*ours || !strcmp(ours, id))
		err = record_get(&row, &plan->portal->customers, id);
	if (err) {
		plan->err = err;
		return NULL;
	}
	state = json_get_text(row, "state");
	if (!row) {
		plan_error(plan, "customer", "unknown-reference",
			   "is none of the customers");
	}
	else if (state && !strcmp(state, "deleting")) {
		plan_conflict(plan, "customer", "pending-task",
			      "the customer is being deleted");
	}

	return row;
}

void plan_check_length(struct plan *plan, const char *field,
		       const json_t *customer, const char *digits)
{
	int64_t want = json_get_int(customer, "extension_length", 4);

	if (digits && (int64_t)strlen(digits) != want)
		plan_error(plan, field, "wrong-length",
			   "extension length is %lld", (long long)want);
}

void plan_each(struct plan *plan, const struct record_table *table,
	       const char *column, const char *id, row_h *h, void *arg)
{
	struct store_rows *rows = NULL;
	char sql[160];

	(void)snprintf(sql, sizeof(sql),
		       "SELECT id FROM \"%s\" WHERE \"%s\" = $1 ORDER BY id",
		       table->kind->plural, column);
	plan->err |= store_query(&rows, plan->portal->store, sql,
				 STORE_ARGS(store_text(id)));
	for (uint32_t i = 0; !plan->err && i < rows_count(rows); i++) {
		json_t *row = NULL;

		plan->err = record_get(&row, table, rows_text(rows, i, 0));
		if (row)
			h(plan, row, arg);
		json_decref(row);
	}
	mem_deref(rows);
}
