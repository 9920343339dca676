/* source.c - see source.h */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/conf.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/secrets.h"
#include "base/service.h"
#include "base/websocket.h"
#include "base/wheel.h"
#include "uc/history.h"
#include "uc/people.h"
#include "uc/presence.h"
#include "uc/source.h"
#include "uc/stream.h"

enum { RETRY_MIN_MS = 250, RETRY_MAX_MS = 2000 };

struct sources {
	struct uc *uc;
	struct list list;
};

struct source {
	struct le le;
	struct sources *all;
	struct ws *ws;
	struct tls *tls;
	struct wheel_timer retry;
	uint32_t retry_ms;
	bool is_up;
	bool has_told; /* that something may have been missed */
	char *id;
	char *url;
	char *token;
	char *epoch;
	uint64_t seq;
};

/* A call record on its way through the store. */
struct pending {
	struct uc *uc;
	json_t *rows;
	uint64_t seqs[2];
};

static void connect_now(void *arg);

static void source_destructor(void *data)
{
	struct source *s = data;

	wheel_stop(&s->retry);
	list_unlink(&s->le);
	mem_deref(s->ws);
	mem_deref(s->tls);
	mem_deref(s->id);
	mem_deref(s->url);
	mem_deref(s->token);
	mem_deref(s->epoch);
}

static void sources_destructor(void *data)
{
	struct sources *s = data;

	list_flush(&s->list);
}

static void pending_destructor(void *data)
{
	struct pending *p = data;

	json_decref(p->rows);
}

int sources_alloc(struct sources **sp, struct uc *uc)
{
	struct sources *s = mem_zalloc(sizeof(*s), sources_destructor);

	if (!s)
		return ENOMEM;

	s->uc = uc;
	*sp = s;
	return 0;
}

static void applied(const struct store_result *result, void *arg)
{
	struct pending *p = arg;
	size_t i;
	json_t *row;

	if (result->err) {
		log_error("source", "call record not stored: %s",
			  result->error.text);
	}
	else {
		json_array_foreach(p->rows, i, row) streams_publish(
			p->uc->streams, p->seqs[i], json_get_text(row, "user"),
			"history", row);
	}

	mem_deref(p);
}

static int put_cursor(struct source *s, struct store_write *w)
{
	return store_write_add(w,
			       "INSERT INTO cursor_of (source, epoch, seq)"
			       " VALUES ($1, $2, $3) ON CONFLICT (source)"
			       " DO UPDATE SET epoch = $2, seq = $3",
			       STORE_ARGS(store_text(s->id),
					  store_text(s->epoch),
					  store_int((int64_t)s->seq)));
}

/* Rows, events for the clients and our cursor, all or nothing. */
static int apply_record(struct source *s, const char *customer,
			const json_t *cdr)
{
	struct uc *uc = s->all->uc;
	struct store_write *w = NULL;
	struct pending *p;
	size_t i;
	json_t *row;
	int err;

	p = mem_zalloc(sizeof(*p), pending_destructor);
	if (!p)
		return ENOMEM;

	p->uc = uc;
	p->rows = history_rows(uc, customer, cdr);
	err = p->rows ? store_write_alloc(&w, uc->store) : ENOMEM;
	if (err)
		goto out;

	json_array_foreach(p->rows, i, row)
	{
		err = history_put(w, row);
		if (!err) {
			err = streams_record(uc->streams, w, &p->seqs[i],
					     json_get_text(row, "user"),
					     "history", row);
		}
		if (err)
			goto out;
	}

	fault_point("uc.record.before");
	err = put_cursor(s, w);
	if (!err)
		err = store_write_send(mem_ref(w), applied, p);

out:
	mem_deref(w);
	if (err)
		mem_deref(p);

	return err;
}

/* A snapshot says where we stand: kept at once, or the records of a time when
 * we are away would be passed over as if they were from before. */
static void keep_cursor(struct source *s)
{
	struct store_write *w = NULL;
	int err = store_write_alloc(&w, s->all->uc->store);

	if (!err)
		err = put_cursor(s, w);
	if (!err)
		err = store_write_send(mem_ref(w), NULL, NULL);
	if (err)
		log_error("source", "%s: cursor not kept: %s", s->id,
			  strerror(err));
	mem_deref(w);
}

/* What was told while we did not listen is to be read again. */
static void tell_missed(struct source *s)
{
	json_t *data;

	if (s->has_told)
		return;
	s->has_told = true;
	data = json_pack("{s:b}", "read_anew", 1);
	if (data && s->all->uc->streams)
		streams_tell_all(s->all->uc->streams, "voicemail", data);
	json_decref(data);
}

static void apply(struct source *s, const char *type, const json_t *frame)
{
	struct uc *uc = s->all->uc;
	const json_t *data = json_object_get(frame, "data");
	const char *customer = json_get_text(frame, "customer");

	if (!strcmp(type, "snapshot")) {
		presence_snapshot(uc->presence, s->id, data);
		tell_missed(s);
		keep_cursor(s);
	}
	else if (!strcmp(type, "call"))
		presence_leg(uc->presence, s->id, data);
	else if (!strcmp(type, "settings"))
		streams_tell_user(uc->streams, json_get_text(data, "user"),
				  type, json_object_get(data, "settings"));
	else if (!strcmp(type, "voicemail"))
		streams_tell_user(uc->streams, json_get_text(data, "user"),
				  type, json_object_get(frame, "data"));
	else if (!strcmp(type, "registration"))
		presence_registration(uc->presence, s->id, data);
	else if (!strcmp(type, "cdr") && customer &&
		 apply_record(s, customer, data))
		log_error("source", "%s: call record lost its memory", s->id);
}

