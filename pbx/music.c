/* music.c - see music.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/http.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/worker.h"
#include "media/wav.h"
#include "model/route.h"
#include "pbx/directory.h"
#include "pbx/music.h"
#include "pbx/pair_sound.h"
#include "pbx/settings.h"

enum { QUEUE_MAX = 64, PATH_BYTES = 600 };

static struct {
	char dir[400];
	struct worker_pool *pool;
} music;

/* What the thread does for one request. */
struct job {
	struct http_request *req;
	char path[PATH_BYTES];
	char part[PATH_BYTES + 8];
	struct mbuf *data; /* read */
	const char *why;   /* it is no WAV file */
	int err;
};

static void job_destructor(void *data)
{
	struct job *j = data;

	mem_deref(j->req);
	mem_deref(j->data);
}

/* An id that is a file's name and nothing else. */
static bool is_plain(const char *id)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t len = strlen(id);

	return len && len < DIRECTORY_ID_SIZE && strspn(id, plain) == len;
}

static void path_of(const char *customer, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s/%s/music/%s.wav", music.dir,
		       pbx_settings.folder, customer);
}

const char *music_of(const char *customer, char name[MUSIC_NAME_BYTES])
{
	char path[PATH_BYTES];

	if (!is_plain(customer))
		return "melody";
	path_of(customer, path);
	if (access(path, R_OK))
		return "melody";
	(void)snprintf(name, MUSIC_NAME_BYTES, "%s/music/%s.wav",
		       pbx_settings.folder, customer);

	return name;
}

void music_forget(const char *customer)
{
	char path[PATH_BYTES];

	if (!is_plain(customer))
		return;
	path_of(customer, path);
	(void)unlink(path);
}

/* ---- in the thread ---- */

static int write_whole(const struct job *j, struct span body)
{
	int fd = open(j->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	int err = 0;

	if (fd < 0)
		return errno;
	for (size_t at = 0; at < body.len && !err;) {
		ssize_t n = write(fd, body.p + at, body.len - at);

		if (n < 0)
			err = errno;
		else
			at += (size_t)n;
	}
	if (!err && fsync(fd))
		err = errno;
	if (close(fd) && !err)
		err = errno;
	if (!err && rename(j->part, j->path))
		err = errno;
	if (err)
		(void)unlink(j->part);

	return err;
}

static void put_work(void *arg)
{
	struct job *j = arg;
	struct span body = http_body(j->req);
	struct wav *wav = NULL;

	j->err = wav_parse(&wav, (const uint8_t *)body.p, body.len, &j->why);
	if (!j->err && !wav->count) {
		j->err = EBADMSG;
		j->why = "it is empty";
	}
	mem_deref(wav);
	if (!j->err)
		j->err = write_whole(j, body);
}

static void get_work(void *arg)
{
	struct job *j = arg;
	FILE *f = fopen(j->path, "rbe");
	uint8_t part[16384];
	size_t n;

	if (!f) {
		j->err = errno;
		return;
	}
	while (!j->err && (n = fread(part, 1, sizeof(part), f)) > 0)
		j->err = mbuf_write_mem(j->data, part, n);
	if (!j->err && ferror(f))
		j->err = EIO;
	(void)fclose(f);
}

/* ---- in the loop ---- */

static void put_done(void *arg)
{
	struct job *j = arg;
	json_t *errors;

	if (j->err == EBADMSG || j->err == EFBIG) {
		errors = json_array();
		kind_error(errors, "", "not-wav",
			   "send a WAV file of 8 or 16 bit, A-law or u-law, "
			   "at 8, 16, 24, 32 or 48 kHz: %s",
			   j->why ? j->why : "it is too large");
		reply_invalid(j->req, errors);
	}
	else if (j->err) {
		reply_error(j->req, j->err);
	}
	else {
		pair_sound_changed(j->path + strlen(music.dir) + 1);
		(void)http_reply(j->req, 204, NULL, NULL, 0);
	}
	mem_deref(j);
}

static void get_done(void *arg)
{
	struct job *j = arg;

	if (j->err == ENOENT)
		reply_not_found(j->req, "music");
	else if (j->err)
		reply_error(j->req, j->err);
	else
		(void)http_reply(j->req, 200, "audio/wav", j->data->buf,
				 j->data->end);
	mem_deref(j);
}

/* The customer of the path; answers 404 itself. */
static const struct customer *find(struct http_request *req)
{
	const char *id = http_param(req, "id");
	const struct customer *c = id ? directory_customer(span_of(id)) : NULL;

	if (!c || !is_plain(c->id)) {
		reply_not_found(req, "customer");
		return NULL;
	}

	return c;
}

static void run(struct http_request *req, const struct customer *c,
		work_h *work, work_done_h *done)
{
	struct job *j = mem_zalloc(sizeof(*j), job_destructor);
	int err = ENOMEM;

	if (!j)
		goto out;
	j->req = mem_ref(req);
	j->data = mbuf_alloc(1024);
	if (!j->data)
		goto out;
	path_of(c->id, j->path);
	(void)snprintf(j->part, sizeof(j->part), "%s.part", j->path);
	err = worker_run(music.pool, work, done, j);

out:
	if (err) {
		mem_deref(j);
		reply_error(req, err);
	}
}

static void put_music(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	struct span type = http_header(req, "Content-Type");
	const struct customer *c = find(req);

	(void)caller;
	(void)arg;
	if (!c)
		return;
	if (!span_equal_nocase(type, SPAN("audio/wav")) &&
	    !span_equal_nocase(type, SPAN("audio/x-wav")) &&
	    !span_equal_nocase(type, SPAN("audio/wave"))) {
		(void)http_reply_problem(req, 415, "not-wav",
					 "Send the body as audio/wav.", NULL);
		return;
	}
	run(req, c, put_work, put_done);
}

static void get_music(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	const struct customer *c = find(req);

	(void)caller;
	(void)arg;
	if (c)
		run(req, c, get_work, get_done);
}

static void delete_music(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	const struct customer *c = find(req);
	char path[PATH_BYTES];

	(void)caller;
	(void)arg;
	if (!c)
		return;
	music_forget(c->id);
	path_of(c->id, path);
	pair_sound_gone(path + strlen(music.dir) + 1);
	(void)http_reply(req, 204, NULL, NULL, 0);
}

static const struct route routes[] = {
	{ "PUT", "/api/v1/customers/{id}/music", "customers", ACTION_UPDATE,
	  put_music, MUSIC_MAX_BYTES, "Set the music on hold: a WAV file" },
	{ "GET", "/api/v1/customers/{id}/music", "customers", ACTION_READ,
	  get_music, 0, "The customer's music on hold" },
	{ "DELETE", "/api/v1/customers/{id}/music", "customers", ACTION_UPDATE,
	  delete_music, 0, "Back to the melody that comes with the product" },
};

int music_start(struct router *router, const char *dir)
{
	char path[PATH_BYTES];
	int err;

	if (strlen(dir) >= sizeof(music.dir))
		return ENAMETOOLONG;
	(void)snprintf(music.dir, sizeof(music.dir), "%s", dir);
	(void)snprintf(path, sizeof(path), "%s/%s/music", dir,
		       pbx_settings.folder);
	if (mkdir(path, 0750) && errno != EEXIST)
		return errno;

	err = worker_pool_alloc(&music.pool, 1, QUEUE_MAX);
	if (!err)
		err = router_routes(router, routes, ARRAY_SIZE(routes), NULL);

	return err;
}

void music_close(void)
{
	music.pool = mem_deref(music.pool);
}
