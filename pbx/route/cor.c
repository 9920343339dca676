/* cor.c - see cor.h */
#include "base/json.h"
#include "base/list.h"
#include "pbx/route/cor.h"
#include "pbx/route/klass.h"
#include "pbx/route/number_plan.h"
#include "pbx/trunk/outside_rules.h"

static struct table cors;

int cor_init(void)
{
	return table_init(&cors, 64);
}

void cor_close(void)
{
	klass_close(&cors);
}

int cor_take(json_t *object, void *arg)
{
	(void)arg;

	return klass_take(&cors, object, NULL);
}

void cor_remove(const char *id)
{
	klass_remove(&cors, id);
}

static const struct klass *class_of(const struct user *payer)
{
	return payer ? klass_now(&cors, payer->customer, payer->cor) : NULL;
}

/* Length of the longest prefix in a list that the number begins with, plus
 * one; 0 when none does. */
static size_t longest(const json_t *list, const char *number)
{
	size_t best = 0, i;
	json_t *value;

	json_array_foreach(list, i, value)
	{
		const char *prefix = json_string_value(value);
		size_t len = strlen(prefix);

		if (!strncmp(number, prefix, len) && len + 1 > best)
			best = len + 1;
	}

	return best;
}

bool cor_permits(const struct user *payer, const char *number)
{
	const struct klass *k = class_of(payer);
	size_t allow, deny;

	if (!k)
		return true;

	allow = longest(json_object_get(k->object, "allow"), number);
	deny = longest(json_object_get(k->object, "deny"), number);
	if (allow != deny)
		return allow > deny;

	return json_get_bool(k->object, "internal", true) && !deny;
}

/* Of both ways to write it. */
static size_t longer(const struct klass *k, const char *list,
		     const char *number, const char *plain)
{
	const json_t *prefixes = json_object_get(k->object, list);
	size_t a = longest(prefixes, number), b = longest(prefixes, plain);

	return a > b ? a : b;
}

bool cor_permits_outside(const struct user *payer, const char *number)
{
	const struct klass *k = class_of(payer);
	char plain[DIRECTORY_NUMBER_MAX + 1];
	enum number_category category;
	size_t allow, deny, most;

	if (!k)
		return true;

	most = (size_t)json_get_int(k->object, "max_digits", 0);
	if (most && strlen(number) - (*number == '+') > most)
		return false;

	category = number_category_of(outside_rules_of(payer->customer), number,
				      plain);
	allow = longer(k, "allow", number, plain);
	deny = longer(k, "deny", number, plain);
	if (allow || deny)
		return allow > deny;

	return json_get_bool(k->object, number_category_name(category), false);
}
