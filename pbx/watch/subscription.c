/* subscription.c - see subscription.h
 *
 * Life: accepted -> told, again and again -> ended by the phone, by time, by a
 * NOTIFY that fails, or with the phone.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "pbx/feature/park.h"
#include "pbx/server.h"
#include "pbx/store.h"
#include "pbx/watch/subscription_private.h"
#include "pbx/turn.h"

enum {
	BUCKETS = 1024,
	REST_MS = 1000,    /* between two NOTIFYs */
	RETRY_MS = 2000,   /* after one that failed, then longer */
	FAILURES_MAX = 4,  /* then it ends */
	TOGETHER_MAX = 32, /* NOTIFYs in a turn */
	BODY_BYTES = 32768,
	ROW_BYTES = 8192,
	ROW_FIELDS = 5,
};

static struct {
	struct table dialogs;
	struct table phones;
	struct list due;
	struct wheel_timer timer; /* for what is due */
	uint64_t last_row;
	uint32_t count;
} subs;

static void send_due(void *arg);

int subscription_init(void)
{
	int err;

	memset(&subs, 0, sizeof(subs));
	err = watched_init();
	if (!err)
		err = table_init(&subs.dialogs, BUCKETS);
	if (!err)
		err = table_init(&subs.phones, BUCKETS);

	return err;
}

uint32_t subscription_count(void)
{
	return subs.count;
}

static uint64_t dialog_key(const struct sip_dialog *d)
{
	return hash_span(0, (struct span){ (const char *)&d, sizeof(d) });
}

struct subscription *subscription_of(const struct sip_dialog *d)
{
	struct table_entry *e;

	if (!subs.count)
		return NULL;

	for (e = table_first(&subs.dialogs, dialog_key(d)); e;
	     e = table_next(e)) {
		struct subscription *s = CONTAINER_OF(e, struct subscription,
						      by_dialog);

		if (s->dialog == d)
			return s;
	}

	return NULL;
}

const struct phone *subscription_phone(const struct subscription *s)
{
	return s->phone;
}

/* First of a phone's, or the next after s. */
static struct subscription *of_phone(const struct phone *p,
				     struct subscription *s)
{
	struct table_entry *e = s ? table_next(&s->by_phone)
				  : table_first(&subs.phones,
						hash_span(0, span_of(p->id)));

	for (; e; e = table_next(e)) {
		s = CONTAINER_OF(e, struct subscription, by_phone);
		if (s->phone == p)
			return s;
	}

	return NULL;
}

/* ---- life ---- */

static void unlink_all(struct subscription *s)
{
	if (s->by_phone.prevp)
		subs.count--;
	if (s->dialog) /* it may live as long as its last NOTIFY */
		sip_dialog_set_arg(s->dialog, NULL);
	table_remove(&subs.dialogs, &s->by_dialog);
	table_remove(&subs.phones, &s->by_phone);
	list_unlink(&s->watched_le);
	list_unlink(&s->due_le);
	wheel_stop(&s->expiry);
	wheel_stop(&s->rest);
}

static void subscription_destructor(void *data)
{
	struct subscription *s = data;

	unlink_all(s);
	sip_server_forget(&s->asked);
	sip_client_forget(&s->notify);
	mem_deref(s->dialog);
	mem_deref(s->watched);
	mem_deref(s->phone);
}

static struct subscription *subscription_alloc(struct phone *phone,
					       enum package package,
					       const char *name)
{
	struct subscription *s;

	if (!phone->customer)
		return NULL;

	s = mem_zalloc(sizeof(*s), subscription_destructor);
	if (!s)
		return NULL;

	s->phone = mem_ref(phone);
	s->package = (uint8_t)package;
	if (watched_get(&s->watched, phone->customer->id, name))
		return mem_deref(s);

	return s;
}

/* It has a dialog: now it can be found. */
static void subscription_link(struct subscription *s)
{
	table_add(&subs.dialogs, &s->by_dialog, dialog_key(s->dialog));
	table_add(&subs.phones, &s->by_phone,
		  hash_span(0, span_of(s->phone->id)));
	list_append(&s->watched->subscriptions, &s->watched_le, s);
	subs.count++;
}

