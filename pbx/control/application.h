/* application.h - programs of third parties: who they are, what they see
 *
 * An application has a token of its own (kept as a hash), rights
 * (model/application_rights.h), the users it sees, and limits.  It is the
 * customer's: what it asks and hears is of that customer only, and of its
 * users where its scope names some.  Which route needs which right and what a
 * route is about is application_gate.c's table.
 *
 * Whoever serves a request for one finds it with application_of(); NULL is a
 * server of the installation, which sees everything.  All application_sees_*
 * are true for NULL.
 *
 * Source: CAL-12.
 */
#ifndef PBX_APPLICATION_H
#define PBX_APPLICATION_H

#include <jansson.h>

#include "base/span.h"
#include "base/wheel.h"
#include "pbx/directory.h"

struct call;
struct conference;
struct http_request;
struct leg;
struct store;

enum application_right {
#define APPLICATION_RIGHT(name, text, help, help_fr) RIGHT_##name,
#include "model/application_rights.h"
#undef APPLICATION_RIGHT
	RIGHTS,
};

#define RIGHT_BIT(right) (1u << (right))

struct application {
	struct table_entry by_id;
	struct table_entry by_hash;
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char name[128];
	char token_hash[65];
	uint32_t rights;        /* of RIGHT_BIT() */
	uint32_t version;       /* another one: what it sees has changed */
	uint32_t token_version; /* another one: it has another token */
	json_t *scope;          /* array of ids and extensions; NULL: all */
	uint64_t expires_ms;
	uint64_t last_used_ms;
	uint64_t saved_ms; /* of last_used_ms, on the disk */
	struct wheel_timer expiry;
	uint64_t refilled_ms; /* the bucket of requests, mono */
	uint32_t bucket;      /* thousandths of a request */
	uint16_t requests_per_s;
	uint8_t streams;
	uint8_t streams_max;
	bool is_enabled;
	bool is_removed;
};

int application_init(void);
void application_close(void);

/** When each was last used. */
int application_start(struct store *store);

/** Add, change or forget one; a stream that it may not read any more ends. */
int application_take(json_t *object, void *arg);
void application_remove(const char *id);

/** What is wrong with one that is to be stored; before may be NULL. */
void application_check(const json_t *object, const json_t *before,
		       json_t *errors);

/** Live values of one that is answered. */
void application_view(json_t *object);

/** The one that has this token and may use it now, or NULL. */
struct application *application_find(const char *token);
struct application *application_by_id(const char *id);

/** Enabled, not expired, not removed. */
bool application_is_valid(const struct application *a);

/** It asks now: true, or the milliseconds until it may again. */
bool application_admits(struct application *a, uint32_t *wait_msp);

/** Who asks, or NULL: not an application. */
struct application *application_of(const struct http_request *req);

bool application_may(const struct application *a, enum application_right right);
const char *application_right_name(enum application_right right);

bool application_sees_customer(const struct application *a, const char *id);
bool application_sees_user(const struct application *a, const char *customer,
			   const char *user);
bool application_sees_phone(const struct application *a, const struct phone *p);
bool application_sees_call(const struct application *a,
			   const struct call *call);
bool application_sees_leg(const struct application *a, const struct leg *leg);

/** Ids of the users of its scope as a JSON array, mem_deref(); NULL without
 * memory or scope. */
char *application_users(const struct application *a);

/** Whoever began it is one of its users. */
bool application_sees_conference(const struct application *a,
				 const struct conference *c);

/** A record, or anything else that names users: members `user`, `caller` and
 * `callee` with `user`, `phone`, `call`. */
bool application_sees_json(const struct application *a, const json_t *json);

/** Those entries of a list that it sees; takes the list over. */
json_t *application_visible(const struct application *a, json_t *list);

#endif
