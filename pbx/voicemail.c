/* voicemail.c - see voicemail.h */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "media/dtmf.h"
#include "pbx/forward.h"
#include "pbx/hold.h"
#include "pbx/mwi.h"
#include "pbx/prompt.h"
#include "pbx/relay.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/tui.h"
#include "pbx/turn.h"
#include "pbx/voicemail.h"
#include "sip/sdp.h"

enum {
	HEADERS_BYTES = 1536,
	SDP_BYTES = 4096,
	OPEN_MS = 3000,
};

static struct list voicemails;

struct mailbox *voicemail_box(const struct voicemail *v)
{
	return v->user[0] ? mailbox_find(v->user) : NULL;
}

static void voicemail_destructor(void *data)
{
	struct voicemail *v = data;

	wheel_stop(&v->timer);
	list_unlink(&v->le);
	sip_server_forget(&v->asked);
	mem_deref(v->voice);
}

/* ---- descriptions ---- */

/* Where the caller reaches the media server. */
static int own_address(const struct voicemail *v, char out[64])
{
	struct sip_flow *flow = sip_dialog_flow(v->call->caller->dialog);
	char text[256];
	struct sip_uri uri;
	int err;

	if (!sa_is_any(&pbx_settings.media_address)) {
		(void)re_snprintf(out, 64, "%j", &pbx_settings.media_address);
		return 0;
	}
	if (!flow)
		return ENOTCONN;
	err = sip_contact_uri(server_sip(), flow, SPAN("pbx"), text,
			      sizeof(text));
	if (!err)
		err = sip_uri_parse(&uri, span_of(text));
	if (!err && uri.host.len >= 64)
		err = ENAMETOOLONG;
	if (!err)
		(void)snprintf(out, 64, "%.*s", (int)uri.host.len, uri.host.p);

	return err;
}

static int own_side(struct voicemail *v, struct sdp_audio *a, char host[64])
{
	int err = own_address(v, host);

	if (!err)
		sdp_audio_init(a, host, voice_port(v->voice), v->sdp_id);
	a->version = ++v->sdp_version;

	return err;
}

static void hear_from(struct voicemail *v, const struct sdp_agreed *agreed)
{
	struct sa sa;

	if (agreed->port && !sa_set_str(&sa, agreed->address, agreed->port))
		voice_set_remote(v->voice, &sa, agreed->codec.payload,
				 agreed->dtmf_payload);
}

/* Our description: an answer to theirs, or an offer when there is none. */
static int describe(struct voicemail *v, struct span offer, struct sip_out *o)
{
	struct sdp_agreed agreed;
	struct sdp_audio a;
	struct sdp *theirs;
	char host[64];
	int err = own_side(v, &a, host);

	if (err || !offer.len)
		return err ? err : sdp_audio_write(o, &a);

	theirs = mem_alloc(sizeof(*theirs), NULL);
	if (!theirs)
		return ENOMEM;
	err = sdp_parse(theirs, offer);
	if (!err)
		err = sdp_audio_answer(o, &agreed, theirs, &a);
	if (!err)
		hear_from(v, &agreed);
	mem_deref(theirs);

	return err;
}

/* Their answer to our offer. */
static int learn(struct voicemail *v, struct span answer)
{
	struct sdp_agreed agreed;
	struct sdp_audio a;
	struct sdp *theirs;
	char host[64];
	int err = own_side(v, &a, host);

	theirs = mem_alloc(sizeof(*theirs), NULL);
	if (!theirs)
		return ENOMEM;
	if (!err)
		err = sdp_parse(theirs, answer);
	if (!err)
		err = sdp_audio_read(&agreed, theirs, &a);
	if (!err)
		hear_from(v, &agreed);
	mem_deref(theirs);

	return err;
}

static void reply_sdp(struct voicemail *v, struct sip_server *asked,
		      struct span sdp)
{
	struct leg *caller = v->call->caller;
	struct sip_reply reply = { .status = 200 };
	char buf[HEADERS_BYTES];
	struct sip_out o;

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(caller, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\nSupported: " PBX_SUPPORTED
			 "\r\n");
	session_repeat(caller, true, &o);
	reply.headers = sip_out_span(&o);
	reply.with_contact = true;
	reply.contact_user = SPAN("pbx");
	reply.content_type = SPAN("application/sdp");
	reply.body = sdp;
	(void)sip_server_reply(asked, &reply);
	leg_keep_sdp(caller, sdp);
}

