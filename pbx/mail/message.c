/* message.c - see message.h */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/migrate.h"
#include "base/outbox.h"
#include "media/wav.h"
#include "pbx/mail/message.h"
#include "pbx/mail/message_mail.h"
#include "pbx/pair/pair_mail.h"
#include "pbx/settings.h"
#include "pbx/speech/sound_row.h"

enum { DAY_MS = 24 * 3600 * 1000, PAGE_ROWS = 1000 };

static struct {
	struct store *store;
	struct table by_id;
	message_shown_h *shown;
	bool has_missed; /* a row that could not be taken */
} messages;

static const struct migration migrations[] = {
	{ "messages",
	  "CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY,\n"
	  " customer TEXT NOT NULL, user TEXT NOT NULL, number TEXT NOT NULL,\n"
	  " name TEXT NOT NULL, at_ms BIGINT NOT NULL,\n"
	  " length_ms BIGINT NOT NULL, is_whole SMALLINT NOT NULL,\n"
	  " is_read SMALLINT NOT NULL, is_saved SMALLINT NOT NULL,\n"
	  " is_partial SMALLINT NOT NULL);\n" },
	{ "urgent, private, mail",
	  "ALTER TABLE messages ADD COLUMN is_urgent SMALLINT"
	  " NOT NULL DEFAULT 0;\n"
	  "ALTER TABLE messages ADD COLUMN is_private SMALLINT"
	  " NOT NULL DEFAULT 0;\n"
	  "ALTER TABLE messages ADD COLUMN mail SMALLINT"
	  " NOT NULL DEFAULT 0;\n" OUTBOX_MIGRATION },
};

#define COLUMNS                                                                \
	"id, customer, user, number, name, at_ms, length_ms, is_whole,"        \
	" is_read, is_saved, is_partial, is_urgent, is_private, mail"

void message_file(const struct message *m, char out[MAILBOX_PATH])
{
	(void)snprintf(out, MAILBOX_PATH, "%s/mail/%s/%s/%s.wav",
		       pbx_settings.folder, m->mailbox->customer,
		       m->mailbox->user, m->id);
}

struct store *message_store(void)
{
	return messages.store;
}

/* ---- in memory ---- */

static void message_destructor(void *data)
{
	struct message *m = data;

	list_unlink(&m->le);
	table_remove(&messages.by_id, &m->by_id);
}

static struct message *message_add(struct mailbox *b, const char *id)
{
	struct message *m = mem_zalloc(sizeof(*m), message_destructor);

	if (!m)
		return NULL;

	m->mailbox = b;
	(void)snprintf(m->id, sizeof(m->id), "%s", id);
	table_add(&messages.by_id, &m->by_id, hash_span(0, span_of(m->id)));
	list_append(&b->messages, &m->le, m);

	return m;
}

struct message *message_find(const char *id)
{
	struct span s = span_of(id ? id : "");
	struct table_entry *e = table_first(&messages.by_id, hash_span(0, s));

	for (; e; e = table_next(e)) {
		struct message *m = CONTAINER_OF(e, struct message, by_id);

		if (span_equal(span_of(m->id), s))
			return m;
	}

	return NULL;
}

bool message_is_shown(const struct message *m)
{
	return m->is_whole && !m->is_held && !m->is_deleted;
}

uint32_t mailbox_count(const struct mailbox *b, bool is_read)
{
	uint32_t count = 0;
	struct le *le;

	for (le = list_head(&b->messages); le; le = le->next) {
		const struct message *m = le->data;

		count += message_is_shown(m) && m->is_read == is_read;
	}

	return count;
}

struct message *mailbox_next(const struct mailbox *b, const struct message *m,
			     bool is_read)
{
	bool is_urgent = m ? m->is_urgent : true;
	struct le *le = m ? m->le.next : list_head(&b->messages);

	for (;;) {
		for (; le; le = le->next) {
			struct message *next = le->data;

			if (message_is_shown(next) &&
			    next->is_read == is_read &&
			    next->is_urgent == is_urgent)
				return next;
		}
		if (!is_urgent)
			return NULL;
		is_urgent = false;
		le = list_head(&b->messages);
	}
}

/* ---- kept ---- */

