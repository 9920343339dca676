/* announce.c - see announce.h */
#include "pbx/speech/announce.h"
#include "pbx/speech/answer.h"
#include "pbx/route/code.h"

enum { DONE = 603 }; /* of a code that has done its work */

/* What a code says when it has; others give the tone only. */
static const struct {
	const char *code;
	const char *prompt;
} done[] = {
	{ "forward-always", "forward-set" },
	{ "forward-always-off", "forward-cancelled" },
	{ "forward-busy", "forward-set" },
	{ "forward-busy-off", "forward-cancelled" },
	{ "forward-no-answer", "forward-set" },
	{ "forward-no-answer-off", "forward-cancelled" },
	{ "forward-not-registered", "forward-set" },
	{ "forward-not-registered-off", "forward-cancelled" },
	{ "dnd", "dnd-on" },
	{ "dnd-off", "dnd-off" },
	{ "reject-anonymous", "anonymous-refused" },
	{ "reject-anonymous-off", "anonymous-taken" },
	{ "service-mode", "service-schedule" },
	{ "service-day", "service-day" },
	{ "service-night1", "service-night1" },
	{ "service-night2", "service-night2" },
	{ "block", "number-blocked" },
	{ "unblock", "number-unblocked" },
	{ "forward-for", "forward-set" },
	{ "forward-for-off", "forward-cancelled" },
	{ "dnd-for", "dnd-on" },
	{ "dnd-for-off", "dnd-off" },
	{ "clear-for", "features-cleared" },
	{ "message", "message-left" },
	{ "message-off", "message-taken-back" },
	{ "reminder", "reminder-set" },
	{ "reminder-off", "reminder-cancelled" },
	{ "callback", "callback-set" },
	{ "callback-last", "callback-set" },
	{ "callback-off", "callback-cancelled" },
	{ "auto-answer", "auto-answer-on" },
	{ "auto-answer-off", "auto-answer-off" },
	{ "clear", "features-cleared" },
	{ "speed-store", "number-stored" },
	{ "park", "call-parked" },
	{ "park-at", "call-parked" },
	{ "park-group", "call-parked" },
	{ "hot-desk-login", "logged-in" },
	{ "hot-desk-logout", "logged-out" },
	{ "hot-desk-remote-logout", "logged-out" },
};

/* Why a code has not, where its phrase says more than the status. */
static const struct {
	const char *cause;
	const char *prompt;
} causes[] = {
	{ "Wrong PIN", "pin-wrong" },
	{ "PIN Locked", "pin-locked" },
	{ "Busy Elsewhere", "desk-busy" },
	{ "No Hot Desk", "desk-refused" },
	{ "No Hot-desk User", "desk-refused" },
};

/* Why not.  Only codes say those that are no intercepts. */
static const struct {
	uint16_t status;
	const char *prompt;
	bool is_intercept;
} reasons[] = {
	{ 403, "not-permitted", true }, { 404, "number-unknown", true },
	{ 423, "locked-out", false },   { 480, "nobody-there", false },
	{ 486, "party-busy", false },   { 500, "code-failed", false },
};

struct announcement {
	struct answer *answer;
	const char *prompt; /* or NULL */
	const char *cause;
	uint16_t status; /* 0: the code has done its work */
	uint16_t otherwise;
};

static void say(void *arg)
{
	struct announcement *n = arg;

	if (!n->status)
		answer_say(n->answer, "confirm");
	if (n->prompt)
		answer_say(n->answer, n->prompt);
	if (n->status)
		answer_say(n->answer, "reorder");
	answer_refuse(n->answer, n->status, n->cause);
}

/* The status alone, after all. */
static void lost(void *arg)
{
	struct announcement *n = arg;

	call_refused(answer_call(n->answer), n->otherwise, n->cause);
}

static const struct answer_owner owner = {
	.away = NULL,
	.opened = say,
	.lost = lost,
};

static const char *prompt_done(const struct code *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(done); i++) {
		if (!strcmp(done[i].code, code_name(code)))
			return done[i].prompt;
	}

	return NULL;
}

/* False when nothing is said for this status. */
static bool reason_find(const char **promptp, const struct call *call,
			uint16_t status, const char *cause)
{
	*promptp = NULL;
	for (size_t i = 0; call->code && cause && i < ARRAY_SIZE(causes); i++) {
		if (strcmp(causes[i].cause, cause) != 0)
			continue;
		*promptp = causes[i].prompt;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].status != status ||
		    (!call->code && !reasons[i].is_intercept))
			continue;
		*promptp = reasons[i].prompt;
		return true;
	}

	return call->code != NULL;
}

bool announce_takes(struct call *call, uint16_t status, const char *cause)
{
	const struct phone *p = call->caller->phone;
	bool is_done = call->code && status == DONE;
	const char *prompt = NULL;
	struct announcement *n;
	int err;

	if (call->answer || call->is_emergency || !call->caller->asked || !p ||
	    !p->customer || !(call->code || p->customer->has_announcements))
		return false;
	if (is_done)
		prompt = prompt_done(call->code);
	else if (!reason_find(&prompt, call, status, cause))
		return false;

	n = mem_zalloc(sizeof(*n), NULL);
	if (!n)
		return false;
	n->status = is_done ? 0 : status;
	n->otherwise = status;
	n->cause = cause;
	n->prompt = prompt;
	err = answer_begin(&n->answer, call, &owner, n,
			   is_done ? ANSWER_CONNECT : ANSWER_EARLY);
	mem_deref(n);
	if (err)
		return false;

	trail_add(&call->trail, "the caller is told: %s",
		  prompt    ? prompt
		  : is_done ? "done"
			    : "not done");

	return true;
}
