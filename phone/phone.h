/* phone.h - the softphone engine, seen from its face
 *
 * A phone is one thread with a loop of its own: account, registration, calls,
 * sound, the link to the uc server.  A face (the command line, the desktop
 * window) holds a `struct phone`, posts command lines and reads events; no
 * object of the engine crosses.  Commands and events are the text that
 * holdfast-phone(1) describes: one command a line, one JSON object an event,
 * so that every face and every test speaks the same language.
 *
 * Source: design.md sections 6 and 7; SIN-1..11, SIT-1..27.
 */
#ifndef PHONE_H
#define PHONE_H

#include <stdbool.h>
#include <stddef.h>

struct phone;

enum {
	PHONE_LINE_MAX = 4096,   /* octets of a command line */
	PHONE_CALLS_MAX = 8,     /* calls at once; further ones hear busy */
	PHONE_EVENTS_MAX = 4096, /* events a face may leave unread */
};

/** How to start a phone.  NULL means the default in brackets. */
struct phone_options {
	const char *account;   /* file, deployment link, or NULL [state] */
	const char *client;    /* desktop, web, mobile, desk [account's] */
	const char *audio;     /* tone:HZ, file:W, none [none] */
	const char *state_dir; /* [~/.local/state/holdfast-phone/ID] */
	const char *transport; /* udp, tcp, tls [account's] */
	const char *trace;     /* file for every SIP message, or NULL */
	const char *ear;       /* file for all that is heard, or NULL */
	const char *ca_file;   /* trusted for TLS [the system's] */
	uint32_t failback_s; /* first registrar well before going back [120] */
};

/**
 * Start an engine.
 *
 * @param pp   Set on success only; stop with phone_stop()
 * @param opt  Copied
 * @param why  On failure a sentence for the user
 * @param size Octets at why
 *
 * @return 0; EINVAL for a bad option or account; ENOENT; EACCES when a
 *         deployment link was used before; ENOMEM
 */
int phone_start(struct phone **pp, const struct phone_options *opt, char *why,
		size_t size);

/**
 * Post one command line.  Its `reply` event comes later, never from here.
 *
 * @return 0; EMSGSIZE beyond PHONE_LINE_MAX; EPIPE once the engine has ended;
 *         ENOMEM
 */
int phone_command(struct phone *p, const char *line);

/** A descriptor that is readable while events wait (an eventfd). */
int phone_event_fd(const struct phone *p);

/**
 * Take the next event.
 *
 * @return JSON text without line end, freed with free(); NULL when none waits
 */
char *phone_event_take(struct phone *p);

/** Whether the engine has ended (after `quit`) and all events are taken. */
bool phone_is_over(const struct phone *p);

/**
 * End all calls, unregister (at most two seconds) and free everything.
 * NULL is harmless.
 */
void phone_stop(struct phone *p);

#endif
