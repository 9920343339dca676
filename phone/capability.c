/* capability.c - see capability.h */
#include <string.h>

#include "phone/capability.h"

#define IDLE       MOMENT_IDLE
#define RINGING    MOMENT_RINGING
#define CALLING    MOMENT_CALLING
#define CONSULTING MOMENT_CONSULTING
#define TALKING    (MOMENT_CONNECTED | MOMENT_CONSULTING)
#define HELD       MOMENT_HELD
#define FAILED     MOMENT_FAILED
#define ANY_CALL   (RINGING | CALLING | TALKING | HELD | FAILED)
#define ALWAYS     (IDLE | ANY_CALL)

#define WORKS      OFFLINE_WORKS
#define KEPT       OFFLINE_KEPT
#define GONE       OFFLINE_GONE

#define PHONE      NEED_PHONE
#define UC         NEED_UC
#define NONE       NEED_NOTHING

/* clang-format off */
const struct capability capabilities[] = {
	/* name            command       row       when            down   need   built limited */
	{ "call",          "call",       "SIT-1",  ALWAYS,         WORKS, PHONE, true  },
	{ "answer",        "answer",     "SIT-10", RINGING,        WORKS, PHONE, true  },
	{ "decline",       "decline",    "SIT-1",  RINGING,        WORKS, PHONE, true  },
	{ "hang-up",       "hangup",     "SIT-2",  ANY_CALL,       WORKS, PHONE, true, true },
	{ "hold",          "hold",       "SIT-15", TALKING,        WORKS, PHONE, true  },
	{ "retrieve",      "retrieve",   "SIT-16", HELD | CONSULTING, WORKS, PHONE, true },
	{ "mute",          "mute",       "SIT-1",  TALKING | HELD, WORKS, PHONE, true, true },
	{ "unmute",        "unmute",     "SIT-1",  TALKING | HELD, WORKS, PHONE, true, true },
	{ "keypad",        "dtmf",       "SIN-1",  TALKING | CALLING, WORKS, PHONE, true },
	{ "redirect",      "redirect",   "SIT-8",  RINGING,        GONE,  PHONE, true  },
	{ "consult",       "consult",    "SIT-12", TALKING,        GONE,  PHONE, true  },
	{ "transfer",      "transfer",   "SIT-13", TALKING | HELD, GONE,  PHONE, true  },
	{ "conference",    "conference", "SIT-14", CONSULTING,     GONE,  PHONE, true  },
	{ "trade",         "trade",      "SIT-27", CONSULTING,     GONE,  PHONE, true  },
	{ "record",        "record",     "SIT-23", TALKING,        GONE,  PHONE, true  },
	{ "call-back",     NULL,         "SIN-8",  CALLING | FAILED, GONE, PHONE, false },
	{ "recall",        NULL,         "SIT-26", ALWAYS,         WORKS, PHONE, false },
	{ "watch",         "watch",      "CAL-4",  ALWAYS,         WORKS, PHONE, true  },
	{ "unwatch",       "unwatch",    "CAL-4",  ALWAYS,         WORKS, PHONE, true  },
	{ "pick-up",       "pick-up",    "CAL-4",  ALWAYS,         WORKS, PHONE, true  },
	{ "keys",          "keys",       "CAL-6",  ALWAYS,         WORKS, PHONE, true  },
	{ "press",         "press",      "CAL-6",  ALWAYS,         WORKS, PHONE, true  },
	{ "dnd",           NULL,         "SIT-3",  ALWAYS,         KEPT,  PHONE, true  },
	{ "auto-answer",   NULL,         "SIT-4",  ALWAYS,         KEPT,  PHONE, true  },
	{ "send-calls-to", NULL,         "SIT-5",  ALWAYS,         KEPT,  UC,    true  },
	{ "on-the-phone",  NULL,         "SIT-6",  ALWAYS,         KEPT,  UC,    true  },
	{ "if-no-answer",  NULL,         "SIT-7",  ALWAYS,         KEPT,  UC,    true  },
	{ "login-notify",  NULL,         "SIT-17", ALWAYS,         GONE,  UC,    false },
	{ "history",       "history",    "SIT-18", ALWAYS,         WORKS, NONE,  true  },
	{ "contacts",      "directory",  "SIT-20", ALWAYS,         WORKS, UC,    true  },
	{ "add-contact",   NULL,         "SIT-19", ALWAYS,         GONE,  UC,    false },
	{ "presence",      NULL,         "SIN-7",  ALWAYS,         GONE,  UC,    true  },
	{ "voicemail",     NULL,         "SIT-21", ALWAYS,         WORKS, PHONE, true  },
	{ "visual-voicemail", NULL,      "SIT-21", ALWAYS,       GONE,  UC,    true  },
	{ "chat",          "chat",       "SIT-22", ALWAYS,         GONE,  UC,    false },
	{ "status",        "status",     "SIN-8",  ALWAYS,         GONE,  UC,    false },
	{ "acd",           NULL,         "SIT-24", ALWAYS,         KEPT,  UC,    false },
	{ "hot-desk",      NULL,         "SIT-25", ALWAYS,         KEPT,  UC,    false },
	{ "try-now",       "try",        "SIN-5",  ALWAYS,         WORKS, UC,    true  },
};
/* clang-format on */

const size_t capability_count = sizeof(capabilities) / sizeof(capabilities[0]);

const struct capability *capability_find(const char *word)
{
	for (size_t i = 0; i < capability_count; i++) {
		const struct capability *c = &capabilities[i];

		if (!strcmp(c->name, word) ||
		    (c->command && !strcmp(c->command, word)))
			return c;
	}

	return NULL;
}

const char *capability_refusal(const struct capability *c,
			       const struct surroundings *now)
{
	if ((c->need == NEED_UC && !now->has_uc) ||
	    (c->need == NEED_PHONE && !now->has_phone))
		return "not-offered";
	if (now->has_uc && !now->is_online && c->offline != OFFLINE_WORKS)
		return "not-available-offline";
	if (!c->is_built)
		return "not-built";
	if (!(c->moments & now->moment))
		return "not-offered";
	if (now->is_limited && !(c->moments & MOMENT_IDLE) && !c->works_limited)
		return "call-limited";

	return NULL;
}

const char *capability_sentence(const char *code)
{
	if (!strcmp(code, "not-available-offline"))
		return "Not available while the connection to the server is "
		       "lost.";
	if (!strcmp(code, "call-limited"))
		return "The pbx of this call is lost: speech goes on, the call "
		       "can only be hung up.";
	if (!strcmp(code, "not-built"))
		return "This release does not do that.";

	return "Not possible now.";
}
