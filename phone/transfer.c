/* transfer.c - REFER: handing the far end over; see call.h
 *
 * Blind: the far end calls a number.  After a consultation: it calls the
 * other far end and its call replaces ours (Replaces names our dialog with
 * it).  Success is told by NOTIFY; our calls then end.
 *
 * Source: RFC 3515, RFC 3891, RFC 5589; SIT-12, SIT-13.
 */
#include <stdio.h>

#include "phone/call.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/registration.h"
#include "sip/build.h"
#include "sip/client_tx.h"
#include "sip/dialog.h"
#include "sip/message.h"
#include "sip/server_tx.h"

enum { URI_SIZE = 768 };

static void refer_accepted(struct call *c)
{
	const char *command = c->refer_command;

	sip_client_forget(&c->refer);
	c->refer_command = NULL;
	c->is_transferring = true;
	face_reply(c->e, command, NULL, NULL);
}

static void refer_answered(int err, const struct sip_message *m,
			   struct sip_flow *flow, void *arg)
{
	struct call *c = arg;
	const char *command = c->refer_command;

	(void)flow;
	if (!err && m->status < 200)
		return;

	if (!err && m->status < 300) {
		refer_accepted(c);
		phone_call_sweep(c);
		return;
	}
	sip_client_forget(&c->refer);
	c->refer_command = NULL;
	if (c->is_over) {
		face_reply(c->e, command, "call-ended", "The call has ended.");
		phone_call_sweep(c);
		return;
	}
	if (!err && (m->status == 405 || m->status == 501))
		face_reply(c->e, command, "not-built",
			   "The call controller does not transfer calls.");
	else
		face_reply(c->e, command, "refused",
			   "The call controller refused the transfer.");
}

/* Escape all but letters and digits: safe in a URI's header part. */
static void write_escaped(struct sip_out *o, const char *text)
{
	for (; *text; text++) {
		bool is_plain = (*text >= '0' && *text <= '9') ||
				(*text >= 'a' && *text <= 'z') ||
				(*text >= 'A' && *text <= 'Z') ||
				*text == '-' || *text == '.';

		if (is_plain)
			sip_out_raw(o, (struct span){ text, 1 });
		else
			sip_out_printf(o, "%%%02X", (unsigned char)*text);
	}
}

void phone_call_write_target(struct sip_out *o, const struct call *c,
			     const char *number, const struct call *to)
{
	if (number) {
		sip_out_text(o, "sip:");
		sip_out_user(o, span_of(number));
		sip_out_text(o, "@");
		sip_out_raw(o, registration_host(c->e->registration));
		return;
	}

	sip_out_text(o, sip_dialog_target(to->dialog));
	sip_out_text(o, "?Replaces=");
	write_escaped(o, sip_dialog_call_id(to->dialog));
	sip_out_text(o, "%3Bto-tag%3D");
	write_escaped(o, sip_dialog_remote_tag(to->dialog));
	sip_out_text(o, "%3Bfrom-tag%3D");
	write_escaped(o, sip_dialog_local_tag(to->dialog));
}

int phone_call_transfer(struct call *c, const char *number,
			const struct call *to, const char *command)
{
	char headers[CALL_HEADERS_MAX + URI_SIZE];
	struct sip_dialog_request request = { .method = "REFER" };
	struct sip_out h;
	int err;

	if (c->is_over || !c->is_confirmed || (!number && !to) ||
	    (number && !c->e->registration))
		return EINVAL;
	if (c->refer || c->is_transferring)
		return EBUSY;

	sip_out_init(&h, headers, sizeof(headers));
	sip_out_text(&h, "Refer-To: <");
	phone_call_write_target(&h, c, number, to);
	sip_out_text(&h, ">\r\n");
	phone_call_headers(c, &h);
	if (h.is_full)
		return EINVAL;

	request.headers = sip_out_span(&h);
	err = sip_dialog_request(&c->refer, c->dialog, &request, refer_answered,
				 c);
	if (!err)
		c->refer_command = command;
	return err;
}

/* Status of the "SIP/2.0 200 OK" in a message/sipfrag, or 0. */
static uint16_t fragment_status(const struct sip_message *m)
{
	unsigned status = 0;

	if (m->body.len < 11 || memcmp(m->body.p, "SIP/2.0 ", 8) != 0)
		return 0;
	for (int i = 8; i < 11; i++) {
		if (m->body.p[i] < '0' || m->body.p[i] > '9')
			return 0;
		status = status * 10 + (unsigned)(m->body.p[i] - '0');
	}

	return (uint16_t)status;
}

static void end_consulted(struct call *c)
{
	for (struct le *le = list_head(&c->e->calls); le; le = le->next) {
		struct call *other = le->data;

		if (other->is_over || !other->is_confirmed)
			continue;
		if (!strcmp(other->consulted, c->id) ||
		    !strcmp(c->consulted, other->id))
			phone_call_bye(other, "transferred", 0);
	}
}

void phone_call_notified(struct call *c, const struct sip_message *m,
			 struct sip_flow *flow)
{
	struct sip_server *server = NULL;
	uint16_t status = fragment_status(m);

	if (sip_server_accept(&server, c->e->sip, m, flow, NULL, NULL, NULL))
		return;
	(void)sip_server_answer(
		server,
		c->is_transferring || c->refer || c->is_focus ? 200 : 481);
	sip_server_forget(&server);

	if (c->is_focus && !c->is_over) {
		phone_conference_notified(c, status);
		return;
	}

	/* it has overtaken the 202, which was lost or is late */
	if (c->refer && c->refer_command)
		refer_accepted(c);
	if (c->is_over || !c->is_transferring || status < 200) {
		phone_call_sweep(c);
		return;
	}
	if (status < 300) {
		end_consulted(c);
		phone_call_bye(c, "transferred", 0);
		return;
	}
	c->is_transferring = false;
	phone_call_set_state(c, c->state, "transfer-failed", status);
}
