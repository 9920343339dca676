/* lamp.c - see lamp.h */
#include <stdio.h>

#include "phone/engine.h"
#include "phone/lamp.h"
#include "sip/message.h"
#include "sip/stack.h"

enum { LINE_BYTES = 120 };

/* The line of a body that begins so, without its name; false: none. */
static bool find_line(struct span body, const char *name, char out[LINE_BYTES])
{
	size_t len = strlen(name);

	for (uint32_t at = 0; at < body.len;) {
		uint32_t end = at;

		while (end < body.len && body.p[end] != '\n')
			end++;
		if (end - at > len && !strncasecmp(body.p + at, name, len)) {
			(void)snprintf(out, LINE_BYTES, "%.*s",
				       (int)(end - at - len),
				       body.p + at + len);
			return true;
		}
		at = end + 1;
	}

	return false;
}

void lamp_notified(struct engine *e, const struct sip_message *m,
		   struct sip_flow *flow)
{
	char line[LINE_BYTES];
	unsigned fresh = 0, old = 0;
	bool is_on;

	if (!span_equal_nocase(sip_header_value(m, SIP_HEADER_EVENT),
			       SPAN("message-summary"))) {
		(void)sip_refuse(e->sip, m, flow, 489, SPAN(""));
		return;
	}
	(void)sip_refuse(e->sip, m, flow, 200, SPAN(""));
	if (!find_line(m->body, "Messages-Waiting:", line))
		return;
	is_on = strstr(line, "yes") != NULL;
	if (find_line(m->body, "Voice-Message:", line))
		(void)sscanf(line, " %9u/%9u", &fresh, &old);
	engine_event(e, json_pack("{s:s, s:b, s:I, s:I}", "event", "lamp", "on",
				  is_on, "new", (json_int_t)fresh, "old",
				  (json_int_t)old));
}
