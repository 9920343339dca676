/* hotdesk.c - see hotdesk.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/wheel.h"
#include "base/zone.h"
#include "pbx/call/call.h"
#include "pbx/route/cos.h"
#include "pbx/watch/event.h"
#include "pbx/desk/hotdesk.h"
#include "pbx/jsontext.h"
#include "pbx/mail/mwi.h"
#include "pbx/pair/pair_log.h"
#include "pbx/watch/subscription.h"
#include "pbx/turn.h"
#include "pbx/desk/twin.h"
#include "sip/build.h"

enum { TICK_S = 30, MINUTE_S = 60 };

/* The row's id is the user's: one phone a user. */
static const struct field fields[] = {
	{ "phone", FIELD_REF, 0, .ref = "phones",
	  .help = "Where the user is logged in; none: at the outside number",
	  .help_fr = "Poste ; aucun : au numéro extérieur" },
	{ "since_ms", FIELD_TIME, 0, .help = "Since when",
	  .help_fr = "Depuis" },
};

static const struct kind hotdesk_kind = {
	.name = "hot-desk",
	.plural = "hot_desks",
	.owner = "pbx",
	.help = "A user logged in at a shared phone",
	.help_fr = "Un usager connecté à un poste partagé",
	KIND_FIELDS(fields),
};

static struct {
	struct record_table table;
	struct list sessions;
	struct table by_user;
	struct wheel_timer timer;
} desks;

static void hotdesk_destructor(void *data)
{
	struct hotdesk *s = data;

	table_remove(&desks.by_user, &s->by_user);
	list_unlink(&s->le);
}

static struct hotdesk *session_of(const char *user)
{
	struct table_entry *e = table_first(&desks.by_user,
					    hash_span(0, span_of(user)));

	for (; e; e = table_next(e)) {
		struct hotdesk *s = CONTAINER_OF(e, struct hotdesk, by_user);

		if (!strcmp(s->user, user))
			return s;
	}

	return NULL;
}

const struct hotdesk *hotdesk_at(const struct phone *p)
{
	const struct user *u = phone_guest(p);

	return u ? session_of(u->id) : NULL;
}

const struct hotdesk *hotdesk_of_user(const struct user *u)
{
	return session_of(u->id);
}

/* Without a phone: at the outside number. */
static int session_add(const struct user *u, const struct phone *p,
		       uint64_t since_ms)
{
	struct hotdesk *s = mem_zalloc(sizeof(*s), hotdesk_destructor);

	if (!s)
		return ENOMEM;

	memcpy(s->user, u->id, sizeof(s->user));
	if (p)
		memcpy(s->phone, p->id, sizeof(s->phone));
	memcpy(s->customer, u->customer->id, sizeof(s->customer));
	s->since_ms = since_ms;
	s->used_ms = clock_wall_ms();
	list_append(&desks.sessions, &s->le, s);
	table_add(&desks.by_user, &s->by_user, hash_span(0, span_of(s->user)));

	return 0;
}

const struct list *hotdesk_list(void)
{
	return &desks.sessions;
}

uint32_t hotdesk_count(void)
{
	return desks.by_user.count;
}

struct phone *hotdesk_of(const struct user *u)
{
	const struct hotdesk *s = session_of(u->id);

	return s ? directory_phone(span_of(s->phone)) : NULL;
}

bool hotdesk_is_outside(const struct user *u)
{
	const struct hotdesk *s = session_of(u->id);

	return s && !s->phone[0];
}

bool hotdesk_is_empty(const struct phone *p)
{
	return p->is_hot_desk && !p->user;
}

bool hotdesk_may_dial(const struct phone *p, const char *number, bool is_inside)
{
	return !hotdesk_is_empty(p) || !strcmp(number, p->customer->operator) ||
	       (is_inside && p->may_call_inside);
}

/* ---- may they ---- */

