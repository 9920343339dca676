/* invariant.h - what must be true of all stores at once
 *
 * One row an invariant: what it says, which tables it needs, and a query
 * whose rows are sentences about what is wrong.  The stores are attached read
 * only as portal, pbx, live (the pbx's bindings and records), mail (its voice
 * messages), uc and border; an invariant whose tables are not there (a server
 * that never ran here) is passed over.
 *
 * Source: reliability.md section 3.
 */
#ifndef CTL_INVARIANT_H
#define CTL_INVARIANT_H

#include <stdbool.h>
#include <stddef.h>

struct invariant {
	const char *id;    /* "I8", of reliability.md */
	const char *claim; /* a sentence */
	const char *needs; /* "pbx.users portal.tasks" */
	const char *sql;   /* each row is one text; ?1 is the time in ms, ?2
			      whether the pbx runs */
};

extern const struct invariant invariants[];
extern const size_t invariant_count;

struct stores;

/** Attach what stores there are under a folder.  0; ENOENT when there is
 * none at all; EIO with a line on stderr. */
int stores_open(struct stores **sp, const char *dir);

/** Told each thing that is wrong. */
typedef void(wrong_h)(const struct invariant *v, const char *what, void *arg);

/**
 * Test one invariant.
 *
 * @param h       Called for each thing that is wrong
 * @param skipped Set when its tables are not there
 *
 * @return How many things are wrong; a query that fails is one
 */
unsigned invariant_test(struct stores *s, const struct invariant *v, wrong_h *h,
			void *arg, bool *skipped);

#endif