/* ---- leaving a message ---- */

void voicemail_leave(struct voicemail *v, const char *prompt)
{
	v->state = VOICEMAIL_LEAVING;
	wheel_stop(&v->timer);
	voice_hush(v->voice);
	prompt_say(v->voice, voicemail_box(v), prompt);
}

static void greet(struct voicemail *v)
{
	struct mailbox *b = voicemail_box(v);
	char file[MAILBOX_PATH];

	if (!b || !mailbox_has_room(b)) {
		voicemail_leave(v, "mailbox-full");
		return;
	}

	v->state = VOICEMAIL_GREETING;
	if (b->has_greeting) {
		mailbox_greeting(b, false, file);
		(void)voice_say(v->voice, file);
	}
	else {
		prompt_say(v->voice, b, "greeting");
	}
	prompt_say(v->voice, b, "beep");
}

static void record(struct voicemail *v)
{
	const struct phone *p = v->call->caller->phone;
	struct mailbox *b = voicemail_box(v);
	struct message *m = NULL;
	char file[MAILBOX_PATH];
	bool is_shown = p && !v->is_anonymous;
	int err = b ? message_begin(&m, b,
				    is_shown ? phone_shown_number(p) : "",
				    is_shown ? phone_name(p) : "")
		    : ENOENT;

	if (err) {
		log_warn("voicemail", "call=%s cannot record: %s", v->call->id,
			 strerror(err));
		voicemail_leave(v, err == ENOSPC ? "mailbox-full"
						 : "message-lost");
		return;
	}

	v->state = VOICEMAIL_RECORDING;
	memcpy(v->message, m->id, sizeof(v->message));
	message_file(m, file);
	voice_record(v->voice, m->id, file, VOICEMAIL_LIMIT_S,
		     VOICEMAIL_SILENCE_S);
}

/* ---- recordings ---- */

static struct voicemail *voicemail_of(const char *message)
{
	struct le *le;

	for (le = list_head(&voicemails); le; le = le->next) {
		struct voicemail *v = le->data;

		if (v->state != VOICEMAIL_MENU && !strcmp(v->message, message))
			return v;
	}

	return NULL;
}

static void kept(int err, struct message *m, void *arg)
{
	struct voicemail *v = m ? voicemail_of(m->id) : NULL;

	(void)arg;
	if (m && err)
		message_delete(m);
	if (!v || v->state != VOICEMAIL_KEEPING)
		return;

	trail_add(&v->call->trail, err ? "the message could not be kept"
				       : "the message is kept");
	voicemail_leave(v, err ? "message-lost" : "message-kept");
}

/* Nothing was said at all. */
static bool is_silence(const struct voice_take *take)
{
	return !strcmp(take->reason, "silence") &&
	       take->ms <= VOICEMAIL_SILENCE_S * 1000 + MAILBOX_MIN_MS / 2;
}

static void taken(const struct voice_take *take)
{
	struct message *m = message_find(take->name);
	struct voicemail *v = voicemail_of(take->name);

	if (!m) {
		tui_taken(&voicemails, take);
		return;
	}
	if (m->is_whole)
		return;

	if (!take->is_whole || take->ms < MAILBOX_MIN_MS || is_silence(take)) {
		message_delete(m);
		if (v && v->state == VOICEMAIL_RECORDING)
			voicemail_leave(v, "message-lost");
		return;
	}
	if (v)
		v->state = VOICEMAIL_KEEPING;
	message_keep(m, take->ms, m->is_partial, kept, NULL);
}

static void going(const char *name)
{
	if (name)
		message_goes_on(name);
	else
		mailbox_settle();
}

/* ---- the call ---- */

static void begin(struct voicemail *v)
{
	v->state = v->is_tui ? VOICEMAIL_MENU : VOICEMAIL_GREETING;
	if (v->is_tui)
		tui_begin(v);
	else
		greet(v);
}

/* The call is on record as answered: the caller gets it. */
struct answer {
	struct call *call;
	uint32_t len;
	char sdp[SDP_BYTES];
};

static void answer_destructor(void *data)
{
	struct answer *a = data;

	mem_deref(a->call);
}

