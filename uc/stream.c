/* stream.c - see stream.h */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/id.h"
#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/websocket.h"
#include "base/wheel.h"
#include "uc/people.h"
#include "uc/presence.h"
#include "uc/session.h"
#include "uc/stream.h"

struct streams {
	struct uc *uc;
	struct list clients;
	uint64_t seq; /* the last number given */
	char epoch[ID_SIZE];
};

struct client {
	struct le le;
	struct streams *streams;
	struct ws *ws;
	struct wheel_timer sign_in; /* runs until it is known who it is */
	uint64_t after;
	bool can_resume;
	char user[48];
	char customer[48];
};

static void client_destructor(void *data)
{
	struct client *c = data;

	wheel_stop(&c->sign_in);
	list_unlink(&c->le);
	mem_deref(c->ws);
}

static void streams_destructor(void *data)
{
	struct streams *s = data;

	list_flush(&s->clients);
}

static int load(struct streams *s)
{
	struct store *store = s->uc->store;
	struct store_rows *rows = NULL;
	int64_t last = 0;
	int err;

	err = store_query(&rows, store, "SELECT epoch FROM stream_state",
			  STORE_NO_ARGS);
	if (err)
		return err;

	if (rows_count(rows)) {
		snprintf(s->epoch, sizeof(s->epoch), "%s",
			 rows_text(rows, 0, 0));
	}
	else {
		id_make(s->epoch);
		err = store_exec_now(store,
				     "INSERT INTO stream_state (epoch)"
				     " VALUES ($1)",
				     STORE_ARGS(store_text(s->epoch)));
	}
	mem_deref(rows);

	if (!err) {
		err = store_query_int(&last, store,
				      "SELECT MAX(seq) FROM stream_event",
				      STORE_NO_ARGS);
	}
	s->seq = (uint64_t)last;
	return err;
}

int streams_alloc(struct streams **sp, struct uc *uc)
{
	struct streams *s;
	int64_t oldest = (int64_t)clock_wall_ms() -
			 STREAM_KEPT_DAYS * 86400000ll;
	int err;

	s = mem_zalloc(sizeof(*s), streams_destructor);
	if (!s)
		return ENOMEM;

	s->uc = uc;
	err = load(s);
	if (!err) {
		/* The last one stays, so that numbers go on from it. */
		err = store_exec_now(uc->store,
				     "DELETE FROM stream_event"
				     " WHERE made_ms < $1 AND seq < $2",
				     STORE_ARGS(store_int(oldest),
						store_int((int64_t)s->seq)));
	}

	if (err)
		mem_deref(s);
	else
		*sp = s;

	return err;
}

static void send_frame(struct client *c, uint64_t seq, const char *type,
		       json_t *data)
{
	json_t *frame = json_pack("{s:s,s:I,s:s,s:o}", "epoch",
				  c->streams->epoch, "seq", (json_int_t)seq,
				  "type", type, "data", data);

	if (frame)
		ws_send_json(c->ws, frame);
}

static bool add_presence(const struct person *person, void *arg)
{
	struct client *c = arg;
	struct uc *uc = c->streams->uc;

	send_frame(c, c->streams->seq, "presence",
		   json_pack("{s:s,s:s,s:s,s:s}", "user", person->id, "name",
			     person->name, "number", person->extension, "state",
			     presence_state(uc->presence, person->id)));
	return false;
}

static void send_missed(struct client *c)
{
	struct store_rows *rows = NULL;

	if (store_query(&rows, c->streams->uc->store,
			"SELECT seq, kind, data FROM stream_event"
			" WHERE user_id = $1 AND seq > $2 ORDER BY seq"
			" LIMIT 1000",
			STORE_ARGS(store_text(c->user),
				   store_int((int64_t)c->after))))
		return;

	for (uint32_t i = 0; i < rows_count(rows); i++) {
		send_frame(c, (uint64_t)rows_int(rows, i, 0),
			   rows_text(rows, i, 1),
			   json_loads(rows_text(rows, i, 2), 0, NULL));
	}

	mem_deref(rows);
}

/* It is known who listens: say hello and bring it up to date. */
static void begin(struct client *c)
{
	struct streams *s = c->streams;
	const struct person *p = people_find(s->uc->people, c->user);
	bool is_resumed = c->can_resume && c->after <= s->seq;

	if (!p) {
		ws_close(c->ws, 1008, "the user is gone");
		return;
	}

	wheel_stop(&c->sign_in);
	snprintf(c->customer, sizeof(c->customer), "%s", p->customer);
	send_frame(c, s->seq, "hello",
		   json_pack("{s:b,s:s,s:s,s:i}", "resumed", is_resumed, "user",
			     p->id, "name", p->name, "ping_ms",
			     STREAM_PING_MS));
	people_each(s->uc->people, c->customer, add_presence, c);
	if (is_resumed)
		send_missed(c);
}

