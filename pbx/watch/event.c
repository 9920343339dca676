/* event.c - see event.h
 *
 * Frames leave in the order of their numbers: a reader that has seen number N
 * has seen every CDR up to N, so its cursor never skips one.  A CDR that is on
 * its way to the disk therefore holds back what comes after it.  Numbers of
 * events that are not kept are reserved in blocks, so that after a crash no
 * number is given twice.
 */
#include <stdlib.h>

#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "base/websocket.h"
#include "base/wheel.h"
#include "pbx/call/call.h"
#include "pbx/route/cos.h"
#include "pbx/conference/conference.h"
#include "pbx/control/application.h"
#include "pbx/control/application_gate.h"
#include "pbx/control/csta.h"
#include "pbx/watch/event.h"
#include "pbx/watch/heard.h"
#include "pbx/jsontext.h"
#include "pbx/pair/pair_calls.h"
#include "pbx/pair/peer.h"
#include "pbx/store.h"
#include "pbx/watch/subscription.h"
#include "pbx/turn.h"

enum {
	BLOCK = 10000, /* numbers reserved at once */
	FRAME_BYTES = 65536,
	REPLAY_ROWS = 100, /* CDRs read at once */
	REPLAY_WAIT_MS = 20,
	WAITING_MAX = 262144, /* octets a reader has not taken yet */
	PING_MS = 2000,
	PONG_MS = 4000,
};

struct reader {
	struct le le;
	struct ws *ws;
	uint64_t after; /* last number applied, as it says */
	char epoch[KEEP_EPOCH_SIZE];
	struct wheel_timer timer;  /* next part of the replay or snapshot */
	struct snapshot *snapshot; /* what of it is still to be sent */
	/* What it wants to hear of, "" all: ids. */
	char customer[DIRECTORY_ID_SIZE];
	char user[DIRECTORY_ID_SIZE];
	char phone[DIRECTORY_ID_SIZE];
	bool is_live; /* has had its replay: gets what is new */
	struct application *application; /* that reads, counted; or NULL */
	uint32_t version;                /* of it, when it came */
	uint32_t token_version;
};

/* Whom a snapshot is about, listed at its beginning; how each is then is
 * looked up when its part is sent, so that parts and news never disagree. */
struct snapshot {
	struct phone **phones; /* counted */
	uint32_t phone_count;
	uint32_t phone_next;
	char (*calls)[CALL_ID_SIZE];
	uint32_t call_count;
	uint32_t call_next;
	bool is_begun;
};

/* One event on its way to the readers. */
struct frame {
	struct le le;
	uint64_t seq;
	bool is_ready; /* else its CDR is not on the disk yet */
	struct mbuf *text;
};

static struct {
	struct list readers;
	struct list frames; /* struct frame, in order */
	uint64_t last;
	uint64_t reserved;
} events;

int event_init(void)
{
	list_init(&events.readers);
	list_init(&events.frames);
	events.last = keep_number("event_reserved", 0);
	events.reserved = events.last;

	return 0;
}

void event_close(void)
{
	list_flush(&events.readers);
	list_flush(&events.frames);
}

static uint64_t number_next(void)
{
	if (events.last >= events.reserved) {
		events.reserved = events.last + BLOCK;
		keep_set_number("event_reserved", events.reserved);
		turn_touch();
	}

	return ++events.last;
}

uint32_t event_readers(void)
{
	return list_count(&events.readers) - event_applications();
}

uint32_t event_applications(void)
{
	uint32_t n = 0;

	for (struct le *le = list_head(&events.readers); le; le = le->next) {
		const struct reader *r = le->data;

		n += r->application != NULL;
	}

	return n;
}

static void reader_destructor(void *data)
{
	struct reader *r = data;

	list_unlink(&r->le);
	wheel_stop(&r->timer);
	if (r->application)
		r->application->streams--;
	mem_deref(r->application);
	mem_deref(r->snapshot);
	mem_deref(r->ws);
}

static void frame_begin(struct sip_out *o, uint64_t seq, const char *type,
			const char *customer)
{
	sip_out_raw(o, SPAN("{"));
	jsontext_member(o, true, "epoch", keep_epoch());
	jsontext_number(o, "seq", seq);
	jsontext_member(o, false, "type", type);
	if (customer)
		jsontext_member(o, false, "customer", customer);
	sip_out_raw(o, SPAN(",\"data\":"));
}

