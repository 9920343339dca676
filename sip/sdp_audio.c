/* sdp_audio.c - offer and answer of a plain audio phone; see sdp.h */
#include <errno.h>

#include "sip/param.h"
#include "sip/sdp.h"

static const char telephone_event[] = "telephone-event";

enum {
	PTIME_DEFAULT_MS = 20,
	PTIME_MAX_MS = 60,
};

void sdp_audio_init(struct sdp_audio *a, const char *address, uint16_t port,
		    uint64_t session_id)
{
	static const struct sdp_codec codecs[] = {
		{ 0, "PCMU", 8000, 1, NULL },
		{ 8, "PCMA", 8000, 1, NULL },
		{ 101, "telephone-event", 8000, 1, NULL },
	};

	memset(a, 0, sizeof(*a));
	a->address = address;
	a->port = port;
	a->session_id = session_id;
	a->version = 1;
	a->direction = SDP_DIRECTION_SENDRECV;
	a->codec_count = 3;
	memcpy(a->codecs, codecs, sizeof(codecs));
}

static bool is_event(const struct sdp_codec *c)
{
	return !strcasecmp(c->name, telephone_event);
}

static void session_write(struct sip_out *o, const struct sdp_audio *a)
{
	const char *type = strchr(a->address, ':') ? "IP6" : "IP4";

	sip_out_printf(o,
		       "v=0\r\no=- %llu %llu IN %s %s\r\ns=-\r\n"
		       "c=IN %s %s\r\nt=0 0\r\n",
		       (unsigned long long)a->session_id,
		       (unsigned long long)a->version, type, a->address, type,
		       a->address);
}

static void codec_write(struct sip_out *o, const struct sdp_codec *c)
{
	sip_out_printf(o, "a=rtpmap:%u %s/%u", c->payload, c->name, c->rate);
	if (c->channels > 1)
		sip_out_printf(o, "/%u", c->channels);
	sip_out_text(o, "\r\n");
	if (is_event(c))
		sip_out_printf(o, "a=fmtp:%u 0-16\r\n", c->payload);
	else if (c->fmtp)
		sip_out_printf(o, "a=fmtp:%u %s\r\n", c->payload, c->fmtp);
}

static void media_write(struct sip_out *o, const struct sdp_audio *a,
			struct span protocol, enum sdp_direction direction)
{
	sip_out_printf(o, "m=audio %u ", a->port);
	sip_out_raw(o, protocol);
	for (unsigned i = 0; i < a->codec_count; i++)
		sip_out_printf(o, " %u", a->codecs[i].payload);
	sip_out_text(o, "\r\n");
	for (unsigned i = 0; i < a->codec_count; i++)
		codec_write(o, &a->codecs[i]);
	sip_out_printf(o, "a=ptime:%u\r\na=%s\r\n", PTIME_DEFAULT_MS,
		       sdp_direction_name(direction));
}

int sdp_audio_write(struct sip_out *o, const struct sdp_audio *a)
{
	session_write(o, a);
	media_write(o, a,
		    a->security == SDP_SECURE_ONLY ? SPAN("RTP/SAVP")
						   : SPAN("RTP/AVP"),
		    a->direction);
	for (unsigned i = 0;
	     i < a->key_count && a->security >= SDP_SECURE_EITHER; i++) {
		if (!a->offered_suite || a->keys[i].suite == a->offered_suite)
			sdp_crypto_write(o, &a->keys[i]);
	}

	return o->is_full ? E2BIG : 0;
}

/* Our codec of the same name and rate, or NULL */
static const struct sdp_codec *codec_match(const struct sdp_audio *ours,
					   const struct sdp_codec *theirs)
{
	for (unsigned i = 0; i < ours->codec_count; i++) {
		const struct sdp_codec *c = &ours->codecs[i];

		if (!strcasecmp(c->name, theirs->name) &&
		    c->rate == theirs->rate && c->channels == theirs->channels)
			return c;
	}

	return NULL;
}