static bool is_busy(const struct phone *p, const struct call *call)
{
	uint16_t own = 0;

	if (call && call->caller && call->caller->phone == p)
		own = call->caller->is_counted;

	return p->calls > own;
}

static const struct hotdesk_bar free_to = { 0, NULL, NULL, NULL };

static struct hotdesk_bar bar(uint16_t status, const char *code,
			      const char *phrase, const char *detail)
{
	return (struct hotdesk_bar){ status, code, phrase, detail };
}

struct hotdesk_bar hotdesk_may_log_in(const struct phone *p,
				      const struct user *u,
				      const struct call *call)
{
	const struct phone *elsewhere = hotdesk_of(u);

	if (!p->is_hot_desk || (p->owner && p->owner != u &&
				!cos_may(p->owner, COS_HOT_DESK_ACCEPT)))
		return bar(403, "no-hot-desk", "No Hot Desk",
			   "Nobody can log in at this phone.");
	if (p->owner == u)
		return free_to;
	if (!u->is_hot_desk_user || u->customer != p->customer)
		return bar(403, "no-hot-desk-user", "No Hot-desk User",
			   "This user does not log in at phones.");
	if (is_busy(p, call))
		return bar(409, "phone-busy", "Phone Is Busy",
			   "End the calls of this phone first.");
	if (elsewhere && elsewhere != p && elsewhere->calls)
		return bar(409, "user-busy", "Busy Elsewhere",
			   "The user has a call at another phone; it must end "
			   "first.");

	return free_to;
}

struct hotdesk_bar hotdesk_may_log_in_outside(const struct user *u)
{
	const struct phone *inside = hotdesk_of(u);
	char number[2 * DIRECTORY_NUMBER_MAX];

	twin_number(u, number);
	if (!u->is_hot_desk_user || !u->outside_prefix || !number[0])
		return bar(403, "no-outside-number", "No Outside Number",
			   "This user has no outside number.");
	if ((inside && inside->calls) || twin_is_busy(u))
		return bar(409, "user-busy", "Busy Elsewhere",
			   "The user has a call; it must end first.");

	return free_to;
}

struct hotdesk_bar hotdesk_may_log_out(const struct phone *p,
				       const struct call *call)
{
	if (!phone_guest(p))
		return bar(409, "not-logged-in", "Nobody Is Logged In",
			   "Nobody is logged in there.");
	if (is_busy(p, call))
		return bar(409, "phone-busy", "Phone Is Busy",
			   "End the calls of this phone first.");

	return free_to;
}

/* ---- what others learn ---- */

static void tell(const char *customer, const char *user, const char *phone,
		 const char *by, bool is_in)
{
	char buf[512];
	struct sip_out o;

	log_info("hotdesk", "user=%s %s phone=%s customer=%s by %s", user,
		 is_in ? "logs in at" : "is logged out of",
		 phone ? phone : "outside", customer, by);
	sip_out_init(&o, buf, sizeof(buf));
	sip_out_raw(&o, SPAN("{"));
	jsontext_member(&o, true, "user", user);
	jsontext_member(&o, false, "phone", phone);
	jsontext_member(&o, false, "by", by);
	sip_out_text(&o,
		     is_in ? ",\"logged_in\":true}" : ",\"logged_in\":false}");
	event_news("hot-desk", customer, sip_out_span(&o));
}

/* The phone is somebody else's from here on: presence, watchers, lamp. */
static void seat(struct phone *p, struct user *u)
{
	if (p->bindings_count)
		event_registration(p, false);
	if (p->user)
		subscription_registered(p);
	directory_seat(p, u);
	if (p->bindings_count)
		event_registration(p, true);
	subscription_registered(p);
	subscription_keys(p);
	mwi_seated(p);
}

static void leave_outside(const struct user *u, const char *by)
{
	struct hotdesk *s = session_of(u->id);

	if (!s || s->phone[0])
		return;

	tell(s->customer, s->user, NULL, by, false);
	mem_deref(s);
}

