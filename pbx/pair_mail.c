/* pair_mail.c - see pair_mail.h */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/http_client.h"
#include "base/json.h"
#include "base/log.h"
#include "base/service.h"
#include "base/worker.h"
#include "model/route.h"
#include "pbx/message.h"
#include "pbx/pair.h"
#include "pbx/pair_log.h"
#include "pbx/pair_mail.h"

enum {
	FETCH_MS = 60000,
	FETCHES_MAX = 4, /* at a time */
	SOUND_MAX = 16 * 1024 * 1024,
	SUM_BYTES = 32,
	SUM_SIZE = 2 * SUM_BYTES + 1,
};

static struct {
	struct worker_pool *pool;
	struct list waiting; /* struct fetch */
	struct list going;
	uint32_t running;
	bool is_open;
	bool is_taking; /* what the other node says is not said back */
} mails;

/* A message whose sound is on its way. */
struct fetch {
	struct le le;
	struct http_call *call;
	json_t *object;
	pair_fetched_h *done;
	void *arg;
	char id[DIRECTORY_ID_SIZE];
	char file[MAILBOX_PATH]; /* with the state folder */
	uint8_t *sound;
	size_t len;
	int err;
};

static void next_fetches(void);

static void fetch_destructor(void *data)
{
	struct fetch *f = data;

	list_unlink(&f->le);
	mem_deref(f->call);
	json_decref(f->object);
	mem_deref(f->sound);
}

static void sum_of(char out[SUM_SIZE], const uint8_t *p, size_t len)
{
	unsigned char sum[SUM_BYTES];

	(void)crypto_generichash(sum, sizeof(sum), p, len, NULL, 0);
	(void)sodium_bin2hex(out, SUM_SIZE, sum, sizeof(sum));
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

	mails.running--;
	mem_deref(f);
	done(err, arg);
	next_fetches();
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

static void file_written(void *arg)
{
	struct fetch *f = arg;
	struct mailbox *b;
	struct message as;

	f->sound = mem_deref(f->sound);
	if (!mails.is_open || f->err) {
		fetch_end(f, f->err ? f->err : ECANCELED);
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

/* In a thread. */
static int write_whole(int fd, const uint8_t *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0)
			return errno;
		p += n;
		len -= (size_t)n;
	}

	return fsync(fd) ? errno : 0;
}

static void write_file(void *arg)
{
	struct fetch *f = arg;
	char part[MAILBOX_PATH + 8], folder[MAILBOX_PATH];
	int fd;

	(void)snprintf(part, sizeof(part), "%s.new", f->file);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		f->err = errno;
		return;
	}
	f->err = write_whole(fd, f->sound, f->len);
	(void)close(fd);
	if (!f->err && rename(part, f->file))
		f->err = errno;
	if (f->err)
		return;

	memcpy(folder, f->file, sizeof(folder));
	*strrchr(folder, '/') = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		f->err = fsync(fd) ? errno : 0;
		(void)close(fd);
	}
}

static void sound_here(int err, int status, const char *body, size_t len,
		       void *arg)
{
	struct fetch *f = arg;
	const char *sum = http_call_header(f->call, "X-Holdfast-Sum");
	char own[SUM_SIZE], file[MAILBOX_PATH];
	struct message where;

	if (!err && status != 200) /* deleted there meanwhile */
		err = status == 404 ? ECANCELED : EPROTO;
	if (err) {
		fetch_end(f, err);
		return;
	}

	sum_of(own, (const uint8_t *)body, len);
	memset(&where, 0, sizeof(where));
	memcpy(where.id, f->id, sizeof(where.id));
	where.mailbox = mailbox_get(json_get_text(f->object, "box"),
				    json_get_text(f->object, "customer"));
	f->sound = mem_alloc(len + 1, NULL);
	if (!sum || strcmp(sum, own) != 0)
		err = EBADMSG;
	else if (!where.mailbox || !f->sound)
		err = ENOMEM;
	else
		err = mailbox_make_folder(where.mailbox);
	if (!err) {
		memcpy(f->sound, body, len);
		f->len = len;
		message_file(&where, file);
		mailbox_path(file, f->file);
		err = worker_run(mails.pool, write_file, file_written, f);
	}
	if (err)
		fetch_end(f, err);
}

