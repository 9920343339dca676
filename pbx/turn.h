/* turn.h - what a turn of the loop promises is written before it is said
 *
 * During a turn, calls that changed are listed and answers that promise
 * something wait.  At its end the calls' rows are written, everything is
 * committed, and then the answers leave, in the order they were deferred.
 *
 * Source: design.md section 4.5.
 */
#ifndef PBX_TURN_H
#define PBX_TURN_H

#include "base/libre.h"

typedef void(turn_h)(void *arg);

/** Called before each commit, to write what has changed. */
void turn_on_flush(turn_h *h, void *arg);

/** This turn has something to commit.  While turns follow each other closely
 * one commit serves several of them: it comes 5 ms after the last. */
void turn_touch(void);

/** Something is to be committed that nobody is promised: with the next commit,
 * at the latest in 100 ms. */
void turn_touch_lazily(void);

/** Have a function called after this turn's commit, never before this
 * returns.  Without memory it is called at once. */
void turn_defer(turn_h *h, void *arg);

/** End the turn now: before the process ends. */
void turn_end(void);

#endif
