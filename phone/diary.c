/* diary.c - see diary.h */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "phone/cache.h"
#include "phone/call.h"
#include "phone/engine.h"
#include "phone/file.h"
#include "phone/diary.h"

enum { DIARY_BYTES_MAX = 1024 * 1024, DIARY_BOTH_MAX = 2 * DIARY_MAX };

struct diary {
	char path[ENGINE_PATH_MAX];
	struct cache *cache; /* keeps the server's list */
	json_t *notes;       /* array, oldest first */
};

static void diary_destructor(void *data)
{
	struct diary *j = data;

	json_decref(j->notes);
}

static void save(struct diary *j)
{
	size_t length = 0;
	char *text = json_text(j->notes, &length);
	int err = text ? file_replace(j->path, text, length) : ENOMEM;

	if (err)
		log_warn("diary", "%s: %s", j->path, strerror(err));
	mem_deref(text);
}

int diary_open(struct diary **jp, const char *dir, struct cache *cache)
{
	struct diary *j;
	struct mbuf *mb = NULL;

	j = mem_zalloc(sizeof(*j), diary_destructor);
	if (!j)
		return ENOMEM;

	j->cache = cache;
	snprintf(j->path, sizeof(j->path), "%s/diary.json", dir);
	if (!file_read(&mb, j->path, DIARY_BYTES_MAX)) {
		struct span text = { (char *)mb->buf, (uint32_t)mb->end };

		(void)json_read(&j->notes, text, DIARY_BYTES_MAX, NULL);
		mem_deref(mb);
	}
	if (!json_is_array(j->notes)) {
		json_decref(j->notes);
		j->notes = json_array();
	}
	if (!j->notes) {
		mem_deref(j);
		return ENOMEM;
	}

	*jp = j;
	return 0;
}

/* ---- the phone's own notes ---- */

static const char *result_of(const struct call *c, const char *reason)
{
	if (c->answered_ms)
		return "answered";
	if (c->is_outgoing)
		return !strcmp(reason, "hangup") ? "cancelled" : reason;
	if (!strcmp(reason, "cancelled") || !strcmp(reason, "no-answer"))
		return "missed";

	return reason;
}

void diary_add(struct diary *j, const struct call *c, const char *reason)
{
	uint64_t now = clock_wall_ms();
	char id[ID_SIZE];
	json_t *note;

	id_make(id);
	note = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:I, s:I, s:b}", "id",
		id, "call", c->session_remote, "direction",
		c->is_outgoing ? "outgoing" : "incoming", "result",
		result_of(c, reason), "peer_number", c->peer, "peer_name",
		c->name, "started_ms", (json_int_t)c->began_ms, "answered_ms",
		c->answered_ms ? json_integer((json_int_t)c->answered_ms)
			       : json_null(),
		"ended_ms", (json_int_t)now, "duration_s",
		(json_int_t)(c->answered_ms ? (now - c->answered_ms) / 1000
					    : 0),
		"is_local", true);
	if (!note || json_array_append_new(j->notes, note))
		return;
	while (json_array_size(j->notes) > DIARY_MAX)
		json_array_remove(j->notes, 0);
	save(j);
}

/* ---- the server's ---- */

static bool is_same_call(const json_t *a, const json_t *b)
{
	const char *way_a = json_get_text(a, "direction");
	const char *way_b = json_get_text(b, "direction");
	const char *peer_a = json_get_text(a, "peer_number");
	const char *peer_b = json_get_text(b, "peer_number");
	const char *call_a = json_get_text(a, "call");
	const char *call_b = json_get_text(b, "call");
	int64_t apart = json_get_int(a, "started_ms", 0) -
			json_get_int(b, "started_ms", 0);

	/* the pbx tells its call's id in Session-ID (design.md 4.12) */
	if (call_a && call_b && strspn(call_a, "0") < strlen(call_a))
		return !strcmp(call_a, call_b);
	if (!way_a || !way_b || !peer_a || !peer_b)
		return false;

	return !strcmp(way_a, way_b) && !strcmp(peer_a, peer_b) &&
	       llabs(apart) <= DIARY_MATCH_MS;
}

static void forget_known(struct diary *j, const json_t *items)
{
	size_t before = json_array_size(j->notes);
	json_t *item;
	size_t i;

	json_array_foreach(items, i, item)
	{
		for (size_t k = 0; k < json_array_size(j->notes); k++) {
			if (!is_same_call(json_array_get(j->notes, k), item))
				continue;
			json_array_remove(j->notes, k);
			break;
		}
	}
	if (json_array_size(j->notes) != before)
		save(j);
}

void diary_server_list(struct diary *j, const json_t *items)
{
	if (!json_is_array(items))
		return;
	cache_set(j->cache, "history", json_deep_copy(items));
	forget_known(j, items);
}

void diary_server_entry(struct diary *j, const json_t *item)
{
	const char *id = json_get_text(item, "id");
	json_t *known = cache_get(j->cache, "history");
	json_t *list = json_array();
	json_t *other;
	size_t i;

	if (!list || !id)
		goto out;
	json_array_append_new(list, json_deep_copy(item));
	json_array_foreach(known, i, other)
	{
		const char *other_id = json_get_text(other, "id");

		if (json_array_size(list) < DIARY_MAX && other_id &&
		    strcmp(other_id, id) != 0)
			json_array_append(list, other);
	}
	diary_server_list(j, list);

out:
	json_decref(list);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = json_get_int(*(json_t *const *)a, "started_ms", 0);
	int64_t y = json_get_int(*(json_t *const *)b, "started_ms", 0);

	return x < y ? 1 : x > y ? -1 : 0;
}

json_t *diary_list(const struct diary *j)
{
	json_t *all[DIARY_BOTH_MAX];
	json_t *known = cache_get(j->cache, "history");
	json_t *list = json_array(), *item;
	size_t count = 0, i;

	json_array_foreach(known, i, item)
	{
		if (count < DIARY_MAX)
			all[count++] = item;
	}
	json_array_foreach(j->notes, i, item)
	{
		if (count < DIARY_BOTH_MAX)
			all[count++] = item;
	}
	qsort(all, count, sizeof(json_t *),
	      by_time); // NOLINT(bugprone-sizeof-expression)
	for (i = 0; list && i < count; i++)
		json_array_append(list, all[i]);

	return list;
}
