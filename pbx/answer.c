/* answer.c - see answer.h */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "pbx/answer.h"
#include "pbx/forward.h"
#include "pbx/hold.h"
#include "pbx/prompt.h"
#include "pbx/relay.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/transfer.h"
#include "pbx/turn.h"
#include "sip/sdp.h"

enum {
	HEADERS_BYTES = 1536,
	SDP_BYTES = 4096,
	OPEN_MS = 3000,
	SOON_MS = 1,
	RETRY_MS = 300,
	TRIES_MAX = 10,
	TAKERS_MAX = 4,
	RECORD_BYTES = 80,
};

enum answer_state {
	ANSWER_OPENING,   /* the media server is asked for a port */
	ANSWER_ACCEPTING, /* the 200 was decided, its ACK not here */
	ANSWER_OPEN,
	ANSWER_SENDING, /* the caller is being sent on */
	ANSWER_LEAVING, /* says its last word */
};

struct answer {
	struct le le; /* of all */
	struct call *call;
	const struct answer_owner *owner;
	void *arg; /* counted */
	struct voice *voice;
	struct sip_server *asked;  /* a later INVITE, until its ACK */
	struct sip_client *client; /* ANSWER_TAKE: ours */
	struct wheel_timer timer;
	uint64_t sdp_id;
	uint32_t sdp_version;
	uint8_t state;  /* enum answer_state */
	uint8_t manner; /* enum answer_manner */
	uint8_t tries;  /* ANSWER_TAKE: after a 491 */
	bool is_anonymous;
	bool is_connected;
	bool has_rtp_keys; /* else keys may come by INFO */
	bool is_french;
	uint16_t status; /* to refuse with in the end, or of who was sent on */
	const char *cause; /* that goes with it */
	char user[DIRECTORY_ID_SIZE];
	char record[RECORD_BYTES]; /* being recorded, or "" */
};

static struct {
	struct list all;
	struct {
		voice_take_h *taken;
		voice_going_h *going;
	} takers[TAKERS_MAX];
	uint8_t count;
} answers;

static void answer_destructor(void *data)
{
	struct answer *a = data;

	wheel_stop(&a->timer);
	list_unlink(&a->le);
	sip_server_forget(&a->asked);
	sip_client_forget(&a->client);
	mem_deref(a->voice);
	mem_deref(a->arg);
}

/* ---- recordings ---- */

int answer_on_take(voice_take_h *taken, voice_going_h *going)
{
	if (answers.count >= TAKERS_MAX)
		return ENOSPC;

	answers.takers[answers.count].taken = taken;
	answers.takers[answers.count].going = going;
	answers.count++;

	return 0;
}

static void taken(const struct voice_take *take)
{
	struct le *le;

	for (unsigned i = 0; i < answers.count; i++) {
		if (answers.takers[i].taken)
			answers.takers[i].taken(take);
	}
	for (le = list_head(&answers.all); le; le = le->next) {
		struct answer *a = le->data;

		if (!a->record[0] || strcmp(a->record, take->name) != 0)
			continue;
		a->record[0] = '\0';
		if (a->owner->taken)
			a->owner->taken(a->arg, take);
		return; /* a may be gone */
	}
}

static void going(const char *name)
{
	for (unsigned i = 0; i < answers.count; i++) {
		if (answers.takers[i].going)
			answers.takers[i].going(name);
	}
}

int answer_start(const char *dir)
{
	return voice_init(dir, taken, going);
}

void answer_close(void)
{
	voice_close();
	answers.count = 0;
}

/* ---- descriptions ---- */

