/* digest.c - vectors of RFC 7616, nonces, replays */
#include "sip/digest_hash.h"
#include "tests/unit/test.h"

static uint64_t now = 1000000;
static char text[8192], challenge[2048], answer[2048];
static struct sip_message m;

static uint64_t clock_ms(void)
{
	return now;
}

/* 3.9.1 of the RFC */
static void test_vectors(void)
{
	static const struct {
		enum sip_digest_algorithm algorithm;
		const char *response;
	} rows[] = {
		{ SIP_DIGEST_MD5, "8ca523f5e9506fed4657c9700eebdbec" },
		{ SIP_DIGEST_SHA256,
		  "753927fa0e85d155564e2e272a28d1802ca10daf449"
		  "6794697cf8db5856cb6c1" },
	};

	for (size_t i = 0; i < 2; i++) {
		char ha1[DIGEST_HEX_MAX], got[DIGEST_HEX_MAX];
		struct digest_inputs in = {
			.nonce = SPAN("7ypf/xlj9XXwfDPEoM4URrv/"
				      "xwf94BcCAzFZH4GiTo0v"),
			.nc = SPAN("00000001"),
			.cnonce = SPAN("f2/wE4q74E6zIJEtWaHKaf5wv/"
				       "H5QzzpXusqGemxURZJ"),
			.method = SPAN("GET"),
			.uri = SPAN("/dir/index.html"),
		};

		sip_digest_ha1(ha1, rows[i].algorithm, "Mufasa",
			       "http-auth@example.org", "Circle of Life");
		in.ha1 = span_of(ha1);
		digest_response(got, rows[i].algorithm, &in);
		CHECK_STR(got, rows[i].response);
	}
}

static bool lookup(struct span user, struct sip_digest_keys *keys, void *arg)
{
	if (!span_equal(user, SPAN("alice")))
		return false;
	sip_digest_ha1(keys->ha1_md5, SIP_DIGEST_MD5, "alice", "holdfast",
		       "secret");
	sip_digest_ha1(keys->ha1_sha256, SIP_DIGEST_SHA256, "alice", "holdfast",
		       "secret");
	keys->device = arg;
	return true;
}

static struct sip_digest_server *server_make(void)
{
	struct sip_digest_server *s = NULL;

	CHECK_INT(sip_digest_server_alloc(&s, "holdfast", NULL), 0);
	sip_digest_server_clock(s, clock_ms);
	return s;
}

static void source_set(struct sa *sa, const char *address)
{
	CHECK_INT(sa_set_str(sa, address, 5060), 0);
}

/* The client's view of a fresh challenge */
static void challenged(struct sip_digest_client *c, struct sip_digest_server *s,
		       const struct sa *source, bool is_proxy)
{
	struct sip_out o;

	sip_out_init(&o, challenge, sizeof(challenge));
	sip_out_printf(&o,
		       "SIP/2.0 %d x\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
		       "f: <sip:a@b>;tag=1\r\nt: <sip:a@b>;tag=2\r\ni: 1\r\n"
		       "CSeq: 1 REGISTER\r\n",
		       is_proxy ? 407 : 401);
	sip_digest_challenge_write(&o, s, source, false, is_proxy);
	CHECK_INT(sip_out_end(&o, NULL, SPAN("")), 0);
	CHECK_INT(sip_message_parse(&m, challenge, o.len, NULL), 0);
	CHECK_INT(sip_digest_challenge_read(c, &m), 0);
	CHECK_INT(c->is_proxy, is_proxy);
	CHECK_INT(c->algorithm, SIP_DIGEST_SHA256);
}

/* Write the header once, parse the request with it */
static void request_make(struct sip_digest_client *c, const char *user,
			 const char *secret)
{
	struct sip_out o;

	sip_out_init(&o, answer, sizeof(answer) - 1);
	sip_digest_answer_write(&o, c, SPAN("REGISTER"), SPAN("sip:b"), user,
				secret);
	CHECK(!o.is_full);
	answer[o.len] = 0;
	sip_out_init(&o, text, sizeof(text));
	sip_out_printf(&o,
		       "REGISTER sip:b SIP/2.0\r\n"
		       "v: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
		       "f: <sip:a@b>;tag=1\r\nt: <sip:a@b>\r\ni: 1\r\n"
		       "CSeq: 1 REGISTER\r\n%s\r\n",
		       answer);
	CHECK_INT(sip_message_parse(&m, text, o.len, NULL), 0);
}

static void test_success(void)
{
	for (int i = 0; i < 4; i++) {
		struct sip_digest_server *s = server_make();
		struct sip_digest_client c;
		struct sip_digest_who who = { 0 };
		bool is_proxy = i & 1;
		struct sa source;
		int device;

		source_set(&source, i & 2 ? "2001:db8::1" : "192.0.2.1");
		challenged(&c, s, &source, is_proxy);
		if (i == 3)
			c.algorithm = SIP_DIGEST_MD5;
		request_make(&c, "alice", "secret");
		CHECK_INT(sip_digest_check(s, &m, &source, is_proxy, lookup,
					   &device, &who),
			  SIP_DIGEST_OK);
		CHECK(span_equal(who.user, SPAN("alice")));
		CHECK(who.device == &device);
		CHECK(who.uri_matches);
		mem_deref(s);
	}
}

