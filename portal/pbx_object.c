/* pbx_object.c - see pbx_object.h */
#include <stdio.h>

#include "base/json.h"
#include "model/kinds.h"
#include "model/pbx_kinds.h"
#include "portal/application.h"
#include "portal/pbx_object.h"

static void create(struct plan *plan, json_t *object);
static void change(struct plan *plan, const json_t *before, json_t *after);
static void remove_asked(struct plan *plan, const json_t *row);

struct pbx_object {
	struct object_kind kind; /* for api.c */
	const struct kind *fields;
	bool has_extension; /* its number is one of the customer's plan */
};

#define OBJECT(plural, kind, one, has_extension)                               \
	{ { #plural, create, change, remove_asked }, &(kind), has_extension },

static const struct pbx_object objects[PBX_OBJECTS] = { PBX_OBJECT_KINDS(
	OBJECT) };

const struct kind *pbx_object_kind(size_t n)
{
	return objects[n].fields;
}

static const struct pbx_object *object_of(const char *plural)
{
	for (size_t i = 0; i < PBX_OBJECTS; i++) {
		if (!strcmp(objects[i].kind.plural, plural))
			return &objects[i];
	}

	return NULL;
}

const struct object_kind *pbx_object_find(const char *plural)
{
	const struct pbx_object *o = object_of(plural);

	return o ? &o->kind : NULL;
}

/* ---- numbers ---- */

static bool has_number(const struct kind *kind)
{
	const struct pbx_object *o = object_of(kind->plural);

	return o && o->has_extension;
}

static void number_take(struct plan *plan, const struct kind *kind,
			const json_t *object)
{
	const char *tenant = json_get_text(object, "customer");

	if (has_number(kind) && tenant)
		plan_reserve(plan, "number", "number", tenant,
			     json_get_text(object, "number"), tenant,
			     kind->plural, json_get_text(object, "id"));
}

static void number_give(struct plan *plan, const struct kind *kind,
			const json_t *object)
{
	const char *tenant = json_get_text(object, "customer");

	if (has_number(kind) && tenant)
		plan_release(plan, "number", tenant,
			     json_get_text(object, "number"));
}

/* ---- one of them ---- */

/* Whose it is, and where: a customer's, or a platform group's. */
static bool is_placed(struct plan *plan, const struct kind *kind,
		      const json_t *object, char platform[48])
{
	const char *tenant = json_get_text(object, "customer");
	json_t *row;

	if (!tenant && kind_field(kind, "platform")) {
		if (json_get_text(object, "platform")) {
			plan_platform(platform, plan, object);
			return true;
		}
		plan_error(plan, "customer", "missing",
			   "is required, or a platform for what is shared");
		return false;
	}
	row = plan_customer(plan, object);
	if (!row)
		return false;
	json_decref(row);
	plan_ref(plan, tenant, false);
	plan_platform(platform, plan, object);

	return true;
}

void pbx_object_put(struct plan *plan, const json_t *before,
		    const json_t *after)
{
	const struct kind *kind = object_of(plan->kind)->fields;
	char platform[48];

	if (!is_placed(plan, kind, after, platform))
		return;

	plan_check_refs(plan, kind, after, json_get_text(after, "customer"));
	number_take(plan, kind, after);
	if (before && !json_equal(json_object_get(before, "number"),
				  json_object_get(after, "number")))
		number_give(plan, kind, before);
	plan_row(plan, kind->plural, before ? ROW_CHANGE : ROW_CREATE, after);
	plan_step(plan, "pbx", platform, kind->plural,
		  json_get_text(after, "id"),
		  before ? pbx_body_of(kind, before) : NULL,
		  pbx_body_of(kind, after));
}

static void create(struct plan *plan, json_t *object)
{
	if (!strcmp(plan->kind, "applications"))
		application_token(plan, object);
	pbx_object_put(plan, NULL, object);
}

static void change(struct plan *plan, const json_t *before, json_t *after)
{
	pbx_object_put(plan, before, after);
}

static void remove_one(struct plan *plan, const struct kind *kind,
		       const json_t *row)
{
	char platform[48];

	plan_platform(platform, plan, row);
	number_give(plan, kind, row);
	plan_step(plan, "pbx", platform, kind->plural, json_get_text(row, "id"),
		  pbx_body_of(kind, row), NULL);
	plan_row(plan, kind->plural, ROW_DELETE, row);
}

static void remove_asked(struct plan *plan, const json_t *row)
{
	const struct kind *kind = object_of(plan->kind)->fields;

	plan_ref(plan, json_get_text(row, "customer"), false);
	pbx_objects_forget(plan, kind->plural, json_get_text(row, "id"));
	remove_one(plan, kind, row);
}

/* ---- what refers to something that goes ---- */

/* Takes the value over. */
static void set(struct plan *plan, const struct kind *kind, const json_t *row,
		const char *field, json_t *value)
{
	json_t *after = json_copy((json_t *)row);
	char platform[48];

	plan_platform(platform, plan, row);
	(void)json_object_set_new(after, field, value);
	plan_row(plan, kind->plural, ROW_CHANGE, after);
	plan_step(plan, "pbx", platform, kind->plural, json_get_text(row, "id"),
		  pbx_body_of(kind, row), pbx_body_of(kind, after));
	json_decref(after);
}

static void refuse(struct plan *plan, const struct kind *kind, uint32_t count)
{
	plan_conflict(plan, "", "in-use",
		      "%u of the %s still use it; change those first", count,
		      kind->plural);
}

static void forget_in(struct plan *plan, const struct record_table *table,
		      const struct field *f, const char *id)
{
	const struct kind *kind = table->kind;
	bool is_ours = object_of(kind->plural) != NULL;
	struct store_rows *rows = NULL;
	char sql[160];

	(void)snprintf(sql, sizeof(sql),
		       "SELECT id FROM \"%s\" WHERE \"%s\" = $1 ORDER BY id",
		       kind->plural, f->name);
	plan->err |= store_query(&rows, plan->portal->store, sql,
				 STORE_ARGS(store_text(id)));
	if (!plan->err && rows_count(rows) &&
	    (!is_ours || f->on_delete == DELETE_REFUSE))
		refuse(plan, kind, rows_count(rows));
	for (uint32_t i = 0; !plan->err && !*plan->code && i < rows_count(rows);
	     i++) {
		json_t *row = NULL;

		plan->err = record_get(&row, table, rows_text(rows, i, 0));
		if (row && f->on_delete == DELETE_CASCADE)
			remove_one(plan, kind, row);
		else if (row)
			set(plan, kind, row, f->name, json_null());
		json_decref(row);
	}
	mem_deref(rows);
}

/* An owner of a mailbox goes: the others keep it. */
static void forget_owner(struct plan *plan, const json_t *row, void *arg)
{
	const json_t *list = json_object_get(row, "owners");
	json_t *rest = json_array(), *value;
	const char *id = arg;
	size_t i;

	json_array_foreach(list, i, value)
	{
		if (strcmp(json_string_value(value), id) != 0)
			(void)json_array_append(rest, value);
	}
	if (json_array_size(rest) == json_array_size(list))
		json_decref(rest);
	else
		set(plan, &group_mailbox_kind, row, "owners", rest);
}

static void forget_in_kind(struct plan *plan, const struct kind *kind,
			   const char *plural, const char *id)
{
	const struct record_table *table = portal_table(plan->portal,
							kind->plural);

	for (size_t i = 0; table && i < kind->count; i++) {
		const struct field *f = &kind->fields[i];

		if (f->type == FIELD_REF && !(f->flags & FIELD_UNSTORED) &&
		    !strcmp(f->ref, plural))
			forget_in(plan, table, f, id);
	}
}

void pbx_objects_forget(struct plan *plan, const char *plural, const char *id)
{
	static const struct kind *const others[] = { &customer_kind, &user_kind,
						     &phone_kind, &group_kind };

	for (size_t i = 0; i < PBX_OBJECTS; i++)
		forget_in_kind(plan, objects[i].fields, plural, id);

	if (!strcmp(plural, "users"))
		plan_each(plan, portal_table(plan->portal, "group_mailboxes"),
			  "customer", plan->customer, forget_owner,
			  (void *)(uintptr_t)id);

	/* users and phones see to each other themselves */
	for (size_t i = 0; object_of(plural) && i < 4; i++)
		forget_in_kind(plan, others[i], plural, id);
}

/* ---- all of a customer ---- */

static bool refers_to_users(const struct kind *kind)
{
	for (size_t i = 0; i < kind->count; i++) {
		const struct field *f = &kind->fields[i];

		if (f->type == FIELD_REF &&
		    (!strcmp(f->ref, "users") || !strcmp(f->ref, "phones")))
			return true;
	}

	return false;
}

static void remove_row(struct plan *plan, const json_t *row, void *arg)
{
	remove_one(plan, arg, row);
}

void pbx_objects_remove(struct plan *plan, const char *customer,
			bool before_users)
{
	for (size_t i = 0; i < PBX_OBJECTS; i++) {
		const struct kind *kind = objects[i].fields;

		if (refers_to_users(kind) == before_users)
			plan_each(plan,
				  portal_table(plan->portal, kind->plural),
				  "customer", customer, remove_row,
				  (void *)(uintptr_t)kind);
	}
}
