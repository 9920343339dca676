/* heard.h - which events an application hears: rights, customer, scope
 *
 * Source: CAL-12.
 */
#ifndef PBX_HEARD_H
#define PBX_HEARD_H

#include <stdbool.h>
#include <stddef.h>

struct application;

/** Whether a frame of the event stream is for it. */
bool heard_by(const struct application *a, const char *text, size_t len);

#endif