static void leave(struct phone *p, const char *by)
{
	struct user *u = phone_guest(p);
	struct hotdesk *s = u ? session_of(u->id) : NULL;

	if (!u)
		return;

	seat(p, NULL);
	tell(u->customer ? u->customer->id : "", u->id, p->id, by, false);
	/* what was watched under the user's number */
	if (u->customer)
		subscription_messages(u->customer->id, u->extension);
	mem_deref(s);
}

/* ---- changes ---- */

struct change {
	char user[DIRECTORY_ID_SIZE];
	char phone[DIRECTORY_ID_SIZE];
	const char *by;
	uint64_t since_ms;
	bool is_in;
	hotdesk_h *h;
	void *arg;
};

static int row_remove(struct store_write *w, const char *user)
{
	int err = record_remove(w, &desks.table, user);

	return err ? err : pair_log_shared(w, hotdesk_kind.plural, user, true);
}

/* Whoever sat down here while the log-in was being written. */
static void row_forget(const struct phone *p)
{
	struct store_write *w = NULL;
	const struct user *u = phone_guest(p);

	if (!u || store_write_alloc(&w, desks.table.store))
		return;
	if (row_remove(w, u->id))
		mem_deref(w);
	else
		(void)store_write_send(w, NULL, NULL);
}

static void log_in_now(const struct change *ch)
{
	struct phone *p = directory_phone(span_of(ch->phone)), *first;
	struct user *u = directory_user(span_of(ch->user));

	if (!u || (ch->phone[0] && !p) ||
	    (p && (!p->is_hot_desk || u->customer != p->customer)) ||
	    (!p && !u->outside_prefix))
		return;

	first = hotdesk_of(u);
	if (first)
		leave(first, first == p ? ch->by : "log-in elsewhere");
	leave_outside(u, p ? "log-in elsewhere" : ch->by);
	if (!p) {
		if (!session_add(u, NULL, ch->since_ms))
			tell(u->customer->id, u->id, NULL, ch->by, true);
		return;
	}
	row_forget(p);
	leave(p, "log-in of another");
	if (p->owner == u || session_add(u, p, ch->since_ms))
		return;
	seat(p, u);
	tell(u->customer->id, u->id, p->id, ch->by, true);
}

static void written(const struct store_result *result, void *arg)
{
	struct change *ch = arg;
	struct phone *p = directory_phone(span_of(ch->phone));
	const struct user *u = directory_user(span_of(ch->user));

	if (result->err)
		log_error("hotdesk", "user=%s phone=%s: %s", ch->user,
			  ch->phone, result->error.text);
	else if (ch->is_in)
		log_in_now(ch);
	else if (p)
		leave(p, ch->by);
	else if (u)
		leave_outside(u, ch->by);
	if (ch->h)
		ch->h(result->err, ch->arg);
	turn_end();
	mem_deref(ch);
}

/* Rows of up to two users go, one may come. */
static int change_send(const struct change *what, const char *const gone[2],
		       const json_t *row)
{
	struct change *ch = mem_zalloc(sizeof(*ch), NULL);
	struct store_write *w = NULL;
	int err;

	if (!ch)
		return ENOMEM;

	*ch = *what;
	err = store_write_alloc(&w, desks.table.store);
	for (int i = 0; i < 2 && !err; i++) {
		if (gone[i])
			err = row_remove(w, gone[i]);
	}
	if (!err && row)
		err = record_put(w, &desks.table, row);
	if (!err && row)
		err = pair_log_shared(w, hotdesk_kind.plural,
				      json_get_text(row, "id"), false);
	if (err)
		mem_deref(w);
	else
		err = store_write_send(w, written, ch);
	if (err)
		mem_deref(ch);

	return err;
}

