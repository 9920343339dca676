/* outbox.c - see outbox.h
 *
 * One mail at a time: read (loop) -> send (thread) -> note (store) -> next.
 * A mail that was sent but could not be noted is noted again before any
 * other goes out, or it would be sent twice.
 */
#include <curl/curl.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/outbox.h"
#include "base/wheel.h"
#include "base/worker.h"

enum {
	FIRST_WAIT_MS = 5000,
	LONGEST_WAIT_MS = 3600 * 1000,
	LOOK_AGAIN_MS = 60 * 1000,
	NOTE_AGAIN_MS = 1000,
	WHY_SIZE = 200,
};

#define GIVE_UP_MS (3ull * 24 * 3600 * 1000)

/* The mail being sent. */
struct letter {
	struct outbox *box; /* NULL once that is gone; no reference */
	char *key;
	char *to;
	char *message;
	size_t size;
	uint64_t tries;
	uint64_t made_ms;
	bool is_over; /* sent or given up, not to be tried again */
	enum mail_outcome outcome;
	char why[WHY_SIZE];
};

struct outbox {
	struct store *store;
	struct worker_pool *pool;
	struct wheel_timer timer;
	struct letter *letter; /* being sent or noted, or NULL */
	_Atomic bool is_closing;
	struct mail_conf conf; /* its texts are ours */
	char *texts[6];
	outbox_gone_h *gone;
	void *arg;
};

static void note_letter(struct outbox *o);
static void look(void *arg);

static void letter_destructor(void *data)
{
	struct letter *l = data;

	mem_deref(l->key);
	mem_deref(l->to);
	mem_deref(l->message);
}

static void outbox_destructor(void *data)
{
	struct outbox *o = data;

	wheel_stop(&o->timer);
	atomic_store(&o->is_closing, true);
	mem_deref(o->pool);
	if (o->letter)
		o->letter->box = NULL;
	mem_deref(o->letter);
	mem_deref(o->store);
	for (int i = 0; i < 6; i++)
		mem_deref(o->texts[i]);
	curl_global_cleanup();
}

/* ---- noting how it went ---- */

static uint64_t wait_ms(uint64_t tries)
{
	uint64_t wait = FIRST_WAIT_MS;

	while (tries-- && wait < LONGEST_WAIT_MS)
		wait *= 2;

	return wait < LONGEST_WAIT_MS ? wait : LONGEST_WAIT_MS;
}

static void note_again(void *arg)
{
	note_letter(arg);
}

static void noted(const struct store_result *r, void *arg)
{
	struct letter *l = arg;
	struct outbox *o = l->box;

	mem_deref(l);
	if (!o)
		return;

	if (r->err) {
		wheel_start(&o->timer, NOTE_AGAIN_MS, note_again, o);
		return;
	}

	fault_point("outbox.noted");
	if (o->gone && o->letter->is_over)
		o->gone(o->letter->key, o->letter->outcome == MAIL_SENT,
			o->arg);
	o->letter = mem_deref(o->letter);
	look(o);
}

static int write_note(struct outbox *o, struct letter *l)
{
	uint64_t now = clock_wall_ms();

	l->is_over = true;
	if (l->outcome == MAIL_SENT) {
		return store_write(
			o->store, noted, l,
			"UPDATE outbox SET state = 'sent', message = '', "
			"sent_ms = $2, why = NULL WHERE mail_key = $1",
			STORE_ARGS(store_text(l->key),
				   store_int((int64_t)now)));
	}

	if (l->outcome == MAIL_REFUSED || now - l->made_ms >= GIVE_UP_MS) {
		log_warn("mail", "given up: %s", l->why);
		return store_write(
			o->store, noted, l,
			"UPDATE outbox SET state = 'failed', message = '', "
			"why = $2 WHERE mail_key = $1",
			STORE_ARGS(store_text(l->key), store_text(l->why)));
	}

	l->is_over = false;
	log_warn("mail", "not sent yet: %s", l->why);
	return store_write(
		o->store, noted, l,
		"UPDATE outbox SET tries = $2, next_ms = $3, "
		"why = $4 WHERE mail_key = $1",
		STORE_ARGS(store_text(l->key), store_int((int64_t)l->tries + 1),
			   store_int((int64_t)(now + wait_ms(l->tries))),
			   store_text(l->why)));
}

static void note_letter(struct outbox *o)
{
	struct letter *l = mem_ref(o->letter);

	if (!write_note(o, l))
		return;

	mem_deref(l);
	wheel_start(&o->timer, NOTE_AGAIN_MS, note_again, o);
}

/* ---- sending ---- */

static void send_letter(void *arg)
{
	struct letter *l = arg;

	l->outcome = mail_send(&l->box->conf, l->to, l->key, l->message,
			       l->size, l->why, sizeof(l->why));
}

static void letter_is_sent(void *arg)
{
	struct letter *l = arg;

	fault_point("outbox.sent");
	note_letter(l->box);
}

