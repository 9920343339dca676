/* answer_sdp.c - see answer_private.h: where the caller and the voice reach
 * each other
 */
#include <errno.h>
#include <stdio.h>

#include "pbx/speech/answer_private.h"
#include "pbx/speech/relay.h"
#include "sip/sdp.h"

static void own_side(struct answer *a, struct sdp_audio *side,
		     char host[RELAY_HOST_BYTES])
{
	relay_address(host, a->call->caller);
	sdp_audio_init(side, host, voice_port(a->voice), a->sdp_id);
	terms_offer(side);
	srtp_offer(side, voice_keys(a->voice), a->call->caller,
		   voice_terms(a->voice));
	side->version = ++a->sdp_version;
}

static void hear_from(struct answer *a, const struct sdp_agreed *agreed,
		      const struct sdp_audio *ours)
{
	struct terms terms = { .codec = 0 };

	a->has_rtp_keys = agreed->dtmf_payload != 0;
	if (!terms_agree(&terms, agreed, ours))
		voice_agree(a->voice, &terms);
}

int answer_describe(struct answer *a, struct span offer, struct sip_out *o)
{
	struct sdp_agreed agreed;
	struct sdp_audio side;
	struct sdp *theirs;
	char host[RELAY_HOST_BYTES];
	int err;

	own_side(a, &side, host);
	if (!offer.len)
		return sdp_audio_write(o, &side);

	theirs = mem_alloc(sizeof(*theirs), NULL);
	if (!theirs)
		return ENOMEM;
	err = sdp_parse(theirs, offer);
	if (!err)
		err = sdp_audio_answer(o, &agreed, theirs, &side);
	if (!err)
		hear_from(a, &agreed, &side);
	mem_deref(theirs);

	return err;
}

int answer_learn(struct answer *a, struct span answer)
{
	struct sdp_agreed agreed;
	struct sdp_audio side;
	struct sdp *theirs;
	char host[RELAY_HOST_BYTES];
	int err;

	own_side(a, &side, host);
	theirs = mem_alloc(sizeof(*theirs), NULL);
	if (!theirs)
		return ENOMEM;
	err = sdp_parse(theirs, answer);
	if (!err)
		err = sdp_audio_read(&agreed, theirs, &side);
	if (!err)
		hear_from(a, &agreed, &side);
	mem_deref(theirs);

	return err;
}
