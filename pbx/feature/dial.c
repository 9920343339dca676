/* dial.c - see dial.h */
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "pbx/call/call.h"
#include "pbx/route/cos.h"
#include "pbx/call/identity.h"
#include "pbx/feature/dial.h"
#include "pbx/feature/lamp.h"
#include "pbx/route/forward.h"
#include "pbx/trunk/outside.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/trunk/outsider.h"
#include "pbx/route/settings_user.h"
#include "pbx/store.h"
#include "pbx/turn.h"

enum { NUMBER_BYTES = DIRECTORY_NUMBER_MAX + 1, SHORT_DIGITS = 2 };

/* ---- the last number ---- */

static uint64_t row_of(const char *user)
{
	return hash_span(0, span_of(user));
}

void dial_remember(const struct call *call)
{
	const struct phone *p = call->caller->phone;
	struct user *u = p ? p->user : NULL;
	char blob[DIRECTORY_ID_SIZE + NUMBER_BYTES + 1];
	char number[NUMBER_BYTES];
	int n;

	if (!u || outsider_is(p) || call->is_emergency || !call->number[0] ||
	    !strcmp(u->last_number, call->number) ||
	    outside_is_emergency(p->customer, call->number, number))
		return;

	(void)snprintf(u->last_number, sizeof(u->last_number), "%s",
		       call->number);
	n = snprintf(blob, sizeof(blob), "%s %s", u->id, u->last_number);
	keep_put_dialled(row_of(u->id), (struct span){ blob, (uint32_t)n });
	turn_touch_lazily();
}

void dial_forget(const char *user)
{
	keep_remove_dialled(row_of(user));
	turn_touch_lazily();
}

static void restored(uint64_t row, struct span blob, void *arg)
{
	const char *space = memchr(blob.p, ' ', blob.len);
	struct span id, number;
	struct user *u;

	(void)arg;

	if (!space)
		return;
	id = (struct span){ blob.p, (uint32_t)(space - blob.p) };
	number = (struct span){ space + 1, blob.len - id.len - 1 };
	u = directory_user(id);
	if (!u || number.len >= sizeof(u->last_number)) {
		keep_remove_dialled(row);
		return;
	}
	memcpy(u->last_number, number.p, number.len);
	u->last_number[number.len] = '\0';
}

int dial_restore(void)
{
	return keep_each_dialled(restored, NULL);
}

/* ---- dialling ---- */

/* The call goes to this number as if it had been dialled. */
static void dial(struct call *call, const struct sip_message *m,
		 const char *number, bool is_permitted)
{
	struct route_way *way = forward_way(call);
	struct routing r;
	char dialled[NUMBER_BYTES];

	(void)snprintf(dialled, sizeof(dialled), "%s", number);
	*way = (struct route_way){ .is_anonymous = way->is_anonymous,
				   .is_permitted = is_permitted,
				   .mode = way->mode };
	call->code = NULL;
	if (outside_help(call, m, span_of(dialled)))
		return;

	route_begin(&r, way, call->caller->phone, span_of(dialled), call->hops,
		    &call->trail);
	(void)re_snprintf(call->number, sizeof(call->number), "%s",
			  forward_dialled(call));
	if (r.code) { /* a code behind a code */
		trail_add(&call->trail, "%s is a code: not dialled", dialled);
		call_refused(call, 404, "No Such Number");
		return;
	}
	dial_remember(call);
	lamp_dialled(call);
	forward_ring(call, &r, m);
}

void dial_again(struct call *call, const struct sip_message *m,
		const char *number)
{
	dial(call, m, number, false);
}

static const struct user *user_of(const struct call *call)
{
	return call->caller->phone->user;
}

void dial_last(struct call *call, const struct routing *r,
	       const struct sip_message *m)
{
	const struct user *u = user_of(call);

	(void)r;

	if (!cos_may(u, COS_REDIAL)) {
		trail_add(&call->trail, "%s may not redial", u->name);
		call_refused(call, 403, "Not Permitted");
	}
	else if (!u->last_number[0]) {
		trail_add(&call->trail, "%s has dialled nothing yet", u->name);
		call_refused(call, 404, "Nothing Dialled Yet");
	}
	else {
		trail_add(&call->trail, "the last number: %s", u->last_number);
		dial(call, m, u->last_number, false);
	}
}

