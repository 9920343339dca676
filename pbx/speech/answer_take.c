/* answer_take.c - see answer_private.h: a caller whom somebody has handed over,
 * or who was rung first, is taken by a re-INVITE with the voice's description
 */
#include <errno.h>

#include "base/clock.h"
#include "pbx/speech/answer_private.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/transfer/transfer.h"
#include "pbx/turn.h"

enum {
	RETRY_MS = 300, /* and up to as much again, after a 491 */
	TRIES_MAX = 10,
};

static void take_ask(void *arg);

static void taken_over(int err, const struct sip_message *m,
		       struct sip_flow *flow, void *arg)
{
	struct answer *a = arg;
	struct leg *caller = a->call->caller;

	(void)flow;
	if (m && m->status < 200)
		return;

	sip_client_forget(&a->client);
	if (m && m->status == 491 && a->tries++ < TRIES_MAX) {
		wheel_start(&a->timer, RETRY_MS + rand_u32() % RETRY_MS,
			    take_ask, a);
		return;
	}
	caller->asks_offering = false;
	if (m && m->status < 300)
		(void)sip_dialog_ack(caller->dialog, (struct span){ NULL, 0 },
				     (struct span){ NULL, 0 });
	if (err || !m || m->status >= 300 || answer_learn(a, m->body)) {
		trail_add(&a->call->trail, "%s cannot be spoken to: %u",
			  caller->phone ? caller->phone->number : "?",
			  m ? m->status : 408);
		call_hangup(a->call, NULL, "SIP;cause=488");
		return;
	}
	session_agreed(caller, m);
	a->is_connected = true;
	a->state = ANSWER_OPEN;
	a->owner->opened(a->arg);
}

static void take_ask(void *arg)
{
	struct answer *a = arg;
	struct leg *caller = a->call->caller;
	char buf[ANSWER_HEADERS_BYTES], sdp[ANSWER_SDP_BYTES];
	struct sip_out o, body;
	struct sip_dialog_request request = { .method = "INVITE" };
	int err;

	sip_out_init(&body, sdp, sizeof(sdp));
	err = answer_describe(a, (struct span){ NULL, 0 }, &body);
	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(caller, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\nSupported: timer\r\n");
	session_offer(caller, &o);
	request.headers = sip_out_span(&o);
	request.content_type = SPAN("application/sdp");
	request.body = sip_out_span(&body);
	leg_reach(caller);
	if (!err)
		err = sip_dialog_request(&a->client, caller->dialog, &request,
					 taken_over, a);
	if (err)
		call_hangup(a->call, NULL, "SIP;cause=500");
	else
		leg_keep_sdp(caller, request.body);
}

static void take_late(void *arg)
{
	struct call *call = arg;

	if (call->answer && call->state == CALL_ANSWERED)
		take_ask(call->answer);
	mem_deref(call);
}

void answer_take_caller(struct answer *a)
{
	struct call *call = a->call;

	if (!transfer_take(call)) {
		call_refused(call, 480, a->owner->away);
		return;
	}
	a->state = ANSWER_ACCEPTING;
	wheel_stop(&call->timer);
	call->state = CALL_ANSWERED;
	call->answered_ms = clock_wall_ms();
	call->answered_mono_ms = clock_mono_ms();
	call->caller->asks_offering = true;
	call_touch(call);
	turn_defer(take_late, mem_ref(call));
}
