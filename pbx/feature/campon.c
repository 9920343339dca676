/* campon.c - see campon.h */
#include "base/wheel.h"
#include "pbx/call/call.h"
#include "pbx/feature/campon.h"
#include "pbx/route/cos.h"
#include "pbx/feature/dial.h"
#include "pbx/route/forward.h"
#include "pbx/speech/interject.h"
#include "pbx/transfer/transfer.h"

enum { LOOK_MS = 300 };

struct campon {
	struct call *call;
	struct wheel_timer timer;
	uint64_t tone_ms; /* when the busy party is told, 0: has been */
	uint64_t ends_ms;
	bool is_wanted; /* for this call, whatever the class says */
	bool is_begun;
	bool is_over;
};

static void campon_destructor(void *data)
{
	struct campon *c = data;

	wheel_stop(&c->timer);
}

static struct campon *campon_get(struct call *call)
{
	if (!call->campon) {
		call->campon = mem_zalloc(sizeof(*call->campon),
					  campon_destructor);
		if (call->campon)
			call->campon->call = call;
	}

	return call->campon;
}

bool campon_is(const struct call *call)
{
	return call->campon && call->campon->is_begun &&
	       wheel_is_running(&call->campon->timer);
}

void campon_wish(struct call *call)
{
	struct campon *c = campon_get(call);

	if (c)
		c->is_wanted = true;
}

void campon_end(struct call *call)
{
	call->campon = mem_deref(call->campon);
}

/* ---- who is busy ---- */

/* Phones of whom the call is for; their number. */
static uint32_t phones_of(struct phone *phones[DIRECTORY_PHONES_MAX],
			  const struct call *call)
{
	const struct route_way *way = forward_way(call);
	const struct customer *c = directory_customer(span_of(call->customer));
	const struct user *u = call->callee_user[0]
				       ? directory_user(
						 span_of(call->callee_user))
				       : NULL;
	struct phone *p = c && way ? directory_phone_by_number(
					     c, span_of(way->number))
				   : NULL;
	uint32_t n = 0;

	if (u && way && strcmp(u->extension, way->number) != 0 && p)
		u = NULL; /* a line was dialled */
	for (struct le *le = u ? list_head(&u->phones) : NULL;
	     le && n < DIRECTORY_PHONES_MAX; le = le->next)
		phones[n++] = le->data;
	for (; !u && p && n < DIRECTORY_PHONES_MAX; p = directory_phone_next(p))
		phones[n++] = p;

	return n;
}

static bool is_busy(const struct call *call)
{
	struct phone *phones[DIRECTORY_PHONES_MAX];
	uint32_t n = phones_of(phones, call);

	for (uint32_t i = 0; i < n; i++) {
		if (phone_has_call(phones[i]))
			return true;
	}

	return false;
}

/* ---- the sign ---- */

static void sign_in(const struct call *busy, const struct phone *p)
{
	struct leg *legs[] = { busy->caller, busy->callee };

	if (busy->state != CALL_ANSWERED)
		return;
	for (unsigned i = 0; i < 2; i++) {
		if (legs[i] && legs[i]->phone == p &&
		    legs[i]->state == LEG_CONNECTED)
			interject(legs[i], "camp-on");
	}
}

static void sign(const struct call *call)
{
	struct phone *phones[DIRECTORY_PHONES_MAX];
	uint32_t n = phones_of(phones, call);

	for (uint32_t i = 0; i < n; i++) {
		if (!phones[i]->calls ||
		    cos_may(phones[i]->user, COS_CAMPON_SECURITY))
			continue;
		for (struct le *le = list_head(call_list()); le; le = le->next)
			sign_in(le->data, phones[i]);
	}
}

/* ---- waiting ---- */

static void ring(struct campon *c)
{
	struct call *call = c->call;
	struct route_way *way = forward_way(call);
	struct phone *payer = transfer_payer(call);
	char number[DIRECTORY_NUMBER_MAX + 1];
	struct sip_message m;
	struct routing r;

	trail_add(&call->trail, "%s is free", way->number);
	memcpy(number, way->number, sizeof(number));
	*way = (struct route_way){ .is_anonymous = way->is_anonymous,
				   .is_permitted = way->is_permitted,
				   .mode = way->mode };
	call->state = CALL_ROUTING;
	forward_invite(call, &m);
	route_begin(&r, way, payer, span_of(number), call->hops, &call->trail);
	if (r.code) {
		call_refused(call, 486, NULL);
		return;
	}
	forward_ring(call, &r, &m);
}

static void look(void *arg)
{
	struct campon *c = arg;
	struct call *call = c->call;
	uint64_t now = wheel_now_ms();

	if (!is_busy(call)) {
		ring(c);
		return;
	}
	if (now >= c->ends_ms) {
		c->is_over = true;
		trail_add(&call->trail, "has waited long enough");
		call_refused(call, 486, "Busy Here");
		return;
	}
	if (c->tone_ms && now >= c->tone_ms) {
		c->tone_ms = 0;
		sign(call);
	}
	wheel_start(&c->timer, LOOK_MS, look, c);
}

static void tell_caller(struct call *call)
{
	char buf[512];
	struct sip_out o;
	struct sip_reply reply = { .status = 182,
				   .with_contact = true,
				   .contact_user = SPAN("pbx") };

	if (call->wants_reliable || !call->caller->asked)
		return;

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(call->caller, &o);
	reply.headers = sip_out_span(&o);
	(void)sip_server_reply(call->caller->asked, &reply);
}

static bool begin(struct call *call, const struct phone *payer)
{
	uint64_t after = cos_ms(payer->user, COS_AUTO_CAMPON);
	struct campon *c;

	if (!after && !call->campon)
		return false;
	c = campon_get(call);
	if (!c || c->is_over || (!after && !c->is_wanted))
		return false;
	if (!c->is_begun) {
		c->is_begun = true;
		c->tone_ms = wheel_now_ms() + (c->is_wanted ? 0 : after);
		c->ends_ms = wheel_now_ms() + (c->is_wanted ? 0 : after) +
			     cos_ms(payer->user, COS_CAMPON_RECALL);
		call_touch(call); /* has its answer also after a restart */
		trail_add(&call->trail, "%s is busy: %s waits",
			  forward_way(call)->number,
			  call->caller->phone ? call->caller->phone->number
					      : "?");
		tell_caller(call);
	}
	wheel_stop(&call->timer);
	wheel_start(&c->timer, LOOK_MS, look, c);

	return true;
}

bool campon_takes(struct call *call, uint16_t status)
{
	const struct phone *payer = transfer_payer(call);

	if ((status != 486 && status != 600) || call->is_emergency ||
	    !forward_way(call) || !payer || payer->trunk || call->answer ||
	    !is_busy(call))
		return false;

	return begin(call, payer);
}

void campon_run(struct call *call, const struct routing *r,
		const struct sip_message *m)
{
	campon_wish(call);
	dial_again(call, m, r->argument);
}
