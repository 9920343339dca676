/* engine.h - what the parts of a phone share, inside its own thread
 *
 * The engine is made by phone.c when its thread starts and lives until the
 * thread ends.  Nothing here is touched from the face's thread.
 */
#ifndef PHONE_ENGINE_H
#define PHONE_ENGINE_H

#include <jansson.h>

#include "base/libre.h"
#include "base/wheel.h"
#include "phone/account.h"
#include "phone/capability.h"
#include "phone/media.h"

struct audio;
struct cache;
struct call;
struct http_client;
struct key_table;
struct diary;
struct phone;
struct registration;
struct sip;
struct trace;
struct uc_link;

enum { ENGINE_PATH_MAX = 1024, ENGINE_CLOSE_MS = 2000 };

/** What the user has set; kept in the snapshot. */
struct settings {
	bool dnd; /* refuse calls */
	bool auto_answer;
	bool busy; /* a test's tool: refuse as if on the phone */
};

struct engine {
	struct phone *phone; /* where events go */
	struct account *account;
	char state_dir[ENGINE_PATH_MAX];
	struct sa local;    /* our address as the registrar sees it */
	struct media media; /* of calls to come */
	struct audio *audio;
	int ear; /* file of what is heard, or -1 */
	struct sip *sip;
	struct tls *tls;
	struct trace *trace; /* or NULL */
	struct http_client *http;
	const char *ca_file;               /* for https; NULL: the system's */
	struct list askings;               /* of voice_mail.c, in flight */
	struct registration *registration; /* NULL without registrar */
	struct uc_link *link;              /* NULL without uc */
	struct cache *cache;
	struct diary *diary;
	struct list calls;      /* struct call, oldest first */
	struct list subscribes; /* what we ask to be told of, oldest first */
	struct list watches;    /* numbers with a lamp, oldest first */
	struct key_table *keys; /* NULL without registrar */
	uint32_t call_serial;
	uint32_t failback_ms; /* registration.h */
	struct settings settings;
	bool is_closing;
	struct wheel_timer close_timer;
};

/** Whether the uc is there; false for a phone without one. */
bool engine_is_online(const struct engine *e);

/** The moment of a call, or of the phone when call is NULL. */
enum moment engine_moment(const struct engine *e, const struct call *c);

/** End everything in order, then stop the loop. */
void engine_quit(struct engine *e);

/** A call or the registration has gone: see whether the engine may end. */
void engine_check_closed(struct engine *e);

/** Put an event in the face's queue; takes the reference over. */
void engine_event(struct engine *e, json_t *event);

#endif
