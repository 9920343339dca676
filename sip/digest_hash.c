/* digest_hash.c - see digest_hash.h
 *
 * MD5 by OpenSSL through one context a thread (a fetch a hash costs more than
 * the hash), SHA-256 by libsodium, which needs none.
 */
#include <openssl/evp.h>
#include <sodium.h>

#include "sip/chars.h"
#include "sip/digest_hash.h"
#include "sip/param.h"

static void hash_md5(uint8_t out[16], const struct span *parts, size_t n)
{
	static _Thread_local EVP_MD_CTX *ctx;
	static _Thread_local EVP_MD *md;
	char text[512];
	size_t len = 0;

	if (!ctx) {
		ctx = EVP_MD_CTX_new();
		md = EVP_MD_fetch(NULL, "MD5", NULL);
	}
	if (!ctx || !md || !EVP_DigestInit_ex2(ctx, md, NULL)) {
		/* No MD5 here: nothing matches random octets */
		randombytes_buf(out, 16);
		return;
	}
	/* one update for all that fits: a call costs more than a few octets */
	for (size_t i = 0; i < n; i++) {
		if (len + 1 + parts[i].len > sizeof(text)) {
			EVP_DigestUpdate(ctx, text, len);
			len = 0;
		}
		if (i)
			text[len++] = ':';
		if (parts[i].len > sizeof(text) - len) {
			EVP_DigestUpdate(ctx, text, len);
			EVP_DigestUpdate(ctx, parts[i].p, parts[i].len);
			len = 0;
		}
		else if (parts[i].len) {
			memcpy(text + len, parts[i].p, parts[i].len);
			len += parts[i].len;
		}
	}
	EVP_DigestUpdate(ctx, text, len);
	sodium_memzero(text, sizeof(text));
	EVP_DigestFinal_ex(ctx, out, NULL);
}

static void hash_sha256(uint8_t out[32], const struct span *parts, size_t n)
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < n; i++) {
		if (i)
			crypto_hash_sha256_update(&state, (const uint8_t *)":",
						  1);
		if (parts[i].len)
			crypto_hash_sha256_update(&state,
						  (const uint8_t *)parts[i].p,
						  parts[i].len);
	}
	crypto_hash_sha256_final(&state, out);
}

void digest_hash(char *hex, enum sip_digest_algorithm algorithm,
		 const struct span *parts, size_t n)
{
	uint8_t out[32];
	size_t size = algorithm == SIP_DIGEST_SHA256 ? 32 : 16;

	if (algorithm == SIP_DIGEST_SHA256)
		hash_sha256(out, parts, n);
	else
		hash_md5(out, parts, n);

	(void)sodium_bin2hex(hex, DIGEST_HEX_MAX, out, size);
}

void digest_response(char *hex, enum sip_digest_algorithm algorithm,
		     const struct digest_inputs *in)
{
	const struct span a2[] = { in->method, in->uri };
	char ha2[DIGEST_HEX_MAX];

	digest_hash(ha2, algorithm, a2, 2);
	if (in->nc.len) {
		const struct span all[] = { in->ha1,      in->nonce,
					    in->nc,       in->cnonce,
					    SPAN("auth"), span_of(ha2) };

		digest_hash(hex, algorithm, all, 6);
	}
	else {
		const struct span all[] = { in->ha1, in->nonce, span_of(ha2) };

		digest_hash(hex, algorithm, all, 3);
	}
}

void sip_digest_ha1(char *out, enum sip_digest_algorithm algorithm,
		    const char *user, const char *realm, const char *secret)
{
	const struct span parts[] = { span_of(user), span_of(realm),
				      span_of(secret) };
	char hex[DIGEST_HEX_MAX];

	digest_hash(hex, algorithm, parts, 3);
	memcpy(out, hex, algorithm == SIP_DIGEST_SHA256 ? 65 : 33);
	sodium_memzero(hex, sizeof(hex));
}

bool digest_scheme_skip(struct span *valuep)
{
	struct span v = *valuep;

	if (v.len < 7 || strncasecmp(v.p, "Digest", 6) ||
	    !sip_char_is_blank(v.p[6]))
		return false;

	*valuep = (struct span){ v.p + 7, v.len - 7 };
	return true;
}

/* A whole quoted string, or what there is up to the next comma; NULL when it
 * is neither. */
static const char *skip_field_value(struct span *valuep, const char *p,
				    const char *e)
{
	const char *end;

	if (p < e && *p == '"') {
		end = memchr(p + 1, '"', (size_t)(e - p - 1));
		if (!end)
			return NULL;
		*valuep = span_between(p, ++end);
		end = sip_skip_blanks(end, e);
		return end == e || *end == ',' ? end : NULL;
	}

	end = p < e ? memchr(p, ',', (size_t)(e - p)) : NULL;
	end = end ? end : e;
	*valuep = sip_trim(span_between(p, end));

	return end;
}

bool digest_field_next(struct span *restp, struct span *namep,
		       struct span *valuep)
{
	const char *p = restp->p, *e, *name;

	if (!restp->len)
		return false;
	e = p + restp->len;
	while (p < e && (*p == ',' || sip_char_is_blank(*p)))
		p++;
	if (p == e) {
		*restp = (struct span){ e, 0 };
		return false;
	}

	name = p;
	while (p < e && sip_char_is(*p, SIP_CHAR_TOKEN))
		p++;
	*namep = span_between(name, p);
	p = sip_skip_blanks(p, e);
	if (!namep->len || p == e || *p != '=')
		return false;

	p = skip_field_value(valuep, sip_skip_blanks(p + 1, e), e);
	if (!p)
		return false;

	*restp = span_between(p, e);
	return true;
}

bool digest_algorithm_of(struct span name,
			 enum sip_digest_algorithm *algorithmp)
{
	name = sip_unquote(name);
	if (!name.len || span_equal_nocase(name, SPAN("MD5")))
		*algorithmp = SIP_DIGEST_MD5;
	else if (span_equal_nocase(name, SPAN("SHA-256")))
		*algorithmp = SIP_DIGEST_SHA256;
	else
		return false;

	return true;
}
