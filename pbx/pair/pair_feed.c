/* pair_feed.c - see pair_feed.h */
#include <stdio.h>
#include <stdlib.h>

#include "base/conf.h"
#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "base/websocket.h"
#include "base/wheel.h"
#include "pbx/pair/pair.h"
#include "pbx/pair/pair_calls.h"
#include "pbx/pair/pair_confirm.h"
#include "pbx/pair/pair_feed.h"
#include "pbx/pair/pair_log.h"
#include "pbx/registrar.h"

enum {
	PROTOCOL = 1,
	PAGE = 200,           /* rows looked up at once */
	PHONES = 50,          /* in one frame */
	WAITING_MAX = 400000, /* octets a reader has not taken yet */
	WAIT_MS = 20,
	POLLS_MAX = 250,
	PING_MS = 1000,
	PONG_MS = 3000,
};

enum phase { PHASE_IDLE, PHASE_GONE, PHASE_PUT, PHASE_UPTO };

struct reader {
	struct le le;
	struct ws *ws;
	struct wheel_timer timer;
	enum phase phase;
	unsigned kind; /* counted down in PHASE_GONE, up in PHASE_PUT */
	uint64_t from; /* the batch: (from, upto] */
	uint64_t upto;
	int64_t at; /* of this kind sent: number and id */
	char at_id[DIRECTORY_ID_SIZE];
	uint64_t sent;
	uint64_t read;
	bool is_open;
	bool has_read;
	uint16_t polls; /* for what is not on the disk yet */
	bool is_whole;  /* its next batch */
	bool is_begun;  /* has had its first batch */
};

static struct list readers;

static void reader_destructor(void *data)
{
	struct reader *r = data;

	wheel_stop(&r->timer);
	list_unlink(&r->le);
	mem_deref(r->ws);
}

static void send_frame(struct reader *r, json_t *json)
{
	if (ws_send_json(r->ws, json))
		log_warn("pair", "a frame for the other node is lost");
}

/* ---- the log ---- */

static unsigned kinds_count(void)
{
	unsigned n = 0;

	while (pair_kind_at(n))
		n++;

	return n;
}

static void send_entry(struct reader *r, const struct pair_kind *kind,
		       const struct pair_entry *e)
{
	json_t *object = NULL, *frame;
	int err = 0;

	if (!e->is_gone)
		err = kind->get(&object, e->id, kind->arg);
	if (err) {
		log_error("pair", "%s %s: %s", kind->name, e->id,
			  strerror(err));
		ws_close(r->ws, 1011, "store");
		return;
	}
	if (!e->is_gone && !object) /* went with something else */
		return;

	frame = json_pack("{s:s,s:s,s:s,s:I,s:I}", "type",
			  e->is_gone ? "gone" : "put", "kind", kind->name, "id",
			  e->id, "seq", (json_int_t)e->seq, "stamp",
			  (json_int_t)e->stamp);
	if (object)
		(void)json_object_set_new(frame, "object", object);
	send_frame(r, frame);
}

/* One page of one kind; false when there is no more of it. */
static bool send_page(struct reader *r, const struct pair_kind *kind,
		      bool is_gone)
{
	struct store_rows *rows = NULL;
	uint32_t n;

	if (pair_role() == PAIR_SECONDARY && !kind->is_shared)
		return false;
	if (pair_log_list(&rows, kind, is_gone, r->at, r->at_id, r->upto,
			  PAGE)) {
		ws_close(r->ws, 1011, "store");
		return false;
	}
	n = rows_count(rows);
	for (uint32_t i = 0; i < n; i++) {
		const struct pair_entry e = {
			.id = rows_text(rows, i, 0),
			.seq = (uint64_t)rows_int(rows, i, 1),
			.stamp = rows_int(rows, i, 2),
			.is_gone = is_gone,
		};

		send_entry(r, kind, &e);
		r->at = (int64_t)e.seq;
		(void)snprintf(r->at_id, sizeof(r->at_id), "%s", e.id);
	}
	mem_deref(rows);

	return n == PAGE;
}

/* From the beginning of a kind; a whole batch has what came from the reader,
 * too, whose number is 0. */
static void rewind_kind(struct reader *r)
{
	r->at = r->is_whole ? -1 : (int64_t)r->from;
	/* above every id: the one with this number has been sent */
	(void)snprintf(r->at_id, sizeof(r->at_id), "~");
}

