/* trace_print.c - see trace_print.h */
#include <arpa/inet.h>
#include <stdio.h>

#include "pbx/jsontext.h"
#include "pbx/watch/trace_print.h"

enum {
	PCAP_RAW_IP = 101,
	IP4_HEAD = 20,
	IP6_HEAD = 40,
	UDP_HEAD = 8,
	COLUMN = 26,
	MARGIN = 12,
	LINE_BYTES = MARGIN + COLUMN * (TRACE_ENDS_MAX + 1) + 8,
};

void trace_json(struct sip_out *o, const struct trace_message *m, bool is_first)
{
	char text[64];

	sip_out_text(o, is_first ? "{\"at_us\":" : ",{\"at_us\":");
	sip_out_number(o, m->time_us);
	sip_out_text(o, m->is_sent ? ",\"sent\":true" : ",\"sent\":false");
	jsontext_member(o, false, "transport",
			sip_transport_name(m->transport));
	(void)re_snprintf(text, sizeof(text), "%J", &m->source);
	jsontext_member(o, false, "source", text);
	(void)re_snprintf(text, sizeof(text), "%J", &m->target);
	jsontext_member(o, false, "target", text);
	sip_out_raw(o, SPAN(",\"message\":"));
	jsontext_span(o, m->text);
	sip_out_raw(o, SPAN("}"));
}

/* ---- octets ---- */

static void put(struct sip_out *o, const void *p, size_t len)
{
	sip_out_raw(o, (struct span){ p, (uint32_t)len });
}

static void put8(struct sip_out *o, uint8_t n)
{
	put(o, &n, sizeof(n));
}

static void put16(struct sip_out *o, uint16_t n)
{
	n = htons(n);
	put(o, &n, sizeof(n));
}

static void put32(struct sip_out *o, uint32_t n)
{
	n = htonl(n);
	put(o, &n, sizeof(n));
}

/* In the byte order of this machine, as pcap wants it. */
static void put32_own(struct sip_out *o, uint32_t n)
{
	put(o, &n, sizeof(n));
}

static bool is_ip6(const struct trace_message *m)
{
	return sa_af(&m->remote) == AF_INET6;
}

static void put_address(struct sip_out *o, const struct sa *sa, bool is_6)
{
	static const uint8_t none[16];

	if (is_6)
		put(o,
		    sa_af(sa) == AF_INET6 ? sa->u.in6.sin6_addr.s6_addr : none,
		    16);
	else
		put32(o, sa_af(sa) == AF_INET ? sa_in(sa) : 0);
}

/* ---- pcap ---- */

static uint32_t sum(uint32_t n, const char *p, uint32_t len)
{
	for (uint32_t i = 0; i + 1 < len; i += 2)
		n += (uint32_t)((uint8_t)p[i] << 8 | (uint8_t)p[i + 1]);
	if (len & 1)
		n += (uint32_t)((uint8_t)p[len - 1] << 8);

	return n;
}

static uint16_t checksum(uint32_t n)
{
	while (n >> 16)
		n = (n & 0xffff) + (n >> 16);

	return (uint16_t)~n;
}

void trace_pcap_head(struct sip_out *o)
{
	put32_own(o, 0xa1b2c3d4);
	put32_own(o, 4u << 16 | 2u); /* version 2.4, in two halves */
	put32_own(o, 0);
	put32_own(o, 0);
	put32_own(o, 65535);
	put32_own(o, PCAP_RAW_IP);
}

static void set16(char *p, uint16_t n)
{
	p[0] = (char)(n >> 8);
	p[1] = (char)(n & 0xff);
}

static void put_ip(struct sip_out *o, const struct trace_message *m,
		   uint32_t udp_len)
{
	uint32_t at = o->len;

	if (is_ip6(m)) {
		put32(o, 6u << 28);
		put16(o, (uint16_t)udp_len);
		put8(o, IPPROTO_UDP);
		put8(o, 64);
	}
	else {
		put16(o, 0x4500);
		put16(o, (uint16_t)(IP4_HEAD + udp_len));
		put32(o, 0x4000); /* whole */
		put8(o, 64);
		put8(o, IPPROTO_UDP);
		put16(o, 0);
	}
	put_address(o, &m->source, is_ip6(m));
	put_address(o, &m->target, is_ip6(m));
	if (!is_ip6(m) && !o->is_full)
		set16(o->p + at + 10, checksum(sum(0, o->p + at, IP4_HEAD)));
}

void trace_pcap(struct sip_out *o, const struct trace_message *m)
{
	struct span text = m->text;
	uint32_t head = is_ip6(m) ? IP6_HEAD : IP4_HEAD;
	uint32_t addresses = is_ip6(m) ? 32 : 8;
	uint32_t udp_len, at;
	uint16_t n;

	if (text.len > TRACE_PACKET_MAX)
		text.len = TRACE_PACKET_MAX;
	udp_len = UDP_HEAD + text.len;
	put32_own(o, (uint32_t)(m->time_us / 1000000));
	put32_own(o, (uint32_t)(m->time_us % 1000000));
	put32_own(o, head + udp_len);
	put32_own(o, head + udp_len);
	put_ip(o, m, udp_len);
	at = o->len;
	put16(o, sa_port(&m->source));
	put16(o, sa_port(&m->target));
	put16(o, (uint16_t)udp_len);
	put16(o, 0);
	put(o, text.p, text.len);
	if (o->is_full)
		return;

	n = checksum(sum(IPPROTO_UDP + udp_len, o->p + at - addresses,
			 addresses + udp_len));
	set16(o->p + at + 6, n ? n : 0xffff);
}

