/* objects.h - objects of the pbx, of any kind, by REST
 *
 * What the story makes it may call by a name; "@name" in fields and paths is
 * that object's id, "@alice" a person's, "@alice.desk" her phone's, "@acme" a
 * customer's.  Groups of a story with all servers are made at the portal,
 * which owns them; everything else at the pbx.
 */
#ifndef STORY_OBJECTS_H
#define STORY_OBJECTS_H

#include <jansson.h>

#include "ctl/story/sentence.h"

struct objects;
struct play;

step_h object_has;
step_h object_forget;
step_h object_says;
step_h pbx_told;
step_h pbx_refuses;
step_h pbx_answers;

/**
 * Provision an object at the pbx.  What was sent is remembered, so that a
 * later change says the rest again.
 *
 * @param kind Plural name
 * @param body Reference taken over; without a generation, the next one is put
 *
 * @return Whether it was taken; false after play_fail()
 */
bool object_put(struct play *p, const char *kind, const char *id, json_t *body);

#endif
