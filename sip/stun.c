/* stun.c - see stun.h */
#include "sip/stun.h"

enum {
	MAGIC = 0x2112a442,
	BINDING_REQUEST = 0x0001,
	BINDING_INDICATION = 0x0011,
	BINDING_SUCCESS = 0x0101,
	BINDING_ERROR = 0x0111,
	ATTR_MAPPED = 0x0001,
	ATTR_ERROR_CODE = 0x0009,
	ATTR_UNKNOWN = 0x000a,
	ATTR_XOR_MAPPED = 0x0020,
	ATTR_MANDATORY_MAX = 0x7fff,
	FAMILY_IPV4 = 1,
	FAMILY_IPV6 = 2,
};

static uint16_t read16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t read32(const uint8_t *p)
{
	return (uint32_t)read16(p) << 16 | read16(p + 2);
}

static void write16(uint8_t *p, uint16_t n)
{
	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
}

static void write32(uint8_t *p, uint32_t n)
{
	write16(p, (uint16_t)(n >> 16));
	write16(p + 2, (uint16_t)n);
}

bool sip_stun_is(const uint8_t *p, size_t len)
{
	return len >= SIP_STUN_HEAD_BYTES && !(p[0] & 0xc0) &&
	       read32(p + 4) == MAGIC &&
	       read16(p + 2) == len - SIP_STUN_HEAD_BYTES &&
	       !(read16(p + 2) & 3);
}

/* The mask of XOR-MAPPED-ADDRESS is the cookie and the id: head octet 4 on */
static int mapped_parse(struct sip_stun *s, const uint8_t *head,
			const uint8_t *v, uint16_t n, bool is_masked)
{
	uint8_t address[16];
	uint16_t port;
	size_t size;

	if (n < 8)
		return EBADMSG;
	size = v[1] == FAMILY_IPV4 ? 4 : v[1] == FAMILY_IPV6 ? 16 : 0;
	if (!size || n != 4 + size)
		return EBADMSG;

	port = read16(v + 2);
	memcpy(address, v + 4, size);
	if (is_masked) {
		port ^= MAGIC >> 16;
		for (size_t i = 0; i < size; i++)
			address[i] ^= head[4 + i];
	}
	if (size == 4)
		sa_set_in(&s->mapped, read32(address), port);
	else
		sa_set_in6(&s->mapped, address, port);

	s->has_mapped = true;
	return 0;
}

int sip_stun_parse(struct sip_stun *sp, const uint8_t *p, size_t len)
{
	struct sip_stun s = { 0 };
	size_t at = SIP_STUN_HEAD_BYTES;

	if (len > SIP_STUN_MAX_BYTES || !sip_stun_is(p, len))
		return EBADMSG;

	switch (read16(p)) {
	case BINDING_REQUEST: s.kind = SIP_STUN_REQUEST; break;
	case BINDING_INDICATION: s.kind = SIP_STUN_INDICATION; break;
	case BINDING_SUCCESS: s.kind = SIP_STUN_SUCCESS; break;
	case BINDING_ERROR: s.kind = SIP_STUN_ERROR; break;
	default: return EBADMSG;
	}
	memcpy(s.id, p + 8, SIP_STUN_ID_BYTES);

	while (at < len) {
		uint16_t type, n;
		int err = 0;

		if (len - at < 4)
			return EBADMSG;
		type = read16(p + at);
		n = read16(p + at + 2);
		if (n > len - at - 4)
			return EBADMSG;
		if (type == ATTR_XOR_MAPPED)
			err = mapped_parse(&s, p, p + at + 4, n, true);
		else if (type == ATTR_MAPPED && !s.has_mapped)
			err = mapped_parse(&s, p, p + at + 4, n, false);
		else if (type <= ATTR_MANDATORY_MAX && !s.unknown &&
			 type != ATTR_MAPPED && type != ATTR_ERROR_CODE &&
			 type != ATTR_UNKNOWN)
			s.unknown = type;
		if (err)
			return err;
		at += 4 + ((n + 3u) & ~3u);
	}

	*sp = s;
	return 0;
}

static void head_write(uint8_t *out, uint16_t type, uint16_t len,
		       const uint8_t *id)
{
	write16(out, type);
	write16(out + 2, len);
	write32(out + 4, MAGIC);
	memcpy(out + 8, id, SIP_STUN_ID_BYTES);
}

size_t sip_stun_request(uint8_t *out, size_t size,
			const uint8_t id[SIP_STUN_ID_BYTES])
{
	if (size < SIP_STUN_HEAD_BYTES)
		return 0;

	head_write(out, BINDING_REQUEST, 0, id);
	return SIP_STUN_HEAD_BYTES;
}

/* 420 Unknown Attribute */
static size_t error_write(uint8_t *out, size_t size, const struct sip_stun *req)
{
	enum { BODY = 8 + 8 };

	if (size < SIP_STUN_HEAD_BYTES + BODY)
		return 0;
	memset(out, 0, SIP_STUN_HEAD_BYTES + BODY);
	head_write(out, BINDING_ERROR, BODY, req->id);
	out += SIP_STUN_HEAD_BYTES;
	write16(out, ATTR_ERROR_CODE);
	write16(out + 2, 4);
	out[6] = 4;
	out[7] = 20;
	write16(out + 8, ATTR_UNKNOWN);
	write16(out + 10, 2);
	write16(out + 12, req->unknown);
	return SIP_STUN_HEAD_BYTES + BODY;
}

size_t sip_stun_answer(uint8_t *out, size_t size, const struct sip_stun *req,
		       const struct sa *source)
{
	size_t address = sa_af(source) == AF_INET6 ? 16 : 4;
	size_t body = 8 + address;
	uint8_t *v = out + SIP_STUN_HEAD_BYTES;

	if (req->kind != SIP_STUN_REQUEST)
		return 0;
	if (req->unknown)
		return error_write(out, size, req);
	if (size < SIP_STUN_HEAD_BYTES + body)
		return 0;

	head_write(out, BINDING_SUCCESS, (uint16_t)body, req->id);
	write16(v, ATTR_XOR_MAPPED);
	write16(v + 2, (uint16_t)(4 + address));
	v[4] = 0;
	v[5] = address == 16 ? FAMILY_IPV6 : FAMILY_IPV4;
	write16(v + 6, sa_port(source) ^ (MAGIC >> 16));
	if (address == 16)
		memcpy(v + 8, &source->u.in6.sin6_addr, 16);
	else
		memcpy(v + 8, &source->u.in.sin_addr, 4);
	for (size_t i = 0; i < address; i++)
		v[8 + i] ^= out[4 + i];

	return SIP_STUN_HEAD_BYTES + body;
}