int message_begin(struct message **mp, struct mailbox *b, const char *number,
		  const char *name)
{
	char id[ID_SIZE];
	struct message *m;
	int err;

	if (!mailbox_has_room(b))
		return ENOSPC;
	err = mailbox_make_folder(b);
	if (err)
		return err;

	id_make(id);
	m = message_add(b, id);
	if (!m)
		return ENOMEM;
	(void)snprintf(m->number, sizeof(m->number), "%s", number);
	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	m->at_ms = clock_wall_ms();

	err = store_write(messages.store, NULL, NULL,
			  "INSERT INTO messages (id, customer, user, number,"
			  " name, at_ms, length_ms, is_whole, is_read,"
			  " is_saved, is_partial) VALUES ($1, $2, $3, $4, $5,"
			  " $6, 0, 0, 0, 0, 0)",
			  STORE_ARGS(store_text(m->id), store_text(b->customer),
				     store_text(b->user), store_text(m->number),
				     store_text(m->name),
				     store_int((int64_t)m->at_ms)));
	if (err)
		mem_deref(m);
	else
		*mp = m;

	return err;
}

/* What waits for the disk. */
struct keeping {
	char id[DIRECTORY_ID_SIZE];
	message_kept_h *handler;
	void *arg;
};

/* It is seen from now on. */
static void show(struct message *m)
{
	mailbox_tell(m->mailbox);
	pair_mail_changed(m);
	if (messages.shown)
		messages.shown(m);
}

static void kept(const struct store_result *result, void *arg)
{
	struct keeping *k = arg;
	struct message *m = message_find(k->id);

	if (result->err)
		log_error("mailbox", "message %s is not on the disk: %s", k->id,
			  strerror(result->err));
	if (m && !result->err) {
		m->is_whole = true;
		if (!m->is_held)
			show(m);
	}
	if (k->handler)
		k->handler(result->err, m, k->arg);
	mem_deref(k);
}

void message_keep(struct message *m, uint64_t length_ms, bool is_partial,
		  message_kept_h *handler, void *arg)
{
	struct keeping *k = mem_zalloc(sizeof(*k), NULL);
	int err = ENOMEM;

	m->length_ms = length_ms;
	m->is_partial = is_partial;
	m->mail = message_mail_is_wanted(m->mailbox) ? MESSAGE_MAIL_WANTED
						     : MESSAGE_MAIL_NO;
	if (k) {
		memcpy(k->id, m->id, sizeof(k->id));
		k->handler = handler;
		k->arg = arg;
		err = store_write(messages.store, kept, k,
				  "UPDATE messages SET is_whole = 1,"
				  " length_ms = $2, is_partial = $3, mail = $4"
				  " WHERE id = $1",
				  STORE_ARGS(store_text(m->id),
					     store_int((int64_t)length_ms),
					     store_int(is_partial),
					     store_int(m->mail)));
	}
	if (!err)
		return;

	log_error("mailbox", "message %s: %s", m->id, strerror(err));
	mem_deref(k);
	if (handler)
		handler(err, m, arg);
}

struct copying {
	struct message as;
	message_kept_h *handler;
	void *arg;
};

static void copied(const struct store_result *result, void *arg)
{
	struct copying *c = arg;
	struct message *m = NULL;

	if (!result->err && !message_find(c->as.id))
		m = message_add(c->as.mailbox, c->as.id);
	if (m) {
		memcpy(m->number, c->as.number, sizeof(m->number));
		memcpy(m->name, c->as.name, sizeof(m->name));
		m->at_ms = c->as.at_ms;
		m->length_ms = c->as.length_ms;
		m->is_whole = true;
		m->is_read = c->as.is_read;
		m->is_saved = c->as.is_saved;
		m->is_partial = c->as.is_partial;
		m->is_urgent = c->as.is_urgent;
		m->is_private = c->as.is_private;
		mailbox_tell(m->mailbox);
	}
	c->handler(result->err, m, c->arg);
	mem_deref(c);
}

