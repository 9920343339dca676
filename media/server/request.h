/* request.h - what controllers may ask, a row each (request.c) */
#ifndef MEDIA_SERVER_REQUEST_H
#define MEDIA_SERVER_REQUEST_H

#include <jansson.h>

#include "media/server/port.h"
#include "media/server/recorder.h"

/** Make the name of this life of the process: hello tells it. */
void request_init(void);

/** Do what a request says and answer it, now or later. */
void request_run(uint64_t controller, json_t *in);

/** For ports_init() and recorders_init(). */
void request_port_event(const struct port *p, enum port_event event,
			const char *text);
void request_recorder_end(const struct recorder_end *end);

#endif