static void fetch_begin(struct fetch *f)
{
	struct http_params params = { .bearer = pair_token(),
				      .timeout_ms = FETCH_MS };
	struct service_files files;
	char url[400];
	int err;

	mails.running++;
	(void)snprintf(url, sizeof(url), "%s/api/v1/pair/messages/%s",
		       pair_other_url(), f->id);
	params.url = url;
	err = service_http_params(&params, &files, pair_conf());
	if (!err)
		err = http_client_request(&f->call, pair_client(), &params,
					  sound_here, f);
	if (err)
		fetch_end(f, err);
}

static void next_fetches(void)
{
	struct le *le;

	while (mails.running < FETCHES_MAX &&
	       (le = list_head(&mails.waiting))) {
		list_unlink(le);
		list_append(&mails.going, le, le->data);
		fetch_begin(le->data);
	}
}

static int kind_fetch(const char *id, const json_t *object,
		      pair_fetched_h *done, void *arg)
{
	struct fetch *f;

	if (!kind_id_is_valid(id) || !json_get_text(object, "box") ||
	    !kind_id_is_valid(json_get_text(object, "box")) ||
	    !json_get_text(object, "customer") ||
	    !kind_id_is_valid(json_get_text(object, "customer")))
		return ECANCELED;
	if (message_find(id))
		return 0;
	if (pair_log_is_gone("messages", id))
		return ECANCELED;

	f = mem_zalloc(sizeof(*f), fetch_destructor);
	if (!f)
		return ENOMEM;
	(void)snprintf(f->id, sizeof(f->id), "%s", id);
	f->object = json_deep_copy(object);
	f->done = done;
	f->arg = arg;
	list_append(&mails.waiting, &f->le, f);
	next_fetches();

	return EINPROGRESS;
}

/* ---- ours, for the other node ---- */

struct serving {
	struct http_request *req;
	char file[MAILBOX_PATH];
	uint8_t *sound;
	size_t len;
	int err;
};

static void serving_destructor(void *data)
{
	struct serving *s = data;

	mem_deref(s->req);
	mem_deref(s->sound);
}

/* In a thread: memory was taken on the loop. */
static void read_file(void *arg)
{
	struct serving *s = arg;
	int fd = open(s->file, O_RDONLY | O_CLOEXEC);
	size_t got = 0;

	if (fd < 0) {
		s->err = errno;
		return;
	}
	while (got < s->len) {
		ssize_t n = read(fd, s->sound + got, s->len - got);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	(void)close(fd);
	if (got < s->len)
		s->err = EIO;
}

static void file_read(void *arg)
{
	struct serving *s = arg;
	char sum[SUM_SIZE];

	if (s->err) {
		reply_error(s->req, s->err);
	}
	else {
		sum_of(sum, s->sound, s->len);
		(void)http_reply_header(s->req, "X-Holdfast-Sum", "%s", sum);
		(void)http_reply(s->req, 200, "audio/wav", s->sound, s->len);
	}
	mem_deref(s);
}

static void get_sound(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	const struct message *m = message_find(http_param(req, "id"));
	char file[MAILBOX_PATH];
	struct serving *s;
	uint64_t len = 0;

	(void)caller;
	(void)arg;
	if (m && m->is_whole)
		message_file(m, file);
	if (!m || !m->is_whole || !mailbox_has_file(file, &len) ||
	    len > SOUND_MAX) {
		reply_not_found(req, "message");
		return;
	}

	s = mem_zalloc(sizeof(*s), serving_destructor);
	if (s) {
		s->req = mem_ref(req);
		s->len = (size_t)len;
		s->sound = mem_alloc(s->len + 1, NULL);
		mailbox_path(file, s->file);
	}
	if (!s || !s->sound ||
	    worker_run(mails.pool, read_file, file_read, s)) {
		reply_error(req, EAGAIN);
		mem_deref(s);
	}
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

	list_init(&mails.waiting);
	err = worker_pool_alloc(&mails.pool, 1, 1024);
	if (!err)
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
	mails.pool = mem_deref(mails.pool);
	list_flush(&mails.waiting);
	list_flush(&mails.going);
}
