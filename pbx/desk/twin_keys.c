/* twin_keys.c - see twin_keys.h
 *
 * What has been pressed so far belongs to no leg, as legs are many and those
 * who press are few: a short list, each forgotten after some seconds.
 */
#include <stdio.h>

#include "base/json.h"
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
#include "pbx/desk/twin_consult.h"
#include "pbx/desk/twin_keys.h"
#include "pbx/desk/twin_line.h"

enum { KEYS_MAX = 28, FORGET_MS = 6000, FORGET_KEY = '0' };

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

static void reorder(const struct leg *leg);

/* Begun and not finished: so it is not obeyed. */
static void forget(void *arg)
{
	struct keys *k = arg;
	const struct call *call = call_find(span_of(k->call));

	if (call && call->state == CALL_ANSWERED) {
		if (call->caller->number == k->leg)
			reorder(call->caller);
		else if (call->callee && call->callee->number == k->leg)
			reorder(call->callee);
	}
	mem_deref(k);
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
	prompt_file(file, call->customer, phone_is_french(leg->phone),
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
	if (!number[0])
		return twin_consult_transfer(leg);
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
			    (x->phone->trunk && !x->phone->is_proved) ||
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
	if (twin_consult_is(leg->call))
		return twin_consult_confer(leg);
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
		status = conference_share(c, leg->call, false);
	mem_deref(c);

	return status;
}

/* Both calls are at the outside number: what a phone inside holds, that phone
 * alone takes back. */
static uint16_t swap(struct leg *leg, const char *number)
{
	struct leg *with = other_leg(leg);
	uint16_t status;

	if (twin_consult_is(leg->call))
		return twin_consult_swap(leg);
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

static uint16_t flash(struct leg *leg, const char *number)
{
	(void)number;
	recall_cancel(leg->call);

	return twin_consult_is(leg->call) ? twin_consult_swap(leg)
					  : twin_consult_begin(leg);
}

static uint16_t cancel(struct leg *leg, const char *number)
{
	(void)number;

	return twin_consult_back(leg);
}

/* What each key does, in the order of a customer's own digits; 0 or the
 * status that says why not. */
static const struct key_action {
	const char *name;
	bool has_number; /* digits and # follow */
	uint16_t (*run)(struct leg *leg, const char *number);
} actions[] = {
	{ "hold", false, hold },         { "transfer", true, hand_over },
	{ "conference", false, confer }, { "swap", false, swap },
	{ "handoff", false, push },      { "flash", false, flash },
	{ "cancel", false, cancel },
};

_Static_assert(sizeof(actions) / sizeof(actions[0]) == TWIN_KEYS,
	       "a key for each");

static const struct key_action *action_of(const struct customer *c, char key)
{
	const char *keys = c && c->twin_keys[0] ? c->twin_keys
						: TWIN_KEYS_PRESET;
	const char *at = key ? strchr(keys, key) : NULL;

	return at && at - keys < TWIN_KEYS ? &actions[at - keys] : NULL;
}

const char *twin_keys_name(const struct customer *c, char key)
{
	const struct key_action *a = action_of(c, key);

	return a ? a->name : NULL;
}

void twin_keys_check(const json_t *customer, json_t *errors)
{
	const char *keys = json_get_text(customer, "twin_keys");

	for (const char *p = keys; p && *p; p++) {
		if (strchr(p + 1, *p)) {
			kind_error(errors, "twin_keys", "duplicate",
				   "each digit means one thing");
			return;
		}
	}
}

/* Who pressed it hears that it was not obeyed. */
static void reorder(const struct leg *leg)
{
	const struct call *call = leg->call;
	struct media_port *port = call->ports[leg == call->caller ? 0 : 1];
	char file[PROMPT_FILE_BYTES];

	if (!port || call->state != CALL_ANSWERED)
		return;
	prompt_file(file, call->customer, phone_is_french(leg->phone),
		    "reorder");
	media_port_say(port, file);
}

static void act(const struct key_action *a, struct leg *leg, const char *number)
{
	struct call *call = mem_ref(leg->call);
	uint16_t status;

	trail_add(&call->trail, "%s by key: %s%s%s", phone_name(leg->phone),
		  a->name, number[0] ? " to " : "", number);
	status = a->run(leg, number);
	if (status) {
		trail_add(&call->trail, "not done: %u", status);
		reorder(leg);
	}
	mem_deref(call);
}

/* Whether the keys say something whole, which is done. */
static bool run(struct keys *k, struct leg *leg)
{
	const struct key_action *a = action_of(leg->phone->customer,
					       k->pressed[0]);
	char number[KEYS_MAX + 1] = "";

	if (!a) {
		if (k->pressed[0] != FORGET_KEY)
			reorder(leg);
		return true;
	}
	if (a->has_number) {
		if (k->pressed[k->count - 1] != '#') {
			if (k->count < KEYS_MAX)
				return false;
			reorder(leg);
			return true;
		}
		(void)snprintf(number, sizeof(number), "%.*s", k->count - 2,
			       k->pressed + 1);
	}
	act(a, leg, number);

	return true;
}

void twin_keys_pressed(struct leg *leg, char key)
{
	const struct user *u;
	struct keys *k;

	if (!twin_line_is(leg))
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
