/* did.h - numbers by which the outside reaches a customer
 *
 * A DID, or a range of them, belongs to one customer and leads to a number
 * inside it: the one named (a range counts on from it), a user's extension,
 * or the last digits of what was called, as many as an extension has.
 * Numbers are compared without a leading +.
 *
 * Source: domain/pbx.md 10; CUS-11, CAL-3.
 */
#ifndef PBX_DID_H
#define PBX_DID_H

#include <jansson.h>

#include "model/pbx_kinds.h"
#include "model/provision.h"
#include "pbx/directory.h"
#include "pbx/speech/preface.h"

int did_init(void);
void did_close(void);

/** For the kind's hooks: refuses what overlaps another DID. */
int did_check(struct provision_change *change);

int did_take(json_t *object, void *arg);
void did_remove(const char *id);

/** Where a DID leads. */
struct did_target {
	struct customer *customer;
	char id[DIRECTORY_ID_SIZE];            /* the DID's own */
	char number[DIRECTORY_NUMBER_MAX + 1]; /* inside the customer */
	bool has_language;                     /* its callers hear */
	bool is_french;
};

/** Find a called number.  0 or ENOENT. */
int did_find(struct did_target *target, const char *number);

/** What callers of it hear first; whether there is such a DID. */
enum preface did_preface(const char *id);
bool did_is_known(const char *id);

/** The DID that leads to a user by name, or NULL. */
const char *did_of_user(const struct user *u);

#endif