/* Their DTMF payload: of the codec's rate, else the first that we have. */
static void events_agree(struct sdp_agreed *agreed, const struct sdp *theirs,
			 const struct sdp_media *m,
			 const struct sdp_audio *ours)
{
	struct sdp_codec c;

	for (unsigned i = 0; i < m->format_count; i++) {
		if (!sdp_codec(theirs, m, sdp_format(m, i), &c) ||
		    !is_event(&c) || !codec_match(ours, &c) ||
		    (agreed->dtmf_payload && c.rate != agreed->codec.rate))
			continue;
		agreed->dtmf_payload = c.payload;
		agreed->dtmf_rate = c.rate;
		if (c.rate == agreed->codec.rate)
			break;
	}
}

/* First common codec in their order, and their DTMF payload of its rate */
static bool codecs_agree(struct sdp_agreed *agreed, const struct sdp *theirs,
			 const struct sdp_media *m,
			 const struct sdp_audio *ours)
{
	struct sdp_codec c;
	bool is_found = false;

	agreed->dtmf_payload = 0;
	agreed->dtmf_rate = 0;
	for (unsigned i = 0; i < m->format_count && !is_found; i++) {
		if (!sdp_codec(theirs, m, sdp_format(m, i), &c) ||
		    is_event(&c) || !strcasecmp(c.name, "CN") ||
		    !codec_match(ours, &c))
			continue;
		agreed->codec = c;
		agreed->codec.fmtp = codec_match(ours, &c)->fmtp;
		is_found = true;
	}
	if (is_found)
		events_agree(agreed, theirs, m, ours);

	return is_found;
}

static bool is_plain_rtp(const struct sdp_media *m)
{
	return span_equal_nocase(m->protocol, SPAN("RTP/AVP")) ||
	       span_equal_nocase(m->protocol, SPAN("RTP/AVPF"));
}

static bool is_secure_rtp(const struct sdp_media *m)
{
	return span_equal_nocase(m->protocol, SPAN("RTP/SAVP")) ||
	       span_equal_nocase(m->protocol, SPAN("RTP/SAVPF"));
}

/* Their first key of a suite that we have one of, too. */
static bool keys_agree(struct sdp_agreed *agreed, const struct sdp *theirs,
		       const struct sdp_media *m, const struct sdp_audio *ours)
{
	struct span value;
	uint16_t index = 0;

	while (sdp_attribute_next(theirs, m, "crypto", &index, &value)) {
		if (sdp_crypto_parse(&agreed->theirs, value))
			continue;
		for (unsigned i = 0; i < ours->key_count; i++) {
			if (ours->keys[i].suite != agreed->theirs.suite)
				continue;
			agreed->ours = ours->keys[i];
			agreed->ours.tag = agreed->theirs.tag;
			return true;
		}
	}
	memset(&agreed->theirs, 0, sizeof(agreed->theirs));

	return false;
}

/* Whether this media is of a kind that we speak. */
static bool security_agrees(struct sdp_agreed *agreed, const struct sdp *theirs,
			    const struct sdp_media *m,
			    const struct sdp_audio *ours)
{
	memset(&agreed->theirs, 0, sizeof(agreed->theirs));
	memset(&agreed->ours, 0, sizeof(agreed->ours));
	agreed->is_savp = is_secure_rtp(m);
	if (ours->security != SDP_PLAIN && keys_agree(agreed, theirs, m, ours))
		return true;

	return !agreed->is_savp && ours->security != SDP_SECURE_ONLY;
}

static bool is_null_address(struct span a)
{
	return span_equal(a, SPAN("0.0.0.0")) || span_equal(a, SPAN("::"));
}

