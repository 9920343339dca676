/* emergency_notice.c - see emergency_notice.h
 *
 * A notice is what its row says: {"facts": the alarm, "rings": [phone ...],
 * "texts": [phone ...], "mails": [address ...], "tries": N}.  Whoever has been
 * told is taken out of its list; with empty lists it goes.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wheel.h"
#include "base/zone.h"
#include "pbx/mail/message_mail.h"
#include "pbx/registrar.h"
#include "pbx/route/cos.h"
#include "pbx/server.h"
#include "pbx/speech/answer.h"
#include "pbx/store.h"
#include "pbx/transfer/transfer.h"
#include "pbx/trunk/cpn.h"
#include "pbx/trunk/emergency_notice.h"
#include "pbx/turn.h"
#include "sip/dialog.h"

enum {
	NOTICES_MAX = 200,
	TRIES_MAX = 3,
	SAID_MAX = 3,
	BEGIN_MS = 1,
	AGAIN_MS = 40 * 1000, /* a phone rings no longer */
	RESTART_MS = 1000,    /* phones find their way back first */
	LIFE_MS = 10 * 60 * 1000,
	LINE_BYTES = 200,
	TEXT_BYTES = 1000,
	KEY_BYTES = 80,
	NAME_BYTES = 64,
};

struct notice {
	struct le le;
	struct wheel_timer timer;
	uint64_t row;
	json_t *state;
};

static struct {
	struct list all;
	uint64_t rows;
	struct list texts; /* struct sent: not answered yet */
} notices;

static const struct text texts[] = {
	{ "emergency.subject", "Emergency call: {name} ({number})",
	  "Appel d’urgence : {name} ({number})" },
	{ "emergency.line",
	  "Emergency call: {name} ({number}) dials {dialled}, place {place}, "
	  "{at}",
	  "Appel d’urgence : {name} ({number}) compose {dialled}, lieu "
	  "{place}, {at}" },
	{ "emergency.mail",
	  "Who: {name}\nNumber: {number}\nDialled: {dialled}\n"
	  "Place: {place}\nTime: {at}\nPhone: {phone}\nCall: {call}\n"
	  "Node: {node}\n",
	  "Qui : {name}\nPoste : {number}\nComposé : {dialled}\n"
	  "Lieu : {place}\nHeure : {at}\nTéléphone : {phone}\n"
	  "Appel : {call}\nNœud : {node}\n" },
	{ "emergency.shown", "Emergency: {name}", "Urgence : {name}" },
	{ "emergency.unknown", "unknown", "inconnu" },
};

static void notice_destructor(void *data)
{
	struct notice *n = data;

	wheel_stop(&n->timer);
	list_unlink(&n->le);
	json_decref(n->state);
}

static struct notice *notice_of(uint64_t row)
{
	for (struct le *le = list_head(&notices.all); le; le = le->next) {
		struct notice *n = le->data;

		if (n->row == row)
			return n;
	}

	return NULL;
}

static json_t *list_of(const struct notice *n, const char *name)
{
	return json_object_get(n->state, name);
}

static const char *fact(const struct notice *n, const char *name)
{
	const char *value = json_get_text(json_object_get(n->state, "facts"),
					  name);

	return value ? value : "";
}

/* ---- kept ---- */

static bool is_done(const struct notice *n)
{
	return !json_array_size(list_of(n, "rings")) &&
	       !json_array_size(list_of(n, "texts")) &&
	       !json_array_size(list_of(n, "mails"));
}

static void drop(struct notice *n)
{
	keep_remove_notice(n->row);
	turn_touch();
	mem_deref(n);
}

static void keep(const struct notice *n)
{
	size_t len = 0;
	char *text = json_text(n->state, &len);

	if (text)
		keep_put_notice(n->row, (struct span){ text, (uint32_t)len });
	mem_deref(text);
	turn_touch();
}

/* One of a list has been told. */
static void told(uint64_t row, const char *list, const char *who)
{
	struct notice *n = notice_of(row);
	json_t *left = n ? list_of(n, list) : NULL;
	size_t i;
	json_t *value;

	json_array_foreach(left, i, value)
	{
		if (strcmp(json_string_value(value), who) != 0)
			continue;
		(void)json_array_remove(left, i);
		if (is_done(n))
			drop(n);
		else
			keep(n);
		return;
	}
}

