/* privacy.h - what a Privacy header asks for
 *
 * `none` asks for nothing and wins over what stands beside it; a header that
 * is absent asks for nothing either, but leaves the choice to settings.
 *
 * Source: RFC 3323 4.2, RFC 3325 9.3, RFC 7044 10.1.
 */
#ifndef SIP_PRIVACY_H
#define SIP_PRIVACY_H

#include "sip/message.h"

enum {
	SIP_PRIVACY_ID = 1 << 0,       /* the asserted identity */
	SIP_PRIVACY_USER = 1 << 1,     /* who it is, by us */
	SIP_PRIVACY_HEADER = 1 << 2,   /* headers that show the way */
	SIP_PRIVACY_SESSION = 1 << 3,  /* addresses of speech */
	SIP_PRIVACY_HISTORY = 1 << 4,  /* where the call has been */
	SIP_PRIVACY_CRITICAL = 1 << 5, /* or fail */
	SIP_PRIVACY_NONE = 1 << 6,
	SIP_PRIVACY_OTHER = 1 << 7, /* a word that nobody here knows */
};

/** What it asks for; 0 without the header. */
unsigned sip_privacy(const struct sip_message *m);

/** Whether it asks that the caller stays unknown. */
static inline bool sip_privacy_hides(unsigned privacy)
{
	return privacy &
	       (SIP_PRIVACY_ID | SIP_PRIVACY_USER | SIP_PRIVACY_HEADER);
}

#endif
