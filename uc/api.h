/* api.h - the uc server's REST: provisioning and what clients ask */
#ifndef UC_API_H
#define UC_API_H

#include "uc/uc.h"

struct router;
struct provision;

/** Serve everything; loads people and sources from the store. */
int uc_api_start(struct router **routerp, struct provision **provisionp,
		 struct uc *uc);

#endif
