/* command.c - see command.h */
#include "base/json.h"
#include "pbx/call/call.h"
#include "pbx/control/command.h"
#include "pbx/conference/conference_api.h"
#include "pbx/conference/conference_dial.h"
#include "pbx/control/control.h"
#include "pbx/route/cos.h"
#include "pbx/control/csta.h"
#include "pbx/call/fork.h"
#include "pbx/route/forward.h"
#include "pbx/conference/join.h"
#include "pbx/transfer/recall.h"
#include "pbx/speech/answer.h"
#include "pbx/transfer/transfer.h"
#include "pbx/turn.h"

enum {
	DIGITS_MAX = 32,
	DIGIT_MS = 160,
	DIGIT_GAP_MS = 100,
	BEGIN_MS = 1,
};

/* ---- answering, taking ---- */

/* Ring this phone now, asked to answer by itself. */
static uint16_t ring_to_answer(struct call *call, struct phone *phone)
{
	struct routing r = { .count = 1, .phones = { phone } };
	struct fork_answer refusal = { 0, NULL };
	struct sip_message m;

	forward_invite(call, &m);
	call->asks_answer = true;

	return fork_start(call, &r, &m, &refusal) ? 0 : refusal.status;
}

uint16_t command_answer(struct leg *leg, json_t *body)
{
	struct call *call = leg->call;

	(void)body;

	if (call->state >= CALL_ANSWERED || leg == call->caller ||
	    leg->is_done || leg->is_cancelled || call->answer)
		return 481;

	trail_add(&call->trail, "%s is to answer", leg->phone->number);
	fork_withdraw(leg);

	return ring_to_answer(call, leg->phone);
}

static uint16_t pick_up(struct call *call, struct phone *phone)
{
	if (call->state >= CALL_ANSWERED || call->answer ||
	    !list_head(&call->branches))
		return 481;
	if (!phone->bindings)
		return 480;

	trail_add(&call->trail, "%s (%s) picks the call up", phone_name(phone),
		  phone->number);
	fork_pass(call);
	call->cause = CSTA_CAUSE_PICKUP;

	return ring_to_answer(call, phone);
}

uint16_t command_pickup(struct call *call, struct phone *phone)
{
	const struct user *u = directory_user(span_of(call->callee_user));

	if (strcmp(call->customer, phone->customer->id) != 0 ||
	    !cos_may(phone->user, COS_PICKUP_DIRECTED) ||
	    (u && !cos_may(u, COS_PICKUP_ACCEPT)))
		return 403;

	return pick_up(call, phone);
}

uint16_t command_pickup_at(struct call *call, struct phone *phone,
			   const char *number)
{
	return cos_may(phone->user,
		       number[0] ? COS_PICKUP_DIRECTED : COS_PICKUP_GROUP)
		       ? pick_up(call, phone)
		       : 403;
}

/* ---- two calls of a phone ---- */

static struct leg *other_leg(const struct leg *leg, const json_t *body)
{
	const char *id = json_get_text(body, "call");
	const struct call *other = id ? call_find(span_of(id)) : NULL;

	return other && other != leg->call && other->state == CALL_ANSWERED
		       ? control_leg_of(other, leg->phone)
		       : NULL;
}

static uint16_t hold(struct leg *leg, bool is_hold)
{
	int err;

	if (leg->state != (is_hold ? LEG_CONNECTED : LEG_HELD))
		return 481;
	if (is_hold && !cos_may(leg->phone->user, COS_HOLD))
		return 403;

	err = join_hold(leg, is_hold);

	return err == EBUSY ? 491 : err ? 500 : 0;
}

uint16_t command_alternate(struct leg *leg, json_t *body)
{
	struct leg *held = other_leg(leg, body);
	uint16_t status;

	if (!held || held->state != LEG_HELD || leg->state != LEG_CONNECTED)
		return 481;
	if (!leg_is_quiet(held) || !leg_peer(held) ||
	    !leg_is_quiet(leg_peer(held)))
		return 491;

	status = hold(leg, true);
	if (!status)
		status = hold(held, false);
	if (!status)
		trail_add(&leg->call->trail, "%s changes to call %s",
			  leg->phone->number, held->call->id);

	return status;
}

uint16_t command_reconnect(struct leg *leg, json_t *body)
{
	struct leg *held = other_leg(leg, body);
	uint16_t status;

	if (!held || held->state != LEG_HELD || leg->state == LEG_HELD)
		return 481;
	if (!leg_is_quiet(held) || !leg_peer(held) ||
	    !leg_is_quiet(leg_peer(held)))
		return 491;

	status = hold(held, false);
	if (status)
		return status;
	trail_add(&leg->call->trail, "%s goes back to call %s",
		  leg->phone->number, held->call->id);
	call_hangup(leg->call, NULL, NULL);

	return 0;
}

