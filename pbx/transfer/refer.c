/* refer.c - see refer.h */
#include "base/wheel.h"
#include "pbx/call/call.h"
#include "pbx/conference/conference_dial.h"
#include "pbx/trunk/outsider.h"
#include "pbx/transfer/refer.h"
#include "pbx/transfer/replaces.h"
#include "pbx/instance.h"
#include "pbx/server.h"
#include "pbx/transfer/transfer.h"
#include "sip/address.h"

enum {
	LOOK_MS = 30,    /* whether an offer is still under way */
	WAITING_MAX = 3, /* REFERs of one leg */
	PATIENCE_MS = 4000,
};

static void refuse(const struct sip_message *m, struct sip_flow *flow,
		   uint16_t status)
{
	(void)sip_refuse(server_sip(), m, flow, status,
			 (struct span){ NULL, 0 });
}

/* Where to: a number, or another leg. */
struct wish {
	char number[SIP_USER_MAX_BYTES + 1];
	struct leg *with;
	bool is_bye; /* method=BYE: a party of a conference is let go */
};

static uint16_t wish_read(struct wish *w, const struct leg *leg,
			  struct span refer_to)
{
	struct instance_target at;
	struct sip_address a;
	struct replaces r;
	struct span method;
	int err;

	memset(w, 0, sizeof(*w));
	if (sip_address_parse(&a, refer_to))
		return 400;
	if (a.uri.scheme == SIP_SCHEME_OTHER)
		return 416;

	w->is_bye = sip_uri_param(&a.uri, "method", &method) &&
		    span_equal_nocase(method, SPAN("BYE"));
	err = replaces_of_uri(&r, &a.uri);
	if (!err) {
		w->with = replaces_leg(&r);
		return !w->with                             ? 481
		       : transfer_owns(leg->phone, w->with) ? 0
							    : 403;
	}

	if (!instance_of_uri(&at, &a.uri)) {
		if (!leg->phone || at.phone->customer != leg->phone->customer)
			return 404;
		(void)re_snprintf(w->number, sizeof(w->number), "%s",
				  at.phone->number);
		return 0;
	}

	return err != ENOENT || sip_uri_user(&a.uri, w->number,
					     sizeof(w->number))
		       ? 400
		       : 0;
}

/* To a conference that goes on: the other party comes in. */
static uint16_t into(struct conference *c, struct leg *leg, uint32_t event,
		     bool is_silent)
{
	uint16_t status = transfer_may(leg);

	if (!status && c->type != CONFERENCE_ADHOC)
		status = 403;
	if (!status)
		status = conference_fetch(c, leg_peer(leg));
	if (!status && !is_silent)
		transfer_notify(leg, event, 200);

	return status;
}

static uint16_t carry_out(struct leg *leg, const struct wish *w, uint32_t event,
			  bool is_silent)
{
	struct conference *c;

	if (leg->call->party)
		return conference_refer(leg, w->number, w->with, w->is_bye,
					event, is_silent);
	if (w->is_bye)
		return 403;
	c = conference_of_user(leg->call->customer, w->number);

	return c ? into(c, leg, event, is_silent)
		 : transfer_do(leg, w->number, w->with, event, is_silent);
}

static int take_in(struct leg *leg, const struct sip_message *m,
		   struct sip_flow *flow, bool is_silent)
{
	struct sip_server *asked = NULL;
	struct sip_dialog *referral = NULL;
	char headers[256];
	struct sip_out o;
	struct sip_reply reply = {
		.status = 202,
		.with_contact = true,
		.contact_user = SPAN("pbx"),
	};
	int err = sip_server_accept(&asked, server_sip(), m, flow, NULL, NULL,
				    NULL);

	if (err)
		return err;

	if (!m->to_tag.len) {
		err = sip_dialog_accept(&referral, server_sip(), m, asked,
					SPAN("pbx"), NULL);
		if (err) {
			(void)sip_server_answer(asked, 400);
			sip_server_forget(&asked);
			return EALREADY;
		}
		mem_deref(leg->referral);
		leg->referral = referral;
	}
	sip_out_init(&o, headers, sizeof(headers));
	leg_headers(leg, &o);
	if (is_silent)
		sip_out_text(&o, "Refer-Sub: false\r\n");
	reply.headers = sip_out_span(&o);
	(void)sip_server_reply(asked, &reply);
	sip_server_forget(&asked);