/* ---- words ---- */

static const char *place_of(const struct notice *n, const char *language,
			    char out[LINE_BYTES])
{
	const char *cesid = fact(n, "cesid"), *zone = fact(n, "zone");

	(void)snprintf(out, LINE_BYTES, "%s%s%s",
		       cesid[0] ? cesid
				: text_get(language, "emergency.unknown"),
		       zone[0] ? ", " : "", zone);

	return out;
}

static const char *time_of(const struct notice *n, char out[LINE_BYTES])
{
	const json_t *facts = json_object_get(n->state, "facts");
	int64_t at = json_get_int(facts, "at_ms", 0) / 1000;
	const struct customer *c = directory_customer(
		span_of(fact(n, "customer")));
	const struct zone *z = NULL;
	struct zone_time t;

	(void)zone_find(&z, c && c->time_zone[0] ? c->time_zone : "UTC");
	zone_local(&t, z, at);
	(void)snprintf(out, LINE_BYTES, "%04d-%02d-%02d %02d:%02d:%02d", t.year,
		       t.month, t.day, t.hour, t.minute, t.second);

	return out;
}

static void say(char *out, size_t size, const struct notice *n,
		const char *language, const char *key)
{
	char place[LINE_BYTES], at[LINE_BYTES], node[LINE_BYTES] = "";

	(void)gethostname(node, sizeof(node) - 1);
	text_put(out, size, language, key,
		 TEXT_ARGS({ "name", fact(n, "name") },
			   { "number", fact(n, "number") },
			   { "dialled", fact(n, "dialled") },
			   { "place", place_of(n, language, place) },
			   { "at", time_of(n, at) },
			   { "phone", fact(n, "phone") },
			   { "call", fact(n, "call") }, { "node", node }));
}

static const char *language_of(const struct phone *p)
{
	return phone_is_french(p) ? "fr" : "en";
}

/* ---- mail ---- */

struct posting {
	uint64_t row;
	char to[256];
};

static void posted(const struct store_result *result, void *arg)
{
	struct posting *p = arg;

	if (result->err)
		log_error("emergency", "mail to %s: %s", p->to,
			  strerror(result->err));
	else
		told(p->row, "mails", p->to);
	mem_deref(p);
	turn_end();
}

static void post(const struct notice *n, const char *to)
{
	const struct customer *c = directory_customer(
		span_of(fact(n, "customer")));
	const char *language = c && c->is_french ? "fr" : "en";
	struct posting *p = mem_zalloc(sizeof(*p), NULL);
	char key[KEY_BYTES + 256], subject[LINE_BYTES], text[TEXT_BYTES];
	struct mail m = { .to = to,
			  .subject = subject,
			  .text = text,
			  .language = language,
			  .key = key };
	int err;

	if (!p)
		return;
	p->row = n->row;
	(void)snprintf(p->to, sizeof(p->to), "%s", to);
	(void)snprintf(key, sizeof(key), "emergency-%s-%s", fact(n, "call"),
		       to);
	say(subject, sizeof(subject), n, language, "emergency.subject");
	say(text, sizeof(text), n, language, "emergency.mail");
	err = message_mail_post(&m, posted, p);
	if (!err)
		return;
	log_error("emergency", "mail to %s: %s", to, strerror(err));
	mem_deref(p);
}

/* ---- texts ---- */

/* It lives until the answer, or the lack of one. */
struct sent {
	struct le le;
	uint64_t row;
	struct sip_dialog *dialog;
	struct sip_client *client;
	char phone[DIRECTORY_ID_SIZE];
};

static void sent_destructor(void *data)
{
	struct sent *s = data;

	list_unlink(&s->le);
	sip_client_forget(&s->client);
	mem_deref(s->dialog);
}

/* A phone that knows no texts is told by none. */
static void text_answered(int err, const struct sip_message *m,
			  struct sip_flow *flow, void *arg)
{
	struct sent *s = arg;

	(void)flow;
	if (!err && m && m->status < 200)
		return;
	if (!err && m)
		told(s->row, "texts", s->phone);
	mem_deref(s);
}