/* Gone for good, silently. */
static void subscription_remove(struct subscription *s)
{
	if (s->is_ended)
		return;

	s->is_ended = true;
	keep_remove_subscription(s->row);
	turn_touch();
	unlink_all(s);
	sip_client_forget(&s->notify);
	mem_deref(s);
}

static void subscription_keep(const struct subscription *s)
{
	uint64_t now = clock_mono_ms();
	uint64_t left = s->expires_ms > now ? s->expires_ms - now : 0;
	struct mbuf *mb = mbuf_alloc(1024);
	int err;

	if (!mb)
		return;

	err = mbuf_printf(mb, "1 %u %u %llu%c%s%c%s%c%s%c", s->package,
			  s->version,
			  (unsigned long long)clock_wall_ms() + left, 0,
			  s->phone->id, 0, s->watched->name, 0, s->event_id, 0);
	if (!err)
		err = sip_dialog_save(s->dialog, mb);
	if (!err)
		err = mbuf_write_u8(mb, 0);
	if (!err && mb->end <= ROW_BYTES)
		keep_put_subscription(s->row,
				      (struct span){ (const char *)mb->buf,
						     (uint32_t)mb->end });
	turn_touch();
	mem_deref(mb);
}

/* ---- what is told ---- */

/* Statuses that end a subscription: RFC 5057 section 5.1. */
static bool is_final(uint16_t status)
{
	switch (status) {
	case 401:
	case 403:
	case 404:
	case 405:
	case 407:
	case 408:
	case 410:
	case 416:
	case 420:
	case 480:
	case 481:
	case 482:
	case 483:
	case 484:
	case 485:
	case 489:
	case 501:
	case 604: return true;
	default: return false;
	}
}

static void rested(void *arg);

static void schedule(struct subscription *s)
{
	uint64_t now = clock_mono_ms();
	uint64_t at = s->told_ms ? s->told_ms + REST_MS : now;

	if (!s->is_dirty || s->is_ended || s->notify || s->asked ||
	    s->due_le.list || wheel_is_running(&s->rest))
		return;

	if (at > now) {
		wheel_start(&s->rest, at - now, rested, s);
		return;
	}
	list_append(&subs.due, &s->due_le, s);
	if (!wheel_is_running(&subs.timer))
		wheel_start(&subs.timer, 0, send_due, NULL);
}

static void rested(void *arg)
{
	schedule(arg);
}

static void failed(struct subscription *s, int err, uint16_t status)
{
	if (err == ETIMEDOUT || is_final(status) ||
	    ++s->failures >= FAILURES_MAX) {
		log_info("subscription", "phone=%s %s %s ends: %s %u",
			 s->phone->id, subscription_packages[s->package].name,
			 s->watched->name, err ? strerror(err) : "refused",
			 status);
		subscription_remove(s);
		return;
	}

	s->is_dirty = true;
	s->told = 0;
	wheel_start(&s->rest, (uint64_t)RETRY_MS << (2 * (s->failures - 1)),
		    rested, s);
}

static void notified(int err, const struct sip_message *m,
		     struct sip_flow *flow, void *arg)
{
	struct subscription *s = arg;
	uint16_t status = err || !m ? 0 : m->status;

	(void)flow;

	if (!err && status < 200)
		return;

	sip_client_forget(&s->notify);
	if (err || status >= 300) {
		failed(s, err, status);
		return;
	}

	s->failures = 0;
	schedule(s);
}

/* reason NULL: it goes on. */
static int notify(struct subscription *s, const char *reason)
{
	static char body[BODY_BYTES];
	char headers[512];
	struct sip_out h, b;
	struct sip_dialog_request request = { .method = "NOTIFY" };
	int err;

	sip_out_init(&h, headers, sizeof(headers));
	subscription_headers(s, &h, reason);
	sip_out_init(&b, body, sizeof(body));
	subscription_body(s, &b);
	if (h.is_full || b.is_full)
		return E2BIG;

	request.headers = sip_out_span(&h);
	request.content_type = span_of(subscription_packages[s->package].type);
	request.body = sip_out_span(&b);
	dialog_reach(s->dialog, s->phone);
	s->version++;
	s->is_dirty = false;
	s->told = subscription_change(s);
	s->told_ms = clock_mono_ms();

	err = sip_dialog_request(reason ? NULL : &s->notify, s->dialog,
				 &request, reason ? NULL : notified,
				 reason ? NULL : s);
	if (!err && !reason)
		subscription_keep(s);

	return err;
}

