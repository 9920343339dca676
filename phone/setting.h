/* setting.h - how the user wants to be called, set from the phone
 *
 * What the pbx enforces (do not disturb, send my calls to, when I am on the
 * phone, if I do not answer) is the pbx's own, reached through the uc server;
 * the phone only shows it.  A phone without uc server keeps do not disturb
 * itself.  Auto answer is always the phone's.
 *
 * Source: SIT-3 to SIT-7; design.md 4.5.
 */
#ifndef PHONE_SETTING_H
#define PHONE_SETTING_H

#include <jansson.h>

struct engine;

/** Read what was kept. */
void setting_load(struct engine *e);

/** The command `set NAME VALUE`; the face gets its reply, perhaps later. */
void setting_set(struct engine *e, const char *name, const char *value);

/** What the pbx says is set: kept and shown, {"event":"settings",...}. */
void setting_take(struct engine *e, const json_t *settings);

#endif