int message_copy(const struct message *as, message_kept_h *handler, void *arg)
{
	struct copying *c = mem_zalloc(sizeof(*c), NULL);
	int err;

	if (!c)
		return ENOMEM;

	c->as = *as;
	c->handler = handler;
	c->arg = arg;
	err = store_write(
		messages.store, copied, c,
		"INSERT INTO messages (" COLUMNS ") VALUES ($1, $2, $3, $4,"
		" $5, $6, $7, 1, $8, $9, $10, $11, $12, 0)"
		" ON CONFLICT (id) DO NOTHING",
		STORE_ARGS(
			store_text(as->id), store_text(as->mailbox->customer),
			store_text(as->mailbox->user), store_text(as->number),
			store_text(as->name), store_int((int64_t)as->at_ms),
			store_int((int64_t)as->length_ms),
			store_int(as->is_read), store_int(as->is_saved),
			store_int(as->is_partial), store_int(as->is_urgent),
			store_int(as->is_private)));
	if (err)
		mem_deref(c);

	return err;
}

static void write_marks(const struct message *m)
{
	pair_mail_changed(m);

	(void)store_write(messages.store, NULL, NULL,
			  "UPDATE messages SET is_read = $2, is_saved = $3,"
			  " is_urgent = $4, is_private = $5 WHERE id = $1",
			  STORE_ARGS(store_text(m->id), store_int(m->is_read),
				     store_int(m->is_saved),
				     store_int(m->is_urgent),
				     store_int(m->is_private)));
}

void message_release(struct message *m, bool is_urgent, bool is_private)
{
	bool was_held = m->is_held;

	m->is_held = false;
	if (m->is_urgent != is_urgent || m->is_private != is_private) {
		m->is_urgent = is_urgent;
		m->is_private = is_private;
		write_marks(m);
	}
	if (was_held && m->is_whole)
		show(m);
}

void message_mark(struct message *m, bool is_read, bool is_saved)
{
	if (m->is_read == is_read && m->is_saved == is_saved)
		return;

	m->is_read = is_read;
	m->is_saved = is_saved;
	write_marks(m);
	mailbox_tell(m->mailbox);
}

void message_hide(struct message *m, bool is_deleted)
{
	if (m->is_deleted == is_deleted)
		return;

	m->is_deleted = is_deleted;
	mailbox_tell(m->mailbox);
}

void message_set_mail(struct message *m, enum message_mail mail,
		      struct store_write *w)
{
	static const char sql[] = "UPDATE messages SET mail = $2 WHERE id = $1";

	m->mail = (uint8_t)mail;
	if (w)
		(void)store_write_add(
			w, sql, STORE_ARGS(store_text(m->id), store_int(mail)));
	else
		(void)store_write(
			messages.store, NULL, NULL, sql,
			STORE_ARGS(store_text(m->id), store_int(mail)));
}

void message_delete(struct message *m)
{
	char file[MAILBOX_PATH], path[MAILBOX_PATH];
	const struct mailbox *b = m->mailbox;
	bool was_shown = message_is_shown(m);
	int err;

	pair_mail_gone(m);
	message_file(m, file);
	mailbox_path(file, path);
	err = sound_row_remove(messages.store,
			       "DELETE FROM messages WHERE id = $1", m->id,
			       path);
	if (err)
		log_error("mailbox", "message %s: %s", m->id, strerror(err));
	mem_deref(m);
	if (was_shown)
		mailbox_tell(b);
}

/* ---- what time has done ---- */

static void purge(const struct mailbox *b, uint64_t before_ms)
{
	struct le *le = list_head(&b->messages);

	while (le) {
		struct message *m = le->data;

		le = le->next;
		if (!message_is_shown(m) || !m->is_read ||
		    m->at_ms >= before_ms)
			continue;
		log_info("mailbox", "message %s of %s is too old: removed",
			 m->id, b->user);
		message_delete(m);
	}
}

void message_purge(void)
{
	uint64_t now = clock_wall_ms();
	struct mailbox *b = mailbox_each(NULL);

	for (; b; b = mailbox_each(b)) {
		uint64_t days = mailbox_class_of(b)->retention_days;

		if (days && b->messages.head)
			purge(b, now - days * DAY_MS);
	}
}

/* ---- what an earlier life has left ---- */