/* Say that it ends, and end it. */
static void finish(struct subscription *s, const char *reason)
{
	if (s->is_ended)
		return;

	(void)notify(s, reason);
	subscription_remove(s);
}

static void expired(void *arg)
{
	finish(arg, "timeout");
}

static void send_due(void *arg)
{
	struct le *le;

	(void)arg;

	sip_batch_begin();
	for (int i = 0; i < TOGETHER_MAX && (le = list_head(&subs.due)); i++) {
		struct subscription *s = le->data;
		int err;

		list_unlink(le);
		err = notify(s, NULL);
		if (err)
			failed(s, err, 0);
	}
	sip_batch_end();

	if (list_head(&subs.due))
		wheel_start(&subs.timer, 0, send_due, NULL);
}

/* ---- SUBSCRIBE ---- */

static void refuse(const struct sip_message *m, struct sip_flow *flow,
		   uint16_t status)
{
	const char *headers = "";

	if (status == 489)
		headers = "Allow-Events: " SUBSCRIPTION_PACKAGES "\r\n";
	else if (status == 423)
		headers = "Min-Expires: 60\r\n";
	else if (status == 503)
		headers = "Retry-After: 300\r\n";
	else if (status == 500)
		headers = "Retry-After: 2\r\n";

	(void)sip_refuse(server_sip(), m, flow, status, span_of(headers));
}

static void arm(struct subscription *s, uint32_t expires_s)
{
	s->expires_ms = clock_mono_ms() + expires_s * 1000ull;
	wheel_start(&s->expiry, expires_s * 1000ull, expired, s);
}

/* What is asked has been written: say so, and how it is. */
static void accepted(void *arg)
{
	struct subscription *s = arg;
	uint64_t now = clock_mono_ms();
	uint64_t left = s->expires_ms > now ? s->expires_ms - now : 0;
	char headers[64];
	struct sip_reply reply = { .status = 200, .with_contact = true };

	(void)snprintf(headers, sizeof(headers), "Expires: %llu\r\n",
		       (unsigned long long)(left + 999) / 1000);
	reply.headers = span_of(headers);
	if (s->asked) {
		(void)sip_server_reply(s->asked, &reply);
		sip_server_forget(&s->asked);
	}

	if (!s->is_ended && !left) {
		finish(s, "timeout");
	}
	else if (!s->is_ended) {
		s->is_dirty = true;
		s->told = 0;
		s->told_ms = 0; /* at once */
		wheel_stop(&s->rest);
		schedule(s);
	}
	mem_deref(s);
}

/* Room for one more; the phone's oldest makes it. */
static bool make_room(const struct phone *p)
{
	struct subscription *oldest = NULL;
	uint32_t count = 0;

	if (subs.count >= SUBSCRIPTIONS_MAX)
		return false;

	for (struct subscription *s = of_phone(p, NULL); s;
	     s = of_phone(p, s)) {
		count++;
		if (!oldest || s->row < oldest->row)
			oldest = s;
	}
	if (count >= SUBSCRIPTIONS_OF_PHONE_MAX)
		finish(oldest, "noresource");

	return true;
}

static int begin(struct subscription *s, const struct sip_message *m,
		 struct sip_flow *flow)
{
	int err = sip_server_accept(&s->asked, server_sip(), m, flow, NULL,
				    NULL, s);

	if (!err)
		err = sip_dialog_accept(&s->dialog, server_sip(), m, s->asked,
					(struct span){ NULL, 0 }, s);

	return err;
}

void subscription_request(const struct sip_message *m, struct sip_flow *flow,
			  struct phone *phone)
{
	struct asking a;
	struct subscription *s = NULL;
	uint16_t status = m->max_forwards == 0 ? 483 : asking_event(&a, m);
	int err;

