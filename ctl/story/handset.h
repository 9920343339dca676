/* handset.h - a real phone, run as a process and led by its lines
 *
 * One `holdfast phone` each: commands go to its standard input, events come
 * back as JSON lines.  The handset keeps what is true now (calls, link,
 * registration, what the ear hears) with the moment it became so.
 */
#ifndef STORY_HANDSET_H
#define STORY_HANDSET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	HANDSET_CALLS_MAX = 8,
	HANDSET_KEYS_MAX = 64,
	HANDSET_NOTE_MAX = 500,
	HANDSET_LAMPS_MAX = 32,
};

/** Connection states of ECMA-269, as the phone names them. */
struct handset_call {
	char id[64];
	char state[16];
	char peer[64];
	char name[64];
	bool is_incoming;
	uint64_t since_ms; /* when it came to this state */
};

/** The lamp of a number. */
struct handset_lamp {
	char number[40];
	char state[16];
};

struct handset_ear {
	char what[24];  /* "tone", "ringback", "busy", "music", "silence" */
	int hz;         /* of a tone */
	uint64_t at_ms; /* when the phone last said so */
};

struct handset {
	pid_t pid;
	int in;      /* its standard input */
	int out;     /* its standard output */
	char *trace; /* file of its SIP messages */
	char *log;   /* file of its standard error */

	size_t filled;
	char buffer[65536];

	bool is_registered;
	char registration[32];
	char registrar[96]; /* the last one told of */
	bool is_online;
	bool has_lamp;                   /* messages wait */
	char note[HANDSET_NOTE_MAX + 1]; /* last text that came */
	int messages;                    /* that are new */
	struct handset_lamp lamp[HANDSET_LAMPS_MAX];
	char link[24];
	char banner[128];
	struct handset_call call[HANDSET_CALLS_MAX];
	struct handset_ear ear;
	char keys[HANDSET_KEYS_MAX + 1]; /* DTMF heard, oldest first */
	unsigned rings; /* calls that came in since somebody dialled */

	unsigned replies; /* got so far */
	bool reply_ok;
	char reply_error[200];
	json_t *reply;            /* the last one */
	char last_events[8][256]; /* for a failure report, a ring */
	unsigned events;
};

/** How to run one. */
struct handset_options {
	const char *account; /* file, or URL of a deployment link */
	const char *client;  /* "desk", "desktop", ... */
	const char *trace;
	const char *log;
	const char *ear;       /* file of what is heard */
	const char *cache;     /* folder where the phone keeps its snapshot */
	const char *transport; /* "tcp", "tls", or NULL: its account's */
	const char *ca;        /* file of the CA, for TLS */
	int tone_hz;
};

/** Start one; mem_deref() kills it.  0 or an errno. */
int handset_start(struct handset **hp, const struct handset_options *o);

/** Send a line of command. */
void handset_say(struct handset *h, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** Take what it said; call when `out` is readable.  False at its end. */
bool handset_read(struct handset *h);

/** The first call in a state ("alerting" with an incoming one when
 * is_incoming), or NULL. */
struct handset_call *handset_call_in(struct handset *h, const char *state,
				     int is_incoming);

/** Any call, also a failed one that still sounds busy, or NULL. */
struct handset_call *handset_call_any(struct handset *h);

#endif