static void message_settle(struct message *m)
{
	char file[MAILBOX_PATH], part[MAILBOX_PATH + 8];
	char path[MAILBOX_PATH];
	uint64_t ms;

	message_file(m, file);
	mailbox_path(file, path);
	ms = wav_length_ms(path);
	if (ms) {
		log_info("mailbox", "message %s is kept, partial", m->id);
		message_keep(m, ms, true, NULL, NULL);
		return;
	}

	log_info("mailbox", "message %s has no sound: removed", m->id);
	(void)snprintf(part, sizeof(part), "%s.part", file);
	mailbox_remove_file(part);
	message_delete(m);
}

/* Set on those that the media server still records. */
void message_goes_on(const char *id)
{
	struct message *m = message_find(id);

	if (m && !m->is_whole)
		m->is_partial = true;
}

void message_settle_all(void)
{
	struct mailbox *b = mailbox_each(NULL);
	struct le *le;

	for (; b; b = mailbox_each(b)) {
		for (le = list_head(&b->messages); le;) {
			struct message *m = le->data;

			le = le->next;
			if (!m->is_whole && !m->is_partial)
				message_settle(m);
		}
	}
}

/* ---- life ---- */

static void take_row(const struct store_rows *rows, uint32_t i)
{
	struct mailbox *b = mailbox_get(rows_text(rows, i, 2),
					rows_text(rows, i, 1));
	struct message *m = b ? message_add(b, rows_text(rows, i, 0)) : NULL;

	if (!m) {
		messages.has_missed = true;
		return;
	}

	(void)snprintf(m->number, sizeof(m->number), "%s",
		       rows_text(rows, i, 3));
	(void)snprintf(m->name, sizeof(m->name), "%s", rows_text(rows, i, 4));
	m->at_ms = (uint64_t)rows_int(rows, i, 5);
	m->length_ms = (uint64_t)rows_int(rows, i, 6);
	m->is_whole = rows_int(rows, i, 7);
	m->is_read = rows_int(rows, i, 8);
	m->is_saved = rows_int(rows, i, 9);
	m->is_partial = rows_int(rows, i, 10);
	m->is_urgent = rows_int(rows, i, 11);
	m->is_private = rows_int(rows, i, 12);
	m->mail = (uint8_t)rows_int(rows, i, 13);
}

static int load(void)
{
	struct store_rows *rows = NULL;
	const char *after = "";
	char last[DIRECTORY_ID_SIZE] = "";
	uint32_t count;
	int err;

	do {
		err = store_query(&rows, messages.store,
				  "SELECT " COLUMNS " FROM messages"
				  " WHERE id > $1 ORDER BY id LIMIT 1000",
				  STORE_ARGS(store_text(after)));
		if (err)
			return err;
		count = rows_count(rows);
		for (uint32_t i = 0; i < count; i++)
			take_row(rows, i);
		if (count)
			(void)snprintf(last, sizeof(last), "%s",
				       rows_text(rows, count - 1, 0));
		after = last;
		rows = mem_deref(rows);
	} while (count == PAGE_ROWS);

	return 0;
}

static bool is_known(const char *id)
{
	return message_find(id) != NULL;
}

static void remove_strays(void)
{
	char file[MAILBOX_PATH], path[MAILBOX_PATH];

	if (messages.has_missed) /* no memory: they are no strays */
		return;
	(void)snprintf(file, sizeof(file), "%s/mail", pbx_settings.folder);
	mailbox_path(file, path);
	sound_row_sweep(path, 2, is_known);
}

int message_start(const char *dir, message_shown_h *shown)
{
	char url[500];
	int err = table_init(&messages.by_id, 1024);

	(void)snprintf(url, sizeof(url), "sqlite:%s/%s/mail.db", dir,
		       pbx_settings.folder);
	if (!err)
		err = store_open(&messages.store, url, STORE_FULL_SYNC);
	if (!err)
		err = store_migrate(messages.store, migrations,
				    ARRAY_SIZE(migrations));
	if (!err)
		err = load();
	if (!err)
		remove_strays();
	if (err)
		log_error("mailbox", "cannot open mail.db: %s", strerror(err));
	messages.shown = shown;

	return err;
}

void message_close(void)
{
	const struct store *store;

	messages.shown = NULL;
	store = messages.store;
	messages.store = mem_deref(messages.store);
	sound_row_close(store);
	table_close(&messages.by_id);
}
