/* answer_sdp.c - see answer_private.h: where the caller and the voice reach
 * each other
 */
#include <errno.h>
#include <stdio.h>

#include "pbx/speech/answer_private.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "sip/sdp.h"

/* Where the caller reaches the media server. */
static int own_address(const struct answer *a, char out[64])
{
	struct sip_flow *flow = sip_dialog_flow(a->call->caller->dialog);
	char text[256];
	struct sip_uri uri;
	int err;

	if (!sa_is_any(&pbx_settings.media_address)) {
		(void)re_snprintf(out, 64, "%j", &pbx_settings.media_address);
		return 0;
	}
	if (!flow)
		return ENOTCONN;
	err = sip_contact_uri(server_sip(), flow, SPAN("pbx"), text,
			      sizeof(text));
	if (!err)
		err = sip_uri_parse(&uri, span_of(text));
	if (!err && uri.host.len >= 64)
		err = ENAMETOOLONG;
	if (!err)
		(void)snprintf(out, 64, "%.*s", (int)uri.host.len, uri.host.p);

	return err;
}

static int own_side(struct answer *a, struct sdp_audio *side, char host[64])
{
	int err = own_address(a, host);

	if (!err) {
		sdp_audio_init(side, host, voice_port(a->voice), a->sdp_id);
		terms_offer(side);
	}
	side->version = ++a->sdp_version;

	return err;
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
	char host[64];
	int err = own_side(a, &side, host);

	if (err || !offer.len)
		return err ? err : sdp_audio_write(o, &side);

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
	char host[64];
	int err = own_side(a, &side, host);

	theirs = mem_alloc(sizeof(*theirs), NULL);
	if (!theirs)
		return ENOMEM;
	if (!err)
		err = sdp_parse(theirs, answer);
	if (!err)
		err = sdp_audio_read(&agreed, theirs, &side);
	if (!err)
		hear_from(a, &agreed, &side);
	mem_deref(theirs);

	return err;
}
