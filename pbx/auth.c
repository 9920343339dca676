/* auth.c - see auth.h */
#include "pbx/auth.h"
#include "pbx/server.h"
#include "sip/address.h"
#include "sip/digest.h"
#include "sip/rate.h"

enum {
	BURST = 10,         /* seconds of challenges at once */
	FAILURES_PER_S = 1, /* of one source for one name */
	FAILURES_BURST = 20,
	SOURCES = 65536,
};

static struct {
	struct sip_digest_server *digest;
	struct sip_rate *challenges;
	struct sip_rate *failures;
	struct auth_counts counts;
} auth;

int auth_init(const char *realm, uint32_t challenges_per_s)
{
	int err;

	err = sip_digest_server_alloc(&auth.digest, realm, NULL);
	err |= sip_rate_alloc(&auth.challenges, challenges_per_s,
			      challenges_per_s * BURST, SOURCES);
	err |= sip_rate_alloc(&auth.failures, FAILURES_PER_S, FAILURES_BURST,
			      SOURCES);

	return err;
}

void auth_close(void)
{
	auth.digest = mem_deref(auth.digest);
	auth.challenges = mem_deref(auth.challenges);
	auth.failures = mem_deref(auth.failures);
}

const struct auth_counts *auth_counts(void)
{
	return &auth.counts;
}

void auth_ha1(char md5[33], char sha256[65], const char *sip_user,
	      const char *secret)
{
	const char *realm = sip_digest_server_realm(auth.digest);

	sip_digest_ha1(md5, SIP_DIGEST_MD5, sip_user, realm, secret);
	sip_digest_ha1(sha256, SIP_DIGEST_SHA256, sip_user, realm, secret);
}

static bool lookup(struct span user, struct sip_digest_keys *keys, void *arg)
{
	struct phone *p = directory_phone_by_sip_user(user);

	(void)arg;

	if (!p)
		return false;

	memcpy(keys->ha1_md5, p->ha1_md5, sizeof(keys->ha1_md5));
	memcpy(keys->ha1_sha256, p->ha1_sha256, sizeof(keys->ha1_sha256));
	keys->device = p;

	return true;
}

/* A bucket key of source and name, dressed as an address. */
static void failure_key(struct sa *key, const struct sip_message *m,
			const struct sa *source)
{
	struct span name = sip_header_value(m, SIP_HEADER_FROM);
	uint64_t hash = hash_span(sa_hash(source, SA_ADDR), name);
	uint8_t in6[16] = { 0 };

	memcpy(in6, &hash, sizeof(hash));
	in6[0] = 0x20; /* neither mapped nor link-local */
	sa_set_in6(key, in6, 0);
}

/* Phones that give up at a challenge they do not know, though one that they
 * do know stands beside it. */
static const char *const md5_only_agents[] = { "baresip v0.", "baresip v1.",
					       "baresip v2.", "Twinkle/" };

static bool is_md5_only_agent(const struct sip_message *m)
{
	struct span agent = sip_header_value(m, SIP_HEADER_USER_AGENT);
	size_t count = sizeof(md5_only_agents) / sizeof(md5_only_agents[0]);

	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(md5_only_agents[i]);

		if (agent.len >= len &&
		    !memcmp(agent.p, md5_only_agents[i], len))
			return true;
	}

	return false;
}

/* The phone that says it sends this; nothing is believed of it but which
 * challenge it understands. */
static const struct phone *claimed(const struct sip_message *m)
{
	return m->from.uri.user.len
		       ? directory_phone_by_sip_user(m->from.uri.user)
		       : NULL;
}

/* MD5 goes first: a phone that knows SHA-256 looks for it (RFC 8760 asks it
 * to take the best), while older ones take the first and no other. */
static void write_challenge(struct sip_out *o, const struct sip_message *m,
			    const struct sa *source, bool is_stale)
{
	char buf[1024];
	struct sip_out both;
	const struct phone *p = claimed(m);
	bool with_md5 = true, with_sha256 = true;
	struct span sha256, md5;
	const char *end;

	sip_out_init(&both, buf, sizeof(buf));
	sip_digest_challenge_write(&both, auth.digest, source, is_stale, false);

	end = memchr(both.p, '\n', both.len);
	if (!end) {
		sip_out_raw(o, sip_out_span(&both));
		return;
	}
	if (p) {
		with_md5 = *p->ha1_md5;
		with_sha256 = *p->ha1_sha256;
	}
	sha256 = (struct span){ both.p, (uint32_t)(end + 1 - both.p) };
	md5 = (struct span){ end + 1, both.len - sha256.len };
	if (with_md5)
		sip_out_raw(o, md5);
	if (with_sha256 && !(with_md5 && is_md5_only_agent(m)))
		sip_out_raw(o, sha256);
}

static void challenge(const struct sip_message *m, struct sip_flow *flow,
		      bool is_stale)
{
	const struct sa *source = sip_flow_remote(flow);
	char buf[1024];
	struct sip_out o;

	if (!sip_rate_take(auth.challenges, source)) {
		auth.counts.limited++;
		return; /* silence: they may ask again */
	}

	sip_out_init(&o, buf, sizeof(buf));
	write_challenge(&o, m, source, is_stale);
	auth.counts.challenged++;
	(void)sip_refuse(server_sip(), m, flow, 401, sip_out_span(&o));
}

static void *check(const struct sip_message *m, struct sip_flow *flow,
		   sip_digest_lookup_h *lookup_keys, void *arg)
{
	const struct sa *source = sip_flow_remote(flow);
	struct sip_digest_who who;
	struct sa key;

	/* Too many failures of this source for this name: not even looked
	 * at, so that guessing right does not help. */
	if (sip_has_header(m, SIP_HEADER_AUTHORIZATION)) {
		failure_key(&key, m, source);
		if (!sip_rate_has(auth.failures, &key)) {
			auth.counts.limited++;
			return NULL;
		}
	}

	switch (sip_digest_check(auth.digest, m, source, false, lookup_keys,
				 arg, &who)) {
	case SIP_DIGEST_OK: auth.counts.accepted++; return who.device;

	case SIP_DIGEST_NONE: challenge(m, flow, false); return NULL;

	case SIP_DIGEST_STALE: challenge(m, flow, true); return NULL;

	case SIP_DIGEST_BAD:
		auth.counts.failed++;
		failure_key(&key, m, source);
		(void)sip_rate_take(auth.failures, &key);
		challenge(m, flow, false);
		return NULL;

	default:
		(void)sip_refuse(server_sip(), m, flow, 400,
				 (struct span){ NULL, 0 });
		return NULL;
	}
}

struct phone *auth_phone(const struct sip_message *m, struct sip_flow *flow)
{
	return check(m, flow, lookup, NULL);
}

struct trunk_account {
	const char *user;
	const char *secret;
};

static bool lookup_trunk(struct span user, struct sip_digest_keys *keys,
			 void *arg)
{
	const struct trunk_account *a = arg;

	if (!span_equal(user, span_of(a->user)))
		return false;

	auth_ha1(keys->ha1_md5, keys->ha1_sha256, a->user, a->secret);
	keys->device = arg;

	return true;
}

bool auth_trunk(const struct sip_message *m, struct sip_flow *flow,
		const char *user, const char *secret)
{
	struct trunk_account a = { user, secret };

	return check(m, flow, lookup_trunk, &a) != NULL;
}
