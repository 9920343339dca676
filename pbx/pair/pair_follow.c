/* pair_follow.c - see pair_follow.h */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "base/service.h"
#include "base/websocket.h"
#include "base/wheel.h"
#include "pbx/pair/errand.h"
#include "pbx/pair/far.h"
#include "pbx/pair/pair.h"
#include "pbx/pair/pair_fields.h"
#include "pbx/pair/pair_follow.h"
#include "pbx/pair/pair_log.h"
#include "pbx/pair/peer.h"
#include "pbx/registrar.h"
#include "pbx/turn.h"

enum {
	PROTOCOL = 1,
	RETRY_MIN_MS = 100,
	RETRY_MAX_MS = 1000,
};

static struct {
	struct ws *ws;
	struct tls *tls;
	struct wheel_timer retry;
	uint32_t retry_ms;
	uint64_t lost_ms; /* monotonic */
	int64_t heard;    /* stamp up to which we know theirs */
	int64_t hearing;  /* the highest of what came since */
	char epoch[PAIR_EPOCH_SIZE];
	uint64_t top;         /* its last number known */
	uint64_t applied;     /* on our disk */
	uint64_t session;     /* counts connections */
	uint32_t outstanding; /* writes sent */
	json_t *seen;         /* of a whole batch: "KIND ID" */
	uint64_t upto;        /* of a batch that is complete */
	bool has_upto;
	bool is_whole;
	bool is_up;
	bool is_current;
	bool is_broken; /* something of this session could not be applied */
	struct sa sip;
	struct list applies;
} follow;

/* A change on its way to the disk. */
struct apply {
	struct le le;
	const struct pair_kind *kind;
	json_t *object;
	struct pair_entry entry;
	char id[DIRECTORY_ID_SIZE];
	uint64_t session;
	bool is_second;  /* another one had to give way */
	bool is_merged;  /* by fields */
	bool keeps_ours; /* some of them */
};

static void connect_now(void *arg);
static int apply_send(struct apply *a, const char *column);

static void apply_destructor(void *data)
{
	struct apply *a = data;

	list_unlink(&a->le);
	json_decref(a->object);
}

static struct apply *apply_alloc(void)
{
	struct apply *a = mem_zalloc(sizeof(*a), apply_destructor);

	if (a)
		list_append(&follow.applies, &a->le, a);

	return a;
}

static void forget_seen(void)
{
	json_decref(follow.seen);
	follow.seen = NULL;
}

/* ---- the end of a batch ---- */

static void break_off(const char *why)
{
	log_error("pair", "the other node's log cannot be applied: %s", why);
	follow.is_broken = true;
	if (follow.ws)
		ws_close(follow.ws, 1011, "not applied");
}

static void moved(const struct store_result *result, void *arg)
{
	uint64_t session = (uint64_t)(uintptr_t)arg;
	struct pair_cursor c;

	if (session != follow.session || !follow.ws)
		return;
	if (result->err) {
		break_off(result->error.text);
		return;
	}

	pair_log_cursor(&c);
	fault_point("pbx.pair.moved");
	follow.applied = c.seq;
	follow.heard = follow.hearing;
	follow.is_current = true;
	(void)ws_send_json(follow.ws,
			   json_pack("{s:I}", "read", (json_int_t)c.seq));
	pair_settle();
}

/* What a whole log does not name is not there any more. */
static void sweep(const struct pair_kind *kind)
{
	struct store_rows *rows = NULL;

	if (store_query(&rows, pair_log_store(), kind->all_sql, STORE_NO_ARGS))
		return;

	for (uint32_t i = 0; i < rows_count(rows); i++) {
		const char *id = rows_text(rows, i, 0);
		char key[128];
		struct apply *a;

		(void)snprintf(key, sizeof(key), "%s %s", kind->name, id);
		if (json_object_get(follow.seen, key))
			continue;
		a = apply_alloc();
		if (!a)
			break;
		log_info("pair", "%s %s is not at the primary: it goes",
			 kind->name, id);
		(void)snprintf(a->id, sizeof(a->id), "%s", id);
		a->kind = kind;
		a->entry = (struct pair_entry){ .id = a->id,
						.stamp = 1,
						.is_gone = true };
		a->session = follow.session;
		if (apply_send(a, NULL))
			break_off("no memory");
	}
	mem_deref(rows);
}

/* An empty primary is a mistake, and no order to forget everybody. */
static bool is_believed(void)
{
	const struct pair_kind *first = pair_kind_at(0);
	int64_t n = 0;
	char sql[200];

	if (json_object_size(follow.seen))
		return true;

	(void)snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM (%s) AS a",
		       first->all_sql);
	if (!store_query_int(&n, pair_log_store(), sql, STORE_NO_ARGS) && n)
		log_error("pair", "the primary has lost everything: what is "
				  "here is kept");

	return !n;
}

