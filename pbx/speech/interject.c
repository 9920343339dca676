/* interject.c - see interject.h
 *
 * A visit of a call's speech knows the call by its id: it may be over.
 */
#include <stdio.h>

#include "base/wheel.h"
#include "pbx/call/call.h"
#include "pbx/conference/join.h"
#include "pbx/speech/interject.h"
#include "pbx/speech/relay.h"

enum {
	SAY_MS = 1000,
	RETRY_MS = 300, /* while an offer is under way */
	LIFE_MS = 20 * 1000,
	SOUND_BYTES = 32,
};

struct visit {
	struct le le;
	struct wheel_timer life;
	struct wheel_timer timer;
	char call[CALL_ID_SIZE];
	char sound[SOUND_BYTES];
	uint16_t leg;
	struct media_port *ports[2]; /* on the way back */
};

static struct list all;

static void visit_destructor(void *data)
{
	struct visit *v = data;

	wheel_stop(&v->life);
	wheel_stop(&v->timer);
	list_unlink(&v->le);
	mem_deref(v->ports[0]);
	mem_deref(v->ports[1]);
}

/* Those who still wait for it hold it. */
static void leave(struct visit *v)
{
	if (!v->le.list)
		return;

	wheel_stop(&v->life);
	wheel_stop(&v->timer);
	list_unlink(&v->le);
	mem_deref(v);
}

static void late(void *arg)
{
	leave(arg);
}

static struct call *call_of(const struct visit *v)
{
	struct call *call = call_find(span_of(v->call));

	return call && call->state == CALL_ANSWERED ? call : NULL;
}

static bool may_be_asked(const struct call *call)
{
	return call->state == CALL_ANSWERED && call->callee && !call->join &&
	       !call->transfer && !call->party && !call->answer &&
	       call->caller->state == LEG_CONNECTED &&
	       call->callee->state == LEG_CONNECTED &&
	       leg_is_quiet(call->caller) && leg_is_quiet(call->callee);
}

/* ---- and back ---- */

static void is_back(int err, void *arg)
{
	struct visit *v = arg;
	struct call *call = call_of(v);

	if (err && call && !call->ports[0] && !call->ports[1]) {
		for (unsigned i = 0; i < 2; i++)
			call->ports[i] = mem_ref(v->ports[i]);
		call->is_relayed = true;
		call_touch(call);
	}
	leave(v);
}

static void go_back(void *arg)
{
	struct visit *v = arg;
	struct call *call = call_of(v);

	if (!call || !call->is_relayed || call->record) {
		leave(v);
		return;
	}
	if (!may_be_asked(call)) {
		wheel_start(&v->timer, RETRY_MS, go_back, v);
		return;
	}

	for (unsigned i = 0; i < 2; i++)
		v->ports[i] = mem_ref(call->ports[i]); /* speech goes on */
	relay_end(call);
	if (join_ask(call, is_back, v))
		is_back(ENOMEM, v);
}

/* ---- here ---- */

static void say(struct call *call, uint16_t leg, const char *sound)
{
	unsigned side = call->caller->number == leg ? 0 : 1;

	if (call->ports[side])
		media_port_say(call->ports[side], sound);
}

static void is_here(int err, void *arg)
{
	struct visit *v = arg;
	struct call *call = call_of(v);

	if (!call || err) {
		if (call)
			relay_end(call);
		leave(v);
		return;
	}

	say(call, v->leg, v->sound);
	wheel_start(&v->timer, SAY_MS, go_back, v);
}

void interject(struct leg *leg, const char *sound)
{
	struct call *call = leg->call;
	struct visit *v;

	if (call->is_relayed) {
		say(call, leg->number, sound);
		return;
	}
	if (!media_is_up() || !may_be_asked(call) || call->ports[0] ||
	    call->ports[1])
		return;
	v = mem_zalloc(sizeof(*v), visit_destructor);
	if (!v)
		return;

	memcpy(v->call, call->id, sizeof(v->call));
	(void)snprintf(v->sound, sizeof(v->sound), "%s", sound);
	v->leg = leg->number;
	list_append(&all, &v->le, v);
	wheel_start(&v->life, LIFE_MS, late, v);
	if (!relay_force(call)) {
		leave(v);
		return;
	}
	trail_add(&call->trail, "speech comes here for a sign");
	if (join_ask(call, is_here, v))
		is_here(ENOMEM, v);
}

void interject_close(void)
{
	list_flush(&all);
}
