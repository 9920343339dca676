/* attempt.h - how often somebody may try, per name, in five minutes */
#ifndef PORTAL_ATTEMPT_H
#define PORTAL_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

struct attempts;

/** Make an empty register. */
int attempts_alloc(struct attempts **ap);

/** Count one more try of a name.  False if there were `max` already. */
bool attempt_take(struct attempts *a, const char *name, uint32_t max);

/** Give one try of a name back: it succeeded, and others may not have. */
void attempt_return(struct attempts *a, const char *name);

/** Forget a name: it succeeded. */
void attempt_clear(struct attempts *a, const char *name);

#endif
