/* number_plan.c - see number_plan.h */
#include <stdio.h>

#include "base/json.h"
#include "model/kind.h"
#include "pbx/route/number_plan.h"

enum { PATTERNS_MAX = 64, PATTERN_MAX = 20 };

static const char *const names[NUMBER_CATEGORIES] = {
	"local", "national", "mobile", "international", "premium", "special"
};

struct pattern {
	const char *digits;
	enum number_category category;
};

/* Networks of no country and of satellites charge like premium numbers. */
#define WORLD                                                                  \
	{ "+979", NUMBER_PREMIUM }, { "+881", NUMBER_PREMIUM },                \
		{ "+882", NUMBER_PREMIUM }, { "+883", NUMBER_PREMIUM },        \
		{ "+800", NUMBER_SPECIAL },                                    \
	{                                                                      \
		"+808", NUMBER_SPECIAL                                         \
	}

static const struct pattern none[] = { WORLD, { NULL, NUMBER_LOCAL } };

static const struct pattern france[] = {
	WORLD,
	{ "06", NUMBER_MOBILE },
	{ "07", NUMBER_MOBILE },
	{ "080", NUMBER_SPECIAL },
	{ "081", NUMBER_SPECIAL },
	{ "082", NUMBER_SPECIAL },
	{ "089", NUMBER_PREMIUM },
	{ "118", NUMBER_PREMIUM },
	{ "10xx", NUMBER_SPECIAL },
	{ "116xxx", NUMBER_SPECIAL },
	{ "3xxx", NUMBER_SPECIAL },
	{ "36xx", NUMBER_PREMIUM },
	{ NULL, NUMBER_LOCAL },
};

static const struct pattern britain[] = {
	WORLD,
	{ "07", NUMBER_MOBILE },
	{ "070", NUMBER_PREMIUM },
	{ "08", NUMBER_SPECIAL },
	{ "087", NUMBER_PREMIUM },
	{ "09", NUMBER_PREMIUM },
	{ "118", NUMBER_PREMIUM },
	{ "116xxx", NUMBER_SPECIAL },
	{ "101", NUMBER_SPECIAL },
	{ "111", NUMBER_SPECIAL },
	{ NULL, NUMBER_LOCAL },
};

static const struct pattern germany[] = {
	WORLD,
	{ "015", NUMBER_MOBILE },
	{ "016", NUMBER_MOBILE },
	{ "017", NUMBER_MOBILE },
	{ "0700", NUMBER_SPECIAL },
	{ "0800", NUMBER_SPECIAL },
	{ "0180", NUMBER_SPECIAL },
	{ "0137", NUMBER_PREMIUM },
	{ "0900", NUMBER_PREMIUM },
	{ "118", NUMBER_PREMIUM },
	{ "116xxx", NUMBER_SPECIAL },
	{ "115", NUMBER_SPECIAL },
	{ NULL, NUMBER_LOCAL },
};

static const struct pattern north_america[] = {
	WORLD,
	{ "x11", NUMBER_SPECIAL },
	{ "xxxxxxx", NUMBER_LOCAL },
	{ "1800", NUMBER_SPECIAL },
	{ "1833", NUMBER_SPECIAL },
	{ "1844", NUMBER_SPECIAL },
	{ "1855", NUMBER_SPECIAL },
	{ "1866", NUMBER_SPECIAL },
	{ "1877", NUMBER_SPECIAL },
	{ "1888", NUMBER_SPECIAL },
	{ "1900", NUMBER_PREMIUM },
	{ "1xxx976", NUMBER_PREMIUM },
	{ NULL, NUMBER_LOCAL },
};

static const struct plan {
	const char *name;
	const char *code;   /* of the country */
	const char *trunk;  /* dialled before a number inside it */
	const char *abroad; /* dialled for another country */
	const struct pattern *patterns;
	uint8_t bare; /* length of a number dialled without trunk; 0: none */
} plans[] = {
	{ "none", "", "", "00", none, 0 },
	{ "fr", "33", "0", "00", france, 0 },
	{ "gb", "44", "0", "00", britain, 0 },
	{ "de", "49", "0", "00", germany, 0 },
	{ "us", "1", "1", "011", north_america, 10 },
};

const char *number_category_name(enum number_category category)
{
	return category < NUMBER_CATEGORIES ? names[category] : "?";
}

static const struct plan *plan_of(const json_t *rules)
{
	const char *name = rules ? json_get_text(rules, "number_plan") : NULL;

	for (size_t i = 0; name && i < ARRAY_SIZE(plans); i++) {
		if (!strcmp(plans[i].name, name))
			return &plans[i];
	}

	return &plans[0];
}

