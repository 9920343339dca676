/* klass.h - a table of classes, of restriction or of service, by id
 *
 * "class" is a word of other languages.
 */
#ifndef PBX_KLASS_H
#define PBX_KLASS_H

#include <jansson.h>

#include "base/list.h"
#include "pbx/directory.h"

struct klass {
	struct table_entry by_id;
	json_t *object;
	void *more; /* counted; what was read from the object, or NULL */
	char id[DIRECTORY_ID_SIZE];
};

/** The class of that id; NULL when there is none, or id is "". */
struct klass *klass_find(const struct table *t, const char *id);

/** The class that a user has now, by the service mode of the customer: ids
 * for day, first and second night; a night without one has the day's. */
struct klass *klass_now(const struct table *t, const struct customer *c,
			const char ids[][DIRECTORY_ID_SIZE]);

/** Add or change a class; takes over more.  0, EINVAL or ENOMEM. */
int klass_take(struct table *t, json_t *object, void *more);

void klass_remove(struct table *t, const char *id);

/** Forget all, and the table. */
void klass_close(struct table *t);

#endif