static void finish_batch(void)
{
	struct pair_cursor c = { .seq = follow.upto };

	if (!follow.has_upto || follow.outstanding || follow.is_broken)
		return;

	if (follow.is_whole && pair_role() == PAIR_SECONDARY && is_believed()) {
		unsigned n = 0;

		while (pair_kind_at(n))
			n++;
		follow.is_whole = false;
		while (n--) {
			if (!pair_kind_at(n)->is_shared)
				sweep(pair_kind_at(n));
		}
		if (follow.outstanding)
			return;
	}

	follow.has_upto = false;
	forget_seen();
	memcpy(c.epoch, follow.epoch, sizeof(c.epoch));
	if (pair_log_move(&c, moved, (void *)(uintptr_t)follow.session))
		break_off("no memory");
}

/* ---- one change ---- */

static void applied(const struct store_result *result, void *arg)
{
	struct apply *a = arg;
	bool is_ours = a->session == follow.session;

	if (result->err == EEXIST && !a->is_second && a->kind->displace) {
		a->is_second = true;
		if (is_ours)
			follow.outstanding--;
		if (apply_send(a, result->error.column))
			break_off("no memory");
		return;
	}

	if (!result->err) {
		a->kind->after(a->id, a->object, a->kind->arg);
		turn_end();
	}
	else if (result->err != EALREADY && is_ours) {
		break_off(result->error.text);
	}
	if (is_ours) {
		follow.outstanding--;
		finish_batch();
	}
	mem_deref(a);
}

/* Takes the change over. */
static int apply_send(struct apply *a, const char *column)
{
	struct store_write *w = NULL;
	int err = store_write_alloc(&w, pair_log_store());

	fault_point("pbx.pair.apply");
	if (!err)
		err = a->is_merged
			      ? pair_log_merge_fields(w, a->kind, &a->entry,
						      a->keeps_ours)
			      : pair_log_merge(w, a->kind, &a->entry);
	if (!err && column)
		err = a->kind->displace(w, a->object, column, a->kind->arg);
	if (!err)
		err = a->kind->put(w, a->id, a->object, a->entry.stamp,
				   a->kind->arg);
	if (err)
		mem_deref(w);
	else
		err = store_write_send(w, applied, a);
	if (err)
		mem_deref(a);
	else if (a->session == follow.session)
		follow.outstanding++;

	return err;
}

/* Both nodes have changed it without knowing of each other. */
static void check_conflict(const struct apply *a)
{
	json_t *ours = NULL;
	int64_t stamp;

	if (!a->kind->is_shared || !pair_log_is_news(a->kind, a->id, &stamp) ||
	    stamp == a->entry.stamp)
		return;

	(void)a->kind->get(&ours, a->id, a->kind->arg);
	if (stamp < a->entry.stamp)
		pair_log_conflict(a->kind, a->id, ours, a->object, true);
	else if (!follow.seen)
		pair_log_conflict(a->kind, a->id, a->object, ours, false);
	json_decref(ours);
}

/* Of each field the later one. */
static int merge_fields(struct apply *a, const json_t *ours)
{
	struct pair_fields_merge m = { .ours = ours,
				       .theirs = a->object,
				       .known = pair_log_known(),
				       .heard = follow.heard };
	int64_t stamp = 0;
	bool is_news = pair_log_is_news(a->kind, a->id, &stamp);
	json_t *merged;

	m.is_theirs_later = stamp < a->entry.stamp;
	merged = pair_fields_merge(&m);
	if (!merged)
		return ENOMEM;
	if (m.has_conflict && is_news && m.is_theirs_later)
		pair_log_conflict(a->kind, a->id, ours, a->object, true);
	else if (m.has_conflict && is_news && !follow.seen)
		pair_log_conflict(a->kind, a->id, a->object, ours, false);

	a->is_merged = true;
	a->keeps_ours = m.keeps_ours;
	a->kind->remember(a->id, merged);
	json_decref(a->object);
	a->object = merged;

	return 0;
}

static void go_on_with(struct apply *a)
{
	const json_t *ours = a->kind->current && !a->entry.is_gone
				     ? a->kind->current(a->id)
				     : NULL;

	if (!ours) {
		check_conflict(a);
	}
	else if (merge_fields(a, ours)) {
		mem_deref(a);
		break_off("no memory");
		return;
	}
	if (apply_send(a, NULL))
		break_off("no memory");
}

