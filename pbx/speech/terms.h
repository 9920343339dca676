/* terms.h - how a party and its port of the media server speak
 *
 * What the two descriptions say of one port: where its party listens, what
 * payload types mean there, which codec and which keys it is sent.  The port
 * decodes whatever codec of ours it gets; who plays, mixes and records speaks
 * the first in the party's own order that both descriptions have.
 *
 * Source: RFC 3264 section 6, RFC 4733, RFC 7587.
 */
#ifndef PBX_TERMS_H
#define PBX_TERMS_H

#include <jansson.h>

#include "base/libre.h"
#include "sip/sdp.h"

enum { TERMS_FORMATS_MAX = 8, TERMS_NAME_BYTES = 16 };

/** Payload types of one description that the media server knows: codecs and
 * telephone-event, in its order. */
struct terms_list {
	struct {
		uint8_t payload;
		uint32_t clock_hz;
		char name[TERMS_NAME_BYTES];
	} formats[TERMS_FORMATS_MAX];
	uint8_t count;
};

struct terms {
	struct sa remote; /* unset: not known */
	uint8_t codec;    /* payload type to send */
	uint8_t keys;     /* of keys; 0: as the server has it */
	uint32_t keys_clock_hz;
	struct terms_list formats;
	struct sdp_crypto in;  /* SRTP: its key, or none */
	struct sdp_crypto out; /* ours */
	bool is_savp;          /* it speaks nothing else */
};

/** Our own side of a description: every codec, G.711 among them. */
void terms_offer(struct sdp_audio *a);

void terms_list_read(struct terms_list *list, const struct sdp *sdp,
		     const struct sdp_media *m);

/** Whether there is any codec in it. */
bool terms_list_has_codec(const struct terms_list *list);

/** What to send and what to understand: theirs is the party's description,
 * told the one it was given (empty: not yet). */
void terms_choose(struct terms *t, const struct terms_list *theirs,
		  const struct terms_list *told);

/**
 * What was agreed between a party and ourselves.
 *
 * @param ours As it was in our description
 *
 * @return 0; EINVAL when the address is none
 */
int terms_agree(struct terms *t, const struct sdp_agreed *agreed,
		const struct sdp_audio *ours);

bool terms_equal(const struct terms *a, const struct terms *b);

/** For the media server: "port.open", "port.set". */
void terms_put(const struct terms *t, json_t *json);

/** From a row of its list. */
void terms_take(struct terms *t, const json_t *row);

#endif
