/* twin_keys.c - see twin_keys.h
 *
 * What has been pressed so far belongs to no leg, as legs are many and those
 * who press are few: a short list, each forgotten after some seconds.
 */
#include <stdio.h>

#include "base/wheel.h"
#include "pbx/call/call.h"
#include "pbx/conference/conference.h"
#include "pbx/conference/conference_dial.h"
#include "pbx/route/cos.h"
#include "pbx/transfer/handoff.h"
#include "pbx/call/hold.h"
#include "pbx/speech/media.h"
#include "pbx/speech/music.h"
#include "pbx/speech/prompt.h"
#include "pbx/transfer/recall.h"
#include "pbx/transfer/transfer.h"
#include "pbx/turn.h"
#include "pbx/desk/twin_keys.h"

enum { KEYS_MAX = 28, FORGET_MS = 6000 };

struct keys {
	struct le le;
	struct wheel_timer timer;
	char call[CALL_ID_SIZE];
	uint16_t leg;
	uint8_t count;
	char pressed[KEYS_MAX + 1]; /* without the first * */
};

static struct list all;

static void keys_destructor(void *data)
{
	struct keys *k = data;

	wheel_stop(&k->timer);
	list_unlink(&k->le);
}

static void forget(void *arg)
{
	mem_deref(arg);
}

static struct keys *keys_of(const struct leg *leg)
{
	for (struct le *le = list_head(&all); le; le = le->next) {
		struct keys *k = le->data;

		if (k->leg == leg->number && !strcmp(k->call, leg->call->id))
			return k;
	}

	return NULL;
}

static void begin(const struct leg *leg)
{
	struct keys *k = mem_zalloc(sizeof(*k), keys_destructor);

	if (!k)
		return;

	memcpy(k->call, leg->call->id, sizeof(k->call));
	k->leg = leg->number;
	list_append(&all, &k->le, k);
	wheel_start(&k->timer, FORGET_MS, forget, k);
}

/* Nothing is asked of either phone: who holds must be heard pressing keys. */
static uint16_t hold(struct leg *leg, const char *number)
{
	struct call *call = leg->call;
	unsigned side = leg == call->caller ? 0 : 1;
	struct media_port *own = call->ports[side];
	struct media_port *other = call->ports[1 - side];
	bool is_held = leg->state == LEG_HELD;
	char file[PROMPT_FILE_BYTES], music[MUSIC_NAME_BYTES];

	(void)number;
	if (!call->is_relayed || !own || !other)
		return 480;

	trail_add(&call->trail, "%s %s by key", phone_name(leg->phone),
		  is_held ? "retrieves" : "holds");
	prompt_file(file, call->customer, phone_person(leg->phone),
		    "twin-held");
	media_port_play(other,
			is_held ? NULL : music_of(call->customer, music));
	media_port_play(own, is_held ? NULL : file);
	hold_apply(leg, is_held ? HOLD_OFFER_TALK : HOLD_OFFER_HOLD);
	call_touch(call);

	return 0;
}

static uint16_t hand_over(struct leg *leg, const char *number)
{
	if (number[strspn(number, "0123456789")])
		return 484;

	return transfer_do(leg, number, NULL, 0, true);
}

/* The user's call that is held while this one is not, or the other way round;
 * who calls in by a number that can be feigned has none. */
static struct leg *other_leg(const struct leg *leg)
{
	enum leg_state state = leg->state == LEG_HELD ? LEG_CONNECTED
						      : LEG_HELD;
	const struct user *u = phone_person(leg->phone);
	struct leg *found = NULL;

	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;
		struct leg *legs[] = { call->caller, call->callee };

		for (unsigned i = 0; i < 2; i++) {
			struct leg *x = legs[i];

			if (call->state != CALL_ANSWERED || call == leg->call ||
			    !x || !x->phone || x->state != state ||
			    (!i && x->phone->twin[0]) ||
			    phone_person(x->phone) != u)
				continue;
			found = x;
		}
	}

	return found;
}

/* Both others and the user; the leg that was held is let go. */
static uint16_t confer(struct leg *leg, const char *number)
{
	struct leg *with = other_leg(leg);
	struct conference *c = NULL;
	uint16_t status;

	(void)number;
	if (!with)
		return 481;
	if (!cos_may(phone_person(leg->phone), COS_CONFERENCE))
		return 403;
	recall_cancel(leg->call);
	recall_cancel(with->call);
	status = transfer_may(leg);
	if (!status)
		status = transfer_may(with);
	if (status)
		return status;
	if (conference_make(&c, leg->call->customer, CONFERENCE_ADHOC, ""))
		return 480;

	mem_ref(c);
	status = conference_fetch(c, leg_peer(with));
	if (!status)
		status = conference_share(c, leg->call);
	mem_deref(c);

	return status;
}

/* Both calls are at the outside number: what a phone inside holds, that phone
 * alone takes back. */
static uint16_t swap(struct leg *leg, const char *number)
{
	struct leg *with = other_leg(leg);
	uint16_t status;

	if (!with || !with->phone->twin[0])
		return 481;
	status = hold(leg, number);

	return status ? status : hold(with, number);
}

static uint16_t push(struct leg *leg, const char *number)
{
	(void)number;
	recall_cancel(leg->call);

	return handoff_do(leg, 0, true);
}

/* What each key does; 0 or the status that says why not. */
static const struct key_action {
	char key;
	bool has_number; /* digits and # follow */
	uint16_t (*run)(struct leg *leg, const char *number);
	const char *what;
} actions[] = {
	{ '1', false, hold, "hold" },
	{ '2', true, hand_over, "hand over" },
	{ '3', false, confer, "conference" },
	{ '4', false, swap, "swap" },
	{ '5', false, push, "hand off" },
};

static const struct key_action *action_of(char key)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (actions[i].key == key)
			return &actions[i];
	}

	return NULL;
}

static void act(const struct key_action *a, struct leg *leg, const char *number)
{
	struct call *call = mem_ref(leg->call);
	uint16_t status;

	trail_add(&call->trail, "%s by key: %s%s%s", phone_name(leg->phone),
		  a->what, number[0] ? " to " : "", number);
	status = a->run(leg, number);
	if (status)
		trail_add(&call->trail, "not done: %u", status);
	mem_deref(call);
}

/* Whether the keys say something whole, which is done. */
static bool run(struct keys *k, struct leg *leg)
{
	const struct key_action *a = action_of(k->pressed[0]);
	char number[KEYS_MAX + 1] = "";

	if (!a)
		return true;
	if (a->has_number) {
		if (k->pressed[k->count - 1] != '#')
			return k->count == KEYS_MAX;
		(void)snprintf(number, sizeof(number), "%.*s", k->count - 2,
			       k->pressed + 1);
		if (!number[0])
			return true;
	}
	act(a, leg, number);

	return true;
}

void twin_keys_pressed(struct leg *leg, char key)
{
	const struct user *u;
	struct keys *k;

	/* Who calls in is known by a number that can be feigned. */
	if (!leg->phone || !leg->phone->twin[0] || leg == leg->call->caller)
		return;
	u = phone_person(leg->phone);
	if (!u || !cos_may(u, COS_TWIN_FEATURES))
		return;

	k = keys_of(leg);
	if (!k) {
		if (key == '*')
			begin(leg);
		return;
	}

	k->pressed[k->count++] = key;
	wheel_start(&k->timer, FORGET_MS, forget, k);
	mem_ref(k);
	if (run(k, leg))
		mem_deref(k);
	mem_deref(k);
	turn_end();
}

void twin_keys_close(void)
{
	list_flush(&all);
}