/* What is not in the frame is here, or will never be. */
static void fetched(int err, void *arg)
{
	struct apply *a = arg;
	bool is_ours = a->session == follow.session;

	if (is_ours)
		follow.outstanding--;
	if (!err && pair_log_store()) {
		go_on_with(a);
		return;
	}
	mem_deref(a);
	if (is_ours && err != ECANCELED)
		break_off(strerror(err));
	else if (is_ours)
		finish_batch();
}

static void fetch(struct apply *a)
{
	int err;

	follow.outstanding++;
	err = a->kind->fetch(a->id, a->object, fetched, a);
	if (err != EINPROGRESS)
		fetched(err, a);
}

static void take_change(const json_t *frame, bool is_gone)
{
	const struct pair_kind *kind = pair_kind_find(
		json_get_text(frame, "kind"));
	const char *id = json_get_text(frame, "id");
	json_t *object = json_object_get(frame, "object");
	char key[128];
	struct apply *a;

	if (!kind || !id || strlen(id) >= sizeof(a->id) ||
	    (!is_gone && !json_is_object(object))) {
		/* a newer release's kind: ours does without */
		log_warn("pair", "a change of %s is passed over",
			 kind ? kind->name : "an unknown kind");
		return;
	}
	if (!kind->is_shared && pair_role() != PAIR_SECONDARY)
		return;
	if (follow.seen && !is_gone) {
		(void)snprintf(key, sizeof(key), "%s %s", kind->name, id);
		(void)json_object_set_new(follow.seen, key, json_true());
	}

	a = apply_alloc();
	if (!a) {
		break_off("no memory");
		return;
	}
	(void)snprintf(a->id, sizeof(a->id), "%s", id);
	a->kind = kind;
	a->object = json_incref(object);
	a->session = follow.session;
	a->entry = (struct pair_entry){
		.id = a->id,
		.seq = (uint64_t)json_get_int(frame, "seq", 0),
		.stamp = json_get_int(frame, "stamp", 0),
		.is_gone = is_gone,
	};
	if (a->entry.seq > follow.top)
		follow.top = a->entry.seq;
	if (kind->is_shared && a->entry.stamp < PAIR_STAMP_GONE &&
	    a->entry.stamp > follow.hearing)
		follow.hearing = a->entry.stamp;
	if (!is_gone && kind->fetch)
		fetch(a);
	else
		go_on_with(a);
}

/* ---- frames ---- */

static void take_hello(const json_t *frame)
{
	const char *epoch = json_get_text(frame, "epoch");
	const char *node = json_get_text(frame, "node");
	struct pair_cursor c;

	if (json_get_int(frame, "v", 0) != PROTOCOL || !epoch || !node) {
		break_off("it speaks another version");
		return;
	}
	if (!strcmp(node, pair_role_name(pair_role()))) {
		break_off("it has the same role as this node");
		return;
	}

	(void)snprintf(follow.epoch, sizeof(follow.epoch), "%s", epoch);
	follow.top = (uint64_t)json_get_int(frame, "top", 0);
	follow.sip = *ws_peer(follow.ws);
	sa_set_port(&follow.sip, (uint16_t)json_get_int(frame, "sip_port", 0));
	peer_found(&follow.sip);

	pair_log_cursor(&c);
	forget_seen();
	follow.applied = c.seq;
	if (strcmp(c.epoch, follow.epoch) != 0 || c.seq > follow.top) {
		follow.applied = 0;
		follow.seen = json_object();
	}
}

static void take_upto(const json_t *frame)
{
	follow.upto = (uint64_t)json_get_int(frame, "seq", 0);
	follow.is_whole = json_get_bool(frame, "whole", false);
	if (follow.upto > follow.top)
		follow.top = follow.upto;
	follow.has_upto = true;
	finish_batch();
}

static void take_phone(const json_t *json, bool is_news)
{
	const char *id = json_get_text(json, "phone");
	const json_t *bindings = json_object_get(json, "bindings");
	const char *fresh = json_get_text(json, "new");
	struct phone *p = id ? directory_phone(span_of(id)) : NULL;
	const json_t *b;
	size_t i;

	if (!p)
		return;

	peer_phone(p, json_array_size(bindings) > 0,
		   (uint16_t)json_get_int(json, "calls", 0));
	json_array_foreach(bindings, i, b)
	{
		const char *key = json_get_text(b, "key");

		if (key && (!is_news || (fresh && !strcmp(key, fresh))))
			registrar_moved(p, key,
					(uint64_t)json_get_int(b, "at", 0),
					is_news);
	}
}

static void take_phones(const json_t *frame)
{
	const json_t *list = json_object_get(frame, "phones"), *p;
	size_t i;

	if (json_get_bool(frame, "first", false))
		peer_forget_phones();
	json_array_foreach(list, i, p) take_phone(p, false);
	if (json_get_bool(frame, "last", false)) {
		follow.is_up = true;
		follow.lost_ms = 0;
		pair_settle();
	}
}

