/* mail_api.c - see mail_api.h
 *
 * For the servers of the installation only: who may see whose mailbox is
 * decided by the one that asks.
 */
#include "base/http.h"
#include "base/json.h"
#include "pbx/mail/mail_api.h"
#include "pbx/mail/mailbox_settings.h"
#include "pbx/mail/message.h"
#include "pbx/mail/passcode.h"
#include "pbx/speech/sound_file.h"

static json_t *message_json(const struct message *m)
{
	return json_pack("{s:s, s:s, s:s?, s:s?, s:I, s:I, s:b, s:b, s:b, "
			 "s:b, s:b}",
			 "id", m->id, "user", m->mailbox->user, "number",
			 m->number[0] ? m->number : NULL, "name",
			 m->name[0] ? m->name : NULL, "at_ms",
			 (json_int_t)m->at_ms, "length_ms",
			 (json_int_t)m->length_ms, "read", m->is_read, "saved",
			 m->is_saved, "partial", m->is_partial, "urgent",
			 m->is_urgent, "private", m->is_private);
}

/* A client asks, by way of the uc server, and its mailbox's class has nothing
 * for it: answered. */
static bool is_refused(struct http_request *req, const struct mailbox *b)
{
	const char *as = http_query(req, "as");

	if (!as || strcmp(as, "client") != 0 || mailbox_class_of(b)->is_visual)
		return false;

	(void)http_reply_problem(req, 409, "no-visual-voicemail",
				 "This mailbox is heard by telephone only.",
				 NULL);

	return true;
}

/* The message that a request names, whole; NULL has been answered. */
static struct message *wanted(struct http_request *req)
{
	struct message *m = message_find(http_param(req, "id"));

	if (m && is_refused(req, m->mailbox))
		return NULL;
	if (m && message_is_shown(m) && m->mailbox->is_open &&
	    !strcmp(m->mailbox->user, http_param(req, "user")))
		return m;

	reply_not_found(req, "message");

	return NULL;
}

static void list_messages(struct http_request *req, const struct caller *caller,
			  void *arg)
{
	const struct mailbox *b = mailbox_find(http_param(req, "user"));
	json_t *items;
	struct le *le;

	(void)caller;
	(void)arg;

	if (!b) {
		reply_not_found(req, "mailbox");
		return;
	}
	if (is_refused(req, b))
		return;
	items = json_array();
	for (le = list_head(&b->messages); le; le = le->next) {
		const struct message *m = le->data;

		if (message_is_shown(m))
			json_array_append_new(items, message_json(m));
	}
	(void)http_reply_json(req, 200,
			      json_pack("{s:I, s:n, s:o}", "total",
					(json_int_t)json_array_size(items),
					"next", "items", items));
}

/* How a mailbox is. */
static void get_mailbox(struct http_request *req, const struct caller *caller,
			void *arg)
{
	struct mailbox *b = mailbox_find(http_param(req, "user"));
	const struct mailbox_class *k;
	uint32_t fresh, old;

	(void)caller;
	(void)arg;

	if (!b) {
		reply_not_found(req, "mailbox");
		return;
	}
	k = mailbox_class_of(b);
	fresh = mailbox_count(b, false);
	old = mailbox_count(b, true);
	(void)http_reply_json(
		req, 200,
		json_pack("{s:s, s:s, s:s, s:b, s:i, s:i, s:I, s:i, s:i, s:b, "
			  "s:b, s:b, s:b, s:I}",
			  "user", b->user, "customer", b->customer, "number",
			  b->number, "group", b->is_group, "new", (int)fresh,
			  "old", (int)old, "length_ms",
			  (json_int_t)mailbox_length_ms(b), "messages_max",
			  (int)k->messages_max, "minutes_max",
			  (int)k->minutes_max, "full", !mailbox_has_room(b),
			  "locked", passcode_is_locked(b), "passcode_due",
			  passcode_is_due(b), "visual", k->is_visual,
			  "bad_tries",
			  (json_int_t)mailbox_setting_number(b, "bad_tries")));
}

