/* phone.c - a phone line on the pbx, the border and the uc server
 *
 * The border admits its SIP user, the uc server hands its account to the
 * client.  A deployment is an object of the uc server too: it makes a
 * one-time link and mails it, once per id.
 */
#include <stdio.h>

#include "base/http.h"
#include "base/id.h"
#include "base/json.h"
#include "base/secrets.h"
#include "model/kinds.h"
#include "model/pbx_kinds.h"
#include "portal/group.h"
#include "portal/object.h"
#include "portal/pbx_object.h"
#include "portal/phone.h"
#include "portal/task.h"

static const struct field deployment_fields[] = {
	{ "customer", FIELD_REF, FIELD_READONLY, .ref = "customers",
	  .help = "Customer", .help_fr = "Client" },
	{ "user", FIELD_REF, FIELD_READONLY, .ref = "users",
	  .help = "Who gets the mail", .help_fr = "Destinataire" },
	{ "phone", FIELD_REF, FIELD_READONLY, .ref = "phones",
	  .help = "Phone it sets up", .help_fr = "Téléphone" },
	{ "client", FIELD_TEXT, FIELD_READONLY, .help = "Client",
	  .help_fr = "Client logiciel" },
};

const struct kind portal_deployment_kind = {
	.name = "deployment",
	.plural = "deployments",
	.owner = "uc",
	.help = "A link that sets a client up",
	.help_fr = "Un lien d'installation",
	KIND_FIELDS(deployment_fields),
};

/* What the client is when only the type was given. */
static const char *client_of(const char *type)
{
	static const char prefix[] = "softphone-";

	if (type && !strncmp(type, prefix, sizeof(prefix) - 1))
		return type + sizeof(prefix) - 1;

	return "desk";
}

/* ---- bodies ---- */

static json_t *pbx_body(const json_t *p)
{
	return pbx_body_of(&pbx_phone_kind, p);
}

static json_t *border_body(const json_t *p, const char *platform)
{
	return body_clean(json_pack("{s:O?,s:O?,s:b,s:s}", "customer",
				    json_object_get(p, "customer"), "sip_user",
				    json_object_get(p, "sip_user"), "enabled",
				    1, "upstream", platform));
}

static json_t *uc_body(const json_t *p)
{
	return body_clean(json_pack(
		"{s:O?,s:O?,s:O?,s:O?,s:O?,s:O?,s:O?}", "customer",
		json_object_get(p, "customer"), "user",
		json_object_get(p, "user"), "type", json_object_get(p, "type"),
		"client", json_object_get(p, "client"), "sip_user",
		json_object_get(p, "sip_user"), "sip_secret",
		json_object_get(p, "sip_secret"), "number",
		json_object_get(p, "number")));
}

static json_t *deployment_body(const json_t *d)
{
	return body_clean(json_pack("{s:O?,s:O?,s:O?,s:O?}", "customer",
				    json_object_get(d, "customer"), "user",
				    json_object_get(d, "user"), "phone",
				    json_object_get(d, "phone"), "client",
				    json_object_get(d, "client")));
}

/* ---- creation ---- */

static void fill_in(json_t *phone, const json_t *user)
{
	char token[TOKEN_SIZE], name[ID_SIZE];

	if (!json_get_text(phone, "client"))
		(void)json_object_set_new(
			phone, "client",
			json_string(client_of(json_get_text(phone, "type"))));
	if (!json_get_text(phone, "number") && user)
		(void)json_object_set(phone, "number",
				      json_object_get(user, "extension"));
	if (!json_get_text(phone, "sip_user")) {
		/* the random half of an id */
		id_make(name);
		(void)json_object_set_new(phone, "sip_user",
					  json_string(name + 10));
	}
	if (!json_get_text(phone, "sip_secret")) {
		token_make(token);
		(void)json_object_set_new(phone, "sip_secret",
					  json_stringn(token, 32));
	}
	(void)json_object_set_new(phone, "state", json_string("creating"));
}

/* Whether the number is the user's extension, thus not one of its own. */
static bool is_shared(const char *number, const json_t *user)
{
	const char *extension = json_get_text(user, "extension");

	return number && extension && !strcmp(number, extension);
}

static bool has_border(struct plan *plan, const char *platform)
{
	json_t *row = NULL;
	bool is_there;

	plan->err |= record_get(&row, &plan->portal->platforms, platform);
	is_there = json_get_text(row, "border_url") != NULL;
	json_decref(row);

	return is_there;
}

static void plan_deployment(struct plan *plan, const json_t *phone,
			    const char *platform)
{
	char id[ID_SIZE];
	json_t *row;

	id_make(id);
	row = json_pack("{s:s,s:i,s:O,s:O,s:O,s:O}", "id", id, "generation", 1,
			"customer", json_object_get(phone, "customer"), "user",
			json_object_get(phone, "user"), "phone",
			json_object_get(phone, "id"), "client",
			json_object_get(phone, "client"));
	plan_row(plan, "deployments", ROW_CREATE, row);
	plan_step(plan, "uc", platform, "deployments", id, NULL,
		  deployment_body(row));
	json_decref(row);
}

