/* recorder.c - see recorder.h
 *
 * The loop fills a buffer of a second; a full one goes to the thread as a
 * piece of work, in order, for there is one thread.  The file belongs to the
 * thread from the first piece to the last.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/worker.h"
#include "media/server/mixer.h"
#include "media/server/recorder.h"
#include "media/wav.h"

enum {
	QUEUE_MAX = 4096,
	PIECE_SAMPLES = CODEC_WIDE_HZ,
	QUIET_LEVEL = 200, /* mean amplitude below which it is silence */
};

/* What the thread works on. */
struct take {
	char path[600];
	char part[608]; /* while it is not whole */
	uint32_t rate_hz;
	struct wav_writer *writer;
	int err;
};

struct piece {
	struct recorder *recorder;
	size_t count;
	bool is_last;
	int16_t pcm[PIECE_SAMPLES];
};

struct recorder {
	struct le le;
	char name[RECORDER_NAME_MAX + 1];
	char file[RECORDER_FILE_MAX + 1];
	struct tap taps[RECORDER_PORTS_MAX];
	uint32_t tap_count;
	uint64_t limit;       /* samples */
	uint64_t quiet_limit; /* samples; 0 none */
	uint64_t quiet;       /* of silence at the end */
	uint64_t samples;
	uint32_t frame; /* samples of a tick */
	bool is_paused;
	const char *reason; /* set: it is over */
	struct piece *piece;
	struct tick tick;
	struct take take;
};

static struct {
	char dir[400];
	recorder_end_h *handler;
	struct worker_pool *pool;
	struct list all; /* until the file is whole */
} recorders;

static void recorder_destructor(void *data)
{
	struct recorder *r = data;

	tick_stop(&r->tick);
	for (uint32_t i = 0; i < r->tap_count; i++)
		port_untap(&r->taps[i]);
	list_unlink(&r->le);
	mem_deref(r->piece);
	mem_deref(r->take.writer);
}

/* ---- in the thread ---- */

