/* digest_client.c - the client's side; see digest.h */
#include <sodium.h>

#include "sip/digest_hash.h"
#include "sip/param.h"

/* Copy a quoted value that needs no escapes; EBADMSG when it does not fit */
static int field_copy(char *out, size_t size, struct span value)
{
	struct span v = sip_unquote(value);

	if (v.len >= size || (v.len && memchr(v.p, '\\', v.len)))
		return EBADMSG;
	if (v.len)
		memcpy(out, v.p, v.len);
	out[v.len] = 0;
	return 0;
}

static int challenge_parse(struct sip_digest_client *c, struct span value)
{
	enum sip_digest_algorithm algorithm = SIP_DIGEST_MD5;
	struct span name, v, qop = { 0 }, algorithm_name = { 0 };
	bool has_nonce = false, has_realm = false;
	int err = 0;

	memset(c, 0, sizeof(*c));
	if (!digest_scheme_skip(&value))
		return ENOTSUP;
	while (!err && digest_field_next(&value, &name, &v)) {
		if (span_equal_nocase(name, SPAN("realm"))) {
			has_realm = true;
			err = field_copy(c->realm, sizeof(c->realm), v);
		}
		else if (span_equal_nocase(name, SPAN("nonce"))) {
			has_nonce = true;
			err = field_copy(c->nonce, sizeof(c->nonce), v);
		}
		else if (span_equal_nocase(name, SPAN("opaque"))) {
			c->has_opaque = true;
			err = field_copy(c->opaque, sizeof(c->opaque), v);
		}
		else if (span_equal_nocase(name, SPAN("qop")))
			qop = sip_unquote(v);
		else if (span_equal_nocase(name, SPAN("algorithm")))
			algorithm_name = v;
		else if (span_equal_nocase(name, SPAN("stale")))
			c->is_stale = span_equal_nocase(sip_unquote(v),
							SPAN("true"));
	}
	if (err || value.len || !has_realm || !has_nonce)
		return EBADMSG;

	c->has_qop = sip_list_has(qop, "auth");
	if (!digest_algorithm_of(algorithm_name, &algorithm) ||
	    (qop.len && !c->has_qop))
		return ENOTSUP;

	c->algorithm = (uint8_t)algorithm;
	return 0;
}

int sip_digest_challenge_read(struct sip_digest_client *c,
			      const struct sip_message *m)
{
	bool is_proxy = m->status == 407;
	struct sip_digest_client one, best;
	struct sip_values it;
	struct span line;
	int result = ENOENT;

	sip_values_start(&it, m,
			 is_proxy ? SIP_HEADER_PROXY_AUTHENTICATE
				  : SIP_HEADER_WWW_AUTHENTICATE);
	while (sip_lines_next(&it, &line)) {
		int err = challenge_parse(&one, line);

		if (err) {
			result = result ? err : 0;
			continue;
		}
		if (result || one.algorithm > best.algorithm)
			best = one;
		result = 0;
	}
	if (!result) {
		best.is_proxy = is_proxy;
		*c = best;
	}

	return result;
}

void sip_digest_answer_write(struct sip_out *o, struct sip_digest_client *c,
			     struct span method, struct span uri,
			     const char *user, const char *secret)
{
	bool is_sha = c->algorithm == SIP_DIGEST_SHA256;
	enum sip_digest_algorithm algorithm = is_sha ? SIP_DIGEST_SHA256
						     : SIP_DIGEST_MD5;
	char ha1[DIGEST_HEX_MAX], response[DIGEST_HEX_MAX];
	char nc[9] = "", cnonce[33] = "";
	uint8_t salt[16];
	struct digest_inputs in = { .nonce = span_of(c->nonce),
				    .method = method,
				    .uri = uri };

	if (c->has_qop) {
		(void)snprintf(nc, sizeof(nc), "%08x", ++c->nc);
		randombytes_buf(salt, sizeof(salt));
		(void)sodium_bin2hex(cnonce, sizeof(cnonce), salt,
				     sizeof(salt));
	}
	sip_digest_ha1(ha1, algorithm, user, c->realm, secret);
	in.ha1 = span_of(ha1);
	in.nc = span_of(nc);
	in.cnonce = span_of(cnonce);
	digest_response(response, algorithm, &in);
	sodium_memzero(ha1, sizeof(ha1));

	sip_out_text(o, c->is_proxy ? "Proxy-Authorization" : "Authorization");
	sip_out_text(o, ": Digest username=");
	sip_out_quoted(o, span_of(user));
	sip_out_printf(o, ", realm=\"%s\", nonce=\"%s\", uri=\"", c->realm,
		       c->nonce);
	sip_out_value(o, uri);
	sip_out_printf(o, "\", response=\"%s\", algorithm=%s", response,
		       is_sha ? "SHA-256" : "MD5");
	if (c->has_qop)
		sip_out_printf(o, ", qop=auth, nc=%s, cnonce=\"%s\"", nc,
			       cnonce);
	if (c->has_opaque)
		sip_out_printf(o, ", opaque=\"%s\"", c->opaque);
	sip_out_text(o, "\r\n");
}
