/* mailbox.c - see mailbox.h */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/key_file.h"
#include "base/log.h"
#include "base/secrets.h"
#include "base/store.h"
#include "pbx/mailbox.h"
#include "pbx/settings.h"

enum {
	FAILURES_MAX = 3,
	FAILURES_MS = 5 * 60 * 1000, /* that many within it lock */
	LOCK_MS = 15 * 60 * 1000,
};

static struct {
	char dir[400];
	struct store *store;
	struct table by_user;
	struct table by_id;
	struct list all;
	mailbox_changed_h *changed;
	bool is_ready;
} boxes;

static const char *const schema =
	"CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY,"
	" customer TEXT NOT NULL, user TEXT NOT NULL, number TEXT NOT NULL,"
	" name TEXT NOT NULL, at_ms BIGINT NOT NULL, length_ms BIGINT NOT NULL,"
	" is_whole SMALLINT NOT NULL, is_read SMALLINT NOT NULL,"
	" is_saved SMALLINT NOT NULL, is_partial SMALLINT NOT NULL)";

/* ---- files ---- */

static void folder_of(const struct mailbox *b, char out[MAILBOX_PATH])
{
	(void)snprintf(out, MAILBOX_PATH, "%s/mail/%s/%s", pbx_settings.folder,
		       b->customer, b->user);
}

void message_file(const struct message *m, char out[MAILBOX_PATH])
{
	(void)snprintf(out, MAILBOX_PATH, "%s/mail/%s/%s/%s.wav",
		       pbx_settings.folder, m->mailbox->customer,
		       m->mailbox->user, m->id);
}

void mailbox_greeting(const struct mailbox *b, bool is_new,
		      char out[MAILBOX_PATH])
{
	(void)snprintf(out, MAILBOX_PATH, "%s/mail/%s/%s/greeting%s.wav",
		       pbx_settings.folder, b->customer, b->user,
		       is_new ? "-new" : "");
}

void mailbox_path(const char *file, char out[MAILBOX_PATH])
{
	int n = snprintf(out, MAILBOX_PATH, "%s/%s", boxes.dir, file);

	if (n < 0 || n >= MAILBOX_PATH)
		out[0] = '\0';
}

static void file_remove(const char *file)
{
	char path[MAILBOX_PATH];

	mailbox_path(file, path);
	if (unlink(path) && errno != ENOENT)
		log_warn("mailbox", "%s: %s", path, strerror(errno));
}

static bool file_is_there(const char *file, uint64_t *bytesp)
{
	char path[MAILBOX_PATH];
	struct stat st;

	mailbox_path(file, path);
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	if (bytesp)
		*bytesp = (uint64_t)st.st_size;

	return true;
}

/* ---- messages ---- */

static void message_destructor(void *data)
{
	struct message *m = data;

	list_unlink(&m->le);
	table_remove(&boxes.by_id, &m->by_id);
}

static struct message *message_add(struct mailbox *b, const char *id)
{
	struct message *m = mem_zalloc(sizeof(*m), message_destructor);

	if (!m)
		return NULL;

	m->mailbox = b;
	(void)snprintf(m->id, sizeof(m->id), "%s", id);
	table_add(&boxes.by_id, &m->by_id, hash_span(0, span_of(m->id)));
	list_append(&b->messages, &m->le, m);

	return m;
}

struct message *message_find(const char *id)
{
	struct span s = span_of(id ? id : "");
	struct table_entry *e = table_first(&boxes.by_id, hash_span(0, s));

	for (; e; e = table_next(e)) {
		struct message *m = CONTAINER_OF(e, struct message, by_id);

		if (span_equal(span_of(m->id), s))
			return m;
	}

	return NULL;
}

bool mailbox_has_room(const struct mailbox *b)
{
	return list_count(&b->messages) < MAILBOX_MESSAGES_MAX;
}

uint32_t mailbox_count(const struct mailbox *b, bool is_read)
{
	uint32_t count = 0;
	struct le *le;

	for (le = list_head(&b->messages); le; le = le->next) {
		const struct message *m = le->data;

		count += m->is_whole && m->is_read == is_read;
	}

	return count;
}