static void answer_send(void *arg)
{
	struct answer *a = arg;
	struct call *call = a->call;

	if (call->state == CALL_ANSWERED && call->voicemail) {
		reply_sdp(call->voicemail, call->caller->asked,
			  (struct span){ a->sdp, a->len });
		call->voicemail->is_answered = true;
	}
	mem_deref(a);
}

static void answer(struct voicemail *v)
{
	struct call *call = v->call;
	struct answer *a = mem_zalloc(sizeof(*a), answer_destructor);
	struct span offer = { NULL, 0 };
	struct sip_out o;
	int err;

	if (!a) {
		call_refused(call, 500, NULL);
		return;
	}
	if (call->offer)
		offer = (struct span){ (const char *)call->offer->buf,
				       (uint32_t)call->offer->end };
	sip_out_init(&o, a->sdp, sizeof(a->sdp));
	err = describe(v, offer, &o);
	if (err) {
		mem_deref(a);
		trail_add(&call->trail, "nothing in common to speak with");
		call_refused(call, 488, NULL);
		return;
	}
	a->call = mem_ref(call);
	a->len = o.len;

	call->offer = mem_deref(call->offer);
	wheel_stop(&call->timer);
	call->state = CALL_ANSWERED;
	call->answered_ms = clock_wall_ms();
	call->answered_mono_ms = clock_mono_ms();
	(void)leg_turn(call->caller, LEG_ANSWERED);
	call_touch(call);
	turn_defer(answer_send, a);
}

static void hang_up(struct voicemail *v)
{
	call_hangup(v->call, NULL, NULL);
}

static void said(struct voicemail *v)
{
	switch (v->state) {
	case VOICEMAIL_GREETING: record(v); break;
	case VOICEMAIL_LEAVING: hang_up(v); break;
	case VOICEMAIL_MENU: tui_said(v); break;
	default: break;
	}
}

static void key(struct voicemail *v, char k)
{
	switch (v->state) {
	case VOICEMAIL_GREETING:
		if (k == '#') {
			voice_hush(v->voice);
			prompt_say(v->voice, voicemail_box(v), "beep");
		}
		else if (k == '*') { /* the owner, calling from elsewhere */
			voice_hush(v->voice);
			v->is_tui = true;
			begin(v);
		}
		break;

	case VOICEMAIL_RECORDING:
		if (k == '#')
			voice_record_stop(v->voice, v->message);
		break;

	case VOICEMAIL_MENU: tui_key(v, k); break;
	default: break;
	}
}

static void heard(enum voice_event event, char k, void *arg)
{
	struct voicemail *v = arg;

	switch (event) {
	case VOICE_OPEN:
		wheel_stop(&v->timer);
		answer(v);
		break;
	case VOICE_SAID: said(v); break;
	case VOICE_KEY: key(v, k); break;
	case VOICE_LOST:
		trail_add(&v->call->trail, "the media server is gone");
		if (v->call->state < CALL_ANSWERED)
			call_refused(v->call, 480, "Voice Mail Is Away");
		else
			hang_up(v);
		break;
	}
}

/* The media server does not answer. */
static void late(void *arg)
{
	struct voicemail *v = arg;

	heard(VOICE_LOST, '\0', v);
}

static int voicemail_make(struct call *call, const char *user, bool is_tui)
{
	struct voicemail *v = mem_zalloc(sizeof(*v), voicemail_destructor);
	int err;

	if (!v)
		return ENOMEM;

	v->call = call;
	v->is_tui = is_tui;
	v->is_anonymous = forward_is_anonymous(call);
	v->sdp_id = clock_wall_ms();
	(void)snprintf(v->user, sizeof(v->user), "%s", user);
	err = voice_open(&v->voice, call->id, heard, v);
	if (err) {
		mem_deref(v);
		return err;
	}
	wheel_start(&v->timer, OPEN_MS, late, v);
	list_append(&voicemails, &v->le, v);
	relay_end(call);
	call->voicemail = v;

	return 0;
}

static void take(struct call *call, const char *user, bool is_tui)
{
	int err = voicemail_make(call, user, is_tui);

	if (err)
		call_refused(call, err == ENOTCONN ? 480 : 500,
			     err == ENOTCONN ? "Voice Mail Is Away" : NULL);
}

static const struct user *caller_user(const struct call *call)
{
	return call->caller->phone ? call->caller->phone->user : NULL;
}

