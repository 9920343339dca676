/* alone.c - see alone.h */
#include "base/clock.h"
#include "base/log.h"
#include "pbx/call/alone.h"
#include "pbx/call/call.h"
#include "pbx/call/hold.h"
#include "pbx/conference/join.h"
#include "pbx/speech/music.h"
#include "pbx/speech/relay.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "sip/sdp.h"

enum {
	HEADERS_BYTES = 1536,
	BODY_BYTES = 4096,
	TRIES_MAX = 10,
	RETRY_MS = 300, /* and up to as much again, after a 491 */
	BEGIN_MS = 1,
};

struct alone {
	struct call *call;
	struct sip_client *client; /* asks for a description */
	struct sip_server *asked;  /* a later INVITE of the party */
	struct wheel_timer timer;
	uint32_t tries;
};

static void alone_destructor(void *data)
{
	struct alone *a = data;

	wheel_stop(&a->timer);
	sip_client_forget(&a->client);
	sip_server_forget(&a->asked);
}

bool alone_is(const struct call *call)
{
	return call->state == CALL_ANSWERED && call->callee &&
	       call->callee->state == LEG_QUEUED;
}

int alone_place(struct call *call)
{
	struct leg *place = NULL;
	int err = leg_alloc(&place, call, NULL);

	if (err)
		return err;

	list_append(&call->branches, &place->le, place);
	place->is_done = true;
	call->callee = place;

	return 0;
}

void alone_end(struct call *call)
{
	call->alone = mem_deref(call->alone);
}

/* ---- our side ---- */

static int own_side(struct sdp_audio *audio, struct call *call, char *host)
{
	uint16_t port = relay_port(call, 0);

	if (!port)
		return ENOTCONN;
	relay_address(host, call->caller);
	sdp_audio_init(audio, host, port, call->started_ms);
	terms_offer(audio);
	srtp_offer(audio, &media_port_srtp(call->ports[0])->own, call->caller,
		   media_port_terms(call->ports[0]));
	audio->version = clock_wall_ms();
	audio->direction = SDP_DIRECTION_SENDONLY;

	return 0;
}

static void play(struct call *call, const struct sdp_agreed *agreed,
		 const struct sdp_audio *ours)
{
	struct media_port *port = call->ports[0];
	char name[MUSIC_NAME_BYTES];
	struct terms terms = { .codec = 0 };

	if (terms_agree(&terms, agreed, ours))
		return;

	media_port_agree(port, &terms);
	if (!media_port_is_playing(port))
		media_port_play(port, music_of(call->customer, name));
}

/* Our description: the answer to theirs, or an offer. */
static struct span describe(struct call *call, struct span theirs)
{
	static char buf[BODY_BYTES];
	struct sdp_agreed agreed;
	struct sdp_audio audio;
	struct sip_out o;
	struct sdp *sdp;
	char host[RELAY_HOST_BYTES];
	int err = own_side(&audio, call, host);

	sip_out_init(&o, buf, sizeof(buf));
	if (!theirs.len)
		return err || sdp_audio_write(&o, &audio)
			       ? (struct span){ NULL, 0 }
			       : sip_out_span(&o);

	sdp = err ? NULL : mem_alloc(sizeof(*sdp), NULL);
	if (!sdp)
		return join_silence(theirs);
	err = sdp_parse(sdp, theirs);
	if (!err)
		err = sdp_audio_answer(&o, &agreed, sdp, &audio);
	if (!err)
		play(call, &agreed, &audio);
	mem_deref(sdp);

	return err ? join_silence(theirs) : sip_out_span(&o);
}

/* Their answer to our offer. */
static void learn(struct call *call, struct span answer)
{
	struct sdp_agreed agreed;
	struct sdp_audio audio;
	char host[RELAY_HOST_BYTES];
	struct sdp *sdp;

	if (own_side(&audio, call, host))
		return;
	sdp = mem_alloc(sizeof(*sdp), NULL);
	if (!sdp)
		return;
	if (!sdp_parse(sdp, answer) && !sdp_audio_read(&agreed, sdp, &audio))
		play(call, &agreed, &audio);
	mem_deref(sdp);
}

/* ---- the party is asked ---- */

static void ask(void *arg);

static void settled(struct alone *a)
{
	struct call *call = a->call;

	call->caller->asks_offering = false;
	call->is_joining = false;
	call_touch(call);
}

static void take(struct alone *a, const struct sip_message *m)
{
	struct call *call = a->call;
	struct leg *x = call->caller;
	struct span body;

	session_agreed(x, m);
	body = m->body.len ? describe(call, m->body) : (struct span){ NULL, 0 };
	(void)sip_dialog_ack(x->dialog,
			     body.len ? SPAN("application/sdp")
				      : (struct span){ NULL, 0 },
			     body);
	leg_keep_sdp(x, body);
	trail_add(&call->trail, "%s %s", x->phone ? x->phone->number : "?",
		  call->ports[0] ? "hears music" : "hears nothing");
	settled(a);
}