uint16_t command_consult(struct leg *leg, const char *number,
			 struct call **callp)
{
	uint16_t status = leg->state == LEG_HELD ? 0 : hold(leg, true);
	int err;

	if (status)
		return status;

	err = transfer_originate_answered(callp, leg->phone, number);

	return err == ENOTCONN ? 480 : err ? 500 : 0;
}

uint16_t command_conference(struct leg *leg, json_t *body)
{
	struct leg *with = other_leg(leg, body);
	struct phone *phone;
	struct conference *c = NULL;
	uint16_t status;

	if (!with)
		return 481;
	if (!cos_may(leg->phone->user, COS_CONFERENCE))
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

	phone = mem_ref(leg->phone);
	mem_ref(c);
	status = conference_ring(c, phone, true, CONFERENCE_CREATOR);
	if (!status)
		status = conference_fetch(c, leg_peer(leg));
	if (!status)
		status = conference_fetch(c, leg_peer(with));
	mem_deref(c);
	mem_deref(phone);

	return status;
}

uint16_t command_clear(struct leg *leg, json_t *body)
{
	(void)body;

	trail_add(&leg->call->trail, "ended for %s", leg->phone->number);
	call_hangup(leg->call, NULL, NULL);

	return 0;
}

/* ---- keys ---- */

struct keys {
	struct le le;      /* of all that are sent */
	struct call *call; /* counted */
	struct leg *to;    /* NULL: the pbx itself has answered (answer.h) */
	struct sip_client *client;
	struct wheel_timer timer;
	uint32_t next;
	char digits[DIGITS_MAX + 1];
};

static struct list sending;

static void keys_destructor(void *data)
{
	struct keys *k = data;

	list_unlink(&k->le);
	wheel_stop(&k->timer);
	sip_client_forget(&k->client);
	mem_deref(k->call);
}

static void key_send(void *arg);

static void key_next(struct keys *k)
{
	if (k->digits[++k->next])
		wheel_start(&k->timer, DIGIT_MS + DIGIT_GAP_MS, key_send, k);
	else
		mem_deref(k);
}

static void key_told(int err, const struct sip_message *m,
		     struct sip_flow *flow, void *arg)
{
	struct keys *k = arg;

	(void)flow;

	if (m && m->status < 200)
		return;

	sip_client_forget(&k->client);
	if (err || m->status >= 300)
		mem_deref(k);
	else
		key_next(k);
}

/* Who hears it may end the call by it. */
static void key_press(struct keys *k)
{
	char key = k->digits[k->next];
	struct answer *a = k->call->state == CALL_OVER ? NULL : k->call->answer;

	if (!a) {
		mem_deref(k);
		return;
	}
	key_next(k);
	answer_press(a, key);
	turn_end();
}

static void key_send(void *arg)
{
	struct keys *k = arg;
	char headers[256], text[64];
	struct sip_out o;
	struct sip_dialog_request request = {
		.method = "INFO",
		.content_type = SPAN("application/dtmf-relay"),
	};

	if (!k->to) {
		key_press(k);
		return;
	}
	if (k->call->state != CALL_ANSWERED || !leg_is_up(k->to) ||
	    !k->to->dialog) {
		mem_deref(k);
		return;
	}

	sip_out_init(&o, headers, sizeof(headers));
	leg_headers(k->to, &o);
	request.headers = sip_out_span(&o);
	sip_out_init(&o, text, sizeof(text));
	sip_out_printf(&o, "Signal=%c\r\nDuration=%d\r\n", k->digits[k->next],
		       DIGIT_MS);
	request.body = sip_out_span(&o);
	leg_reach(k->to);
	if (sip_dialog_request(&k->client, k->to->dialog, &request, key_told,
			       k))
		mem_deref(k);
}

uint16_t command_digits(struct leg *leg, json_t *body)
{
	const char *digits = json_get_text(body, "digits");
	struct leg *to = leg_peer(leg);
	size_t n = digits ? strspn(digits, "0123456789*#ABCD") : 0;
	struct keys *k;

	if (!leg->call->answer &&
	    (leg->call->state != CALL_ANSWERED || !to || !to->dialog))
		return 481;
	if (!n || digits[n] || n > DIGITS_MAX)
		return 422;

	k = mem_zalloc(sizeof(*k), keys_destructor);
	if (!k)
		return 500;
	list_append(&sending, &k->le, k);
	k->call = mem_ref(leg->call);
	k->to = leg->call->answer ? NULL : to;
	memcpy(k->digits, digits, n);
	wheel_start(&k->timer, BEGIN_MS, key_send, k);

	return 0;
}

void command_close(void)
{
	list_flush(&sending);
}
