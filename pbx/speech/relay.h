/* relay.h - which calls' speech goes through the media server, and music
 *
 * A relayed call has two ports, bridged from the start: the one that faces
 * the caller and the one that faces whoever is rung and answers.  Each party
 * is told the port that faces it in place of the other's address.  A party
 * that is held hears music: from its port, in a call that is not relayed
 * from one taken for the while.  The ports are part of the call's record, so
 * that a restarted pbx has them back.
 *
 * Source: design.md section 5; CAL-3.
 */
#ifndef PBX_RELAY_H
#define PBX_RELAY_H

#include "pbx/call/call.h"
#include "pbx/call/hold.h"
#include "pbx/speech/media.h"

/** Setting `media`. */
enum relay_policy {
	RELAY_AUTO, /* where a phone is behind a border or a translator */
	RELAY_DIRECT,
	RELAY_ALWAYS,
};

/** -1 for a text that is none of "auto direct relay". */
int relay_policy_of(const char *text);

/** For media_init(). */
void relay_event(struct media_port *p, const char *event, const char *key);

enum { RELAY_HOST_BYTES = 64 };

/** Number of the port that faces one side (0: the caller), taken if there is
 * none yet; 0 when there is none to be had. */
uint16_t relay_port(struct call *call, unsigned side);

/** Our address as this party reaches it, RELAY_HOST_BYTES. */
void relay_address(char *address, const struct leg *to);

/** Decide for a call that is going to ring these, and take its ports. */
void relay_begin(struct call *call, const struct routing *routing);

/** The same for a call that is going to leave by a trunk.
 *
 * @param there Where the trunk is, as far as known (trunk_address())
 */
void relay_begin_outside(struct call *call, const struct sa *there);

/**
 * The description of one leg as the other is to see it.
 *
 * @param from  Whose it is: its address is learnt
 * @param to    Who gets it
 * @param body  As it came
 * @param offer What it asks for; HOLD_OFFER_NONE for an answer
 *
 * @return body itself, or a text that is valid until the next call
 */
struct span relay_body(struct leg *from, struct leg *to, struct span body,
		       enum hold_offer offer);

/** What this leg describes next is an offer, though it was asked before. */
void relay_offers(struct leg *from);

/** What it describes next is an answer, though it was not asked. */
void relay_answers(struct leg *from);

/** An offer was accepted: music begins or ends for the other leg. */
void relay_agreed(struct leg *from, struct leg *to, enum hold_offer offer);

/** A leg's dialog passes to another call as its caller: the port that plays
 * music to it goes along, until relay_end_music(). */
void relay_pass_music(struct leg *from, struct call *to);
void relay_end_music(struct call *call);

/** An offer was refused: a port taken for music goes back. */
void relay_refused(struct leg *to);

/** A call that was not relayed is from its next offer on.  False when no port
 * is free. */
bool relay_force(struct call *call);

/** The call is over: its ports are closed. */
void relay_end(struct call *call);

/** Take back a port of a restored call; side 0 faces the caller. */
void relay_adopt(struct call *call, unsigned side, uint16_t number);

/** The call is whole again: bridge them. */
void relay_adopted(struct call *call);

#endif
