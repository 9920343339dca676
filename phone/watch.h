/* watch.h - lamps of numbers: what goes on there
 *
 * The call controller says it by the dialog package; no uc server takes part.
 * A number is watched for a key of the phone (key.h) or because its user
 * asked.  A lamp is unknown while the call controller says nothing.
 *
 * Source: RFC 4235; domain/pbx.md 14.
 */
#ifndef PHONE_WATCH_H
#define PHONE_WATCH_H

#include <jansson.h>
#include <stdbool.h>

struct engine;
struct watch;

enum { WATCHES_MAX = 128, WATCH_NUMBER_MAX = 32 };

enum watch_state {
	WATCH_UNKNOWN,
	WATCH_IDLE,
	WATCH_RINGING,
	WATCH_BUSY,
	WATCH_HELD,
};

/**
 * Watch a number, once however often it is asked for.
 *
 * @param is_key By a key, else by the user: each ends by itself
 *
 * @return 0; EINVAL bad number; EMFILE too many; ENOMEM
 */
int watch_add(struct engine *e, const char *number, bool is_key);

/** No longer; ENOENT when nobody did. */
int watch_remove(struct engine *e, const char *number, bool is_key);

/** The watch of a number, or the oldest that rings when number is "". */
const struct watch *watch_find(const struct engine *e, const char *number);

const char *watch_number(const struct watch *w);
enum watch_state watch_state(const struct watch *w);
const char *watch_state_name(enum watch_state state);

/** Numbers watched that no key is for, as `keys` lists them. */
void watch_list(const struct engine *e, json_t *items);

#endif
