/* face.c - see face.h */
#include <stdio.h>

#include "media/rtp.h"
#include "phone/call.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/speech.h"
#include "sip/stack.h"

/* SIN-4, to the letter: the dash is an en dash. */
static const char banner[] = "Connection lost – limited functionality";

void face_reply(struct engine *e, const char *command, const char *code,
		const char *detail)
{
	engine_event(e, json_pack("{s:s, s:s, s:b, s:s?, s:s?}", "event",
				  "reply", "command", command, "ok", !code,
				  "error", code, "detail", detail));
}

void face_reply_with(struct engine *e, const char *command, const char *name,
		     json_t *value)
{
	engine_event(e, json_pack("{s:s, s:s, s:b, s:n, s:n, s:o}", "event",
				  "reply", "command", command, "ok", true,
				  "error", "detail", name, value));
}

void face_ready(struct engine *e)
{
	const struct account *a = e->account;
	char uri[256] = "", local[64];
	struct sa sa;

	if (e->sip && !sip_local(e->sip, SIP_UDP, &sa)) {
		(void)re_snprintf(local, sizeof(local), "%J", &sa);
		snprintf(uri, sizeof(uri), "sip:%s@%s", a->sip_user, local);
	}
	engine_event(e, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "event",
				  "ready", "phone", account_id(a), "number",
				  a->number, "name", a->name, "client",
				  a->client, "sip", uri));
}

void face_registration(struct engine *e, const char *state, const char *reason,
		       const char *registrar)
{
	engine_event(e, json_pack("{s:s, s:s, s:s, s:s}", "event",
				  "registration", "state", state, "reason",
				  reason, "registrar", registrar));
}

void face_call(struct engine *e, const struct call *c)
{
	json_t *event = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:b, s:b,"
		" s:s}",
		"event", "call", "id", c->id, "state",
		phone_call_state_name(c->state), "peer", c->peer, "name",
		c->name, "direction", c->is_outgoing ? "outgoing" : "incoming",
		"reason", c->reason, "status", (int)c->status, "muted",
		c->is_muted, "held_by_peer", c->was_held_by_peer, "recorded",
		c->is_recorded, "limited", c->is_limited, "session",
		c->session_local);

	engine_event(e, event);
}

void face_heard(struct engine *e, const char *call,
		const struct tone_heard *heard, const char *from)
{
	json_t *event = json_pack("{s:s, s:s, s:s, s:s}", "event", "heard",
				  "call", call, "what",
				  tone_kind_name(heard->kind), "from", from);

	if (event && heard->kind == TONE_SINE)
		json_object_set_new(event, "hz", json_integer(heard->hz));
	if (event && heard->kind == TONE_DTMF)
		json_object_set_new(event, "digit",
				    json_stringn(&heard->digit, 1));
	engine_event(e, event);
}

void face_media(struct engine *e, const struct call *c)
{
	const struct rtp_counts *n = speech_counts(c->speech);

	engine_event(e, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}",
				  "event", "media", "call", c->id, "rx_packets",
				  (json_int_t)n->rx_packets, "tx_packets",
				  (json_int_t)n->tx_packets, "rx_lost",
				  (json_int_t)n->rx_lost, "rx_late",
				  (json_int_t)n->rx_late, "rx_foreign",
				  (json_int_t)n->rx_foreign, "jitter",
				  (json_int_t)n->jitter));
}

void face_link(struct engine *e, const char *state, bool has_banner,
	       const char *reason)
{
	engine_event(e,
		     json_pack("{s:s, s:s, s:s?, s:s}", "event", "link",
			       "state", state, "banner",
			       has_banner ? banner : NULL, "reason", reason));
}
