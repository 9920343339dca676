/* twin.h - a user's outside number, rung and used as one of the phones
 *
 * An external hot-desk user has a number outside: a prefix the administrator
 * gives, and a number the user may change (*54*NUMBER, user's settings).
 * While the user is logged in there, or always (class: permanent login, but
 * for the time of a log-in at a phone inside), calls to the extension ring it
 * by trunk, paid and permitted as the user's own calls, along with the phones
 * or in their place.  Who answers there is asked for a key first (class:
 * answer confirmation), so that no voice mail of somebody else's takes the
 * call; until then nobody is put through and the phones ring on.  A call with
 * it makes the user busy.  Speech is relayed, as the keys must be heard:
 *
 *   *1  hold, and back            *2NUMBER#  hand over
 *   *3  conference of both calls  *4         swap the held and the active one
 *   *5  ring the user's phones    *6         put aside, dial tone: consult
 *   *7  let go of the active one: back to who was put aside
 *   *2# bring who was put aside and the active one together
 *   *0  forget it
 *
 * A customer may have other digits for the seven (field twin_keys).  A key
 * that means nothing or cannot be obeyed is answered by a reorder tone.
 *
 * Who calls in from it is recognised at the access number (access.h).
 *
 * Source: domain/pbx.md 7.2, 8.1; CAL-6.
 */
#ifndef PBX_TWIN_H
#define PBX_TWIN_H

#include "pbx/call/call.h"

struct media_port;
struct outside;
struct twin;

/** What is dialled for it, "" when the user has none. */
void twin_number(const struct user *u, char out[2 * DIRECTORY_NUMBER_MAX]);

/** Whether it rings with the user now. */
bool twin_is_on(const struct user *u);

/** Why it cannot be called: a phrase; or NULL, and the number outside. */
const char *twin_bar(const struct user *u, char out[DIRECTORY_NUMBER_MAX + 1]);

/** Whether a call with it goes on. */
bool twin_is_busy(const struct user *u);

/** The user of a customer whose outside number this is, or NULL. */
struct user *twin_find(const struct customer *c, const char *number);

/** Somebody outside is this user from now on, and is shown as such; whether
 * that is certain, or only said by a number that can be feigned. */
void twin_become(struct phone *outsider, const struct user *u, bool is_proved);

/** Ring those of a routing; how many. */
uint32_t twin_ring(struct call *call, const struct routing *r,
		   const struct sip_message *m);

/** For outside.c: its way out; what a trunk answers, 1xx and 2xx; it has no
 * trunk left. */
struct outside *twin_way(const struct twin *t);
const char *twin_user(const struct twin *t);
void twin_told(struct leg *leg, const struct sip_message *m,
	       struct sip_flow *flow);

/** The port that faces a leg before it has the call, or NULL. */
struct media_port *twin_port(const struct leg *leg);

/** It was answered and is asked for a key. */
bool twin_is_asking(const struct leg *leg);

/** Others have the call, or nobody: it is hung up. */
void twin_give_up(struct leg *leg, const char *reason);

/** A key was pressed at a port of this call. */
void twin_key(struct call *call, const struct media_port *p, char key);

/** The call is over: its ports go; it is destroyed. */
void twin_over(struct call *call);
void twin_end(struct call *call);

#endif