static void send_text(const struct notice *n, const struct binding *b)
{
	char identity[LINE_BYTES * 2], target[LINE_BYTES * 2], line[TEXT_BYTES];
	struct sip_out from, to;
	struct sip_dialog_begin begin = { .contact_user = SPAN("pbx") };
	struct sip_dialog_request request = { .method = "MESSAGE" };
	struct sent *s = mem_zalloc(sizeof(*s), sent_destructor);
	int err;

	if (!s)
		return;
	s->row = n->row;
	memcpy(s->phone, b->phone->id, sizeof(s->phone));
	list_append(&notices.texts, &s->le, s);
	sip_out_init(&from, identity, sizeof(identity));
	server_identity(&from, NULL, fact(n, "number"));
	sip_out_init(&to, target, sizeof(target));
	server_identity(&to, NULL, phone_shown_number(b->phone));
	begin.local = sip_out_span(&from);
	begin.remote = sip_out_span(&to);
	begin.target = span_of(b->contact);
	begin.routes = span_of(b->path);
	begin.flow = binding_flow(b);
	err = sip_dialog_alloc(&s->dialog, server_sip(), &begin, s);
	if (!err) {
		say(line, sizeof(line), n, language_of(b->phone),
		    "emergency.line");
		request.headers = SPAN("Priority: emergency\r\n");
		request.content_type = SPAN("text/plain;charset=UTF-8");
		request.body = span_of(line);
		err = sip_dialog_request(&s->client, s->dialog, &request,
					 text_answered, s);
	}
	if (!err)
		return;
	log_warn("emergency", "text to %s: %s", b->phone->number,
		 strerror(err));
	mem_deref(s);
}

/* ---- voices ---- */

/* Calls that ring, or speak, for this notice at a user's phones. */
static struct call *ringing(const struct notice *n, const struct phone *p,
			    bool is_any)
{
	for (struct le *le = list_head(call_list()); le; le = le->next) {
		struct call *call = le->data;
		const struct phone *other = call->caller->phone;

		if (call->state < CALL_ANSWERED &&
		    transfer_notice_of(call) == n->row && other &&
		    (other == p ||
		     (is_any && p->user && other->user == p->user)))
			return call;
	}

	return NULL;
}

static bool is_ringing(const struct notice *n)
{
	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;

		if (call->state < CALL_ANSWERED &&
		    transfer_notice_of(call) == n->row)
			return true;
	}

	return false;
}

static void ring(const struct notice *n, struct phone *p)
{
	char name[NAME_BYTES];
	const struct transfer_notice notice = { .row = n->row, .name = name };
	struct call *call = NULL;

	if (ringing(n, p, false) || !phone_is_there(p))
		return;
	say(name, sizeof(name), n, language_of(p), "emergency.shown");
	if (!transfer_originate_notice(&call, p, fact(n, "number"), &notice))
		trail_add(&call->trail, "is told of emergency call %s",
			  fact(n, "call"));
}

struct visit {
	uint64_t row;
	struct answer *answer;
	uint8_t said;
	char phone[DIRECTORY_ID_SIZE];
	char number[DIRECTORY_NUMBER_MAX + 1];
	char dialled[DIRECTORY_NUMBER_MAX + 1];
	char cesid[DIRECTORY_NUMBER_MAX + 1];
};

static void speak(struct visit *v)
{
	struct answer *a = v->answer;

	answer_say(a, "emergency-from");
	answer_say_digits(a, v->number);
	answer_say(a, "emergency-dialled");
	answer_say_digits(a, v->dialled);
	answer_say(a, v->cesid[0] ? "emergency-place" : "emergency-no-place");
	answer_say_digits(a, v->cesid);
}

/* The user's other phones ring no more. */
static void told_user(const struct visit *v)
{
	struct phone *p = directory_phone(span_of(v->phone));
	const struct user *u = p ? p->user : NULL;
	const struct notice *n = notice_of(v->row);
	struct call *call;

	while (n && p && (call = ringing(n, p, true)))
		call_hangup(call, NULL, NULL);
	for (struct le *le = u ? list_head(&u->phones) : NULL; le;
	     le = le->next) {
		const struct phone *other = le->data;

		told(v->row, "rings", other->id);
	}
	told(v->row, "rings", v->phone);
}

static void opened(void *arg)
{
	told_user(arg);
	speak(arg);
}

