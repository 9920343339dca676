/* klass.c - see klass.h */
#include "base/json.h"
#include "pbx/route/klass.h"
#include "pbx/route/mode.h"

static void destructor(void *data)
{
	struct klass *k = data;

	json_decref(k->object);
	mem_deref(k->more);
}

struct klass *klass_find(const struct table *t, const char *id)
{
	struct table_entry *e;

	if (!id[0] || !t->count)
		return NULL;

	e = table_first(t, hash_span(0, span_of(id)));
	for (; e; e = table_next(e)) {
		struct klass *k = CONTAINER_OF(e, struct klass, by_id);

		if (!strcmp(k->id, id))
			return k;
	}

	return NULL;
}

struct klass *klass_now(const struct table *t, const struct customer *c,
			const char ids[][DIRECTORY_ID_SIZE])
{
	enum service_mode mode;
	struct klass *k;

	if (!t->count)
		return NULL;
	mode = c ? mode_now(c) : MODE_DAY;
	k = klass_find(t, ids[mode]);

	return k ? k : klass_find(t, ids[MODE_DAY]);
}

void klass_remove(struct table *t, const char *id)
{
	struct klass *k = klass_find(t, id);

	if (!k)
		return;

	table_remove(t, &k->by_id);
	mem_deref(k);
}

int klass_take(struct table *t, json_t *object, void *more)
{
	const char *id = json_get_text(object, "id");
	struct klass *k;

	k = id && strlen(id) < sizeof(k->id)
		    ? mem_zalloc(sizeof(*k), destructor)
		    : NULL;
	if (!k) {
		mem_deref(more);
		return id ? ENOMEM : EINVAL;
	}

	klass_remove(t, id);
	memcpy(k->id, id, strlen(id) + 1);
	k->object = json_incref(object);
	k->more = more;
	table_add(t, &k->by_id, hash_span(0, span_of(k->id)));

	return 0;
}

void klass_close(struct table *t)
{
	for (uint32_t i = 0; t->buckets && i <= t->mask; i++) {
		while (t->buckets[i]) {
			struct klass *k = CONTAINER_OF(t->buckets[i],
						       struct klass, by_id);

			table_remove(t, &k->by_id);
			mem_deref(k);
		}
	}
	table_close(t);
}