struct message *mailbox_next(const struct mailbox *b, const struct message *m,
			     bool is_read)
{
	struct le *le = m ? m->le.next : list_head(&b->messages);

	for (; le; le = le->next) {
		struct message *next = le->data;

		if (next->is_whole && next->is_read == is_read)
			return next;
	}

	return NULL;
}

static void changed(const struct mailbox *b)
{
	if (boxes.is_ready)
		boxes.changed(b);
}

int mailbox_make_folder(const struct mailbox *b)
{
	char folder[MAILBOX_PATH], path[MAILBOX_PATH];

	folder_of(b, folder);
	mailbox_path(folder, path);

	return folder_make(path);
}

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

	err = store_write(boxes.store, NULL, NULL,
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

static void kept(const struct store_result *result, void *arg)
{
	struct keeping *k = arg;
	struct message *m = message_find(k->id);

	if (result->err)
		log_error("mailbox", "message %s is not on the disk: %s", k->id,
			  strerror(result->err));
	if (m && !result->err) {
		m->is_whole = true;
		changed(m->mailbox);
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
	if (k) {
		memcpy(k->id, m->id, sizeof(k->id));
		k->handler = handler;
		k->arg = arg;
		err = store_write(boxes.store, kept, k,
				  "UPDATE messages SET is_whole = 1,"
				  " length_ms = $2, is_partial = $3"
				  " WHERE id = $1",
				  STORE_ARGS(store_text(m->id),
					     store_int((int64_t)length_ms),
					     store_int(is_partial)));
	}
	if (!err)
		return;

	log_error("mailbox", "message %s: %s", m->id, strerror(err));
	mem_deref(k);
	if (handler)
		handler(err, m, arg);
}

void message_mark(struct message *m, bool is_read, bool is_saved)
{
	if (m->is_read == is_read && m->is_saved == is_saved)
		return;

	m->is_read = is_read;
	m->is_saved = is_saved;
	(void)store_write(boxes.store, NULL, NULL,
			  "UPDATE messages SET is_read = $2, is_saved = $3"
			  " WHERE id = $1",
			  STORE_ARGS(store_text(m->id), store_int(is_read),
				     store_int(is_saved)));
	changed(m->mailbox);
}

/* The row is gone: now its file may go. */
static void row_removed(const struct store_result *result, void *arg)
{
	char *file = arg;

	if (!result->err)
		file_remove(file);
	mem_deref(file);
}

void message_delete(struct message *m)
{
	char *file = mem_zalloc(MAILBOX_PATH, NULL);
	const struct mailbox *b = m->mailbox;
	int err = ENOMEM;

	if (file) {
		message_file(m, file);
		err = store_write(boxes.store, row_removed, file,
				  "DELETE FROM messages WHERE id = $1",
				  STORE_ARGS(store_text(m->id)));
	}
	if (err) {
		log_error("mailbox", "message %s: %s", m->id, strerror(err));
		mem_deref(file);
	}
	mem_deref(m);
	changed(b);
}

/* ---- mailboxes ---- */

static void mailbox_destructor(void *data)
{
	struct mailbox *b = data;

	list_flush(&b->messages);
	list_unlink(&b->le);
	table_remove(&boxes.by_user, &b->by_user);
}

static struct mailbox *find(const char *user)
{
	struct span s = span_of(user);
	struct table_entry *e = table_first(&boxes.by_user, hash_span(0, s));

	for (; e; e = table_next(e)) {
		struct mailbox *b = CONTAINER_OF(e, struct mailbox, by_user);

		if (span_equal(span_of(b->user), s))
			return b;
	}

	return NULL;
}

struct mailbox *mailbox_find(const char *user)
{
	struct mailbox *b = find(user);

	return b && b->is_open ? b : NULL;
}

static struct mailbox *mailbox_add(const char *user, const char *customer)
{
	struct mailbox *b = mem_zalloc(sizeof(*b), mailbox_destructor);
	char file[MAILBOX_PATH];

	if (!b)
		return NULL;

	(void)snprintf(b->user, sizeof(b->user), "%s", user);
	(void)snprintf(b->customer, sizeof(b->customer), "%s", customer);
	list_init(&b->messages);
	table_add(&boxes.by_user, &b->by_user, hash_span(0, span_of(b->user)));
	list_append(&boxes.all, &b->le, b);
	mailbox_greeting(b, false, file);
	b->has_greeting = file_is_there(file, NULL);

	return b;
}

/* Salted with the user, so that equal passcodes do not look alike. */
static void passcode_hash(char out[65], const char *user, const char *passcode)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "passcode %s %s", user, passcode);
	token_hash(out, text);
	secret_wipe(text, sizeof(text));
}