static int make_whole(struct take *t)
{
	int err = wav_writer_close(t->writer);
	int fd = open(t->part, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err ? err : errno;
	if (fsync(fd) && !err)
		err = errno;
	(void)close(fd);
	if (!err && rename(t->part, t->path))
		err = errno;

	return err;
}

static void write_piece(void *arg)
{
	struct piece *pc = arg;
	struct take *t = &pc->recorder->take;

	if (!t->writer && !t->err)
		t->err = wav_writer_open(&t->writer, t->part, t->rate_hz);
	if (!t->err)
		t->err = wav_writer_add(t->writer, pc->pcm, pc->count);
	if (!pc->is_last)
		return;

	if (!t->err)
		t->err = make_whole(t);
	t->writer = mem_deref(t->writer);
	if (t->err)
		(void)unlink(t->part);
}

/* ---- in the loop ---- */

static void tell_end(const struct recorder *r)
{
	const struct recorder_end end = {
		.name = r->name,
		.file = r->file,
		.reason = r->take.err ? "error" : r->reason,
		.ms = r->samples * 1000 / r->take.rate_hz,
		.err = r->take.err,
	};

	if (r->take.err)
		log_warn("record", "%s: %s", r->file, strerror(r->take.err));
	recorders.handler(&end);
}

static void piece_written(void *arg)
{
	struct piece *pc = arg;
	struct recorder *r = pc->recorder;
	bool is_last = pc->is_last;

	mem_deref(pc);
	if (!is_last && r->take.err && !r->reason)
		recorder_stop(r, "error");
	if (is_last) {
		tell_end(r);
		mem_deref(r);
	}
}

static int new_piece(struct recorder *r)
{
	r->piece = mem_zalloc(sizeof(*r->piece), NULL);
	if (!r->piece)
		return ENOMEM;
	r->piece->recorder = r;

	return 0;
}

/* When the thread is far behind the disk is in trouble: this one ends, and
 * its piece is tried again at each tick. */
static bool pass_piece(struct recorder *r, bool is_last)
{
	struct piece *pc = r->piece;

	pc->is_last = is_last;
	if (worker_give(recorders.pool, write_piece, piece_written, pc))
		return false;
	r->piece = NULL;

	return true;
}

static void finish(void *arg)
{
	struct recorder *r = arg;

	if (!r->piece && new_piece(r))
		return; /* again at the next tick */
	if (pass_piece(r, true))
		tick_stop(&r->tick);
}

void recorder_stop(struct recorder *r, const char *reason)
{
	if (r->reason)
		return;

	r->reason = reason;
	for (uint32_t i = 0; i < r->tap_count; i++)
		port_untap(&r->taps[i]);
	tick_start(&r->tick, finish, r);
	finish(r);
}

static bool has_ports(const struct recorder *r)
{
	for (uint32_t i = 0; i < r->tap_count; i++) {
		if (r->taps[i].le.list)
			return true;
	}

	return false;
}

static bool is_quiet(const int16_t *pcm, uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += (uint64_t)abs(pcm[i]);

	return sum / count < QUIET_LEVEL;
}

static void record(void *arg)
{
	struct recorder *r = arg;
	int32_t sum[CODEC_FRAME_MAX] = { 0 };
	int16_t pcm[CODEC_FRAME_MAX];
	const uint32_t frame = r->frame;

	for (uint32_t i = 0; i < r->tap_count; i++) {
		(void)tap_take(&r->taps[i], pcm, frame);
		for (uint32_t k = 0; k < frame; k++)
			sum[k] += pcm[k];
	}
	if (!has_ports(r)) {
		recorder_stop(r, "port-closed");
		return;
	}
	if (r->is_paused)
		return;
	if (!r->piece && new_piece(r)) {
		recorder_stop(r, "error");
		return;
	}
	for (uint32_t k = 0; k < frame; k++)
		pcm[k] = (int16_t)max(min(sum[k], INT16_MAX), INT16_MIN);
	memcpy(r->piece->pcm + r->piece->count, pcm, frame * sizeof(*pcm));
	r->piece->count += frame;
	r->samples += frame;
	r->quiet = is_quiet(pcm, frame) ? r->quiet + frame : 0;

	if (r->samples >= r->limit)
		recorder_stop(r, "limit");
	else if (r->quiet_limit && r->quiet >= r->quiet_limit)
		recorder_stop(r, "silence");
	else if (r->piece->count + frame > PIECE_SAMPLES &&
		 !pass_piece(r, false))
		recorder_stop(r, "error");
}

static bool is_file_name(const char *name)
{
	size_t len = strlen(name);

	if (len < 5 || len > RECORDER_FILE_MAX ||
	    strcmp(name + len - 4, ".wav"))
		return false;
	for (const char *p = name; *p; p++) {
		bool is_first = p == name || p[-1] == '/';

		if ((unsigned char)*p < ' ' ||
		    (is_first && (*p == '.' || *p == '/')))
			return false;
	}

	return true;
}

/* As wide as what it hears now. */
static bool wants_wide(const struct recorder_begin *begin)
{
	bool is_wide = begin->mixer && mixer_is_wide(begin->mixer);

	for (uint32_t i = 0; i < begin->port_count; i++)
		is_wide = is_wide || port_is_wide(begin->ports[i]);

	return is_wide;
}

int recorder_start(const struct recorder_begin *begin)
{
	struct recorder *r;
	bool is_wide;
	int err = 0;

	if (!is_file_name(begin->file) ||
	    (!begin->port_count && !begin->mixer) ||
	    begin->port_count > RECORDER_PORTS_MAX || !begin->limit_s ||
	    begin->limit_s > RECORDER_LIMIT_MAX_S)
		return EINVAL;
	if (recorder_find(begin->name))
		return EEXIST;
	if (list_count(&recorders.all) >= RECORDERS_MAX)
		return ENOSPC;

	r = mem_zalloc(sizeof(*r), recorder_destructor);
	if (!r)
		return ENOMEM;
	(void)snprintf(r->name, sizeof(r->name), "%s", begin->name);
	(void)snprintf(r->file, sizeof(r->file), "%s", begin->file);
	(void)snprintf(r->take.path, sizeof(r->take.path), "%s/%s",
		       recorders.dir, begin->file);
	(void)snprintf(r->take.part, sizeof(r->take.part), "%s.part",
		       r->take.path);
	is_wide = wants_wide(begin);
	r->frame = is_wide ? CODEC_FRAME_MAX : CODEC_FRAME_MAX / 2;
	r->take.rate_hz = is_wide ? CODEC_WIDE_HZ : CODEC_NARROW_HZ;
	r->limit = (uint64_t)begin->limit_s * r->take.rate_hz;
	r->quiet_limit = (uint64_t)begin->silence_s * r->take.rate_hz;
	for (int i = 0; i < RECORDER_PORTS_MAX; i++)
		r->taps[i].is_wide = is_wide;
	for (uint32_t i = 0; !err && i < begin->port_count; i++) {
		err = port_tap(begin->ports[i], &r->taps[i]);
		if (!err)
			r->tap_count++;
	}
	if (err) {
		mem_deref(r);
		return err;
	}
	if (begin->mixer) {
		mixer_tap(begin->mixer, &r->taps[0]);
		r->tap_count = 1;
	}
	list_append(&recorders.all, &r->le, r);
	tick_start(&r->tick, record, r);

	return 0;
}

struct recorder *recorder_find(const char *name)
{
	struct le *le;

	for (le = list_head(&recorders.all); le; le = le->next) {
		struct recorder *r = le->data;

		if (!strcmp(r->name, name) && !r->reason)
			return r;
	}

	return NULL;
}

const struct list *recorder_list(void)
{
	return &recorders.all;
}

const char *recorder_name(const struct recorder *r)
{
	return r->name;
}

uint64_t recorder_samples(const struct recorder *r)
{
	return r->samples;
}

void recorder_pause(struct recorder *r, bool is_paused)
{
	r->is_paused = is_paused;
	r->quiet = 0;
}

int recorders_init(const char *dir, recorder_end_h *handler)
{
	if (strlen(dir) >= sizeof(recorders.dir))
		return ENAMETOOLONG;

	(void)snprintf(recorders.dir, sizeof(recorders.dir), "%s", dir);
	recorders.handler = handler;
	list_init(&recorders.all);
	return worker_pool_alloc(&recorders.pool, 1, QUEUE_MAX);
}

bool recorders_end(void)
{
	struct le *le;

	for (le = list_head(&recorders.all); le; le = le->next)
		recorder_stop(le->data, "stopped");

	return !list_head(&recorders.all);
}

void recorders_close(void)
{
	recorders.pool = mem_deref(recorders.pool);
	list_flush(&recorders.all);
}
