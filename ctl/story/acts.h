/* acts.h - what people do, a function for each sentence
 *
 * Each returns once the phone has taken the command.
 */
#ifndef STORY_ACTS_H
#define STORY_ACTS_H

#include "ctl/story/sentence.h"

step_h act_calls;
step_h act_answers;
step_h act_declines;
step_h act_holds;
step_h act_retrieves;
step_h act_consults;
step_h act_completes;
step_h act_conference;
step_h act_records;
step_h act_transfers;
step_h act_mutes;
step_h act_presses;
step_h act_presses_key;
step_h act_speaks_srtp;
step_h act_speaks_codec;
step_h act_watches;
step_h act_picks_up;
step_h act_trades;
step_h act_redirects;
step_h act_sets;
step_h act_hangs_up;
step_h act_puts_down;
step_h act_fails_to;
step_h act_clicks;
step_h act_starts;
step_h act_exits;
step_h act_dies;
step_h act_deploys;
step_h act_fails_to_deploy;

#endif
