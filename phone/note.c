/* note.c - see note.h */
#include "phone/engine.h"
#include "phone/note.h"
#include "sip/address.h"
#include "sip/message.h"
#include "sip/stack.h"

enum { NOTE_MAX_BYTES = 2000 };

static bool is_plain(const struct sip_message *m)
{
	struct span type = sip_header_value(m, SIP_HEADER_CONTENT_TYPE);
	const struct span plain = SPAN("text/plain");

	return type.len >= plain.len &&
	       !strncasecmp(type.p, plain.p, plain.len) &&
	       (type.len == plain.len || type.p[plain.len] == ';' ||
		type.p[plain.len] == ' ');
}

void note_received(struct engine *e, const struct sip_message *m,
		   struct sip_flow *flow)
{
	char from[SIP_USER_MAX_BYTES + 1] = "";
	struct sip_address a;
	json_t *text;

	if (!is_plain(m)) {
		(void)sip_refuse(e->sip, m, flow, 415,
				 SPAN("Accept: text/plain\r\n"));
		return;
	}
	if (m->body.len > NOTE_MAX_BYTES) {
		(void)sip_refuse(e->sip, m, flow, 413, SPAN(""));
		return;
	}
	if (sip_address_parse(&a, sip_header_value(m, SIP_HEADER_FROM)) ||
	    sip_uri_user(&a.uri, from, sizeof(from)))
		from[0] = '\0';
	text = json_stringn(m->body.p, m->body.len);
	if (!text) { /* no UTF-8 */
		(void)sip_refuse(e->sip, m, flow, 400, SPAN(""));
		return;
	}

	(void)sip_refuse(e->sip, m, flow, 200, SPAN(""));
	engine_event(e, json_pack("{s:s, s:s, s:o}", "event", "text", "from",
				  from, "text", text));
}