static int take_letter(struct outbox *o, const struct store_rows *rows)
{
	struct letter *l;
	int err;

	l = mem_zalloc(sizeof(*l), letter_destructor);
	if (!l)
		return ENOMEM;

	l->box = o;
	l->size = rows_span(rows, 0, 2).len;
	l->tries = (uint64_t)rows_int(rows, 0, 3);
	l->made_ms = (uint64_t)rows_int(rows, 0, 4);
	err = str_dup(&l->key, rows_text(rows, 0, 0));
	if (!err)
		err = str_dup(&l->to, rows_text(rows, 0, 1));
	if (!err)
		err = str_dup(&l->message, rows_text(rows, 0, 2));
	if (!err)
		err = worker_run(o->pool, send_letter, letter_is_sent, l);

	if (err)
		mem_deref(l);
	else
		o->letter = l;

	return err;
}

/* When the next one is due, at the latest in a minute. */
static void wait_for_next(struct outbox *o)
{
	uint64_t now = clock_wall_ms();
	uint64_t wait = LOOK_AGAIN_MS;
	int64_t next = 0;

	if (!store_query_int(&next, o->store,
			     "SELECT MIN(next_ms) FROM outbox "
			     "WHERE state = 'waiting'",
			     STORE_NO_ARGS) &&
	    next && (uint64_t)next < now + wait)
		wait = (uint64_t)next > now ? (uint64_t)next - now : 1;

	wheel_start(&o->timer, wait, look, o);
}

static void look(void *arg)
{
	struct outbox *o = arg;
	struct store_rows *rows;
	int err;

	if (o->letter)
		return;

	err = store_query(&rows, o->store,
			  "SELECT mail_key, recipient, message, tries, made_ms "
			  "FROM outbox WHERE state = 'waiting' AND "
			  "next_ms <= $1 ORDER BY next_ms, mail_key LIMIT 1",
			  STORE_ARGS(store_int((int64_t)clock_wall_ms())));
	if (err) {
		wheel_start(&o->timer, FIRST_WAIT_MS, look, o);
		return;
	}

	if (!rows_count(rows))
		wait_for_next(o);
	else if (take_letter(o, rows))
		wheel_start(&o->timer, FIRST_WAIT_MS, look, o);
	mem_deref(rows);
}

void outbox_kick(struct outbox *o)
{
	if (o && !o->letter)
		wheel_start(&o->timer, 0, look, o);
}

/* ---- putting ---- */

#define PUT_SQL                                                                \
	"INSERT INTO outbox (mail_key, recipient, message, state, "            \
	"tries, next_ms, made_ms) VALUES ($1, $2, $3, 'waiting', 0, "          \
	"$4, $4) ON CONFLICT (mail_key) DO NOTHING"

#define PUT_ARGS(key, to, mb, now)                                             \
	STORE_ARGS(store_text(key), store_text(to),                            \
		   store_span((struct span){ (const char *)(mb)->buf,          \
					     (uint32_t)(mb)->end }),           \
		   store_int((int64_t)(now)))

int outbox_put(struct store_write *w, const struct mail *m)
{
	struct mbuf *mb;
	int err;

	if (!w || !m || !m->key)
		return EINVAL;

	err = mail_build(&mb, m);
	if (err)
		return err;

	err = outbox_put_built(w, m->key, m->to, mb);
	mem_deref(mb);
	return err;
}

int outbox_put_built(struct store_write *w, const char *key, const char *to,
		     const struct mbuf *message)
{
	if (!w || !key || !to || !message)
		return EINVAL;

	return store_write_add(w, PUT_SQL,
			       PUT_ARGS(key, to, message, clock_wall_ms()));
}

void outbox_on_gone(struct outbox *o, outbox_gone_h *h, void *arg)
{
	o->gone = h;
	o->arg = arg;
}

int outbox_put_tx(struct store_tx *tx, const struct mail *m)
{
	struct mbuf *mb;
	int err;

	if (!tx || !m || !m->key)
		return EINVAL;

	err = mail_build(&mb, m);
	if (err)
		return err;

	err = store_tx_run(tx, NULL, PUT_SQL,
			   PUT_ARGS(m->key, m->to, mb, clock_wall_ms()));
	mem_deref(mb);
	return err;
}

static int copy_conf(struct outbox *o, const struct mail_conf *conf)
{
	const char **texts[6] = { &o->conf.server,   &o->conf.user,
				  &o->conf.password, &o->conf.ca_file,
				  &o->conf.maildir,  &o->conf.from };
	int err = 0;

	o->conf = *conf;
	o->conf.is_abandoned = &o->is_closing;
	for (int i = 0; i < 6 && !err; i++) {
		if (!*texts[i])
			continue;
		err = str_dup(&o->texts[i], *texts[i]);
		*texts[i] = o->texts[i];
	}

	return err;
}

int outbox_alloc(struct outbox **op, struct store *store,
		 const struct mail_conf *conf)
{
	struct outbox *o;
	int err;

	if (!op || !store || !conf || !mail_address_is_valid(conf->from))
		return EINVAL;

	o = mem_zalloc(sizeof(*o), outbox_destructor);
	if (!o)
		return ENOMEM;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	o->store = mem_ref(store);
	err = copy_conf(o, conf);
	if (!err)
		err = worker_pool_alloc(&o->pool, 1, 1);

	if (err) {
		mem_deref(o);
		return err;
	}

	outbox_kick(o);
	*op = o;
	return 0;
}
