/* store.h - the live state that a crash must not lose
 *
 * Bindings, calls and CDRs, separate from what the portal provisions.  Rows
 * of a turn of the loop (turn.h) go to a journal (DIR/pbx/live-*) with one
 * write, before the answers of that turn leave; that reaches the operating
 * system, so that kill -9 loses nothing.  CDRs go on from there to a table
 * (DIR/pbx/live.db) and are confirmed once they are on the disk.
 * Memory is the truth: when writing fails, calls go on.
 *
 * Source: design.md sections 4.4 and 4.5.
 */
#ifndef PBX_STORE_H
#define PBX_STORE_H

#include "base/libre.h"
#include "base/span.h"
#include "base/store.h"

enum { KEEP_EPOCH_SIZE = 27, KEEP_PATH = 1024 };

/** A registration as it is kept. */
struct keep_binding {
	uint64_t row;        /* its number */
	uint64_t expires_ms; /* wall clock */
	const char *phone;   /* id */
	struct span blob;    /* the rest, see registrar.c */
};

/** A call detail record as it is kept. */
struct keep_cdr {
	uint64_t seq; /* its event number */
	const char *call;
	const char *customer;
	const char *result;
	const char *caller; /* user ids, or "" */
	const char *callee;
	uint64_t started_ms;
	struct span json;
};

/** Open or make the table and the journal beside it, named alike.  0 or an
 * errno, which has been logged. */
int keep_open(const char *file);

/** All that is wanted back has been read. */
void keep_loaded(void);

/** Commit and close. */
void keep_close(void);

/** Commit what this turn wrote; for turn.c. */
int keep_flush(void);

void keep_put_binding(const struct keep_binding *b);
void keep_remove_binding(uint64_t row);
void keep_put_call(uint64_t row, struct span blob);
void keep_remove_call(uint64_t row);
void keep_put_subscription(uint64_t row, struct span blob);
void keep_remove_subscription(uint64_t row);
/** A user's last number, row: hash of the user; who waits to be called back. */
void keep_put_dialled(uint64_t row, struct span blob);
void keep_remove_dialled(uint64_t row);
void keep_put_callback(uint64_t row, struct span blob);
void keep_remove_callback(uint64_t row);
/** Who is still to be told of a call for help (emergency_notice.h). */
void keep_put_notice(uint64_t row, struct span blob);
void keep_remove_notice(uint64_t row);

void keep_set_number(const char *name, uint64_t value);

/** Add a CDR; done is called once it is on the disk, or has failed.  The texts
 * must live until then.  With ENOMEM, or without done, it is in the journal
 * only, from which the next start puts it on the disk.  0; ENOMEM; ENOTCONN */
int keep_add_cdr(const struct keep_cdr *cdr, store_done_h *done, void *arg);

typedef void(keep_settled_h)(void *arg);

/** Have a function called once all CDRs added so far can be read: at once when
 * they can. */
void keep_settle(keep_settled_h *h, void *arg);

/** A number kept under a name, or otherwise. */
uint64_t keep_number(const char *name, uint64_t otherwise);

/** Random text made with the file: the epoch of its event numbers. */
const char *keep_epoch(void);

typedef void(keep_binding_h)(const struct keep_binding *b, void *arg);
typedef void(keep_call_h)(uint64_t row, struct span blob, void *arg);

/** Read all back, at start. */
int keep_each_binding(keep_binding_h *h, void *arg);
int keep_each_call(keep_call_h *h, void *arg);
int keep_each_subscription(keep_call_h *h, void *arg);
int keep_each_dialled(keep_call_h *h, void *arg);
int keep_each_callback(keep_call_h *h, void *arg);
int keep_each_notice(keep_call_h *h, void *arg);

/** The bindings of a pbx that may be running; file as for keep_open(). */
int keep_read_bindings(const char *file, keep_binding_h *h, void *arg);

/** The same of calls and of callbacks. */
int keep_read_calls(const char *file, keep_call_h *h, void *arg);
int keep_read_callbacks(const char *file, keep_call_h *h, void *arg);

/** Which CDRs; NULL and 0 mean any. */
struct keep_query {
	const char *customer;
	const char *result;
	const char *user;   /* either party */
	const char *users;  /* JSON array of ids: one of these either party */
	const char *number; /* of either party */
	const char *call;
	uint64_t from_ms; /* began then or later */
	uint64_t to_ms;   /* began before */
	uint64_t after;   /* event number, walking up */
	uint64_t before;  /* event number, walking down */
	uint32_t limit;
	bool is_newest_first;
	bool with_alarms; /* emergency alarms, too (result "alarm") */
};

typedef void(keep_cdr_h)(uint64_t seq, const char *customer, struct span json,
			 void *arg);

int keep_each_cdr(const struct keep_query *q, keep_cdr_h *h, void *arg);
int keep_count_cdrs(uint64_t *countp, const struct keep_query *q);

/** Event number of the oldest CDR, 0 when there is none. */
uint64_t keep_oldest_cdr(void);

/** Rows that could not be written since start. */
uint64_t keep_failures(void);

#endif
