/* id.h - names of objects: 26 characters, ordered by time of birth
 *
 * 48 bits of wall milliseconds and 80 random bits in Crockford's base32,
 * lower case.  Ids made by one process in one millisecond are still in order.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>

enum { ID_SIZE = 27 };

/** Make a new id, NUL included.  Never fails. */
void id_make(char out[ID_SIZE]);

/** Whether a text has the form of an id. */
bool id_is_valid(const char *text);

#endif
