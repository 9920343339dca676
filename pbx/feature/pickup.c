/* pickup.c - see pickup.h */
#include "pbx/route/cor.h"
#include "pbx/call/fork.h"
#include "pbx/route/group.h"
#include "pbx/route/mode.h"
#include "pbx/feature/pickup.h"
#include "pbx/pair/errand.h"
#include "pbx/pair/far.h"
#include "pbx/speech/relay.h"
#include "sip/sdp.h"

#define ELSEWHERE "SIP;cause=200;text=\"Call completed elsewhere\""

enum { SDP_BYTES = 8192 };

static bool answers_at_night(const struct phone *p)
{
	return p->user && cos_may(p->user, COS_NIGHT_ANSWER) &&
	       mode_now(p->customer) != MODE_DAY;
}

static bool is_wanted(const struct phone *picker, const struct phone *rung,
		      const char *number)
{
	if (!rung || rung->customer != picker->customer || rung == picker ||
	    !cos_may(rung->user, COS_PICKUP_ACCEPT))
		return false;
	if (!number[0])
		return group_joins(picker, rung) ||
		       (answers_at_night(picker) && group_has_pickup(rung));

	return !strcmp(rung->number, number) ||
	       (rung->user && !strcmp(rung->user->extension, number));
}

static bool rings_wanted(const struct call *call, const struct phone *picker,
			 const char *number)
{
	for (struct le *le = list_head(&call->branches); le; le = le->next) {
		const struct leg *leg = le->data;

		if (!leg->is_done && !leg->is_cancelled &&
		    is_wanted(picker, leg->phone, number))
			return true;
	}

	return false;
}

struct call *pickup_ringing(const struct phone *p, const char *number)
{
	for (struct le *le = list_head(call_list()); le; le = le->next) {
		struct call *call = le->data;

		if (call->state < CALL_ANSWERED && call->caller &&
		    call->caller->asked && !far_decides(call) &&
		    !strcmp(call->customer, p->customer->id) &&
		    call->caller->phone != p && rings_wanted(call, p, number))
			return call;
	}

	return NULL;
}

static bool rings_there(const struct far_call *call, const struct phone *p,
			const char *number)
{
	const struct far_leg *caller = far_find(call->id, 1);

	if (call->is_answered || strcmp(call->customer, p->customer->id) != 0 ||
	    (caller && far_phone(caller) == p))
		return false;

	for (struct le *le = list_head(&call->legs); le; le = le->next) {
		const struct far_leg *leg = le->data;

		if (leg != caller && is_wanted(p, far_phone(leg), number))
			return true;
	}

	return false;
}

/* Whether the other node has one. */
static bool find_there(const struct phone *p, const char *number)
{
	for (struct le *le = list_head(far_list()); le; le = le->next) {
		if (rings_there(le->data, p, number))
			return true;
	}

	return false;
}

/* ---- descriptions ---- */

static bool has_codec(const struct sdp *sdp, const struct sdp_media *media,
		      const struct sdp_codec *wanted)
{
	struct sdp_codec c;

	for (unsigned i = 0; i < media->format_count; i++) {
		if (sdp_codec(sdp, media, sdp_format(media, i), &c) &&
		    c.rate == wanted->rate &&
		    !str_casecmp(c.name, wanted->name))
			return true;
	}

	return false;
}

/* The formats of a media that the other description has, too. */
static void common(struct sip_out *o, const struct sdp *sdp,
		   const struct sdp_media *media, const struct sdp *other,
		   const struct sdp_media *theirs)
{
	struct sdp_codec c;

	for (unsigned i = 0; i < media->format_count; i++) {
		struct span format = sdp_format(media, i);

		if (!sdp_codec(sdp, media, format, &c) ||
		    !has_codec(other, theirs, &c))
			continue;
		if (o->len)
			sip_out_raw(o, SPAN(" "));
		sip_out_raw(o, format);
	}
}

/* One side's offer as the answer to the other one's. */
static int answer_write(struct sip_out *o, struct span offer,
			struct span other_offer)
{
	static struct sdp ours, theirs;
	static char formats[SDP_MEDIA_MAX][256];
	struct sdp_edit e;
	int err;

	err = sdp_parse(&ours, offer);
	if (!err)
		err = sdp_parse(&theirs, other_offer);
	if (err)
		return err;
	if (ours.media_count != theirs.media_count)
		return ENOTSUP;

	sdp_edit_init(&e);
	for (uint8_t i = 0; i < ours.media_count; i++) {
		struct sip_out f;

		if (!span_equal(ours.media[i].type, SPAN("audio")))
			continue;
		sip_out_init(&f, formats[i], sizeof(formats[i]));
		common(&f, &ours, &ours.media[i], &theirs, &theirs.media[i]);
		if (f.is_full || !f.len)
			return ENOTSUP;
		e.media[i].formats = sip_out_span(&f);
	}

	return sdp_write(o, &ours, &e);
}

/* ---- taking over ---- */

static int take_over(struct call *call, struct call *picker)
{
	static char buf[2][SDP_BYTES];
	struct leg *leg = picker->caller;
	struct routing r = { .count = 1 };
	struct sip_out to_caller, to_picker;
	struct span theirs, ours;
	int err;

	if (!call->offer || !picker->offer)
		return ENOTSUP;

	theirs = (struct span){ (const char *)call->offer->buf,
				(uint32_t)call->offer->end };
	ours = (struct span){ (const char *)picker->offer->buf,
			      (uint32_t)picker->offer->end };
	sip_out_init(&to_caller, buf[0], sizeof(buf[0]));
	sip_out_init(&to_picker, buf[1], sizeof(buf[1]));
	err = answer_write(&to_caller, ours, theirs);
	if (!err)
		err = answer_write(&to_picker, theirs, ours);
	if (err)
		return err;

	r.phones[0] = leg->phone;
	if (!call->is_relayed)
		relay_begin(call, &r);
	if (!call->is_relayed &&
	    (srtp_is_spoken(ours) || srtp_is_spoken(theirs)))
		(void)relay_force(call);
	(void)leg_turn(leg, LEG_CLEARED);
	picker->caller = NULL;
	call_picked_up(call, leg, sip_out_span(&to_picker),
		       sip_out_span(&to_caller));
	fork_cancel(call, leg, ELSEWHERE);

	return 0;
}

void pickup_run(struct call *picker, const char *number,
		const struct sip_message *m)
{
	const struct phone *p = picker->caller->phone;
	enum cos_option option = number[0] ? COS_PICKUP_DIRECTED
					   : COS_PICKUP_GROUP;
	struct call *call;

	if (!cos_may(p->user, option)) {
		trail_add(&picker->trail, "%s may not pick up calls",
			  phone_name(p));
		call_refused(picker, 403, "Not Permitted");
		return;
	}

	call = p->customer ? pickup_ringing(p, number) : NULL;
	if (!call && p->customer && find_there(p, number) &&
	    errand_send(picker, m, picker->number))
		return;
	if (!call) {
		trail_add(&picker->trail, "no call to pick up rings");
		call_refused(picker, 480, "No Call to Pick Up");
		return;
	}
	if (sip_header_has(m, SIP_HEADER_REQUIRE, "100rel")) {
		call_refused(picker, 488, NULL);
		return;
	}

	trail_add(&call->trail, "%s picks up the call at %s", phone_name(p),
		  p->number);
	if (take_over(call, picker)) {
		trail_add(&call->trail, "but has no media in common");
		call_refused(picker, 488, "No Media in Common");
		return;
	}

	mem_deref(picker); /* it has become part of the other call */
}
