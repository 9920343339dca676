/* sound_file.c - see sound_file.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/http.h"
#include "base/key_file.h"
#include "base/libre.h"
#include "base/worker.h"
#include "media/wav.h"
#include "model/route.h"
#include "pbx/pair/pair_sound.h"
#include "pbx/speech/sound_file.h"

enum { THREADS = 1, WORKS_MAX = 64, PATH_BYTES = 1100, RATE = 8000 };

static struct {
	char dir[400];
	struct worker_pool *pool;
} files;

struct job {
	struct http_request *req;
	char path[PATH_BYTES];
	char part[PATH_BYTES + 8];
	char from[PATH_BYTES];
	char after[PATH_BYTES];
	const char *what;
	sound_taken_h *taken;
	sound_joined_h *joined;
	void *arg;
	uint32_t max_s;
	/* the part asked for, and what there is */
	uint64_t first, last, size;
	bool is_part;
	uint8_t *data;
	size_t len;
	uint64_t ms;
	const char *why;
	int err;
};

static void job_destructor(void *data)
{
	struct job *j = data;

	mem_deref(j->req);
	mem_deref(j->data);
	if (j->taken)
		mem_deref(j->arg);
}

static int path_of(char path[PATH_BYTES], const char *file)
{
	int n = snprintf(path, PATH_BYTES, "%s/%s", files.dir, file);

	return n < 0 || n >= PATH_BYTES - 8 ? ENAMETOOLONG : 0;
}

/* ---- sending ---- */

/* In a thread. */
static void read_file(void *arg)
{
	struct job *j = arg;
	struct stat st;
	int fd = open(j->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		j->err = errno;
		return;
	}
	if (fstat(fd, &st))
		j->err = errno;
	else if (st.st_size > SOUND_FILE_TAKE_MAX)
		j->err = EFBIG;
	if (j->err)
		goto out;

	j->size = (uint64_t)st.st_size;
	if (j->last >= j->size)
		j->last = j->size ? j->size - 1 : 0;
	if (j->is_part && j->first >= j->size)
		goto out;
	if (!j->is_part)
		j->first = 0;
	j->data = mem_alloc(j->last - j->first + 1, NULL);
	if (!j->data)
		j->err = ENOMEM;
	while (j->data && j->len < j->last - j->first + 1) {
		ssize_t n = pread(fd, j->data + j->len,
				  j->last - j->first + 1 - j->len,
				  (off_t)(j->first + j->len));

		if (n <= 0) {
			j->err = n ? errno : EIO;
			break;
		}
		j->len += (size_t)n;
	}

out:
	(void)close(fd);
}

static void file_read(void *arg)
{
	struct job *j = arg;

	if (j->err == ENOENT) {
		reply_not_found(j->req, j->what);
	}
	else if (j->err) {
		reply_error(j->req, j->err);
	}
	else if (j->is_part && !j->data) {
		(void)http_reply_header(j->req, "Content-Range", "bytes */%llu",
					(unsigned long long)j->size);
		(void)http_reply_problem(j->req, 416, "no-such-range",
					 "Ask for octets that the file has.",
					 NULL);
	}
	else {
		(void)http_reply_header(j->req, "Accept-Ranges", "bytes");
		if (j->is_part)
			(void)http_reply_header(j->req, "Content-Range",
						"bytes %llu-%llu/%llu",
						(unsigned long long)j->first,
						(unsigned long long)j->last,
						(unsigned long long)j->size);
		(void)http_reply(j->req, j->is_part ? 206 : 200, "audio/wav",
				 j->data, j->len);
	}
	mem_deref(j);
}

/* "bytes=A-B" or "bytes=A-"; others are passed over, as RFC 9110 allows. */
static void read_range(struct job *j, struct span range)
{
	char text[64];
	unsigned long long first, last;
	int n;

	j->last = UINT64_MAX;
	if (!range.len || range.len >= sizeof(text))
		return;
	memcpy(text, range.p, range.len);
	text[range.len] = '\0';
	n = sscanf(text, "bytes=%20llu-%20llu", &first, &last);
	if (n < 1 || strchr(text, ',') || (n == 2 && last < first))
		return;
	j->is_part = true;
	j->first = first;
	if (n == 2)
		j->last = last;
}

void sound_send(struct http_request *req, const char *file, const char *what)
{
	struct job *j = mem_zalloc(sizeof(*j), job_destructor);
	int err = j ? path_of(j->path, file) : ENOMEM;

	if (!err) {
		j->req = mem_ref(req);
		j->what = what;
		read_range(j, http_header(req, "Range"));
		err = worker_give(files.pool, read_file, file_read, j);
	}
	if (err) {
		reply_error(req, err);
		mem_deref(j);
	}
}

/* ---- taking ---- */

int sound_write(const char *path, const char *part, struct span body)
{
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
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
	if (!err && rename(part, path))
		err = errno;
	if (err)
		(void)unlink(part);

	return err;
}

