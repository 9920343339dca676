/* notice.h - the documents that watching phones are sent
 *
 * Writers only: they know nothing of subscriptions.  Names and addresses come
 * from others and are escaped; what is no valid UTF-8 or no XML becomes '?'.
 *
 * Source: RFC 4235 (dialogs), 3863 and 4480 (presence), 3842 (messages),
 * 3680 (registrations).
 */
#ifndef PBX_NOTICE_H
#define PBX_NOTICE_H

#include "base/span.h"
#include "pbx/leg_state.h"
#include "sip/build.h"

/** Text inside XML, attributes too. */
void notice_xml(struct sip_out *o, struct span s);

/** A dialog of the watched number. */
struct notice_dialog {
	const char *call; /* id of the call, and of the leg in it */
	uint32_t number;
	uint8_t state; /* enum leg_state */
	bool is_caller;
	const char *peer;      /* number of the other party, or NULL */
	const char *peer_name; /* or NULL */
};

/** entity: URI of what is watched. */
void notice_dialogs_begin(struct sip_out *o, const char *entity,
			  uint32_t version, bool is_full);
void notice_dialog(struct sip_out *o, const char *entity,
		   const struct notice_dialog *d);
void notice_dialogs_end(struct sip_out *o);

/** Whether anything rings there, and whether somebody speaks. */
void notice_presence(struct sip_out *o, const char *entity, bool is_open,
		     bool is_busy);

void notice_messages(struct sip_out *o, const char *account, uint32_t fresh,
		     uint32_t old);

void notice_registration_begin(struct sip_out *o, const char *aor,
			       const char *id, uint32_t version,
			       bool is_active);
void notice_contact(struct sip_out *o, uint64_t row, const char *uri,
		    uint64_t expires_s);
void notice_registration_end(struct sip_out *o);

#endif