/* Where the caller reaches the media server. */
static int own_address(const struct answer *a, char out[64])
{
	struct sip_flow *flow = sip_dialog_flow(a->call->caller->dialog);
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

static int own_side(struct answer *a, struct sdp_audio *side, char host[64])
{
	int err = own_address(a, host);

	if (!err)
		sdp_audio_init(side, host, voice_port(a->voice), a->sdp_id);
	side->version = ++a->sdp_version;

	return err;
}

static void hear_from(struct answer *a, const struct sdp_agreed *agreed)
{
	struct sa sa;

	a->has_rtp_keys = agreed->dtmf_payload != 0;
	if (agreed->port && !sa_set_str(&sa, agreed->address, agreed->port))
		voice_set_remote(a->voice, &sa, agreed->codec.payload,
				 agreed->dtmf_payload);
}

/* Our description: an answer to theirs, or an offer when there is none. */
static int describe(struct answer *a, struct span offer, struct sip_out *o)
{
	struct sdp_agreed agreed;
	struct sdp_audio side;
	struct sdp *theirs;
	char host[64];
	int err = own_side(a, &side, host);

	if (err || !offer.len)
		return err ? err : sdp_audio_write(o, &side);

	theirs = mem_alloc(sizeof(*theirs), NULL);
	if (!theirs)
		return ENOMEM;
	err = sdp_parse(theirs, offer);
	if (!err)
		err = sdp_audio_answer(o, &agreed, theirs, &side);
	if (!err)
		hear_from(a, &agreed);
	mem_deref(theirs);

	return err;
}

/* Their answer to our offer. */
static int learn(struct answer *a, struct span answer)
{
	struct sdp_agreed agreed;
	struct sdp_audio side;
	struct sdp *theirs;
	char host[64];
	int err = own_side(a, &side, host);

	theirs = mem_alloc(sizeof(*theirs), NULL);
	if (!theirs)
		return ENOMEM;
	if (!err)
		err = sdp_parse(theirs, answer);
	if (!err)
		err = sdp_audio_read(&agreed, theirs, &side);
	if (!err)
		hear_from(a, &agreed);
	mem_deref(theirs);

	return err;
}

static void reply_sdp(struct answer *a, struct sip_server *asked,
		      uint16_t status, struct span sdp)
{
	struct leg *caller = a->call->caller;
	struct sip_reply reply = { .status = status };
	char buf[HEADERS_BYTES];
	struct sip_out o;

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(caller, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\n");
	if (status >= 200) {
		sip_out_text(&o, "Supported: " PBX_SUPPORTED "\r\n");
		session_repeat(caller, true, &o);
	}
	else {
		reply.is_reliable = a->call->wants_reliable;
	}
	reply.headers = sip_out_span(&o);
	reply.with_contact = true;
	reply.contact_user = SPAN("pbx");
	reply.content_type = SPAN("application/sdp");
	reply.body = sdp;
	(void)sip_server_reply(asked, &reply);
	leg_keep_sdp(caller, sdp);
}

/* ---- the caller gets its answer ---- */

/* Waits until the call is on record. */
struct promise {
	struct call *call;
	uint32_t len;
	char sdp[SDP_BYTES];
};

static void promise_destructor(void *data)
{
	struct promise *p = data;

	mem_deref(p->call);
}

static void promise_keep(void *arg)
{
	struct promise *p = arg;
	struct call *call = p->call;
	struct answer *a = call->answer;
	const struct span sdp = { p->sdp, p->len };

	if (!a || !call->caller->asked)
		goto out;

	if (a->manner == ANSWER_CONNECT && call->state == CALL_ANSWERED) {
		reply_sdp(a, call->caller->asked, 200, sdp);
		a->is_connected = true;
	}
	else if (a->manner == ANSWER_EARLY && call->state < CALL_ANSWERED) {
		reply_sdp(a, call->caller->asked, 183, sdp);
		a->state = ANSWER_OPEN;
		a->owner->opened(a->arg);
	}

out:
	mem_deref(p);
}

/* The call is answered from now on. */
static void now_connected(struct answer *a)
{
	struct call *call = a->call;

	call->offer = mem_deref(call->offer);
	wheel_stop(&call->timer);
	call->state = CALL_ANSWERED;
	call->answered_ms = clock_wall_ms();
	call->answered_mono_ms = clock_mono_ms();
	(void)leg_turn(call->caller, LEG_ANSWERED);
}

static void accept_caller(struct answer *a)
{
	struct call *call = a->call;
	struct promise *p = mem_zalloc(sizeof(*p), promise_destructor);
	struct span offer = { NULL, 0 };
	struct sip_out o;
	int err;

	if (!p) {
		call_refused(call, 500, NULL);
		return;
	}
	if (call->offer)
		offer = (struct span){ (const char *)call->offer->buf,
				       (uint32_t)call->offer->end };
	sip_out_init(&o, p->sdp, sizeof(p->sdp));
	err = describe(a, offer, &o);
	if (err) {
		mem_deref(p);
		trail_add(&call->trail, "nothing in common to speak with");
		if (a->owner->lost)
			a->owner->lost(a->arg);
		else
			call_refused(call, 488, NULL);
		return;
	}
	p->call = mem_ref(call);
	p->len = o.len;
	a->state = ANSWER_ACCEPTING;
	if (a->manner == ANSWER_CONNECT)
		now_connected(a);
	call_touch(call);
	turn_defer(promise_keep, p);
}

/* ---- who was handed over ---- */

static void take_ask(void *arg);

static void taken_over(int err, const struct sip_message *m,
		       struct sip_flow *flow, void *arg)
{
	struct answer *a = arg;
	struct leg *caller = a->call->caller;

	(void)flow;
	if (m && m->status < 200)
		return;

	sip_client_forget(&a->client);
	if (m && m->status == 491 && a->tries++ < TRIES_MAX) {
		wheel_start(&a->timer, RETRY_MS + rand_u32() % RETRY_MS,
			    take_ask, a);
		return;
	}
	caller->asks_offering = false;
	if (m && m->status < 300)
		(void)sip_dialog_ack(caller->dialog, (struct span){ NULL, 0 },
				     (struct span){ NULL, 0 });
	if (err || !m || m->status >= 300 || learn(a, m->body)) {
		trail_add(&a->call->trail, "%s cannot be spoken to: %u",
			  caller->phone ? caller->phone->number : "?",
			  m ? m->status : 408);
		call_hangup(a->call, NULL, "SIP;cause=488");
		return;
	}
	session_agreed(caller, m);
	a->is_connected = true;
	a->state = ANSWER_OPEN;
	a->owner->opened(a->arg);
}

static void take_ask(void *arg)
{
	struct answer *a = arg;
	struct leg *caller = a->call->caller;
	char buf[HEADERS_BYTES], sdp[SDP_BYTES];
	struct sip_out o, body;
	struct sip_dialog_request request = { .method = "INVITE" };
	int err;

	sip_out_init(&body, sdp, sizeof(sdp));
	err = describe(a, (struct span){ NULL, 0 }, &body);
	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(caller, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\nSupported: timer\r\n");
	session_offer(caller, &o);
	request.headers = sip_out_span(&o);
	request.content_type = SPAN("application/sdp");
	request.body = sip_out_span(&body);
	leg_reach(caller);
	if (!err)
		err = sip_dialog_request(&a->client, caller->dialog, &request,
					 taken_over, a);
	if (err)
		call_hangup(a->call, NULL, "SIP;cause=500");
	else
		leg_keep_sdp(caller, request.body);
}

static void take_late(void *arg)
{
	struct call *call = arg;

	if (call->answer && call->state == CALL_ANSWERED)
		take_ask(call->answer);
	mem_deref(call);
}

static void take_caller(struct answer *a)
{
	struct call *call = a->call;

	if (!transfer_take(call)) {
		call_refused(call, 480, a->owner->away);
		return;
	}
	a->state = ANSWER_ACCEPTING;
	wheel_stop(&call->timer);
	call->state = CALL_ANSWERED;
	call->answered_ms = clock_wall_ms();
	call->answered_mono_ms = clock_mono_ms();
	call->caller->asks_offering = true;
	call_touch(call);
	turn_defer(take_late, mem_ref(call));
}

/* ---- the end ---- */

static void hang_up(struct answer *a)
{
	struct call *call = a->call;

	if (call->state >= CALL_ANSWERED || !a->status)
		call_hangup(call, NULL, NULL);
	else
		call_refused(call, a->status, a->cause);
}

static void hang_up_late(void *arg)
{
	hang_up(arg);
}

void answer_hang_up(struct answer *a)
{
	a->status = 0;
	hang_up(a);
}

void answer_leave(struct answer *a)
{
	answer_refuse(a, 0, NULL);
}

void answer_refuse(struct answer *a, uint16_t status, const char *cause)
{
	a->state = ANSWER_LEAVING;
	a->status = status;
	a->cause = cause;
	if (!voice_is_saying(a->voice))
		wheel_start(&a->timer, SOON_MS, hang_up_late, a);
}

void answer_drop(struct answer *a)
{
	answer_end(a->call);
}

void answer_end(struct call *call)
{
	call->answer = mem_deref(call->answer);
}

/* ---- what the voice tells ---- */

static void lost(struct answer *a)
{
	struct call *call = a->call;

	trail_add(&call->trail, "the media server is gone");
	if (call->state >= CALL_ANSWERED)
		call_hangup(call, NULL, NULL);
	else if (a->owner->lost)
		a->owner->lost(a->arg);
	else
		call_refused(call, 480, a->owner->away);
}

static void heard(enum voice_event event, char k, void *arg)
{
	struct answer *a = arg;

	switch (event) {
	case VOICE_OPEN:
		wheel_stop(&a->timer);
		if (a->manner == ANSWER_TAKE)
			take_caller(a);
		else
			accept_caller(a);
		break;

	case VOICE_SAID:
		if (a->state == ANSWER_SENDING)
			(void)voice_say(a->voice, "ringback");
		else if (a->state == ANSWER_LEAVING)
			hang_up(a);
		else if (a->state == ANSWER_OPEN && a->owner->said)
			a->owner->said(a->arg);
		break;

	case VOICE_KEY:
		if (a->state == ANSWER_OPEN && a->owner->key)
			a->owner->key(a->arg, k);
		break;

	case VOICE_LOST: lost(a); break;
	}
}

/* The media server does not answer. */
static void late(void *arg)
{
	lost(arg);
}

/* ---- life ---- */

int answer_begin(struct answer **ap, struct call *call,
		 const struct answer_owner *owner, void *arg,
		 enum answer_manner manner)
{
	const struct phone *p = call->caller->phone;
	struct answer *a;
	int err;

	if (call->answer || call->state >= CALL_ANSWERED)
		return EALREADY;
	if (!call->caller->asked) {
		if (manner != ANSWER_CONNECT || !transfer_may_take(call))
			return EALREADY;
		manner = ANSWER_TAKE;
	}
	if (manner == ANSWER_EARLY && !call->offer)
		return ENOTSUP;
	a = mem_zalloc(sizeof(*a), answer_destructor);
	if (!a)
		return ENOMEM;

	a->call = call;
	a->owner = owner;
	a->arg = mem_ref(arg);
	a->manner = (uint8_t)manner;
	a->is_anonymous = forward_is_anonymous(call);
	a->is_french = p && p->user && p->user->is_french;
	a->sdp_id = clock_wall_ms();
	err = voice_open(&a->voice, call->id, heard, a);
	if (err) {
		mem_deref(a);
		return err;
	}
	wheel_start(&a->timer, OPEN_MS, late, a);
	wheel_stop(&call->timer);
	list_append(&answers.all, &a->le, a);
	relay_end(call);
	call->answer = a;
	if (ap)
		*ap = a;

	return 0;
}

struct call *answer_call(const struct answer *a)
{
	return a->call;
}

struct voice *answer_voice(const struct answer *a)
{
	return a->voice;
}

bool answer_is_anonymous(const struct answer *a)
{
	return a->is_anonymous;
}

bool answer_is_connected(const struct answer *a)
{
	return a->is_connected;
}

void answer_give(struct answer *a, const struct answer_owner *owner, void *arg)
{
	void *old = a->arg;

	a->owner = owner;
	a->arg = mem_ref(arg);
	mem_deref(old);
	if (a->state == ANSWER_SENDING && !a->call->transfer) {
		voice_hush(a->voice);
		a->state = ANSWER_OPEN;
	}
	if (a->state == ANSWER_OPEN)
		owner->opened(arg);
}

/* ---- speaking ---- */

void answer_set_french(struct answer *a, bool is_french)
{
	a->is_french = is_french;
}

bool answer_is_french(const struct answer *a)
{
	return a->is_french;
}

void answer_say(struct answer *a, const char *prompt)
{
	prompt_speak(a->voice, a->call->customer, a->is_french, prompt);
}

void answer_say_digits(struct answer *a, const char *digits)
{
	char name[] = "digit-0";

	for (; *digits; digits++) {
		if (*digits < '0' || *digits > '9')
			continue;
		name[6] = *digits;
		answer_say(a, name);
	}
}

void answer_play(struct answer *a, const char *sound)
{
	(void)voice_say(a->voice, sound);
}

void answer_hush(struct answer *a)
{
	voice_hush(a->voice);
}

void answer_record(struct answer *a, const char *name, const char *file,
		   uint32_t limit_s, uint32_t silence_s)
{
	(void)snprintf(a->record, sizeof(a->record), "%s", name);
	voice_record(a->voice, name, file, limit_s, silence_s);
}

void answer_record_stop(struct answer *a)
{
	if (a->record[0])
		voice_record_stop(a->voice, a->record);
}

/* ---- sending on ---- */

int answer_send_on(struct answer *a, const struct answer_way *way)
{
	int err;

	if (a->state != ANSWER_OPEN || !a->is_connected || a->asked)
		return EPROTO;

	a->state = ANSWER_SENDING;
	voice_hush(a->voice);
	err = transfer_send_on(a->call, way);
	if (err)
		a->state = ANSWER_OPEN;
	else if (a->state == ANSWER_SENDING)
		(void)voice_say(a->voice, "ringback");

	return err;
}

static void tell_refused(void *arg)
{
	struct answer *a = arg;

	a->state = ANSWER_OPEN;
	voice_hush(a->voice);
	a->owner->refused(a->arg, a->status, a->user);
}

void answer_sent_back(struct answer *a, uint16_t status, const char *user)
{
	a->status = status;
	(void)snprintf(a->user, sizeof(a->user), "%s", user);
	wheel_start(&a->timer, SOON_MS,
		    a->owner->refused ? tell_refused : hang_up_late, a);
}

/* ---- what the caller tells ---- */

void answer_acknowledged(struct answer *a, const struct sip_message *m)
{
	if (m && m->body.len && learn(a, m->body)) {
		hang_up(a);
		return;
	}
	if (a->state != ANSWER_ACCEPTING)
		return;

	a->state = ANSWER_OPEN;
	a->owner->opened(a->arg);
}

static void later_acknowledged(int err, const struct sip_message *m, void *arg)
{
	struct answer *a = arg;

	sip_server_forget(&a->asked);
	a->call->caller->asks_offering = false;
	if (err)
		hang_up(a);
	else if (m && m->body.len)
		(void)learn(a, m->body);
}

/* The key of an INFO from a phone that sends none in RTP, or '\0'. */
static char info_key(const struct answer *a, const struct sip_message *m)
{
	struct span type = sip_header_value(m, SIP_HEADER_CONTENT_TYPE);
	struct span body = m->body;
	const char *p = body.p;

	if (m->method != SIP_METHOD_INFO || a->has_rtp_keys || !body.len)
		return '\0';
	if (span_equal_nocase(type, SPAN("application/dtmf-relay"))) {
		p = memmem(body.p, body.len, "Signal=", 7);
		if (!p)
			return '\0';
		p += 7;
	}
	else if (!span_equal_nocase(type, SPAN("application/dtmf"))) {
		return '\0';
	}
	while (p < body.p + body.len && *p == ' ')
		p++;

	return p < body.p + body.len && *p && strchr("0123456789*#", *p) ? *p
									 : '\0';
}

void answer_request(struct answer *a, const struct sip_message *m,
		    struct sip_flow *flow)
{
	struct leg *caller = a->call->caller;
	bool is_invite = m->method == SIP_METHOD_INVITE;
	struct sip_server *asked = NULL;
	char k = info_key(a, m);
	char sdp[SDP_BYTES], buf[256];
	struct sip_out o, lines;
	struct sip_reply reply = { .status = 200 };

	if (a->asked || a->client || a->call->transfer ||
	    (caller->asked && is_invite)) {
		(void)sip_refuse(server_sip(), m, flow, 491,
				 (struct span){ NULL, 0 });
		return;
	}
	if (sip_server_accept(&asked, server_sip(), m, flow, NULL,
			      is_invite ? later_acknowledged : NULL, a))
		return;

	sip_out_init(&lines, buf, sizeof(buf));
	sip_out_init(&o, sdp, sizeof(sdp));
	if (!is_invite && m->method != SIP_METHOD_UPDATE)
		reply.status = m->method == SIP_METHOD_INFO ? 200 : 501;
	else if (session_asked(caller, m, &lines) == ERANGE)
		reply.status = 422;
	else if (describe(a, m->body, &o))
		reply.status = 488;

	if (o.len && reply.status == 200) {
		hold_apply(caller, hold_read(m->body));
		reply_sdp(a, asked, 200, sip_out_span(&o));
	}
	else {
		reply.headers = sip_out_span(&lines);
		(void)sip_server_reply(asked, &reply);
	}
	if (is_invite && reply.status == 200)
		a->asked = asked;
	else
		sip_server_forget(&asked);
	if (k && a->state == ANSWER_OPEN && a->owner->key)
		a->owner->key(a->arg, k);
}
