/* alarm.c - see alarm.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "pbx/watch/alarm.h"
#include "pbx/directory.h"
#include "pbx/watch/event.h"
#include "pbx/store.h"
#include "pbx/turn.h"

/* What waits for the disk. */
struct raised {
	uint64_t seq;
	char id[ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char user[DIRECTORY_ID_SIZE];
	char *text;
	size_t len;
};

static void raised_destructor(void *data)
{
	struct raised *r = data;

	mem_deref(r->text);
}

static void durable(const struct store_result *result, void *arg)
{
	struct raised *r = arg;

	if (result && result->err)
		log_error("alarm", "seq=%llu is not on the disk: %s",
			  (unsigned long long)r->seq, strerror(result->err));
	event_cdr(r->seq, r->customer,
		  (struct span){ r->text, (uint32_t)r->len });
	mem_deref(r);
}

void alarm_raise(const char *what, const char *customer, const char *user,
		 json_t *facts)
{
	struct raised *r = mem_zalloc(sizeof(*r), raised_destructor);
	uint64_t now = clock_wall_ms();
	struct keep_cdr row;
	json_t *json = NULL;

	if (r) {
		id_make(r->id);
		json = json_pack("{s:s, s:s, s:s, s:s?, s:I}", "alarm", what,
				 "id", r->id, "customer", customer, "user",
				 *user ? user : NULL, "at_ms", (json_int_t)now);
	}
	if (json && facts)
		(void)json_object_update(json, facts);
	json_decref(facts);
	if (r && json)
		r->text = json_text(json, &r->len);
	json_decref(json);
	if (!r || !r->text) {
		mem_deref(r);
		return;
	}

	r->seq = event_hold();
	(void)snprintf(r->customer, sizeof(r->customer), "%s", customer);
	(void)snprintf(r->user, sizeof(r->user), "%s", user);
	row = (struct keep_cdr){
		.seq = r->seq,
		.call = r->id,
		.customer = r->customer,
		.result = "alarm",
		.caller = r->user,
		.callee = "",
		.started_ms = now,
		.json = { r->text, (uint32_t)r->len },
	};
	if (keep_add_cdr(&row, durable, r))
		durable(NULL, r);
}
