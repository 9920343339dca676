/* odd_media.c - see odd_media.h */
#include "pbx/speech/odd_media.h"
#include "pbx/settings.h"
#include "sip/chars.h"
#include "sip/flow.h"
#include "sip/sdp.h"

enum {
	ADDRESS_BYTES = 64,
	BODY_BYTES = 33000,
};

static bool is_odd_ipv4(uint32_t a, bool is_local)
{
	if (a >> 24 == 127)
		return !is_local;

	/* this network but for 0.0.0.0; multicast, reserved, broadcast */
	return (a >> 24 == 0 && a) || a >> 28 >= 0xe;
}

static bool is_odd_ipv6(const struct in6_addr *a, bool is_local)
{
	if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a)) {
		uint32_t v4;

		memcpy(&v4, &a->s6_addr[12], sizeof(v4));
		return is_odd_ipv4(ntohl(v4), is_local);
	}
	if (IN6_IS_ADDR_LOOPBACK(a))
		return !is_local;

	return IN6_IS_ADDR_MULTICAST(a);
}

/* `192.0.2.1`, or with `/127` and the like behind it. */
static bool is_odd(struct span address, bool is_local)
{
	char text[ADDRESS_BYTES];
	uint32_t len = 0;
	struct sa sa;

	while (len < address.len && len < sizeof(text) - 1 &&
	       address.p[len] != '/' && !sip_char_is_blank(address.p[len])) {
		text[len] = address.p[len];
		len++;
	}
	text[len] = '\0';
	if (!strcmp(text, "::1"))
		return !is_local;
	if (sa_set_str(&sa, text, 0))
		return false;

	return sa_af(&sa) == AF_INET
		       ? is_odd_ipv4(sa_in(&sa), is_local)
		       : is_odd_ipv6(&sa.u.in6.sin6_addr, is_local);
}

static bool is_phone_local(const struct sip_flow *flow)
{
	return !flow || sa_is_loopback(sip_flow_remote(flow));
}

/* Where a line names an address: behind `IN IP4 ` of c= and a=rtcp. */
static bool address_in(struct span *addressp, struct span line)
{
	const char *p;

	if (line.len < 10 ||
	    (memcmp(line.p, "c=", 2) != 0 && memcmp(line.p, "a=rtcp:", 7) != 0))
		return false;

	p = memmem(line.p, line.len, "IN IP", 5);
	if (!p || p + 7 > line.p + line.len)
		return false;

	addressp->p = p + 7;
	addressp->len = (uint32_t)(line.p + line.len - addressp->p);

	return true;
}

/* Bodies inside others are looked through, too. */
bool odd_media_is(struct span body, const struct sip_flow *flow)
{
	const char *at = body.p, *end = body.p + body.len;
	bool is_local = is_phone_local(flow);
	uint32_t streams = 0;

	while (at < end) {
		const char *e = memchr(at, '\n', (size_t)(end - at));
		struct span line = { at, (uint32_t)((e ? e : end) - at) };
		struct span address;

		if (line.len > 2 && !memcmp(line.p, "m=", 2) &&
		    ++streams > SDP_MEDIA_MAX)
			return true;
		if (pbx_settings.refuses_odd_media &&
		    address_in(&address, line) && is_odd(address, is_local))
			return true;
		at += line.len + 1;
	}

	return false;
}

struct span odd_media_mend(struct span body, const struct sip_flow *flow)
{
	static const char *const drop[] = { "rtcp", NULL };
	static char buf[BODY_BYTES];
	struct span mended = { NULL, 0 };
	struct sdp_edit edit;
	struct sip_out o;
	struct sdp *sdp;

	if (!odd_media_is(body, flow))
		return body;

	sdp = mem_alloc(sizeof(*sdp), NULL);
	if (!sdp)
		return mended;

	sdp_edit_init(&edit);
	edit.address = "0.0.0.0";
	for (unsigned i = 0; i < SDP_MEDIA_MAX; i++) {
		edit.media[i].address = "0.0.0.0";
		edit.media[i].drop = drop;
	}
	sip_out_init(&o, buf, sizeof(buf));
	if (!sdp_parse(sdp, body) && !sdp_write(&o, sdp, &edit))
		mended = sip_out_span(&o);
	mem_deref(sdp);

	return mended;
}