	if (!status)
		status = asking_target(&a, m, phone);
	if (!status && !make_room(phone))
		status = 503;
	if (!status) {
		s = subscription_alloc(phone, a.package, a.name);
		if (!s || list_count(&s->watched->subscriptions) >=
				  SUBSCRIPTIONS_TO_NUMBER_MAX)
			status = 503;
	}
	if (status) {
		refuse(m, flow, status);
		mem_deref(s);
		return;
	}

	memcpy(s->event_id, a.event_id.p ? a.event_id.p : "", a.event_id.len);
	err = begin(s, m, flow);
	if (err) {
		if (!s->asked && err != EALREADY)
			refuse(m, flow, err == ENOSPC ? 503 : 500);
		else if (s->asked)
			(void)sip_server_answer(s->asked,
						err == EBADMSG ? 400 : 500);
		mem_deref(s);
		return;
	}

	s->row = ++subs.last_row;
	s->expires_ms = clock_mono_ms();
	subscription_link(s);
	if (a.expires_s)
		arm(s, a.expires_s);
	subscription_keep(s);
	turn_defer(accepted, mem_ref(s));
}

void subscription_receive(struct subscription *s, const struct sip_message *m,
			  struct sip_flow *flow)
{
	struct asking a;
	uint16_t status = m->method == SIP_METHOD_SUBSCRIBE
				  ? asking_event(&a, m)
				  : 481;

	if (!status && (a.package != s->package ||
			!span_equal(a.event_id, span_of(s->event_id))))
		status = 481;
	if (!status && s->asked)
		status = 500;
	if (!status &&
	    sip_server_accept(&s->asked, server_sip(), m, flow, NULL, NULL, s))
		status = 500;
	if (status) {
		refuse(m, flow, status);
		return;
	}

	if (a.expires_s) {
		arm(s, a.expires_s);
	}
	else {
		wheel_stop(&s->expiry);
		s->expires_ms = clock_mono_ms();
	}
	subscription_keep(s);
	turn_defer(accepted, mem_ref(s));
}

/* ---- news ---- */

static void tell(struct watched *w, uint32_t of_packages)
{
	for (struct le *le = list_head(&w->subscriptions); le; le = le->next) {
		struct subscription *s = le->data;

		if (of_packages & (1u << s->package)) {
			s->is_dirty = true;
			schedule(s);
		}
	}
}

static void tell_leg(const struct watched_view *v, const char *name,
		     bool is_over)
{
	struct watched *w = watched_find(v->customer, name);

	if (w && watched_leg(w, v, is_over))
		tell(w, 1u << PACKAGE_DIALOG | 1u << PACKAGE_PRESENCE);
}

static void leg_news(const struct watched_view *v, bool is_over)
{
	const struct phone *p = v->phone;
	const struct user *u;

	if (v->park)
		tell_leg(v, v->park, is_over);
	if (!p || !p->customer)
		return;

	tell_leg(v, p->number, is_over);
	u = phone_person(p);
	if (u && strcmp(u->extension, p->number) != 0)
		tell_leg(v, u->extension, is_over);
}

void subscription_leg(const struct leg *leg)
{
	struct watched_view v;

	if (!subs.count)
		return;
	watched_view(&v, leg);
	leg_news(&v, false);
}

void subscription_leg_over(const struct leg *leg)
{
	struct watched_view v;

	if (!subs.count)
		return;
	watched_view(&v, leg);
	leg_news(&v, true);
}

void subscription_far_leg(const struct far_leg *leg, bool is_over)
{
	struct watched_view v;

	if (!subs.count)
		return;
	watched_view_far(&v, leg);
	leg_news(&v, is_over);
}

static void tell_phone(const struct phone *p, uint32_t of_packages)
{
	const char *names[] = { p->number, p->sip_user,
				p->user ? p->user->extension : NULL };

	if (!subs.count || !p->customer)
		return;
	if (names[2] && !strcmp(names[2], p->number))
		names[2] = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		struct watched *w = names[i] ? watched_find(p->customer->id,
							    names[i])
					     : NULL;

		if (w)
			tell(w, of_packages);
	}
}

void subscription_registered(const struct phone *p)
{
	tell_phone(p, 1u << PACKAGE_REG | 1u << PACKAGE_PRESENCE);
}

void subscription_presence(const struct phone *p)
{
	tell_phone(p, 1u << PACKAGE_PRESENCE);
}

