/* auth.h - who asks: digest, before anything is allocated
 *
 * A request without good credentials is challenged statelessly; an unknown
 * user gets the same answer in the same time as a wrong secret.  Each source
 * has a bucket of challenges and, for each name it tries, a small one of
 * failures.
 *
 * Source: RFC 7616, RFC 8760; reliability.md section 6.
 */
#ifndef PBX_AUTH_H
#define PBX_AUTH_H

#include "pbx/directory.h"
#include "sip/stack.h"

int auth_init(const char *realm, uint32_t challenges_per_s);
void auth_close(void);

/**
 * The phone that sent a request.
 *
 * @return The phone; NULL: the request has been answered (or dropped)
 */
struct phone *auth_phone(const struct sip_message *m, struct sip_flow *flow);

/** Whether a trunk that is asked for digest has shown it; false: the request
 * has been answered. */
bool auth_trunk(const struct sip_message *m, struct sip_flow *flow,
		const char *user, const char *secret);

/** Credentials for a phone: HA1s of its SIP user and secret in our realm. */
void auth_ha1(char md5[33], char sha256[65], const char *sip_user,
	      const char *secret);

struct auth_counts {
	uint64_t accepted;
	uint64_t challenged;
	uint64_t failed;
	uint64_t limited;
};
const struct auth_counts *auth_counts(void);

#endif
