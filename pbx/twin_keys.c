/* twin_keys.c - see twin_keys.h
 *
 * What has been pressed so far belongs to no leg, as legs are many and those
 * who press are few: a short list, each forgotten after some seconds.
 */
#include <stdio.h>

#include "base/wheel.h"
#include "pbx/call.h"
#include "pbx/cos.h"
#include "pbx/hold.h"
#include "pbx/media.h"
#include "pbx/music.h"
#include "pbx/prompt.h"
#include "pbx/transfer.h"
#include "pbx/turn.h"
#include "pbx/twin_keys.h"

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
static void hold(struct leg *leg)
{
	struct call *call = leg->call;
	unsigned side = leg == call->caller ? 0 : 1;
	struct media_port *own = call->ports[side];
	struct media_port *other = call->ports[1 - side];
	bool is_held = leg->state == LEG_HELD;
	char file[PROMPT_FILE_BYTES], music[MUSIC_NAME_BYTES];

	if (!call->is_relayed || !own || !other)
		return;

	trail_add(&call->trail, "%s %s by key", phone_name(leg->phone),
		  is_held ? "retrieves" : "holds");
	prompt_file(file, call->customer, phone_person(leg->phone),
		    "twin-held");
	media_port_play(other,
			is_held ? NULL : music_of(call->customer, music));
	media_port_play(own, is_held ? NULL : file);
	hold_apply(leg, is_held ? HOLD_OFFER_TALK : HOLD_OFFER_HOLD);
	call_touch(call);
}

static void hand_over(struct leg *leg, const char *number)
{
	uint16_t status;

	if (number[strspn(number, "0123456789")])
		return;
	trail_add(&leg->call->trail, "%s hands over to %s by key",
		  phone_name(leg->phone), number);
	status = transfer_do(leg, number, NULL, 0, true);
	if (status)
		trail_add(&leg->call->trail, "not handed over: %u", status);
}

/* Whether the keys say something whole, which is done. */
static bool run(struct keys *k, struct leg *leg)
{
	char number[KEYS_MAX + 1];

	switch (k->pressed[0]) {
	case '1': hold(leg); return true;

	case '2':
		if (k->pressed[k->count - 1] != '#')
			return k->count == KEYS_MAX;
		(void)snprintf(number, sizeof(number), "%.*s", k->count - 2,
			       k->pressed + 1);
		if (number[0])
			hand_over(leg, number);
		return true;

	default: return true;
	}
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
