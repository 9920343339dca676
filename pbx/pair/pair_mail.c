/* pair_mail.c - see pair_mail.h */
#include <errno.h>
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "model/route.h"
#include "pbx/mail/message.h"
#include "pbx/pair/pair.h"
#include "pbx/pair/pair_file.h"
#include "pbx/pair/pair_log.h"
#include "pbx/pair/pair_mail.h"

static struct {
	struct list fetches; /* struct fetch */
	bool is_open;
	bool is_taking; /* what the other node says is not said back */
} mails;

/* A message whose sound is on its way. */
struct fetch {
	struct le le;
	json_t *object;
	pair_fetched_h *done;
	void *arg;
	char id[DIRECTORY_ID_SIZE];
};

static void fetch_destructor(void *data)
{
	struct fetch *f = data;

	list_unlink(&f->le);
	json_decref(f->object);
}

/* ---- our messages, for the log ---- */

static void enter(const char *id, bool is_gone)
{
	struct store_write *w = NULL;
	int err;

	if (pair_role() == PAIR_ALONE || mails.is_taking)
		return;

	err = store_write_alloc(&w, pair_log_store());
	if (!err)
		err = is_gone ? pair_log_add(w, "messages", id, PAIR_STAMP_GONE,
					     true)
			      : pair_log_shared(w, "messages", id, false);
	if (err)
		mem_deref(w);
	else
		err = store_write_send(w, NULL, NULL);
	if (err)
		log_error("pair", "message %s: %s", id, strerror(err));
}

void pair_mail_changed(const struct message *m)
{
	if (m->is_whole && !m->is_held)
		enter(m->id, false);
}

void pair_mail_gone(const struct message *m)
{
	if (m->is_whole && !m->is_held)
		enter(m->id, true);
}

static int kind_get(json_t **objectp, const char *id, void *arg)
{
	const struct message *m = message_find(id);

	(void)arg;
	*objectp = NULL;
	if (!m || !m->is_whole || m->is_held)
		return 0;

	*objectp = json_pack(
		"{s:s,s:s,s:s,s:s,s:I,s:I,s:b,s:b,s:b,s:b,s:b}", "box",
		m->mailbox->user, "customer", m->mailbox->customer, "number",
		m->number, "name", m->name, "at_ms", (json_int_t)m->at_ms,
		"length_ms", (json_int_t)m->length_ms, "read", m->is_read,
		"saved", m->is_saved, "partial", m->is_partial, "urgent",
		m->is_urgent, "private", m->is_private);

	return *objectp ? 0 : ENOMEM;
}

/* Its row is in another store, and is there already. */
static int kind_put(struct store_write *w, const char *id, const json_t *object,
		    int64_t stamp, void *arg)
{
	(void)w;
	(void)id;
	(void)object;
	(void)stamp;
	(void)arg;

	return 0;
}

static void kind_after(const char *id, json_t *object, void *arg)
{
	struct message *m = message_find(id);

	(void)arg;
	if (!m)
		return;

	mails.is_taking = true;
	if (object)
		message_mark(m, json_get_bool(object, "read", false),
			     json_get_bool(object, "saved", false));
	else
		message_delete(m);
	mails.is_taking = false;
}

/* ---- theirs: the sound first ---- */

static void fetch_end(struct fetch *f, int err)
{
	pair_fetched_h *done = f->done;
	void *arg = f->arg;

	mem_deref(f);
	done(err, arg);
}

static void row_kept(int err, struct message *m, void *arg)
{
	(void)m;
	fetch_end(arg, err);
}

static void take(struct message *as, const json_t *o)
{
	const char *number = json_get_text(o, "number");
	const char *name = json_get_text(o, "name");

	(void)snprintf(as->number, sizeof(as->number), "%s",
		       number ? number : "");
	(void)snprintf(as->name, sizeof(as->name), "%s", name ? name : "");
	as->at_ms = (uint64_t)json_get_int(o, "at_ms", 0);
	as->length_ms = (uint64_t)json_get_int(o, "length_ms", 0);
	as->is_read = json_get_bool(o, "read", false);
	as->is_saved = json_get_bool(o, "saved", false);
	as->is_partial = json_get_bool(o, "partial", false);
	as->is_urgent = json_get_bool(o, "urgent", false);
	as->is_private = json_get_bool(o, "private", false);
}

