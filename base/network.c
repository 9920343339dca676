/* network.c - see network.h */
#include <string.h>

#include "base/network.h"

bool network_read(struct network *n, const char *text)
{
	char address[64];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned bits = 0;

	if (len >= sizeof(address))
		return false;

	memcpy(address, text, len);
	address[len] = '\0';
	if (sa_set_str(&n->address, address, 0))
		return false;

	n->bits = sa_af(&n->address) == AF_INET ? 32 : 128;
	if (!slash)
		return true;
	if (!slash[1])
		return false;
	for (const char *p = slash + 1; *p; p++) {
		if (*p < '0' || *p > '9' || bits > 128)
			return false;
		bits = bits * 10 + (unsigned)(*p - '0');
	}
	if (bits > n->bits)
		return false;
	n->bits = (uint8_t)bits;

	return true;
}

static uint32_t octets_of(uint8_t out[16], const struct sa *sa)
{
	uint32_t in = htonl(sa_in(sa));

	if (sa_af(sa) == AF_INET) {
		memcpy(out, &in, sizeof(in));
		return 4;
	}
	sa_in6(sa, out);

	return 16;
}

bool network_has(const struct network *n, const struct sa *sa)
{
	uint8_t a[16], b[16];
	uint8_t whole = n->bits / 8, rest = n->bits % 8;

	if (sa_af(&n->address) != sa_af(sa))
		return false;

	(void)octets_of(a, &n->address);
	(void)octets_of(b, sa);
	if (memcmp(a, b, whole) != 0)
		return false;

	return !rest || (a[whole] >> (8 - rest)) == (b[whole] >> (8 - rest));
}

bool network_overlaps(const struct network *a, const struct network *b)
{
	return a->bits < b->bits ? network_has(a, &b->address)
				 : network_has(b, &a->address);
}