/* "phones[0]." + "number" */
static const char *field_name(char out[64], const char *prefix,
			      const char *name)
{
	(void)snprintf(out, 64, "%s%s", prefix, name);

	return out;
}

void phone_plan(struct plan *plan, json_t *phone, const json_t *user,
		const json_t *customer, const char *prefix)
{
	const char *id = json_get_text(phone, "id");
	const char *tenant = json_get_text(customer, "id");
	const char *platform = json_get_text(customer, "platform");
	bool deploys = json_get_bool(phone, "deploy", false);
	const char *number;
	char name[64];

	(void)json_object_set(phone, "customer",
			      json_object_get(customer, "id"));
	if (user)
		(void)json_object_set(phone, "user",
				      json_object_get(user, "id"));
	fill_in(phone, user);
	number = json_get_text(phone, "number");
	if (!number)
		plan_error(plan, field_name(name, prefix, "number"), "missing",
			   "is required where the user has no extension");
	if (!is_shared(number, user)) {
		plan_check_length(plan, field_name(name, prefix, "number"),
				  customer, number);
		plan_reserve(plan, name, "number", tenant, number, tenant,
			     "phones", id);
	}
	plan_reserve(plan, field_name(name, prefix, "sip_user"), "sip_user", "",
		     json_get_text(phone, "sip_user"), tenant, "phones", id);
	if (deploys && !user)
		plan_error(plan, field_name(name, prefix, "deploy"),
			   "not-possible", "needs a user to mail the link to");
	else if (deploys && !json_get_text(user, "email"))
		plan_error(plan, field_name(name, prefix, "deploy"),
			   "not-possible", "needs a user with a mail address");

	plan_row(plan, "phones", ROW_CREATE, phone);
	plan_step(plan, "pbx", platform, "phones", id, NULL, pbx_body(phone));
	if (has_border(plan, platform))
		plan_step(plan, "border", platform, "devices", id, NULL,
			  border_body(phone, platform));
	if (user)
		plan_step(plan, "uc", platform, "phones", id, NULL,
			  uc_body(phone));
	if (deploys && user)
		plan_deployment(plan, phone, platform);
}

/* The user of a phone, which must be of the same customer. */
static json_t *user_of(struct plan *plan, json_t *phone)
{
	const char *id = json_get_text(phone, "user");
	const char *tenant = json_get_text(phone, "customer");
	const char *ours = plan->caller->customer;
	const char *theirs;
	json_t *user = NULL;

	if (!id)
		return NULL;
	plan->err |= record_get(&user, &plan->portal->users, id);
	theirs = json_get_text(user, "customer");
	if (!user || (tenant && strcmp(tenant, theirs) != 0) ||
	    (*ours && strcmp(ours, theirs) != 0)) {
		plan_error(plan, "user", "unknown-reference",
			   "is none of the users of this customer");
		json_decref(user);
		return NULL;
	}
	if (!tenant)
		(void)json_object_set(phone, "customer",
				      json_object_get(user, "customer"));
	if (!strcmp(json_get_text(user, "state"), "deleting"))
		plan_conflict(plan, "user", "pending-task",
			      "the user is being deleted");

	return user;
}

static void phone_create(struct plan *plan, json_t *phone)
{
	json_t *user = user_of(plan, phone);
	json_t *customer = NULL;

	if (!json_array_size(plan->errors))
		customer = plan_customer(plan, phone);
	if (customer) {
		(void)snprintf(plan->customer, sizeof(plan->customer), "%s",
			       json_get_text(customer, "id"));
		plan_ref(plan, json_get_text(customer, "id"), false);
		plan_ref(plan, json_get_text(user, "id"), false);
		phone_plan(plan, phone, user, customer, "");
	}
	json_decref(customer);
	json_decref(user);
}

/* ---- change ---- */

static void change_steps(struct plan *plan, const char *platform,
			 const json_t *before, const json_t *after)
{
	const char *id = json_get_text(after, "id");

	plan_row(plan, "phones", ROW_CHANGE, after);
	plan_step(plan, "pbx", platform, "phones", id, pbx_body(before),
		  pbx_body(after));
	if (json_get_text(after, "user"))
		plan_step(plan, "uc", platform, "phones", id, uc_body(before),
			  uc_body(after));
}

static void phone_change(struct plan *plan, const json_t *before, json_t *after)
{
	json_t *customer = plan_customer(plan, after);
	json_t *user = user_of(plan, after);
	const char *id = json_get_text(after, "id");
	const char *tenant = json_get_text(after, "customer");
	const char *old = json_get_text(before, "number");
	const char *new = json_get_text(after, "number");

	if (!customer)
		goto out;
	if (!new)
		plan_error(plan, "number", "missing", "is required");
	if (!json_get_text(after, "sip_secret"))
		(void)json_object_set(after, "sip_secret",
				      json_object_get(before, "sip_secret"));
	if (old && new &&strcmp(old, new) != 0) {
		if (!is_shared(new, user)) {
			plan_check_length(plan, "number", customer, new);
			plan_reserve(plan, "number", "number", tenant, new,
				     tenant, "phones", id);
		}
		if (!is_shared(old, user))
			plan_release(plan, "number", tenant, old);
	}
	plan_ref(plan, tenant, false);
	plan_ref(plan, json_get_text(user, "id"), false);
	change_steps(plan, json_get_text(customer, "platform"), before, after);

out:
	json_decref(customer);
	json_decref(user);
}

