/* others.h - codes that set something for another user, or a group
 *
 * Forward-follow-me of a third party, do not disturb of a remote phone, clear
 * all features.  Two classes of service must permit it: that of who dials
 * and that of whom it is for; the forward is paid by whom it is for, so their
 * class of restriction must let them call where it leads.
 *
 * Source: domain/pbx.md 4.1; CAL-9.
 */
#ifndef PBX_OTHERS_H
#define PBX_OTHERS_H

#include "pbx/route/code.h"

/** NUMBER*TO: all calls of a user, or of a group's members, go to TO. */
code_run_h others_forward;
code_run_h others_forward_off;

/** NUMBER: do not disturb. */
code_run_h others_dnd;
code_run_h others_dnd_off;

/** All that the caller, or the user of NUMBER, has set is as at first. */
code_run_h others_clear;

#endif
