/* plan.c - see plan.h */
#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "base/libre.h"
#include "portal/plan.h"
#include "portal/task.h"

static void plan_destructor(void *data)
{
	struct plan *plan = data;

	for (uint32_t i = 0; i < plan->count; i++) {
		json_decref(plan->steps[i].before);
		json_decref(plan->steps[i].after);
	}
	mem_deref(plan->steps);
	json_decref(plan->refs);
	json_decref(plan->rows);
	json_decref(plan->reserve);
	json_decref(plan->release);
	json_decref(plan->changes);
	json_decref(plan->answer);
	json_decref(plan->errors);
}

int plan_alloc(struct plan **pp, struct portal *portal,
	       const struct caller *caller, const char *type, const char *kind,
	       const char *object, const char *customer)
{
	struct plan *plan = mem_zalloc(sizeof(*plan), plan_destructor);

	if (!plan)
		return ENOMEM;

	plan->portal = portal;
	plan->caller = caller;
	(void)snprintf(plan->type, sizeof(plan->type), "%s", type);
	(void)snprintf(plan->kind, sizeof(plan->kind), "%s", kind);
	(void)snprintf(plan->object, sizeof(plan->object), "%s", object);
	(void)snprintf(plan->customer, sizeof(plan->customer), "%s",
		       customer ? customer : "");
	plan->refs = json_array();
	plan->rows = json_array();
	plan->reserve = json_array();
	plan->release = json_array();
	plan->errors = json_array();
	*pp = plan;

	return 0;
}

void plan_ref(struct plan *plan, const char *id, bool writes)
{
	if (id && json_array_append_new(plan->refs,
					json_pack("[s,b]", id, (int)writes)))
		plan->err = ENOMEM;
}

static const char *const change_names[] = { "create", "change", "delete" };

void plan_row(struct plan *plan, const char *kind, enum row_change change,
	      const json_t *object)
{
	const char *id = json_get_text(object, "id");
	json_t *row;

	row = json_pack("{s:s,s:s?,s:s}", "kind", kind, "id", id, "change",
			change_names[change]);
	if (!row || !id) {
		json_decref(row);
		plan->err = ENOMEM;
		return;
	}
	if (change != ROW_DELETE)
		(void)json_object_set(row, "object", (json_t *)object);
	(void)json_array_append_new(plan->rows, row);
	plan_ref(plan, id, true);
}

void plan_step(struct plan *plan, const char *server, const char *platform,
	       const char *kind, const char *id, json_t *before, json_t *after)
{
	struct plan_step *step;

	if (plan->count == plan->size) {
		uint32_t size = plan->size ? 2 * plan->size : 8;
		struct plan_step *steps = mem_zalloc(size * sizeof(*steps),
						     NULL);

		if (!steps) {
			json_decref(before);
			json_decref(after);
			plan->err = ENOMEM;
			return;
		}
		if (plan->count)
			memcpy(steps, plan->steps,
			       plan->count * sizeof(*steps));
		mem_deref(plan->steps);
		plan->steps = steps;
		plan->size = size;
	}

	step = &plan->steps[plan->count++];
	(void)snprintf(step->server, sizeof(step->server), "%s", server);
	(void)snprintf(step->platform, sizeof(step->platform), "%s",
		       platform ? platform : "");
	(void)snprintf(step->kind, sizeof(step->kind), "%s", kind);
	(void)snprintf(step->object, sizeof(step->object), "%s", id ? id : "");
	step->before = before;
	step->after = after;
	if (!before && !after)
		plan->err = ENOMEM;
}

void plan_conflict(struct plan *plan, const char *field, const char *code,
		   const char *fmt, ...)
{
	va_list ap;

	if (*plan->code)
		return;

	(void)snprintf(plan->code, sizeof(plan->code), "%s", code);
	(void)snprintf(plan->field, sizeof(plan->field), "%s", field);
	va_start(ap, fmt);
	(void)vsnprintf(plan->detail, sizeof(plan->detail), fmt, ap);
	va_end(ap);
}

void plan_error(struct plan *plan, const char *field, const char *code,
		const char *fmt, ...)
{
	char detail[300];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	kind_error(plan->errors, field, code, "%s", detail);
}

/* Name of a customer for a text; its id when it is not there. */
static void customer_name(char *out, size_t size, const struct portal *p,
			  const char *id)
{
	json_t *row = NULL;
	const char *name;

	(void)record_get(&row, &p->customers, id ? id : "");
	name = json_get_text(row, "name");
	(void)snprintf(out, size, "%s", name ? name : "(none)");
	json_decref(row);
}

