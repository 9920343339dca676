/* recording.h - recordings of calls, on disk
 *
 * A row and a file each: DIR/pbx/recordings/CUSTOMER/ID.wav.  The row is
 * written when a recording begins and says when it was paused, resumed and
 * stopped; the file has its name once it is whole.  What an earlier life of
 * the process began is finished, or removed with its row when nothing of it
 * is there.
 *
 * Source: domain/pbx.md 4.1 Recording; SIT-23, CUS-30.
 */
#ifndef PBX_RECORDING_H
#define PBX_RECORDING_H

#include <jansson.h>

#include "pbx/directory.h"

enum {
	RECORDING_PATH = 512,
	RECORDING_NAME = 64,
	RECORDING_MARKS_MAX = 100,
	RECORDING_LIMIT_S = 1000, /* of one file: an answer of HTTP holds it */
};

struct recording {
	struct table_entry by_id;
	struct le le; /* of all, the oldest first */
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char call[40];                /* of a conference: its id */
	char user[DIRECTORY_ID_SIZE]; /* whose class decides; or "" */
	char number[DIRECTORY_NUMBER_MAX + 1];
	char name[RECORDING_NAME];
	char peer[DIRECTORY_NUMBER_MAX + 1];
	char peer_name[RECORDING_NAME];
	uint64_t at_ms;     /* wall clock */
	uint64_t length_ms; /* once it is whole */
	json_t *marks;      /* [{"at_ms", "what"}] */
	bool is_whole;
	bool is_paused;
	bool is_dropped; /* goes when it ends */
	bool goes_on;    /* the media server says so */
	bool is_unsaved; /* its row is tried again */
};

/** Open the table and read it, with the state folder; remove after days, 0
 * never. */
int recordings_start(const char *dir, uint32_t days);
void recordings_close(void);

/** All: struct recording, le. */
const struct list *recording_list(void);
struct recording *recording_find(const char *id);

/** Begin one, as filled in but for id, time and marks.  0; an errno. */
int recording_begin(struct recording **rp, const struct recording *like);

/** Note what has happened: "started", "paused", "resumed", "stopped". */
void recording_mark(struct recording *r, const char *what);

/** It has ended: kept with this length, or removed when it is dropped or
 * shorter than a packet. */
void recording_end(struct recording *r, uint64_t length_ms, bool is_good);

/** Row first, then file. */
void recording_delete(struct recording *r);

/** All of a customer's. */
void recordings_forget(const char *customer);

/** Name of its file below the state folder; whole path. */
void recording_file(const struct recording *r, char out[RECORDING_PATH]);
void recording_path(const struct recording *r, char out[RECORDING_PATH]);

/** Those that nobody goes on with are finished: what is there of them. */
void recordings_settle(void);

const char *recording_state(const struct recording *r);

#endif
