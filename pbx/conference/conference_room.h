/* conference_room.h - meet-me rooms: kind `conferences`
 *
 * A room has a number that its customer's phones dial after a code, or by
 * itself, and that DIDs may lead to.  Who dials it is asked for a PIN where it
 * has any; the moderator's PIN makes a moderator.
 *
 * Source: CAL-4.
 */
#ifndef PBX_CONFERENCE_ROOM_H
#define PBX_CONFERENCE_ROOM_H

#include "model/pbx_kinds.h"
#include "pbx/conference/party.h"

/** Wrong PINs of all calls to a room. */
struct room_tries {
	uint32_t wrong;
	uint64_t since_ms;
};

struct room {
	struct table_entry by_id;
	struct table_entry by_number;
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char number[DIRECTORY_NUMBER_MAX + 1];
	char name[64];
	char pin[PARTY_PIN_MAX + 1];
	char moderator_pin[PARTY_PIN_MAX + 1];
	uint8_t limit;
	bool has_signs;
	bool waits_for_moderator;
	bool is_recorded;
	struct room_tries tries[2]; /* from inside, from outside */
};

int rooms_init(void);
void rooms_close(void);

/** Add or change; arg is not used. */
int room_take(json_t *object, void *arg);
void room_remove(const char *id);

/** Checks that no extension has the number: adds field errors. */
void room_check(const json_t *object, json_t *errors);

struct room *room_find(const char *id);
struct room *room_by_number(const char *customer, const char *number);

/** Ask a party for the PIN of its conference's room, and take a key. */
void room_ask(struct party *p);
void room_key(struct party *p, char key);

/** A prompt has been said to its end. */
void room_said(struct party *p);

#endif