int mailbox_take(const json_t *user)
{
	const char *id = json_get_text(user, "id");
	const char *customer = json_get_text(user, "customer");
	const char *passcode = json_get_text(user, "tui_passcode");
	const char *language = json_get_text(user, "language");
	bool is_open = json_get_bool(user, "mailbox", false);
	struct mailbox *b = find(id);

	if (!b && !is_open)
		return 0;
	if (!b)
		b = mailbox_add(id, customer ? customer : "");
	if (!b)
		return ENOMEM;

	b->is_open = is_open;
	b->is_french = language && !strcmp(language, "fr");
	b->passcode[0] = '\0';
	if (passcode && *passcode)
		passcode_hash(b->passcode, b->user, passcode);

	return 0;
}

void mailbox_remove(const char *user)
{
	struct mailbox *b = find(user);
	char file[MAILBOX_PATH], path[MAILBOX_PATH];
	struct le *le;

	if (!b)
		return;

	boxes.is_ready = false; /* no lamp is left to light */
	while ((le = list_head(&b->messages)))
		message_delete(le->data);
	boxes.is_ready = true;
	mailbox_greeting(b, false, file);
	file_remove(file);
	folder_of(b, file);
	mailbox_path(file, path);
	(void)rmdir(path); /* once its files are gone; else at the next start */
	mem_deref(b);
}

void mailbox_remove_customer(const char *customer)
{
	struct le *le = list_head(&boxes.all);

	while (le) {
		struct mailbox *b = le->data;

		le = le->next;
		if (!strcmp(b->customer, customer))
			mailbox_remove(b->user);
	}
}

void mailbox_drop_new_greeting(const struct mailbox *b)
{
	char file[MAILBOX_PATH];

	mailbox_greeting(b, true, file);
	file_remove(file);
}

int mailbox_set_greeting(struct mailbox *b, bool is_own)
{
	char file[MAILBOX_PATH], from[MAILBOX_PATH], to[MAILBOX_PATH];

	mailbox_greeting(b, false, file);
	if (!is_own) {
		file_remove(file);
		b->has_greeting = false;
		return 0;
	}
	mailbox_path(file, to);
	mailbox_greeting(b, true, file);
	mailbox_path(file, from);
	if (rename(from, to))
		return errno;
	b->has_greeting = true;

	return 0;
}

int mailbox_check(struct mailbox *b, const char *passcode)
{
	uint64_t now = clock_mono_ms();
	char hash[65];

	if (b->locked_ms > now)
		return EAGAIN;

	passcode_hash(hash, b->user, passcode);
	if (b->passcode[0] && secret_equal(hash, b->passcode)) {
		b->failures = 0;
		return 0;
	}

	if (!b->failures || now - b->failed_ms > FAILURES_MS) {
		b->failures = 0;
		b->failed_ms = now;
	}
	if (++b->failures < FAILURES_MAX)
		return EACCES;

	b->failures = 0;
	b->locked_ms = now + LOCK_MS;
	log_warn("mailbox", "mailbox of %s is locked: wrong passcodes",
		 b->user);

	return EAGAIN;
}

/* ---- what an earlier life has left ---- */

