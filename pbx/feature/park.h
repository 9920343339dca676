/* park.h - a call is put aside at a number and taken back from any phone
 *
 * Parked with *70 at the parker's own number, with *71*N at another one: the
 * call that the phone holds, or one that it transfers there.  At a park group
 * its members dial the group's number.  Several at each number, each with an
 * index.  Who is parked hears music (alone.h).  Taken back with *72*N, the
 * longest parked at N, or *72*N*I, the one with this index; with *72 the one at
 * one's own number, else the one parked by oneself.  Who stays too long rings
 * the parker again (recall.h).  A parked call survives the pbx.  By REST:
 * park_api.h.
 *
 * Source: domain/pbx.md 2.2, 13, 22, 23; CAL-4.
 */
#ifndef PBX_PARK_H
#define PBX_PARK_H

#include <jansson.h>

#include "base/span.h"
#include "base/wheel.h"
#include "pbx/directory.h"

struct call;
struct leg;
struct mbuf;
struct routing;
struct sip_message;

enum { PARK_INDEX_MAX = 64 };

/** Where a call is parked. */
struct park {
	struct call *call; /* its caller is who is parked */
	char number[DIRECTORY_NUMBER_MAX + 1];
	char parker[DIRECTORY_ID_SIZE]; /* phone that parked it */
	uint8_t index;                  /* at its number, from 1 */
	uint64_t since_ms;              /* wall clock */
	struct wheel_timer timer;
};

/**
 * Park the other party of a leg.
 *
 * @param number Where; "" at the phone's own number
 * @param event  Id of the phone's subscription, 0 without
 * @param parkp  Set when it is done; may be NULL
 *
 * @return 0; else the status that says why not, 491 for not yet
 */
uint16_t park_do(struct leg *by, const char *number, uint32_t event,
		 bool is_silent, const struct park **parkp);

/** Whether a number that a phone transfers to parks; sets where. */
bool park_is_dialled(const struct phone *p, const char *dialled,
		     char number[DIRECTORY_NUMBER_MAX + 1]);

/** The codes: code_run_h. */
void park_run(struct call *call, const struct routing *r,
	      const struct sip_message *m);
void park_retrieve(struct call *call, const struct routing *r,
		   const struct sip_message *m);

/** A park group's number: parks the call held, else takes one back. */
void park_run_group(struct call *call, const struct routing *r,
		    const struct sip_message *m);

/** The leg that a phone has held last, or NULL. */
struct leg *park_held_leg(const struct phone *p);

/** Ring a phone for a parked call.  0 or a status. */
uint16_t park_fetch(struct call *parked, struct phone *phone);

/** Nobody came back to a parked call: the timer begins anew. */
void park_again(struct call *parked);

/** Those of a customer, NULL: all. */
json_t *park_list(const char *customer);
json_t *park_print(const struct park *p);

/** With its call's record, and back. */
int park_save(const struct call *call, struct mbuf *mb);
int park_restore(struct call *call, struct span text);

void park_end(struct call *call);

#endif
