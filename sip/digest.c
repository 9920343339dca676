/* digest.c - the server's side; see digest.h
 *
 * A nonce is 24 octets in hex: time in milliseconds (6), a counter (2) and a
 * SipHash-2-4-128 of both with the source address (16).
 */
#include <sodium.h>
#include <time.h>

#include "base/list.h"
#include "sip/chars.h"
#include "sip/digest_hash.h"
#include "sip/param.h"
#include "sip/replay.h"

enum {
	STAMP_BYTES = 8,
	SIGNATURE_BYTES = crypto_shorthash_siphashx24_BYTES,
	NONCE_BYTES = STAMP_BYTES + SIGNATURE_BYTES,
	NONCE_HEX = 2 * NONCE_BYTES,
	FUTURE_MAX_MS = 5000, /* another server's clock may be ahead */
};

struct sip_digest_server {
	char *realm;
	uint8_t key[SIP_DIGEST_KEY_BYTES];
	uint16_t counter;
	uint64_t (*now_ms)(void);
	struct replay replay;
};

/* Credentials as they came; spans without quotes */
struct credentials {
	struct span username, realm, nonce, uri, response, cnonce, nc, qop;
	struct span algorithm_name;
	enum sip_digest_algorithm algorithm;
};

static uint64_t wall_clock_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void server_destructor(void *data)
{
	struct sip_digest_server *s = data;

	sodium_memzero(s->key, sizeof(s->key));
	replay_close(&s->replay);
	mem_deref(s->realm);
}

int sip_digest_server_alloc(struct sip_digest_server **sp, const char *realm,
			    const uint8_t *key)
{
	struct sip_digest_server *s;
	int err;

	if (!sp || !realm || strpbrk(realm, "\"\\\r\n"))
		return EINVAL;
	if (sodium_init() < 0)
		return ENOSYS;

	s = mem_zalloc(sizeof(*s), server_destructor);
	if (!s)
		return ENOMEM;

	s->now_ms = wall_clock_ms;
	if (key)
		memcpy(s->key, key, sizeof(s->key));
	else
		randombytes_buf(s->key, sizeof(s->key));
	err = str_dup(&s->realm, realm);
	if (err)
		goto out;
	err = replay_init(&s->replay, SIP_NONCE_LIFE_MS + FUTURE_MAX_MS,
			  s->now_ms());

out:
	if (err)
		mem_deref(s);
	else
		*sp = s;

	return err;
}

void sip_digest_server_clock(struct sip_digest_server *s,
			     uint64_t (*now_ms)(void))
{
	s->now_ms = now_ms;
	s->replay.started_ms = now_ms();
}

const char *sip_digest_server_realm(const struct sip_digest_server *s)
{
	return s->realm;
}

static void sign(uint8_t out[SIGNATURE_BYTES],
		 const struct sip_digest_server *s,
		 const uint8_t stamp[STAMP_BYTES], const struct sa *source)
{
	uint8_t text[STAMP_BYTES + 17] = { 0 };

	memcpy(text, stamp, STAMP_BYTES);
	if (sa_af(source) == AF_INET) {
		text[STAMP_BYTES] = 4;
		memcpy(text + STAMP_BYTES + 1, &source->u.in.sin_addr, 4);
	}
	else if (sa_af(source) == AF_INET6) {
		text[STAMP_BYTES] = 6;
		memcpy(text + STAMP_BYTES + 1, &source->u.in6.sin6_addr, 16);
	}

	(void)crypto_shorthash_siphashx24(out, text, sizeof(text), s->key);
}

static void nonce_make(char hex[NONCE_HEX + 1], struct sip_digest_server *s,
		       const struct sa *source)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t now = s->now_ms();
	uint8_t nonce[NONCE_BYTES];

	for (unsigned i = 0; i < 6; i++)
		nonce[i] = (uint8_t)(now >> (40 - 8 * i));
	s->counter++;
	nonce[6] = (uint8_t)(s->counter >> 8);
	nonce[7] = (uint8_t)s->counter;
	sign(nonce + STAMP_BYTES, s, nonce, source);
	for (unsigned i = 0; i < NONCE_BYTES; i++) {
		*hex++ = digits[nonce[i] >> 4];
		*hex++ = digits[nonce[i] & 15];
	}
	*hex = '\0';
}

