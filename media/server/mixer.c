/* mixer.c - see mixer.h */
#include <stdio.h>

#include "media/server/mixer.h"
#include "media/tone.h"

struct member {
	struct le le;
	struct port *port;
	struct tap tap;
	bool is_muted;
	bool is_heard; /* in this tick */
	int16_t pcm[TONE_FRAME];
};

struct mixer {
	struct le le;
	char name[MIXER_NAME_MAX + 1];
	struct list members;
	struct list taps; /* struct tap: hear the sum */
	uint32_t count;
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

static void mix(void *arg)
{
	struct mixer *m = arg;
	int32_t sum[TONE_FRAME] = { 0 };
	int16_t out[TONE_FRAME];
	struct le *le;

	for (le = list_head(&m->members); le; le = le->next) {
		struct member *b = le->data;

		b->is_heard = tap_take(&b->tap, b->pcm, TONE_FRAME) &&
			      !b->is_muted;
		for (int i = 0; b->is_heard && i < TONE_FRAME; i++)
			sum[i] += b->pcm[i];
	}
	for (le = list_head(&m->members); le; le = le->next) {
		struct member *b = le->data;

		if (b->port->player)
			continue;
		for (int i = 0; i < TONE_FRAME; i++)
			out[i] = clip(sum[i] - (b->is_heard ? b->pcm[i] : 0));
		port_speak(b->port, out);
	}
	if (!list_head(&m->taps))
		return;
	for (int i = 0; i < TONE_FRAME; i++)
		out[i] = clip(sum[i]);
	for (le = list_head(&m->taps); le; le = le->next)
		tap_put(le->data, out, TONE_FRAME);
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