void subscription_elsewhere(const struct phone *p)
{
	tell_phone(p, 1u << PACKAGE_PRESENCE);
}

void subscription_keys(const struct phone *p)
{
	struct watched *w = p && p->customer && subs.count
				    ? watched_find(p->customer->id, p->sip_user)
				    : NULL;

	if (w)
		tell(w, 1u << PACKAGE_KEYS);
}

void subscription_messages(const char *customer, const char *number)
{
	struct watched *w = watched_find(customer, number);

	if (w)
		tell(w, 1u << PACKAGE_MESSAGES);
}

void subscription_conference(const char *customer, const char *user,
			     bool is_over)
{
	struct watched *w = watched_find(customer, user);
	struct le *le;

	if (!w)
		return;
	if (!is_over) {
		tell(w, 1u << PACKAGE_CONFERENCE);
		return;
	}

	mem_ref(w);
	for (le = list_head(&w->subscriptions); le;) {
		struct subscription *s = le->data;

		le = le->next;
		if (s->package == PACKAGE_CONFERENCE)
			finish(s, "noresource");
	}
	mem_deref(w);
}

void subscription_drop(const struct phone *phone)
{
	struct subscription *s;

	if (!subs.count)
		return;
	while ((s = of_phone(phone, NULL)))
		finish(s, "deactivated");
}

/* ---- after a restart ---- */

static bool row_fields(const char *fields[ROW_FIELDS], struct span blob)
{
	uint32_t at = 0;

	for (int i = 0; i < ROW_FIELDS; i++) {
		const char *end = at < blob.len ? memchr(blob.p + at, '\0',
							 blob.len - at)
						: NULL;

		if (!end)
			return false;
		fields[i] = blob.p + at;
		at = (uint32_t)(end + 1 - blob.p);
	}

	return true;
}

static struct subscription *read_row(const char *f[ROW_FIELDS], uint64_t *leftp)
{
	struct phone *p = directory_phone(span_of(f[1]));
	unsigned long long expires = 0;
	unsigned package = PACKAGES, version = 0;
	uint64_t now = clock_wall_ms();
	struct subscription *s;

	if (!p ||
	    sscanf(f[0], "1 %u %u %llu", &package, &version, &expires) != 3 ||
	    package >= PACKAGES || expires <= now ||
	    strlen(f[3]) >= EVENT_ID_SIZE)
		return NULL;

	s = subscription_alloc(p, package, f[2]);
	if (!s)
		return NULL;

	s->version = version;
	memcpy(s->event_id, f[3], strlen(f[3]) + 1);
	if (sip_dialog_restore(&s->dialog, server_sip(), span_of(f[4]), s))
		return mem_deref(s);

	*leftp = expires - now;

	return s;
}

static void restored(uint64_t row, struct span blob, void *arg)
{
	const char *fields[ROW_FIELDS];
	struct subscription *s = NULL;
	uint64_t left = 0;

	(void)arg;

	if (row > subs.last_row)
		subs.last_row = row;
	if (row_fields(fields, blob))
		s = read_row(fields, &left);
	if (!s) {
		keep_remove_subscription(row);
		turn_touch();
		return;
	}

	s->row = row;
	subscription_link(s);
	arm(s, (uint32_t)(left / 1000 < SUBSCRIPTION_EXPIRES_MAX_S
				  ? left / 1000 + 1
				  : SUBSCRIPTION_EXPIRES_MAX_S));
	s->is_dirty = true;
	schedule(s);
}

int subscription_restore(void)
{
	int err = keep_each_subscription(restored, NULL);

	if (subs.count)
		log_info("subscription", "%u subscriptions are back",
			 subs.count);

	return err;
}

void subscription_close(void)
{
	for (uint32_t i = 0; subs.count && i <= subs.phones.mask; i++) {
		while (subs.phones.buckets[i]) {
			struct subscription *s = CONTAINER_OF(
				subs.phones.buckets[i], struct subscription,
				by_phone);

			unlink_all(s);
			mem_deref(s);
		}
	}
	wheel_stop(&subs.timer);
	table_close(&subs.dialogs);
	table_close(&subs.phones);
	watched_close();
	subs.count = 0;
}
