/* trunk_access.h - a code that chooses the trunk of a call: *58*ACCESS*NUMBER
 *
 * ACCESS is the trunk's own digits (its field `access`).  The call goes out by
 * that trunk or not at all; everything else is as without the code.
 *
 * Source: domain/pbx.md 4.1 (Individual Trunk Access); CAL-9.
 */
#ifndef PBX_TRUNK_ACCESS_H
#define PBX_TRUNK_ACCESS_H

#include "pbx/route/code.h"

code_run_h trunk_access_run;

#endif
