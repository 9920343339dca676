/* account.c - see account.h */
#include <stdio.h>

#include "base/json.h"
#include "pbx/route/account.h"
#include "pbx/speech/answer.h"
#include "pbx/speech/collect.h"
#include "pbx/route/cos.h"
#include "pbx/feature/dial.h"
#include "pbx/route/forward.h"
#include "pbx/route/route.h"

enum { CODE_MIN = 2 };

struct listed {
	struct table_entry by_code;
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char code[CALL_ACCOUNT_SIZE];
};

static struct table codes;

int account_init(void)
{
	return table_init(&codes, 64);
}

static void forget(struct listed *l)
{
	table_remove(&codes, &l->by_code);
	mem_deref(l);
}

/* The one with this id, or all with id NULL. */
static void remove_each(const char *id)
{
	for (uint32_t i = 0; codes.buckets && i <= codes.mask; i++) {
		struct table_entry *e = codes.buckets[i];

		while (e) {
			struct listed *l = CONTAINER_OF(e, struct listed,
							by_code);

			e = e->next;
			if (!id || !strcmp(l->id, id))
				forget(l);
		}
	}
}

void account_close(void)
{
	remove_each(NULL);
	table_close(&codes);
}

static uint64_t key_of(const char *customer, const char *code)
{
	return hash_span(hash_span(0, span_of(customer)), span_of(code));
}

int account_take(json_t *object, void *arg)
{
	const char *id = json_get_text(object, "id");
	const char *customer = json_get_text(object, "customer");
	const char *code = json_get_text(object, "code");
	struct listed *l;

	(void)arg;

	if (!id || !customer || !code)
		return EINVAL;
	l = mem_zalloc(sizeof(*l), NULL);
	if (!l)
		return ENOMEM;

	remove_each(id);
	(void)snprintf(l->id, sizeof(l->id), "%s", id);
	(void)snprintf(l->customer, sizeof(l->customer), "%s", customer);
	(void)snprintf(l->code, sizeof(l->code), "%s", code);
	table_add(&codes, &l->by_code, key_of(l->customer, l->code));

	return 0;
}

void account_remove(const char *id)
{
	remove_each(id);
}

static bool is_listed(const char *customer, const char *code)
{
	struct table_entry *e = NULL;

	if (codes.count)
		e = table_first(&codes, key_of(customer, code));
	for (; e; e = table_next(e)) {
		const struct listed *l = CONTAINER_OF(e, struct listed,
						      by_code);

		if (!strcmp(l->customer, customer) && !strcmp(l->code, code))
			return true;
	}

	return false;
}

/* ---- who may enter which ---- */

static bool is_forced(const struct user *u)
{
	return cos_may(u, COS_ACCOUNT_FORCED_VERIFIED) ||
	       cos_may(u, COS_ACCOUNT_FORCED_FREE);
}

static bool is_good(const struct user *u, const char *code)
{
	size_t len = strlen(code);
	bool listed = is_listed(u->customer->id, code);
	bool fits = len >= CODE_MIN && len < CALL_ACCOUNT_SIZE &&
		    len <= cos_number(u, COS_ACCOUNT_LENGTH);

	if (cos_may(u, COS_ACCOUNT_FORCED_VERIFIED))
		return listed;
	if (cos_may(u, COS_ACCOUNT_FORCED_FREE))
		return listed || fits;

	return (listed && cos_may(u, COS_ACCOUNT_VERIFIED)) ||
	       (fits && cos_may(u, COS_ACCOUNT_FREE));
}

void account_book(struct call *call, const char *code)
{
	(void)snprintf(call->account, sizeof(call->account), "%s", code);
	trail_add(&call->trail, "booked under account code %s", code);
}

/* ---- dialled ---- */

void account_run(struct call *call, const struct routing *r,
		 const struct sip_message *m)
{
	const struct user *u = call->caller->phone->user;
	char code[DIRECTORY_NUMBER_MAX + 1];
	char *number;

	memcpy(code, r->argument, sizeof(code));
	number = strchr(code, '*');
	if (!number || !number[1]) {
		call_refused(call, 404, "No Such Number");
		return;
	}
	*number++ = '\0';

	if (!is_good(u, code)) {
		trail_add(&call->trail, "%s may not use account code %s",
			  u->name, code);
		call_refused(call, 403, "Account Code Not Valid");
		return;
	}
	account_book(call, code);
	dial_again(call, m, number);
}