void dial_hidden(struct call *call, const struct routing *r,
		 const struct sip_message *m)
{
	identity_withhold(call, true);
	dial(call, m, r->argument, false);
}

void dial_shown(struct call *call, const struct routing *r,
		const struct sip_message *m)
{
	identity_withhold(call, false);
	dial(call, m, r->argument, false);
}

/* ---- short numbers ---- */

static bool is_short(const char *text)
{
	return strlen(text) == SHORT_DIGITS &&
	       strspn(text, "0123456789") == SHORT_DIGITS;
}

/* An entry: a number, or one with an exemption. */
static const char *entry_of(const json_t *entries, const char *digits,
			    bool *is_permitted)
{
	const json_t *entry = json_object_get(entries, digits);

	*is_permitted = json_get_bool(entry, "override", false);

	return json_is_string(entry) ? json_string_value(entry)
				     : json_get_text(entry, "number");
}

void dial_speed(struct call *call, const struct routing *r,
		const struct sip_message *m)
{
	const struct user *u = user_of(call);
	const json_t *own = u->settings ? json_object_get(u->settings->object,
							  "speed_dials")
					: NULL;
	bool is_permitted = false;
	const char *number = entry_of(own, r->argument, &is_permitted);

	is_permitted = false; /* nobody exempts themselves */
	if (!number)
		number = entry_of(u->customer->speed_dials, r->argument,
				  &is_permitted);
	if (!number || strlen(number) >= NUMBER_BYTES) {
		trail_add(&call->trail, "%s stands for no number", r->argument);
		call_refused(call, 404, "No Such Short Number");
		return;
	}

	trail_add(&call->trail, "%s stands for %s", r->argument, number);
	dial(call, m, number, is_permitted);
}

static void stored(const struct store_result *result, void *arg)
{
	struct call *call = arg;

	code_done(call, result->err);
	mem_deref(call);
}

void dial_store(struct call *call, const struct routing *r,
		const struct sip_message *m)
{
	struct user *u = call->caller->phone->user;
	char digits[NUMBER_BYTES];
	char *star;
	json_t *own;

	(void)m;

	(void)snprintf(digits, sizeof(digits), "%s", r->argument);
	star = strchr(digits, '*');
	if (star)
		*star = '\0';
	if (!star || !is_short(digits)) {
		trail_add(&call->trail, "give two digits, * and a number");
		call_refused(call, 404, "No Such Short Number");
		return;
	}
	if (!route_permits(u, star + 1)) {
		trail_add(&call->trail, "%s may not call %s", u->name,
			  star + 1);
		call_refused(call, 403, "Not Permitted");
		return;
	}

	own = u->settings ? json_deep_copy(json_object_get(u->settings->object,
							   "speed_dials"))
			  : NULL;
	if (!json_is_object(own)) {
		json_decref(own);
		own = json_object();
	}
	(void)json_object_set_new(own, digits, json_string(star + 1));
	call_try(call);
	if (settings_user_set(u, "speed_dials", own, stored, mem_ref(call))) {
		mem_deref(call);
		code_done(call, ENOMEM);
	}
}

/* ---- checked ---- */

static bool is_number(const char *text)
{
	size_t n = text ? strspn(text, "0123456789+*#") : 0;

	return n && n <= DIRECTORY_NUMBER_MAX && !text[n];
}

static bool is_entry(const json_t *entry, bool with_override)
{
	const char *name;
	json_t *value;

	if (json_is_string(entry))
		return is_number(json_string_value(entry));
	if (!with_override || !json_is_object(entry) ||
	    !is_number(json_get_text(entry, "number")))
		return false;

	json_object_foreach((json_t *)entry, name, value)
	{
		if (strcmp(name, "number") != 0 &&
		    (strcmp(name, "override") != 0 || !json_is_boolean(value)))
			return false;
	}

	return true;
}

void dial_check(const json_t *entries, bool with_override, json_t *errors)
{
	const char *name;
	json_t *value;

	if (!entries || json_is_null(entries))
		return;
	if (!json_is_object(entries)) {
		kind_error(errors, "speed_dials", "wrong-type",
			   "must be an object of two digits and numbers");
		return;
	}

	json_object_foreach((json_t *)entries, name, value)
	{
		if (is_short(name) && is_entry(value, with_override))
			continue;
		kind_error(errors, "speed_dials", "bad-pattern",
			   "%s: give two digits and a number%s", name,
			   with_override ? ", or {number, override}" : "");
		return;
	}
}
