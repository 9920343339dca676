/* mixer.c - see mixer.h */
#include <stdio.h>

#include "media/server/mixer.h"

struct member {
	struct le le;
	struct port *port;
	struct tap tap;
	bool is_muted;
	bool is_heard; /* in this tick */
	int16_t pcm[CODEC_FRAME_MAX];
};

struct mixer {
	struct le le;
	char name[MIXER_NAME_MAX + 1];
	struct list members;
	struct list taps; /* struct tap: hear the sum */
	uint32_t count;
	bool is_wide;          /* as the widest of its members */
	struct resample other; /* for taps of the other rate */
	struct tick tick;
};

static struct list mixers;

static void member_destructor(void *data)
{
	struct member *b = data;

	port_untap(&b->tap);
	list_unlink(&b->le);
	if (b->port)
		b->port->mixer = NULL;
}

static void mixer_destructor(void *data)
{
	struct mixer *m = data;

	tick_stop(&m->tick);
	list_flush(&m->members);
	while (list_head(&m->taps))
		port_untap(list_head(&m->taps)->data);
	list_unlink(&m->le);
}

static int16_t clip(int32_t v)
{
	return (int16_t)(v > INT16_MAX   ? INT16_MAX
			 : v < INT16_MIN ? INT16_MIN
					 : v);
}

static void feed_taps(struct mixer *m, const int16_t *pcm, int frame)
{
	int16_t other[CODEC_FRAME_MAX];
	size_t other_count = 0;
	struct le *le;

	for (le = list_head(&m->taps); le; le = le->next) {
		struct tap *t = le->data;

		if (t->is_wide == m->is_wide) {
			tap_put(t, pcm, (size_t)frame);
			continue;
		}
		if (!other_count && m->is_wide)
			resample_down(&m->other, other, pcm, (size_t)frame);
		else if (!other_count)
			resample_up(&m->other, other, pcm, (size_t)frame);
		other_count = t->is_wide ? CODEC_FRAME_MAX
					 : CODEC_FRAME_MAX / 2;
		tap_put(t, other, other_count);
	}
}

/* Wide while any member is. */
static void choose_rate(struct mixer *m)
{
	struct le *le;

	m->is_wide = false;
	for (le = list_head(&m->members); le && !m->is_wide; le = le->next)
		m->is_wide = port_is_wide(((struct member *)le->data)->port);
	for (le = list_head(&m->members); le; le = le->next)
		tap_set_wide(&((struct member *)le->data)->tap, m->is_wide);
}

static void mix(void *arg)
{
	struct mixer *m = arg;
	int32_t sum[CODEC_FRAME_MAX] = { 0 };
	int16_t out[CODEC_FRAME_MAX];
	struct le *le;
	int frame;

	choose_rate(m);
	frame = m->is_wide ? CODEC_FRAME_MAX : CODEC_FRAME_MAX / 2;
	for (le = list_head(&m->members); le; le = le->next) {
		struct member *b = le->data;

		b->is_heard = tap_take(&b->tap, b->pcm, (size_t)frame) &&
			      !b->is_muted;
		for (int i = 0; b->is_heard && i < frame; i++)
			sum[i] += b->pcm[i];
	}
	for (le = list_head(&m->members); le; le = le->next) {
		struct member *b = le->data;

		if (b->port->player)
			continue;
		for (int i = 0; i < frame; i++)
			out[i] = clip(sum[i] - (b->is_heard ? b->pcm[i] : 0));
		port_speak(b->port, out, m->is_wide);
	}
	if (!list_head(&m->taps))
		return;
	for (int i = 0; i < frame; i++)
		out[i] = clip(sum[i]);
	feed_taps(m, out, frame);
}

struct mixer *mixer_find(const char *name)
{
	struct le *le;

	for (le = list_head(&mixers); le; le = le->next) {
		struct mixer *m = le->data;

		if (!strcmp(m->name, name))
			return m;
	}

	return NULL;
}

int mixer_open(struct mixer **mp, const char *name)
{
	struct mixer *m;

	if (mixer_find(name))
		return EEXIST;
	if (list_count(&mixers) >= MIXERS_MAX)
		return ENOSPC;

	m = mem_zalloc(sizeof(*m), mixer_destructor);
	if (!m)
		return ENOMEM;
	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	list_append(&mixers, &m->le, m);
	tick_start(&m->tick, mix, m);
	*mp = m;

	return 0;
}

void mixer_close(struct mixer *m)
{
	mem_deref(m);
}

void mixers_close(void)
{
	list_flush(&mixers);
}

const struct list *mixer_list(void)
{
	return &mixers;
}

bool mixer_is_wide(const struct mixer *m)
{
	return m->is_wide;
}

const char *mixer_name(const struct mixer *m)
{
	return m->name;
}

uint32_t mixer_count(const struct mixer *m)
{
	return m->count;
}

static struct member *member_of(const struct mixer *m, const struct port *p)
{
	struct le *le;

	for (le = list_head(&m->members); le; le = le->next) {
		struct member *b = le->data;

		if (b->port == p)
			return b;
	}

	return NULL;
}

int mixer_add(struct mixer *m, struct port *p, bool is_muted)
{
	struct member *b = member_of(m, p);
	int err;

	if (b) {
		b->is_muted = is_muted;
		return 0;
	}
	if (m->count >= MIXER_MEMBERS_MAX)
		return ENOSPC;

	b = mem_zalloc(sizeof(*b), member_destructor);
	if (!b)
		return ENOMEM;
	err = port_tap(p, &b->tap);
	if (err) {
		mem_deref(b);
		return err;
	}
	if (p->mixer)
		mixer_remove(p->mixer, p);
	b->port = p;
	b->is_muted = is_muted;
	list_append(&m->members, &b->le, b);
	m->count++;
	p->mixer = m;
	choose_rate(m);
	p->has_talked = false;

	return 0;
}

void mixer_remove(struct mixer *m, struct port *p)
{
	struct member *b = member_of(m, p);

	if (!b)
		return;
	m->count--;
	mem_deref(b);
}

void mixer_tap(struct mixer *m, struct tap *t)
{
	list_append(&m->taps, &t->le, t);
}
