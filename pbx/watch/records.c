/* records.c - see records.h */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "model/kind.h"
#include "pbx/control/application.h"
#include "pbx/jsontext.h"
#include "pbx/watch/records.h"
#include "pbx/store.h"

enum {
	PAGE_DEFAULT = 50,
	PAGE_MAX = 1000,
	ITEM_BYTES = 16384,
	TEXT_BYTES = 2048, /* of one value in a CSV line */
};

bool records_wants(const struct http_request *req, const char *format,
		   const char *type)
{
	const char *asked = http_query(req, "format");
	struct span accept = http_header(req, "Accept");

	if (asked)
		return !strcmp(asked, format);

	return accept.p && accept.len &&
	       memmem(accept.p, accept.len, type, strlen(type)) != NULL;
}

/* ---- time ---- */

static int whole_number(uint64_t *np, const char *text)
{
	char *end;

	if (*text < '0' || *text > '9' || strlen(text) > 15)
		return EBADMSG;
	*np = strtoull(text, &end, 10);

	return *end ? EBADMSG : 0;
}

int records_time(uint64_t *msp, const char *text)
{
	struct tm tm = { 0 };
	const char *end;
	time_t t;

	if (!whole_number(msp, text))
		return 0;

	end = strptime(text, "%Y-%m-%d", &tm);
	if (end && (*end == 'T' || *end == ' '))
		end = strptime(end + 1, "%H:%M:%S", &tm);
	if (!end)
		return EBADMSG;
	if (*end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	if (*end == 'Z')
		end++;
	t = timegm(&tm);
	if (*end || t < 0)
		return EBADMSG;
	*msp = (uint64_t)t * 1000;

	return 0;
}

/* ---- CSV ---- */

/* Spreadsheets take what begins so as a formula. */
static bool is_formula(const char *text)
{
	if (*text == '+')
		return text[1 + strspn(text + 1, "0123456789")] != '\0';

	return *text && strchr("=-@\t\r", *text);
}

/* RFC 4180 */
static void value(struct sip_out *o, const char *text)
{
	sip_out_raw(o, SPAN(","));
	if (!text || !*text)
		return;

	sip_out_raw(o, SPAN("\""));
	if (is_formula(text))
		sip_out_raw(o, SPAN("'"));
	for (const char *p = text; *p && p < text + TEXT_BYTES; p++) {
		if (*p == '"')
			sip_out_raw(o, SPAN("\""));
		sip_out_raw(o, (struct span){ p, 1 });
	}
	sip_out_raw(o, SPAN("\""));
}

static void moment(struct sip_out *o, const json_t *record, const char *name)
{
	json_int_t ms = json_integer_value(json_object_get(record, name));
	char text[CLOCK_ISO_SIZE] = "";

	if (ms > 0)
		clock_iso(text, (uint64_t)ms);
	value(o, text);
}

static void text_of(struct sip_out *o, const json_t *object, const char *name)
{
	value(o, json_string_value(json_object_get(object, name)));
}

void records_csv_head(struct sip_out *o)
{
	sip_out_text(o, "seq,id,customer,started,answered,ended,duration_s,"
			"result,caller_number,caller_name,caller_user,"
			"callee_number,callee_name,callee_user,account,"
			"billing\r\n");
}

void records_csv(struct sip_out *o, uint64_t seq, const json_t *record)
{
	static const char *const parties[] = { "caller", "callee" };
	json_int_t duration = json_integer_value(
		json_object_get(record, "duration_s"));

	sip_out_number(o, seq);
	text_of(o, record, "id");
	text_of(o, record, "customer");
	moment(o, record, "started_ms");
	moment(o, record, "answered_ms");
	moment(o, record, "ended_ms");
	sip_out_raw(o, SPAN(","));
	sip_out_number(o, duration > 0 ? (uint64_t)duration : 0);
	text_of(o, record, "result");
	for (int i = 0; i < 2; i++) {
		const json_t *party = json_object_get(record, parties[i]);

		text_of(o, party, "number");
		text_of(o, party, "name");
		text_of(o, party, "user");
	}
	text_of(o, record, "account");
	text_of(o, record, "billing");
	sip_out_raw(o, SPAN("\r\n"));
}

void records_trail_text(struct sip_out *o, const json_t *trail)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(trail, i, entry)
	{
		json_int_t ms = json_integer_value(
			json_object_get(entry, "at_ms"));
		const char *what = json_string_value(
			json_object_get(entry, "what"));
		char at[CLOCK_ISO_SIZE];

		clock_iso(at, ms > 0 ? (uint64_t)ms : 0);
		sip_out_printf(o, "%3zu  %s  ", i + 1, at);
		sip_out_value(o, span_of(what ? what : ""));
		sip_out_raw(o, SPAN("\n"));
	}
}

struct span records_without_story(struct span json)
{
	const char *p = json.p ? memmem(json.p, json.len, ",\"trail\":[", 10)
			       : NULL;

	return (struct span){ json.p, p ? (uint32_t)(p - json.p) : json.len };
}

/* ---- the list ---- */

struct listing {
	struct http_request *req; /* counted */
	struct keep_query q;
	struct sip_out o;
	char *buf;
	char *users; /* that an application sees, or NULL */
	uint64_t last;
	uint32_t count;
	bool is_csv;
};

static void list_destructor(void *data)
{
	struct listing *l = data;

	mem_deref(l->buf);
	mem_deref(l->users);
	mem_deref(l->req);
}

