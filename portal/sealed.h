/* sealed.h - JSON whose secrets lie encrypted, for the journal of tasks
 *
 * Members that carry secrets (one list of names, sealed.c) are stored as
 * {"sealed": TEXT}.
 */
#ifndef PORTAL_SEALED_H
#define PORTAL_SEALED_H

#include <jansson.h>

struct key_file;

/** What the secrets are bound to. */
#define SEALED_CONTEXT "portal task"

/** Text of a JSON with its secrets sealed; mem_deref() it.  NULL for NULL and
 * without memory. */
char *sealed_text(const struct key_file *keys, const json_t *json);

/** The JSON back again; NULL for NULL and for what does not open. */
json_t *sealed_read(const struct key_file *keys, const char *text);

#endif