static void sip_user_conflict(struct plan *plan, const char *field,
			      const char *value, const char *ours,
			      const char *theirs)
{
	char a[110], b[110];

	if (plan->caller->role == ROLE_CUSTOMER) {
		plan_conflict(plan, field, "duplicate-sip-user",
			      "duplicate SIP user name: choose another");
		return;
	}
	customer_name(a, sizeof(a), plan->portal, ours);
	customer_name(b, sizeof(b), plan->portal, theirs);
	plan_conflict(plan, field, "duplicate-sip-user",
		      "duplicate SIP user name: \"%s\" wanted for customer "
		      "\"%s\" is used by customer \"%s\" already",
		      value, a, b);
}

static void name_conflict(struct plan *plan, const char *field,
			  const char *scope, const char *value,
			  const char *ours, const char *theirs,
			  const char *kind)
{
	if (!strcmp(scope, "sip_user"))
		sip_user_conflict(plan, field, value, ours, theirs);
	else if (!strcmp(scope, "web_id"))
		plan_conflict(plan, field, "duplicate-web-id",
			      "web ID \"%s\" is taken; choose another", value);
	else if (!strcmp(scope, "login"))
		plan_conflict(plan, field, "duplicate-login",
			      "login \"%s\" is taken; choose another", value);
	else if (!strcmp(scope, "number"))
		plan_conflict(plan, field, "duplicate-number",
			      "number %s belongs to another of the %s; choose "
			      "another",
			      value, kind);
	else
		plan_conflict(plan, field, "duplicate-name",
			      "name \"%s\" is taken; choose another", value);
}

/* Who holds a value by the store: 1 somebody else, 0 nobody, -1 ourselves. */
static int held_in_store(struct plan *plan, char owner[48], char kind[24],
			 const char *scope, const char *customer,
			 const char *value, const char *id)
{
	struct store_rows *rows = NULL;
	int held = 0;

	plan->err = store_query(
		&rows, plan->portal->store,
		"SELECT owner, kind, object FROM reservations "
		"WHERE scope = $1 AND customer = $2 AND value = $3",
		STORE_ARGS(store_text(scope), store_text(customer),
			   store_text(value)));
	if (plan->err || !rows_count(rows))
		goto out;

	held = strcmp(rows_text(rows, 0, 2), id) ? 1 : -1;
	(void)snprintf(owner, 48, "%s",
		       rows_text(rows, 0, 0) ? rows_text(rows, 0, 0) : "");
	(void)snprintf(kind, 24, "%s", rows_text(rows, 0, 1));

out:
	mem_deref(rows);
	return held;
}

/* Whether this very plan has taken the value already. */
static bool held_in_plan(const struct plan *plan, const char *scope,
			 const char *customer, const char *value)
{
	json_t *entry;
	size_t i;

	json_array_foreach(plan->reserve, i, entry)
	{
		if (!strcmp(json_string_value(json_array_get(entry, 0)),
			    scope) &&
		    !strcmp(json_string_value(json_array_get(entry, 1)),
			    customer) &&
		    !strcmp(json_string_value(json_array_get(entry, 2)), value))
			return true;
	}

	return false;
}

void plan_reserve(struct plan *plan, const char *field, const char *scope,
		  const char *customer, const char *value, const char *owner,
		  const char *kind, const char *id)
{
	char theirs[48] = "", their_kind[24] = "";
	const json_t *entry = NULL;
	int held;

	if (!value || plan->err)
		return;

	held = held_in_store(plan, theirs, their_kind, scope, customer, value,
			     id);
	if (plan->err || held < 0)
		return;
	if (!held &&
	    task_holds(plan->portal->tasks, scope, customer, value, &entry)) {
		const char *who = json_string_value(json_array_get(entry, 3));

		held = 1;
		(void)snprintf(theirs, sizeof(theirs), "%s", who ? who : "");
		(void)snprintf(their_kind, sizeof(their_kind), "%s",
			       json_string_value(json_array_get(entry, 4)));
	}
	if (!held && held_in_plan(plan, scope, customer, value)) {
		held = 1;
		(void)snprintf(theirs, sizeof(theirs), "%s",
			       owner ? owner : "");
		(void)snprintf(their_kind, sizeof(their_kind), "%s", kind);
	}
	if (held) {
		name_conflict(plan, field, scope, value, owner, theirs,
			      their_kind);
		return;
	}
	if (json_array_append_new(plan->reserve,
				  json_pack("[s,s,s,s?,s,s]", scope, customer,
					    value, owner, kind, id)))
		plan->err = ENOMEM;
}

void plan_release(struct plan *plan, const char *scope, const char *customer,
		  const char *value)
{
	if (value &&
	    json_array_append_new(plan->release,
				  json_pack("[s,s,s]", scope, customer, value)))
		plan->err = ENOMEM;
}