static void sound_here(int err, void *arg)
{
	struct fetch *f = arg;
	struct mailbox *b;
	struct message as;

	if (!mails.is_open || err) {
		fetch_end(f, err ? err : ECANCELED);
		return;
	}
	b = mailbox_get(json_get_text(f->object, "box"),
			json_get_text(f->object, "customer"));
	memset(&as, 0, sizeof(as));
	memcpy(as.id, f->id, sizeof(as.id));
	as.mailbox = b;
	take(&as, f->object);
	if (!b || message_copy(&as, row_kept, f))
		fetch_end(f, ENOMEM);
}

static int kind_fetch(const char *id, const json_t *object,
		      pair_fetched_h *done, void *arg)
{
	char name[DIRECTORY_ID_SIZE + 10], file[MAILBOX_PATH];
	char path[MAILBOX_PATH];
	struct message where;
	struct fetch *f;
	int err;

	if (!kind_id_is_valid(id) || !json_get_text(object, "box") ||
	    !kind_id_is_valid(json_get_text(object, "box")) ||
	    !json_get_text(object, "customer") ||
	    !kind_id_is_valid(json_get_text(object, "customer")))
		return ECANCELED;
	if (message_find(id))
		return 0;
	if (pair_log_is_gone("messages", id))
		return ECANCELED;

	memset(&where, 0, sizeof(where));
	(void)snprintf(where.id, sizeof(where.id), "%s", id);
	where.mailbox = mailbox_get(json_get_text(object, "box"),
				    json_get_text(object, "customer"));
	f = mem_zalloc(sizeof(*f), fetch_destructor);
	if (!f || !where.mailbox) {
		mem_deref(f);
		return ENOMEM;
	}
	(void)snprintf(f->id, sizeof(f->id), "%s", id);
	f->object = json_deep_copy(object);
	f->done = done;
	f->arg = arg;
	list_append(&mails.fetches, &f->le, f);
	(void)snprintf(name, sizeof(name), "messages/%s", id);
	message_file(&where, file);
	mailbox_path(file, path);
	err = pair_file_fetch(name, path, sound_here, f);
	if (err)
		mem_deref(f);

	return err ? err : EINPROGRESS;
}

/* ---- ours, for the other node ---- */

static void get_sound(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	const struct message *m = message_find(http_param(req, "id"));
	char file[MAILBOX_PATH], path[MAILBOX_PATH];

	(void)caller;
	(void)arg;
	if (!m || !m->is_whole) {
		reply_not_found(req, "message");
		return;
	}
	message_file(m, file);
	mailbox_path(file, path);
	pair_file_send(req, path, "message");
}

static const struct route routes[] = {
	{ "GET", "/api/v1/pair/messages/{id}", "pair", ACTION_RUN, get_sound, 0,
	  "The sound of a message, for the other node" },
};

/* ---- life ---- */

/* What a crash has left between the two stores. */
static void settle(void)
{
	const struct mailbox *b = mailbox_each(NULL);
	struct store_rows *rows = NULL;

	for (; b; b = mailbox_each(b)) {
		for (struct le *le = list_head(&b->messages); le;
		     le = le->next) {
			const struct message *m = le->data;

			if (!pair_log_has("messages", m->id))
				pair_mail_changed(m);
		}
	}

	if (store_query(&rows, pair_log_store(),
			"SELECT id FROM pair_log WHERE kind = 'messages'"
			" AND is_gone = 0",
			STORE_NO_ARGS))
		return;
	for (uint32_t i = 0; i < rows_count(rows); i++) {
		if (!message_find(rows_text(rows, i, 0)))
			enter(rows_text(rows, i, 0), true);
	}
	mem_deref(rows);
}

int pair_mail_start(struct router *router)
{
	static const struct pair_kind kind = {
		.name = "messages",
		.is_shared = true,
		.get = kind_get,
		.fetch = kind_fetch,
		.put = kind_put,
		.after = kind_after,
		.all_sql = "SELECT '' AS id WHERE 1 = 0",
	};
	int err;

	if (pair_role() == PAIR_ALONE)
		return 0;

	list_init(&mails.fetches);
	err = router_routes(router, routes, ARRAY_SIZE(routes), NULL);
	if (!err)
		err = pair_kind_add(&kind);
	mails.is_open = !err;

	return err;
}

void pair_mail_settle(void)
{
	if (mails.is_open)
		settle();
}

void pair_mail_close(void)
{
	mails.is_open = false;
	list_flush(&mails.fetches);
}
