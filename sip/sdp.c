/* sdp.c - indexes a description; see sdp.h */
#include <errno.h>
#include <arpa/inet.h>

#include "sip/chars.h"
#include "sip/param.h"
#include "sip/sdp.h"

/* Cut the next blank-separated word; empty at the end */
static struct span word_next(struct span *restp)
{
	const char *p = restp->p, *e = p + restp->len, *start;

	while (p < e && *p == ' ')
		p++;
	start = p;
	while (p < e && *p != ' ')
		p++;
	*restp = span_between(p, e);

	return span_between(start, p);
}

static bool address_is_good(struct span s, bool is_ipv6)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (is_ipv6) {
		if (!s.len || s.len >= sizeof(text))
			return false;
		memcpy(text, s.p, s.len);
		text[s.len] = 0;
		return inet_pton(AF_INET6, text, &addr) == 1;
	}
	for (uint32_t i = 0; i < s.len; i++) {
		if (!sip_char_is(s.p[i], SIP_CHAR_HOST))
			return false;
	}

	return s.len > 0 && s.len < 64;
}

/* `IN IP4 address`, as in c= and o= */
static int address_parse(struct span rest, struct span *addressp, bool *ipv6p)
{
	struct span net = word_next(&rest), type = word_next(&rest);
	struct span address = word_next(&rest);
	const char *slash;
	bool is_ipv6 = span_equal_nocase(type, SPAN("IP6"));

	if (!span_equal_nocase(net, SPAN("IN")) ||
	    (!is_ipv6 && !span_equal_nocase(type, SPAN("IP4"))))
		return EBADMSG;
	slash = address.len ? memchr(address.p, '/', address.len) : NULL;
	if (slash)
		address = span_between(address.p, slash);
	/* some write an IPv6 address under IP4's name only in o=; never here */
	if (!address_is_good(address, is_ipv6))
		return EBADMSG;

	*addressp = address;
	*ipv6p = is_ipv6;
	return 0;
}

static int origin_parse(struct sdp *sdp, struct span v)
{
	bool is_ipv6;

	sdp->user = word_next(&v);
	sdp->session_id = word_next(&v);
	sdp->session_version = word_next(&v);
	if (!sdp->session_version.len)
		return EBADMSG;

	return address_parse(v, &sdp->origin_address, &is_ipv6);
}

static int media_parse(struct sdp *sdp, struct span v)
{
	struct sdp_media *m;
	struct span port, word;
	const char *slash;
	uint64_t n;

	if (sdp->media_count == SDP_MEDIA_MAX)
		return E2BIG;
	m = &sdp->media[sdp->media_count];
	memset(m, 0, sizeof(*m));
	m->first_line = sdp->line_count;
	m->direction = sdp->direction;
	m->address = sdp->address;
	m->is_ipv6 = sdp->is_ipv6;

	m->type = word_next(&v);
	port = word_next(&v);
	m->protocol = word_next(&v);
	m->formats = sip_trim(v);
	slash = port.len ? memchr(port.p, '/', port.len) : NULL;
	if (slash)
		port = span_between(port.p, slash);
	if (!sip_is_token(m->type) || !m->protocol.len ||
	    sip_number(port, 65535, &n))
		return EBADMSG;
	m->port = (uint16_t)n;

	v = m->formats;
	while ((word = word_next(&v)).len) {
		if (m->format_count == SDP_FORMATS_MAX)
			return E2BIG;
		m->format_count++;
	}
	if (!m->format_count)
		return EBADMSG;

	sdp->media_count++;
	return 0;
}

/* Name and value of an attribute line */
static struct span attribute_split(struct span line, struct span *valuep)
{
	const char *colon = line.len ? memchr(line.p, ':', line.len) : NULL;
	const char *e = line.p + line.len;

	*valuep = colon ? span_between(colon + 1, e) : span_between(e, e);
	return span_between(line.p, colon ? colon : e);
}

static bool direction_of(struct span name, uint8_t *directionp)
{
	for (unsigned d = 0; d <= SDP_DIRECTION_SENDRECV; d++) {
		if (span_equal_nocase(name, span_of(sdp_direction_name(d)))) {
			*directionp = (uint8_t)d;
			return true;
		}
	}

	return false;
}

