/* attendant.h - auto attendants: their numbers, keys and greetings
 *
 * The call itself is attend.h.  Greetings are WAV files of the customer, by
 * name: day, night1, night2, holiday, and menu-NAME for the menus, with -en
 * or -fr at the end for another language than the attendant's first; what has
 * none is said with the words of the product.
 *
 *   PUT, GET, DELETE /api/v1/attendants/ID/greetings/NAME   (audio/wav)
 *
 * Source: CAL-11; domain/pbx.md 16, 19.
 */
#ifndef PBX_ATTENDANT_H
#define PBX_ATTENDANT_H

#include <jansson.h>

#include "model/pbx_kinds.h"
#include "model/route.h"
#include "pbx/directory.h"
#include "pbx/route/schedule.h"

enum { ATTENDANT_FILE = 200, ATTENDANT_MENU_MAX = 30 };

struct attendant {
	struct table_entry by_id;
	struct table_entry by_number;
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char schedule[DIRECTORY_ID_SIZE]; /* "": the customer's mode */
	char payer[DIRECTORY_ID_SIZE];    /* user, or "" */
	char number[DIRECTORY_NUMBER_MAX + 1];
	char no_input[DIRECTORY_NUMBER_MAX + 1];
	json_t *object; /* keys, menus, forbidden */
	uint32_t first_ms, next_ms;
	uint8_t tries;
	bool has_language; /* else the customer's */
	bool is_french;
	bool takes_extensions;
	bool takes_numbers;
	bool may_leave; /* outside */
};

int attendant_init(void);
void attendant_close(void);

/** The routes of greetings. */
int attendant_start(struct router *router, const char *dir);

/** What is wrong with one to be stored: adds field errors. */
void attendant_check(const json_t *object, json_t *errors);

/** Add or change; arg is not used. */
int attendant_take(json_t *object, void *arg);
void attendant_remove(const char *id);

struct attendant *attendant_find(const char *id);
struct attendant *attendant_by_number(const struct customer *c,
				      const char *number);

/** What its schedule says now, else the customer's service mode. */
struct schedule_word attendant_say(const struct attendant *a);

/**
 * What a key does.
 *
 * @param menu "" for the first one
 * @param to   Set to what goes with it, or ""
 *
 * @return The word of `do`; NULL: nothing
 */
const char *attendant_key(const struct attendant *a, enum service_mode mode,
			  const char *menu, char key, const char **to);

/** Whether a number begins as callers must not dial. */
bool attendant_forbids(const struct attendant *a, const char *number);

/** Whether it begins in French: its own language, else the customer's. */
bool attendant_is_french(const struct attendant *a);

/** The file of a greeting in a language, below the state folder; false when it
 * has none. */
bool attendant_greeting(const struct attendant *a, const char *name,
			bool is_french, char file[ATTENDANT_FILE]);

#endif
