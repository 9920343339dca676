/* record.c - asking the call controller to record a call; see call.h
 *
 * An INFO with `Record: on` or off inside the call; the controller records
 * and tells both parties by sound.  Without the uc server nobody could find
 * the recording again: one that is under way is discarded when it goes.
 *
 * Source: SIN-8, SIT-23.
 */
#include "phone/call.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "sip/build.h"
#include "sip/client_tx.h"
#include "sip/dialog.h"
#include "sip/message.h"

static void answered(int err, const struct sip_message *m,
		     struct sip_flow *flow, void *arg)
{
	struct call *c = arg;
	const char *command = c->record_command;

	(void)flow;
	if (!err && m->status < 200)
		return;

	sip_client_forget(&c->record);
	c->record_command = NULL;
	if (!err && m->status < 300) {
		c->is_recorded = c->wants_record;
		face_call(c->e, c);
		if (command)
			face_reply(c->e, command, NULL, NULL);
		return;
	}
	if (!command)
		return;
	face_reply(c->e, command,
		   !err && m->status == 403 ? "forbidden" : "refused",
		   "The call controller does not record this call.");
}

static int ask(struct call *c, const char *what, const char *command)
{
	char headers[CALL_HEADERS_MAX];
	struct sip_dialog_request request = { .method = "INFO" };
	struct sip_out h;
	int err;

	if (c->is_over || !c->is_confirmed)
		return EINVAL;
	if (c->record)
		return EBUSY;

	sip_out_init(&h, headers, sizeof(headers));
	sip_out_printf(&h, "Record: %s\r\n", what);
	phone_call_headers(c, &h);
	request.headers = sip_out_span(&h);
	err = sip_dialog_request(&c->record, c->dialog, &request, answered, c);
	if (!err) {
		c->record_command = command;
		c->wants_record = !strcmp(what, "on");
	}

	return err;
}

int phone_call_record(struct call *c, bool is_on, const char *command)
{
	return ask(c, is_on ? "on" : "off", command);
}

void phone_records_discard(struct engine *e)
{
	for (struct le *le = list_head(&e->calls); le; le = le->next) {
		struct call *c = le->data;

		if (c->is_recorded)
			(void)ask(c, "discard", NULL);
	}
}
