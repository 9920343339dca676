/* sdp_write.c - writes a description out again with changes; see sdp.h */
#include <errno.h>

#include "sip/param.h"
#include "sip/sdp.h"

void sdp_edit_init(struct sdp_edit *e)
{
	memset(e, 0, sizeof(*e));
	for (unsigned i = 0; i < SDP_MEDIA_MAX; i++)
		e->media[i].direction = -1;
}

static void line_write(struct sip_out *o, const struct sdp_line *line)
{
	const char head[2] = { line->type, '=' };

	sip_out_raw(o, (struct span){ head, 2 });
	sip_out_raw(o, line->value);
	sip_out_text(o, "\r\n");
}

static void address_write(struct sip_out *o, const char *address)
{
	sip_out_printf(o, "IN %s %s\r\n", strchr(address, ':') ? "IP6" : "IP4",
		       address);
}

static void number_or(struct sip_out *o, uint64_t n, struct span was)
{
	if (n)
		sip_out_number(o, n);
	else
		sip_out_raw(o, was);
	sip_out_text(o, " ");
}

static void origin_write(struct sip_out *o, const struct sdp *sdp,
			 const struct sdp_edit *e, const struct sdp_line *line)
{
	struct span rest = line->value;

	sip_out_text(o, "o=");
	sip_out_raw(o, e->user ? span_of(e->user) : sdp->user);
	sip_out_text(o, " ");
	number_or(o, e->session_id, sdp->session_id);
	number_or(o, e->version, sdp->session_version);
	if (e->address) {
		address_write(o, e->address);
		return;
	}
	/* what follows the version, as it was */
	rest.len -= (uint32_t)(sdp->session_version.p +
			       sdp->session_version.len - rest.p);
	rest.p = sdp->session_version.p + sdp->session_version.len;
	sip_out_raw(o, sip_trim(rest));
	sip_out_text(o, "\r\n");
}

/* Up to ':' or the end */
static struct span attribute_name(struct span value)
{
	const char *colon = value.len ? memchr(value.p, ':', value.len) : NULL;

	if (colon)
		value.len = (uint32_t)(colon - value.p);
	return value;
}

static bool is_dropped(const char *const *drop, struct span name)
{
	for (; drop && *drop; drop++) {
		struct span want = span_of(*drop);

		if (want.len && want.p[want.len - 1] == '*') {
			want.len--;
			if (name.len >= want.len &&
			    !memcmp(name.p, want.p, want.len))
				return true;
		}
		else if (span_equal(name, want))
			return true;
	}

	return false;
}

static bool is_direction(struct span name)
{
	for (unsigned d = 0; d <= SDP_DIRECTION_SENDRECV; d++) {
		if (span_equal_nocase(name, span_of(sdp_direction_name(d))))
			return true;
	}

	return false;
}

/* The payload number at the start of a format attribute's value is listed */
static bool format_is_kept(struct span formats, struct span value)
{
	const char *colon = memchr(value.p, ':', value.len);
	const char *p = colon ? colon + 1 : value.p;
	const char *e = value.p + value.len, *q = p;
	struct span payload;

	while (q < e && *q != ' ')
		q++;
	payload = (struct span){ p, (uint32_t)(q - p) };
	if (span_equal(payload, SPAN("*")))
		return true;

	p = formats.p;
	e = p + formats.len;
	while (p < e) {
		q = p;
		while (q < e && *q != ' ')
			q++;
		if (span_equal(payload, (struct span){ p, (uint32_t)(q - p) }))
			return true;
		p = q + 1;
	}

	return false;
}

static void media_line_write(struct sip_out *o, const struct sdp_media *m,
			     const struct sdp_media_edit *e)
{
	uint16_t port = e->is_refused ? 0 : e->port ? e->port : m->port;

	sip_out_text(o, "m=");
	sip_out_raw(o, m->type);
	sip_out_printf(o, " %u ", port);
	sip_out_raw(o, e->protocol.len ? e->protocol : m->protocol);
	sip_out_text(o, " ");
	sip_out_raw(o, e->formats.len ? e->formats : m->formats);
	sip_out_text(o, "\r\n");
}

static bool attribute_is_kept(const struct sdp_media_edit *e, struct span value)
{
	struct span name = attribute_name(value);

	if (is_dropped(e->drop, name))
		return false;
	if (e->direction >= 0 && is_direction(name))
		return false;
	if (span_equal(name, SPAN("rtcp")))
		return !e->rtcp_port && !e->port && !e->address;
	if (e->formats.len && (span_equal(name, SPAN("rtpmap")) ||
			       span_equal(name, SPAN("fmtp")) ||
			       span_equal(name, SPAN("rtcp-fb"))))
		return format_is_kept(e->formats, value);

	return true;
}

static void media_write(struct sip_out *o, const struct sdp *sdp,
			const struct sdp_media *m,
			const struct sdp_media_edit *e)
{
	bool wants_address = e->address && !e->is_refused;

	media_line_write(o, m, e);
	for (unsigned i = 1; i < m->line_count; i++) {
		const struct sdp_line *line = &sdp->lines[m->first_line + i];

		/* c= comes after i= and before all others */
		if (wants_address && line->type != 'i') {
			sip_out_text(o, "c=");
			address_write(o, e->address);
			wants_address = false;
		}
		if (line->type == 'c' && e->address && !e->is_refused)
			continue;
		if (e->is_refused && line->type != 'c')
			continue;
		if (line->type != 'a' || attribute_is_kept(e, line->value))
			line_write(o, line);
	}
	if (e->is_refused)
		return;

	if (wants_address) {
		sip_out_text(o, "c=");
		address_write(o, e->address);
	}
	if (e->rtcp_port)
		sip_out_printf(o, "a=rtcp:%u\r\n", e->rtcp_port);
	if (e->direction >= 0)
		sip_out_printf(
			o, "a=%s\r\n",
			sdp_direction_name((enum sdp_direction)e->direction));
	if (e->add)
		sip_out_text(o, e->add);
}

int sdp_write(struct sip_out *o, const struct sdp *sdp,
	      const struct sdp_edit *e)
{
	for (unsigned i = 0; i < sdp->session_lines; i++) {
		const struct sdp_line *line = &sdp->lines[i];

		if (line->type == 'o')
			origin_write(o, sdp, e, line);
		else if (line->type == 'c' && e->address) {
			sip_out_text(o, "c=");
			address_write(o, e->address);
		}
		else if (line->type != 'a' ||
			 !is_dropped(e->drop, attribute_name(line->value)))
			line_write(o, line);
	}
	if (e->add)
		sip_out_text(o, e->add);

	for (unsigned i = 0; i < sdp->media_count; i++)
		media_write(o, sdp, &sdp->media[i], &e->media[i]);

	return o->is_full ? E2BIG : 0;
}
