/* ws_frame.c - see ws_frame.h */
#include <errno.h>
#include <string.h>

#include "base/ws_frame.h"

static bool is_opcode(int opcode)
{
	return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

static uint64_t number_read(const uint8_t *p, size_t octets)
{
	uint64_t n = 0;

	for (size_t i = 0; i < octets; i++)
		n = n << 8 | p[i];

	return n;
}

static int refuse(uint16_t *codep, uint16_t code)
{
	*codep = code;

	return EBADMSG;
}

int ws_frame_parse(struct ws_frame *f, const uint8_t *p, size_t len,
		   bool is_masked, uint32_t max, uint16_t *codep)
{
	size_t octets = 0, head;
	uint64_t n;
	int opcode;

	if (!len)
		return EAGAIN;

	opcode = p[0] & 0x0f;
	if (p[0] & 0x70 || !is_opcode(opcode))
		return refuse(codep, 1002);
	if (len < 2)
		return EAGAIN;
	if ((p[1] & 0x80) != (is_masked ? 0x80 : 0))
		return refuse(codep, 1002);

	n = p[1] & 0x7f;
	if (opcode >= WS_CLOSE && (n > 125 || !(p[0] & 0x80)))
		return refuse(codep, 1002);

	if (n == 126)
		octets = 2;
	else if (n == 127)
		octets = 8;
	head = 2 + octets + (is_masked ? 4 : 0);
	if (len < 2 + octets)
		return EAGAIN;

	if (octets) {
		n = number_read(p + 2, octets);
		/* the shortest form only */
		if (n < 126 || (octets == 8 && n < 65536))
			return refuse(codep, 1002);
	}
	/* before any arithmetic on it */
	if (n > max)
		return refuse(codep, 1009);
	if (len < head)
		return EAGAIN;

	f->opcode = (enum ws_opcode)opcode;
	f->is_final = p[0] & 0x80;
	f->is_masked = is_masked;
	memset(f->mask, 0, sizeof(f->mask));
	if (is_masked)
		memcpy(f->mask, p + 2 + octets, 4);
	f->head_len = (uint32_t)head;
	f->len = (uint32_t)n;

	return 0;
}

size_t ws_frame_write(uint8_t out[WS_HEAD_MAX_BYTES], enum ws_opcode opcode,
		      bool is_final, size_t len, const uint8_t *mask)
{
	size_t n = 2, octets = 0;

	out[0] = (uint8_t)((is_final ? 0x80 : 0) | opcode);
	if (len < 126) {
		out[1] = (uint8_t)len;
	}
	else {
		octets = len < 65536 ? 2 : 8;
		out[1] = octets == 2 ? 126 : 127;
	}
	for (size_t i = 0; i < octets; i++)
		out[n++] = (uint8_t)((uint64_t)len >> 8 * (octets - 1 - i));

	if (mask) {
		out[1] |= 0x80;
		memcpy(out + n, mask, 4);
		n += 4;
	}

	return n;
}

void ws_mask(uint8_t *p, size_t len, const uint8_t mask[4], size_t offset)
{
	for (size_t i = 0; i < len; i++)
		p[i] ^= mask[(offset + i) & 3];
}

/* Octets of the well-formed sequence at p, 0 if there is none. */
static size_t utf8_sequence(const uint8_t *p, size_t len)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;

	switch (p[0]) {
	case 0xe0: low = 0xa0; break;  /* overlong */
	case 0xed: high = 0x9f; break; /* surrogates */
	case 0xf0: low = 0x90; break;  /* overlong */
	case 0xf4: high = 0x8f; break; /* past U+10FFFF */
	default: break;
	}

	if (len < n || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	}

	return n;
}

bool utf8_is_valid(const uint8_t *p, size_t len)
{
	while (len) {
		const size_t n = utf8_sequence(p, len);

		if (!n)
			return false;
		p += n;
		len -= n;
	}

	return true;
}

bool ws_close_code_is_valid(uint16_t code)
{
	if (code >= 3000 && code <= 4999)
		return true;

	return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
	       code != 1006;
}
