/* call_out.c - calls we make; see call.h */
#include <stdio.h>

#include "phone/call.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/phone.h"
#include "phone/registration.h"
#include "phone/speech.h"
#include "sip/build.h"
#include "sip/client_tx.h"
#include "sip/dialog.h"
#include "sip/message.h"
#include "sip/uri.h"

enum { NUMBER_MAX = 64, URI_SIZE = 320 };

/* ---- while it is being set up ---- */

/* The dialog an answer belongs to; forks are kept until the call goes. */
static struct sip_dialog *dialog_of(struct call *c, const struct sip_message *m,
				    struct sip_flow *flow)
{
	struct sip_dialog *fork = NULL;

	if (sip_dialog_answered(&fork, c->dialog, m, flow))
		return NULL;
	if (!fork)
		return c->dialog;

	sip_dialog_set_arg(fork, c);
	for (size_t i = 0; i < c->fork_count; i++) {
		if (c->forks[i] == fork) {
			mem_deref(fork);
			return fork;
		}
	}
	if (c->fork_count == CALL_FORKS_MAX) {
		mem_deref(fork);
		return NULL;
	}
	c->forks[c->fork_count++] = fork;
	return fork;
}

static bool has_sdp(const struct sip_message *m)
{
	return m->body.len && sip_body_is(m, "application/sdp");
}

static void progress(struct call *c, const struct sip_message *m,
		     struct sip_flow *flow)
{
	struct sip_dialog *d;
	bool has_early = false, has_news;

	if (m->status == 100 || c->is_over)
		return;

	d = dialog_of(c, m, flow);
	if (d && sip_message_is_reliable(m))
		(void)sip_dialog_prack(NULL, d, m, SPAN(""), SPAN(""), NULL,
				       NULL);
	phone_call_read_peer(c, m);
	has_news = phone_call_read_identity(c, m);
	if (has_sdp(m))
		has_early = !speech_take_answer(c->speech, m->body);

	if (has_early)
		speech_play(c->speech, TONE_SILENCE);
	else if (m->status == 180 && !speech_is_agreed(c->speech))
		speech_play(c->speech, TONE_RINGBACK);

	if ((m->status == 180 || has_early) && c->state == CALL_INITIATED)
		phone_call_set_state(c, CALL_ALERTING, "", m->status);
	else if (has_news)
		face_call(c->e, c);
}

/* A second device of the far end has answered, too: let it go. */
static void drop_fork(struct call *c, struct sip_dialog *d)
{
	struct sip_dialog_request request = { .method = "BYE" };

	(void)sip_dialog_ack(d, SPAN(""), SPAN(""));
	sip_client_forget(&c->fork_bye);
	(void)sip_dialog_request(&c->fork_bye, d, &request, NULL, NULL);
}

/* The fork becomes the call's dialog, the first one a mere fork. */
static void choose(struct call *c, struct sip_dialog *d)
{
	for (size_t i = 0; i < c->fork_count; i++) {
		if (c->forks[i] == d)
			c->forks[i] = c->dialog;
	}
	c->dialog = d;
}

static void answered(struct call *c, const struct sip_message *m,
		     struct sip_flow *flow)
{
	struct sip_dialog *d = dialog_of(c, m, flow);
	int err = 0;

	if (!d) {
		phone_call_over(c, "failed", 500);
		return;
	}
	if (c->is_confirmed) {
		if (d != c->dialog)
			drop_fork(c, d);
		return;
	}

	if (d != c->dialog)
		choose(c, d);
	c->is_confirmed = true;
	(void)sip_dialog_ack(d, SPAN(""), SPAN(""));
	if (c->is_over) {
		phone_call_bye(c, "hangup", 0);
		return;
	}

	wheel_stop(&c->timer);
	phone_call_read_peer(c, m);
	(void)phone_call_read_identity(c, m);
	if (has_sdp(m))
		err = speech_take_answer(c->speech, m->body);
	else if (!speech_is_agreed(c->speech))
		err = EBADMSG;
	if (err) {
		phone_call_bye(c, "no-common-codec", 488);
		return;
	}

	phone_session_agreed(c, m);
	speech_play(c->speech, TONE_SILENCE);
	speech_set_open(c->speech, true);
	phone_call_set_state(c, CALL_CONNECTED, "", m->status);
	phone_call_note_hold(c);
	if (c->is_focus)
		phone_conference_connected(c);
}

/* ---- refusal ---- */

static void tone_ended(void *arg)
{
	struct call *c = arg;

	phone_call_over(c, c->reason, c->status);
}

static void failed(struct call *c, uint16_t status)
{
	const char *reason = phone_call_reason(status);

	if (c->is_over) {
		phone_call_sweep(c);
		return;
	}

	wheel_stop(&c->timer);
	phone_call_set_state(c, CALL_FAILED, reason, status);
	speech_play(c->speech, TONE_BUSY);
	wheel_start(&c->timer, CALL_FAILED_MS, tone_ended, c);
}