static void add(uint64_t seq, const char *customer, struct span json, void *arg)
{
	struct listing *l = arg;
	const struct application *a = application_of(l->req);
	json_t *record = NULL;
	struct span head = json;

	(void)customer;

	l->last = seq;
	if (l->is_csv) {
		l->count++;
		if (!json_read(&record, json, 0, NULL) &&
		    json_get_bool(record, "billed", true))
			records_csv(&l->o, seq, record);
		json_decref(record);
		return;
	}

	sip_out_text(&l->o, l->count++ ? ",{\"seq\":" : "{\"seq\":");
	sip_out_number(&l->o, seq);
	sip_out_raw(&l->o, SPAN(","));
	if (!application_may(a, RIGHT_CALLS_EXPLAIN))
		head = records_without_story(json);
	sip_out_raw(&l->o, (struct span){ head.p + 1, head.len - 1 });
	if (head.len < json.len)
		sip_out_raw(&l->o, SPAN("}"));
}

static void reply(struct listing *l, uint64_t total)
{
	char next[32] = "null";
	bool is_more = l->count && l->count == l->q.limit;

	if (is_more)
		(void)snprintf(next, sizeof(next), "\"%llu\"",
			       (unsigned long long)l->last);
	if (!l->is_csv)
		sip_out_printf(&l->o, "],\"next\":%s,\"total\":%llu}", next,
			       (unsigned long long)total);
	if (l->o.is_full) {
		(void)http_reply_problem(l->req, 500, "too-large",
					 "Ask for a smaller page.", NULL);
		return;
	}
	if (l->is_csv && is_more)
		(void)http_reply_header(l->req, "Next-Cursor", "%llu",
					(unsigned long long)l->last);

	(void)http_reply(l->req, 200,
			 l->is_csv ? "text/csv; charset=utf-8"
				   : "application/json",
			 l->o.p, l->o.len);
}

static void settled(void *arg)
{
	struct listing *l = arg;
	size_t bytes = 1024 + (size_t)ITEM_BYTES * (l->q.limit + 1);
	uint64_t total = 0;
	int err = ENOMEM;

	l->buf = mem_alloc(bytes, NULL);
	if (!l->buf)
		goto out;

	sip_out_init(&l->o, l->buf, bytes);
	if (l->is_csv)
		records_csv_head(&l->o);
	else
		sip_out_raw(&l->o, SPAN("{\"items\":["));
	err = keep_each_cdr(&l->q, add, l);
	if (!err && !l->is_csv)
		err = keep_count_cdrs(&total, &l->q);

out:
	if (err)
		reply_error(l->req, err);
	else
		reply(l, total);
	mem_deref(l);
}

static void number_of(uint64_t *np, struct http_request *req, const char *name,
		      json_t *errors)
{
	const char *text = http_query(req, name);

	if (text && whole_number(np, text))
		kind_error(errors, name, "not-a-number", "Give a number.");
}

static void time_of(uint64_t *np, struct http_request *req, const char *name,
		    json_t *errors)
{
	const char *text = http_query(req, name);

	if (text && records_time(np, text))
		kind_error(errors, name, "not-a-time",
			   "Give a time as 2026-01-31T23:59:59Z.");
}

/* The query's parts; errors gets what is wrong. */
static void read_query(struct keep_query *q, struct http_request *req,
		       json_t *errors)
{
	uint64_t size = PAGE_DEFAULT;

	q->customer = http_query(req, "filter[customer]");
	q->user = http_query(req, "filter[user]");
	q->number = http_query(req, "filter[number]");
	q->result = http_query(req, "filter[result]");
	time_of(&q->from_ms, req, "filter[from]", errors);
	time_of(&q->to_ms, req, "filter[to]", errors);
	number_of(&size, req, "page[size]", errors);
	number_of(&q->after, req, "after", errors);
	if (size < 1 || size > PAGE_MAX)
		kind_error(errors, "page[size]", "out-of-range",
			   "Give a number from 1 to %d.", PAGE_MAX);
	q->limit = (uint32_t)size;
	q->is_newest_first = !http_query(req, "after");
	if (q->is_newest_first)
		number_of(&q->before, req, "page[cursor]", errors);
}

/* An application sees its customer's and its users' only. */
static int narrow(struct listing *l)
{
	const struct application *a = application_of(l->req);
	const char *asked = l->q.customer;

	if (!a)
		return 0;
	l->q.customer = !asked || application_sees_customer(a, asked)
				? a->customer
				: "-";
	if (l->q.result && !strcmp(l->q.result, "alarm") &&
	    !application_may(a, RIGHT_ALARMS_SEE))
		l->q.customer = "-";
	if (!a->scope)
		return 0;
	l->users = application_users(a);
	l->q.users = l->users;

	return l->users ? 0 : ENOMEM;
}

void records_list(struct http_request *req, const struct caller *caller,
		  void *arg)
{
	struct listing *l = mem_zalloc(sizeof(*l), list_destructor);
	json_t *errors = json_array();

	(void)caller;
	(void)arg;

	if (!l || !errors) {
		reply_error(req, ENOMEM);
		mem_deref(l);
		json_decref(errors);
		return;
	}

	l->req = mem_ref(req);
	l->is_csv = records_wants(req, "csv", "text/csv");
	read_query(&l->q, req, errors);
	if (json_array_size(errors)) {
		reply_invalid(req, errors);
		mem_deref(l);
		return;
	}
	json_decref(errors);
	if (narrow(l)) {
		reply_error(req, ENOMEM);
		mem_deref(l);
		return;
	}
	keep_settle(settled, l);
}