static void frame_destructor(void *data)
{
	struct frame *f = data;

	list_unlink(&f->le);
	mem_deref(f->text);
}

static struct frame *frame_add(uint64_t seq)
{
	struct frame *f = mem_zalloc(sizeof(*f), frame_destructor);

	if (!f)
		return NULL;

	f->seq = seq;
	list_append(&events.frames, &f->le, f);

	return f;
}

/* Whether a frame names this id under this name. */
static bool has_member(const char *text, size_t len, const char *name,
		       const char *id)
{
	char wanted[DIRECTORY_ID_SIZE + 16];
	int n;

	if (!id[0])
		return true;
	n = snprintf(wanted, sizeof(wanted), "\"%s\":\"%s\"", name, id);

	return memmem(text, len, wanted, (size_t)n);
}

static bool is_wanted(const struct reader *r, const char *text, size_t len)
{
	return has_member(text, len, "customer", r->customer) &&
	       has_member(text, len, "user", r->user) &&
	       has_member(text, len, "phone", r->phone);
}

/* ---- what an application hears (heard.h) ---- */

/* The story of a call is for those who may read it: it stands last. */
static void send_without_story(const struct reader *r, const char *text,
			       size_t len)
{
	static char buf[FRAME_BYTES + 65536];
	const char *story = memmem(text, len, ",\"trail\":[", 10);
	size_t n = story ? (size_t)(story - text) : len;

	if (!story || n + 2 > sizeof(buf)) {
		(void)ws_send_text(r->ws, text, len);
		return;
	}
	memcpy(buf, text, n);
	memcpy(buf + n, "}}", 2);
	(void)ws_send_text(r->ws, buf, n + 2);
}

static void send_to(const struct reader *r, const char *text, size_t len)
{
	const struct application *a = r->application;

	if (!is_wanted(r, text, len) || (a && !heard_by(a, text, len)))
		return;
	if (application_may(a, RIGHT_CALLS_EXPLAIN))
		(void)ws_send_text(r->ws, text, len);
	else
		send_without_story(r, text, len);
}

void event_application(const struct application *a)
{
	for (struct le *le = list_head(&events.readers); le; le = le->next) {
		struct reader *r = le->data;
		bool is_revoked = !application_is_valid(a) ||
				  r->token_version != a->token_version;

		if (r->application != a ||
		    (!is_revoked && r->version == a->version))
			continue;
		r->is_live = false;
		wheel_stop(&r->timer);
		r->snapshot = mem_deref(r->snapshot);
		if (is_revoked)
			ws_close(r->ws, 1008, "revoked");
		else
			ws_close(r->ws, 4001, "rights changed");
	}
}

static void send_all(uint64_t seq, const char *text, size_t len)
{
	struct le *le = list_head(&events.readers);

	while (le) {
		struct reader *r = le->data;

		le = le->next;
		if (r->is_live && seq > r->after)
			send_to(r, text, len);
	}
}

/* Send what need not wait any more. */
static void pump(void)
{
	struct le *le;

	while ((le = list_head(&events.frames))) {
		struct frame *f = le->data;

		if (!f->is_ready)
			return;
		if (f->text)
			send_all(f->seq, (const char *)f->text->buf,
				 f->text->end);
		mem_deref(f);
	}
}

static void frame_fill(struct frame *f, const struct sip_out *o)
{
	f->is_ready = true;
	if (o->is_full) {
		log_error("event", "a frame does not fit");
		return;
	}

	f->text = mbuf_alloc(o->len);
	if (f->text)
		(void)mbuf_write_mem(f->text, (const uint8_t *)o->p, o->len);
}

/* An event that is only news. */
static void tell(uint64_t seq, const struct sip_out *o)
{
	struct frame *f;

	if (!list_head(&events.frames)) {
		if (!o->is_full)
			send_all(seq, o->p, o->len);
		return;
	}

	f = frame_add(seq);
	if (f)
		frame_fill(f, o);
}

uint64_t event_hold(void)
{
	uint64_t seq = number_next();

	(void)frame_add(seq);

	return seq;
}

