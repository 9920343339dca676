/* conference_room.c - see conference_room.h */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secrets.h"
#include "pbx/conference/conference.h"
#include "pbx/conference/conference_room.h"
#include "pbx/route/group.h"
#include "pbx/trunk/outsider.h"

enum {
	TRIES_MAX = 3,
	WRONG_MAX = 12, /* in all calls together, within */
	WRONG_MS = 300000,
	PIN_MS = 20000, /* without a key */
};

static struct table by_id, by_number;

static void room_destructor(void *data)
{
	struct room *r = data;

	table_remove(&by_id, &r->by_id);
	table_remove(&by_number, &r->by_number);
	secret_wipe(r->pin, sizeof(r->pin));
	secret_wipe(r->moderator_pin, sizeof(r->moderator_pin));
}

int rooms_init(void)
{
	int err = table_init(&by_id, 64);

	return err ? err : table_init(&by_number, 64);
}

void rooms_close(void)
{
	for (uint32_t i = 0; by_id.buckets && i <= by_id.mask; i++) {
		while (by_id.buckets[i])
			mem_deref(CONTAINER_OF(by_id.buckets[i], struct room,
					       by_id));
	}
	table_close(&by_id);
	table_close(&by_number);
}

static uint64_t number_key(const char *customer, const char *number)
{
	return hash_span(hash_span(0, span_of(customer)), span_of(number));
}

struct room *room_find(const char *id)
{
	struct table_entry *e = table_first(&by_id, hash_span(0, span_of(id)));

	for (; e; e = table_next(e)) {
		struct room *r = CONTAINER_OF(e, struct room, by_id);

		if (!strcmp(r->id, id))
			return r;
	}

	return NULL;
}

struct room *room_by_number(const char *customer, const char *number)
{
	struct table_entry *e = table_first(&by_number,
					    number_key(customer, number));

	for (; e; e = table_next(e)) {
		struct room *r = CONTAINER_OF(e, struct room, by_number);

		if (!strcmp(r->customer, customer) &&
		    !strcmp(r->number, number))
			return r;
	}

	return NULL;
}

static void copy(char *out, size_t size, const json_t *object, const char *name)
{
	const char *value = json_get_text(object, name);

	(void)re_snprintf(out, size, "%s", value ? value : "");
}

int room_take(json_t *object, void *arg)
{
	const char *id = json_get_text(object, "id");
	struct room *r;

	(void)arg;

	if (!id || strlen(id) >= DIRECTORY_ID_SIZE)
		return EINVAL;
	room_remove(id);
	r = mem_zalloc(sizeof(*r), room_destructor);
	if (!r)
		return ENOMEM;

	copy(r->id, sizeof(r->id), object, "id");
	copy(r->customer, sizeof(r->customer), object, "customer");
	copy(r->number, sizeof(r->number), object, "number");
	copy(r->name, sizeof(r->name), object, "name");
	copy(r->pin, sizeof(r->pin), object, "pin");
	copy(r->moderator_pin, sizeof(r->moderator_pin), object,
	     "moderator_pin");
	r->limit = (uint8_t)json_get_int(object, "limit",
					 CONFERENCE_PARTIES_MAX);
	r->has_signs = json_get_bool(object, "tones", true);
	r->waits_for_moderator = json_get_bool(object, "wait_for_moderator",
					       false);
	r->is_recorded = json_get_bool(object, "record", false);
	table_add(&by_id, &r->by_id, hash_span(0, span_of(r->id)));
	table_add(&by_number, &r->by_number,
		  number_key(r->customer, r->number));

	return 0;
}

void room_remove(const char *id)
{
	mem_deref(room_find(id));
}

void room_check(const json_t *object, json_t *errors)
{
	const char *customer = json_get_text(object, "customer");
	const char *number = json_get_text(object, "number");
	const struct customer *c = customer ? directory_customer(
						      span_of(customer))
					    : NULL;

	if (c && number &&
	    (directory_user_by_extension(c, span_of(number)) ||
	     directory_phone_by_number(c, span_of(number)) ||
	     group_by_number(c, span_of(number))))
		kind_error(errors, "number", "taken",
			   "%s is an extension, a line or a group", number);
	if (json_get_bool(object, "wait_for_moderator", false) &&
	    !json_get_text(object, "moderator_pin"))
		kind_error(errors, "moderator_pin", "missing",
			   "is required: who else would be the moderator?");
}

/* ---- the PIN ---- */

static void late(void *arg)
{
	struct party *p = arg;

	trail_add(&p->call->trail, "no PIN was given");
	call_hangup(p->call, NULL, NULL);
}

void room_ask(struct party *p)
{
	p->digit_count = 0;
	party_say(p, "conference-pin");
	wheel_start(&p->timer, PIN_MS, late, p);
}

/* The PIN was wrong, and was said to be. */
static void again(struct party *p)
{
	trail_add(&p->call->trail, "a wrong PIN");
	p->digit_count = 0;
	p->tries++;
	party_say(p, "wrong-pin");
	wheel_start(&p->timer, PIN_MS, late, p);
}

void room_said(struct party *p)
{
	if (p->state != PARTY_ASKED || !p->tries || p->digit_count)
		return;

	if (p->tries >= TRIES_MAX)
		call_hangup(p->call, NULL, NULL);
}

/* Callers from outside share the tries of a room, others theirs: whoever
 * tries PINs over many calls keeps no colleague out. */
static struct room_tries *tries_of(struct room *r, const struct party *p)
{
	struct room_tries *t =
		&r->tries[outsider_is(p->call->caller->phone) ? 1 : 0];
	uint64_t now = clock_mono_ms();

	if (now - t->since_ms >= WRONG_MS) {
		t->since_ms = now;
		t->wrong = 0;
	}

	return t;
}

static bool is_locked(struct room *r, const struct party *p)
{
	return tries_of(r, p)->wrong >= WRONG_MAX;
}

static void note_wrong(struct room *r, const struct party *p)
{
	struct room_tries *t = tries_of(r, p);

	if (t->wrong >= WRONG_MAX) {
		trail_add(&p->call->trail,
			  "too many wrong PINs for the room: none is taken");
		return;
	}
	if (++t->wrong == WRONG_MAX)
		log_warn("conference",
			 "room %s of %s: %u wrong PINs in %u minutes, none is "
			 "taken from %s for the rest of them",
			 r->number, r->customer, WRONG_MAX, WRONG_MS / 60000,
			 t == &r->tries[1] ? "outside" : "inside");
}

static void check_pin(struct party *p)
{
	struct room *r = room_find(p->conference->room);
	bool is_moderator;

	p->digits[p->digit_count] = '\0';
	if (!r) {
		call_hangup(p->call, NULL, NULL);
		return;
	}
	is_moderator = r->moderator_pin[0] &&
		       secret_equal(r->moderator_pin, p->digits);
	if (is_locked(r, p) ||
	    (!is_moderator && r->pin[0] && !secret_equal(r->pin, p->digits))) {
		note_wrong(r, p);
		again(p);
		return;
	}

	wheel_stop(&p->timer);
	p->is_moderator = is_moderator;
	conference_let_in(p);
}

void room_key(struct party *p, char key)
{
	if (p->state != PARTY_ASKED || p->tries >= TRIES_MAX)
		return;

	wheel_start(&p->timer, PIN_MS, late, p);
	if (key == '#')
		check_pin(p);
	else if (p->digit_count < PARTY_PIN_MAX)
		p->digits[p->digit_count++] = key;
}
