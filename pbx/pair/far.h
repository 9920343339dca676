/* far.h - the calls of the other node of a pair, as it tells them
 *
 * What is decided at the other node is known here while the link is up: who
 * is in which call in which state, what is parked where, which conference is
 * open, which trunk it uses.  So a phone of this node can watch a number of
 * that one, a limit counts both, and what a phone here asks for can be found
 * there (peer.h hands it on).  Nothing of it is kept: when the link breaks all
 * is forgotten, and this node's own side of those calls is shown instead.
 *
 * Told by pair_calls.h.  A call stands for itself: each frame says all of it.
 *
 * Source: design.md section 5; CAL-10; docs/decisions/014.
 */
#ifndef PBX_FAR_H
#define PBX_FAR_H

#include <jansson.h>

#include "pbx/call/call.h"

enum { FAR_NAME_BYTES = 80 };

struct far_leg {
	struct le le; /* of its call */
	struct far_call *call;
	char phone[DIRECTORY_ID_SIZE]; /* or "": nobody's of ours */
	char trunk[DIRECTORY_ID_SIZE]; /* that it takes up, or "" */
	char peer[DIRECTORY_NUMBER_MAX + 1];
	char peer_name[FAR_NAME_BYTES];
	uint16_t number; /* 1 is the caller */
	uint8_t state;   /* enum leg_state */
};

struct far_call {
	struct table_entry by_id;
	struct le le; /* of all */
	char id[CALL_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char park[DIRECTORY_NUMBER_MAX + 1]; /* number it is parked at, or "" */
	char parker[DIRECTORY_ID_SIZE];      /* phone that did */
	char conference[DIRECTORY_ID_SIZE];  /* or "" */
	char room[DIRECTORY_ID_SIZE];        /* or "" */
	uint8_t park_index;
	uint64_t park_ms; /* wall clock */
	bool is_answered;
	struct list legs; /* struct far_leg */
};

int far_init(void);
void far_close(void);

/** A frame of it: begin, call or end of all that are there. */
void far_begin(void);
void far_take(const json_t *call);
void far_end(void);

/** The link is down. */
void far_lost(void);

/** Whether all its calls are known. */
bool far_is_known(void);

/** Whether a call of ours only carries out what the other node decides, and
 * tells. */
bool far_decides(const struct call *call);

/** All: struct far_call, le. */
const struct list *far_list(void);
uint32_t far_count(void);

/** A leg, or NULL. */
const struct far_leg *far_find(const char *call, uint16_t number);

/** The phone of a leg, or NULL. */
struct phone *far_phone(const struct far_leg *leg);

/** Legs there that take up a trunk, or a customer's share of the outside. */
uint32_t far_trunk_calls(const char *trunk);
uint32_t far_customer_calls(const char *customer);

#endif