static bool begins(struct span json, struct span with)
{
	return json.len >= with.len && !memcmp(json.p, with.p, with.len);
}

/* Kept with the CDRs and delivered as surely: alarms (emergency.c, alarm.c). */
static const char *type_of(struct span json)
{
	if (begins(json, SPAN("{\"alarm\":\"emergency\"")))
		return "emergency";

	return begins(json, SPAN("{\"alarm\":")) ? "alarm" : "cdr";
}

/* Highest number below which no CDR is outstanding. */
static uint64_t number_safe(void)
{
	const struct le *le = list_head(&events.frames);
	const struct frame *f = le ? le->data : NULL;

	return f ? f->seq - 1 : events.last;
}

void event_cdr(uint64_t seq, const char *customer, struct span json)
{
	static char buf[FRAME_BYTES + 65536];
	struct sip_out o;
	struct le *le;

	for (le = list_head(&events.frames); le; le = le->next) {
		struct frame *f = le->data;

		if (f->seq != seq)
			continue;

		f->is_ready = true;
		if (list_head(&events.readers)) {
			sip_out_init(&o, buf, sizeof(buf));
			frame_begin(&o, seq, type_of(json), customer);
			sip_out_raw(&o, json);
			sip_out_raw(&o, SPAN("}"));
			frame_fill(f, &o);
		}
		break;
	}

	pump();
}

static const char *user_id(const struct phone *p)
{
	const struct user *u = p ? phone_person(p) : NULL;

	return u ? u->id : NULL;
}

/* Without the closing brace. */
static void begin_leg(struct sip_out *o, const struct leg *leg)
{
	const struct call *call = leg->call;
	bool is_caller = leg == call->caller;
	const struct leg *peer = is_caller ? call->callee : call->caller;
	const struct phone *other = peer ? peer->phone : NULL;
	const struct user *callee = NULL;
	char id[LEG_ID_SIZE];

	if (is_caller && !other && call->callee_user[0])
		callee = directory_user(span_of(call->callee_user));

	leg_id(leg, id);
	sip_out_raw(o, SPAN("{"));
	jsontext_member(o, true, "call", call->id);
	jsontext_member(o, false, "id", id);
	jsontext_member(o, false, "user", user_id(leg->phone));
	jsontext_member(o, false, "phone",
			leg->phone && leg->phone->id[0] ? leg->phone->id
							: NULL);
	jsontext_member(o, false, "number",
			leg->phone ? leg->phone->number : NULL);
	jsontext_member(o, false, "state", leg_state_name(leg->state));
	jsontext_member(o, false, "peer",
			is_caller ? call->number
			: other   ? leg_shown_number(peer)
				  : NULL);
	jsontext_member(o, false, "peer_name",
			other       ? leg_shown_name(peer)
			: callee    ? callee->name
			: is_caller ? call->number
				    : NULL);
	jsontext_member(o, false, "direction",
			is_caller ? "outgoing" : "incoming");
}

void event_print_leg(struct sip_out *o, const struct leg *leg)
{
	begin_leg(o, leg);
	sip_out_raw(o, SPAN("}"));
}

/* Whether events may tell of it: the class of service of its user. */
static bool is_monitored(const struct leg *leg)
{
	return !leg->phone || cos_may(leg->phone->user, COS_CTI_MONITOR);
}

static void tell_leg(const struct leg *leg, enum csta_event event)
{
	char buf[2048];
	struct sip_out o;
	uint64_t seq;

	if (!list_head(&events.readers) || !is_monitored(leg) ||
	    peer_is_caller(leg->call))
		return;

	seq = number_next();
	sip_out_init(&o, buf, sizeof(buf));
	frame_begin(&o, seq, "call", leg->call->customer);
	begin_leg(&o, leg);
	jsontext_member(&o, false, "event",
			event ? csta_event_name(event) : NULL);
	jsontext_member(&o, false, "cause",
			event ? csta_cause_name(csta_cause_of(leg, event))
			      : NULL);
	sip_out_raw(&o, SPAN("}}"));
	tell(seq, &o);
}

void event_leg(const struct leg *leg)
{
	subscription_leg(leg);
	pair_calls_changed(leg->call);
	tell_leg(leg, CSTA_NONE);
}

