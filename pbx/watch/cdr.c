/* cdr.c - see cdr.h */
#include "base/clock.h"
#include "base/log.h"
#include "pbx/call/call.h"
#include "pbx/conference/heir.h"
#include "pbx/watch/cdr.h"
#include "pbx/route/cos.h"
#include "pbx/watch/event.h"
#include "pbx/jsontext.h"
#include "pbx/trunk/outsider.h"
#include "pbx/pair/peer.h"
#include "pbx/trunk/trunk.h"
#include "pbx/store.h"

enum { JSON_BYTES = 65536 };

static void party(struct sip_out *o, const char *name, const struct leg *leg,
		  const struct phone *p, const char *user, const char *number)
{
	const struct user *u = NULL;

	if (user[0])
		u = directory_user(span_of(user));

	sip_out_raw(o, SPAN(",\""));
	sip_out_text(o, name);
	sip_out_raw(o, SPAN("\":{"));
	jsontext_member(o, true, "user", user[0] ? user : NULL);
	jsontext_member(o, false, "phone", p && p->id[0] ? p->id : NULL);
	if (outsider_is(p))
		jsontext_member(o, false, "trunk", p->trunk->name);
	jsontext_member(o, false, "number", number);
	jsontext_member(o, false, "name",
			u   ? u->name
			: p ? phone_name(p)
			    : number);
	if (leg && leg->is_withheld)
		sip_out_raw(o, SPAN(",\"withheld\":true"));
	sip_out_raw(o, SPAN("}"));
}

/* Whose leg it is; of an outside number only where that is certain. */
static const char *user_of(const struct leg *leg)
{
	const struct phone *p = leg ? leg->phone : NULL;
	const struct user *u = p && p->is_proved ? phone_person(p)
			       : p               ? p->user
						 : NULL;

	return u ? u->id : "";
}

/* Whoever answered, now perhaps in another call. */
static const struct phone *callee_of(const struct call *call)
{
	return call->callee ? call->callee->phone : heir_callee(call);
}

static void parties(struct sip_out *o, const struct call *call)
{
	const struct phone *p = call->caller->phone;
	const struct leg *callee = call->callee;
	const struct phone *q = callee_of(call);
	const char *user = call->callee_user;

	if (q && q->user)
		user = q->user->id;

	party(o, "caller", call->caller, p, user_of(call->caller),
	      p ? phone_shown_number(p) : "");
	party(o, "callee", callee, q, user, call->number);
}

static void number_or_null(struct sip_out *o, const char *name, uint64_t n)
{
	if (n) {
		jsontext_number(o, name, n);
		return;
	}

	sip_out_raw(o, SPAN(",\""));
	sip_out_text(o, name);
	sip_out_raw(o, SPAN("\":null"));
}

/* Whether the class of service wants a record of it exported: of who calls,
 * of who is called from outside. */
static bool is_billed(const struct call *call)
{
	const struct phone *caller = call->caller->phone;
	const struct phone *callee = callee_of(call);
	bool is_outside = call->outside || outsider_is(caller) ||
			  outsider_is(callee);
	const struct user *u = caller ? caller->user : NULL;

	if (outsider_is(caller))
		u = callee && callee->user
			    ? callee->user
			    : directory_user(span_of(call->callee_user));

	return cos_may(u, is_outside ? COS_SMDR_EXTERNAL : COS_SMDR_INTERNAL);
}

static void print_record(const struct call *call, uint64_t ended_ms,
			 struct sip_out *o)
{
	uint64_t duration = 0;

	if (call->answered_ms)
		duration = (clock_mono_ms() - call->answered_mono_ms + 500) /
			   1000;

