/* mail_api.h - REST of voice messages: lists, sound, marks, deletion */
#ifndef PBX_MAIL_API_H
#define PBX_MAIL_API_H

#include "model/route.h"

/** Add the routes.  0 or ENOMEM. */
int mail_api_start(struct router *router);

#endif