static void batch_begin(struct reader *r)
{
	uint64_t last = pair_log_last();

	if (r->is_begun && last <= r->sent)
		return;

	r->is_begun = true;
	r->from = r->sent;
	r->upto = last;
	rewind_kind(r);
	r->kind = kinds_count();
	r->phase = PHASE_GONE;
}

static void batch_step(struct reader *r)
{
	switch (r->phase) {
	case PHASE_GONE:
		if (!r->kind) {
			r->phase = PHASE_PUT;
			break;
		}
		if (!send_page(r, pair_kind_at(r->kind - 1), true)) {
			r->kind--;
			rewind_kind(r);
		}
		break;

	case PHASE_PUT:
		if (!pair_kind_at(r->kind)) {
			r->phase = PHASE_UPTO;
			break;
		}
		if (!send_page(r, pair_kind_at(r->kind), false)) {
			r->kind++;
			rewind_kind(r);
		}
		break;

	case PHASE_UPTO:
		send_frame(r, json_pack("{s:s,s:I,s:b}", "type", "upto", "seq",
					(json_int_t)r->upto, "whole",
					r->is_whole));
		r->sent = r->upto;
		r->is_whole = false;
		r->phase = PHASE_IDLE;
		break;

	default: break;
	}
}

static void go_on(void *arg)
{
	struct reader *r = arg;

	if (r->phase == PHASE_IDLE)
		batch_begin(r);
	while (r->phase != PHASE_IDLE && ws_is_open(r->ws)) {
		if (ws_waiting(r->ws) > WAITING_MAX) {
			wheel_start(&r->timer, WAIT_MS, go_on, r);
			return;
		}
		batch_step(r);
		if (r->phase == PHASE_IDLE)
			batch_begin(r);
	}

	/* A write that fails leaves a number that never comes. */
	if (r->sent < pair_log_given() && r->polls < POLLS_MAX) {
		r->polls++;
		wheel_start(&r->timer, WAIT_MS, go_on, r);
	}
}

static void grown(void)
{
	for (struct le *le = list_head(&readers); le; le = le->next) {
		struct reader *r = le->data;

		r->polls = 0;
		if (r->is_open && !wheel_is_running(&r->timer))
			wheel_start(&r->timer, WAIT_MS, go_on, r);
	}
}

void pair_feed_changed(void)
{
	for (struct le *le = list_head(&readers); le; le = le->next) {
		struct reader *r = le->data;

		if (r->is_open && !wheel_is_running(&r->timer))
			wheel_start(&r->timer, 0, go_on, r);
	}
}

/* ---- phones ---- */

static json_t *phone_json(const struct phone *p)
{
	json_t *bindings = json_array();

	for (const struct binding *b = p->bindings; b; b = b->next)
		(void)json_array_append_new(
			bindings,
			json_pack("{s:s,s:I}", "key", binding_key(b), "at",
				  (json_int_t)b->registered_ms));

	return json_pack("{s:s,s:i,s:o}", "phone", p->id, "calls",
			 (int)p->calls, "bindings", bindings);
}

static void send_phones(struct reader *r)
{
	json_t *list = json_array();
	bool is_first = true;

	for (struct le *c = list_head(directory_customers()); c; c = c->next) {
		const struct customer *customer = c->data;
		struct le *le = list_head(&customer->phones);

		for (; le; le = le->next) {
			const struct phone *p = le->data;

			if (!p->bindings && !p->calls)
				continue;
			(void)json_array_append_new(list, phone_json(p));
			if (json_array_size(list) < PHONES)
				continue;
			send_frame(r, json_pack("{s:s,s:b,s:b,s:o}", "type",
						"phones", "first", is_first,
						"last", false, "phones", list));
			is_first = false;
			list = json_array();
		}
	}
	send_frame(r, json_pack("{s:s,s:b,s:b,s:o}", "type", "phones", "first",
				is_first, "last", true, "phones", list));
}

void pair_feed_phone(const struct phone *p, const char *new_key)
{
	if (!p->id[0] || !p->customer)
		return;

	for (struct le *le = list_head(&readers); le; le = le->next) {
		struct reader *r = le->data;
		json_t *json;

		if (!r->is_open)
			continue;
		json = phone_json(p);
		(void)json_object_set_new(json, "type", json_string("phone"));
		if (new_key)
			(void)json_object_set_new(json, "new",
						  json_string(new_key));
		send_frame(r, json);
	}
}

