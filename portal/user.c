/* user.c - a user on the pbx and the uc server
 *
 * The initial password goes to the uc server once, PIN and passcode to the
 * pbx; the portal keeps neither password nor what the others own (design.md
 * 4.5).
 */
#include <stdio.h>

#include "base/id.h"
#include "base/json.h"
#include "base/secrets.h"
#include "model/kinds.h"
#include "model/pbx_kinds.h"
#include "portal/group.h"
#include "portal/object.h"
#include "portal/pbx_object.h"
#include "portal/phone.h"
#include "portal/user.h"

enum { PIN_DIGITS = 6 };

static json_t *full_name(const json_t *u)
{
	const char *first = json_get_text(u, "first_name");
	const char *last = json_get_text(u, "last_name");

	return json_sprintf("%s%s%s", first ? first : "",
			    first && last ? " " : "", last ? last : "");
}

/* PIN only where the user is new to the pbx, which owns it afterwards. */
static json_t *pbx_body(const json_t *u, bool is_new)
{
	json_t *body = pbx_body_of(&pbx_user_kind, u);

	(void)json_object_set_new(body, "name", full_name(u));
	if (!is_new)
		(void)json_object_del(body, "pin");

	return body;
}

static json_t *uc_body(const json_t *u, const char *password)
{
	return body_clean(json_pack(
		"{s:O?,s:O?,s:O?,s:O?,s:o?,s:O?,s:O?,s:O?,s:s?}", "customer",
		json_object_get(u, "customer"), "login",
		json_object_get(u, "login"), "first_name",
		json_object_get(u, "first_name"), "last_name",
		json_object_get(u, "last_name"), "name", full_name(u), "email",
		json_object_get(u, "email"), "extension",
		json_object_get(u, "extension"), "language",
		json_object_get(u, "language"), "initial_password", password));
}

/* Repeated digit, a row up or down, or the extension (USR-7). */
static bool is_weak(const char *pin, const char *extension)
{
	bool same = true, up = true, down = true;

	for (size_t i = 1; pin[i]; i++) {
		same = same && pin[i] == pin[0];
		up = up && pin[i] == pin[i - 1] + 1;
		down = down && pin[i] == pin[i - 1] - 1;
	}

	return same || up || down || (extension && !strcmp(pin, extension));
}

static void check_pin(struct plan *plan, const json_t *user, const char *field)
{
	const char *pin = json_get_text(user, field);

	if (pin && is_weak(pin, json_get_text(user, "extension")))
		plan_error(plan, field, "weak",
			   "must not be one digit repeated, a sequence or "
			   "the extension");
}

static void make_pin(json_t *user)
{
	char pin[PIN_DIGITS + 1] = "";
	uint8_t raw[PIN_DIGITS];

	if (json_get_text(user, "pin"))
		return;
	do {
		random_bytes(raw, sizeof(raw));
		for (size_t i = 0; i < PIN_DIGITS; i++)
			pin[i] = (char)('0' + raw[i] % 10);
	} while (is_weak(pin, NULL));
	(void)json_object_set_new(user, "pin", json_string(pin));
}

/* "phones" of the body: each a phone of this user, in the same task. */
static void plan_phones(struct plan *plan, const json_t *phones,
			const json_t *user, const json_t *customer)
{
	json_t *in;
	size_t i;

	if (phones && !json_is_null(phones) && !json_is_array(phones))
		plan_error(plan, "phones", "wrong-type", "must be a list");
	if (json_array_size(phones) > 16)
		plan_error(plan, "phones", "too-long",
			   "must have at most 16 entries");
	json_array_foreach((json_t *)phones, i, in)
	{
		char id[ID_SIZE], prefix[40];
		json_t *errors = json_array(), *phone = NULL, *e;
		size_t k;

		(void)snprintf(prefix, sizeof(prefix), "phones[%zu].", i);
		if (!kind_check(&phone, &phone_kind, in, KIND_CREATE,
				plan->caller->role, errors)) {
			id_make(id);
			(void)json_object_set_new(phone, "id", json_string(id));
			(void)json_object_set_new(phone, "generation",
						  json_integer(1));
			phone_plan(plan, phone, user, customer, prefix);
		}
		json_array_foreach(errors, k, e)
		{
			char field[120];

			(void)snprintf(field, sizeof(field), "%s%s", prefix,
				       json_get_text(e, "field"));
			plan_error(plan, field, json_get_text(e, "code"), "%s",
				   json_get_text(e, "detail"));
		}
		json_decref(phone);
		json_decref(errors);
	}
}

