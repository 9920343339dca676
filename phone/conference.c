/* conference.c - the calls of this phone become one conference; see call.h
 *
 * A call to the controller's conference factory is made; once it is connected
 * each of the other calls is handed to it by REFER with Replaces, one after
 * the other, and ends by the controller's BYE.  A conference that goes on
 * takes further calls in.
 *
 * Source: RFC 4579 5.4, 5.6; SIT-14.
 */
#include "phone/call.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "sip/build.h"
#include "sip/client_tx.h"
#include "sip/dialog.h"
#include "sip/message.h"

#define FACTORY "conference"

enum { URI_SIZE = 768 };

static struct call *focus_of(const struct engine *e)
{
	for (struct le *le = list_head(&e->calls); le; le = le->next) {
		struct call *c = le->data;

		if (!c->is_over && c->is_focus)
			return c;
	}

	return NULL;
}

/* The next call that is to come in. */
static struct call *next_of(const struct call *focus)
{
	for (struct le *le = list_head(&focus->e->calls); le; le = le->next) {
		struct call *c = le->data;

		if (c != focus && !c->is_over && c->is_confirmed &&
		    !c->is_joined && !c->is_focus)
			return c;
	}

	return NULL;
}

static void fail(struct call *focus, const char *code, const char *detail)
{
	const char *command = focus->refer_command;

	focus->refer_command = NULL;
	if (command)
		face_reply(focus->e, command, code, detail);
}

static void join_next(struct call *focus);

static void referred(int err, const struct sip_message *m,
		     struct sip_flow *flow, void *arg)
{
	struct call *focus = arg;

	(void)flow;
	if (!err && m->status < 200)
		return;

	sip_client_forget(&focus->refer);
	if (err || m->status >= 300)
		fail(focus, "refused",
		     "The call controller did not take the call into the "
		     "conference.");
}

static int refer(struct call *focus, struct call *c)
{
	char headers[CALL_HEADERS_MAX + URI_SIZE];
	struct sip_dialog_request request = { .method = "REFER" };
	struct sip_out h;

	sip_out_init(&h, headers, sizeof(headers));
	sip_out_text(&h, "Refer-To: <");
	phone_call_write_target(&h, c, NULL, c);
	sip_out_text(&h, ">\r\n");
	phone_call_headers(focus, &h);
	if (h.is_full)
		return EINVAL;
	request.headers = sip_out_span(&h);

	return sip_dialog_request(&focus->refer, focus->dialog, &request,
				  referred, focus);
}

static void join_next(struct call *focus)
{
	struct call *c = next_of(focus);
	const char *command = focus->refer_command;

	if (!c) {
		focus->refer_command = NULL;
		if (command)
			face_reply_with(focus->e, command, "call",
					json_string(focus->id));
		return;
	}
	c->is_joined = true;
	if (refer(focus, c))
		fail(focus, "failed", "The call could not be handed over.");
}

int phone_conference_begin(struct engine *e, const char *command,
			   const char **codep)
{
	struct call *focus = focus_of(e);
	int err;

	if (focus && (focus->refer_command || focus->refer))
		return EBUSY;
	if (focus) {
		focus->refer_command = command;
		join_next(focus);
		return 0;
	}

	err = phone_call_dial(&focus, e, FACTORY, codep);
	if (err)
		return err;
	focus->is_focus = true;
	focus->refer_command = command;

	return 0;
}

void phone_conference_connected(struct call *focus)
{
	join_next(focus);
}

void phone_conference_notified(struct call *focus, uint16_t status)
{
	if (status < 200)
		return;
	if (status < 300)
		join_next(focus);
	else
		fail(focus, "refused",
		     "The call could not be taken into the conference.");
}
