/* senses.h - what people hear and see, a function for each sentence
 *
 * Each waits for its truth until the step's time is over.
 */
#ifndef STORY_SENSES_H
#define STORY_SENSES_H

#include "ctl/story/sentence.h"

step_h sense_rings;
step_h sense_shows_peer;
step_h sense_stops_ringing;
step_h sense_does_not_ring;
step_h sense_talk;
step_h sense_hears;
step_h sense_hears_dtmf;
step_h sense_hears_other;
step_h sense_hears_prompt;
step_h sense_is;
step_h sense_registers;
step_h sense_registers_at;
step_h sense_lease;
step_h sense_link;
step_h sense_lamp;
step_h sense_reads;
step_h sense_watched;
step_h sense_messages;
step_h sense_no_banner;
step_h sense_banner;
step_h sense_offers;
step_h sense_lacks;
step_h sense_refuses_to_set;
step_h sense_sees;
step_h sense_history;
step_h sense_history_count;
step_h sense_mails;
step_h sense_border_knows;

#endif