void event_arrow(const struct leg *leg, enum leg_event arrow)
{
	subscription_leg(leg);
	pair_calls_changed(leg->call);
	tell_leg(leg, csta_event_of(leg, arrow));
}

void event_left(const struct leg *leg)
{
	struct leg left = *leg;

	left.state = LEG_NULL;
	tell_leg(&left, CSTA_CONNECTION_CLEARED);
}

void event_csta(const struct leg *leg, enum csta_event event)
{
	tell_leg(leg, event);
}

static void print_party(struct sip_out *o, const struct party *p, bool is_left)
{
	const struct conference *c = p->conference;
	const struct leg *leg = party_leg(p);
	const struct phone *phone = leg ? leg->phone : NULL;

	sip_out_raw(o, SPAN("{"));
	jsontext_member(o, true, "conference", c->id);
	jsontext_member(o, false, "name", c->name);
	jsontext_member(o, false, "type", conference_type_name(c->type));
	jsontext_member(o, false, "event", is_left ? "left" : "present");
	jsontext_number(o, "party", p->number);
	jsontext_number(o, "parties", conference_count(c));
	jsontext_member(o, false, "call", p->call->id);
	jsontext_member(o, false, "user", user_id(phone));
	jsontext_member(o, false, "phone",
			phone && phone->id[0] ? phone->id : NULL);
	jsontext_member(o, false, "number",
			phone ? phone_shown_number(phone) : p->call->number);
	sip_out_printf(o, ",\"muted\":%s,\"held\":%s}",
		       p->is_muted ? "true" : "false",
		       p->is_held ? "true" : "false");
}

void event_conference(const struct party *p, bool is_left)
{
	char buf[2048];
	struct sip_out o;
	uint64_t seq;

	if (!list_head(&events.readers))
		return;

	seq = number_next();
	sip_out_init(&o, buf, sizeof(buf));
	frame_begin(&o, seq, "conference", p->conference->customer);
	print_party(&o, p, is_left);
	sip_out_raw(&o, SPAN("}"));
	tell(seq, &o);
}

static void print_registration(struct sip_out *o, const struct phone *p,
			       bool is_registered)
{
	sip_out_raw(o, SPAN("{"));
	jsontext_member(o, true, "phone", p->id);
	jsontext_member(o, false, "user", user_id(p));
	sip_out_text(o, is_registered ? ",\"registered\":true}"
				      : ",\"registered\":false}");
}

void event_registration(const struct phone *p, bool is_registered)
{
	char buf[512];
	struct sip_out o;
	uint64_t seq;

	if (!list_head(&events.readers))
		return;

	seq = number_next();
	sip_out_init(&o, buf, sizeof(buf));
	frame_begin(&o, seq, "registration",
		    p->customer ? p->customer->id : "");
	print_registration(&o, p, is_registered);
	sip_out_raw(&o, SPAN("}"));
	tell(seq, &o);
}

void event_news(const char *type, const char *customer, struct span data)
{
	char buf[2048];
	struct sip_out o;
	uint64_t seq;

	if (!list_head(&events.readers))
		return;

	seq = number_next();
	sip_out_init(&o, buf, sizeof(buf));
	frame_begin(&o, seq, type, customer);
	sip_out_raw(&o, data);
	sip_out_raw(&o, SPAN("}"));
	tell(seq, &o);
}

/* ---- a reader that comes ---- */

enum {
	ITEM_BYTES = 2048, /* room that one phone or leg may take */
	PART_BYTES = 60000,
};

static void snapshot_destructor(void *data)
{
	struct snapshot *s = data;

	for (uint32_t i = 0; i < s->phone_count; i++)
		mem_deref(s->phones[i]);
	mem_deref(s->phones);
	mem_deref(s->calls);
}

static void list_phones(struct snapshot *s, uint32_t room)
{
	for (struct le *c = list_head(directory_customers()); c; c = c->next) {
		const struct customer *customer = c->data;
		struct le *le = list_head(&customer->phones);

		for (; le && s->phone_count < room; le = le->next) {
			struct phone *p = le->data;

			if (p->bindings_count)
				s->phones[s->phone_count++] = mem_ref(p);
		}
	}
}

