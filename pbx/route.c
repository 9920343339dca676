/* route.c - see route.h */
#include "pbx/route.h"

static void refuse(struct routing *r, uint16_t status, const char *cause)
{
	r->status = status;
	r->cause = cause;
	r->count = 0;
}

/* Digits, *, # and a leading +; blanks and the marks that people write
 * between digits are dropped.  False when it is no number. */
static bool number_clean(char *out, struct span dialled)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < dialled.len; i++) {
		char c = dialled.p[i];

		if (c == ';') /* user parameters */
			break;
		if (c == '-' || c == '.' || c == '(' || c == ')' || c == ' ')
			continue;
		if (!((c >= '0' && c <= '9') || c == '*' || c == '#' ||
		      (c == '+' && n == 0)))
			return false;
		if (n >= DIRECTORY_NUMBER_MAX)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';

	return n > 0;
}

static void add_phone(struct routing *r, const struct phone *caller,
		      struct phone *p, bool *self)
{
	if (p == caller) {
		*self = true;
		return;
	}
	if (r->count < DIRECTORY_PHONES_MAX)
		r->phones[r->count++] = p;
}

static void ring_user(struct routing *r, const struct phone *caller,
		      struct trail *trail)
{
	bool self = false;
	struct le *le;

	for (le = list_head(&r->user->phones); le; le = le->next) {
		struct phone *p = le->data;

		if (p->rings_with_user)
			add_phone(r, caller, p, &self);
	}

	if (trail)
		trail_add(trail, "%s is the extension of %s: %u phone%s",
			  r->number, r->user->name, r->count,
			  r->count == 1 ? "" : "s");
	if (!r->count)
		refuse(r, self ? 486 : 480,
		       self ? "Calls Oneself" : "No Phone");
}

static void ring_lines(struct routing *r, const struct phone *caller,
		       struct phone *p, struct trail *trail)
{
	bool self = false;

	r->user = p->user;
	for (; p; p = directory_phone_next(p))
		add_phone(r, caller, p, &self);

	if (trail)
		trail_add(trail, "%s is a phone line: %u phone%s", r->number,
			  r->count, r->count == 1 ? "" : "s");
	if (!r->count)
		refuse(r, 486, "Calls Oneself");
}

void route_number(struct routing *r, const struct phone *caller,
		  struct span dialled, uint32_t hops, struct trail *trail)
{
	const struct customer *c = caller->customer;
	struct phone *p;

	memset(r, 0, sizeof(*r));

	if (!c) {
		refuse(r, 403, "Phone Removed");
		return;
	}
	if (hops >= ROUTE_HOPS_MAX) {
		if (trail)
			trail_add(trail, "routed %u times: a loop", hops);
		refuse(r, 482, "Loop Detected");
		return;
	}
	if (!number_clean(r->number, dialled)) {
		if (trail)
			trail_add(trail, "what was dialled is no number");
		refuse(r, 404, "No Such Number");
		return;
	}

	r->user = directory_user_by_extension(c, span_of(r->number));
	if (r->user) {
		ring_user(r, caller, trail);
		return;
	}

	p = directory_phone_by_number(c, span_of(r->number));
	if (p) {
		ring_lines(r, caller, p, trail);
		return;
	}

	if (trail)
		trail_add(trail, "nobody of %s has the number %s", c->name,
			  r->number);
	refuse(r, 404, "No Such Number");
}