	return 0;
}

/* Taken in, and to be done once no offer is under way on these legs. */
struct waiting {
	struct call *call; /* counted */
	struct leg *leg;   /* of it */
	struct wheel_timer timer;
	uint64_t until_ms;
	uint32_t event;
	bool is_silent;
	char refer_to[SIP_URI_MAX_BYTES];
};

static void waiting_destructor(void *data)
{
	struct waiting *w = data;

	wheel_stop(&w->timer);
	w->leg->refers_waiting--;
	mem_deref(w->call);
}

static void look_again(void *arg)
{
	struct waiting *w = arg;
	struct wish wish;
	uint16_t status = wish_read(&wish, w->leg, span_of(w->refer_to));

	if (!status)
		status = carry_out(w->leg, &wish, w->event, w->is_silent);
	if (status == 491 && wheel_now_ms() < w->until_ms) {
		wheel_start(&w->timer, LOOK_MS, look_again, w);
		return;
	}

	if (status && !w->is_silent)
		transfer_notify(w->leg, w->event, status);
	mem_deref(w);
}

static int wait_a_little(struct leg *leg, struct span refer_to, uint32_t event,
			 bool is_silent)
{
	struct waiting *w;

	if (refer_to.len >= sizeof(w->refer_to))
		return E2BIG;
	w = mem_zalloc(sizeof(*w), waiting_destructor);
	if (!w)
		return ENOMEM;

	w->call = mem_ref(leg->call);
	w->leg = leg;
	w->leg->refers_waiting++;
	w->event = event;
	w->is_silent = is_silent;
	w->until_ms = wheel_now_ms() + PATIENCE_MS;
	memcpy(w->refer_to, refer_to.p, refer_to.len);
	wheel_start(&w->timer, LOOK_MS, look_again, w);

	return 0;
}

/* Its one Refer-To. */
static uint16_t refer_to_of(struct span *valuep, const struct sip_message *m)
{
	struct sip_values it;
	struct span second;

	sip_values_start(&it, m, SIP_HEADER_REFER_TO);

	return sip_has_header(m, SIP_HEADER_REFER_TO) &&
			       sip_lines_next(&it, valuep) &&
			       !sip_lines_next(&it, &second)
		       ? 0
		       : 400;
}

void refer_request(struct leg *leg, const struct sip_message *m,
		   struct sip_flow *flow)
{
	uint32_t event = !m->to_tag.len      ? TRANSFER_REFERRAL
			 : leg->has_referred ? m->cseq
					     : 0;
	struct span refer_to;
	struct wish w;
	bool is_silent;
	uint16_t status = refer_to_of(&refer_to, m);
	int err;

	/* The outside sends nobody on: who would pay? */
	if (!status && outsider_is(leg->phone))
		status = 403;
	if (!status)
		status = wish_read(&w, leg, refer_to);
	if (!status && !leg->call->party)
		status = transfer_may(leg);
	if (leg->refers_waiting >= WAITING_MAX && (!status || status == 491))
		status = 486;
	if (status && status != 491) {
		refuse(m, flow, status);
		return;
	}

	is_silent = sip_header_has(m, SIP_HEADER_REFER_SUB, "false");
	err = take_in(leg, m, flow, is_silent);
	if (err) {
		if (err != EALREADY)
			refuse(m, flow, 500);
		return;
	}

	leg->has_referred |= m->to_tag.len > 0;
	status = carry_out(leg, &w, event, is_silent);
	if (status == 491 && !wait_a_little(leg, refer_to, event, is_silent))
		return;
	if (status && !is_silent)
		transfer_notify(leg, event, status);
}

/* The leg that Target-Dialog names, which the phone may dispose of. */
static struct leg *target_of(const struct sip_message *m,
			     const struct phone *phone)
{
	struct span value = sip_header_named(m, "Target-Dialog");
	struct replaces r;
	struct leg *leg;

	if (!value.len || replaces_parse_target(&r, value))
		return NULL;
	leg = replaces_leg(&r);

	return leg && leg_is_up(leg) && transfer_owns(phone, leg) ? leg : NULL;
}

void refer_apart(const struct sip_message *m, struct sip_flow *flow,
		 const struct phone *phone)
{
	struct leg *leg = target_of(m, phone);

	if (leg)
		refer_request(leg, m, flow);
	else
		refuse(m, flow, 403);
}
