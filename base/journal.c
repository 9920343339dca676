/* journal.c - see journal.h
 *
 * The loop appends; a thread ("tender") syncs and compacts, one job at a time,
 * at most once a second.  A file that could not be written is left as it is
 * and the next one begun, so that nothing ever follows a torn record.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/journal_rows.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/worker.h"

enum {
	TEND_MS = 1000,
	LOGS_MAX = 8,
	BUFFER_BYTES = 1 << 16,
	BUFFER_MAX = 1 << 26, /* while the disk refuses */
};

/* What the thread is to do; it touches nothing else. */
struct tend {
	struct journal *journal;
	struct journal_place place;
	int sync_fd;
	bool compacts;
	uint32_t upto;
	uint64_t base_bytes;
	int err;
};

struct journal {
	struct journal_place place;
	struct journal_rows *found; /* until journal_forget() */
	struct worker_pool *tender;
	struct tend *job; /* NULL: none is running */
	struct tmr tmr;
	uint64_t limit;
	uint64_t base_bytes;
	uint64_t closed_bytes; /* in logs that are not compacted */
	uint32_t closed;
	int fd;
	uint32_t file;
	uint64_t bytes; /* in this file */
	bool is_dirty;  /* since the last sync */
	bool is_torn;   /* ends with part of a record: append no more */
	char *buf;
	size_t len;
	size_t size;
};

static void tend(void *arg);

static void tend_destructor(void *data)
{
	struct tend *t = data;

	if (t->sync_fd >= 0)
		(void)close(t->sync_fd);
}

static void journal_destructor(void *data)
{
	struct journal *j = data;

	if (j->fd >= 0)
		(void)journal_flush(j);
	tmr_cancel(&j->tmr);
	mem_deref(j->tender);
	mem_deref(j->job);
	if (j->fd >= 0) {
		(void)fdatasync(j->fd);
		(void)close(j->fd);
	}
	journal_rows_free(j->found);
	mem_deref(j->buf);
}

static int file_open(struct journal *j, uint32_t number)
{
	char path[JOURNAL_PATH];
	int fd;

	journal_path(path, &j->place, number, "log");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return errno;

	if (j->fd >= 0) {
		(void)close(j->fd);
		j->closed++;
		j->closed_bytes += j->bytes;
	}
	j->fd = fd;
	j->file = number;
	j->bytes = 0;
	j->is_torn = false;

	return 0;
}

int journal_open(struct journal **jp, const char *dir, const char *name)
{
	struct journal_files files;
	struct journal *j;
	int err;

	j = mem_zalloc(sizeof(*j), journal_destructor);
	if (!j)
		return ENOMEM;

	j->fd = -1;
	tmr_init(&j->tmr);
	j->limit = 16 << 20;
	(void)snprintf(j->place.dir, sizeof(j->place.dir), "%s", dir);
	(void)snprintf(j->place.name, sizeof(j->place.name), "%s", name);

	err = journal_find(&files, &j->place);
	if (!err)
		err = journal_load(&j->found, &j->place, &files, files.last);
	if (!err)
		err = worker_pool_alloc(&j->tender, 1, 4);
	if (!err)
		err = file_open(j, files.last + 1);
	if (err)
		goto out;

	j->base_bytes = files.base_bytes;
	j->closed = files.logs;
	j->closed_bytes = files.log_bytes;
	tmr_start(&j->tmr, TEND_MS, tend, j);

out:
	if (err)
		mem_deref(j);
	else
		*jp = j;

	return err;
}

int journal_each(const struct journal *j, uint8_t kind, journal_row_h *h,
		 void *arg)
{
	return j->found ? journal_rows_each(j->found, kind, h, arg) : 0;
}

void journal_forget(struct journal *j)
{
	journal_rows_free(j->found);
	j->found = NULL;
}

void journal_limit(struct journal *j, uint64_t bytes)
{
	j->limit = bytes;
}

/* ---- the thread ---- */

static void tend_work(void *arg)
{
	struct tend *t = arg;

	if (t->sync_fd >= 0 && fdatasync(t->sync_fd))
		t->err = errno;
	if (t->compacts && !t->err) {
		fault_point("journal.compact");
		t->err = journal_compact(&t->base_bytes, &t->place, t->upto);
	}
}

static void tended(void *arg)
{
	struct tend *t = arg;
	struct journal *j = t->journal;

	if (t->err) {
		j->closed = LOGS_MAX; /* try again */
		log_error("journal", "%s/%s: %s", t->place.dir, t->place.name,
			  strerror(t->err));
	}
	else if (t->compacts) {
		j->base_bytes = t->base_bytes;
	}
	j->job = NULL;
	mem_deref(t);

	if (j->is_dirty || j->closed)
		tmr_start(&j->tmr, TEND_MS, tend, j);
}

static bool must_compact(const struct journal *j)
{
	uint64_t limit = j->limit > j->base_bytes ? j->limit : j->base_bytes;

	return j->closed >= LOGS_MAX ||
	       (j->closed && j->closed_bytes + j->bytes >= limit);
}

