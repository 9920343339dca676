/* list.c - see list.h */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/list.h"

static uint64_t seed;

static void seed_once(void)
{
	while (!seed) {
		if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
			seed = (uint64_t)(uintptr_t)&seed | 1;
	}
}

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	h ^= h >> 32;
	return h;
}

/* Up to seven octets, each of them in it; their number is in the hash. */
static uint64_t last_word(struct span s)
{
	uint32_t a, b;

	if (s.len >= sizeof(a)) {
		memcpy(&a, s.p, sizeof(a));
		memcpy(&b, s.p + s.len - sizeof(b), sizeof(b));
		return (uint64_t)a << 32 | b;
	}
	if (!s.len)
		return 0;

	return (uint64_t)(uint8_t)s.p[0] << 16 |
	       (uint64_t)(uint8_t)s.p[s.len / 2] << 8 | (uint8_t)s.p[s.len - 1];
}

uint64_t hash_span(uint64_t chain, struct span s)
{
	uint64_t h;
	uint64_t word;

	seed_once();
	h = chain ^ seed ^ ((uint64_t)s.len << 56);

	while (s.len >= sizeof(word)) {
		memcpy(&word, s.p, sizeof(word));
		h = mix(h ^ word) * 0x9e3779b97f4a7c15ull;
		s.p += sizeof(word);
		s.len -= (uint32_t)sizeof(word);
	}

	return mix(h ^ last_word(s));
}

int table_init(struct table *t, uint32_t buckets)
{
	uint32_t size = 16;

	while (size < buckets && size < 1u << 30)
		size <<= 1;

	t->buckets = calloc(size, sizeof(t->buckets[0]));
	if (!t->buckets)
		return ENOMEM;

	t->mask = size - 1;
	t->count = 0;
	return 0;
}

static void link_entry(struct table *t, struct table_entry *e)
{
	struct table_entry **head = &t->buckets[e->key & t->mask];

	e->next = *head;
	e->prevp = head;
	if (*head)
		(*head)->prevp = &e->next;
	*head = e;
}

/* Twice the buckets once entries outnumber them; on ENOMEM chains just grow. */
static void grow(struct table *t)
{
	struct table bigger = { 0 };

	if (table_init(&bigger, (t->mask + 1) * 2))
		return;

	for (uint32_t i = 0; i <= t->mask; i++) {
		while (t->buckets[i]) {
			struct table_entry *e = t->buckets[i];

			t->buckets[i] = e->next;
			link_entry(&bigger, e);
		}
	}

	free(t->buckets);
	t->buckets = bigger.buckets;
	t->mask = bigger.mask;
}

void table_close(struct table *t)
{
	for (uint32_t i = 0; t->buckets && i <= t->mask; i++) {
		struct table_entry *next;

		for (struct table_entry *e = t->buckets[i]; e; e = next) {
			next = e->next;
			e->prevp = NULL;
			e->next = NULL;
		}
	}

	free(t->buckets);
	t->buckets = NULL;
	t->count = 0;
}

void table_add(struct table *t, struct table_entry *e, uint64_t key)
{
	if (t->count > t->mask)
		grow(t);

	e->key = key;
	link_entry(t, e);
	t->count++;
}

void table_remove(struct table *t, struct table_entry *e)
{
	if (!e->prevp)
		return;

	*e->prevp = e->next;
	if (e->next)
		e->next->prevp = e->prevp;
	e->prevp = NULL;
	e->next = NULL;
	t->count--;
}

struct table_entry *table_first(const struct table *t, uint64_t key)
{
	struct table_entry *e = t->buckets ? t->buckets[key & t->mask] : NULL;

	while (e && e->key != key)
		e = e->next;

	return e;
}

struct table_entry *table_next(const struct table_entry *e)
{
	const struct table_entry *n = e->next;

	while (n && n->key != e->key)
		n = n->next;

	return (struct table_entry *)n;
}
