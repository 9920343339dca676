/* voicemail.c - see voicemail.h */
#include <stdio.h>

#include "base/http.h"
#include "uc/at_pbx.h"
#include "uc/voicemail.h"

enum { PATH_BYTES = 256, SOUND_MAX_BYTES = 16 * 1024 * 1024 - 4096 };

/* An id or name that is one part of a path and nothing else. */
static bool is_plain(const char *id)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t len = strlen(id);

	return len && len <= 48 && strspn(id, plain) == len;
}

/* Ask the pbx for what lies below the user's mailbox. */
static void relay(struct http_request *req, const struct caller *caller,
		  struct uc *uc, const char *what, const char *behind)
{
	const char *id = http_param(req, "id");
	char path[PATH_BYTES];

	if (id && !is_plain(id)) {
		reply_not_found(req, "message");
		return;
	}
	(void)snprintf(path, sizeof(path),
		       "/api/v1/mailboxes/%s/%s%s%s%s?as=client", caller->id,
		       what, id ? "/" : "", id ? id : "", behind);
	at_pbx_relay(uc->at_pbx, req, caller->customer, path);
}

static void message(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	relay(req, caller, arg, "messages", "");
}

static void sound(struct http_request *req, const struct caller *caller,
		  void *arg)
{
	relay(req, caller, arg, "messages", "/sound");
}

static void greeting(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	relay(req, caller, arg, "greetings", "");
}

static void own_settings(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	relay(req, caller, arg, "settings", "");
}

#define MESSAGES  "/api/v1/voicemail"
#define GREETINGS "/api/v1/voicemail-greetings"
#define SETTINGS  "/api/v1/voicemail-settings"

static const struct route routes[] = {
	{ "GET", MESSAGES, "voicemail", ACTION_LIST, message, 0,
	  "My voice messages, the oldest first" },
	{ "GET", MESSAGES "/{id}", "voicemail", ACTION_READ, message, 0,
	  "A voice message of mine" },
	{ "GET", MESSAGES "/{id}/sound", "voicemail", ACTION_READ, sound, 0,
	  "Its sound: a WAV file, whole or (Range) a part" },
	{ "PATCH", MESSAGES "/{id}", "voicemail", ACTION_UPDATE, message, 0,
	  "Mark it as read or saved" },
	{ "DELETE", MESSAGES "/{id}", "voicemail", ACTION_DELETE, message, 0,
	  "Delete it" },
	{ "GET", GREETINGS, "voicemail", ACTION_READ, greeting, 0,
	  "My greetings" },
	{ "GET", GREETINGS "/{id}", "voicemail", ACTION_READ, greeting, 0,
	  "The sound of a greeting" },
	{ "PUT", GREETINGS "/{id}", "voicemail", ACTION_UPDATE, greeting,
	  SOUND_MAX_BYTES, "Set a greeting: a WAV file" },
	{ "PATCH", GREETINGS "/{id}", "voicemail", ACTION_UPDATE, greeting, 0,
	  "Use it, or the standard one instead" },
	{ "DELETE", GREETINGS "/{id}", "voicemail", ACTION_UPDATE, greeting, 0,
	  "Take it away" },
	{ "GET", SETTINGS, "mailbox_settings", ACTION_READ, own_settings, 0,
	  "What I have set for my mailbox" },
	{ "PATCH", SETTINGS, "mailbox_settings", ACTION_UPDATE, own_settings, 0,
	  "Change some of it" },
};

int voicemail_routes(struct router *router, struct uc *uc)
{
	return router_routes(router, routes, ARRAY_SIZE(routes), uc);
}
