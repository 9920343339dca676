/* record.h - a call is recorded: begun, paused, resumed, stopped
 *
 * By a party whose class permits it: REST, the code during a call or with the
 * call held, a header `Record: on` (off, pause,
 * resume, discard) in an INFO; or by
 * itself where a party's class says so.  The speech of a call that is
 * recorded goes through the media server; both parties hear that it is
 * recorded.  The recording goes on while the pbx is dead; after RECORDING_LIMIT_S
 * it goes on in another file.  Nothing here ever keeps a call from going on.
 *
 * Source: domain/pbx.md 4.1 Recording; SIT-23.
 */
#ifndef PBX_RECORD_H
#define PBX_RECORD_H

#include "pbx/route/code.h"
#include "pbx/conference/recording.h"

struct call;
struct conference;
struct leg;
struct party;
struct record;

enum record_action {
	RECORD_START,
	RECORD_PAUSE,
	RECORD_RESUME,
	RECORD_STOP,
	RECORD_DISCARD, /* stop, and nothing is kept */
	RECORD_ACTIONS,
};

/** RECORD_ACTIONS for a text that is none of "start pause resume stop
 * discard" or "on off". */
enum record_action record_action_of(struct span text);

/** Setting `record-announce`: -1 for a text that is none of "spoken beep
 * none". */
int record_announce_of(const char *text);

/** Open the recordings, with the state folder. */
int record_start(const char *dir);
void record_close(void);

/** The calls are back. */
void record_restored(void);

/**
 * Do it on behalf of a party.
 *
 * @return 0; the status that says why not: 403 not permitted; 481 wrong
 * state; 480 no media server; 491 for not yet
 */
uint16_t record_do(struct leg *leg, enum record_action action);

/** The recording of a call that goes on, or NULL. */
struct recording *record_of(const struct call *call);

/** Whether a class wants it: its speech is relayed from the start. */
bool record_is_wanted(const struct phone *p);

/** What call.c and relay.c tell: somebody has answered; it is over; a key was
 * pressed by the party of one side (0: the caller). */
void record_answered(struct call *call);
void record_over(struct call *call);
void record_key(struct call *call, unsigned side, char key);

/** The code is dialled: for the caller's held call. */
code_run_h record_run;

/** A conference that is to be recorded, and is not yet: begin, all parties
 * hear it.  Whether it has begun now. */
bool record_conference(struct conference *c);

/** A party hears that its conference is recorded. */
void record_tell(struct party *p);

#endif