/* ---- asked for ---- */

struct asking {
	struct answer *answer;
	struct collect collect;
	struct collect_rules rules;
	uint8_t wrong;
	char number[DIRECTORY_NUMBER_MAX + 1]; /* as dialled */
};

enum { WRONG_MAX = 3 };

static void collected(const char *digits, void *arg);

static void asking_destructor(void *data)
{
	struct asking *a = data;

	collect_stop(&a->collect);
}

static void ask(struct asking *a)
{
	collect_begin(&a->collect, a->answer, &a->rules, collected, a);
}

static void go_on(struct asking *a, const char *code)
{
	struct call *call = answer_call(a->answer);
	char number[DIRECTORY_NUMBER_MAX + 1];
	struct sip_message m;

	memcpy(number, a->number, sizeof(number));
	account_book(call, code);
	answer_drop(a->answer);
	forward_invite(call, &m);
	dial_again(call, &m, number);
}

static void collected(const char *digits, void *arg)
{
	struct asking *a = arg;
	struct call *call = answer_call(a->answer);
	const struct user *u = call->caller->phone->user;

	if (u && u->customer && digits && is_good(u, digits)) {
		go_on(a, digits);
		return;
	}

	trail_add(&call->trail, digits ? "a wrong account code was entered"
				       : "no account code was entered");
	if (digits && ++a->wrong < WRONG_MAX) {
		answer_say(a->answer, "account-wrong");
		ask(a);
		return;
	}
	answer_say(a->answer, "account-wrong");
	answer_refuse(a->answer, 403, "Account Code Needed");
}

static void opened(void *arg)
{
	ask(arg);
}

/* The last digit may end the object. */
static void key(void *arg, char digit)
{
	struct asking *a = mem_ref(arg);

	(void)collect_key(&a->collect, digit);
	mem_deref(a);
}

static void said(void *arg)
{
	struct asking *a = mem_ref(arg);

	(void)collect_said(&a->collect);
	mem_deref(a);
}

static void lost(void *arg)
{
	struct asking *a = arg;

	call_refused(answer_call(a->answer), 403, "Account Code Needed");
}

static const struct answer_owner owner = {
	.opened = opened,
	.key = key,
	.said = said,
	.lost = lost,
};

static int begin_asking(struct call *call, const struct user *u)
{
	struct asking *a = mem_zalloc(sizeof(*a), asking_destructor);
	int err;

	if (!a)
		return ENOMEM;

	(void)snprintf(a->number, sizeof(a->number), "%s",
		       forward_dialled(call));
	a->rules.prompt = "account-enter";
	a->rules.max = (uint8_t)cos_number(u, COS_ACCOUNT_LENGTH);
	a->rules.first_ms = (uint32_t)cos_ms(u, COS_FIRST_DIGIT);
	a->rules.next_ms = (uint32_t)cos_ms(u, COS_INTER_DIGIT);
	err = answer_begin(&a->answer, call, &owner, a, ANSWER_EARLY);
	mem_deref(a);

	return err;
}

bool account_asks(struct call *call, const struct routing *r)
{
	const struct phone *p = call->caller->phone;
	const struct user *u = r->payer;

	if (!u || call->account[0] || call->is_emergency || !is_forced(u))
		return false;

	trail_add(&call->trail, "%s needs an account code for calls outside",
		  u->name);
	if (p && p->user == u && call->caller->asked && !call->answer &&
	    !begin_asking(call, u))
		return true;
	call_refused(call, 403, "Account Code Needed");

	return true;
}

/* ---- with a call begun by REST ---- */

/* Whether it leaves by a trunk at the phone's user's cost; an emergency call
 * is at nobody's. */
static bool leads_outside(const struct phone *p, const char *number)
{
	struct route_way way = { 0 };
	struct routing r;

	route_begin(&r, &way, p, span_of(number), 0, NULL);

	return !r.status && r.outside[0] && r.payer && r.payer == p->user;
}

enum account_verdict account_verdict_of(const struct phone *p,
					const char *number, const char *code)
{
	const struct user *u = p->user;

	if (code)
		return u && u->customer && is_good(u, code) ? ACCOUNT_FINE
							    : ACCOUNT_WRONG;

	return u && is_forced(u) && leads_outside(p, number) ? ACCOUNT_NEEDED
							     : ACCOUNT_FINE;
}
