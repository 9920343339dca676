/* group.h - numbers behind which there are several users or phones
 *
 *   ring-all       all members ring, the first answer wins
 *   hunt-terminal  one after the other, always from the first
 *   hunt-circular  one after the other, from the one after the last rung
 *   personal-ring  one user's phones, each with a number of its own
 *   external-twin  one user's phone and outside number (twin.h), as
 *                  multi-device
 *   multi-device   one user's phones; members have no number of their own,
 *                  one busy means busy
 *   voice-mail     the voice mail answers: messages of who calls; a call that
 *                  was forwarded to it is for the mailbox of who forwarded it
 *   pickup         has no calls; its members pick up each other's
 *   park           members park calls at its number and take them back
 *   page           members hear who dials it (page.h)
 *
 * Members are users or phones by id.  A personal-ring or multi-device group
 * whose number is a user's extension obeys that user's settings.
 *
 * Source: domain/pbx.md 8; CAL-5, USR-6.
 */
#ifndef PBX_GROUP_H
#define PBX_GROUP_H

#include <jansson.h>

#include "model/pbx_kinds.h"
#include "pbx/directory.h"

enum group_type {
	GROUP_RING_ALL,
	GROUP_HUNT_TERMINAL,
	GROUP_HUNT_CIRCULAR,
	GROUP_PERSONAL_RING,
	GROUP_MULTI_DEVICE,
	GROUP_PICKUP,
	GROUP_PARK,
	GROUP_VOICE_MAIL,
	GROUP_PAGE,
	GROUP_EXTERNAL_TWIN,
	GROUP_TYPES,
};

enum {
	GROUP_MEMBERS_MAX = 64, /* of a park group */
	GROUP_RUNG_MAX = 32,    /* of any other */
	GROUP_RING_S = 10,      /* a member of a hunt group */
};

struct group;

/** A member's place in a group. */
struct member {
	struct table_entry by_member;
	struct group *group;
	char id[DIRECTORY_ID_SIZE];
};

struct group {
	struct table_entry by_id;
	struct table_entry by_number;
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char number[DIRECTORY_NUMBER_MAX + 1]; /* "" for pickup */
	char overflow[DIRECTORY_NUMBER_MAX + 1];
	/* By service mode: who takes its calls; "" by day. */
	char reroute[DIRECTORY_MODES][DIRECTORY_NUMBER_MAX + 1];
	char name[64];
	uint8_t type;  /* enum group_type */
	uint8_t count; /* members */
	uint8_t next;  /* hunt-circular: who is rung first */
	uint16_t ring_s;
	uint8_t preface; /* enum preface (preface.h) */
	bool follows_forwards;
	bool is_busy_with_one; /* one busy means busy */
	struct member members[GROUP_MEMBERS_MAX];
};

int group_init(void);
void group_close(void);

/** Add or change; arg is not used. */
int group_take(json_t *object, void *arg);
void group_remove(const char *id);

struct group *group_find(const char *id);
struct group *group_by_number(const struct customer *c, struct span number);

/** Whether any group's number has more digits than that. */
bool group_has_longer(size_t digits);

/** The group after this one of all groups, in no order; NULL: the first. */
const struct group *group_next(const struct group *g);

/** Whether it rings one member after the other. */
bool group_is_hunt(const struct group *g);
/** Whether it is one user's phones. */
bool group_is_personal(const struct group *g);

/** Whether this phone is reached by its group's number only. */
bool group_hides(const struct phone *p);

/** Whether a phone or its user is a member. */
bool group_has(const struct group *g, const struct phone *p);

/** Whether both are in one personal-ring or multi-device group. */
bool group_unites(const struct phone *a, const struct phone *b);

/** Whether it is in any pick-up group, or its user. */
bool group_has_pickup(const struct phone *p);

/** Whether both are in one pick-up group. */
bool group_joins(const struct phone *a, const struct phone *b);

/** What is wrong with a group to be stored: adds field errors. */
void group_check(const json_t *object, json_t *errors);

const char *group_type_name(enum group_type type);

#endif
