/* reason.h - status codes and their phrases, one table */
#ifndef SIP_REASON_H
#define SIP_REASON_H

#include <stdint.h>

/** Phrase of a status, or that of its class (x00) when unknown; never NULL */
const char *sip_reason(uint16_t status);

#endif