/* p is NULL for the outside number. */
static int log_in_send(const struct phone *p, const struct user *u,
		       const struct change *what)
{
	const struct user *guest = p ? phone_guest(p) : NULL;
	const char *const gone[2] = { u->id, guest ? guest->id : NULL };
	struct change ch = *what;
	json_t *row;
	int err;

	ch.is_in = true;
	ch.since_ms = clock_wall_ms();
	memcpy(ch.user, u->id, sizeof(ch.user));
	if (p)
		memcpy(ch.phone, p->id, sizeof(ch.phone));
	row = json_pack("{s:s,s:i,s:s?,s:I}", "id", u->id, "generation", 1,
			"phone", p ? p->id : NULL, "since_ms",
			(json_int_t)ch.since_ms);
	if (!row)
		return ENOMEM;

	err = change_send(&ch, gone, p && p->owner == u ? NULL : row);
	json_decref(row);

	return err;
}

int hotdesk_log_in(struct phone *p, struct user *u, const char *by,
		   hotdesk_h *h, void *arg)
{
	const struct change ch = { .by = by, .h = h, .arg = arg };

	return log_in_send(p, u, &ch);
}

int hotdesk_log_in_outside(struct user *u, const char *by, hotdesk_h *h,
			   void *arg)
{
	const struct change ch = { .by = by, .h = h, .arg = arg };

	return log_in_send(NULL, u, &ch);
}

int hotdesk_log_out_user(const struct user *u, const char *by, hotdesk_h *h,
			 void *arg)
{
	const struct hotdesk *s = session_of(u->id);
	struct change ch = { .by = by, .h = h, .arg = arg };
	const char *const gone[2] = { u->id, NULL };

	if (!s)
		return ENOENT;

	memcpy(ch.user, s->user, sizeof(ch.user));
	memcpy(ch.phone, s->phone, sizeof(ch.phone));

	return change_send(&ch, gone, NULL);
}

int hotdesk_log_out(struct phone *p, const char *by, hotdesk_h *h, void *arg)
{
	const struct user *guest = phone_guest(p);

	return guest ? hotdesk_log_out_user(guest, by, h, arg) : ENOENT;
}

/* ---- provisioned changes ---- */

int hotdesk_write(struct store_write *w, const struct provision_change *change)
{
	bool is_user = !strcmp(change->kind->plural, "users");
	const struct phone *p;
	const struct hotdesk *s;
	const char *owner;

	if (is_user) {
		s = session_of(change->id);
		if (!s ||
		    (json_get_bool(change->object, "hot_desk_user", false) &&
		     (s->phone[0] ||
		      json_get_bool(change->object, "external_hot_desk",
				    false))))
			return 0;
		return row_remove(w, change->id);
	}

	p = directory_phone(span_of(change->id));
	s = p ? hotdesk_at(p) : NULL;
	if (!s)
		return 0;
	owner = json_get_text(change->object, "user");
	if (change->object &&
	    json_get_bool(change->object, "hot_desk", false) &&
	    (!owner || strcmp(owner, s->user) != 0))
		return 0;

	return row_remove(w, s->user);
}

/* What is over by itself: user or phone are gone, or are no longer for it. */
static bool is_over(const struct hotdesk *s)
{
	const struct user *u = directory_user(span_of(s->user));
	const struct phone *p = directory_phone(span_of(s->phone));

	if (!u || !u->is_hot_desk_user)
		return true;
	if (!s->phone[0])
		return !u->outside_prefix;

	return !p || !p->is_hot_desk || phone_guest(p) != u;
}

void hotdesk_changed(void)
{
	struct le *le = list_head(&desks.sessions);

	while (le) {
		struct hotdesk *s = le->data;
		struct phone *p = directory_phone(span_of(s->phone));
		struct user *u = directory_user(span_of(s->user));

		le = le->next;
		if (!is_over(s))
			continue;
		if (p && u && phone_guest(p) == u) {
			leave(p, "administrator");
			continue;
		}
		tell(s->customer, s->user, s->phone[0] ? s->phone : NULL,
		     "administrator", false);
		if (p && p->bindings_count)
			event_registration(p, true);
		if (p)
			mwi_seated(p);
		mem_deref(s);
	}
}

