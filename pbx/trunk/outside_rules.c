/* outside_rules.c - see outside_rules.h */
#include <stdio.h>

#include "base/json.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/trunk/outsider.h"
#include "pbx/trunk/trunk.h"

enum { MIN_LENGTH = 7 };

struct rules {
	struct table_entry by_customer;
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	json_t *object;
};

static struct table by_customer;

static const char *const usual_numbers[] = { "112", "911" };

static void destructor(void *data)
{
	struct rules *r = data;

	json_decref(r->object);
}

int outside_rules_init(void)
{
	return table_init(&by_customer, 64);
}

static void forget(struct rules *r)
{
	table_remove(&by_customer, &r->by_customer);
	mem_deref(r);
}

/* The one with this id, or all with id NULL. */
static void remove_each(const char *id)
{
	for (uint32_t i = 0; by_customer.buckets && i <= by_customer.mask;
	     i++) {
		struct table_entry *e = by_customer.buckets[i];

		while (e) {
			struct rules *r = CONTAINER_OF(e, struct rules,
						       by_customer);

			e = e->next;
			if (!id || !strcmp(r->id, id))
				forget(r);
		}
	}
}

void outside_rules_close(void)
{
	remove_each(NULL);
	table_close(&by_customer);
}

const json_t *outside_rules_of(const struct customer *c)
{
	struct span key = span_of(c->id);
	struct table_entry *e = NULL;

	if (by_customer.count)
		e = table_first(&by_customer, hash_span(0, key));
	for (; e; e = table_next(e)) {
		const struct rules *r = CONTAINER_OF(e, struct rules,
						     by_customer);

		if (!strcmp(r->customer, c->id))
			return r->object;
	}

	return NULL;
}

static const char *text(const json_t *object, const char *name)
{
	const char *value = object ? json_get_text(object, name) : NULL;

	return value && value[0] ? value : NULL;
}

static bool flag(const json_t *object, const char *name, bool otherwise)
{
	return object ? json_get_bool(object, name, otherwise) : otherwise;
}

static void id_copy(char out[DIRECTORY_ID_SIZE], const char *id)
{
	(void)snprintf(out, DIRECTORY_ID_SIZE, "%s", id ? id : "");
}

int outside_rules_take(json_t *object, void *arg)
{
	struct rules *r = mem_zalloc(sizeof(*r), destructor);

	(void)arg;

	if (!r)
		return ENOMEM;

	id_copy(r->id, text(object, "id"));
	id_copy(r->customer, text(object, "customer"));
	r->object = json_incref(object);

	remove_each(r->id);
	table_add(&by_customer, &r->by_customer,
		  hash_span(0, span_of(r->customer)));

	return 0;
}

void outside_rules_remove(const char *id)
{
	remove_each(id);
}

static bool begins(const char *number, const char *prefix)
{
	return !strncmp(number, prefix, strlen(prefix));
}

static bool is_digits(const char *p)
{
	if (*p == '+')
		p++;
	while (*p >= '0' && *p <= '9')
		p++;

	return !*p;
}

bool outside_number(const struct customer *c, const char *dialled,
		    char out[DIRECTORY_NUMBER_MAX + 1])
{
	const json_t *o = outside_rules_of(c);
	const char *prefix = text(o, "prefix");
	size_t min = o ? (size_t)json_get_int(o, "min_length", MIN_LENGTH)
		       : MIN_LENGTH;

	if (!is_digits(dialled))
		return false;

	if (dialled[0] == '+') {
		if (strlen(dialled) <= MIN_LENGTH)
			return false;
	}
	else if (prefix) {
		if (!begins(dialled, prefix) ||
		    strlen(dialled) < strlen(prefix) + 2)
			return false;
		dialled += strlen(prefix);
	}
	else if (strlen(dialled) < min) {
		return false;
	}

	(void)snprintf(out, DIRECTORY_NUMBER_MAX + 1, "%s", dialled);

	return true;
}

bool outside_takes(const struct customer *c, const char *dialled,
		   char out[DIRECTORY_NUMBER_MAX + 1])
{
	struct trunk *trunks[TRUNKS_MAX];
	struct trunk_query q = { .customer = c->id,
				 .number = out,
				 .is_anywhere = true };
	bool busy;

	out[0] = '\0';
	if (!outside_number(c, dialled, out))
		return false;
	if (trunk_select(trunks, &busy, &q) || busy)
		return true;
	out[0] = '\0';

	return false;
}

/* Length of the longest entry the number begins with; -1: none. */
static int longest(const json_t *o, const char *name, const char *number)
{
	const json_t *list = json_object_get(o, name);
	int best = -1;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *p = json_string_value(json_array_get(list, i));

		if (p && begins(number, p) && (int)strlen(p) > best)
			best = (int)strlen(p);
	}

	return best;
}

struct outside_verdict outside_permits(const struct customer *c,
				       const char *number)
{
	static const struct outside_verdict yes = { 0, NULL };
	static const struct outside_verdict no = { 403, "Not Permitted" };
	static const struct outside_verdict full = { 503, "Too Many Calls" };
	const json_t *o = outside_rules_of(c);
	int permitted, denied;

	if (!o)
		return yes;
	if (!flag(o, "allowed", true))
		return no;

	permitted = longest(o, "permitted", number);
	denied = longest(o, "denied", number);
	if (denied > permitted ||
	    (permitted < 0 && json_array_size(json_object_get(o, "permitted"))))
		return no;

	return outside_has_room(c) ? yes : full;
}

bool outside_has_room(const struct customer *c)
{
	const json_t *o = outside_rules_of(c);
	int64_t max = o ? json_get_int(o, "max_calls", 0) : 0;

	return !max || outsider_customer_calls(c) < (uint64_t)max;
}

static bool is_usual(const char *number)
{
	size_t n = sizeof(usual_numbers) / sizeof(usual_numbers[0]);

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(usual_numbers[i], number))
			return true;
	}

	return false;
}

static bool is_listed(const json_t *o, const char *number)
{
	const json_t *list = o ? json_object_get(o, "emergency_numbers") : NULL;

	if (!json_array_size(list))
		return is_usual(number);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *p = json_string_value(json_array_get(list, i));

		if (p && !strcmp(p, number))
			return true;
	}

	return false;
}

bool outside_is_emergency(const struct customer *c, const char *dialled,
			  char out[DIRECTORY_NUMBER_MAX + 1])
{
	const json_t *o = outside_rules_of(c);
	const char *prefix = text(o, "prefix");
	const char *number = dialled;

	if (!is_listed(o, number)) {
		if (!prefix || !begins(dialled, prefix))
			return false;
		number += strlen(prefix);
		if (!is_listed(o, number))
			return false;
	}

	(void)snprintf(out, DIRECTORY_NUMBER_MAX + 1, "%s", number);

	return true;
}

const char *outside_cesid(const struct customer *c)
{
	return text(outside_rules_of(c), "cesid");
}

const char *outside_emergency_extension(const struct customer *c)
{
	return text(outside_rules_of(c), "emergency_extension");
}

bool outside_emergency_is_private(const struct customer *c)
{
	return flag(outside_rules_of(c), "emergency_private", false);
}

bool outside_is_private(const struct customer *c)
{
	return flag(outside_rules_of(c), "private", false);
}
