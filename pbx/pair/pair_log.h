/* pair_log.h - what has changed here, numbered, for the other node of a pair
 *
 * The log holds for each object only its last change: kind, id, a number that
 * only rises (seq), a stamp, and whether it is gone.  The row is written in
 * the transaction that changes the object, so the log never says more or less
 * than the store.  Who has read up to N asks for what is above N and gets each
 * object that changed since as it is now: never more than the store itself,
 * and from 0 it is a snapshot.  The epoch is a random name of the log; another
 * one means that numbers say nothing and all is read anew.
 *
 * Two sorts of kinds.  What the portal provisions belongs to the primary; its
 * stamp is the portal's generation and the secondary takes what the primary
 * has.  What users change on the telephone is shared: it may change on either
 * node, its stamp is a time that never runs backwards (milliseconds, twice,
 * plus 1 on the secondary, so that no two are equal), and the higher stamp
 * holds.  When the other node had not read the change that is overwritten, what
 * was overwritten is kept in the table pair_conflicts for people to see.
 *
 * A change that came from the other node has seq 0: it is not sent back.
 *
 * Source: design.md 4.4 and section 5; CAL-10; docs/decisions/014.
 */
#ifndef PBX_PAIR_LOG_H
#define PBX_PAIR_LOG_H

#include <jansson.h>

#include "base/store.h"
#include "model/record.h"
#include "pbx/directory.h"

enum { PAIR_EPOCH_SIZE = 27, PAIR_KINDS_MAX = 48 };

/** Stamp of what is gone for good, whatever is done to it elsewhere. */
#define PAIR_STAMP_GONE ((int64_t)1 << 62)

/** What it takes to apply a change is here (0), or is not: ECANCELED, the
 * change means nothing any more. */
typedef void(pair_fetched_h)(int err, void *arg);

/** A sort of object that both nodes have. */
struct pair_kind {
	const char *name;
	bool is_shared; /* either node changes it */
	void *arg;

	/** It as it is here; a new reference, NULL when there is none. */
	int (*get)(json_t **objectp, const char *id, void *arg);

	/** What it takes to store it that is not in the object; NULL: nothing.
	 * 0; EINPROGRESS: handler comes later; ECANCELED; another errno */
	int (*fetch)(const char *id, const json_t *object,
		     pair_fetched_h *handler, void *arg);

	/** Add to a write that it is stored, or gone (object NULL, stamp its
	 * generation). */
	int (*put)(struct store_write *w, const char *id, const json_t *object,
		   int64_t stamp, void *arg);

	/** Of an object that is merged by fields (pair_fields.h): what it will
	 * be when all of our writes are done, borrowed, NULL: nothing yet; and
	 * what it will be now.  NULL: the later one holds as a whole. */
	const json_t *(*current)(const char *id);
	void (*remember)(const char *id, const json_t *object);

	/** Another one has the unique value in this column, and is about to
	 * get another one: it goes.  May be NULL. */
	int (*displace)(struct store_write *w, const json_t *object,
			const char *column, void *arg);

	/** It is on the disk: obey it; object NULL: it is gone. */
	void (*after)(const char *id, json_t *object, void *arg);

	/** Ids of all that are here, as a column "id"; for a log that begins.
	 */
	const char *all_sql;
};

/** One entry. */
struct pair_entry {
	const char *id;
	uint64_t seq;
	int64_t stamp;
	bool is_gone;
};

/**
 * Make the tables.  Alone the log is emptied and keeps nothing, so that a pair
 * that begins later reads everything.
 *
 * @param is_kept There is another node
 * @param side    0 primary, 1 secondary
 */
int pair_log_open(struct store *store, bool is_kept, unsigned side);
void pair_log_close(void);

/** A kind; order: what is referred to first.  Not copied. */
int pair_kind_add(const struct pair_kind *kind);

/**
 * A shared kind that is the rows of a table.
 *
 * @param table Must outlive the log
 * @param after As in struct pair_kind; NULL when nothing is in memory
 */
int pair_table_add(const struct record_table *table,
		   void (*after)(const char *id, json_t *object, void *arg));

/** The same, merged by fields: current and remember as in struct pair_kind. */
int pair_table_add_fields(const struct record_table *table,
			  void (*after)(const char *id, json_t *object,
					void *arg),
			  const json_t *(*current)(const char *id),
			  void (*remember)(const char *id,
					   const json_t *object));

/** Enter what was there before there was a log; after the last kind. */
int pair_log_fill(void);

/** The kinds in order, and by name (NULL). */
const struct pair_kind *pair_kind_at(unsigned i);
const struct pair_kind *pair_kind_find(const char *name);

/** Add a change of ours to the write that makes it.  0 or an errno. */
int pair_log_add(struct store_write *w, const char *kind, const char *id,
		 int64_t stamp, bool is_gone);

/** The stamp up to which the other node knows our changes. */
int64_t pair_log_known(void);

/** A stamp of now, below that of the next change of ours. */
int64_t pair_log_stamp(void);

/** The same for a shared kind, stamped now. */
int pair_log_shared(struct store_write *w, const char *kind, const char *id,
		    bool is_gone);

/**
 * Add what the other node says.  Of a shared kind the write fails with EALREADY
 * when what we have is as new; else what the primary says is taken.
 */
int pair_log_merge(struct store_write *w, const struct pair_kind *kind,
		   const struct pair_entry *entry);

/** The same for an object merged by fields, which is written with it;
 * keeps_ours: some of it is ours still to be told. */
int pair_log_merge_fields(struct store_write *w, const struct pair_kind *kind,
			  const struct pair_entry *entry, bool keeps_ours);

/** Such a change has been read by the other node up to here. */
void pair_log_read(uint64_t seq);
uint64_t pair_log_read_seq(void);

/** Whether ours of this object is news for the other node: what it says now
 * was said without knowing.  *stampp gets our stamp. */
bool pair_log_is_news(const struct pair_kind *kind, const char *id,
		      int64_t *stampp);

/** Whether there is an entry of this object; whether it says that it is gone.
 */
bool pair_log_has(const char *kind, const char *id);
bool pair_log_is_gone(const char *kind, const char *id);

/** Keep what loses for people to see. */
void pair_log_conflict(const struct pair_kind *kind, const char *id,
		       const json_t *lost, const json_t *kept,
		       bool is_ours_lost);

/** Told when an entry was added, which is on the disk a little later. */
void pair_log_on_grown(void (*grown)(void));

/** The last number given, perhaps not on the disk yet. */
uint64_t pair_log_given(void);

const char *pair_log_epoch(void);

/** The last number that is on the disk. */
uint64_t pair_log_last(void);

/** Entries of a kind behind (after, after_id) up to a number, in order, at
 * most `limit`; columns id, seq, stamp. */
int pair_log_list(struct store_rows **rowsp, const struct pair_kind *kind,
		  bool is_gone, int64_t after, const char *after_id,
		  uint64_t upto, uint32_t limit);

/** Where we are in the other node's log. */
struct pair_cursor {
	char epoch[PAIR_EPOCH_SIZE];
	uint64_t seq;
};
void pair_log_cursor(struct pair_cursor *c);

/** Move it; in order behind what was written before. */
int pair_log_move(const struct pair_cursor *c, store_done_h *done, void *arg);

/** Store for writes. */
struct store *pair_log_store(void);

/** The list of conflicts, newest first; new reference. */
json_t *pair_log_conflicts(void);

#endif