static void test_wrong(void)
{
	struct sip_digest_server *s = server_make();
	struct sip_digest_client c;
	struct sa source, other;

	source_set(&source, "192.0.2.1");
	source_set(&other, "192.0.2.2");
	challenged(&c, s, &source, false);
	request_make(&c, "alice", "wrong");
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_BAD);
	request_make(&c, "bob", "secret");
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_BAD);
	CHECK_INT(sip_digest_check(s, &m, &source, true, lookup, NULL, NULL),
		  SIP_DIGEST_NONE);

	request_make(&c, "alice", "secret");
	CHECK_INT(sip_digest_check(s, &m, &other, false, lookup, NULL, NULL),
		  SIP_DIGEST_STALE);
	m.method_name = SPAN("INVITE");
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_BAD);
	mem_deref(s);
}

static void test_replay(void)
{
	struct sip_digest_server *s = server_make();
	struct sip_digest_client c;
	struct sa source;

	source_set(&source, "192.0.2.1");
	challenged(&c, s, &source, false);
	request_make(&c, "alice", "secret");
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_OK);
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_STALE);
	request_make(&c, "alice", "secret"); /* nc=2 */
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_OK);
	c.nc = 0;
	request_make(&c, "alice", "secret"); /* nc=1 again */
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_STALE);
	now += 20000;
	c.nc = 1;
	request_make(&c, "alice", "secret");
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_STALE);
	c.nc = 2;
	request_make(&c, "alice", "secret");
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_OK);
	now += 10000;
	request_make(&c, "alice", "secret");
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_STALE);
	mem_deref(s);
}

static void test_many(void)
{
	struct sip_digest_server *s = server_make();
	struct sip_digest_client first, c;
	struct sa source;

	source_set(&source, "192.0.2.1");
	challenged(&first, s, &source, false);
	request_make(&first, "alice", "secret");
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_OK);
	for (int i = 0; i < 3000; i++) {
		challenged(&c, s, &source, false);
		request_make(&c, "alice", "secret");
		CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL,
					   NULL),
			  SIP_DIGEST_OK);
		now += 9;
	}
	first.nc = 0;
	request_make(&first, "alice", "secret");
	CHECK_INT(sip_digest_check(s, &m, &source, false, lookup, NULL, NULL),
		  SIP_DIGEST_STALE);
	mem_deref(s);
}

static void test_malformed(void)
{
	static const struct {
		const char *line;
		enum sip_digest_result result;
	} rows[] = {
		{ "", SIP_DIGEST_NONE },
		{ "Authorization: Basic abc", SIP_DIGEST_NONE },
		{ "Authorization: Digest a", SIP_DIGEST_MALFORMED },
		{ "Authorization: Digest username=\"a\"",
		  SIP_DIGEST_MALFORMED },
		{ "Authorization: Digest username=\"a\", realm=\"other\", "
		  "nonce=\"n\", uri=\"u\", response=\"r\"",
		  SIP_DIGEST_NONE },
		{ "Authorization: Digest username=\"a\", realm=\"holdfast\", "
		  "nonce=\"n\", uri=\"u\", response=\"r\"",
		  SIP_DIGEST_STALE },
		{ "Authorization: Digest username=\"a\", realm=\"holdfast\", "
		  "nonce=\"n\", uri=\"u\", response=\"r\", realm=\"x\"",
		  SIP_DIGEST_MALFORMED },
		{ "Authorization: Digest username=\"a\", realm=\"holdfast\", "
		  "nonce=\"n\", uri=\"u\", response=\"r\", qop=auth, nc=1",
		  SIP_DIGEST_MALFORMED },
		{ "Authorization: Digest username=\"a\", realm=\"holdfast\", "
		  "nonce=\"n\", uri=\"u\", response=\"r\", algorithm=SHA-512",
		  SIP_DIGEST_NONE },
	};
	struct sip_digest_server *s = server_make();
	struct sa source;

	source_set(&source, "192.0.2.1");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int n = snprintf(text, sizeof(text),
				 "REGISTER sip:b SIP/2.0\r\n"
				 "v: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
				 "f: <sip:a@b>;tag=1\r\nt: <sip:a@b>\r\n"
				 "i: 1\r\nCSeq: 1 REGISTER\r\n%s%s\r\n",
				 rows[i].line, rows[i].line[0] ? "\r\n" : "");

		CHECK_INT(sip_message_parse(&m, text, (size_t)n, NULL), 0);
		if (sip_digest_check(s, &m, &source, false, lookup, NULL,
				     NULL) != rows[i].result)
			test_fail(__FILE__, __LINE__, "%s", rows[i].line);
	}
	mem_deref(s);
}

static const struct test tests[] = {
	{ "the vectors of RFC 7616 come out", test_vectors },
	{ "a challenged client is let in", test_success },
	{ "wrong user, secret, method and source are not", test_wrong },
	{ "a replay and an old nonce are stale", test_replay },
	{ "many logins do not make an old one forgotten", test_many },
	{ "odd credentials are told apart", test_malformed },
};

TEST_MAIN("sip/digest", tests)