static void message_settle(struct message *m)
{
	char file[MAILBOX_PATH], part[MAILBOX_PATH + 8];
	uint64_t bytes = 0;

	message_file(m, file);
	if (file_is_there(file, &bytes) && bytes > 44) {
		uint64_t ms = (bytes - 44) / 16;

		log_info("mailbox", "message %s is kept, partial", m->id);
		message_keep(m, ms, true, NULL, NULL);
		return;
	}

	log_info("mailbox", "message %s has no sound: removed", m->id);
	(void)snprintf(part, sizeof(part), "%s.part", file);
	file_remove(part);
	message_delete(m);
}

/* Set on those that the media server still records. */
void message_goes_on(const char *id)
{
	struct message *m = message_find(id);

	if (m && !m->is_whole)
		m->is_partial = true;
}

void mailbox_settle(void)
{
	struct le *b, *le;

	for (b = list_head(&boxes.all); b; b = b->next) {
		struct mailbox *box = b->data;

		for (le = list_head(&box->messages); le;) {
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
	const char *user = rows_text(rows, i, 2);
	struct mailbox *b = find(user);
	struct message *m;

	if (!b) /* its user is gone or has no mailbox now */
		b = mailbox_add(user, rows_text(rows, i, 1));
	m = b ? message_add(b, rows_text(rows, i, 0)) : NULL;
	if (!m)
		return;

	(void)snprintf(m->number, sizeof(m->number), "%s",
		       rows_text(rows, i, 3));
	(void)snprintf(m->name, sizeof(m->name), "%s", rows_text(rows, i, 4));
	m->at_ms = (uint64_t)rows_int(rows, i, 5);
	m->length_ms = (uint64_t)rows_int(rows, i, 6);
	m->is_whole = rows_int(rows, i, 7);
	m->is_read = rows_int(rows, i, 8);
	m->is_saved = rows_int(rows, i, 9);
	m->is_partial = rows_int(rows, i, 10);
}

/* Users that went while we did not look. */
static void remove_strangers(void)
{
	struct le *le = list_head(&boxes.all);

	while (le) {
		const struct mailbox *b = le->data;

		le = le->next;
		if (!directory_user(span_of(b->user)))
			mailbox_remove(b->user);
	}
}

static int load(void)
{
	struct store_rows *rows = NULL;
	const char *after = "";
	char last[DIRECTORY_ID_SIZE] = "";
	uint32_t count;
	int err;

	do {
		err = store_query(&rows, boxes.store,
				  "SELECT id, customer, user, number, name,"
				  " at_ms, length_ms, is_whole, is_read,"
				  " is_saved, is_partial FROM messages"
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
	} while (count == 1000);

	return 0;
}

int mailbox_init(const char *dir)
{
	int err = table_init(&boxes.by_user, 1024);

	if (!err)
		err = table_init(&boxes.by_id, 1024);
	if (strlen(dir) >= sizeof(boxes.dir))
		return ENAMETOOLONG;

	list_init(&boxes.all);
	(void)snprintf(boxes.dir, sizeof(boxes.dir), "%s", dir);

	return err;
}

int mailbox_start(mailbox_changed_h *handler)
{
	char url[500];
	int err;

	(void)snprintf(url, sizeof(url), "sqlite:%s/%s/mail.db", boxes.dir,
		       pbx_settings.folder);
	err = store_open(&boxes.store, url, STORE_FULL_SYNC);
	if (!err)
		err = store_exec_now(boxes.store, schema, STORE_NO_ARGS);
	if (!err)
		err = load();
	if (err) {
		log_error("mailbox", "cannot open mail.db: %s", strerror(err));
		return err;
	}

	boxes.changed = handler;
	boxes.is_ready = true;
	remove_strangers();

	return 0;
}

void mailbox_close(void)
{
	boxes.is_ready = false;
	boxes.store = mem_deref(boxes.store);
	list_flush(&boxes.all);
	table_close(&boxes.by_user);
	table_close(&boxes.by_id);
}
