/* parse.c - what the text half of sip/ costs: parses of an INVITE, and the
 * four messages of a registration, per CPU second
 *
 * Prints one line of JSON a measurement; bounded to about a second each.
 */
#include <stdio.h>
#include <time.h>

#include "sip/digest.h"

static const char invite[] =
	"INVITE sip:2002@pbx.example.com:8060 SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK74bf9;rport\r\n"
	"Via: SIP/2.0/TCP client.example.com;branch=z9hG4bK1;"
	"received=192.0.2.7\r\n"
	"Max-Forwards: 69\r\n"
	"Record-Route: <sip:p1.example.com;lr>\r\n"
	"From: \"Alice Example\" <sip:2001@pbx.example.com>;tag=9fxced76sl\r\n"
	"To: \"Bob\" <sip:2002@pbx.example.com>\r\n"
	"Call-ID: 3848276298220188511@client.example.com\r\n"
	"CSeq: 2 INVITE\r\n"
	"Contact: <sip:2001@192.0.2.4:5060;transport=udp>\r\n"
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, UPDATE\r\n"
	"Supported: 100rel, timer, replaces, outbound, path\r\n"
	"Session-Expires: 1800;refresher=uac\r\n"
	"User-Agent: Desk Phone 1.2.3\r\n"
	"Content-Type: application/sdp\r\n"
	"Content-Length: 0\r\n\r\n";

static double cpu_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool lookup(struct span user, struct sip_digest_keys *keys, void *arg)
{
	*keys = *(const struct sip_digest_keys *)arg;
	return true;
}

static size_t request_write(char *buf, size_t size, struct sip_digest_client *c)
{
	struct sip_out o;

	sip_out_init(&o, buf, size);
	sip_out_text(&o, "REGISTER sip:pbx.example.com SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK7;rport\r\n"
			 "From: <sip:u@pbx.example.com>;tag=1\r\n"
			 "To: <sip:u@pbx.example.com>\r\n"
			 "Call-ID: 38482762982\r\nCSeq: 1 REGISTER\r\n"
			 "Contact: <sip:u@192.0.2.4>\r\nExpires: 3600\r\n");
	if (c)
		sip_digest_answer_write(&o, c, SPAN("REGISTER"),
					SPAN("sip:pbx.example.com"), "u", "s");
	(void)sip_out_end(&o, NULL, (struct span){ NULL, 0 });
	return o.len;
}

/* The server's share of REGISTER, 401, REGISTER, 200, in microseconds */
static double pair_us(struct sip_digest_server *s, uint8_t algorithm)
{
	enum { ROUNDS = 20000 };
	static struct sip_message m;
	static char in[2048], out[2048];
	struct sip_digest_keys keys = { 0 };
	struct sip_digest_client c;
	struct sip_out o;
	struct sa source;
	double used = 0, start;

	(void)sa_set_str(&source, "192.0.2.4", 5060);
	sip_digest_ha1(keys.ha1_md5, SIP_DIGEST_MD5, "u", "holdfast", "s");
	sip_digest_ha1(keys.ha1_sha256, SIP_DIGEST_SHA256, "u", "holdfast",
		       "s");
	for (int i = 0; i < ROUNDS; i++) {
		size_t n = request_write(in, sizeof(in), NULL);

		start = cpu_s();
		if (sip_message_parse(&m, in, n, NULL) ||
		    sip_digest_check(s, &m, &source, false, lookup, &keys,
				     NULL) != SIP_DIGEST_NONE)
			return -1;
		sip_out_init(&o, out, sizeof(out));
		sip_out_response(&o, &m, 401, NULL, SPAN("t"), &source);
		sip_digest_challenge_write(&o, s, &source, false, false);
		(void)sip_out_end(&o, NULL, (struct span){ NULL, 0 });
		used += cpu_s() - start;

		if (sip_message_parse(&m, out, o.len, NULL) ||
		    sip_digest_challenge_read(&c, &m))
			return -1;
		c.algorithm = algorithm;
		n = request_write(in, sizeof(in), &c);

		start = cpu_s();
		if (sip_message_parse(&m, in, n, NULL) ||
		    sip_digest_check(s, &m, &source, false, lookup, &keys,
				     NULL) != SIP_DIGEST_OK)
			return -1;
		sip_out_init(&o, out, sizeof(out));
		sip_out_response(&o, &m, 200, NULL, SPAN("t"), &source);
		(void)sip_out_end(&o, NULL, (struct span){ NULL, 0 });
		used += cpu_s() - start;
	}

	return used * 1e6 / ROUNDS;
}

int main(void)
{
	enum { PARSES = 500000 };
	struct sip_digest_server *s = NULL;
	static struct sip_message m;
	double start = cpu_s();

	for (int i = 0; i < PARSES; i++) {
		if (sip_message_parse(&m, invite, sizeof(invite) - 1, NULL))
			return 1;
	}
	printf("{\"what\":\"parse INVITE\",\"bytes\":%zu,"
	       "\"per_cpu_second\":%.0f}\n",
	       sizeof(invite) - 1, PARSES / (cpu_s() - start));

	if (sip_digest_server_alloc(&s, "holdfast", NULL))
		return 1;
	printf("{\"what\":\"register pair, MD5\",\"us\":%.2f}\n",
	       pair_us(s, SIP_DIGEST_MD5));
	printf("{\"what\":\"register pair, SHA-256\",\"us\":%.2f}\n",
	       pair_us(s, SIP_DIGEST_SHA256));
	mem_deref(s);
	return 0;
}