/* Passcodes may be tried again. */
static void unlock(struct http_request *req, const struct caller *caller,
		   void *arg)
{
	struct mailbox *b = mailbox_find(http_param(req, "user"));

	(void)caller;
	(void)arg;

	if (!b) {
		reply_not_found(req, "mailbox");
		return;
	}
	passcode_unlock(b);
	(void)http_reply(req, 204, NULL, NULL, 0);
}

static void get_message(struct http_request *req, const struct caller *caller,
			void *arg)
{
	const struct message *m = wanted(req);

	(void)caller;
	(void)arg;

	if (m)
		(void)http_reply_json(req, 200, message_json(m));
}

static void get_sound(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	const struct message *m = wanted(req);
	char file[MAILBOX_PATH];

	(void)caller;
	(void)arg;

	if (!m)
		return;
	message_file(m, file);
	sound_send(req, file, "message");
}

/* ---- changes ---- */

static void take_mark(const json_t *body, const char *name, bool *markp,
		      json_t *errors)
{
	const json_t *j = json_object_get(body, name);

	if (json_is_boolean(j))
		*markp = json_is_true(j);
	else if (j)
		kind_error(errors, name, "wrong-type", "Give true or false.");
}

static void change_message(struct http_request *req,
			   const struct caller *caller, void *arg)
{
	struct message *m = wanted(req);
	json_t *body = NULL, *errors;
	bool is_read, is_saved;
	const char *name;
	json_t *value;

	(void)caller;
	(void)arg;

	if (!m || http_request_json(req, &body))
		return;

	errors = json_array();
	is_read = m->is_read;
	is_saved = m->is_saved;
	if (!json_is_object(body))
		kind_error(errors, "body", "wrong-type", "Send an object.");
	json_object_foreach(body, name, value)
	{
		if (strcmp(name, "read") != 0 && strcmp(name, "saved") != 0)
			kind_error(errors, name, "unknown-field",
				   "Only read and saved can be changed.");
	}
	take_mark(body, "read", &is_read, errors);
	take_mark(body, "saved", &is_saved, errors);
	json_decref(body);
	if (json_array_size(errors)) {
		reply_invalid(req, errors);
		return;
	}
	json_decref(errors);

	message_mark(m, is_read, is_saved);
	(void)http_reply_json(req, 200, message_json(m));
}

static void delete_message(struct http_request *req,
			   const struct caller *caller, void *arg)
{
	struct message *m = wanted(req);

	(void)caller;
	(void)arg;

	if (!m)
		return;
	message_delete(m);
	(void)http_reply(req, 204, NULL, NULL, 0);
}

#define MAILBOX  "/api/v1/mailboxes/{user}"
#define MESSAGES MAILBOX "/messages"

static const struct route routes[] = {
	{ "GET", MAILBOX, "mailboxes", ACTION_READ, get_mailbox, 0,
	  "How a mailbox is: counts, limits, whether it is locked" },
	{ "DELETE", MAILBOX "/lock", "mailboxes", ACTION_UPDATE, unlock, 0,
	  "Passcodes may be tried again at once" },
	{ "GET", MESSAGES, "mailboxes", ACTION_LIST, list_messages, 0,
	  "Voice messages of a user, the oldest first" },
	{ "GET", MESSAGES "/{id}", "mailboxes", ACTION_READ, get_message, 0,
	  "A voice message" },
	{ "GET", MESSAGES "/{id}/sound", "mailboxes", ACTION_READ, get_sound, 0,
	  "Its sound: a WAV file, 8 kHz, 16 bit" },
	{ "PATCH", MESSAGES "/{id}", "mailboxes", ACTION_UPDATE, change_message,
	  0, "Mark it as read or saved" },
	{ "DELETE", MESSAGES "/{id}", "mailboxes", ACTION_DELETE,
	  delete_message, 0, "Delete it" },
};

int mail_api_start(struct router *router)
{
	return router_routes(router, routes, sizeof(routes) / sizeof(routes[0]),
			     NULL);
}
