/* mail_api.c - see mail_api.h
 *
 * For the servers of the installation only: who may see whose mailbox is
 * decided by the one that asks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/http.h"
#include "base/json.h"
#include "base/worker.h"
#include "pbx/mail_api.h"
#include "pbx/mailbox.h"

enum {
	SOUND_MAX_BYTES = 16 * 1024 * 1024 - 4096,
	READERS = 1,
	READS_MAX = 64,
};

static struct worker_pool *readers;

static json_t *message_json(const struct message *m)
{
	return json_pack("{s:s, s:s, s:s?, s:s?, s:I, s:I, s:b, s:b, s:b}",
			 "id", m->id, "user", m->mailbox->user, "number",
			 m->number[0] ? m->number : NULL, "name",
			 m->name[0] ? m->name : NULL, "at_ms",
			 (json_int_t)m->at_ms, "length_ms",
			 (json_int_t)m->length_ms, "read", m->is_read, "saved",
			 m->is_saved, "partial", m->is_partial);
}

/* The message that a request names, whole; NULL has been answered. */
static struct message *wanted(struct http_request *req)
{
	struct message *m = message_find(http_param(req, "id"));

	if (m && m->is_whole && m->mailbox->is_open &&
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
	items = json_array();
	for (le = list_head(&b->messages); le; le = le->next) {
		const struct message *m = le->data;

		if (m->is_whole)
			json_array_append_new(items, message_json(m));
	}
	(void)http_reply_json(req, 200,
			      json_pack("{s:I, s:n, s:o}", "total",
					(json_int_t)json_array_size(items),
					"next", "items", items));
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

/* ---- sound ---- */

struct reading {
	struct http_request *req;
	char path[MAILBOX_PATH];
	uint8_t *data;
	size_t len;
	int err;
};

static void reading_destructor(void *data)
{
	struct reading *r = data;

	mem_deref(r->req);
	mem_deref(r->data);
}

/* In a thread. */
static void read_sound(void *arg)
{
	struct reading *r = arg;
	struct stat st;
	int fd = open(r->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		r->err = errno;
		return;
	}
	if (fstat(fd, &st))
		r->err = errno;
	else if (st.st_size > SOUND_MAX_BYTES)
		r->err = EFBIG;
	else
		r->data = mem_alloc((size_t)st.st_size + 1, NULL);
	while (r->data && r->len < (size_t)st.st_size) {
		ssize_t n = read(fd, r->data + r->len,
				 (size_t)st.st_size - r->len);

		if (n <= 0) {
			r->err = n ? errno : EIO;
			break;
		}
		r->len += (size_t)n;
	}
	if (!r->data && !r->err)
		r->err = ENOMEM;
	(void)close(fd);
}

static void sound_there(void *arg)
{
	struct reading *r = arg;

	if (r->err == ENOENT)
		reply_not_found(r->req, "message");
	else if (r->err)
		reply_error(r->req, r->err);
	else
		(void)http_reply(r->req, 200, "audio/wav", r->data, r->len);
	mem_deref(r);
}

static void get_sound(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	const struct message *m = wanted(req);
	struct reading *r;
	char file[MAILBOX_PATH];
	int err;

	(void)caller;
	(void)arg;

	if (!m)
		return;
	r = mem_zalloc(sizeof(*r), reading_destructor);
	if (!r) {
		reply_error(req, ENOMEM);
		return;
	}
	r->req = mem_ref(req);
	message_file(m, file);
	mailbox_path(file, r->path);
	err = worker_run(readers, read_sound, sound_there, r);
	if (err) {
		reply_error(req, err);
		mem_deref(r);
	}
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

#define MESSAGES "/api/v1/mailboxes/{user}/messages"

static const struct route routes[] = {
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
	int err = worker_pool_alloc(&readers, READERS, READS_MAX);

	return err ? err
		   : router_routes(router, routes,
				   sizeof(routes) / sizeof(routes[0]), NULL);
}

void mail_api_close(void)
{
	readers = mem_deref(readers);
}
