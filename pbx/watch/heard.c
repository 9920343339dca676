/* heard.c - see heard.h
 *
 * Only for an application with a scope is a frame read as JSON; for the others
 * its head says enough.
 */
#include "base/json.h"
#include "base/libre.h"
#include "pbx/control/application.h"
#include "pbx/watch/heard.h"

/* Types of frames, and the right that each needs. */
static const struct {
	const char *type;
	enum application_right right;
} heard[] = {
	{ "call", RIGHT_CALLS_SEE },
	{ "conference", RIGHT_CALLS_SEE },
	{ "registration", RIGHT_CALLS_SEE },
	{ "hot-desk", RIGHT_CALLS_SEE },
	{ "cdr", RIGHT_RECORDS_READ },
	{ "settings", RIGHT_SETTINGS_SEE },
	{ "voicemail", RIGHT_MESSAGES_READ },
	{ "alarm", RIGHT_ALARMS_SEE },
	{ "emergency", RIGHT_ALARMS_SEE },
};

/* A member of the frame's head, which comes before any text of strangers. */
static struct span head_text(const char *text, size_t len, const char *member)
{
	const char *p = memmem(text, len, member, strlen(member));
	const char *end;

	if (!p)
		return (struct span){ NULL, 0 };
	p += strlen(member);
	end = memchr(p, '"', len - (size_t)(p - text));

	return (struct span){ p, end ? (uint32_t)(end - p) : 0 };
}

static bool may_hear(const struct application *a, struct span type)
{
	for (size_t i = 0; i < ARRAY_SIZE(heard); i++) {
		if (span_equal(type, span_of(heard[i].type)))
			return application_may(a, heard[i].right);
	}

	return false;
}

bool heard_by(const struct application *a, const char *text, size_t len)
{
	const char *data = memmem(text, len, ",\"data\":", 8);
	size_t head = data ? (size_t)(data - text) : 0;
	struct span customer = head_text(text, head, "\"customer\":\"");
	json_t *frame = NULL;
	bool hears;

	if (!customer.p || !span_equal(customer, span_of(a->customer)) ||
	    !may_hear(a, head_text(text, head, "\"type\":\"")))
		return false;
	if (!a->scope)
		return true;
	if (json_read(&frame, (struct span){ text, (uint32_t)len }, 0, NULL))
		return false;
	hears = application_sees_json(a, json_object_get(frame, "data"));
	json_decref(frame);

	return hears;
}
