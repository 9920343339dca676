/* world.h - servers and the provider, a function for each sentence
 */
#ifndef STORY_WORLD_H
#define STORY_WORLD_H

#include "ctl/story/sentence.h"

step_h world_creates_customer;
step_h world_creates_user;
step_h world_creates_phone;
step_h world_fails_user;
step_h world_fails_phone;
step_h world_fails_customer;
step_h world_deletes_user;
step_h world_stops;
step_h world_starts;
step_h world_hangs;
step_h world_wakes;
step_h world_restarts;
step_h world_cut_off;
step_h world_connected;
step_h world_check;
step_h world_after;

#endif