static void on_text(struct ws *ws, struct span text, void *arg)
{
	struct source *s = arg;
	json_t *frame = NULL;
	const char *epoch, *type;
	int64_t seq;

	if (json_read(&frame, text, WS_MESSAGE_MAX_BYTES, NULL)) {
		ws_close(ws, 1008, "not JSON");
		return;
	}

	epoch = json_get_text(frame, "epoch");
	type = json_get_text(frame, "type");
	seq = json_get_int(frame, "seq", -1);
	if (!epoch || !type || seq < 0) {
		ws_close(ws, 1008, "epoch, seq or type missing");
		goto out;
	}

	if (!s->epoch || strcmp(epoch, s->epoch)) {
		mem_deref(s->epoch);
		s->epoch = NULL;
		if (str_dup(&s->epoch, epoch))
			goto out;
		s->seq = 0;
	}

	/* A record that we have is passed over; what is not numbered anew
	 * (presence) is always taken. */
	if (strcmp(type, "cdr") || (uint64_t)seq > s->seq) {
		if ((uint64_t)seq > s->seq)
			s->seq = (uint64_t)seq;
		apply(s, type, frame);
	}

out:
	json_decref(frame);
}

static void on_opened(struct ws *ws, void *arg)
{
	struct source *s = arg;

	(void)ws;
	s->is_up = true;
	s->has_told = false;
	s->retry_ms = RETRY_MIN_MS;
	presence_source(s->all->uc->presence, s->id, true);
	log_info("source", "%s connected to %s after %" PRIu64, s->id, s->url,
		 s->seq);
}

static void on_closed(struct ws *ws, enum ws_reason why, uint16_t code,
		      void *arg)
{
	struct source *s = arg;

	(void)ws;
	if (s->is_up)
		log_warn("source", "%s lost: %s %u", s->id, ws_reason_name(why),
			 code);

	s->is_up = false;
	s->ws = mem_deref(s->ws);
	presence_source(s->all->uc->presence, s->id, false);
	wheel_start(&s->retry, s->retry_ms, connect_now, s);
	s->retry_ms = s->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS
						     : s->retry_ms * 2;
}

static const struct ws_handlers handlers = {
	.opened = on_opened,
	.text = on_text,
	.closed = on_closed,
};

static int load_cursor(struct source *s)
{
	struct store_rows *rows = NULL;
	int err;

	err = store_query(&rows, s->all->uc->store,
			  "SELECT epoch, seq FROM cursor_of"
			  " WHERE source = $1",
			  STORE_ARGS(store_text(s->id)));
	if (err)
		return err;

	if (rows_count(rows)) {
		s->epoch = mem_deref(s->epoch);
		err = str_dup(&s->epoch, rows_text(rows, 0, 0));
		s->seq = (uint64_t)rows_int(rows, 0, 1);
	}

	mem_deref(rows);
	return err;
}

/* Beyond loopback servers show each other certificates of our CA. */
static int make_tls(struct source *s)
{
	s->tls = mem_deref(s->tls);
	if (strncmp(s->url, "https:", 6))
		return 0;

	return service_tls_client(&s->tls, s->all->uc->conf);
}

static void connect_now(void *arg)
{
	static const struct ws_config config = { .ping_ms = 2000,
						 .pong_ms = 5000,
						 .connect_ms = 3000 };
	struct source *s = arg;
	char url[512];
	int err;

	err = load_cursor(s);
	snprintf(url, sizeof(url), "%s/api/v1/events?epoch=%s&after=%" PRIu64,
		 s->url, s->epoch ? s->epoch : "", s->seq);
	if (!err)
		err = make_tls(s);
	if (!err)
		err = ws_connect(&s->ws, url, s->token, s->tls, &config,
				 &handlers, s);
	if (err) {
		log_warn("source", "%s: %s", s->id, strerror(err));
		wheel_start(&s->retry, RETRY_MAX_MS, connect_now, s);
	}
}

/* Beyond loopback servers show each other certificates of our CA. */
int sources_put(struct sources *all, const json_t *source)
{
	struct source *s;
	int err;

	sources_drop(all, json_get_text(source, "id"));
	s = mem_zalloc(sizeof(*s), source_destructor);
	if (!s)
		return ENOMEM;

	s->all = all;
	s->retry_ms = RETRY_MIN_MS;
	err = str_dup(&s->id, json_get_text(source, "id"));
	if (!err)
		err = str_dup(&s->url, json_get_text(source, "url"));
	if (!err)
		err = str_dup(&s->token, json_get_text(source, "token"));
	if (err) {
		mem_deref(s);
		return err;
	}

	list_append(&all->list, &s->le, s);
	wheel_start(&s->retry, 0, connect_now, s);
	return 0;
}

void sources_drop(struct sources *all, const char *id)
{
	for (struct le *le = list_head(&all->list); le; le = le->next) {
		struct source *s = le->data;

		if (!strcmp(s->id, id)) {
			mem_deref(s);
			return;
		}
	}
}

const char *sources_pbx(const struct sources *all, const char *platform,
			const char **tokenp)
{
	const struct source *found = NULL;

	for (struct le *le = list_head(&all->list); le; le = le->next) {
		const struct source *s = le->data;

		if (!strcmp(s->id, platform))
			found = s;
	}
	if (!found && list_count(&all->list) == 1)
		found = list_head(&all->list)->data;
	if (!found)
		return NULL;

	*tokenp = found->token;

	return found->url;
}

bool sources_are_up(const struct sources *all)
{
	for (struct le *le = list_head(&all->list); le; le = le->next) {
		const struct source *s = le->data;

		if (!s->is_up)
			return false;
	}

	return true;
}