/* In a thread. */
static void take_file(void *arg)
{
	struct job *j = arg;
	struct span body = http_body(j->req);
	struct wav *wav = NULL;
	char *slash;

	j->err = wav_parse(&wav, (const uint8_t *)body.p, body.len, &j->why);
	if (!j->err && !wav->count) {
		j->err = EBADMSG;
		j->why = "it is empty";
	}
	else if (!j->err && j->max_s && wav->count > (size_t)j->max_s * RATE) {
		j->err = EFBIG;
		j->why = "it is too long";
	}
	mem_deref(wav);
	if (j->err)
		return;

	slash = strrchr(j->part, '/');
	*slash = '\0';
	j->err = folder_make(j->part);
	*slash = '/';
	if (!j->err)
		j->err = sound_write(j->path, j->part, body);
}

static void file_taken(void *arg)
{
	struct job *j = arg;
	json_t *errors;

	if (j->err == EBADMSG || j->err == EFBIG) {
		errors = json_array();
		kind_error(errors, "", j->err == EFBIG ? "too-long" : "not-wav",
			   "send a WAV file of 8 or 16 bit, A-law or u-law, at "
			   "8, 16, 24, 32 or 48 kHz, of at most %u s: %s",
			   j->max_s ? j->max_s : SOUND_FILE_TAKE_MAX / 16000,
			   j->why ? j->why : "it is too large");
		reply_invalid(j->req, errors);
	}
	else if (j->err) {
		reply_error(j->req, j->err);
	}
	else {
		pair_sound_changed(j->path + strlen(files.dir) + 1);
		j->taken(j->req, j->arg);
	}
	mem_deref(j);
}

static bool is_wav(struct span type)
{
	return span_equal_nocase(type, SPAN("audio/wav")) ||
	       span_equal_nocase(type, SPAN("audio/x-wav")) ||
	       span_equal_nocase(type, SPAN("audio/wave"));
}

void sound_take(struct http_request *req, const char *file, uint32_t max_s,
		sound_taken_h *h, void *arg)
{
	struct job *j;
	int err;

	if (!is_wav(http_header(req, "Content-Type"))) {
		(void)http_reply_problem(req, 415, "not-wav",
					 "Send the body as audio/wav.", NULL);
		return;
	}
	j = mem_zalloc(sizeof(*j), job_destructor);
	err = j ? path_of(j->path, file) : ENOMEM;
	if (!err) {
		(void)snprintf(j->part, sizeof(j->part), "%s.part", j->path);
		j->req = mem_ref(req);
		j->taken = h;
		j->arg = mem_ref(arg);
		j->max_s = max_s;
		err = worker_give(files.pool, take_file, file_taken, j);
	}
	if (err) {
		reply_error(req, err);
		mem_deref(j);
	}
}

/* ---- joining ---- */

static int add_file(struct wav_writer *w, const char *path, uint64_t *samples)
{
	struct wav *wav = NULL;
	int err;

	if (!path[0])
		return 0;
	err = wav_load(&wav, path, NULL);
	if (!err)
		err = wav_writer_add(w, wav->pcm, wav->count);
	if (!err)
		*samples += wav->count;
	mem_deref(wav);

	return err;
}

/* In a thread. */
static void join_files(void *arg)
{
	struct job *j = arg;
	struct wav_writer *w = NULL;
	uint64_t samples = 0;
	int fd;

	j->err = wav_writer_open(&w, j->part, RATE);
	if (!j->err)
		j->err = add_file(w, j->from, &samples);
	if (!j->err)
		j->err = add_file(w, j->after, &samples);
	if (!j->err)
		j->err = wav_writer_close(w);
	mem_deref(w);
	fd = j->err ? -1 : open(j->part, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fsync(fd))
		j->err = errno;
	if (fd >= 0)
		(void)close(fd);
	if (!j->err && rename(j->part, j->path))
		j->err = errno;
	if (j->err)
		(void)unlink(j->part);
	j->ms = samples * 1000 / RATE;
}

static void files_joined(void *arg)
{
	struct job *j = arg;

	j->joined(j->err, j->ms, j->arg);
	mem_deref(j);
}

int sound_join(const char *to, const char *from, const char *after,
	       sound_joined_h *h, void *arg)
{
	struct job *j = mem_zalloc(sizeof(*j), job_destructor);
	int err = j ? path_of(j->path, to) : ENOMEM;

	if (!err && *from)
		err = path_of(j->from, from);
	if (!err && *after)
		err = path_of(j->after, after);
	if (!err) {
		(void)snprintf(j->part, sizeof(j->part), "%s.part", j->path);
		j->joined = h;
		j->arg = arg;
		err = worker_give(files.pool, join_files, files_joined, j);
	}
	if (err)
		mem_deref(j);

	return err;
}

/* ---- life ---- */

int sound_files_start(const char *dir)
{
	if (strlen(dir) >= sizeof(files.dir))
		return ENAMETOOLONG;
	(void)snprintf(files.dir, sizeof(files.dir), "%s", dir);

	return worker_pool_alloc(&files.pool, THREADS, WORKS_MAX);
}

void sound_files_close(void)
{
	files.pool = mem_deref(files.pool);
}