static void on_opened(struct ws *ws, void *arg)
{
	struct client *c = arg;

	(void)ws;
	if (c->user[0])
		begin(c);
}

static void on_text(struct ws *ws, struct span text, void *arg)
{
	struct client *c = arg;
	json_t *frame = NULL;
	const char *token;

	if (c->user[0])
		return; /* a client has nothing to say once it is known */

	if (!json_read(&frame, text, 1024, NULL)) {
		token = json_get_text(frame, "token");
		if (!token || !session_find(c->streams->uc, token, c->user))
			c->user[0] = '\0';
		json_decref(frame);
	}

	if (c->user[0])
		begin(c);
	else
		ws_close(ws, 4401, "sign in first");
}

static void on_closed(struct ws *ws, enum ws_reason why, uint16_t code,
		      void *arg)
{
	(void)ws;
	(void)why;
	(void)code;
	mem_deref(arg);
}

static const struct ws_handlers handlers = {
	.opened = on_opened,
	.text = on_text,
	.closed = on_closed,
};

static void sign_in_missed(void *arg)
{
	struct client *c = arg;

	ws_close(c->ws, 4401, "sign in first");
}

void streams_accept(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	struct uc *uc = arg;
	/* behind a proxy our host is that of the public URL */
	const struct ws_config config = { .ping_ms = STREAM_PING_MS,
					  .pong_ms = 10000,
					  .origins = uc->url };
	struct streams *s = uc->streams;
	const char *epoch = http_query(req, "epoch");
	const char *after = http_query(req, "after");
	struct client *c;

	c = mem_zalloc(sizeof(*c), client_destructor);
	if (!c) {
		reply_error(req, ENOMEM);
		return;
	}

	c->streams = s;
	c->after = after ? strtoull(after, NULL, 10) : s->seq;
	c->can_resume = epoch && !strcmp(epoch, s->epoch);
	if (caller->role == ROLE_USER)
		snprintf(c->user, sizeof(c->user), "%s", caller->id);

	if (ws_accept(&c->ws, req, &config, &handlers, c)) {
		mem_deref(c);
		return;
	}

	list_append(&s->clients, &c->le, c);
	if (!c->user[0])
		wheel_start(&c->sign_in, STREAM_TOKEN_MS, sign_in_missed, c);
}

int streams_record(struct streams *s, struct store_write *w, uint64_t *seqp,
		   const char *user, const char *type, const json_t *data)
{
	char *text = json_text(data, NULL);
	int err;

	if (!text)
		return ENOMEM;

	s->seq++;
	err = store_write_add(w,
			      "INSERT INTO stream_event (seq, user_id, kind,"
			      " data, made_ms) VALUES ($1, $2, $3, $4, $5)",
			      STORE_ARGS(store_int((int64_t)s->seq),
					 store_text(user), store_text(type),
					 store_text(text),
					 store_int((int64_t)clock_wall_ms())));
	*seqp = s->seq;
	mem_deref(text);
	return err;
}

void streams_publish(struct streams *s, uint64_t seq, const char *user,
		     const char *type, json_t *data)
{
	struct le *le = list_head(&s->clients);

	while (le) {
		struct client *c = le->data;

		le = le->next;
		if (c->customer[0] && !strcmp(c->user, user))
			send_frame(c, seq, type, json_incref(data));
	}
}

void streams_tell(struct streams *s, const char *customer, const char *type,
		  json_t *data)
{
	struct le *le = list_head(&s->clients);

	while (le) {
		struct client *c = le->data;

		le = le->next;
		if (!strcmp(c->customer, customer))
			send_frame(c, s->seq, type, json_incref(data));
	}
}

void streams_tell_user(struct streams *s, const char *user, const char *type,
		       json_t *data)
{
	if (user && data)
		streams_publish(s, s->seq, user, type, data);
}

void streams_tell_all(struct streams *s, const char *type, json_t *data)
{
	struct le *le = list_head(&s->clients);

	while (le) {
		struct client *c = le->data;

		le = le->next;
		if (c->customer[0])
			send_frame(c, s->seq, type, json_incref(data));
	}
}

void streams_end(struct streams *s, const char *user)
{
	for (struct le *le = list_head(&s->clients); le; le = le->next) {
		struct client *c = le->data;

		if (!strcmp(c->user, user))
			ws_close(c->ws, 4401, "signed out");
	}
}

uint32_t streams_count(const struct streams *s)
{
	return list_count(&s->clients);
}