static void invite_answered(int err, const struct sip_message *m,
			    struct sip_flow *flow, void *arg)
{
	struct call *c = arg;

	if (err)
		failed(c, err == ETIMEDOUT ? 408 : 503);
	else if (m->status < 200)
		progress(c, m, flow);
	else if (m->status < 300)
		answered(c, m, flow);
	else
		failed(c, m->status);

	phone_call_sweep(c);
}

static void rang_too_long(void *arg)
{
	struct call *c = arg;

	(void)sip_client_cancel(c->invite, SPAN(""));
	phone_call_over(c, "no-answer", 408);
}

/* ---- dialling ---- */

static bool is_number(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= NUMBER_MAX &&
	       strspn(text, "0123456789*#+abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-") == length;
}

/* Where the INVITE goes: the number at the registrar, or the URI itself on a
 * phone without one. */
static const char *make_target(const struct engine *e, const char *number,
			       char target[URI_SIZE])
{
	struct sip_out o;
	struct sip_uri uri;

	if (!e->registration) {
		if (sip_uri_parse(&uri, span_of(number)) ||
		    uri.scheme != SIP_SCHEME_SIP || strlen(number) >= URI_SIZE)
			return "bad-number";
		snprintf(target, URI_SIZE, "%s", number);
		return NULL;
	}

	if (!is_number(number))
		return "bad-number";
	if (!registration_is_registered(e->registration))
		return "not-registered";
	sip_out_init(&o, target, URI_SIZE - 1);
	sip_out_text(&o, "sip:");
	sip_out_user(&o, span_of(number));
	sip_out_text(&o, "@");
	sip_out_raw(&o, registration_host(e->registration));
	if (o.is_full)
		return "bad-number";
	target[o.len] = 0;
	return NULL;
}

static int open_dialog(struct call *c, const char *target)
{
	const struct account *a = c->e->account;
	struct sip_credentials who = { a->sip_user, a->sip_secret };
	char local[URI_SIZE], remote[URI_SIZE + 2], host[64];
	struct sip_dialog_begin begin = {
		.target = span_of(target),
		.contact_user = span_of(a->sip_user),
		.credentials = *a->sip_secret ? &who : NULL,
	};
	struct sip_out o;

	(void)re_snprintf(host, sizeof(host),
			  sa_af(&c->e->local) == AF_INET6 ? "[%j]" : "%j",
			  &c->e->local);
	sip_out_init(&o, local, sizeof(local));
	if (*a->name) {
		sip_out_quoted(&o, span_of(a->name));
		sip_out_text(&o, " ");
	}
	sip_out_text(&o, "<sip:");
	sip_out_user(&o, span_of(a->sip_user));
	sip_out_text(&o, "@");
	sip_out_raw(&o, c->e->registration
				? registration_host(c->e->registration)
				: span_of(host));
	sip_out_text(&o, ">");
	if (o.is_full)
		return EINVAL;

	snprintf(remote, sizeof(remote), "<%s>", target);
	begin.local = sip_out_span(&o);
	begin.remote = span_of(remote);
	if (c->e->registration)
		begin.flow = registration_flow(c->e->registration);
	return sip_dialog_alloc(&c->dialog, c->e->sip, &begin, c);
}

static int send_invite(struct call *c)
{
	char headers[CALL_HEADERS_MAX], body[CALL_SDP_MAX];
	struct sip_dialog_request request = { .method = "INVITE" };
	struct sip_out h, b;
	int err;

	sip_out_init(&b, body, sizeof(body));
	err = speech_offer(c->speech, SDP_DIRECTION_SENDRECV, &b);
	if (err)
		return err;

	sip_out_init(&h, headers, sizeof(headers));
	phone_call_headers(c, &h);
	phone_session_ask(&h);
	request.headers = sip_out_span(&h);
	request.content_type = SPAN("application/sdp");
	request.body = sip_out_span(&b);
	return sip_dialog_request(&c->invite, c->dialog, &request,
				  invite_answered, c);
}

int phone_call_dial(struct call **cp, struct engine *e, const char *number,
		    const char **codep)
{
	char target[URI_SIZE];
	struct call *c = NULL;
	int err;

	*codep = make_target(e, number, target);
	if (*codep)
		return strcmp(*codep, "bad-number") ? ENOTCONN : EINVAL;
	*codep = "too-many-calls";
	if (phone_calls_count(e) >= PHONE_CALLS_MAX)
		return EMFILE;
	*codep = "failed";

	err = phone_call_alloc(&c, e, true);
	if (err)
		return err;
	snprintf(c->peer, sizeof(c->peer), "%s", number);
	err = speech_open(&c->speech, e, c->id);
	if (err)
		goto out;
	err = open_dialog(c, target);
	if (err)
		goto out;
	err = send_invite(c);
	if (err)
		goto out;

	phone_call_hold_others(c);
	wheel_start(&c->timer, CALL_RING_MS, rang_too_long, c);
	phone_call_set_state(c, CALL_INITIATED, "", 0);

out:
	if (err)
		mem_deref(c);
	else
		*cp = c;

	return err;
}
