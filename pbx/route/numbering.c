/* numbering.c - see numbering.h */
#include "base/json.h"
#include "model/kind.h"
#include "pbx/route/attendant.h"
#include "pbx/route/group.h"
#include "pbx/route/numbering.h"
#include "pbx/trunk/outside_rules.h"

enum { EXTENSION_MIN = 2, EXTENSION_MAX = 7 };

/* What is looked at: a number of a customer, and whose it is to be. */
struct candidate {
	const struct customer *customer;
	const char *number;
	const char *id;
	const char *field;
	json_t *errors;
};

static bool candidate_read(struct candidate *n, const json_t *object,
			   const char *field, json_t *errors)
{
	const char *customer = json_get_text(object, "customer");

	n->field = field;
	n->errors = errors;
	n->id = json_get_text(object, "id");
	n->number = json_get_text(object, field);
	n->customer = customer ? directory_customer(span_of(customer)) : NULL;

	return n->customer && n->id && n->number && n->number[0];
}

static bool begins(const char *number, const char *prefix)
{
	return !strncmp(number, prefix, strlen(prefix));
}

static void say_prefix(const struct candidate *n, const char *shorter,
		       const char *longer, const char *whose)
{
	kind_error(n->errors, n->field, "prefix",
		   "%s begins with %s: the longer one could never be dialled "
		   "digit by digit (the other is %s's)",
		   longer, shorter, whose);
}

/* A number that this one begins with. */
static bool has_shorter(const struct candidate *n)
{
	char head[DIRECTORY_NUMBER_MAX + 1] = "";

	for (size_t len = 1; n->number[len]; len++) {
		const struct span s = { head, (uint32_t)len };
		const struct user *u;
		const struct group *g;

		head[len - 1] = n->number[len - 1];
		u = directory_user_by_extension(n->customer, s);
		g = group_by_number(n->customer, s);
		if (u && strcmp(u->id, n->id) != 0) {
			say_prefix(n, u->extension, n->number, u->name);
			return true;
		}
		if (g && strcmp(g->id, n->id) != 0) {
			say_prefix(n, g->number, n->number, g->name);
			return true;
		}
	}

	return false;
}

static bool is_longer(const struct candidate *n, const char *number)
{
	return begins(number, n->number) && number[strlen(n->number)];
}

/* Most customers' extensions are of one length: nobody need be asked. */
static bool users_are_longer(const struct candidate *n)
{
	const uint32_t *extensions = n->customer->extensions;

	for (size_t i = strlen(n->number) + 1; i <= DIRECTORY_NUMBER_MAX; i++) {
		if (extensions[i])
			return true;
	}

	return false;
}

/* A number that begins with this one. */
static bool has_longer(const struct candidate *n)
{
	const struct group *g = NULL;
	struct le *le = users_are_longer(n) ? list_head(&n->customer->users)
					    : NULL;

	for (; le; le = le->next) {
		const struct user *u = le->data;

		if (is_longer(n, u->extension) && strcmp(u->id, n->id) != 0) {
			say_prefix(n, n->number, u->extension, u->name);
			return true;
		}
	}
	while (group_has_longer(strlen(n->number)) && (g = group_next(g))) {
		if (!strcmp(g->customer, n->customer->id) &&
		    is_longer(n, g->number) && strcmp(g->id, n->id) != 0) {
			say_prefix(n, n->number, g->number, g->name);
			return true;
		}
	}

	return false;
}

static void check_prefix(const struct candidate *n)
{
	const json_t *rules = outside_rules_of(n->customer);
	const char *prefix = rules ? json_get_text(rules, "prefix") : NULL;
	const struct attendant *a = attendant_by_number(n->customer, n->number);

	if (a && strcmp(a->id, n->id) != 0)
		kind_error(n->errors, n->field, "duplicate",
			   "%s is the number of an attendant", n->number);
	else if (prefix && prefix[0] && begins(n->number, prefix))
		kind_error(n->errors, n->field, "prefix",
			   "%s begins with %s, which is dialled for outside",
			   n->number, prefix);
	else if (!has_shorter(n))
		(void)has_longer(n);
}

void numbering_check_user(const json_t *object, json_t *errors)
{
	struct candidate n;
	const struct group *g;
	size_t len;

	if (!candidate_read(&n, object, "extension", errors))
		return;

	len = strlen(n.number);
	if (len < EXTENSION_MIN || len > EXTENSION_MAX ||
	    n.number[strspn(n.number, "0123456789")]) {
		kind_error(errors, "extension", "bad-pattern",
			   "give %d to %d digits", EXTENSION_MIN,
			   EXTENSION_MAX);
		return;
	}

	g = group_by_number(n.customer, span_of(n.number));
	if (g && !group_is_personal(g))
		kind_error(errors, "extension", "duplicate",
			   "%s is the number of group %s", n.number, g->name);
	else
		check_prefix(&n);
}

void numbering_check_group(const json_t *object, json_t *errors)
{
	const char *type = json_get_text(object, "type");
	struct candidate n;
	const struct user *u;

	if (!candidate_read(&n, object, "number", errors))
		return;

	u = directory_user_by_extension(n.customer, span_of(n.number));
	if (u && type && strcmp(type, "personal-ring") != 0 &&
	    strcmp(type, "multi-device") != 0 &&
	    strcmp(type, "external-twin") != 0)
		kind_error(errors, "number", "duplicate",
			   "%s is the extension of %s", n.number, u->name);
	else
		check_prefix(&n);
}

void numbering_check_attendant(const json_t *object, json_t *errors)
{
	struct candidate n;
	const struct user *u;
	const struct group *g;

	if (!candidate_read(&n, object, "number", errors))
		return;

	u = directory_user_by_extension(n.customer, span_of(n.number));
	g = group_by_number(n.customer, span_of(n.number));
	if (u || g)
		kind_error(errors, "number", "duplicate",
			   "%s is the number of %s", n.number,
			   u ? u->name : g->name);
	else
		check_prefix(&n);
}

void numbering_check_rules(const json_t *object, json_t *errors)
{
	const struct group *g = NULL;
	struct candidate n;

	if (!candidate_read(&n, object, "prefix", errors))
		return;

	for (struct le *le = list_head(&n.customer->users); le; le = le->next) {
		const struct user *u = le->data;

		if (begins(u->extension, n.number)) {
			kind_error(errors, "prefix", "prefix",
				   "the extension %s of %s begins with %s",
				   u->extension, u->name, n.number);
			return;
		}
	}
	while ((g = group_next(g))) {
		if (!strcmp(g->customer, n.customer->id) &&
		    begins(g->number, n.number)) {
			kind_error(errors, "prefix", "prefix",
				   "the number %s of group %s begins with %s",
				   g->number, g->name, n.number);
			return;
		}
	}
}
