/* history.c - see history.h */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/http.h"
#include "base/json.h"
#include "base/libre.h"
#include "uc/history.h"
#include "uc/kinds.h"
#include "uc/people.h"

static struct record_table table = { .kind = &uc_history_kind };

int history_init(struct uc *uc)
{
	table.store = uc->store;
	return record_prepare(&table);
}

/* What the pbx calls the end of a call, as the called user sees it. */
static const char *incoming_result(const char *result)
{
	static const struct {
		const char *result;
		const char *shown;
	} names[] = {
		{ "answered", "answered" },
		{ "declined", "declined" },
		{ "answered-elsewhere", "answered-elsewhere" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(result, names[i].result))
			return names[i].shown;
	}

	return "missed";
}

static const char *text_or(const json_t *o, const char *name,
			   const char *otherwise)
{
	const char *text = json_get_text(o, name);

	return text ? text : otherwise;
}

/* What of the other party may be seen: of who withheld it nothing but what was
 * dialled. */
static const char *seen(const json_t *peer, const char *field, bool is_incoming)
{
	if (json_is_true(json_object_get(peer, "withheld"))) {
		if (is_incoming)
			return strcmp(field, "name") ? "anonymous"
						     : "Anonymous";
		field = "number";
	}

	return text_or(peer, field, "");
}

static json_t *row(const struct uc *uc, const char *customer, const json_t *cdr,
		   bool is_incoming)
{
	const json_t *me = json_object_get(cdr,
					   is_incoming ? "callee" : "caller");
	const json_t *peer = json_object_get(cdr,
					     is_incoming ? "caller" : "callee");
	const char *user = json_get_text(me, "user");
	const char *result = text_or(cdr, "result", "failed");
	const struct person *p = people_find(uc->people, user);
	char id[128];

	/* What one tenant's pbx says is never taken for another's user. */
	if (!p || strcmp(p->customer, customer))
		return NULL;

	snprintf(id, sizeof(id), "%s-%s", text_or(cdr, "id", ""),
		 is_incoming ? "i" : "o");
	return json_pack(
		"{s:s,s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:O?,s:O?,s:O?,s:I}",
		"id", id, "generation", 0, "customer", customer, "user", user,
		"call", text_or(cdr, "call", ""), "direction",
		is_incoming ? "incoming" : "outgoing", "result",
		is_incoming ? incoming_result(result) : result, "peer_number",
		seen(peer, "number", is_incoming), "peer_name",
		seen(peer, "name", is_incoming), "started_ms",
		json_object_get(cdr, "started_ms"), "answered_ms",
		json_object_get(cdr, "answered_ms"), "ended_ms",
		json_object_get(cdr, "ended_ms"), "duration_s",
		(json_int_t)json_get_int(cdr, "duration_s", 0));
}

json_t *history_rows(const struct uc *uc, const char *customer,
		     const json_t *cdr)
{
	json_t *rows = json_array();

	for (int i = 0; rows && i < 2; i++) {
		json_t *r = row(uc, customer, cdr, i == 1);

		if (r && json_array_append_new(rows, r)) {
			json_decref(rows);
			rows = NULL;
		}
	}

	return rows;
}

int history_put(struct store_write *w, const json_t *r)
{
	return record_put(w, &table, r);
}

void history_list(struct http_request *req, const struct caller *caller,
		  void *arg)
{
	const char *size = http_query(req, "page[size]");
	struct list_query q = {
		.customer = caller->customer,
		.filter = json_pack("{s:s}", "user", caller->id),
		.sort = "-started_ms",
		.cursor = http_query(req, "page[cursor]"),
		.size = size ? (uint32_t)strtoul(size, NULL, 10) : 50,
		.role = ROLE_USER,
	};
	json_t *errors = json_array();
	json_t *page = NULL;
	int err;

	(void)arg;

	if (http_query(req, "sort"))
		q.sort = http_query(req, "sort");
	if (http_query(req, "filter[result]")) {
		json_object_set_new(
			q.filter, "result",
			json_string(http_query(req, "filter[result]")));
	}

	err = record_list(&page, &table, &q, errors);
	json_decref(q.filter);
	if (err == EBADMSG) {
		reply_invalid(req, errors);
		return;
	}

	json_decref(errors);
	if (err)
		reply_error(req, err);
	else
		http_reply_json(req, 200, page);
}
