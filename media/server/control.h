/* control.h - controllers of the media server: DIR/run/media.sock
 *
 * A line of JSON each way.  A request `{"v":1,"id":7,"do":"port.open",...}`
 * has one answer `{"v":1,"id":7,"ok":true,...}` or `{"v":1,"id":7,
 * "ok":false,"code":"...","detail":"..."}`; what happens by itself is told to
 * every controller as `{"v":1,"event":"key","port":9010,"tag":"...",...}`.
 * Nothing that a controller made ends when it goes away.
 */
#ifndef MEDIA_SERVER_CONTROL_H
#define MEDIA_SERVER_CONTROL_H

#include <jansson.h>

enum {
	CONTROL_VERSION = 1,
	CONTROLLERS_MAX = 8,
	CONTROL_LINE_MAX = 65536,
	CONTROL_OUTPUT_MAX = 4 * 1024 * 1024,
};

struct controller;

/** Listen.  0; EADDRINUSE when another media server lives there; an errno. */
int control_open(const char *path);
void control_close(void);

/** Answer a request that was put off: its controller may be gone, which is
 * no error.  Takes the reference of json. */
void control_answer(uint64_t controller, json_t *json);

/** Tell all controllers.  Takes the reference of json. */
void control_tell(json_t *json);

#endif
