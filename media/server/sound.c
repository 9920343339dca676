/* sound.c - see sound.h
 *
 * Every request is a piece of work for the thread: it makes or reads the
 * sound unless the cache has it unchanged, which the thread sees by the
 * file's time and size.  The cache itself belongs to the loop.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/libre.h"
#include "base/worker.h"
#include "media/server/sound.h"
#include "media/tone.h"
#include "media/wav.h"

enum {
	QUEUE_MAX = 1024,
	NOTE_SAMPLES = 4800, /* 600 ms */
	CADENCE_SAMPLES = 6 * TONE_RATE_HZ,
	SIGN_SAMPLES = 1600, /* each of a sign's two tones */
};

/* Somebody has joined or left, a page begins, this is recorded, somebody
 * waits. */
static const struct {
	const char *name;
	double hz[2];
} signs[] = {
	{ "joined", { 600, 800 } },  { "left", { 800, 600 } },
	{ "page", { 1200, 1200 } },  { "recording", { 1400, 1400 } },
	{ "camp-on", { 440, 440 } },
};

struct sound {
	struct le le; /* in the cache */
	char name[SOUND_NAME_MAX + 1];
	struct wav *wav;
	struct timespec changed; /* of its file */
	off_t bytes;
};

struct request {
	char name[SOUND_NAME_MAX + 1];
	char path[600];
	sound_h *handler;
	void *arg;
	struct timespec had_changed; /* what the cache has */
	off_t had_bytes;
	bool has;
	/* the thread's answer */
	struct timespec changed;
	off_t bytes;
	struct wav *wav; /* NULL: as the cache has it */
	int err;
};

static struct {
	char dir[400];
	struct worker_pool *pool;
	struct list cache; /* the last used comes last */
	size_t octets;
} sounds;

static void wav_destructor(void *data)
{
	struct wav *w = data;

	mem_deref(w->pcm);
	mem_deref(w->wide);
}

static void sound_destructor(void *data)
{
	struct sound *s = data;

	mem_deref(s->wav);
}

static struct wav *wav_make(size_t count)
{
	struct wav *w = mem_zalloc(sizeof(*w), wav_destructor);

	if (!w)
		return NULL;
	w->pcm = mem_zalloc(count * sizeof(*w->pcm), NULL);
	w->count = count;

	return w->pcm ? w : mem_deref(w);
}

/* ---- what needs no file ---- */

/* Six chords, each of three strings that fade: nobody takes it for a tone. */
static struct wav *make_melody(void)
{
	static const double chords[][3] = {
		{ 261.6, 329.6, 392.0 }, { 220.0, 261.6, 329.6 },
		{ 349.2, 440.0, 523.3 }, { 293.7, 349.2, 440.0 },
		{ 392.0, 493.9, 587.3 }, { 329.6, 392.0, 493.9 },
	};
	static const double octaves[] = { 1, 2, 1.5, 2 };
	size_t notes = ARRAY_SIZE(chords) * ARRAY_SIZE(octaves);
	struct wav *w = wav_make(notes * NOTE_SAMPLES);

	for (size_t i = 0; w && i < w->count; i++) {
		size_t note = i / NOTE_SAMPLES, k = i % NOTE_SAMPLES;
		const double *chord = chords[note / ARRAY_SIZE(octaves)];
		double t = (double)k / TONE_RATE_HZ, v = 0;
		double rise = k < 80 ? (double)k / 80 : 1;

		for (int n = 0; n < 3; n++)
			v += sin(2 * M_PI * chord[n] *
				 octaves[note % ARRAY_SIZE(octaves)] * t);
		w->pcm[i] = (int16_t)(2800 * v * rise * exp(-1.2 * t));
	}

	return w;
}

static struct wav *make_tone(const struct tone_spec *spec, size_t count)
{
	struct wav *w = wav_make(count);
	struct tone_gen gen;

	if (w) {
		tone_gen_init(&gen, spec);
		tone_gen_make(&gen, w->pcm, w->count);
	}

	return w;
}

static struct wav *make_sign(const double hz[2])
{
	struct wav *w = wav_make(2 * SIGN_SAMPLES);
	struct tone_gen gen;

	for (int i = 0; w && i < 2; i++) {
		struct tone_spec spec = { .level = TONE_LEVEL,
					  .hz = { hz[i] } };

		tone_gen_init(&gen, &spec);
		tone_gen_make(&gen, w->pcm + i * SIGN_SAMPLES, SIGN_SAMPLES);
	}

	return w;
}

static int find_sign(const char *name)
{
	for (int i = 0; i < (int)ARRAY_SIZE(signs); i++) {
		if (!strcmp(signs[i].name, name))
			return i;
	}

	return -1;
}

/* A sound that is made; NULL without memory.  EINVAL: it is no such name. */
static int make(struct wav **wp, const char *name)
{
	struct tone_spec spec = { .level = TONE_LEVEL };

	if (!strcmp(name, "melody")) {
		*wp = make_melody();
	}
	else if (!strcmp(name, "ringback")) {
		*wp = make_tone(&tone_ringback, CADENCE_SAMPLES);
	}
	else if (!strcmp(name, "busy")) {
		*wp = make_tone(&tone_busy, TONE_RATE_HZ);
	}
	else if (!strncmp(name, "tone:", 5)) {
		spec.hz[0] = (double)strtoul(name + 5, NULL, 10);
		if (spec.hz[0] < TONE_MIN_HZ || spec.hz[0] > TONE_MAX_HZ)
			return EINVAL;
		*wp = make_tone(&spec, TONE_RATE_HZ);
	}
	else if (find_sign(name) >= 0) {
		*wp = make_sign(signs[find_sign(name)].hz);
	}
	else {
		return EINVAL;
	}

	return *wp ? 0 : ENOMEM;
}

