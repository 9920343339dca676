/* names.h - the table of headers, for the files of sip/ alone */
#ifndef SIP_NAMES_H
#define SIP_NAMES_H

#include "sip/message.h"

struct sip_header_row {
	struct span name; /* NUL-terminated */
	char compact;     /* letter or 0 */
	bool is_single;   /* twice is a fault */
};

extern const struct sip_header_row sip_header_rows[SIP_HEADER_COUNT];

#endif
