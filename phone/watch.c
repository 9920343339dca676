/* watch.c - see watch.h */
#include <stdio.h>

#include "phone/dialog_info.h"
#include "phone/engine.h"
#include "phone/subscribe.h"
#include "phone/watch.h"

struct watch {
	struct le le; /* in the engine's */
	struct engine *e;
	char number[WATCH_NUMBER_MAX + 1];
	bool is_for_key;
	bool is_for_user;
	struct subscribe *subscription;
	bool has_full; /* the whole state has come */
	uint32_t version;
	uint32_t count;
	struct dialog_info_dialog dialog[DIALOG_INFO_MAX];

	enum watch_state state; /* as told */
	char peer[DIALOG_INFO_PEER_SIZE];
	char name[DIALOG_INFO_PEER_SIZE];
	const char *reason; /* why it is unknown, else NULL */
};

static void watch_destructor(void *data)
{
	struct watch *w = data;

	list_unlink(&w->le);
	mem_deref(w->subscription);
}

const char *watch_state_name(enum watch_state state)
{
	static const char *const names[] = { "unknown", "idle", "ringing",
					     "busy", "held" };

	return names[state];
}

static void tell(const struct watch *w)
{
	engine_event(w->e,
		     json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?}", "event",
			       "watched", "number", w->number, "state",
			       watch_state_name(w->state), "peer", w->peer,
			       "name", w->name, "reason", w->reason));
}

static void set(struct watch *w, enum watch_state state,
		const struct dialog_info_dialog *d, const char *reason)
{
	const char *peer = d ? d->peer : "", *name = d ? d->name : "";

	if (w->state == state && w->reason == reason &&
	    !strcmp(w->peer, peer) && !strcmp(w->name, name))
		return;

	w->state = state;
	w->reason = reason;
	(void)snprintf(w->peer, sizeof(w->peer), "%s", peer);
	(void)snprintf(w->name, sizeof(w->name), "%s", name);
	tell(w);
}

/* What a dialog alone would show. */
static enum watch_state state_of(const struct dialog_info_dialog *d)
{
	switch (d->state) {
	case DIALOG_EARLY: return d->is_called ? WATCH_RINGING : WATCH_BUSY;
	case DIALOG_TRYING: return d->is_called ? WATCH_IDLE : WATCH_BUSY;
	case DIALOG_CONFIRMED: return d->is_held ? WATCH_HELD : WATCH_BUSY;
	default: return WATCH_IDLE;
	}
}

/* Ringing is what somebody may do something about: it goes before a call
 * that talks, and that before one on hold. */
static void show(struct watch *w)
{
	static const enum watch_state order[] = { WATCH_RINGING, WATCH_BUSY,
						  WATCH_HELD };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		for (uint32_t k = 0; k < w->count; k++) {
			if (state_of(&w->dialog[k]) == order[i]) {
				set(w, order[i], &w->dialog[k], NULL);
				return;
			}
		}
	}
	set(w, WATCH_IDLE, NULL, NULL);
}

/* ---- what is told ---- */

static void merge(struct watch *w, const struct dialog_info_dialog *news)
{
	uint32_t at = 0;

	while (at < w->count && strcmp(w->dialog[at].id, news->id) != 0)
		at++;
	if (news->state == DIALOG_TERMINATED) {
		if (at < w->count)
			w->dialog[at] = w->dialog[--w->count];
		return;
	}
	if (at == DIALOG_INFO_MAX)
		return;
	w->dialog[at] = *news;
	if (at == w->count)
		w->count++;
}

/* A document that says what changed since one we have not seen is of no use;
 * an older one than the last says nothing new. */
static bool told(struct span body, void *arg)
{
	static struct dialog_info info; /* one loop, one thread */
	struct watch *w = arg;

	if (dialog_info_parse(&info, body))
		return false;
	if (!info.is_full) {
		if (!w->has_full)
			return false;
		if (info.version <= w->version)
			return true;
		if (info.version != w->version + 1)
			return false;
	}
	else {
		w->count = 0;
		w->has_full = true;
	}

	w->version = info.version;
	for (uint32_t i = 0; i < info.count; i++)
		merge(w, &info.dialog[i]);
	show(w);

	return true;
}

static void lost(const char *reason, void *arg)
{
	struct watch *w = arg;

	w->has_full = false;
	w->count = 0;
	set(w, WATCH_UNKNOWN, NULL, reason);
}

static const struct subscribe_kind kind = {
	.package = "dialog",
	.type = "application/dialog-info+xml",
	.told = told,
	.lost = lost,
};

/* ---- who wants it ---- */

static struct watch *find(const struct engine *e, const char *number)
{
	for (struct le *le = list_head(&e->watches); le; le = le->next) {
		struct watch *w = le->data;

		if (*number ? !strcmp(w->number, number)
			    : w->state == WATCH_RINGING)
			return w;
	}

	return NULL;
}

const struct watch *watch_find(const struct engine *e, const char *number)
{
	return find(e, number);
}

int watch_add(struct engine *e, const char *number, bool is_key)
{
	size_t len = strlen(number);
	struct watch *w;
	int err;

	if (!len || len > WATCH_NUMBER_MAX ||
	    strspn(number, "+0123456789*#") != len)
		return EINVAL;
	w = find(e, number);
	if (!w) {
		if (list_count(&e->watches) >= WATCHES_MAX)
			return EMFILE;
		w = mem_zalloc(sizeof(*w), watch_destructor);
		if (!w)
			return ENOMEM;
		w->e = e;
		memcpy(w->number, number, len + 1);
		err = subscribe_alloc(&w->subscription, e, &kind, number, w);
		if (err) {
			mem_deref(w);
			return err;
		}
		list_append(&e->watches, &w->le, w);
	}
	if (is_key)
		w->is_for_key = true;
	else
		w->is_for_user = true;
	tell(w);

	return 0;
}

int watch_remove(struct engine *e, const char *number, bool is_key)
{
	struct watch *w = *number ? find(e, number) : NULL;

	if (!w || !(is_key ? w->is_for_key : w->is_for_user))
		return ENOENT;
	if (is_key)
		w->is_for_key = false;
	else
		w->is_for_user = false;
	if (!w->is_for_key && !w->is_for_user) {
		subscribe_end(w->subscription);
		mem_deref(w);
	}

	return 0;
}

const char *watch_number(const struct watch *w)
{
	return w->number;
}

enum watch_state watch_state(const struct watch *w)
{
	return w->state;
}

void watch_list(const struct engine *e, json_t *items)
{
	for (struct le *le = list_head(&e->watches); le; le = le->next) {
		const struct watch *w = le->data;

		if (!w->is_for_key)
			(void)json_array_append_new(
				items,
				json_pack("{s:n, s:s, s:s, s:s, s:s, s:s}",
					  "key", "function", "blf", "number",
					  w->number, "label", "", "dial",
					  w->number, "state",
					  watch_state_name(w->state)));
	}
}