static void said(void *arg)
{
	struct visit *v = arg;

	if (++v->said < SAID_MAX)
		speak(v);
	else
		answer_leave(v->answer);
}

static const struct answer_owner owner = { .away = "Not Available",
					   .opened = opened,
					   .said = said };

void emergency_notice_answered(struct call *call, uint64_t row)
{
	const struct notice *n = notice_of(row);
	const struct phone *p = call->caller->phone;
	struct visit *v = n && p ? mem_zalloc(sizeof(*v), NULL) : NULL;
	int err = EPROTO;

	if (v) {
		v->row = row;
		memcpy(v->phone, p->id, sizeof(v->phone));
		(void)snprintf(v->number, sizeof(v->number), "%s",
			       fact(n, "number"));
		(void)snprintf(v->dialled, sizeof(v->dialled), "%s",
			       fact(n, "dialled"));
		(void)snprintf(v->cesid, sizeof(v->cesid), "%s",
			       fact(n, "cesid"));
		err = answer_begin(&v->answer, call, &owner, v, ANSWER_CONNECT);
	}
	if (!err) {
		answer_set_french(v->answer, phone_is_french(p));
		mem_deref(v);
		return;
	}

	/* nothing can be said: number and name were shown */
	if (v) {
		told_user(v);
		mem_deref(v);
	}
	call_refused(call, 480, owner.away);
}

/* ---- who, and when ---- */

static void each_phone(const struct notice *n, const char *list,
		       void (*h)(const struct notice *n, struct phone *p))
{
	json_t *copy = json_copy(list_of(n, list));
	size_t i;
	json_t *value;

	json_array_foreach(copy, i, value)
	{
		struct phone *p = directory_phone(
			span_of(json_string_value(value)));

		if (p && p->customer)
			h(n, p);
	}
	json_decref(copy);
}

static void text_phone(const struct notice *n, struct phone *p)
{
	for (const struct binding *b = p->bindings; b; b = b->next)
		send_text(n, b);
}

static void post_all(const struct notice *n)
{
	json_t *copy = json_copy(list_of(n, "mails"));
	size_t i;
	json_t *value;

	json_array_foreach(copy, i, value) post(n, json_string_value(value));
	json_decref(copy);
}

static void work(void *arg)
{
	struct notice *n = arg;
	json_int_t tries = json_get_int(n->state, "tries", 0);
	const json_t *facts = json_object_get(n->state, "facts");
	uint64_t at = (uint64_t)json_get_int(facts, "at_ms", 0);

	if (tries >= TRIES_MAX && is_ringing(n)) {
		wheel_start(&n->timer, cos_wait_ms(AGAIN_MS), work, n);
		return;
	}
	if (tries >= TRIES_MAX || clock_wall_ms() > at + LIFE_MS) {
		log_warn("emergency", "call=%s: not all have been told",
			 fact(n, "call"));
		drop(n);
		turn_end();
		return;
	}

	(void)json_object_set_new(n->state, "tries", json_integer(tries + 1));
	keep(n);
	wheel_start(&n->timer, cos_wait_ms(AGAIN_MS), work, n);
	post_all(n);
	each_phone(n, "texts", text_phone);
	each_phone(n, "rings", ring);
	turn_end();
}

static void add_phone(struct notice *n, const struct phone *p)
{
	static const struct {
		const char *list;
		enum cos_option option;
	} lists[] = { { "rings", COS_EMERGENCY_AUDIO },
		      { "texts", COS_EMERGENCY_VISUAL } };

	if (!strcmp(p->id, fact(n, "phone")))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		json_t *list = list_of(n, lists[i].list), *value;
		bool is_known = !cos_may(p->user, lists[i].option);
		size_t k;

		json_array_foreach(list, k, value)
			is_known |= !strcmp(json_string_value(value), p->id);
		if (!is_known && json_array_size(list) < EMERGENCY_PHONES_MAX)
			(void)json_array_append_new(list, json_string(p->id));
	}
}

static void add_phones(struct notice *n, const struct customer *c,
		       const json_t *numbers)
{
	size_t i;
	json_t *value;

	json_array_foreach(numbers, i, value)
	{
		struct span number = span_of(json_string_value(value));
		struct user *u = directory_user_by_extension(c, number);
		struct phone *p = directory_phone_by_number(c, number);
		struct le *le = u ? list_head(&u->phones) : NULL;

		for (; le; le = le->next)
			add_phone(n, le->data);
		for (; !u && p; p = directory_phone_next(p))
			add_phone(n, p);
	}
}

