/* session.c - session timers: a call whose far end has died does not stay
 *
 * One side refreshes at half the interval; the other ends the call when a
 * third (at most 32 s) before its end no refresh has come.
 *
 * Source: RFC 4028 sections 7 to 10.
 */
#include "phone/call.h"
#include "phone/engine.h"
#include "sip/build.h"
#include "sip/message.h"
#include "sip/param.h"

enum { EARLY_MAX_S = 32 };

void phone_session_ask(struct sip_out *o)
{
	sip_out_printf(o, "Session-Expires: %d\r\nMin-SE: %d\r\n",
		       SESSION_EXPIRES_S, SESSION_MIN_S);
}

static void refresh(void *arg)
{
	struct call *c = arg;

	if (!c->is_limited) /* there is nobody to ask */
		(void)phone_call_wish(c, WISH_REFRESH, NULL);
	wheel_start(&c->session_timer, (uint64_t)c->session_s * 500, refresh,
		    c);
}

static void start(struct call *c);

static void expired(void *arg)
{
	struct call *c = arg;

	if (c->is_limited) /* nobody could have asked */
		start(c);
	else
		phone_call_bye(c, "session-expired", 408);
}

static void start(struct call *c)
{
	uint32_t early = c->session_s / 3 < EARLY_MAX_S ? c->session_s / 3
							: EARLY_MAX_S;

	if (!c->session_s)
		wheel_stop(&c->session_timer);
	else if (c->we_refresh)
		wheel_start(&c->session_timer, (uint64_t)c->session_s * 500,
			    refresh, c);
	else
		wheel_start(&c->session_timer,
			    (uint64_t)(c->session_s - early) * 1000, expired,
			    c);
}

/* "uac", "uas" or empty. */
static struct span refresher_of(const struct sip_message *m)
{
	struct span value = sip_header_value(m, SIP_HEADER_SESSION_EXPIRES);
	struct span who = { 0 };
	const char *semi = value.len ? memchr(value.p, ';', value.len) : NULL;

	if (semi) {
		struct span params = {
			semi,
			(uint32_t)(value.p + value.len - semi),
		};

		(void)sip_param(params, "refresher", &who);
	}

	return who;
}

void phone_session_agreed(struct call *c, const struct sip_message *m)
{
	c->session_s = sip_header_seconds(m, SIP_HEADER_SESSION_EXPIRES, 0);
	if (c->session_s && c->session_s < SESSION_MIN_S)
		c->session_s = SESSION_MIN_S;
	c->we_refresh = !span_equal_nocase(refresher_of(m), SPAN("uas"));
	start(c);
}

void phone_session_offered(struct call *c, const struct sip_message *m)
{
	c->session_s = sip_header_seconds(m, SIP_HEADER_SESSION_EXPIRES, 0);
	/* the UAC refreshes unless it asked us to */
	c->we_refresh = span_equal_nocase(refresher_of(m), SPAN("uas"));
}

void phone_session_answer(struct call *c, struct sip_out *o)
{
	if (c->session_s) {
		sip_out_printf(o, "Session-Expires: %u;refresher=%s\r\n",
			       c->session_s, c->we_refresh ? "uas" : "uac");
		if (!c->we_refresh)
			sip_out_text(o, "Require: timer\r\n");
	}
	start(c);
}

bool phone_session_is_short(const struct sip_message *m)
{
	uint32_t s = sip_header_seconds(m, SIP_HEADER_SESSION_EXPIRES, 0);

	return s && s < SESSION_MIN_S;
}