static void list_calls(struct snapshot *s, uint32_t room)
{
	struct le *le = list_head(call_list());

	for (; le && s->call_count < room; le = le->next) {
		const struct call *call = le->data;

		memcpy(s->calls[s->call_count++], call->id, CALL_ID_SIZE);
	}
}

static int snapshot_begin(struct snapshot **sp)
{
	uint32_t phones = directory_counts().phones;
	uint32_t calls = call_count();
	struct snapshot *s = mem_zalloc(sizeof(*s), snapshot_destructor);

	if (!s)
		return ENOMEM;

	s->phones = mem_zalloc((phones + 1) * sizeof(s->phones[0]), NULL);
	s->calls = mem_zalloc((calls + 1) * sizeof(s->calls[0]), NULL);
	if (!s->phones || !s->calls) {
		mem_deref(s);
		return ENOMEM;
	}

	list_phones(s, phones);
	list_calls(s, calls);
	*sp = s;
	return 0;
}

static bool has_room(const struct sip_out *o)
{
	return o->len + ITEM_BYTES < PART_BYTES;
}

/* Whether a snapshot tells this reader of phones and calls at all. */
static bool sees_any(const struct reader *r)
{
	return application_may(r->application, RIGHT_CALLS_SEE);
}

static void print_registrations(struct sip_out *o, const struct reader *r)
{
	struct snapshot *s = r->snapshot;
	uint32_t n = 0;

	while (s->phone_next < s->phone_count && has_room(o)) {
		const struct phone *p = s->phones[s->phone_next++];

		if (!p->bindings_count || p->is_removed || !sees_any(r) ||
		    !application_sees_phone(r->application, p))
			continue;
		if (n++)
			sip_out_raw(o, SPAN(","));
		print_registration(o, p, true);
	}
}

static void print_listed_leg(struct sip_out *o, const struct leg *leg,
			     const struct reader *r, uint32_t *np)
{
	if (!is_monitored(leg) || !sees_any(r) ||
	    !application_sees_leg(r->application, leg))
		return;

	if ((*np)++)
		sip_out_raw(o, SPAN(","));
	event_print_leg(o, leg);
}

static void print_call(struct sip_out *o, const struct call *call,
		       const struct reader *r, uint32_t *np)
{
	const struct le *le = list_head(&call->branches);

	print_listed_leg(o, call->caller, r, np);
	for (; le && has_room(o); le = le->next) {
		const struct leg *leg = le->data;

		if (leg->state != LEG_NULL && leg->state != LEG_FAILED)
			print_listed_leg(o, leg, r, np);
	}
}

static void print_calls(struct sip_out *o, const struct reader *r)
{
	struct snapshot *s = r->snapshot;
	uint32_t n = 0;

	while (s->call_next < s->call_count && has_room(o)) {
		const char *id = s->calls[s->call_next++];
		const struct call *call = call_find(span_of(id));

		if (call && call->caller && call->state != CALL_OVER &&
		    !peer_is_caller(call))
			print_call(o, call, r, &n);
	}
}

/* One frame of the snapshot; after the last there is none. */
static int send_part(struct reader *r)
{
	static char buf[PART_BYTES + ITEM_BYTES];
	struct snapshot *s = r->snapshot;
	struct sip_out o;
	bool is_more;

	sip_out_init(&o, buf, sizeof(buf));
	frame_begin(&o, number_safe(), "snapshot", NULL);
	sip_out_printf(&o, "{\"first\":%s,\"registrations\":[",
		       s->is_begun ? "false" : "true");
	s->is_begun = true;
	print_registrations(&o, r);
	sip_out_raw(&o, SPAN("],\"calls\":["));
	print_calls(&o, r);
	is_more = s->phone_next < s->phone_count ||
		  s->call_next < s->call_count;
	sip_out_printf(&o, "],\"last\":%s}}", is_more ? "false" : "true");
	if (!is_more)
		r->snapshot = mem_deref(r->snapshot);

	return o.is_full ? EOVERFLOW : ws_send_text(r->ws, o.p, o.len);
}

