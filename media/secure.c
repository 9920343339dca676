/* secure.c - see secure.h; the work is libsrtp's */
#include <errno.h>
#include <string.h>

#include <srtp2/srtp.h>

#include "base/libre.h"
#include "media/secure.h"

enum {
	PACKET_MAX = 2048,
	HEADER_BYTES = 12,
	REPORT_HEADER_BYTES = 8,
	WINDOW = 128, /* packets that may be late */
};

static const struct suite {
	const char *name;
	size_t key_bytes;
	void (*policy)(srtp_crypto_policy_t *p);
	void (*report_policy)(srtp_crypto_policy_t *p);
} suites[] = {
	{ "AES_CM_128_HMAC_SHA1_80", 30, srtp_crypto_policy_set_rtp_default,
	  srtp_crypto_policy_set_rtp_default },
	{ "AES_CM_128_HMAC_SHA1_32", 30,
	  srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
	  srtp_crypto_policy_set_rtp_default },
	{ "AEAD_AES_256_GCM", 44, srtp_crypto_policy_set_aes_gcm_256_16_auth,
	  srtp_crypto_policy_set_aes_gcm_256_16_auth },
	{ "AEAD_AES_128_GCM", 28, srtp_crypto_policy_set_aes_gcm_128_16_auth,
	  srtp_crypto_policy_set_aes_gcm_128_16_auth },
};

struct secure {
	const struct suite *suite;
	uint8_t key[SECURE_KEY_MAX];
	srtp_t session;
	bool is_out;
	uint32_t ssrc; /* of the last packet */
	uint32_t sources;
	bool goes_on;     /* rollovers are not known */
	bool is_believed; /* one of this source was opened */
	uint32_t guess;
};

static void secure_destructor(void *data)
{
	struct secure *s = data;

	if (s->session)
		(void)srtp_dealloc(s->session);
	explicit_bzero(s->key, sizeof(s->key));
}

static const struct suite *suite_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
		if (!strcmp(suites[i].name, name))
			return &suites[i];
	}

	return NULL;
}

size_t secure_key_bytes(const char *suite)
{
	const struct suite *found = suite_find(suite);

	return found ? found->key_bytes : 0;
}

static void policy_init(srtp_policy_t *p, const struct secure *s)
{
	memset(p, 0, sizeof(*p));
	s->suite->policy(&p->rtp);
	s->suite->report_policy(&p->rtcp);
	p->ssrc.type = s->is_out ? ssrc_any_outbound : ssrc_any_inbound;
	p->key = (uint8_t *)s->key;
	p->window_size = WINDOW;
}

/* Contexts of all sources, from their beginning. */
static int session_begin(struct secure *s)
{
	srtp_policy_t policy;

	if (s->session)
		(void)srtp_dealloc(s->session);
	s->session = NULL;
	s->sources = 0;
	policy_init(&policy, s);

	return srtp_create(&s->session, &policy) ? ENOTSUP : 0;
}

int secure_open(struct secure **sp, const char *suite, const uint8_t *key,
		bool is_out)
{
	static bool is_ready;
	struct secure *s;
	int err;

	if (!is_ready && srtp_init())
		return ENOTSUP;
	is_ready = true;
	if (!suite_find(suite))
		return ENOTSUP;

	s = mem_zalloc(sizeof(*s), secure_destructor);
	if (!s)
		return ENOMEM;
	s->suite = suite_find(suite);
	s->is_out = is_out;
	memcpy(s->key, key, s->suite->key_bytes);
	err = session_begin(s);
	if (err)
		mem_deref(s);
	else
		*sp = s;

	return err;
}

void secure_goes_on(struct secure *s)
{
	s->goes_on = true;
}

bool secure_is(const struct secure *s, const char *suite, const uint8_t *key)
{
	return s && !strcmp(s->suite->name, suite) &&
	       !memcmp(s->key, key, s->suite->key_bytes);
}

const char *secure_suite(const struct secure *s)
{
	return s->suite->name;
}

const uint8_t *secure_key(const struct secure *s)
{
	return s->key;
}

static uint32_t ssrc_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* A source that changes for ever would fill the memory: begin anew then.
 * Only sources that were opened, or are ours to send, are counted. */
static void count_source(struct secure *s, uint32_t ssrc)
{
	if (ssrc == s->ssrc && s->sources)
		return;

	s->ssrc = ssrc;
	if (++s->sources > SECURE_SOURCES_MAX && !s->is_out)
		(void)session_begin(s);
}

/* ---- sending ---- */

int secure_protect(struct secure *s, uint8_t *p, size_t *lengthp)
{
	int n = (int)*lengthp;

	if (*lengthp < HEADER_BYTES || *lengthp > PACKET_MAX ||
	    srtp_protect(s->session, p, &n))
		return EBADMSG;

	*lengthp = (size_t)n;

	return 0;
}

int secure_protect_report(struct secure *s, uint8_t *p, size_t *lengthp)
{
	int n = (int)*lengthp;

	if (*lengthp < REPORT_HEADER_BYTES || *lengthp > PACKET_MAX ||
	    srtp_protect_rtcp(s->session, p, &n))
		return EBADMSG;

	*lengthp = (size_t)n;

	return 0;
}

/* ---- receiving ---- */

/* The context of one source, as if it had rolled over so often. */
static int begin_at(struct secure *s, uint32_t ssrc, uint32_t rolls)
{
	srtp_policy_t policy;

	policy_init(&policy, s);
	policy.ssrc.type = ssrc_specific;
	policy.ssrc.value = ssrc;
	(void)srtp_remove_stream(s->session, htonl(ssrc));
	if (srtp_add_stream(s->session, &policy) ||
	    srtp_set_stream_roc(s->session, ssrc, rolls))
		return ENOTSUP;

	return 0;
}

/* Another guess how often it has rolled over. */
static int try_on(struct secure *s, const uint8_t *was, uint8_t *p,
		  size_t *lengthp)
{
	uint32_t ssrc = ssrc_at(was + 8);
	int n = (int)*lengthp;

	s->guess = s->guess % SECURE_ROLLS + 1;
	memcpy(p, was, *lengthp);
	if (begin_at(s, ssrc, s->guess) || srtp_unprotect(s->session, p, &n)) {
		(void)srtp_remove_stream(s->session, htonl(ssrc));
		return EBADMSG;
	}
	*lengthp = (size_t)n;

	return 0;
}

int secure_open_packet(struct secure *s, uint8_t *p, size_t *lengthp)
{
	uint8_t was[PACKET_MAX];
	int n = (int)*lengthp;
	bool may_guess;

	if (*lengthp < HEADER_BYTES || *lengthp > PACKET_MAX)
		return EBADMSG;

	may_guess = s->goes_on && !s->is_believed;
	if (may_guess)
		memcpy(was, p, *lengthp);
	if (!srtp_unprotect(s->session, p, &n))
		*lengthp = (size_t)n;
	else if (!may_guess || try_on(s, was, p, lengthp))
		return EBADMSG;

	s->is_believed = true;
	count_source(s, ssrc_at(p + 8));

	return 0;
}

int secure_open_report(struct secure *s, uint8_t *p, size_t *lengthp)
{
	int n = (int)*lengthp;

	if (*lengthp < REPORT_HEADER_BYTES || *lengthp > PACKET_MAX ||
	    srtp_unprotect_rtcp(s->session, p, &n))
		return EBADMSG;

	*lengthp = (size_t)n;

	return 0;
}