static int attribute_parse(struct sdp *sdp, struct sdp_media *m,
			   struct span line, unsigned *candidatesp)
{
	struct span value, name = attribute_split(line, &value);
	uint64_t n;

	if (direction_of(name, m ? &m->direction : &sdp->direction))
		return 0;
	if (span_equal(name, SPAN("candidate")))
		return ++*candidatesp > SDP_CANDIDATES_MAX ? E2BIG : 0;
	if (m && span_equal(name, SPAN("rtcp-mux")))
		m->has_rtcp_mux = true;
	if (m && span_equal(name, SPAN("rtcp"))) {
		if (sip_number(word_next(&value), 65535, &n))
			return EBADMSG;
		m->rtcp_port = (uint16_t)n;
	}

	return 0;
}

/* One line into the index, and what it says */
static int line_add(struct sdp *sdp, char type, struct span v,
		    unsigned *candidatesp)
{
	struct sdp_media *m = sdp->media_count
				      ? &sdp->media[sdp->media_count - 1]
				      : NULL;
	int err = 0;

	if (sdp->line_count == SDP_LINES_MAX)
		return E2BIG;

	switch (type) {
	case 'v': err = span_equal(v, SPAN("0")) ? 0 : EBADMSG; break;
	case 'o':
		err = m || sdp->user.p ? EBADMSG : origin_parse(sdp, v);
		break;
	case 'c':
		err = m ? address_parse(v, &m->address, &m->is_ipv6)
			: address_parse(v, &sdp->address, &sdp->is_ipv6);
		break;
	case 'm':
		err = media_parse(sdp, v);
		m = NULL;
		break;
	case 'a': err = attribute_parse(sdp, m, v, candidatesp); break;
	default: break;
	}
	if (err)
		return err;

	sdp->lines[sdp->line_count].type = type;
	sdp->lines[sdp->line_count].value = v;
	sdp->line_count++;
	if (sdp->media_count) {
		m = &sdp->media[sdp->media_count - 1];
		m->line_count = (uint16_t)(sdp->line_count - m->first_line);
	}
	else
		sdp->session_lines = sdp->line_count;

	return 0;
}

static int lines_parse(struct sdp *sdp)
{
	const char *p = sdp->body.p, *e = p + sdp->body.len;
	unsigned candidates = 0;

	while (p < e) {
		const char *lf = memchr(p, '\n', (size_t)(e - p));
		const char *end = lf ? lf : e;
		int err;

		if (end > p && end[-1] == '\r')
			end--;
		if (end > p) {
			if (end - p < 2 || p[1] != '=' || p[0] < 'a' ||
			    p[0] > 'z')
				return EBADMSG;
			for (const char *q = p + 2; q < end; q++) {
				if (sip_char_is(*q, SIP_CHAR_CONTROL))
					return EBADMSG;
			}
			if (!sdp->line_count && p[0] != 'v')
				return EBADMSG;
			err = line_add(sdp, p[0], span_between(p + 2, end),
				       &candidates);
			if (err)
				return err;
		}
		p = lf ? lf + 1 : e;
	}

	return 0;
}

int sdp_parse(struct sdp *sdp, struct span body)
{
	int err;

	memset(sdp, 0, offsetof(struct sdp, media));
	sdp->body = body;
	sdp->direction = SDP_DIRECTION_SENDRECV;
	if (body.len > SDP_MAX_BYTES)
		return E2BIG;
	if (!body.len)
		return EBADMSG;

	err = lines_parse(sdp);
	if (err)
		return err;
	if (!sdp->line_count || !sdp->user.p)
		return EBADMSG;
	for (unsigned i = 0; i < sdp->media_count; i++) {
		if (sdp->media[i].port && !sdp->media[i].address.len)
			return EBADMSG;
	}

	return 0;
}

