/* object.h - how a kind of the portal becomes a plan
 *
 * api.c has the routes all kinds share; what differs is here: which servers
 * keep what of an object, and which rules hold.
 */
#ifndef PORTAL_OBJECT_H
#define PORTAL_OBJECT_H

#include "portal/plan.h"

/** What api.c needs of a kind. */
struct object_kind {
	const char *plural;

	/** Plan its creation; object is complete but for what is filled in
	 * here, and has id, generation and state. */
	void (*create)(struct plan *plan, json_t *object);

	/** Plan a change; after is the whole object to be. */
	void (*change)(struct plan *plan, const json_t *before, json_t *after);

	/** Plan its deletion with all that belongs to it. */
	void (*remove)(struct plan *plan, const json_t *before);
};

extern const struct object_kind customer_object;
extern const struct object_kind user_object;
extern const struct object_kind phone_object;
extern const struct object_kind platform_object;

/** Body for a server: members without the null ones; takes it over. */
json_t *body_clean(json_t *body);

/** What the pbx keeps of an object: the fields of its own kind. */
json_t *pbx_body_of(const struct kind *kind, const json_t *object);

/** Platform group of an object's customer; "" when there is none. */
void plan_platform(char out[48], struct plan *plan, const json_t *object);

/** Field errors for references that lead to nothing of this customer; the
 * task comes after those that make what they lead to. */
void plan_check_refs(struct plan *plan, const struct kind *kind,
		     const json_t *object, const char *customer);

/** Row of a customer that a new object may belong to; else a field error in
 * the plan and NULL.  New reference. */
json_t *plan_customer(struct plan *plan, const json_t *object);

/** Extension or number as long as the customer's extensions. */
void plan_check_length(struct plan *plan, const char *field,
		       const json_t *customer, const char *digits);

/** Told each row whose column has a value. */
typedef void(row_h)(struct plan *plan, const json_t *row, void *arg);

/** Walk the rows of a table where a column (a reference) is this id. */
void plan_each(struct plan *plan, const struct record_table *table,
	       const char *column, const char *id, row_h *h, void *arg);

#endif
