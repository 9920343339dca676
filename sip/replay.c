/* replay.c - see replay.h */
#include <errno.h>

#include "base/libre.h"
#include "sip/replay.h"

enum {
	ENTRIES_MIN = 256,
	ENTRIES_MAX = 1 << 21,
};

static int table_make(struct replay_table *t, uint32_t size)
{
	t->entries = mem_zalloc(size * sizeof(*t->entries), NULL);
	if (!t->entries)
		return ENOMEM;
	t->mask = size - 1;
	t->count = 0;
	return 0;
}

/* Its entry, or the free one where it would be */
static struct replay_entry *slot(const struct replay_table *t, uint64_t key)
{
	uint32_t i = (uint32_t)key & t->mask;

	while (t->entries[i].key && t->entries[i].key != key)
		i = (i + 1) & t->mask;

	return &t->entries[i];
}

static int grow(struct replay_table *t)
{
	struct replay_table bigger;
	uint32_t size = (t->mask + 1) * 2;

	if (size > ENTRIES_MAX || table_make(&bigger, size))
		return ENOMEM;
	for (uint32_t i = 0; i <= t->mask; i++) {
		if (t->entries[i].key)
			*slot(&bigger, t->entries[i].key) = t->entries[i];
	}
	bigger.count = t->count;
	mem_deref(t->entries);
	*t = bigger;
	return 0;
}

static void table_clear(struct replay_table *t)
{
	memset(t->entries, 0, (t->mask + 1) * sizeof(*t->entries));
	t->count = 0;
}

/* One life has passed: forget the one before it */
static void turn(struct replay *r, uint64_t now_ms)
{
	struct replay_table old = r->before;

	if (now_ms - r->started_ms < r->life_ms)
		return;
	if (now_ms - r->started_ms >= 2 * r->life_ms)
		table_clear(&r->now);

	r->before = r->now;
	r->now = old;
	table_clear(&r->now);
	r->started_ms = now_ms;
}

int replay_init(struct replay *r, uint64_t life_ms, uint64_t now_ms)
{
	int err;

	memset(r, 0, sizeof(*r));
	r->life_ms = life_ms;
	r->started_ms = now_ms;
	err = table_make(&r->now, ENTRIES_MIN);
	if (!err)
		err = table_make(&r->before, ENTRIES_MIN);

	return err;
}

void replay_close(struct replay *r)
{
	r->now.entries = mem_deref(r->now.entries);
	r->before.entries = mem_deref(r->before.entries);
}

bool replay_use(struct replay *r, uint64_t key, uint32_t nc, uint64_t now_ms)
{
	struct replay_entry *e, *old;

	key = key ? key : 1;
	turn(r, now_ms);
	old = slot(&r->before, key);
	if (old->key && nc <= old->nc)
		return false;

	e = slot(&r->now, key);
	if (e->key) {
		if (nc <= e->nc)
			return false;
		e->nc = nc;
		return true;
	}
	if ((r->now.count + 1) * 4 > (r->now.mask + 1) * 3) {
		if (grow(&r->now))
			return false;
		e = slot(&r->now, key);
	}
	e->key = key;
	e->nc = nc;
	r->now.count++;
	return true;
}
