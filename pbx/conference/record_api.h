/* record_api.h - recordings over REST
 *
 *   POST   /api/v1/calls/{id}/record        {phone, action}: start, pause,
 *                                           resume, stop, discard
 *   GET    /api/v1/recordings               ?filter[customer]= [user]= [call]=
 *   GET    /api/v1/recordings/{id}          ?customer=, as below
 *   GET    /api/v1/recordings/{id}/sound    a WAV file
 *   DELETE /api/v1/recordings/{id}
 *
 * For the servers of the installation only: who may hear what is decided by
 * the one that asks, which names the customer it asks for (?customer=) and gets nothing of others.
 *
 * Source: SIT-23, CUS-30.
 */
#ifndef PBX_RECORD_API_H
#define PBX_RECORD_API_H

#include "model/route.h"

int record_api_start(struct router *router);

#endif
