/* attempt.c - see attempt.h
 *
 * At most NAMES_MAX names are kept; a stranger who floods us with more makes
 * us forget the oldest, which helps him with none of the names he tries.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/libre.h"
#include "base/list.h"
#include "portal/attempt.h"

enum {
	NAMES_MAX = 8192,
	WINDOW_MS = 300000,
};

struct attempt {
	struct table_entry entry;
	struct le le; /* in order of their windows' begin */
	uint64_t begin_ms;
	uint32_t count;
	char name[200];
};

struct attempts {
	struct table table;
	struct list list;
};

static void attempt_free(struct attempts *a, struct attempt *at)
{
	table_remove(&a->table, &at->entry);
	list_unlink(&at->le);
	mem_deref(at);
}

static void attempts_destructor(void *data)
{
	struct attempts *a = data;

	while (a->list.head)
		attempt_free(a, a->list.head->data);
	table_close(&a->table);
}

int attempts_alloc(struct attempts **ap)
{
	struct attempts *a = mem_zalloc(sizeof(*a), attempts_destructor);
	int err;

	if (!a)
		return ENOMEM;
	err = table_init(&a->table, 64);
	if (err)
		mem_deref(a);
	else
		*ap = a;

	return err;
}

static struct attempt *find(const struct attempts *a, const char *name)
{
	struct table_entry *e = table_first(&a->table,
					    hash_span(0, span_of(name)));

	for (; e; e = table_next(e)) {
		struct attempt *at = CONTAINER_OF(e, struct attempt, entry);

		if (!strncmp(at->name, name, sizeof(at->name) - 1))
			return at;
	}

	return NULL;
}

bool attempt_take(struct attempts *a, const char *name, uint32_t max)
{
	uint64_t now = clock_mono_ms();
	struct attempt *at = find(a, name);

	if (at && now - at->begin_ms > WINDOW_MS) {
		attempt_free(a, at);
		at = NULL;
	}
	if (!at) {
		if (list_count(&a->list) >= NAMES_MAX)
			attempt_free(a, a->list.head->data);
		at = mem_zalloc(sizeof(*at), NULL);
		if (!at)
			return false;
		at->begin_ms = now;
		(void)snprintf(at->name, sizeof(at->name), "%s", name);
		table_add(&a->table, &at->entry, hash_span(0, span_of(name)));
		list_append(&a->list, &at->le, at);
	}
	if (at->count >= max)
		return false;
	at->count++;

	return true;
}

void attempt_clear(struct attempts *a, const char *name)
{
	struct attempt *at = find(a, name);

	if (at)
		attempt_free(a, at);
}

void attempt_return(struct attempts *a, const char *name)
{
	struct attempt *at = find(a, name);

	if (at && at->count)
		at->count--;
}
