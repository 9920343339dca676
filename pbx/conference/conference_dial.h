/* conference_dial.h - the ways into a conference
 *
 *   sip:conference@, *49     a new one (the conference factory)
 *   sip:conf-ID@             one that goes on, by its URI
 *   *49*N, N                 the room of this number
 *   REFER inside a call with the focus: a number is called; with Replaces the
 *     other party of that call comes in; with method=BYE a party is let go
 *   REFER inside another call to sip:conf-ID@: its other party comes in
 *
 * Source: RFC 4579 5.1 to 5.11; CAL-4, SIT-14.
 */
#ifndef PBX_CONFERENCE_DIAL_H
#define PBX_CONFERENCE_DIAL_H

#include "pbx/route/code.h"
#include "pbx/conference/conference.h"
#include "sip/uri.h"

/** User part of the factory's URI. */
#define CONFERENCE_FACTORY "conference"

/** A call that has just begun with this INVITE dials a conference: it is
 * answered, at the other node perhaps, or refused, true is returned. */
bool conference_dialled(struct call *call, const char *dialled,
			const struct sip_message *m);

/** The codes: a new conference; the room of a number. */
code_run_h conference_start, conference_room_run;

/**
 * Call somebody into a conference.
 *
 * @param phone    On whose behalf: pays and is shown
 * @param referrer Leg that is told what becomes of it, or NULL
 * @param event    Id of its subscription
 * @param pp       Set on success, or NULL
 *
 * @return 0; the status that says why not
 */
uint16_t conference_call(struct conference *c, struct phone *phone,
			 const char *number, struct leg *referrer,
			 uint32_t event, struct party **pp);

/** Take a leg out of its call into the conference.  0; the status that says
 * why not; 491 for not yet. */
uint16_t conference_fetch(struct conference *c, struct leg *leg);

/** Take both parties of an answered call into a conference of its own, as if
 * each had begun it; with one record for both as before (heir.h), or one for
 * each.  0; the status that says why not; 491 for not yet. */
uint16_t conference_share(struct conference *c, struct call *call,
			  bool has_one_record);

/** Let the party with this number go, as `sip:NUMBER@` names it.  0; 404. */
uint16_t conference_drop(struct conference *c, const char *number);

/**
 * REFER of a phone whose call has a party: done at once or later.
 *
 * @param with The leg that Replaces names, or NULL
 *
 * @return 0; the status that says why not; 491 for not yet
 */
uint16_t conference_refer(struct leg *leg, const char *number, struct leg *with,
			  bool is_bye, uint32_t event, bool is_silent);

#endif
