/* play.h - one story being played: its servers, people and phones
 *
 * A play has a state folder and ports of its own; `holdfast up` runs its
 * servers.  Nothing sleeps: play_until() reads what the phones say until a
 * claim is true or its time is over.
 */
#ifndef STORY_PLAY_H
#define STORY_PLAY_H

#include "base/libre.h"
#include "ctl/layout.h"
#include "ctl/rest.h"
#include "ctl/story/handset.h"
#include "ctl/story/parser.h"
#include "ctl/story/wire.h"

enum {
	PLAY_PEOPLE_MAX = 16,
	PLAY_CUSTOMERS_MAX = 8,
	DEVICES_MAX = 4,
	PLAY_SENSE_MS = 2000, /* where a step does not say "within" */
};

struct customer {
	char web_id[32];
	char id[48];
};

struct objects;
struct person;

struct device {
	struct person *person;
	char kind[12]; /* "desk", "desktop", "mobile", "web" */
	bool through_border;
	const char *transport; /* "tcp", "tls"; NULL: its account's */
	char id[48];           /* of the phone, from whoever made it */
	char number[16];
	char sip_user[80];
	char account[400]; /* its account file, or "" */
	char cache[400];
	char ear[400]; /* file of what it has heard */
	size_t heard;  /* samples of it that sentences have dealt with */
	int tone_hz;
	struct handset *handset; /* NULL while it is not running */
};

struct person {
	char name[32];    /* "alice" */
	char display[32]; /* "Alice" */
	char extension[16];
	char login[72];
	char password[48];
	char email[72];
	char id[48];
	char session[256]; /* token at the uc, or "" */
	struct customer *customer;
	struct device device[DEVICES_MAX];
	size_t devices;
};

struct play {
	const struct story *story;
	char dir[200];
	struct layout layout;
	bool has_all_servers;
	bool has_pair;
	pid_t up;
	int up_out;
	char up_said[4096];
	size_t up_filled;
	bool is_ready;
	int port_lock;
	FILE *api;         /* requests and answers, for the report */
	struct wire *wire; /* between phones and uc, or NULL */

	struct rest portal, uc, pbx, border;
	char url[LAYOUT_SERVERS][96];
	char token[LAYOUT_SERVERS][TOKEN_SIZE];
	char platform[48];

	struct customer customer[PLAY_CUSTOMERS_MAX];
	size_t customers;
	struct person person[PLAY_PEOPLE_MAX];
	size_t people;
	unsigned devices_made;
	struct objects *objects; /* what was put at the pbx, or NULL */

	const struct step *step;
	int64_t begun_us[STORY_STEPS_MAX]; /* when each step did, since 1970 */
	uint64_t step_ms;                  /* when the step began */
	char why[600];                     /* what was true instead */
};

/** A claim about the play that play_until() waits for. */
typedef bool(claim_h)(struct play *p, void *arg);

/**
 * Play a story.
 *
 * @param st   Parsed
 * @param keep Leave the folder in place even when all went well
 * @param why  Filled with the report when it failed; mem_deref() it
 *
 * @return Whether all was true
 */
bool play_story(const struct story *st, bool keep, char **reportp);

/** Read the phones until the claim holds; false after limit_ms. */
bool play_until(struct play *p, unsigned limit_ms, claim_h *claim, void *arg);

/** The step's own time, or the usual one. */
unsigned play_limit(const struct play *p);

/** Say why a step is not true; always false. */
bool play_fail(struct play *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

struct customer *play_customer(struct play *p, const char *web_id);
struct person *play_person(struct play *p, const char *name);

/** The person of the step's slot. */
struct person *step_person(struct play *p, const struct step *s,
			   enum slot slot);

/** The device the step names, else the person's first; NULL after
 * play_fail() when there is none. */
struct device *step_device(struct play *p, const struct step *s);

/** The device of a person that is in a call, else the first. */
struct device *person_device(struct person *who);

/** Add people, customers, devices; NULL after play_fail(). */
struct customer *play_add_customer(struct play *p, const char *web_id);
struct person *play_add_person(struct play *p, const char *name,
			       const char *extension, struct customer *c);

/** The first of a list as "desk,mobile/border/tls"; the list is moved on. */
struct device *play_add_device(struct play *p, struct person *who,
			       const char **listp);

/** Start a device's phone, without waiting for anything. */
bool device_start(struct play *p, struct device *d);

/** Send a command and wait for its reply; false after play_fail(). */
bool device_command(struct play *p, struct device *d, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** `holdfast ctl stop|start NAME` for this play; 0 or an errno. */
int play_server(struct play *p, const char *verb, const char *name);

/** Process id of a server, from its pid file; 0 when it is down. */
pid_t play_server_pid(const struct play *p, const char *name);

#endif