static void add_mails(struct notice *n, const json_t *mails)
{
	json_t *list = list_of(n, "mails"), *value, *other;
	size_t i, k;

	json_array_foreach(mails, i, value)
	{
		bool is_known = json_array_size(list) >= EMERGENCY_MAILS_MAX;

		json_array_foreach(list, k, other)
			is_known |= json_equal(value, other);
		if (!is_known)
			(void)json_array_append(list, value);
	}
}

static struct notice *notice_make(json_t *state, uint64_t row)
{
	struct notice *n = state ? mem_zalloc(sizeof(*n), notice_destructor)
				 : NULL;

	if (!n || list_count(&notices.all) >= NOTICES_MAX) {
		json_decref(state);
		return mem_deref(n);
	}

	n->state = state;
	n->row = row;
	if (row > notices.rows)
		notices.rows = row;
	list_append(&notices.all, &n->le, n);

	return n;
}

void emergency_notice(const struct call *call, struct span facts)
{
	const struct phone *p = call->caller->phone;
	const struct customer *c = p->customer;
	struct zone_emergency zone;
	struct notice *n;

	if (!c)
		return;
	zone_emergency(&zone, p, leg_source(call->caller));
	if (!json_array_size(c->emergency_phones) &&
	    !json_array_size(c->emergency_mail) &&
	    !json_array_size(zone.phones) && !json_array_size(zone.mail))
		return;
	n = notice_make(json_pack("{s:o, s:[], s:[], s:[], s:i}", "facts",
				  json_loadb(facts.p, facts.len, 0, NULL),
				  "rings", "texts", "mails", "tries", 0),
			notices.rows + 1);
	if (!n) {
		log_error("emergency", "call=%s: nobody is told of it",
			  call->id);
		return;
	}

	if (zone.label[0])
		(void)json_object_set_new(json_object_get(n->state, "facts"),
					  "zone", json_string(zone.label));
	add_phones(n, c, zone.phones);
	add_phones(n, c, c->emergency_phones);
	add_mails(n, zone.mail);
	add_mails(n, c->emergency_mail);
	if (is_done(n)) {
		mem_deref(n);
		return;
	}
	keep(n);
	wheel_start(&n->timer, BEGIN_MS, work, n);
}

void emergency_notice_check(const json_t *object, json_t *errors)
{
	const json_t *phones = json_object_get(object, "emergency_phones");
	const json_t *mails = json_object_get(object, "emergency_mail");
	size_t i;
	json_t *value;

	if (json_array_size(phones) > EMERGENCY_PHONES_MAX)
		kind_error(errors, "emergency_phones", "too-many", "%d at most",
			   EMERGENCY_PHONES_MAX);
	if (json_array_size(mails) > EMERGENCY_MAILS_MAX)
		kind_error(errors, "emergency_mail", "too-many", "%d at most",
			   EMERGENCY_MAILS_MAX);
	json_array_foreach(phones, i, value)
	{
		const char *s = json_string_value(value);

		if (s && s[strspn(s, "0123456789")])
			kind_error(errors, "emergency_phones", "bad-pattern",
				   "%s is no number inside: give digits", s);
	}
	json_array_foreach(mails, i, value)
	{
		const char *s = json_string_value(value);

		if (s && !mail_address_is_valid(s))
			kind_error(errors, "emergency_mail", "bad-address",
				   "%s is no mail address", s);
	}
}

/* ---- life ---- */

int emergency_notice_init(void)
{
	return text_add(texts, ARRAY_SIZE(texts));
}

void emergency_notice_close(void)
{
	list_flush(&notices.texts);
	list_flush(&notices.all);
}

static void restored(uint64_t row, struct span blob, void *arg)
{
	struct notice *n = notice_make(json_loadb(blob.p, blob.len, 0, NULL),
				       row);

	(void)arg;
	if (!n)
		return;

	/* what was tried may not have come to anything */
	wheel_start(&n->timer, RESTART_MS, work, n);
}

int emergency_notice_restore(void)
{
	return keep_each_notice(restored, NULL);
}
