/* people.h - the users the uc server knows, in memory
 *
 * Filled from the store at start and by provisioning after each commit; read
 * by everything else.  A person lives until the next change of the table, so
 * nobody keeps the pointer over a turn of the loop.
 */
#ifndef UC_PEOPLE_H
#define UC_PEOPLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct people;

struct person {
	const char *id;
	const char *customer;
	const char *login; /* name part, lower case */
	const char *web_id;
	const char *name;
	const char *extension; /* "" without */
	const char *email;
	const char *language;
};

int people_alloc(struct people **pp);

/** Take a customer as provisioned ({"id","web_id",…}).  0, EINVAL, ENOMEM. */
int people_put_customer(struct people *p, const json_t *customer);
void people_drop_customer(struct people *p, const char *id);

/** Platform group of a customer; "" when there is none. */
const char *people_platform(const struct people *p, const char *customer);

/** Take a user as provisioned.  0, EINVAL, ENOMEM. */
int people_put_user(struct people *p, const json_t *user);
void people_drop_user(struct people *p, const char *id);

/** By id; NULL when there is none. */
const struct person *people_find(const struct people *p, const char *id);

/** By "name@web-id", any case; NULL when there is none. */
const struct person *people_by_login(const struct people *p, const char *login);

/** Called for each person of a customer; true from the handler ends it. */
typedef bool(people_h)(const struct person *person, void *arg);
void people_each(const struct people *p, const char *customer, people_h *h,
		 void *arg);

#endif