static void way_agree(struct sdp_agreed *agreed, const struct sdp_media *m,
		      const struct sdp_audio *ours)
{
	uint8_t direction = (uint8_t)sdp_direction_mirror(
		(enum sdp_direction)m->direction);

	if (is_null_address(m->address))
		direction &= (uint8_t)~SDP_DIRECTION_SENDONLY;
	agreed->is_held = !(direction & SDP_DIRECTION_SENDONLY);
	agreed->direction = direction & ours->direction;
}

int sdp_audio_read(struct sdp_agreed *agreedp, const struct sdp *theirs,
		   const struct sdp_audio *ours)
{
	struct sdp_agreed agreed = { .ptime_ms = PTIME_DEFAULT_MS };
	const struct sdp_media *m = NULL;
	struct span ptime;
	bool is_barred = false;
	uint64_t n;

	for (unsigned i = 0; i < theirs->media_count; i++) {
		const struct sdp_media *one = &theirs->media[i];

		if (!one->port || !(is_plain_rtp(one) || is_secure_rtp(one)) ||
		    !span_equal_nocase(one->type, SPAN("audio")) ||
		    !codecs_agree(&agreed, theirs, one, ours))
			continue;
		if (!security_agrees(&agreed, theirs, one, ours)) {
			is_barred = true;
			continue;
		}
		agreed.media_index = (uint8_t)i;
		m = one;
		break;
	}
	if (!m)
		return is_barred ? EACCES : ENOENT;
	if (m->address.len >= sizeof(agreed.address))
		return EBADMSG;

	memcpy(agreed.address, m->address.p, m->address.len);
	agreed.port = m->port;
	agreed.rtcp_port = m->has_rtcp_mux ? m->port
			   : m->rtcp_port  ? m->rtcp_port
					   : (uint16_t)(m->port + 1);
	if (sdp_attribute(theirs, m, "ptime", &ptime) &&
	    !sip_number(sip_trim(ptime), PTIME_MAX_MS, &n) && n >= 10)
		agreed.ptime_ms = (uint16_t)n;
	way_agree(&agreed, m, ours);

	*agreedp = agreed;
	return 0;
}

/* Our side of the answer: their payload numbers for what was agreed */
static void answer_side(struct sdp_audio *a, const struct sdp_audio *ours,
			const struct sdp_agreed *agreed)
{
	*a = *ours;
	a->codecs[0] = agreed->codec;
	a->codec_count = 1;
	if (agreed->dtmf_payload) {
		struct sdp_codec *c = &a->codecs[a->codec_count++];

		c->payload = agreed->dtmf_payload;
		memcpy(c->name, telephone_event, sizeof(telephone_event));
		c->rate = agreed->dtmf_rate;
		c->channels = 1;
		c->fmtp = NULL;
	}
}

int sdp_audio_answer(struct sip_out *o, struct sdp_agreed *agreedp,
		     const struct sdp *offer, const struct sdp_audio *ours)
{
	struct sdp_agreed agreed;
	struct sdp_audio a;
	int err;

	err = sdp_audio_read(&agreed, offer, ours);
	if (err)
		return err;

	answer_side(&a, ours, &agreed);
	session_write(o, &a);
	for (unsigned i = 0; i < offer->media_count; i++) {
		const struct sdp_media *m = &offer->media[i];

		if (i == agreed.media_index) {
			media_write(o, &a, m->protocol,
				    (enum sdp_direction)(
					    sdp_direction_mirror(
						    (enum sdp_direction)
							    m->direction) &
					    ours->direction));
			sdp_crypto_write(o, &agreed.ours);
			continue;
		}
		sip_out_text(o, "m=");
		sip_out_raw(o, m->type);
		sip_out_text(o, " 0 ");
		sip_out_raw(o, m->protocol);
		sip_out_text(o, " ");
		sip_out_raw(o, m->formats);
		sip_out_text(o, "\r\n");
	}
	if (o->is_full)
		return E2BIG;

	if (agreedp)
		*agreedp = agreed;
	return 0;
}
