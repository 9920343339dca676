/* g711.h - G.711 speech: 8,000 octets a second, u-law or A-law
 *
 * Source: ITU-T G.711; payload types 0 and 8 of RFC 3551.  The tables are
 * librem's.
 */
#ifndef MEDIA_G711_H
#define MEDIA_G711_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	G711_ULAW = 0, /* payload types */
	G711_ALAW = 8,
};

/** Whether a payload type is one of the two. */
bool g711_is_payload_type(uint8_t pt);

/** Encode count samples to count octets; pt is G711_ULAW or G711_ALAW. */
void g711_encode(uint8_t pt, uint8_t *out, const int16_t *pcm, size_t count);

/** Decode count octets to count samples. */
void g711_decode(uint8_t pt, int16_t *pcm, const uint8_t *in, size_t count);

#endif