static void send_snapshot(void *arg)
{
	struct reader *r = arg;

	while (r->snapshot) {
		if (ws_waiting(r->ws) > WAITING_MAX) {
			wheel_start(&r->timer, REPLAY_WAIT_MS, send_snapshot,
				    r);
			return;
		}
		if (send_part(r)) {
			ws_close(r->ws, 1011, "snapshot");
			return;
		}
	}
}

static void replay(uint64_t seq, const char *customer, struct span json,
		   void *arg)
{
	static char buf[FRAME_BYTES + 65536];
	struct reader *r = arg;
	struct sip_out o;

	sip_out_init(&o, buf, sizeof(buf));
	frame_begin(&o, seq, type_of(json), customer);
	sip_out_raw(&o, json);
	sip_out_raw(&o, SPAN("}"));
	send_to(r, o.p, o.len);
	r->after = seq;
}

/* Send the CDRs that were missed, some at a time, then the snapshot. */
static void catch_up(void *arg)
{
	struct reader *r = arg;
	const char *customer = r->application ? r->application->customer : NULL;
	bool is_known = !strcmp(r->epoch, keep_epoch()) &&
			r->after <= events.last;

	turn_end(); /* numbers are committed before anyone hears them */
	while (is_known && ws_is_open(r->ws)) {
		struct keep_query q = { .after = r->after,
					.customer = customer,
					.limit = REPLAY_ROWS,
					.with_alarms = true };
		uint64_t before = r->after;

		if (ws_waiting(r->ws) > WAITING_MAX) {
			wheel_start(&r->timer, REPLAY_WAIT_MS, catch_up, r);
			return;
		}
		if (keep_each_cdr(&q, replay, r) || r->after == before)
			break;
	}

	if (!is_known)
		r->after = number_safe();
	if (snapshot_begin(&r->snapshot)) {
		ws_close(r->ws, 1011, "snapshot");
		return;
	}
	r->is_live = true;
	send_snapshot(r);
}

static void opened(struct ws *ws, void *arg)
{
	struct reader *r = arg;

	(void)ws;
	if (r->application)
		event_application(r->application);
	if (ws_is_open(r->ws))
		catch_up(r);
}

static void closed(struct ws *ws, enum ws_reason why, uint16_t code, void *arg)
{
	(void)ws;

	log_info("event", "a reader left: %s %u", ws_reason_name(why), code);
	mem_deref(arg);
}

static void copy_query(char out[DIRECTORY_ID_SIZE], struct http_request *req,
		       const char *name)
{
	const char *value = http_query(req, name);

	(void)re_snprintf(out, DIRECTORY_ID_SIZE, "%s", value ? value : "");
}

void event_stream(struct http_request *req)
{
	static const struct ws_handlers handlers = { .opened = opened,
						     .closed = closed };
	static const struct ws_config config = { .ping_ms = PING_MS,
						 .pong_ms = PONG_MS };
	const char *epoch = http_query(req, "epoch");
	const char *after = http_query(req, "after");
	struct application *a = application_of(req);
	struct reader *r;

	if (a && a->streams >= a->streams_max) {
		application_counts()->limited++;
		(void)http_reply_header(req, "Retry-After", "5");
		(void)http_reply_problem(req, 429, "too-many-streams",
					 "This application has as many event "
					 "streams open as it may; close one.",
					 NULL);
		return;
	}
	r = mem_zalloc(sizeof(*r), reader_destructor);
	if (!r) {
		(void)http_reply_problem(req, 503, "no-memory",
					 "Try again later.", NULL);
		return;
	}

	if (epoch)
		(void)re_snprintf(r->epoch, sizeof(r->epoch), "%s", epoch);
	if (after)
		r->after = strtoull(after, NULL, 10);
	copy_query(r->customer, req, "customer");
	copy_query(r->user, req, "user");
	copy_query(r->phone, req, "phone");
	if (a) {
		r->application = mem_ref(a);
		r->version = a->version;
		r->token_version = a->token_version;
		a->streams++;
	}

	if (ws_accept(&r->ws, req, &config, &handlers, r)) {
		if (!http_is_answered(req))
			(void)http_reply_problem(req, 503, "no-memory",
						 "Try again later.", NULL);
		mem_deref(r);
		return;
	}

	list_append(&events.readers, &r->le, r);
}
