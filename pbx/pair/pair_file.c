/* pair_file.c - see pair_file.h */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/http_client.h"
#include "base/key_file.h"
#include "base/service.h"
#include "base/worker.h"
#include "model/route.h"
#include "pbx/pair/pair.h"
#include "pbx/pair/pair_file.h"

enum {
	FETCH_MS = 60000,
	FETCHES_MAX = 4, /* at a time */
	SOUND_MAX = 16 * 1024 * 1024,
	SUM_BYTES = 32,
	SUM_SIZE = 2 * SUM_BYTES + 1,
	PATH_BYTES = 1100,
};

static struct {
	struct worker_pool *pool;
	struct list waiting; /* struct fetch */
	struct list going;
	uint32_t running;
	bool is_open;
} copies;

/* A file that is on its way. */
struct fetch {
	struct le le;
	struct http_call *call;
	pair_fetched_h *done;
	void *arg;
	char name[80];
	char path[PATH_BYTES];
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
	mem_deref(f->sound);
}

static void sum_of(char out[SUM_SIZE], const uint8_t *p, size_t len)
{
	unsigned char sum[SUM_BYTES];

	(void)crypto_generichash(sum, sizeof(sum), p, len, NULL, 0);
	(void)sodium_bin2hex(out, SUM_SIZE, sum, sizeof(sum));
}

/* ---- from the other node ---- */

static void fetch_end(struct fetch *f, int err)
{
	pair_fetched_h *done = f->done;
	void *arg = f->arg;

	copies.running--;
	mem_deref(f);
	done(err, arg);
	next_fetches();
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
	char part[PATH_BYTES + 8], folder[PATH_BYTES];
	int fd;

	memcpy(folder, f->path, sizeof(folder));
	*strrchr(folder, '/') = '\0';
	f->err = folder_make(folder);
	if (f->err)
		return;

	(void)snprintf(part, sizeof(part), "%s.new", f->path);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		f->err = errno;
		return;
	}
	f->err = write_whole(fd, f->sound, f->len);
	(void)close(fd);
	if (!f->err && rename(part, f->path))
		f->err = errno;
	if (f->err)
		return;

	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		f->err = fsync(fd) ? errno : 0;
		(void)close(fd);
	}
}

static void file_written(void *arg)
{
	struct fetch *f = arg;

	if (copies.is_open)
		fetch_end(f, f->err);
	else
		mem_deref(f);
}

static void sound_here(int err, int status, const char *body, size_t len,
		       void *arg)
{
	struct fetch *f = arg;
	const char *sum = http_call_header(f->call, "X-Holdfast-Sum");
	char own[SUM_SIZE];

	if (!err && status != 200) /* deleted there meanwhile */
		err = status == 404 ? ECANCELED : EPROTO;
	if (err) {
		fetch_end(f, err);
		return;
	}

	sum_of(own, (const uint8_t *)body, len);
	f->sound = mem_alloc(len + 1, NULL);
	if (!sum || strcmp(sum, own) != 0)
		err = EBADMSG;
	else if (!f->sound)
		err = ENOMEM;
	if (!err) {
		memcpy(f->sound, body, len);
		f->len = len;
		err = worker_run(copies.pool, write_file, file_written, f);
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

	copies.running++;
	(void)snprintf(url, sizeof(url), "%s/api/v1/pair/%s", pair_other_url(),
		       f->name);
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

	while (copies.running < FETCHES_MAX &&
	       (le = list_head(&copies.waiting))) {
		list_unlink(le);
		list_append(&copies.going, le, le->data);
		fetch_begin(le->data);
	}
}

int pair_file_fetch(const char *name, const char *path, pair_fetched_h *done,
		    void *arg)
{
	struct fetch *f;

	if (strlen(name) >= sizeof(f->name) || strlen(path) >= sizeof(f->path))
		return ENAMETOOLONG;
	f = mem_zalloc(sizeof(*f), fetch_destructor);
	if (!f)
		return ENOMEM;

	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	(void)snprintf(f->path, sizeof(f->path), "%s", path);
	f->done = done;
	f->arg = arg;
	list_append(&copies.waiting, &f->le, f);
	next_fetches();

	return 0;
}

/* ---- to the other node ---- */

struct serving {
	struct http_request *req;
	char path[PATH_BYTES];
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
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);
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

void pair_file_send(struct http_request *req, const char *path,
		    const char *what)
{
	struct serving *s;
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode) || st.st_size > SOUND_MAX) {
		reply_not_found(req, what);
		return;
	}

	s = mem_zalloc(sizeof(*s), serving_destructor);
	if (s) {
		s->req = mem_ref(req);
		s->len = (size_t)st.st_size;
		s->sound = mem_alloc(s->len + 1, NULL);
		(void)snprintf(s->path, sizeof(s->path), "%s", path);
	}
	if (!s || !s->sound ||
	    worker_give(copies.pool, read_file, file_read, s)) {
		reply_error(req, EAGAIN);
		mem_deref(s);
	}
}

/* ---- life ---- */

int pair_files_start(void)
{
	int err;

	if (pair_role() == PAIR_ALONE)
		return 0;

	list_init(&copies.waiting);
	list_init(&copies.going);
	err = worker_pool_alloc(&copies.pool, 1, 1024);
	copies.is_open = !err;

	return err;
}

void pair_files_close(void)
{
	copies.is_open = false;
	copies.pool = mem_deref(copies.pool);
	list_flush(&copies.waiting);
	list_flush(&copies.going);
	copies.running = 0;
}