static bool is_made(const char *name)
{
	return !strcmp(name, "melody") || !strcmp(name, "ringback") ||
	       !strcmp(name, "busy") || !strncmp(name, "tone:", 5) ||
	       find_sign(name) >= 0;
}

/* Below our folder, and nothing hidden. */
static bool is_file_name(const char *name)
{
	size_t len = strlen(name);

	if (len < 5 || strcmp(name + len - 4, ".wav") || name[0] == '/')
		return false;
	for (const char *p = name; *p; p++) {
		bool is_first = p == name || p[-1] == '/';

		if ((unsigned char)*p < ' ' || (is_first && *p == '.') ||
		    (is_first && *p == '/'))
			return false;
	}

	return true;
}

/* ---- in the thread ---- */

static bool is_unchanged(const struct request *r, const struct stat *st)
{
	return r->has && st->st_size == r->had_bytes &&
	       st->st_mtim.tv_sec == r->had_changed.tv_sec &&
	       st->st_mtim.tv_nsec == r->had_changed.tv_nsec;
}

static void work(void *arg)
{
	struct request *r = arg;
	struct stat st;

	if (is_made(r->name)) {
		if (!r->has)
			r->err = make(&r->wav, r->name);
		return;
	}
	if (stat(r->path, &st)) {
		r->err = errno;
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		r->err = ENOENT;
		return;
	}
	if (st.st_size > SOUND_FILE_MAX_BYTES) {
		r->err = EFBIG;
		return;
	}
	r->changed = st.st_mtim;
	r->bytes = st.st_size;
	if (!is_unchanged(r, &st))
		r->err = wav_load(&r->wav, r->path, NULL);
}

/* ---- in the loop ---- */

static struct sound *cached(const char *name)
{
	struct le *le;

	for (le = list_head(&sounds.cache); le; le = le->next) {
		struct sound *s = le->data;

		if (!strcmp(s->name, name))
			return s;
	}

	return NULL;
}

static size_t octets_of(const struct wav *w)
{
	return w->count * sizeof(*w->pcm) * (w->wide ? 3 : 1);
}

static void uncache(struct sound *s)
{
	sounds.octets -= octets_of(s->wav);
	list_unlink(&s->le);
	mem_deref(s);
}

/* Take what the thread read into the cache; the oldest make room. */
static struct sound *keep(struct request *r)
{
	size_t octets = octets_of(r->wav);
	struct sound *old = cached(r->name), *s;

	if (old)
		uncache(old);
	while (sounds.octets + octets > SOUND_CACHE_MAX &&
	       list_head(&sounds.cache))
		uncache(list_head(&sounds.cache)->data);

	s = mem_zalloc(sizeof(*s), sound_destructor);
	if (!s)
		return NULL;
	memcpy(s->name, r->name, sizeof(s->name));
	s->changed = r->changed;
	s->bytes = r->bytes;
	s->wav = mem_ref(r->wav);
	sounds.octets += octets;
	list_append(&sounds.cache, &s->le, s);

	return s;
}

static void done(void *arg)
{
	struct request *r = arg;
	struct sound *s = NULL;

	if (!r->err) {
		s = r->wav ? keep(r) : cached(r->name);
		if (!s)
			r->err = r->wav ? ENOMEM : EAGAIN;
	}
	r->handler(s, r->err, r->arg);
	mem_deref(r);
}

static void request_destructor(void *data)
{
	struct request *r = data;

	mem_deref(r->wav);
	mem_deref(r->arg);
}

int sound_get(const char *name, sound_h *handler, void *arg)
{
	const struct sound *s;
	struct request *r;
	int err;

	if (strlen(name) > SOUND_NAME_MAX ||
	    (!is_made(name) && !is_file_name(name)))
		return EINVAL;

	r = mem_zalloc(sizeof(*r), request_destructor);
	if (!r)
		return ENOMEM;
	(void)snprintf(r->name, sizeof(r->name), "%s", name);
	(void)snprintf(r->path, sizeof(r->path), "%s/%s", sounds.dir, name);
	r->handler = handler;
	s = cached(name);
	if (s) {
		r->has = true;
		r->had_changed = s->changed;
		r->had_bytes = s->bytes;
	}
	err = worker_give(sounds.pool, work, done, r);
	if (err)
		mem_deref(r);
	else
		r->arg = arg;

	return err;
}

int sounds_init(const char *dir)
{
	if (strlen(dir) >= sizeof(sounds.dir))
		return ENAMETOOLONG;

	(void)snprintf(sounds.dir, sizeof(sounds.dir), "%s", dir);
	list_init(&sounds.cache);
	return worker_pool_alloc(&sounds.pool, 1, QUEUE_MAX);
}

void sounds_close(void)
{
	sounds.pool = mem_deref(sounds.pool);
	while (list_head(&sounds.cache))
		uncache(list_head(&sounds.cache)->data);
}

const char *sound_name(const struct sound *s)
{
	return s->name;
}

const int16_t *sound_wide(const struct sound *s)
{
	return s->wav->wide;
}

const int16_t *sound_pcm(const struct sound *s, size_t *countp)
{
	*countp = s->wav->count;
	return s->wav->pcm;
}
