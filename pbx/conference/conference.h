/* conference.h - several parties hear each other: up to 32
 *
 * A conference has parties (party.h) and a mixer of the media server.  It
 * begins when a phone dials the factory or a room, when REST asks for it or
 * with a page, and ends with its last party; of one that needs two the last
 * one left is let go.  Nothing of it is on disk but what its parties' calls
 * say in their rows: the first one that comes back after a restart brings the
 * conference back, and the mix goes on meanwhile.
 *
 * Every change has a number, so that who watches it (package conference) gets
 * what changed only.
 *
 * Source: RFC 4579, RFC 4575; CAL-4, SIT-14.
 */
#ifndef PBX_CONFERENCE_H
#define PBX_CONFERENCE_H

#include "pbx/conference/party.h"

enum {
	CONFERENCE_PARTIES_MAX = 32,
	CONFERENCES_MAX = 250, /* mixers of the media server */
	CONFERENCES_OF_CUSTOMER_MAX = 100,
	CONFERENCE_GONE_MAX = 16, /* parties that left, told to watchers */
	CONFERENCE_USER_SIZE = 40,
	CONFERENCE_ROW_BYTES = 512,
};

/** User part of every conference's URI begins so. */
#define CONFERENCE_PREFIX "conf-"

enum conference_type {
	CONFERENCE_ADHOC,
	CONFERENCE_ROOM,
	CONFERENCE_PAGE, /* one speaks */
	CONFERENCE_TYPES,
};

/** Who has left. */
struct gone {
	uint32_t number;
	uint32_t change;
	char address[DIRECTORY_NUMBER_MAX + 1];
};

struct conference {
	struct table_entry by_id;
	struct le le; /* of all */
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char room[DIRECTORY_ID_SIZE]; /* or "" */
	char name[64];
	char number[DIRECTORY_NUMBER_MAX + 1]; /* as dialled */
	const char *account; /* calls now made are booked under, or NULL */
	uint8_t type;        /* enum conference_type */
	uint8_t limit;       /* parties at most */
	bool is_locked;
	bool ends_with_creator;
	bool has_signs; /* tones when somebody joins or leaves */
	bool waits_for_moderator;
	bool is_recorded;
	bool was_shared; /* two were in it: one alone is let go */
	bool is_ending;
	struct list parties; /* struct party */
	struct media_mixer *mixer;
	uint64_t began_ms;  /* wall */
	uint32_t numbers;   /* of parties */
	uint32_t changes;   /* number of the last one */
	uint32_t forgotten; /* who knows no more needs the full state */
	uint32_t gone_count;
	struct gone gone[CONFERENCE_GONE_MAX];
};

int conference_init(void);
void conference_close(void);

/** Make one without parties; it goes when it still has none at the end of the
 * turn.  ENOTCONN without media server; ENOSPC above CONFERENCES_MAX;
 * ENOMEM. */
int conference_make(struct conference **cp, const char *customer,
		    enum conference_type type, const char *name);

struct conference *conference_find(const char *id);

/** By the user part of its URI, inside a customer; or NULL. */
struct conference *conference_of_user(const char *customer, const char *user);

/** All: struct conference, le. */
const struct list *conference_list(void);

/** User part of its URI. */
void conference_user(const struct conference *c,
		     char out[CONFERENCE_USER_SIZE]);

/** Room for one more, not locked: 0, or the status that says why not and its
 * phrase. */
uint16_t conference_admits(const struct conference *c, const char **causep);

/** Add a call's party.  0 or ENOMEM. */
int conference_add(struct party **pp, struct conference *c, struct call *call);

/** What party.h tells: it hears and is heard from now on; it holds or not, is
 * muted or not; it is gone. */
void conference_entered(struct party *p);
void conference_changed(struct party *p);
void conference_left(struct party *p);

/** Into the mix, or before a closed door. */
void conference_let_in(struct party *p);

void conference_mute(struct party *p, bool is_muted);
void conference_lock(struct conference *c, bool is_locked);

/** Everybody is hung up. */
void conference_end(struct conference *c, const char *why);

uint32_t conference_count(const struct conference *c);
struct party *conference_party(const struct conference *c, uint32_t number);
const char *conference_type_name(enum conference_type type);

/** For the call's row, and from it after a restart: 0, ENOMEM, EBADMSG. */
void conference_save(const struct party *p, char out[CONFERENCE_ROW_BYTES]);
int conference_restore(struct call *call, const char *text);

/** A restored party goes on. */
void conference_resume(struct party *p);

#endif