/* Ours, for this source, and not too old */
static bool nonce_is_good(const struct sip_digest_server *s, struct span hex,
			  const struct sa *source)
{
	uint8_t nonce[NONCE_BYTES], want[SIGNATURE_BYTES];
	uint64_t made = 0, now = s->now_ms();

	if (hex.len != NONCE_HEX)
		return false;
	for (unsigned i = 0; i < NONCE_BYTES; i++) {
		int hi = sip_char_hex(hex.p[2 * i]);
		int lo = sip_char_hex(hex.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		nonce[i] = (uint8_t)(hi << 4 | lo);
	}
	sign(want, s, nonce, source);
	if (sodium_memcmp(want, nonce + STAMP_BYTES, sizeof(want)))
		return false;

	for (unsigned i = 0; i < 6; i++)
		made = made << 8 | nonce[i];
	return made <= now + FUTURE_MAX_MS && now < made + SIP_NONCE_LIFE_MS;
}

static void challenge_line(struct sip_out *o, const struct sip_digest_server *s,
			   const char *nonce, const char *algorithm,
			   bool is_stale, bool is_proxy)
{
	sip_out_text(o, is_proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
	sip_out_text(o, ": Digest realm=\"");
	sip_out_text(o, s->realm);
	sip_out_text(o, "\", nonce=\"");
	sip_out_text(o, nonce);
	sip_out_text(o, "\", qop=\"auth\", algorithm=");
	sip_out_text(o, algorithm);
	sip_out_text(o, is_stale ? ", stale=true\r\n" : "\r\n");
}

void sip_digest_challenge_write(struct sip_out *o, struct sip_digest_server *s,
				const struct sa *source, bool is_stale,
				bool is_proxy)
{
	static const char *const algorithms[] = { "SHA-256", "MD5" };
	char nonce[NONCE_HEX + 1];

	nonce_make(nonce, s, source);
	for (unsigned i = 0; i < 2; i++)
		challenge_line(o, s, nonce, algorithms[i], is_stale, is_proxy);
}

/* One field into its place; false when it comes twice */
static bool field_set(struct credentials *c, struct span name,
		      struct span value)
{
	const struct {
		struct span name, *place;
	} fields[] = {
		{ SPAN("username"), &c->username },
		{ SPAN("realm"), &c->realm },
		{ SPAN("nonce"), &c->nonce },
		{ SPAN("uri"), &c->uri },
		{ SPAN("response"), &c->response },
		{ SPAN("cnonce"), &c->cnonce },
		{ SPAN("nc"), &c->nc },
		{ SPAN("qop"), &c->qop },
		{ SPAN("algorithm"), &c->algorithm_name },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!span_equal_nocase(name, fields[i].name))
			continue;
		if (fields[i].place->p)
			return false;
		*fields[i].place = sip_unquote(value);
		return true;
	}

	return true;
}

/* 0; ENOENT other scheme or algorithm; EBADMSG */
static int credentials_parse(struct credentials *c, struct span value)
{
	struct span name, v;

	memset(c, 0, sizeof(*c));
	if (!digest_scheme_skip(&value))
		return ENOENT;
	while (digest_field_next(&value, &name, &v)) {
		if (!field_set(c, name, v))
			return EBADMSG;
	}
	if (value.len || !c->username.p || !c->realm.p || !c->nonce.len ||
	    !c->uri.len || !c->response.len)
		return EBADMSG;
	if (!digest_algorithm_of(c->algorithm_name, &c->algorithm))
		return ENOENT;

	return 0;
}

/* Of all lines for our realm the strongest */
static enum sip_digest_result credentials_find(
	struct credentials *c, const struct sip_digest_server *s,
	const struct sip_message *m, bool is_proxy)
{
	enum sip_digest_result result = SIP_DIGEST_NONE;
	struct credentials one;
	struct sip_values it;
	struct span line;

	sip_values_start(&it, m,
			 is_proxy ? SIP_HEADER_PROXY_AUTHORIZATION
				  : SIP_HEADER_AUTHORIZATION);
	while (sip_lines_next(&it, &line)) {
		int err = credentials_parse(&one, line);

		if (err == EBADMSG)
			return SIP_DIGEST_MALFORMED;
		if (err || !span_equal(one.realm, span_of(s->realm)))
			continue;
		if (result == SIP_DIGEST_NONE || one.algorithm > c->algorithm)
			*c = one;
		result = SIP_DIGEST_OK;
	}

	return result;
}

/* qop=auth with an 8-digit count and a cnonce, or the old form without */
static bool count_parse(const struct credentials *c, uint32_t *ncp)
{
	uint32_t n = 0;

	if (!c->qop.len && !c->nc.len) {
		*ncp = 1;
		return true;
	}
	if (!span_equal_nocase(c->qop, SPAN("auth")) || c->nc.len != 8 ||
	    !c->cnonce.len)
		return false;
	for (unsigned i = 0; i < 8; i++) {
		char digit[2] = { c->nc.p[i], 0 };
		const char *hex = "0123456789abcdef0123456789ABCDEF";
		const char *at = digit[0] ? strchr(hex, digit[0]) : NULL;

		if (!at)
			return false;
		n = n << 4 | (uint32_t)((at - hex) & 15);
	}

	*ncp = n;
	return n > 0;
}

static bool response_is_right(const struct credentials *c,
			      const struct sip_message *m,
			      const struct sip_digest_keys *keys)
{
	size_t size = c->algorithm == SIP_DIGEST_SHA256 ? 64 : 32;
	char want[DIGEST_HEX_MAX], got[DIGEST_HEX_MAX];
	struct digest_inputs in = {
		.nonce = c->nonce,
		.nc = c->nc,
		.cnonce = c->cnonce,
		.method = m->method_name,
		.uri = c->uri,
	};
	bool has_key;

	in.ha1.p = c->algorithm == SIP_DIGEST_SHA256 ? keys->ha1_sha256
						     : keys->ha1_md5;
	in.ha1.len = (uint32_t)strnlen(in.ha1.p, size);
	has_key = in.ha1.len == size;
	digest_response(want, c->algorithm, &in);

	if (c->response.len != size)
		return false;
	for (size_t i = 0; i < size; i++) {
		char ch = c->response.p[i];

		got[i] = ch >= 'A' && ch <= 'F' ? (char)(ch | 32) : ch;
	}

	return !sodium_memcmp(want, got, size) && has_key;
}

enum sip_digest_result sip_digest_check(struct sip_digest_server *s,
					const struct sip_message *m,
					const struct sa *source, bool is_proxy,
					sip_digest_lookup_h *lookup, void *arg,
					struct sip_digest_who *who)
{
	struct sip_digest_keys keys = { 0 };
	struct credentials c = { 0 };
	enum sip_digest_result result;
	bool is_known, is_right;
	uint32_t nc;

	result = credentials_find(&c, s, m, is_proxy);
	if (result != SIP_DIGEST_OK)
		return result;
	if (!count_parse(&c, &nc))
		return SIP_DIGEST_MALFORMED;
	if (!nonce_is_good(s, c.nonce, source))
		return SIP_DIGEST_STALE;

	is_known = c.username.len && lookup(c.username, &keys, arg);
	if (!is_known) {
		/* as much work as for a wrong secret */
		memset(keys.ha1_md5, '0', 32);
		memset(keys.ha1_sha256, '0', 64);
	}
	is_right = response_is_right(&c, m, &keys);
	if (!is_known || !is_right) {
		result = SIP_DIGEST_BAD;
		goto out;
	}
	if (!replay_use(&s->replay,
			hash_span(hash_span(0, c.nonce), c.username), nc,
			s->now_ms())) {
		result = SIP_DIGEST_STALE;
		goto out;
	}
	if (who) {
		who->user = c.username;
		who->device = keys.device;
		who->algorithm = (uint8_t)c.algorithm;
		who->uri_matches = span_equal(c.uri, m->uri);
	}

out:
	sodium_memzero(&keys, sizeof(keys));
	return result;
}
