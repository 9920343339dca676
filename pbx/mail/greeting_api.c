/* greeting_api.c - see greeting_api.h */
#include <errno.h>

#include "base/http.h"
#include "base/json.h"
#include "pbx/mail/greeting.h"
#include "pbx/mail/greeting_api.h"
#include "pbx/pair/pair_sound.h"
#include "pbx/speech/prompt.h"
#include "pbx/speech/sound_file.h"

/* ---- greetings ---- */

/* The mailbox and greeting that a request names; NULL has been answered. */
static struct mailbox *wanted(struct http_request *req)
{
	struct mailbox *b = mailbox_find(http_param(req, "user"));
	const char *name = http_param(req, "name");

	if (!b) {
		reply_not_found(req, "mailbox");
		return NULL;
	}
	if (name && !greeting_name_is_valid(name)) {
		reply_not_found(req, "greeting");
		return NULL;
	}

	return b;
}

static json_t *greeting_json(const struct mailbox *b, const char *name)
{
	return json_pack("{s:s, s:b, s:b}", "name", name, "recorded",
			 greeting_is_recorded(b, name), "used",
			 greeting_is_used(b, name));
}

struct listing {
	const struct mailbox *b;
	json_t *items;
};

static void list_status(const char *name, void *arg)
{
	struct listing *l = arg;

	if (!strncmp(name, "status-", 7))
		json_array_append_new(l->items, greeting_json(l->b, name));
}

static void list_greetings(struct http_request *req,
			   const struct caller *caller, void *arg)
{
	struct listing l = { wanted(req), NULL };
	const char *name;

	(void)caller;
	(void)arg;
	if (!l.b)
		return;

	l.items = json_array();
	for (uint32_t i = 0; (name = greeting_at(i)); i++)
		json_array_append_new(l.items, greeting_json(l.b, name));
	greeting_each(l.b, list_status, &l);
	(void)http_reply_json(req, 200,
			      json_pack("{s:I, s:n, s:o}", "total",
					(json_int_t)json_array_size(l.items),
					"next", "items", l.items));
}

/* It is in its place: in use from now on. */
static void greeting_taken(struct http_request *req, void *arg)
{
	struct mailbox *b = wanted(req);
	const char *name = http_param(req, "name");
	int err;

	(void)arg;
	if (!b)
		return;
	err = greeting_use(b, name, true);
	if (err)
		reply_error(req, err);
	else
		(void)http_reply_json(req, 200, greeting_json(b, name));
}

static void put_greeting(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	struct mailbox *b = wanted(req);
	const char *name = http_param(req, "name");
	const struct mailbox_class *k;
	char file[MAILBOX_PATH];

	(void)caller;
	(void)arg;
	if (!b)
		return;
	k = mailbox_class_of(b);
	if (!greeting_is_recorded(b, name) && strcmp(name, "name") != 0 &&
	    greeting_count(b) >= k->greetings_max) {
		(void)http_reply_problem(req, 409, "too-many-greetings",
					 "Delete another greeting first: the "
					 "mailbox's class allows no more.",
					 NULL);
		return;
	}
	greeting_file(b, name, file);
	sound_take(req, file, k->greeting_max_s, greeting_taken, NULL);
}

static void get_greeting(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	const struct mailbox *b = wanted(req);
	char file[MAILBOX_PATH];

	(void)caller;
	(void)arg;
	if (!b)
		return;
	greeting_file(b, http_param(req, "name"), file);
	sound_send(req, file, "greeting");
}

static void patch_greeting(struct http_request *req,
			   const struct caller *caller, void *arg)
{
	struct mailbox *b = wanted(req);
	const char *name = http_param(req, "name");
	json_t *in = NULL, *errors;
	const json_t *used;
	int err = 0;

	(void)caller;
	(void)arg;
	if (!b || request_object(req, &in))
		return;

	errors = json_array();
	used = json_object_get(in, "used");
	if (!json_is_boolean(used) || json_object_size(in) != 1)
		kind_error(errors, "used", "wrong-type",
			   "Give used, true or false, and nothing else.");
	else if (json_is_true(used) && !greeting_is_recorded(b, name))
		kind_error(errors, "used", "not-recorded",
			   "Record or send the greeting first.");
	if (json_array_size(errors)) {
		json_decref(in);
		reply_invalid(req, errors);
		return;
	}
	json_decref(errors);
	err = greeting_use(b, name, json_is_true(used));
	json_decref(in);
	if (err)
		reply_error(req, err);
	else
		(void)http_reply_json(req, 200, greeting_json(b, name));
}

