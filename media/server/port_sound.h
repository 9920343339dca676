/* port_sound.h - a port's speech: coded, decoded, brought to the right rate
 *
 * What payload types mean was told; 0, 8 and 9 are static.  A packet is
 * decoded once for all who hear the port, and brought to the other rate only
 * when one of them wants it so: a call of G.711 that is mixed or recorded
 * costs a table look-up a sample, as ever.
 */
#ifndef MEDIA_SERVER_PORT_SOUND_H
#define MEDIA_SERVER_PORT_SOUND_H

#include "media/codec.h"
#include "media/resample.h"

struct list;
struct rtp_in;

enum { PORT_SOUND_FORMATS = 8 };

struct port_format {
	uint8_t payload;
	const struct codec *codec;
};

struct port_sound {
	uint8_t payload; /* sent */
	const struct codec *codec;
	struct port_format formats[PORT_SOUND_FORMATS];
	uint32_t format_count;
	struct coder *out;
	struct coder *in;
	struct resample heard;  /* to the other rate */
	struct resample spoken; /* from it */
};

/** Speak G.711 u-law. */
void port_sound_init(struct port_sound *s);
void port_sound_close(struct port_sound *s);

/** What a payload type means, or NULL. */
const struct codec *port_sound_codec(const struct port_sound *s,
				     uint8_t payload);

/**
 * Code 20 ms.
 *
 * @param out CODEC_OCTETS_MAX octets
 *
 * @return Octets, 0 when it could not
 */
size_t port_sound_make(struct port_sound *s, uint8_t *out, const int16_t *pcm,
		       bool is_wide);

/** Decode a packet, and what was lost before it, into taps (struct tap). */
void port_sound_hear(struct port_sound *s, const struct rtp_in *in,
		     const struct list *taps);

#endif
