/* publication.h - presence that phones publish
 *
 * A phone says of its own number whether calls are welcome (open, closed) and
 * a note, as a presence document; those who watch the number's presence see
 * the newest of what its phones say: closed although a phone is registered,
 * and the note.  A document is bounded, lives as long as agreed and is named
 * by an entity tag, which every refresh renews; a phone has
 * PUBLICATIONS_OF_PHONE at most.  Nothing of it is on disk: after a restart a
 * refresh finds no document (412) and the phone publishes anew.
 *
 * Source: RFC 3903, RFC 3863; CAL-1.
 */
#ifndef PBX_PUBLICATION_H
#define PBX_PUBLICATION_H

#include "pbx/directory.h"
#include "sip/stack.h"

enum {
	PUBLICATION_BYTES = 8192, /* of a document */
	PUBLICATION_NOTE_BYTES = 128,
	PUBLICATIONS_OF_PHONE = 4, /* past it the oldest goes */
	PUBLICATIONS_MAX = 100000,
};

int publication_init(void);
void publication_close(void);

/** An authenticated PUBLISH. */
void publication_request(const struct sip_message *m, struct sip_flow *flow,
			 struct phone *phone);

/** The phone is gone: what it has published is, too. */
void publication_drop(const struct phone *phone);

/** What the phones of a number say. */
struct publication_view {
	bool is_closed;
	const char *note; /* or ""; valid until the next turn */
};

/** False when they say nothing. */
bool publication_of(struct publication_view *v, const char *customer,
		    const char *number);

/**
 * Read a presence document: status and note, entities resolved.
 *
 * @param note Gets text, cut at a character's end
 *
 * @return 0; EBADMSG: it is none
 */
int publication_read(struct span document, bool *is_closedp,
		     char note[PUBLICATION_NOTE_BYTES]);

#endif