static void delete_greeting(struct http_request *req,
			    const struct caller *caller, void *arg)
{
	struct mailbox *b = wanted(req);
	int err;

	(void)caller;
	(void)arg;
	if (!b)
		return;
	err = greeting_remove(b, http_param(req, "name"));
	if (err)
		reply_error(req, err);
	else
		(void)http_reply(req, 204, NULL, NULL, 0);
}

/* ---- prompts ---- */

/* The file of the prompt that a request names; false: answered. */
static bool wanted_prompt(struct http_request *req, char file[MAILBOX_PATH])
{
	const char *id = http_param(req, "id");
	const char *language = http_param(req, "language");
	const char *name = http_param(req, "name");

	if (!directory_customer(span_of(id)) || strchr(id, '/') ||
	    id[0] == '.') {
		reply_not_found(req, "customer");
		return false;
	}
	if (!prompt_is_known(language, name)) {
		reply_not_found(req, "prompt");
		return false;
	}
	prompt_own_file(file, id, language, name);

	return true;
}

struct prompts {
	const char *customer;
	json_t *items;
};

static void list_prompt(const char *name, void *arg)
{
	static const char *const languages[] = { "en", "fr" };
	struct prompts *p = arg;
	char file[MAILBOX_PATH];

	for (int i = 0; i < 2; i++) {
		prompt_own_file(file, p->customer, languages[i], name);
		json_array_append_new(p->items,
				      json_pack("{s:s, s:s, s:b}", "name", name,
						"language", languages[i], "own",
						mailbox_has_file(file, NULL)));
	}
}

static void list_prompts(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	struct prompts p = { http_param(req, "id"), NULL };

	(void)caller;
	(void)arg;
	if (!directory_customer(span_of(p.customer))) {
		reply_not_found(req, "customer");
		return;
	}
	p.items = json_array();
	prompt_each(list_prompt, &p);
	(void)http_reply_json(req, 200,
			      json_pack("{s:I, s:n, s:o}", "total",
					(json_int_t)json_array_size(p.items),
					"next", "items", p.items));
}

static void prompt_taken(struct http_request *req, void *arg)
{
	(void)arg;
	(void)http_reply(req, 204, NULL, NULL, 0);
}

static void put_prompt(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	char file[MAILBOX_PATH];

	(void)caller;
	(void)arg;
	if (wanted_prompt(req, file))
		sound_take(req, file, 0, prompt_taken, NULL);
}

static void get_prompt(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	char file[MAILBOX_PATH];

	(void)caller;
	(void)arg;
	if (!wanted_prompt(req, file))
		return;
	if (!mailbox_has_file(file, NULL))
		prompt_standard_file(file, http_param(req, "language"),
				     http_param(req, "name"));
	sound_send(req, file, "prompt");
}

static void delete_prompt(struct http_request *req, const struct caller *caller,
			  void *arg)
{
	char file[MAILBOX_PATH];

	(void)caller;
	(void)arg;
	if (!wanted_prompt(req, file))
		return;
	mailbox_remove_file(file);
	pair_sound_gone(file);
	(void)http_reply(req, 204, NULL, NULL, 0);
}

#define GREETINGS "/api/v1/mailboxes/{user}/greetings"
#define PROMPTS   "/api/v1/customers/{id}/prompts"

static const struct route routes[] = {
	{ "GET", GREETINGS, "mailboxes", ACTION_READ, list_greetings, 0,
	  "Greetings of a mailbox: recorded, used" },
	{ "PUT", GREETINGS "/{name}", "mailboxes", ACTION_UPDATE, put_greeting,
	  SOUND_FILE_TAKE_MAX, "Set a greeting: a WAV file" },
	{ "GET", GREETINGS "/{name}", "mailboxes", ACTION_READ, get_greeting, 0,
	  "The sound of a greeting" },
	{ "PATCH", GREETINGS "/{name}", "mailboxes", ACTION_UPDATE,
	  patch_greeting, 0, "Use it, or the standard one instead" },
	{ "DELETE", GREETINGS "/{name}", "mailboxes", ACTION_UPDATE,
	  delete_greeting, 0, "Take it away" },
	{ "GET", PROMPTS, "customers", ACTION_READ, list_prompts, 0,
	  "Prompts, and which of them are the customer's own" },
	{ "PUT", PROMPTS "/{language}/{name}", "customers", ACTION_UPDATE,
	  put_prompt, SOUND_FILE_TAKE_MAX,
	  "Say a prompt of the customer's own: a WAV file" },
	{ "GET", PROMPTS "/{language}/{name}", "customers", ACTION_READ,
	  get_prompt, 0, "What is said there" },
	{ "DELETE", PROMPTS "/{language}/{name}", "customers", ACTION_UPDATE,
	  delete_prompt, 0, "Back to the standard prompt" },
};

int greeting_api_start(struct router *router)
{
	return router_routes(router, routes, ARRAY_SIZE(routes), NULL);
}
