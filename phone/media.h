/* media.h - what a phone's speech may be: its codecs, and SRTP or not
 *
 * From the account (`sip.codecs`, `sip.srtp`) or the commands `set codecs`
 * and `set srtp`; calls that have begun keep theirs.
 */
#ifndef PHONE_MEDIA_H
#define PHONE_MEDIA_H

#include "sip/sdp.h"

enum { MEDIA_CODECS_MAX = 4 };

enum media_srtp {
	MEDIA_SRTP_OPTIONAL, /* taken; offered where the signalling is private */
	MEDIA_SRTP_OFF,
	MEDIA_SRTP_REQUIRED,
};

struct codec;

/** Zeroed memory is G.711 with optional SRTP. */
struct media {
	uint8_t srtp; /* enum media_srtp */
	uint8_t count;
	const struct codec *codecs[MEDIA_CODECS_MAX];
};

/** "off", "optional", "required".  EINVAL. */
int media_set_srtp(struct media *m, const char *text);

/** "opus,G722,PCMU": by preference.  EINVAL. */
int media_set_codecs(struct media *m, const char *text);

/** Put it into our side of a description; keys are made.
 *
 * @param is_private Nobody else reads the signalling
 */
void media_offer(const struct media *m, struct sdp_audio *ours,
		 bool is_private);

#endif