static void tend(void *arg)
{
	struct journal *j = arg;
	struct tend *t;

	if (j->job)
		return;

	t = mem_zalloc(sizeof(*t), tend_destructor);
	if (!t)
		return;

	t->journal = j;
	t->place = j->place;
	t->sync_fd = j->is_dirty ? fcntl(j->fd, F_DUPFD_CLOEXEC, 0) : -1;
	t->compacts = must_compact(j);
	t->upto = j->file - 1;
	if ((t->sync_fd < 0 && !t->compacts) ||
	    worker_run(j->tender, tend_work, tended, t)) {
		mem_deref(t);
		return;
	}

	j->job = t;
	j->is_dirty = false;
	if (t->compacts) {
		j->closed = 0;
		j->closed_bytes = 0;
	}
}

/* ---- appending ---- */

static int make_room(struct journal *j, size_t len)
{
	size_t size = j->size ? j->size : BUFFER_BYTES;
	char *buf;

	if (j->len + len > BUFFER_MAX)
		return ENOMEM;
	while (size < j->len + len)
		size *= 2;
	if (size == j->size)
		return 0;

	buf = j->buf ? mem_realloc(j->buf, size) : mem_alloc(size, NULL);
	if (!buf)
		return ENOMEM;

	j->buf = buf;
	j->size = size;

	return 0;
}

/* The file's number is only known when it is written: sealed then. */
static int add(struct journal *j, struct journal_head *head, const char *octets)
{
	int err = make_room(j, sizeof(*head) + head->len);

	if (err)
		return err;

	memcpy(j->buf + j->len, head, sizeof(*head));
	if (head->len)
		memcpy(j->buf + j->len + sizeof(*head), octets, head->len);
	j->len += sizeof(*head) + head->len;

	return 0;
}

int journal_put(struct journal *j, uint8_t kind, uint64_t row, struct span blob)
{
	struct journal_head head = {
		.len = blob.len, .row = row, .kind = kind, .act = JOURNAL_PUT
	};

	if (!kind || blob.len > JOURNAL_BLOB_MAX)
		return EINVAL;

	return add(j, &head, blob.p);
}

int journal_remove(struct journal *j, uint8_t kind, uint64_t row)
{
	struct journal_head head = { .row = row,
				     .kind = kind,
				     .act = JOURNAL_REMOVE };

	return kind ? add(j, &head, NULL) : EINVAL;
}

static void seal_all(struct journal *j)
{
	size_t at = 0;

	while (at < j->len) {
		struct journal_head head;
		char *p = j->buf + at;

		memcpy(&head, p, sizeof(head));
		head.file = j->file;
		journal_seal(&head, p + sizeof(head));
		memcpy(p, &head, sizeof(head));
		at += sizeof(head) + head.len;
	}
}

static int write_all(struct journal *j)
{
	size_t done = 0;
	int err = fault_fails("journal.write");

	while (!err && done < j->len) {
		ssize_t n = write(j->fd, j->buf + done, j->len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			err = n ? errno : EIO;
	}
	j->bytes += done;
	j->is_torn = err && done;

	return err;
}

static bool must_rotate(const struct journal *j)
{
	uint64_t limit = j->limit > j->base_bytes ? j->limit : j->base_bytes;

	return j->closed_bytes + j->bytes >= limit;
}

int journal_flush(struct journal *j)
{
	int err;

	if (!j->len)
		return 0;

	fault_point("journal.flush.before");
	err = j->is_torn ? file_open(j, j->file + 1) : 0;
	if (err)
		return err;
	seal_all(j);
	err = write_all(j);
	if (err)
		return err;

	j->len = 0;
	j->is_dirty = true;
	if (!j->job && !tmr_isrunning(&j->tmr))
		tmr_start(&j->tmr, TEND_MS, tend, j);
	if (!j->job && must_rotate(j) && j->bytes)
		(void)file_open(j, j->file + 1);
	fault_point("journal.flush.after");

	return 0;
}

/* ---- reading from outside ---- */

enum { READ_TRIES = 5 };

int journal_look(const char *dir, const char *name, uint8_t kind,
		 journal_row_h *h, void *arg)
{
	struct journal_place place;
	int err = EAGAIN;

	(void)snprintf(place.dir, sizeof(place.dir), "%s", dir);
	(void)snprintf(place.name, sizeof(place.name), "%s", name);

	/* Files that are compacted meanwhile are read anew. */
	for (int i = 0; i < READ_TRIES && err == EAGAIN; i++) {
		struct journal_files files, after;
		struct journal_rows *rows = NULL;

		err = journal_find(&files, &place);
		if (!err && !files.last)
			return ENOENT;
		if (!err)
			err = journal_load(&rows, &place, &files, files.last);
		if (!journal_find(&after, &place) && after.base != files.base)
			err = EAGAIN;
		if (!err)
			err = journal_rows_each(rows, kind, h, arg);
		journal_rows_free(rows);
	}

	return err;
}
