/* cast.h - make the people of a story and their phones
 *
 * Through the portal's REST where the story needs it, else by provisioning
 * the pbx alone, which is quicker.
 */
#ifndef STORY_CAST_H
#define STORY_CAST_H

#include "ctl/story/sentence.h"

struct device;
struct person;
struct play;
struct rest_answer;
struct story;

step_h cast_customer;
step_h cast_person;
step_h cast_phoneless;
step_h cast_pair;
step_h cast_setting;
step_h cast_trunk;

/** Write the story's settings to DIR/holdfast.conf, before servers start. */
int settings_write(const struct story *st, const char *dir);

/** Make a user at the portal; the answer tells why not. */
bool portal_make_user(struct play *p, struct person *who,
		      struct rest_answer *a);

/** Make a phone for a device at the portal; a desk phone gets its account
 * file, a softphone its mail. */
bool portal_make_phone(struct play *p, struct device *d, struct rest_answer *a);

/** Make a customer at the portal. */
bool portal_make_customer(struct play *p, const char *web_id,
			  int extension_length, struct rest_answer *a);

/** Redeem the deployment link of the newest mail for this device.  False
 * after play_fail(); when refused, a says how. */
bool device_deploy(struct play *p, struct device *d, struct rest_answer *a);

/** Wait until a device is registered; false after play_fail(). */
bool device_registers(struct play *p, struct device *d, unsigned limit_ms);

#endif