static void user_create(struct plan *plan, json_t *user)
{
	json_t *customer = plan_customer(plan, user);
	const char *id = json_get_text(user, "id");
	const char *tenant = json_get_text(user, "customer");
	const char *extension = json_get_text(user, "extension");
	const char *password = json_get_text(user, "initial_password");
	const char *platform = json_get_text(customer, "platform");

	if (!customer)
		return;

	plan_check_length(plan, "extension", customer, extension);
	check_pin(plan, user, "tui_passcode");
	check_pin(plan, user, "pin");
	make_pin(user);
	if (!json_get_text(user, "language"))
		(void)json_object_set(user, "language",
				      json_object_get(customer, "language"));

	plan_ref(plan, tenant, false);
	plan_check_refs(plan, &user_kind, user, tenant);
	plan_reserve(plan, "login", "login", tenant,
		     json_get_text(user, "login"), tenant, "users", id);
	plan_reserve(plan, "extension", "number", tenant, extension, tenant,
		     "users", id);
	plan_row(plan, "users", ROW_CREATE, user);
	if (extension)
		plan_step(plan, "pbx", platform, "users", id, NULL,
			  pbx_body(user, true));
	plan_step(plan, "uc", platform, "users", id, NULL,
		  uc_body(user, password));
	plan_phones(plan, json_object_get(user, "phones"), user, customer);
	json_decref(customer);
}


static void reserve_changed(struct plan *plan, const char *field,
			    const char *scope, const char *tenant,
			    const json_t *before, const json_t *after)
{
	const char *old = json_get_text(before, field);
	const char *new = json_get_text(after, field);
	const char *id = json_get_text(after, "id");

	if (old && new && !strcmp(old, new))
		return;
	plan_reserve(plan, field, scope, tenant, new, tenant, "users", id);
	plan_release(plan, scope, tenant, old);
}

static void user_change(struct plan *plan, const json_t *before, json_t *after)
{
	json_t *customer = plan_customer(plan, after);
	const char *id = json_get_text(after, "id");
	const char *tenant = json_get_text(after, "customer");
	const char *platform = json_get_text(customer, "platform");
	const char *old = json_get_text(before, "extension");
	const char *new = json_get_text(after, "extension");

	if (!customer)
		return;
	if (json_is_array(json_object_get(after, "phones")))
		plan_error(plan, "phones", "read-only",
			   "phones are changed at /api/v1/phones");

	plan_check_length(plan, "extension", customer, new);
	plan_ref(plan, tenant, false);
	plan_check_refs(plan, &user_kind, after, tenant);
	reserve_changed(plan, "login", "login", tenant, before, after);
	reserve_changed(plan, "extension", "number", tenant, before, after);
	plan_row(plan, "users", ROW_CHANGE, after);
	if (old || new)
		plan_step(plan, "pbx", platform, "users", id,
			  old ? pbx_body(before, !new) : NULL,
			  new ? pbx_body(after, !old) : NULL);
	plan_step(plan, "uc", platform, "users", id, uc_body(before, NULL),
		  uc_body(after, NULL));
	if (old && new &&strcmp(old, new) != 0)
		phones_renumber(plan, id, platform, old, new);
	json_decref(customer);
}

void user_remove_pbx(struct plan *plan, const json_t *user, void *arg)
{
	char platform[48];

	(void)arg;

	if (!json_get_text(user, "extension"))
		return;
	plan_platform(platform, plan, user);
	plan_step(plan, "pbx", platform, "users", json_get_text(user, "id"),
		  pbx_body(user, true), NULL);
}

void user_remove_uc(struct plan *plan, const json_t *user, void *arg)
{
	char platform[48];

	(void)arg;

	plan_platform(platform, plan, user);
	plan_step(plan, "uc", platform, "users", json_get_text(user, "id"),
		  uc_body(user, NULL), NULL);
	plan_row(plan, "users", ROW_DELETE, user);
}

static void forget_phone(struct plan *plan, const json_t *phone, void *arg)
{
	(void)arg;

	pbx_objects_forget(plan, "phones", json_get_text(phone, "id"));
}

static void user_remove(struct plan *plan, const json_t *user)
{
	struct portal *p = plan->portal;
	const char *id = json_get_text(user, "id");

	plan_ref(plan, json_get_text(user, "customer"), false);
	groups_forget(plan, user);
	pbx_objects_forget(plan, "users", id);
	plan_each(plan, &p->phones, "user", id, forget_phone, NULL);
	plan_each(plan, &p->phones, "user", id, phone_remove_pbx, NULL);
	user_remove_pbx(plan, user, NULL);
	plan_each(plan, &p->deployments, "user", id, deployment_remove, NULL);
	plan_each(plan, &p->phones, "user", id, phone_remove_uc, NULL);
	user_remove_uc(plan, user, NULL);
}

const struct object_kind user_object = {
	.plural = "users",
	.create = user_create,
	.change = user_change,
	.remove = user_remove,
};