bool sdp_attribute_next(const struct sdp *sdp, const struct sdp_media *media,
			const char *name, uint16_t *indexp, struct span *valuep)
{
	uint16_t first = media ? media->first_line : 0;
	uint16_t count = media ? media->line_count : sdp->session_lines;
	struct span want = span_of(name), value;

	while (*indexp < count) {
		const struct sdp_line *line = &sdp->lines[first + *indexp];

		++*indexp;
		if (line->type != 'a' ||
		    !span_equal(attribute_split(line->value, &value), want))
			continue;
		if (valuep)
			*valuep = value;
		return true;
	}

	return false;
}

bool sdp_attribute(const struct sdp *sdp, const struct sdp_media *media,
		   const char *name, struct span *valuep)
{
	uint16_t index = 0;

	return sdp_attribute_next(sdp, media, name, &index, valuep);
}

struct span sdp_format(const struct sdp_media *media, unsigned n)
{
	struct span rest = media->formats, word;

	do {
		word = word_next(&rest);
	} while (n-- && word.len);

	return word;
}

static const struct sdp_codec static_codecs[] = {
	{ 0, "PCMU", 8000, 1, NULL },  { 3, "GSM", 8000, 1, NULL },
	{ 4, "G723", 8000, 1, NULL },  { 8, "PCMA", 8000, 1, NULL },
	{ 9, "G722", 8000, 1, NULL },  { 13, "CN", 8000, 1, NULL },
	{ 15, "G728", 8000, 1, NULL }, { 18, "G729", 8000, 1, NULL },
};

/* `PCMU/8000` or `opus/48000/2` */
static bool rtpmap_parse(struct sdp_codec *codec, struct span text)
{
	const char *e = text.p + text.len;
	const char *slash = text.len ? memchr(text.p, '/', text.len) : NULL;
	const char *second;
	uint64_t rate, channels = 1;

	if (!slash || slash == text.p ||
	    (size_t)(slash - text.p) >= sizeof(codec->name))
		return false;
	second = memchr(slash + 1, '/', (size_t)(e - slash - 1));
	if (sip_number(span_between(slash + 1, second ? second : e), 1000000,
		       &rate) ||
	    !rate)
		return false;
	if (second && sip_number(span_between(second + 1, e), 255, &channels))
		return false;

	memcpy(codec->name, text.p, (size_t)(slash - text.p));
	codec->name[slash - text.p] = 0;
	codec->rate = (uint32_t)rate;
	codec->channels = (uint8_t)channels;
	codec->fmtp = NULL;
	return true;
}

bool sdp_codec(const struct sdp *sdp, const struct sdp_media *media,
	       struct span format, struct sdp_codec *codec)
{
	struct span value;
	uint16_t index = 0;
	uint64_t payload;

	if (sip_number(format, 127, &payload))
		return false;

	while (sdp_attribute_next(sdp, media, "rtpmap", &index, &value)) {
		if (!span_equal(word_next(&value), format))
			continue;
		codec->payload = (uint8_t)payload;
		return rtpmap_parse(codec, sip_trim(value));
	}

	for (size_t i = 0; i < sizeof(static_codecs) / sizeof(static_codecs[0]);
	     i++) {
		if (static_codecs[i].payload != payload)
			continue;
		*codec = static_codecs[i];
		return true;
	}

	return false;
}

const struct sdp_media *sdp_media_active(const struct sdp *sdp,
					 const char *type)
{
	for (unsigned i = 0; i < sdp->media_count; i++) {
		const struct sdp_media *m = &sdp->media[i];

		if (m->port && span_equal_nocase(m->type, span_of(type)))
			return m;
	}

	return NULL;
}

enum sdp_direction sdp_direction_mirror(enum sdp_direction d)
{
	return (d & SDP_DIRECTION_SENDONLY ? SDP_DIRECTION_RECVONLY : 0) |
	       (d & SDP_DIRECTION_RECVONLY ? SDP_DIRECTION_SENDONLY : 0);
}

const char *sdp_direction_name(enum sdp_direction d)
{
	static const char *const names[] = { "inactive", "sendonly", "recvonly",
					     "sendrecv" };

	return names[d & SDP_DIRECTION_SENDRECV];
}