/* ---- HEP3 ---- */

static void chunk(struct sip_out *o, uint16_t type, const void *p, size_t len)
{
	put16(o, 0); /* vendor: the standard's own */
	put16(o, type);
	put16(o, (uint16_t)(6 + len));
	put(o, p, len);
}

static void chunk16(struct sip_out *o, uint16_t type, uint16_t n)
{
	n = htons(n);
	chunk(o, type, &n, sizeof(n));
}

static void chunk32(struct sip_out *o, uint16_t type, uint32_t n)
{
	n = htonl(n);
	chunk(o, type, &n, sizeof(n));
}

static void chunk_address(struct sip_out *o, uint16_t type, const struct sa *sa,
			  bool is_6)
{
	put16(o, 0);
	put16(o, (uint16_t)(type + (is_6 ? 2 : 0)));
	put16(o, is_6 ? 22 : 10);
	put_address(o, sa, is_6);
}

void trace_hep(struct sip_out *o, const struct trace_message *m,
	       struct span call_id)
{
	uint8_t family = is_ip6(m) ? 10 : 2;
	uint8_t protocol = m->transport == SIP_UDP ? IPPROTO_UDP : IPPROTO_TCP;
	uint8_t sip = 1;
	uint32_t at = o->len;

	put(o, "HEP3", 4);
	put16(o, 0);
	chunk(o, 1, &family, 1);
	chunk(o, 2, &protocol, 1);
	chunk_address(o, 3, &m->source, is_ip6(m));
	chunk_address(o, 4, &m->target, is_ip6(m));
	chunk16(o, 7, sa_port(&m->source));
	chunk16(o, 8, sa_port(&m->target));
	chunk32(o, 9, (uint32_t)(m->time_us / 1000000));
	chunk32(o, 10, (uint32_t)(m->time_us % 1000000));
	chunk(o, 11, &sip, 1);
	chunk32(o, 12, 1);
	if (call_id.len && call_id.len < 256)
		chunk(o, 17, call_id.p, call_id.len);
	chunk(o, 15, m->text.p, m->text.len);
	if (o->len - at > UINT16_MAX)
		o->is_full = true;
	if (!o->is_full)
		set16(o->p + at + 4, (uint16_t)(o->len - at));
}

/* ---- ladder ---- */

static uint32_t column_of(const struct trace_ladder *l, const struct sa *end)
{
	uint32_t i = 0;

	while (i + 1 < l->count && !sa_cmp(&l->ends[i], end, SA_ALL))
		i++;

	return i + 1;
}

void trace_ladder_meet(struct trace_ladder *l, const struct trace_message *m)
{
	if (!l->first_us)
		l->first_us = m->time_us;
	for (uint32_t i = 0; i < l->count; i++) {
		if (sa_cmp(&l->ends[i], &m->remote, SA_ALL))
			return;
	}
	if (l->count < TRACE_ENDS_MAX)
		l->ends[l->count++] = m->remote;
}

void trace_ladder_head(struct sip_out *o, const struct trace_ladder *l)
{
	sip_out_printf(o, "%*s%-*s", MARGIN - 1, "", COLUMN, "pbx");
	for (uint32_t i = 0; i < l->count; i++) {
		char text[64];

		(void)re_snprintf(text, sizeof(text), "%J", &l->ends[i]);
		sip_out_printf(o, "%-*.*s", COLUMN, COLUMN - 1, text);
	}
	sip_out_raw(o, SPAN("\n"));
}

/* "INVITE (SDP)" or "200 INVITE" */
static void label_of(char *buf, size_t size, struct span text)
{
	const char *sdp = memmem(text.p, text.len, "\r\n\r\nv=0", 7) ? " (SDP)"
								     : "";
	struct sip_message m;

	if (sip_message_parse(&m, text.p, text.len, NULL) && !m.call_id.len)
		(void)snprintf(buf, size, "no SIP");
	else if (m.is_request)
		(void)snprintf(
			buf, size, "%.*s%s",
			(int)(m.method_name.len < 16 ? m.method_name.len : 16),
			m.method_name.p, sdp);
	else
		(void)snprintf(buf, size, "%u %s%s", m.status,
			       sip_method_name(m.cseq_method), sdp);
}

void trace_ladder_line(struct sip_out *o, const struct trace_ladder *l,
		       const struct trace_message *m)
{
	uint32_t to = MARGIN + column_of(l, &m->remote) * COLUMN;
	char line[LINE_BYTES], label[40];
	uint64_t us = m->time_us - l->first_us;
	size_t n;

	memset(line, ' ', sizeof(line));
	for (uint32_t i = 0; i <= l->count; i++)
		line[MARGIN + i * COLUMN] = '|';
	memset(line + MARGIN + 1, '-', to - MARGIN - 1);
	if (m->is_sent)
		line[to - 1] = '>';
	else
		line[MARGIN + 1] = '<';
	label_of(label, sizeof(label), m->text);
	n = strlen(label);
	if (n > COLUMN - 6)
		n = COLUMN - 6;
	line[MARGIN + 3] = ' ';
	memcpy(line + MARGIN + 4, label, n);
	line[MARGIN + 4 + n] = ' ';
	sip_out_printf(o, "%6llu.%03llu ", (unsigned long long)(us / 1000000),
		       (unsigned long long)(us / 1000 % 1000));
	put(o, line + 11, MARGIN + l->count * COLUMN - 10);
	sip_out_raw(o, SPAN("\n"));
}