/* ---- calls ---- */

void pair_feed_tell(json_t *json)
{
	const struct le *le = list_head(&readers);
	struct reader *r = le ? le->data : NULL;

	if (r && r->is_open)
		send_frame(r, json);
	else
		json_decref(json);
}

bool pair_feed_has_room(void)
{
	const struct le *le = list_head(&readers);
	const struct reader *r = le ? le->data : NULL;

	return !r || !r->is_open || ws_waiting(r->ws) < WAITING_MAX;
}

/* ---- a reader ---- */

static void opened(struct ws *ws, void *arg)
{
	struct reader *r = arg;
	struct sa sip, tls;

	(void)ws;
	r->is_open = true;
	(void)conf_address(&sip, pair_conf(), pair_sip_offset());
	(void)conf_address(&tls, pair_conf(),
			   (uint16_t)(pair_sip_offset() + 1));
	send_frame(r,
		   json_pack("{s:s,s:i,s:s,s:s,s:I,s:i,s:i}", "type", "hello",
			     "v", PROTOCOL, "node", pair_role_name(pair_role()),
			     "epoch", pair_log_epoch(), "top",
			     (json_int_t)pair_log_last(), "sip_port",
			     (int)sa_port(&sip), "tls_port",
			     (int)sa_port(&tls)));
	send_phones(r);
	go_on(r);
	log_info("pair", "the other node reads our log from %llu",
		 (unsigned long long)r->sent);
}

static void told(struct ws *ws, struct span text, void *arg)
{
	struct reader *r = arg;
	json_t *json = NULL;
	int64_t read;

	if (json_read(&json, text, 0, NULL)) {
		ws_close(ws, 1008, "not JSON");
		return;
	}
	read = json_get_int(json, "read", -1);
	if (read >= 0 && (uint64_t)read <= r->sent) {
		if (!r->has_read) { /* now it knows them all */
			send_phones(r);
			pair_calls_all();
		}
		r->has_read = true;
		r->read = (uint64_t)read;
		pair_log_read(r->read);
		pair_confirm_read(r->read);
		pair_settle();
	}
	json_decref(json);
}

static void closed(struct ws *ws, enum ws_reason why, uint16_t code, void *arg)
{
	(void)ws;
	log_warn("pair", "the other node reads us no more: %s %u",
		 ws_reason_name(why), code);
	pair_calls_stop();
	mem_deref(arg);
	pair_settle();
}

void pair_feed_open(struct http_request *req)
{
	static const struct ws_handlers handlers = { .opened = opened,
						     .text = told,
						     .closed = closed };
	static const struct ws_config config = { .ping_ms = PING_MS,
						 .pong_ms = PONG_MS };
	const char *epoch = http_query(req, "epoch");
	const char *after = http_query(req, "after");
	struct reader *r = mem_zalloc(sizeof(*r), reader_destructor);

	if (!r) {
		(void)http_reply_problem(req, 503, "no-memory",
					 "Try again later.", NULL);
		return;
	}
	if (after)
		r->sent = strtoull(after, NULL, 10);
	if (!epoch || strcmp(epoch, pair_log_epoch()) != 0 ||
	    r->sent > pair_log_last()) {
		r->sent = 0;
		r->is_whole = true;
	}
	r->read = r->sent;
	if (ws_accept(&r->ws, req, &config, &handlers, r)) {
		if (!http_is_answered(req))
			(void)http_reply_problem(req, 503, "no-memory",
						 "Try again later.", NULL);
		mem_deref(r);
		return;
	}

	/* It comes back: what is left of its old connection goes. */
	pair_calls_stop();
	list_flush(&readers);
	list_append(&readers, &r->le, r);
	pair_log_on_grown(grown);
}

void pair_feed_close(void)
{
	pair_calls_stop();
	list_flush(&readers);
}

bool pair_feed_is_read(void)
{
	const struct le *le = list_head(&readers);
	const struct reader *r = le ? le->data : NULL;

	return r && r->is_open;
}

bool pair_feed_is_current(void)
{
	const struct le *le = list_head(&readers);
	const struct reader *r = le ? le->data : NULL;

	return r && r->is_open && r->phase == PHASE_IDLE && r->is_begun &&
	       r->read >= pair_log_last();
}
