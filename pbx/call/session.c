/* session.c - see session.h */
#include "base/log.h"
#include "pbx/call/call.h"
#include "pbx/call/leg.h"
#include "pbx/call/session.h"
#include "pbx/settings.h"

static void due(void *arg);

static void start(struct leg *leg)
{
	struct session *s = &leg->session;
	uint32_t grace = s->interval_s / 3 < 32 ? s->interval_s / 3 : 32;
	uint64_t wait_s = s->is_ours ? s->interval_s / 2
				     : s->interval_s - grace;

	wheel_start(&s->timer, wait_s * 1000, due, leg);
}

static void refreshed(int err, const struct sip_message *m,
		      struct sip_flow *flow, void *arg)
{
	struct leg *leg = arg;

	(void)flow;

	if (!err && m->status < 200)
		return;
	if (!err && m->cseq_method == SIP_METHOD_INVITE && m->status < 300)
		(void)sip_dialog_ack(leg->dialog, (struct span){ NULL, 0 },
				     (struct span){ NULL, 0 });
	sip_client_forget(&leg->invite);
	leg->asks_offering = false;

	if (err || m->status == 408 || m->status == 481) {
		trail_add(&leg->call->trail, "%s does not answer any more",
			  leg->phone ? leg->phone->number : "?");
		call_hangup(leg->call, NULL, "SIP;cause=408");
		return;
	}
	if (m->status < 300)
		session_agreed(leg, m);
	else
		start(leg);
}

static void refresh(struct leg *leg)
{
	char buf[512];
	struct sip_out o;
	struct sip_dialog_request request = { .method = "UPDATE" };
	int err;

	if (leg->invite || leg->asks_offering) { /* something refreshes it */
		start(leg);
		return;
	}

	if (!leg->allows_update) {
		if (!leg->sdp)
			return;
		request.method = "INVITE";
		request.content_type = SPAN("application/sdp");
		request.body = (struct span){ (const char *)leg->sdp->buf,
					      (uint32_t)leg->sdp->end };
	}

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(leg, &o);
	session_repeat(leg, false, &o);
	sip_out_text(&o, "Supported: timer\r\n");
	request.headers = sip_out_span(&o);
	leg_reach(leg);
	err = sip_dialog_request(&leg->invite, leg->dialog, &request, refreshed,
				 leg);
	if (err) {
		log_warn("session", "call=%s refresh: %s", leg->call->id,
			 strerror(err));
		start(leg);
	}
	call_touch(leg->call);
}

static void due(void *arg)
{
	struct leg *leg = arg;

	if (leg->session.is_ours) {
		refresh(leg);
		return;
	}

	trail_add(&leg->call->trail, "session timer: %s did not refresh",
		  leg->phone ? leg->phone->number : "?");
	call_hangup(leg->call, NULL, "SIP;cause=408;text=\"Session timer\"");
}

void session_offer(const struct leg *leg, struct sip_out *o)
{
	uint32_t interval = leg->session.interval_s ? leg->session.interval_s
						    : pbx_settings.session_s;

	if (!interval)
		return;

	sip_out_header_number(o, SIP_HEADER_SESSION_EXPIRES, interval);
	sip_out_header_number(o, SIP_HEADER_MIN_SE, SESSION_MIN_S);
}

/* Who refreshes, by the parameter of a Session-Expires value. */
static bool names_uac(struct span value, bool otherwise)
{
	const char *semicolon = memchr(value.p, ';', value.len);
	struct span params, who;

	if (!semicolon)
		return otherwise;

	params.p = semicolon + 1;
	params.len = value.len - (uint32_t)(params.p - value.p);
	if (!sip_param(params, "refresher", &who))
		return otherwise;

	return span_equal_nocase(who, SPAN("uac"));
}

void session_agreed(struct leg *leg, const struct sip_message *m)
{
	struct session *s = &leg->session;
	struct span value;

	if (!sip_has_header(m, SIP_HEADER_SESSION_EXPIRES)) {
		session_stop(leg);
		return;
	}

	value = sip_header_value(m, SIP_HEADER_SESSION_EXPIRES);
	s->interval_s = sip_header_seconds(m, SIP_HEADER_SESSION_EXPIRES, 0);
	if (s->interval_s < SESSION_MIN_S)
		s->interval_s = SESSION_MIN_S;
	if (s->interval_s > 86400)
		s->interval_s = 86400;
	s->is_ours = names_uac(value, true);
	start(leg);
}

int session_asked(struct leg *leg, const struct sip_message *m,
		  struct sip_out *o)
{
	struct session *s = &leg->session;
	bool knows = sip_header_has(m, SIP_HEADER_SUPPORTED, "timer") ||
		     sip_header_has(m, SIP_HEADER_REQUIRE, "timer");
	bool asks = sip_has_header(m, SIP_HEADER_SESSION_EXPIRES);
	uint32_t interval = sip_header_seconds(m, SIP_HEADER_SESSION_EXPIRES,
					       pbx_settings.session_s);
	uint32_t least = sip_header_seconds(m, SIP_HEADER_MIN_SE, 0);

	if (asks && interval < SESSION_MIN_S && knows) {
		sip_out_header_number(o, SIP_HEADER_MIN_SE, SESSION_MIN_S);
		return ERANGE;
	}
	if (!interval || (!asks && !knows)) {
		session_stop(leg);
		return 0;
	}

	if (interval < SESSION_MIN_S)
		interval = SESSION_MIN_S;
	if (interval > pbx_settings.session_s && pbx_settings.session_s)
		interval = pbx_settings.session_s;
	if (interval < least)
		interval = least;
	if (interval > 86400)
		interval = 86400;

	s->interval_s = interval;
	s->is_ours = !knows;
	if (asks && knows)
		s->is_ours = !names_uac(
			sip_header_value(m, SIP_HEADER_SESSION_EXPIRES), true);
	start(leg);
	session_repeat(leg, true, o);

	return 0;
}

void session_repeat(const struct leg *leg, bool is_request_theirs,
		    struct sip_out *o)
{
	const struct session *s = &leg->session;
	bool uac = s->is_ours != is_request_theirs;

	if (!s->interval_s)
		return;

	sip_out_printf(o, "Session-Expires: %u;refresher=%s\r\n", s->interval_s,
		       uac ? "uac" : "uas");
	if (is_request_theirs && uac)
		sip_out_text(o, "Require: timer\r\n");
}

void session_restore(struct leg *leg, uint32_t interval_s, bool is_ours)
{
	if (!interval_s)
		return;

	leg->session.interval_s = interval_s;
	leg->session.is_ours = is_ours;
	start(leg);
}

void session_stop(struct leg *leg)
{
	wheel_stop(&leg->session.timer);
	leg->session.interval_s = 0;
}