void phones_renumber(struct plan *plan, const char *user, const char *platform,
		     const char *old, const char *new)
{
	struct store_rows *rows = NULL;

	plan->err |= store_query(
		&rows, plan->portal->store,
		"SELECT id FROM phones WHERE \"user\" = $1 AND number = $2 "
		"ORDER BY id",
		STORE_ARGS(store_text(user), store_text(old)));
	for (uint32_t i = 0; !plan->err && i < rows_count(rows); i++) {
		json_t *before = NULL, *after;

		plan->err = record_get(&before, &plan->portal->phones,
				       rows_text(rows, i, 0));
		if (plan->err || !before)
			continue;
		after = json_copy(before);
		(void)json_object_set_new(after, "number", json_string(new));
		(void)json_object_set_new(after, "state",
					  json_string("active"));
		change_steps(plan, platform, before, after);
		json_decref(after);
		json_decref(before);
	}
	mem_deref(rows);
}

/* ---- deletion ---- */

void phone_remove_pbx(struct plan *plan, const json_t *phone, void *arg)
{
	const char *id = json_get_text(phone, "id");
	char platform[48];

	(void)arg;

	plan_platform(platform, plan, phone);
	if (has_border(plan, platform))
		plan_step(plan, "border", platform, "devices", id,
			  border_body(phone, platform), NULL);
	plan_step(plan, "pbx", platform, "phones", id, pbx_body(phone), NULL);
}

void phone_remove_uc(struct plan *plan, const json_t *phone, void *arg)
{
	const char *id = json_get_text(phone, "id");
	char platform[48];

	(void)arg;

	plan_platform(platform, plan, phone);
	if (json_get_text(phone, "user"))
		plan_step(plan, "uc", platform, "phones", id, uc_body(phone),
			  NULL);
	plan_row(plan, "phones", ROW_DELETE, phone);
}

void deployment_remove(struct plan *plan, const json_t *deployment, void *arg)
{
	const char *id = json_get_text(deployment, "id");
	char platform[48];

	(void)arg;

	plan_platform(platform, plan, deployment);
	plan_step(plan, "uc", platform, "deployments", id,
		  deployment_body(deployment), NULL);
	plan_row(plan, "deployments", ROW_DELETE, deployment);
}

static void phone_remove(struct plan *plan, const json_t *phone)
{
	plan_ref(plan, json_get_text(phone, "customer"), false);
	plan_ref(plan, json_get_text(phone, "user"), false);
	groups_forget(plan, phone);
	pbx_objects_forget(plan, "phones", json_get_text(phone, "id"));
	phone_remove_pbx(plan, phone, NULL);
	plan_each(plan, &plan->portal->deployments, "phone",
		  json_get_text(phone, "id"), deployment_remove, NULL);
	phone_remove_uc(plan, phone, NULL);
}

const struct object_kind phone_object = {
	.plural = "phones",
	.create = phone_create,
	.change = phone_change,
	.remove = phone_remove,
};

/* ---- a new link ---- */

static void phone_deploy(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	struct portal *p = arg;
	json_t *phone = NULL, *user = NULL;
	struct plan *plan = NULL;
	const char *tenant;
	char platform[48];
	int err;

	if (task_repeated(p->tasks, req, caller))
		return;
	err = record_get(&phone, &p->phones, http_param(req, "id"));
	tenant = json_get_text(phone, "customer");
	if (!err && (!phone || (*caller->customer && tenant &&
				strcmp(caller->customer, tenant) != 0))) {
		reply_not_found(req, "phone");
		goto out;
	}
	if (!err)
		err = plan_alloc(&plan, p, caller, "deploy-phone", "phones",
				 json_get_text(phone, "id"), tenant);
	if (err) {
		reply_error(req, err);
		goto out;
	}
	(void)record_get(&user, &p->users,
			 json_get_text(phone, "user")
				 ? json_get_text(phone, "user")
				 : "");
	if (!json_get_text(user, "email"))
		plan_error(plan, "user", "not-possible",
			   "needs a user with a mail address");
	plan_ref(plan, json_get_text(phone, "id"), false);
	plan_platform(platform, plan, phone);
	plan_deployment(plan, phone, platform);
	task_start(p->tasks, plan, req);

out:
	json_decref(user);
	json_decref(phone);
}

static const struct route routes[] = {
	{ "POST", "/api/v1/phones/{id}/deploy", "phones", ACTION_RUN,
	  phone_deploy, 0, "Mail a new link that sets the client up" },
};

int phone_routes(struct portal *p)
{
	return router_routes(p->router, routes, 1, p);
}