	sip_out_raw(o, SPAN("{"));
	jsontext_member(o, true, "id", heir_id(call));
	jsontext_member(o, false, "call", heir_id(call));
	jsontext_member(o, false, "customer", call->customer);
	parties(o, call);
	jsontext_number(o, "started_ms", call->started_ms);
	number_or_null(o, "answered_ms", call->answered_ms);
	jsontext_number(o, "ended_ms", ended_ms);
	jsontext_member(o, false, "result", call_result_name(call->result));
	jsontext_number(o, "duration_s", duration);
	if (call->account[0])
		jsontext_member(o, false, "account", call->account);
	if (call->billing[0])
		jsontext_member(o, false, "billing", call->billing);
	if (!is_billed(call))
		sip_out_raw(o, SPAN(",\"billed\":false"));
	sip_out_raw(o, SPAN(",\"trail\":"));
	trail_write(&call->trail, o);
	sip_out_raw(o, SPAN("}"));
}

void cdr_print_call(const struct call *call, struct sip_out *o)
{
	sip_out_raw(o, SPAN("{"));
	jsontext_member(o, true, "id", call->id);
	jsontext_member(o, false, "customer", call->customer);
	jsontext_member(o, false, "state", call_state_name(call->state));
	parties(o, call);
	jsontext_number(o, "started_ms", call->started_ms);
	number_or_null(o, "answered_ms", call->answered_ms);
	sip_out_raw(o, SPAN("}"));
}

/* What waits for the disk. */
struct record {
	uint64_t seq;
	uint32_t len;
	char call[CALL_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char caller[DIRECTORY_ID_SIZE];
	char callee[DIRECTORY_ID_SIZE];
	char json[];
};

static void durable(const struct store_result *result, void *arg)
{
	struct record *r = arg;

	if (result->err)
		log_error("cdr", "seq=%llu is not on the disk: %s",
			  (unsigned long long)r->seq, strerror(result->err));

	event_cdr(r->seq, r->customer, (struct span){ r->json, r->len });
	mem_deref(r);
}

static void id_copy(char out[DIRECTORY_ID_SIZE], const char *id)
{
	size_t len = strlen(id);

	memcpy(out, id, len < DIRECTORY_ID_SIZE ? len : DIRECTORY_ID_SIZE - 1);
}

/* No memory to wait for the disk: it is in the journal, and told. */
static void write_at_once(const struct call *call, struct span json)
{
	const struct keep_cdr cdr = {
		.seq = event_hold(),
		.call = call->id,
		.customer = call->customer,
		.result = call_result_name(call->result),
		.caller = user_of(call->caller),
		.callee = call->callee ? user_of(call->callee)
				       : call->callee_user,
		.started_ms = call->started_ms,
		.json = json,
	};

	if (keep_add_cdr(&cdr, NULL, NULL))
		log_error("cdr", "call=%s cannot be recorded", call->id);
	event_cdr(cdr.seq, call->customer, json);
}

void cdr_write(struct call *call)
{
	static char buf[JSON_BYTES];
	struct sip_out o;
	struct keep_cdr cdr;
	struct record *r;

	if (peer_is_caller(call) || call->is_unrecorded)
		return; /* the other node writes it; or nothing to write */

	sip_out_init(&o, buf, sizeof(buf));
	print_record(call, clock_wall_ms(), &o);
	if (o.is_full) {
		log_error("cdr", "call=%s does not fit", call->id);
		return;
	}

	r = mem_zalloc(sizeof(*r) + o.len, NULL);
	if (!r) {
		write_at_once(call, sip_out_span(&o));
		return;
	}
	r->seq = event_hold();
	r->len = o.len;
	memcpy(r->customer, call->customer, sizeof(r->customer));
	memcpy(r->call, heir_id(call), sizeof(r->call));
	id_copy(r->caller, user_of(call->caller));
	id_copy(r->callee,
		call->callee ? user_of(call->callee) : call->callee_user);
	memcpy(r->json, o.p, o.len);

	cdr.seq = r->seq;
	cdr.call = r->call;
	cdr.customer = r->customer;
	cdr.result = call_result_name(call->result);
	cdr.caller = r->caller;
	cdr.callee = r->callee;
	cdr.started_ms = call->started_ms;
	cdr.json = (struct span){ r->json, r->len };
	if (keep_add_cdr(&cdr, durable, r)) {
		log_error("cdr", "call=%s is recorded at the next start",
			  call->id);
		event_cdr(r->seq, r->customer,
			  (struct span){ r->json, r->len });
		mem_deref(r);
	}
}
