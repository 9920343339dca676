/* reach.h - who is beside us, who is outside, and by what address each
 * reaches us
 *
 * Inside are the networks of the setting `local-nets`.  Outside a translator
 * may stand between: then who is there must be told the address of the
 * setting `external-address`, in Via, Contact and for speech.  Two parties of
 * which only one is inside, or whom we reach by different addresses of ours,
 * need not reach each other: their speech goes through us.
 */
#ifndef PBX_REACH_H
#define PBX_REACH_H

#include "sip/flow.h"

/**
 * Read the settings.
 *
 * @param external Address, or NULL: what is local holds everywhere
 * @param inside   Networks, blanks between
 *
 * @return 0; EINVAL, logged: one of them is no address
 */
int reach_init(const char *external, const char *inside);

/** Whether it is in a network of ours; an unset address is not. */
bool reach_is_inside(const struct sa *sa);

/** Our address as who is there reaches it; NULL: the local one. */
const char *reach_host(const struct sa *remote);

/** Whether two that we reach by these flows may not reach each other. */
bool reach_differs(const struct sip_flow *a, const struct sip_flow *b);

#endif
