/* limit.c - see limit.h */
#include "base/clock.h"
#include "pbx/route/cos.h"
#include "pbx/call/limit.h"
#include "pbx/speech/media.h"
#include "pbx/trunk/outsider.h"
#include "pbx/turn.h"

enum { TONE_MS = 1000 };

struct limit {
	struct call *call; /* owns this */
	struct wheel_timer timer;
	uint64_t clear_down_ms;
};

static void destructor(void *data)
{
	struct limit *l = data;

	wheel_stop(&l->timer);
}

void limit_end(struct call *call)
{
	call->limit = mem_deref(call->limit);
}

static void clear_down(void *arg)
{
	struct limit *l = arg;
	struct call *call = l->call;

	trail_add(&call->trail, "the time for this call is over");
	call_hangup(call, NULL, "Q.850;cause=31;text=\"Time is over\"");
	turn_end();
}

/* Nobody hears the other while the tone plays. */
static void play(const struct call *call, const char *sound)
{
	for (unsigned i = 0; i < 2; i++) {
		struct media_port *p = call->ports[i];

		if (call->is_relayed && p &&
		    (!sound || !media_port_is_playing(p)))
			media_port_play(p, sound);
	}
}

static void tone_ends(void *arg)
{
	struct limit *l = arg;

	play(l->call, NULL);
	if (l->clear_down_ms > TONE_MS)
		wheel_start(&l->timer, l->clear_down_ms - TONE_MS, clear_down,
			    l);
	else
		clear_down(l);
}

static void warn(void *arg)
{
	struct limit *l = arg;
	const struct call *call = l->call;
	bool is_held = call->caller->state == LEG_HELD ||
		       (call->callee && call->callee->state == LEG_HELD);

	trail_add(&l->call->trail, "the time for this call is nearly over");
	if (call->is_relayed && !is_held) {
		play(call, "tone:1400");
		wheel_start(&l->timer, TONE_MS, tone_ends, l);
	}
	else if (l->clear_down_ms) {
		wheel_start(&l->timer, l->clear_down_ms, clear_down, l);
	}
	else {
		clear_down(l);
	}
}

/* Whose class counts. */
static const struct user *user_of(const struct call *call)
{
	const struct phone *caller = call->caller->phone;
	const struct phone *callee = call->callee ? call->callee->phone : NULL;

	if (outsider_is(caller))
		return callee ? callee->user : NULL;

	return caller ? caller->user : NULL;
}

void limit_begin(struct call *call)
{
	const struct user *u = user_of(call);
	bool is_outside = outsider_is(call->caller->phone) ||
			  (call->callee && outsider_is(call->callee->phone));
	uint64_t ago = clock_wall_ms() - call->answered_ms;
	struct limit *l;
	uint64_t ms;

	limit_end(call);
	if (!u || !call->callee || call->is_emergency ||
	    !cos_may(u, is_outside ? COS_LIMIT_EXTERNAL : COS_LIMIT_INTERNAL))
		return;

	l = mem_zalloc(sizeof(*l), destructor);
	if (!l)
		return;
	l->call = call;
	l->clear_down_ms = cos_ms(u, COS_CLEAR_DOWN);
	ms = cos_ms(u, COS_CALL_DURATION);
	wheel_start(&l->timer, ago < ms ? ms - ago : 1, warn, l);
	call->limit = l;
}