static void take_calls(const json_t *frame)
{
	const char *what = json_get_text(frame, "what");

	if (what && !strcmp(what, "begin"))
		far_begin();
	else if (what && !strcmp(what, "end"))
		far_end();
}

static void on_text(struct ws *ws, struct span text, void *arg)
{
	json_t *frame = NULL;
	const char *type;

	(void)arg;
	if (follow.is_broken)
		return;
	if (json_read(&frame, text, WS_MESSAGE_MAX_BYTES, NULL)) {
		ws_close(ws, 1008, "not JSON");
		return;
	}

	type = json_get_text(frame, "type");
	if (!type)
		ws_close(ws, 1008, "type missing");
	else if (!strcmp(type, "hello"))
		take_hello(frame);
	else if (!follow.epoch[0])
		ws_close(ws, 1008, "hello comes first");
	else if (!strcmp(type, "put"))
		take_change(frame, false);
	else if (!strcmp(type, "gone"))
		take_change(frame, true);
	else if (!strcmp(type, "upto"))
		take_upto(frame);
	else if (!strcmp(type, "phones"))
		take_phones(frame);
	else if (!strcmp(type, "phone"))
		take_phone(frame, true);
	else if (!strcmp(type, "call"))
		far_take(frame);
	else if (!strcmp(type, "calls"))
		take_calls(frame);
	json_decref(frame);
}

static void on_opened(struct ws *ws, void *arg)
{
	(void)ws;
	(void)arg;
	follow.retry_ms = RETRY_MIN_MS;
}

static void on_closed(struct ws *ws, enum ws_reason why, uint16_t code,
		      void *arg)
{
	(void)ws;
	(void)arg;
	if (follow.is_up)
		log_warn("pair", "the other node is lost: %s %u",
			 ws_reason_name(why), code);

	follow.ws = mem_deref(follow.ws);
	if (!follow.lost_ms)
		follow.lost_ms = clock_mono_ms();
	follow.is_up = follow.is_current = false;
	follow.session++; /* answers to its writes mean nothing any more */
	follow.outstanding = 0;
	follow.has_upto = false;
	forget_seen();
	peer_lost();
	far_lost();
	errand_lost();
	turn_end();
	wheel_start(&follow.retry, follow.retry_ms, connect_now, NULL);
	follow.retry_ms = follow.retry_ms * 2 > RETRY_MAX_MS
				  ? RETRY_MAX_MS
				  : follow.retry_ms * 2;
	pair_settle();
}

static int make_tls(const char *url)
{
	follow.tls = mem_deref(follow.tls);

	return strncmp(url, "https:", 6)
		       ? 0
		       : service_tls_client(&follow.tls, pair_conf());
}

static void connect_now(void *arg)
{
	static const struct ws_handlers handlers = {
		.opened = on_opened,
		.text = on_text,
		.closed = on_closed,
	};
	static const struct ws_config config = { .ping_ms = 1000,
						 .pong_ms = 3000,
						 .connect_ms = 2000 };
	const char *other = pair_other_url();
	struct pair_cursor c;
	char url[512];
	int err;

	(void)arg;
	pair_log_cursor(&c);
	follow.is_broken = false;
	follow.epoch[0] = '\0';
	(void)snprintf(url, sizeof(url),
		       "%s/api/v1/pair/log?epoch=%s&after=%" PRIu64, other,
		       c.epoch, c.seq);
	err = make_tls(other);
	if (!err)
		err = ws_connect(&follow.ws, url, pair_token(), follow.tls,
				 &config, &handlers, NULL);
	if (err) {
		log_warn("pair", "%s: %s", other, strerror(err));
		wheel_start(&follow.retry, RETRY_MAX_MS, connect_now, NULL);
	}
}

void pair_follow_start(void)
{
	memset(&follow, 0, sizeof(follow));
	follow.retry_ms = RETRY_MIN_MS;
	follow.lost_ms = clock_mono_ms();
	wheel_start(&follow.retry, 0, connect_now, NULL);
}

void pair_follow_close(void)
{
	wheel_stop(&follow.retry);
	follow.session++;
	follow.ws = mem_deref(follow.ws);
	follow.tls = mem_deref(follow.tls);
	list_flush(&follow.applies);
	forget_seen();
}

bool pair_follow_is_up(void)
{
	return follow.is_up;
}

bool pair_follow_is_current(void)
{
	return follow.is_current && follow.applied >= follow.top;
}

uint64_t pair_follow_lag(void)
{
	return follow.top > follow.applied ? follow.top - follow.applied : 0;
}

uint64_t pair_follow_lost_ms(void)
{
	return follow.lost_ms;
}
