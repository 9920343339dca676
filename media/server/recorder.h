/* recorder.h - what ports hear, into a WAV file
 *
 * One port or several, added up, or a mixer.  A thread writes; the file has
 * its name only once it is whole and on the disk, then the controllers are told.  It ends
 * by command, at its limit, after a stretch of silence, when its last port
 * closes or when writing fails.  What is wide when it begins is written at
 * 16 kHz.
 */
#ifndef MEDIA_SERVER_RECORDER_H
#define MEDIA_SERVER_RECORDER_H

#include "media/server/port.h"

struct mixer;

enum {
	RECORDER_PORTS_MAX = 2,
	RECORDERS_MAX = 500,
	RECORDER_NAME_MAX = 64,
	RECORDER_FILE_MAX = 200,
	RECORDER_LIMIT_MAX_S = 4000, /* of a WAV file, WAV_BYTES_MAX */
};

struct recorder;

struct recorder_begin {
	const char *name;
	const char *file; /* below the state folder, ends in ".wav" */
	struct port *ports[RECORDER_PORTS_MAX];
	uint32_t port_count;
	struct mixer *mixer; /* in place of ports: all that is said in it */
	uint32_t limit_s;    /* 1..RECORDER_LIMIT_MAX_S */
	uint32_t silence_s;  /* ends after so much of it; 0 never */
};

/** Told when it is over and the file is whole, or not there at all. */
struct recorder_end {
	const char *name;
	const char *file;
	const char *reason; /* "stopped", "limit", "silence", "port-closed",
			       "error" */
	uint64_t ms;
	int err; /* of writing */
};

typedef void(recorder_end_h)(const struct recorder_end *end);

int recorders_init(const char *dir, recorder_end_h *handler);

/** Stop all; true once their files are whole. */
bool recorders_end(void);
void recorders_close(void);

/** 0; EEXIST; EINVAL for a file name that is none; ENOSPC; ENOMEM. */
int recorder_start(const struct recorder_begin *begin);

/** By name, while it records; else NULL. */
struct recorder *recorder_find(const char *name);

const struct list *recorder_list(void);
const char *recorder_name(const struct recorder *r);
uint64_t recorder_samples(const struct recorder *r);

void recorder_pause(struct recorder *r, bool is_paused);
void recorder_stop(struct recorder *r, const char *reason);

#endif
