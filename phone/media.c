/* media.c - see media.h */
#include <errno.h>
#include <stdio.h>

#include "base/libre.h"
#include "media/codec.h"
#include "media/dtmf.h"
#include "phone/media.h"

enum { WIDE_EVENT = 102 };

int media_set_srtp(struct media *m, const char *text)
{
	static const char *const names[] = { "optional", "off", "required" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(text, names[i])) {
			m->srtp = (uint8_t)i;
			return 0;
		}
	}

	return EINVAL;
}

static const struct codec *codec_named(const char *name, size_t len)
{
	const struct codec *codec;

	for (unsigned i = 0; (codec = codec_at(i)); i++) {
		if (strlen(codec->name) == len &&
		    !strncasecmp(codec->name, name, len))
			return codec;
	}

	return NULL;
}

int media_set_codecs(struct media *m, const char *text)
{
	struct media wanted = { .srtp = m->srtp };

	for (;;) {
		size_t len = strcspn(text, ",");
		const struct codec *codec = codec_named(text, len);

		if (!codec || wanted.count == MEDIA_CODECS_MAX)
			return EINVAL;
		wanted.codecs[wanted.count++] = codec;
		if (!text[len])
			break;
		text += len + 1;
	}
	*m = wanted;

	return 0;
}

static void add(struct sdp_audio *a, uint8_t payload, const char *name,
		uint32_t rate, uint8_t channels, const char *fmtp)
{
	struct sdp_codec *c = &a->codecs[a->codec_count++];

	memset(c, 0, sizeof(*c));
	c->payload = payload;
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	c->rate = rate;
	c->channels = channels;
	c->fmtp = fmtp;
}

void media_offer(const struct media *m, struct sdp_audio *ours, bool is_private)
{
	bool has_opus = false;

	if (m->count)
		ours->codec_count = 0;
	for (uint8_t i = 0; i < m->count; i++) {
		const struct codec *c = m->codecs[i];

		add(ours, c->payload, c->name, c->clock_hz, c->channels,
		    c->fmtp);
		has_opus |= c->clock_hz == 48000;
	}
	if (m->count)
		add(ours, DTMF_PAYLOAD_TYPE, "telephone-event", 8000, 1, NULL);
	if (has_opus)
		add(ours, WIDE_EVENT, "telephone-event", 48000, 1, NULL);

	ours->security = m->srtp == MEDIA_SRTP_OFF        ? SDP_PLAIN
			 : m->srtp == MEDIA_SRTP_REQUIRED ? SDP_SECURE_ONLY
			 : is_private                     ? SDP_SECURE_EITHER
							  : SDP_SECURE_IF;
	if (ours->security == SDP_PLAIN)
		return;
	ours->key_count = 0;
	for (unsigned i = 1; i < SDP_SUITES; i++)
		sdp_crypto_make(&ours->keys[ours->key_count++],
				(enum sdp_suite)i);
}
