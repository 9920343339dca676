/* customer.c - a customer on the pbx and the uc server */
#include "base/json.h"
#include "model/kinds.h"
#include "model/pbx_kinds.h"
#include "portal/group.h"
#include "portal/object.h"
#include "portal/pbx_object.h"
#include "portal/phone.h"
#include "portal/user.h"

static json_t *pbx_body(const json_t *c)
{
	return pbx_body_of(&pbx_customer_kind, c);
}

static json_t *uc_body(const json_t *c)
{
	return body_clean(json_pack("{s:O?,s:O?,s:O?}", "web_id",
				    json_object_get(c, "web_id"), "name",
				    json_object_get(c, "name"), "platform",
				    json_object_get(c, "platform")));
}

/* A platform that is there, or an error. */
static void check_platform(struct plan *plan, json_t *object)
{
	const char *id = json_get_text(object, "platform");
	json_t *row = NULL;

	plan->err |= record_get(&row, &plan->portal->platforms, id);
	if (!row)
		plan_error(plan, "platform", "unknown-reference",
			   "is none of the platforms");
	if (!json_get_text(object, "language"))
		(void)json_object_set_new(
			object, "language",
			json_string(json_get_text(row, "language")
					    ? json_get_text(row, "language")
					    : "en"));
	json_decref(row);
	plan_ref(plan, id, false);
}

static void customer_create(struct plan *plan, json_t *object)
{
	const char *id = json_get_text(object, "id");
	const char *platform = json_get_text(object, "platform");

	check_platform(plan, object);
	plan_reserve(plan, "web_id", "web_id", "",
		     json_get_text(object, "web_id"), id, "customers", id);
	plan_row(plan, "customers", ROW_CREATE, object);
	plan_step(plan, "pbx", platform, "customers", id, NULL,
		  pbx_body(object));
	plan_step(plan, "uc", platform, "customers", id, NULL, uc_body(object));
}

/* The extensions that are there must still be right. */
static void check_extension_length(struct plan *plan, const json_t *before,
				   const json_t *after)
{
	int64_t n = 0;

	if (json_equal(json_object_get(before, "extension_length"),
		       json_object_get(after, "extension_length")))
		return;
	plan->err |= store_query_int(
		&n, plan->portal->store,
		"SELECT COUNT(*) FROM reservations WHERE scope = 'number' AND "
		"customer = $1",
		STORE_ARGS(store_text(json_get_text(before, "id"))));
	if (n)
		plan_error(plan, "extension_length", "in-use",
			   "cannot change while the customer has numbers");
}

static void customer_change(struct plan *plan, const json_t *before,
			    json_t *after)
{
	const char *id = json_get_text(after, "id");
	const char *platform = json_get_text(after, "platform");
	const char *old = json_get_text(before, "web_id");
	const char *new = json_get_text(after, "web_id");

	check_extension_length(plan, before, after);
	plan_check_refs(plan, &customer_kind, after, id);
	if (old && new &&strcmp(old, new) != 0) {
		plan_reserve(plan, "web_id", "web_id", "", new, id, "customers",
			     id);
		plan_release(plan, "web_id", "", old);
	}
	plan_row(plan, "customers", ROW_CHANGE, after);
	plan_step(plan, "pbx", platform, "customers", id, pbx_body(before),
		  pbx_body(after));
	plan_step(plan, "uc", platform, "customers", id, uc_body(before),
		  uc_body(after));
}

static void remove_admin(struct plan *plan, const json_t *row, void *arg)
{
	(void)arg;

	plan_row(plan, "admins", ROW_DELETE, row);
}

/* The pbx first: what it loses it gets back whole when this is undone. */
static void customer_remove(struct plan *plan, const json_t *before)
{
	struct portal *p = plan->portal;
	const char *id = json_get_text(before, "id");
	const char *platform = json_get_text(before, "platform");

	plan_each(plan, &p->groups, "customer", id, group_remove_row, NULL);
	pbx_objects_remove(plan, id, true);
	plan_each(plan, &p->phones, "customer", id, phone_remove_pbx, NULL);
	plan_each(plan, &p->users, "customer", id, user_remove_pbx, NULL);
	pbx_objects_remove(plan, id, false);
	plan_step(plan, "pbx", platform, "customers", id, pbx_body(before),
		  NULL);
	plan_each(plan, &p->deployments, "customer", id, deployment_remove,
		  NULL);
	plan_each(plan, &p->phones, "customer", id, phone_remove_uc, NULL);
	plan_each(plan, &p->users, "customer", id, user_remove_uc, NULL);
	plan_step(plan, "uc", platform, "customers", id, uc_body(before), NULL);
	plan_each(plan, &p->admins, "customer", id, remove_admin, NULL);
	plan_row(plan, "customers", ROW_DELETE, before);
}

const struct object_kind customer_object = {
	.plural = "customers",
	.create = customer_create,
	.change = customer_change,
	.remove = customer_remove,
};