/* ---- one number, one form ---- */

static bool begins(const char *number, const char *prefix)
{
	return !strncmp(number, prefix, strlen(prefix));
}

/* As dialled inside the country, or with a + for abroad. */
static void make_plain(char plain[DIRECTORY_NUMBER_MAX + 1],
		       const struct plan *plan, const char *number)
{
	const char *rest = NULL; /* with a country's code */
	const char *before = "";

	if (*number == '+')
		rest = number + 1;
	else if (begins(number, plan->abroad))
		rest = number + strlen(plan->abroad);

	if (rest && plan->code[0] && begins(rest, plan->code)) {
		before = plan->trunk;
		rest += strlen(plan->code);
	}
	else if (rest) {
		before = "+";
	}
	else {
		rest = number;
		if (plan->bare && strlen(number) == plan->bare)
			before = plan->trunk;
	}

	(void)snprintf(plain, DIRECTORY_NUMBER_MAX + 1, "%s%s", before, rest);
}

/* ---- patterns ---- */

/* A pattern with x holds for numbers of its own length only. */
static bool fits(const char *pattern, const char *number)
{
	const char *p = pattern;

	for (; *p && *number; p++, number++) {
		if (*p == 'x' ? *number < '0' || *number > '9' : *p != *number)
			return false;
	}

	return !*p && (!strchr(pattern, 'x') || !*number);
}

static enum number_category usual(const struct plan *plan, const char *plain)
{
	enum number_category best = *plain == '+' ? NUMBER_INTERNATIONAL
						  : NUMBER_NATIONAL;
	size_t length = 0;

	for (const struct pattern *p = plan->patterns; p->digits; p++) {
		if (strlen(p->digits) > length && fits(p->digits, plain)) {
			length = strlen(p->digits);
			best = p->category;
		}
	}

	return best;
}

/* The customer's own, in either form; false when none fits. */
static bool own(enum number_category *categoryp, const json_t *rules,
		const char *number, const char *plain)
{
	const json_t *all = rules ? json_object_get(rules, "categories") : NULL;
	size_t length = 0;

	for (int c = 0; c < NUMBER_CATEGORIES; c++) {
		const json_t *list = json_object_get(all, names[c]);

		for (size_t i = 0; i < json_array_size(list); i++) {
			const char *p = json_string_value(
				json_array_get(list, i));

			if (p && strlen(p) > length &&
			    (fits(p, plain) || fits(p, number))) {
				length = strlen(p);
				*categoryp = (enum number_category)c;
			}
		}
	}

	return length > 0;
}

enum number_category number_category_of(const json_t *rules, const char *number,
					char plain[DIRECTORY_NUMBER_MAX + 1])
{
	const struct plan *plan = plan_of(rules);
	enum number_category category;

	make_plain(plain, plan, number);
	if (own(&category, rules, number, plain))
		return category;

	return usual(plan, plain);
}

/* ---- checking ---- */

static bool pattern_is_good(const char *p)
{
	size_t n;

	if (!p)
		return false;
	if (*p == '+')
		p++;
	n = strspn(p, "0123456789x");

	return n && n <= PATTERN_MAX && !p[n];
}

static void check_list(const char *name, const json_t *list, json_t *errors)
{
	if (!json_is_array(list) || json_array_size(list) > PATTERNS_MAX) {
		kind_error(errors, "categories", "wrong-type",
			   "%s: give a list of at most %d patterns", name,
			   PATTERNS_MAX);
		return;
	}

	for (size_t i = 0; i < json_array_size(list); i++) {
		if (pattern_is_good(json_string_value(json_array_get(list, i))))
			continue;
		kind_error(errors, "categories", "bad-pattern",
			   "%s: give digits, x for any digit, a + first", name);
		return;
	}
}

static bool is_category(const char *name)
{
	for (int c = 0; c < NUMBER_CATEGORIES; c++) {
		if (!strcmp(names[c], name))
			return true;
	}

	return false;
}

void number_plan_check(const json_t *categories, json_t *errors)
{
	const char *name;
	json_t *list;

	if (!categories || json_is_null(categories))
		return;
	if (!json_is_object(categories)) {
		kind_error(errors, "categories", "wrong-type",
			   "must be an object of categories and patterns");
		return;
	}

	json_object_foreach((json_t *)categories, name, list)
	{
		if (is_category(name))
			check_list(name, list, errors);
		else
			kind_error(errors, "categories", "unknown-field",
				   "%s is no category: local, national, "
				   "mobile, international, premium, special",
				   name);
	}
}