static void told(int err, const struct sip_message *m, struct sip_flow *flow,
		 void *arg)
{
	struct alone *a = arg;
	struct call *call = a->call;

	(void)flow;

	if (m && m->status < 200)
		return;

	sip_client_forget(&a->client);
	if (m && m->status < 300) {
		take(a, m);
		return;
	}
	if (m && m->status == 491 && ++a->tries <= TRIES_MAX) {
		wheel_start(&a->timer, RETRY_MS + rand_u32() % RETRY_MS, ask,
			    a);
		return;
	}
	if (err || m->status == 408 || m->status == 481) {
		trail_add(&call->trail, "who waits does not answer");
		call_hangup(call, NULL, "SIP;cause=408");
		return;
	}

	settled(a); /* it waits without music */
}

static void ask(void *arg)
{
	struct alone *a = arg;
	struct leg *x = a->call->caller;
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_dialog_request request = { .method = "INVITE" };

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(x, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\nSupported: timer\r\n");
	session_offer(x, &o);
	request.headers = sip_out_span(&o);
	leg_reach(x);
	if (sip_dialog_request(&a->client, x->dialog, &request, told, a))
		call_hangup(a->call, NULL, "SIP;cause=500");
	else
		call_touch(a->call);
}

static struct alone *alone_get(struct call *call)
{
	if (!call->alone) {
		call->alone = mem_zalloc(sizeof(*call->alone),
					 alone_destructor);
		if (call->alone)
			call->alone->call = call;
	}

	return call->alone;
}

void alone_start(struct call *call)
{
	struct alone *a = alone_get(call);

	if (!a) {
		call_hangup(call, NULL, "SIP;cause=500");
		return;
	}

	call->is_joining = true;
	call->caller->asks_offering = true;
	call_touch(call);
	wheel_start(&a->timer, BEGIN_MS, ask, a);
}

/* ---- the party asks ---- */

static void acknowledged(int err, const struct sip_message *m, void *arg)
{
	struct alone *a = arg;
	struct call *call = a->call;

	sip_server_forget(&a->asked);
	call->caller->asks_offering = false;
	if (err)
		call_hangup(call, NULL, "SIP;cause=408");
	else if (m && m->body.len)
		learn(call, m->body);
}

static void reply_body(struct leg *x, struct sip_server *asked,
		       struct span body)
{
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_reply reply = { .status = 200,
				   .with_contact = true,
				   .contact_user = SPAN("pbx") };

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(x, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\nSupported: " PBX_SUPPORTED
			 "\r\n");
	session_repeat(x, true, &o);
	reply.headers = sip_out_span(&o);
	if (body.len)
		reply.content_type = SPAN("application/sdp");
	reply.body = body;
	(void)sip_server_reply(asked, &reply);
	leg_keep_sdp(x, body);
}

static void refuse(const struct sip_message *m, struct sip_flow *flow,
		   uint16_t status)
{
	(void)sip_server_refuse(server_sip(), m, flow, status,
				(struct span){ NULL, 0 });
}

/* A new description, in an INVITE or an UPDATE. */
static void answer(struct call *call, const struct sip_message *m,
		   struct sip_server *asked)
{
	struct leg *x = call->caller;
	char buf[256];
	struct sip_out lines;
	struct sip_reply reply = { .status = 0 };
	struct span body = { NULL, 0 };

	sip_out_init(&lines, buf, sizeof(buf));
	if (session_asked(x, m, &lines) == ERANGE)
		reply.status = 422;
	else if (m->body.len || m->method == SIP_METHOD_INVITE)
		body = describe(call, m->body);
	if (!reply.status && m->method == SIP_METHOD_INVITE && !body.len)
		reply.status = 488;

	if (reply.status) {
		reply.headers = sip_out_span(&lines);
		(void)sip_server_reply(asked, &reply);
		return;
	}
	hold_apply(x, hold_read(m->body));
	reply_body(x, asked, body);
	call_touch(call);
}

void alone_request(struct call *call, const struct sip_message *m,
		   struct sip_flow *flow)
{
	bool is_invite = m->method == SIP_METHOD_INVITE;
	struct alone *a = alone_get(call);
	struct sip_server *asked = NULL;

	if (!a || (!is_invite && m->method != SIP_METHOD_UPDATE)) {
		refuse(m, flow, a ? 501 : 500);
		return;
	}
	if (call->caller->asks_offering || a->asked) {
		refuse(m, flow, 491);
		return;
	}
	if (sip_server_accept(&asked, server_sip(), m, flow, NULL,
			      is_invite ? acknowledged : NULL, a))
		return;

	answer(call, m, asked);
	if (is_invite) {
		a->asked = asked;
		call->caller->asks_offering = true;
	}
	else {
		sip_server_forget(&asked);
	}
}