/* ---- automatic log-out ---- */

/* Whether the customer's time of day lies between two moments. */
static bool is_due(const struct customer *c, uint64_t from_ms, uint64_t to_ms)
{
	const struct zone *z = NULL;
	struct zone_time t;
	int32_t now, at = c->desk_logout_min;

	if (at < 0 || zone_find(&z, c->time_zone))
		return false;
	zone_local(&t, z, (int64_t)(to_ms / 1000));
	now = t.hour * 60 + t.minute;

	/* less than a day ago, and after the log-in */
	return (uint64_t)((now - at + 1440) % 1440) * 60000 +
		       t.second * 1000ull <
	       to_ms - from_ms;
}

static void tick(void *arg)
{
	uint64_t now = clock_wall_ms();
	struct le *le = list_head(&desks.sessions);

	(void)arg;

	while (le) {
		struct hotdesk *s = le->data;
		struct phone *p = directory_phone(span_of(s->phone));
		const struct customer *c = p ? p->customer : NULL;

		le = le->next;
		if (!c)
			continue;
		if (p->calls) {
			s->used_ms = now;
			continue;
		}
		if (is_due(c, s->since_ms, now)) {
			(void)hotdesk_log_out(p, "time of day", NULL, NULL);
			continue;
		}
		if (c->desk_idle_min &&
		    s->used_ms + c->desk_idle_min * MINUTE_S *
					    cos_second_ms() <=
			    now)
			(void)hotdesk_log_out(p, "idle time", NULL, NULL);
	}
	turn_end();
	wheel_start(&desks.timer, TICK_S * cos_second_ms(), tick, NULL);
}

/* ---- life ---- */

static int taken(json_t *object, void *arg)
{
	const char *id = json_get_text(object, "id");
	const char *phone = json_get_text(object, "phone");
	struct user *u = id ? directory_user(span_of(id)) : NULL;
	struct phone *p = phone ? directory_phone(span_of(phone)) : NULL;

	(void)arg;

	if (!u || !u->is_hot_desk_user || (!phone && !u->outside_prefix) ||
	    (phone &&
	     (!p || !p->is_hot_desk || p->owner == u || phone_guest(p))))
		return 0;

	if (p)
		directory_seat(p, u);

	return session_add(u, p, (uint64_t)json_get_int(object, "since_ms", 0));
}

/* Somebody sat down, or got up, at the other node of a pair. */
static void merged(const char *id, json_t *object, void *arg)
{
	const struct hotdesk *s = session_of(id);
	const char *phone = json_get_text(object, "phone");
	struct phone *p = s ? directory_phone(span_of(s->phone)) : NULL;
	struct change ch = { .by = "the other node", .is_in = true };

	(void)arg;
	if (!object) {
		if (p)
			leave(p, ch.by);
		else if (s && directory_user(span_of(id)))
			leave_outside(directory_user(span_of(id)), ch.by);
		return;
	}

	ch.since_ms = (uint64_t)json_get_int(object, "since_ms", 0);
	(void)snprintf(ch.user, sizeof(ch.user), "%s", id);
	(void)snprintf(ch.phone, sizeof(ch.phone), "%s", phone ? phone : "");
	log_in_now(&ch);
}

int hotdesk_start(struct store *store)
{
	int err;

	list_init(&desks.sessions);
	err = table_init(&desks.by_user, 64);
	desks.table = (struct record_table){ &hotdesk_kind, store, NULL };
	if (!err)
		err = record_prepare(&desks.table);
	if (!err)
		err = record_each(&desks.table, taken, NULL);
	if (!err)
		err = pair_table_add(&desks.table, merged);
	if (!err)
		wheel_start(&desks.timer, TICK_S * cos_second_ms(), tick, NULL);

	return err;
}

void hotdesk_close(void)
{
	wheel_stop(&desks.timer);
	list_flush(&desks.sessions);
	table_close(&desks.by_user);
}
