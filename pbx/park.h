/* park.h - a call is put aside at a number and taken back from any phone
 *
 * Parked with *70 at the parker's own number, with *71*N at another one, by a
 * transfer to either, at a park group by its number, or by REST; several at
 * each number, each with an index.  Who is parked hears music.  Retrieved with
 * *72*N the longest parked at N, *72*N*I the one with this index, *72 one's
 * own; at a park group its members dial its number.  Who stays too long rings
 * the parker again (recall.h).  A parked call survives the pbx.
 *
 *   GET  /api/v1/parked
 *   POST /api/v1/calls/ID/park {phone, number?}
 *   POST /api/v1/parked/ID/retrieve {phone}
 *
 * Source: domain/pbx.md 2.2, 13, 22; CAL-4.
 */
#ifndef PBX_PARK_H
#define PBX_PARK_H

#include <jansson.h>

#include "base/wheel.h"
#include "pbx/directory.h"

struct call;
struct group;
struct leg;
struct mbuf;
struct routing;
struct sip_message;

enum { PARK_INDEX_MAX = 64 };

/** Where a call is parked. */
struct park {
	struct call *call; /* the party, alone in it */
	char number[DIRECTORY_NUMBER_MAX + 1];
	char parker[DIRECTORY_ID_SIZE]; /* phone that parked it */
	uint8_t index;                  /* at its number, from 1 */
	uint8_t recalls;
	uint64_t since_ms; /* wall clock */
	struct wheel_timer timer;
};

/**
 * Park the other party of a leg.
 *
 * @param number Where; "" at the phone's own number
 * @param parkp  Set when it is done, may be NULL
 *
 * @return 0; else the status that says why not
 */
uint16_t park_do(struct leg *by, const char *number, struct park **parkp);

/** Whether a dialled number parks (a code, a park group); where to. */
bool park_is_dialled(const struct phone *p, const char *dialled,
		     char number[DIRECTORY_NUMBER_MAX + 1]);

/** A phone has dialled it: the call it holds is parked; a member of a park
 * group without held call takes back. */
void park_dialled(struct call *call, const char *number,
		  const struct sip_message *m);
void park_retrieve(struct call *call, const char *argument,
		   const struct sip_message *m);

/** The call parked at a number, the longest or by its index; NULL. */
struct call *park_find(const struct customer *c, const char *number,
		       unsigned index);

/** Whether this number is one's own to park at: somebody's, or a group's. */
json_t *park_list(const char *customer);

/** As it is kept with its call, and back. */
int park_save(const struct call *call, struct mbuf *mb);
int park_restore(struct call *call, const void *p, size_t len);

void park_end(struct call *call);

#endif
