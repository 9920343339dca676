/* key.c - see key.h */
#include <stdio.h>

#include "base/json.h"
#include "phone/engine.h"
#include "phone/key.h"
#include "phone/subscribe.h"
#include "phone/watch.h"

enum { DOCUMENT_MAX = 65536 };

struct key_table {
	struct engine *e;
	struct subscribe *subscription;
	json_t *document; /* the last one, or NULL */
};

static void key_destructor(void *data)
{
	struct key_table *t = data;

	mem_deref(t->subscription);
	json_decref(t->document);
}

static const json_t *items_of(const json_t *document)
{
	return json_object_get(document, "items");
}

/* The number whose lamp a key shows, or NULL. */
static const char *lamp_of(const json_t *key)
{
	const char *function = json_get_text(key, "function");

	return function && !strcmp(function, "blf")
		       ? json_get_text(key, "number")
		       : NULL;
}

static bool has_lamp(const json_t *document, const char *number)
{
	json_t *key;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)items_of(document), i, key)
	{
		const char *lamp = lamp_of(key);

		if (lamp && !strcmp(lamp, number))
			return true;
	}

	return false;
}

/* ---- what is told ---- */

static void watch_anew(struct key_table *t, json_t *old, json_t *document)
{
	json_t *key;
	size_t i;

	json_array_foreach(items_of(old), i, key)
	{
		const char *lamp = lamp_of(key);

		if (lamp && !has_lamp(document, lamp))
			(void)watch_remove(t->e, lamp, true);
	}
	json_array_foreach(items_of(document), i, key)
	{
		const char *lamp = lamp_of(key);

		if (lamp && !has_lamp(old, lamp))
			(void)watch_add(t->e, lamp, true);
	}
}

static bool told(struct span body, void *arg)
{
	struct key_table *t = arg;
	json_t *document = NULL, *old = t->document;

	if (json_read(&document, body, DOCUMENT_MAX, NULL))
		return true; /* none that we know: asking anew will not help */
	if (!json_is_array(items_of(document)) || json_equal(document, old)) {
		json_decref(document);
		return true;
	}

	t->document = document;
	watch_anew(t, old, document);
	json_decref(old);
	engine_event(t->e, json_pack("{s:s, s:o}", "event", "keys", "items",
				     key_list(t)));

	return true;
}

/* Keys stay as they were last said to be; their lamps are watched by
 * subscriptions of their own. */
static void lost(const char *reason, void *arg)
{
	(void)reason;
	(void)arg;
}

static const struct subscribe_kind kind = {
	.package = "ua-profile",
	.type = "application/json",
	.told = told,
	.lost = lost,
};

int key_start(struct key_table **kp, struct engine *e)
{
	struct key_table *t = mem_zalloc(sizeof(*t), key_destructor);
	int err;

	if (!t)
		return ENOMEM;
	t->e = e;
	err = subscribe_alloc(&t->subscription, e, &kind, e->account->sip_user,
			      t);
	if (err)
		mem_deref(t);
	else
		*kp = t;

	return err;
}

/* ---- asked ---- */

json_t *key_list(const struct key_table *t)
{
	json_t *items = json_array(), *key;
	size_t i;

	json_array_foreach(items_of(t->document), i, key)
	{
		const char *lamp = lamp_of(key);
		const struct watch *w = lamp ? watch_find(t->e, lamp) : NULL;
		json_t *item = json_copy(key);

		(void)json_object_set_new(
			item, "state",
			w ? json_string(watch_state_name(watch_state(w)))
			  : json_null());
		(void)json_array_append_new(items, item);
	}
	watch_list(t->e, items);

	return items;
}

static char *text_of(const char *a, const char *b)
{
	char *text = NULL;

	return re_sdprintf(&text, "%s%s", a, b) ? NULL : text;
}

char *key_pickup(const struct key_table *t, const char *number)
{
	const char *code = json_get_text(t->document, "pickup");

	return code ? text_of(code, number) : NULL;
}

char *key_dials(const struct key_table *t, unsigned number)
{
	json_t *key;
	size_t i;

	json_array_foreach(items_of(t->document), i, key)
	{
		const char *dial = json_get_text(key, "dial");
		const char *lamp = lamp_of(key);
		const struct watch *w = lamp ? watch_find(t->e, lamp) : NULL;

		if (json_get_int(key, "key", 0) != number)
			continue;
		if (w && watch_state(w) == WATCH_RINGING)
			return key_pickup(t, lamp);
		return dial && *dial ? text_of(dial, "") : NULL;
	}

	return NULL;
}
