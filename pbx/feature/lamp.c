/* lamp.c - see lamp.h */
#include "pbx/call/call.h"
#include "pbx/route/cos.h"
#include "pbx/feature/dial.h"
#include "pbx/feature/lamp.h"
#include "pbx/mail/mwi.h"
#include "pbx/route/settings_user.h"

enum { MESSAGES_MAX = 20 };

#define FIELD "messages"

static const json_t *messages_of(const struct user *u)
{
	return u && u->settings ? json_object_get(u->settings->object, FIELD)
				: NULL;
}

bool lamp_is_lit(const struct user *u)
{
	return json_array_size(messages_of(u)) > 0;
}

void lamp_counts(struct mailbox_counts *counts, const struct user *u)
{
	*counts = (struct mailbox_counts){ 0 };
	if (!u || !cos_may(u, COS_MESSAGE_WAITING))
		return;

	mailbox_counts_of(counts, u->id);
	counts->lit = (uint32_t)json_array_size(messages_of(u));
}

/* ---- changes ---- */

struct change {
	struct call *call; /* to be told, or NULL */
	char user[DIRECTORY_ID_SIZE];
};

static void destructor(void *data)
{
	struct change *ch = data;

	mem_deref(ch->call);
}

static void changed(const struct store_result *result, void *arg)
{
	struct change *ch = arg;

	if (!result->err)
		mwi_user(ch->user);
	if (ch->call)
		code_done(ch->call, result->err);
	mem_deref(ch);
}

/* The list without a number, or with it at its end. */
static json_t *list_with(const struct user *u, const char *number, bool is_on)
{
	const json_t *old = messages_of(u);
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(old); i++) {
		const char *n = json_string_value(json_array_get(old, i));

		if (n && strcmp(n, number) != 0)
			(void)json_array_append_new(list, json_string(n));
	}
	if (is_on) {
		if (json_array_size(list) >= MESSAGES_MAX)
			(void)json_array_remove(list, 0);
		(void)json_array_append_new(list, json_string(number));
	}

	return list;
}

static void change(struct user *u, json_t *list, struct call *call)
{
	struct change *ch = mem_zalloc(sizeof(*ch), destructor);
	int err = ch ? 0 : ENOMEM;

	if (err) {
		json_decref(list);
	}
	else {
		ch->call = mem_ref(call);
		memcpy(ch->user, u->id, sizeof(ch->user));
		err = settings_user_set(u, FIELD, list, changed, ch);
	}
	if (!err)
		return;

	mem_deref(ch);
	if (call)
		code_done(call, err);
}

/* ---- codes ---- */

static void refuse(struct call *call, uint16_t status, const char *why)
{
	trail_add(&call->trail, "%s", why);
	call_refused(call, status,
		     status == 403 ? "Not Permitted" : "No Such Number");
}

/* Whose lamp a phone lights, or the status and reason that it may not. */
static struct user *wanted(const struct phone *p, const char *number,
			   bool is_on, uint16_t *status, const char **why)
{
	struct user *u = directory_user_by_extension(p->customer,
						     span_of(number));

	*status = 403;
	if (is_on && !cos_may(p->user, COS_MESSAGE_SEND)) {
		*why = "the caller may leave no messages";
		return NULL;
	}
	if (!u || u == p->user) {
		*status = 404;
		*why = "nobody else has this extension";
		return NULL;
	}
	if (is_on && !cos_may(u, COS_MESSAGE_WAITING)) {
		*why = "the user has no message lamp";
		return NULL;
	}

	return u;
}

static void light(struct call *call, const char *number, bool is_on)
{
	const struct phone *p = call->caller->phone;
	const char *why = NULL;
	uint16_t status;
	struct user *u = wanted(p, number, is_on, &status, &why);

	if (!u) {
		refuse(call, status, why);
		return;
	}

	call_try(call);
	change(u, list_with(u, p->user->extension, is_on), call);
}

uint16_t lamp_send(const struct phone *p, const char *number, bool is_on)
{
	const char *why = NULL;
	uint16_t status = 403;
	struct user *u = p->user ? wanted(p, number, is_on, &status, &why)
				 : NULL;

	if (!u)
		return status;
	change(u, list_with(u, p->user->extension, is_on), NULL);

	return 0;
}

void lamp_set(struct call *call, const struct routing *r,
	      const struct sip_message *m)
{
	(void)m;

	light(call, r->argument, true);
}

void lamp_unset(struct call *call, const struct routing *r,
		const struct sip_message *m)
{
	(void)m;

	light(call, r->argument, false);
}

void lamp_call_back(struct call *call, const struct routing *r,
		    const struct sip_message *m)
{
	const struct user *u = call->caller->phone->user;
	const json_t *list = messages_of(u);
	size_t count = json_array_size(list);
	char number[DIRECTORY_NUMBER_MAX + 1];

	(void)r;

	if (!cos_may(u, COS_MESSAGE_INQUIRE)) {
		refuse(call, 403, "the caller may not ask for messages");
		return;
	}
	if (!count) {
		refuse(call, 404, "nobody has left a message");
		return;
	}

	(void)re_snprintf(number, sizeof(number), "%s",
			  json_string_value(json_array_get(list, count - 1)));
	dial_again(call, m, number);
}

void lamp_dialled(const struct call *call)
{
	struct user *u = call->caller->phone ? call->caller->phone->user : NULL;
	json_t *list;

	if (!lamp_is_lit(u))
		return;

	if (cos_may(u, COS_MESSAGE_OFF_HOOK))
		list = json_array();
	else if (cos_may(u, COS_CALLBACK_ERASES))
		list = list_with(u, call->number, false);
	else
		return;
	if (json_array_size(list) < json_array_size(messages_of(u)))
		change(u, list, NULL);
	else
		json_decref(list);
}