bool voicemail_dialled(struct call *call, const char *dialled)
{
	const struct phone *p = call->caller->phone;
	const struct user *u = caller_user(call);

	if (strncmp(dialled, VOICEMAIL_CODE, strlen(VOICEMAIL_CODE)) != 0 ||
	    !p || !p->customer)
		return false;

	(void)snprintf(call->number, sizeof(call->number), "%s", dialled);
	dialled += strlen(VOICEMAIL_CODE);
	if (!*dialled) {
		trail_add(&call->trail, "the voice mail is asked for messages");
		take(call, u && mailbox_find(u->id) ? u->id : "", true);
		return true;
	}

	u = directory_user_by_extension(p->customer, span_of(dialled));
	if (!u || !mailbox_find(u->id)) {
		trail_add(&call->trail, "%s has no mailbox", dialled);
		call_refused(call, 404, "No Such Mailbox");
		return true;
	}
	trail_add(&call->trail, "the voice mail of %s answers", u->name);
	memcpy(call->callee_user, u->id, sizeof(call->callee_user));
	take(call, u->id, false);

	return true;
}

bool voicemail_takes(struct call *call, uint16_t status)
{
	if (call->voicemail || call->is_emergency || !call->callee_user[0] ||
	    !call->caller->asked ||
	    (status != 480 && status != 486 && status != 408) ||
	    !mailbox_find(call->callee_user) || !voice_is_up())
		return false;
	if (caller_user(call) &&
	    !strcmp(caller_user(call)->id, call->callee_user))
		return false; /* one's own number */
	if (voicemail_make(call, call->callee_user, false))
		return false;

	wheel_stop(&call->timer);
	trail_add(&call->trail, "goes to the voice mail");

	return true;
}

void voicemail_acknowledged(struct voicemail *v, const struct sip_message *m)
{
	if (m && m->body.len && learn(v, m->body)) {
		hang_up(v);
		return;
	}
	if (v->state == VOICEMAIL_OPENING)
		begin(v);
}

static void later_acknowledged(int err, const struct sip_message *m, void *arg)
{
	struct voicemail *v = arg;

	sip_server_forget(&v->asked);
	v->call->caller->asks_offering = false;
	if (err)
		hang_up(v);
	else if (m && m->body.len)
		(void)learn(v, m->body);
}

void voicemail_request(struct voicemail *v, const struct sip_message *m,
		       struct sip_flow *flow)
{
	struct leg *caller = v->call->caller;
	bool is_invite = m->method == SIP_METHOD_INVITE;
	struct sip_server *asked = NULL;
	char sdp[SDP_BYTES], buf[256];
	struct sip_out o, lines;
	struct sip_reply reply = { .status = 200 };

	if (v->asked || (caller->asked && is_invite)) {
		(void)sip_refuse(server_sip(), m, flow, 491,
				 (struct span){ NULL, 0 });
		return;
	}
	if (sip_server_accept(&asked, server_sip(), m, flow, NULL,
			      is_invite ? later_acknowledged : NULL, v))
		return;

	sip_out_init(&lines, buf, sizeof(buf));
	sip_out_init(&o, sdp, sizeof(sdp));
	if (!is_invite && m->method != SIP_METHOD_UPDATE)
		reply.status = m->method == SIP_METHOD_INFO ? 200 : 501;
	else if (session_asked(caller, m, &lines) == ERANGE)
		reply.status = 422;
	else if (describe(v, m->body, &o))
		reply.status = 488;

	if (o.len && reply.status == 200) {
		hold_apply(caller, hold_read(m->body));
		reply_sdp(v, asked, sip_out_span(&o));
	}
	else {
		reply.headers = sip_out_span(&lines);
		(void)sip_server_reply(asked, &reply);
	}
	if (is_invite && reply.status == 200)
		v->asked = asked;
	else
		sip_server_forget(&asked);
}

void voicemail_end(struct call *call)
{
	call->voicemail = mem_deref(call->voicemail);
}

int voicemail_start(const char *dir)
{
	int err = mailbox_start(mwi_changed);

	list_init(&voicemails);
	if (!err)
		err = voice_init(dir, taken, going);

	return err;
}

void voicemail_close(void)
{
	voice_close();
	mwi_close();
	mailbox_close();
}
