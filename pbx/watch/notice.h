/* notice.h - the documents that watching phones are sent
 *
 * Writers only: they know nothing of subscriptions.  Names and addresses come
 * from others and are escaped; what is no valid UTF-8 or no XML becomes '?'.
 *
 * Source: RFC 4235 (dialogs), 3863 and 4480 (presence), 3842 (messages),
 * 3680 (registrations), 4575 (conferences).
 */
#ifndef PBX_NOTICE_H
#define PBX_NOTICE_H

#include "base/span.h"
#include "pbx/call/leg_state.h"
#include "pbx/mail/mailbox.h"
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

/** Whether anything rings there, whether somebody speaks, and what is said of
 * it ("": nothing). */
void notice_presence(struct sip_out *o, const char *entity, bool is_open,
		     bool is_busy, const char *note);

void notice_messages(struct sip_out *o, const char *account,
		     const struct mailbox_counts *counts);

void notice_registration_begin(struct sip_out *o, const char *aor,
			       const char *id, uint32_t version,
			       bool is_active);
void notice_contact(struct sip_out *o, uint64_t row, const char *uri,
		    uint64_t expires_s);
void notice_registration_end(struct sip_out *o);

/** A conference. */
struct notice_conference {
	const char *entity; /* its URI */
	const char *name;
	uint32_t count; /* parties */
	uint32_t limit;
	bool is_locked;
};

/** A party of it. */
struct notice_party {
	uint32_t number;     /* names it */
	const char *address; /* number of its phone */
	const char *name;    /* or NULL */
	bool is_dialled;     /* rings */
	bool is_pending;     /* waits for a PIN or the moderator */
	bool is_muted;
	bool is_held;
	bool was_called;
};

void notice_conference_begin(struct sip_out *o,
			     const struct notice_conference *c,
			     uint32_t version, bool is_full);
void notice_party(struct sip_out *o, const struct notice_conference *c,
		  const struct notice_party *p);
void notice_party_gone(struct sip_out *o, const struct notice_conference *c,
		       const char *address, uint32_t party);
void notice_conference_end(struct sip_out *o);

/** It is over. */
void notice_conference_gone(struct sip_out *o, const char *entity,
			    uint32_t version);

#endif
