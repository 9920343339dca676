/* hold.c - see hold.h */
#include "pbx/call/hold.h"
#include "pbx/call/leg.h"
#include "sip/sdp.h"

enum hold_offer hold_read(struct span body)
{
	const struct sdp_media *media;
	struct sdp *sdp;
	enum hold_offer offer = HOLD_OFFER_NONE;

	if (!body.len)
		return HOLD_OFFER_NONE;

	sdp = mem_alloc(sizeof(*sdp), NULL);
	if (!sdp)
		return HOLD_OFFER_NONE;

	if (sdp_parse(sdp, body))
		goto out;
	media = sdp_media_active(sdp, "audio");
	if (!media)
		goto out;

	offer = !(media->direction & SDP_DIRECTION_RECVONLY) ||
				span_equal(media->address, SPAN("0.0.0.0"))
			? HOLD_OFFER_HOLD
			: HOLD_OFFER_TALK;

out:
	mem_deref(sdp);

	return offer;
}

void hold_apply(struct leg *leg, enum hold_offer offer)
{
	if (offer == HOLD_OFFER_HOLD && leg->state == LEG_CONNECTED)
		(void)leg_turn(leg, LEG_HOLDS);
	else if (offer == HOLD_OFFER_TALK && leg->state == LEG_HELD)
		(void)leg_turn(leg, LEG_RETRIEVES);
}
