/* call_private.h - what call.c and call_begin.c share */
#ifndef PBX_CALL_PRIVATE_H
#define PBX_CALL_PRIVATE_H

#include "pbx/call/call.h"

/** The caller has given up before an answer; arg: its leg. */
void call_cancelled(const struct sip_message *m, void *arg);

/** The caller has acknowledged the answer, or never did. */
void call_acknowledged(int err, const struct sip_message *m, void *arg);

#endif
