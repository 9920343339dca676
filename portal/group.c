/* group.c - see group.h */
#include <stdio.h>

#include "base/json.h"
#include "model/pbx_kinds.h"
#include "portal/group.h"

static json_t *pbx_body(const json_t *g)
{
	return pbx_body_of(&pbx_group_kind, g);
}

static bool is_type(const json_t *g, const char *type)
{
	const char *text = json_get_text(g, "type");

	return text && !strcmp(text, type);
}

/* Its number is that of its user. */
static bool is_personal(const json_t *g)
{
	return is_type(g, "personal-ring") || is_type(g, "multi-device") ||
	       is_type(g, "external-twin");
}

static bool is_of(const struct record_table *table, const char *id,
		  const char *tenant, int *err)
{
	json_t *row = NULL;
	const char *theirs;
	bool is_theirs;

	*err |= record_get(&row, table, id);
	theirs = json_get_text(row, "customer");
	is_theirs = theirs && tenant && !strcmp(theirs, tenant);
	json_decref(row);

	return is_theirs;
}

static void check_members(struct plan *plan, const json_t *g)
{
	const char *tenant = json_get_text(g, "customer");
	const json_t *list = json_object_get(g, "members");
	json_t *value;
	size_t i;

	if (json_array_size(list) > 32)
		plan_error(plan, "members", "too-long",
			   "must have at most 32 members");
	json_array_foreach(list, i, value)
	{
		const char *id = json_string_value(value);

		if (!is_of(&plan->portal->users, id, tenant, &plan->err) &&
		    !is_of(&plan->portal->phones, id, tenant, &plan->err))
			plan_error(plan, "members", "unknown-reference",
				   "%s is no user or phone of this customer",
				   id);
		else
			plan_ref(plan, id, false);
	}
}

static void check_number(struct plan *plan, const json_t *g,
			 const json_t *customer)
{
	const char *number = json_get_text(g, "number");

	if (!number && !is_type(g, "pickup"))
		plan_error(plan, "number", "missing",
			   "is required: the group has calls");
	plan_check_length(plan, "number", customer, number);
}

static void reserve(struct plan *plan, const json_t *g)
{
	const char *tenant = json_get_text(g, "customer");

	if (!is_personal(g))
		plan_reserve(plan, "number", "number", tenant,
			     json_get_text(g, "number"), tenant, "groups",
			     json_get_text(g, "id"));
}

static void release(struct plan *plan, const json_t *g)
{
	if (!is_personal(g))
		plan_release(plan, "number", json_get_text(g, "customer"),
			     json_get_text(g, "number"));
}

static void group_create(struct plan *plan, json_t *g)
{
	json_t *customer = plan_customer(plan, g);

	if (!customer)
		return;

	check_number(plan, g, customer);
	check_members(plan, g);
	plan_ref(plan, json_get_text(g, "customer"), false);
	reserve(plan, g);
	plan_row(plan, "groups", ROW_CREATE, g);
	plan_step(plan, "pbx", json_get_text(customer, "platform"), "groups",
		  json_get_text(g, "id"), NULL, pbx_body(g));
	json_decref(customer);
}

static void group_change(struct plan *plan, const json_t *before, json_t *after)
{
	json_t *customer = plan_customer(plan, after);
	const char *old = json_get_text(before, "number");
	const char *new = json_get_text(after, "number");

	if (!customer)
		return;

	check_number(plan, after, customer);
	check_members(plan, after);
	plan_ref(plan, json_get_text(after, "customer"), false);
	if (!old || !new || strcmp(old, new) != 0) {
		reserve(plan, after);
		release(plan, before);
	}
	plan_row(plan, "groups", ROW_CHANGE, after);
	plan_step(plan, "pbx", json_get_text(customer, "platform"), "groups",
		  json_get_text(after, "id"), pbx_body(before),
		  pbx_body(after));
	json_decref(customer);
}

void group_remove_row(struct plan *plan, const json_t *g, void *arg)
{
	char platform[48];

	(void)arg;

	plan_platform(platform, plan, g);
	plan_step(plan, "pbx", platform, "groups", json_get_text(g, "id"),
		  pbx_body(g), NULL);
	plan_row(plan, "groups", ROW_DELETE, g);
}

static void group_remove(struct plan *plan, const json_t *g)
{
	plan_ref(plan, json_get_text(g, "customer"), false);
	group_remove_row(plan, g, NULL);
}

/* It is the one, or a phone of the one. */
static bool is_gone(struct plan *plan, const char *member, const char *id)
{
	json_t *phone = NULL;
	const char *user;
	bool gone;

	plan->err |= record_get(&phone, &plan->portal->phones, member);
	user = json_get_text(phone, "user");
	gone = !strcmp(member, id) || (user && !strcmp(user, id));
	json_decref(phone);

	return gone;
}

/* A copy without a user and its phones, or without a phone; NULL when none
 * is a member. */
static json_t *without(struct plan *plan, const json_t *g, const char *id)
{
	const json_t *list = json_object_get(g, "members");
	json_t *after = json_deep_copy(g), *rest = json_array();
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		if (!is_gone(plan, json_string_value(value), id))
			(void)json_array_append(rest, value);
	}
	if (json_array_size(rest) == json_array_size(list)) {
		json_decref(after);
		json_decref(rest);
		return NULL;
	}
	(void)json_object_set_new(after, "members", rest);

	return after;
}

void groups_forget(struct plan *plan, const json_t *member)
{
	const char *id = json_get_text(member, "id");
	const struct record_table *table = &plan->portal->groups;
	struct store_rows *rows = NULL;
	char platform[48];

	plan_platform(platform, plan, member);
	plan->err |= store_query(
		&rows, plan->portal->store,
		"SELECT id FROM \"groups\" WHERE customer = $1 ORDER BY id",
		STORE_ARGS(store_text(json_get_text(member, "customer"))));
	for (uint32_t i = 0; !plan->err && i < rows_count(rows); i++) {
		json_t *g = NULL, *after;

		plan->err = record_get(&g, table, rows_text(rows, i, 0));
		after = g ? without(plan, g, id) : NULL;
		if (after) {
			plan_row(plan, "groups", ROW_CHANGE, after);
			plan_step(plan, "pbx", platform, "groups",
				  json_get_text(g, "id"), pbx_body(g),
				  pbx_body(after));
		}
		json_decref(after);
		json_decref(g);
	}
	mem_deref(rows);
}

const struct object_kind group_object = {
	.plural = "groups",
	.create = group_create,
	.change = group_change,
	.remove = group_remove,
};
