/* store_core.h - the insides of a store, for base/store*.c only
 *
 * A write goes: recorded (loop) -> queue -> thread -> answered -> loop.  The
 * lock guards the two lists and the flags; a write itself is only ever used
 * by the side that holds it.
 */
#ifndef BASE_STORE_CORE_H
#define BASE_STORE_CORE_H

#include <pthread.h>

#include "base/fault.h"
#include "base/libre.h"
#include "base/store_engine.h"
#include "base/wakeup.h"

enum step_kind {
	STEP_SQL,
	STEP_CALL,
	STEP_REQUIRE,
};

struct store_step {
	struct store_step *next;
	enum step_kind kind;
	char *sql;
	struct store_value *args; /* one block with their texts */
	uint32_t count;
	store_tx_h *call;
	void *data; /* one reference */
	int require_err;
};

struct store_write {
	struct store_write *next;
	struct store *store;
	struct store_step *first;
	struct store_step **lastp;
	store_done_h *done;
	void *arg;
	bool is_waited; /* by store_write_now() */
	bool is_over;
	int record_err;
	struct store_result result;
};

struct store_tx {
	struct store_conn *conn;
	struct store_error *error;
	int err; /* of the first statement that failed */
};

struct write_list {
	struct store_write *first;
	struct store_write **lastp;
	uint32_t count;
};

struct store {
	struct le le; /* of all, loop only */
	const struct store_engine *engine;
	enum store_mode mode;
	char *where;
	struct store_conn *loop;   /* reader or turner                  */
	struct store_conn *behind; /* the thread's: writer or keeper  */
	struct store_error error;
	struct wakeup wakeup;
	uint32_t pending;

	pthread_t thread;
	bool has_thread;
	bool has_wakeup;
	pthread_mutex_t lock;
	pthread_cond_t has_work;
	pthread_cond_t has_answer;
	struct write_list queue;
	struct write_list answered;
	bool is_closing;
	bool wants_checkpoint;
	uint32_t rest_ms; /* turn mode: between two syncs */

	/* turn mode, loop only */
	struct tmr forgotten;
	bool is_in_turn;
	int turn_err; /* the transaction was lost with this */
	struct write_list turn;
	int wal_fd; /* thread */
};

void list_put(struct write_list *l, struct store_write *w);
struct store_write *list_take(struct write_list *l);

/** Execute a write's steps on a connection; its result is set. */
void write_execute(struct store_write *w, struct store_conn *c);

/** Run one of BEGIN, COMMIT and the like. */
int conn_script(struct store_conn *c, struct store_error *e, const char *sql);

/** Execute a write inside a transaction, undone alone when it fails.  Not 0
 * when the transaction itself was lost. */
int write_execute_inside(struct store_write *w, struct store_conn *c);

/** Queue for the thread; with `wait` until it has been answered. */
void store_queue(struct store *s, struct store_write *w);
void store_wait(struct store *s, struct store_write *w);

int store_thread_start(struct store *s);
void store_thread_stop(struct store *s);

/** Turn mode's side of store_write_send() and store_write_now(). */
int turn_send(struct store *s, struct store_write *w);
void turn_close(struct store *s);

/** The thread's part in turn mode. */
void keeper_serve(struct store *s, struct write_list *batch, bool checkpoint);

#endif
