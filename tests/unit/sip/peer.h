/* peer.h - stacks on loopback and a raw peer, for the tests of the live half
 *
 * A raw peer is a UDP socket that remembers what it receives; texts are sent
 * with their marks replaced: $P the peer's own port.  wait_for() runs the
 * loop until a claim is true or the time is over.
 */
#ifndef PEER_H
#define PEER_H

#include "base/libre.h"
#include "base/wheel.h"
#include "sip/dialog.h"
#include "sip/message.h"
#include "tests/unit/test.h"

enum { PEER_MESSAGES = 64, WAIT_MS = 5000 };

struct peer {
	struct udp_sock *us;
	struct sa local;
	struct sa to;
	int count;
	char got[PEER_MESSAGES][4096];
	struct sa from[PEER_MESSAGES];
};

typedef bool(claim_h)(void *arg);

struct waiting {
	claim_h *claim;
	void *arg;
	uint64_t until;
	bool is_true;
	struct tmr tmr;
};

static inline void look(void *arg)
{
	struct waiting *w = arg;

	w->is_true = w->claim(w->arg);
	if (w->is_true || wheel_now_ms() > w->until)
		re_cancel();
	else
		tmr_start(&w->tmr, 2, look, w);
}

static inline bool wait_for(claim_h *claim, void *arg, uint32_t ms)
{
	struct waiting w = { .claim = claim, .arg = arg };

	w.until = wheel_now_ms() + ms;
	tmr_init(&w.tmr);
	tmr_start(&w.tmr, 1, look, &w);
	(void)re_main(NULL);
	tmr_cancel(&w.tmr);

	return w.is_true;
}

static inline bool never(void *arg)
{
	(void)arg;
	return false;
}

static inline void pass(uint32_t ms)
{
	(void)wait_for(never, NULL, ms);
}

static inline bool is_reached(void *arg)
{
	const int *pair = arg;

	return pair[0] >= pair[1];
}

/* Wait until *counter >= n. */
struct counter_claim {
	const int *counter;
	int n;
};

static inline bool counter_is_reached(void *arg)
{
	const struct counter_claim *c = arg;

	return *c->counter >= c->n;
}

static inline bool wait_count(const int *counter, int n)
{
	struct counter_claim c = { counter, n };

	return wait_for(counter_is_reached, &c, WAIT_MS);
}

static inline void peer_received(const struct sa *src, struct mbuf *mb,
				 void *arg)
{
	struct peer *p = arg;
	size_t n = mbuf_get_left(mb);

	if (p->count >= PEER_MESSAGES || n >= sizeof(p->got[0]))
		return;
	memcpy(p->got[p->count], mbuf_buf(mb), n);
	p->got[p->count][n] = '\0';
	p->from[p->count] = *src;
	p->count++;
}

static inline void peer_open(struct peer *p, const struct sa *to)
{
	struct sa any;

	memset(p, 0, sizeof(*p));
	CHECK(!sa_set_str(&any, "127.0.0.1", 0));
	CHECK(!udp_listen(&p->us, &any, peer_received, p));
	CHECK(!udp_local_get(p->us, &p->local));
	if (to)
		p->to = *to;
}

static inline void peer_close(struct peer *p)
{
	p->us = mem_deref(p->us);
}

/* Copy text with each `from` replaced. */
static inline void replace(char *out, size_t size, const char *text,
			   const char *from, const char *with)
{
	const char *hit;
	size_t n = 0;

	while ((hit = strstr(text, from))) {
		n += (size_t)re_snprintf(out + n, size - n, "%b%s", text,
					 (size_t)(hit - text), with);
		text = hit + strlen(from);
	}
	(void)re_snprintf(out + n, size - n, "%s", text);
}

static inline void peer_send(struct peer *p, const char *text)
{
	char buf[4096], port[8];
	struct mbuf mb = { 0 };

	(void)re_snprintf(port, sizeof(port), "%u", sa_port(&p->local));
	replace(buf, sizeof(buf), text, "$P", port);
	mb.buf = (uint8_t *)buf;
	mb.end = mb.size = strlen(buf);
	CHECK(!udp_send(p->us, &p->to, &mb));
}

/* Value of a header in a text, NUL-terminated; "" when absent. */
static inline const char *value_of(const char *text, const char *name)
{
	static char values[8][512];
	static int turn;
	char *out = values[turn++ % 8];
	char key[64];
	const char *p, *e;

	(void)re_snprintf(key, sizeof(key), "\r\n%s: ", name);
	p = strstr(text, key);
	out[0] = '\0';
	if (!p)
		return out;
	p += strlen(key);
	e = strstr(p, "\r\n");
	if (e && (size_t)(e - p) < sizeof(values[0])) {
		memcpy(out, p, (size_t)(e - p));
		out[e - p] = '\0';
	}
	return out;
}

static inline bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Answer a request a raw peer has got. */
static inline void peer_answer(struct peer *p, int i, const char *status,
			       const char *to_tag, const char *more)
{
	char buf[4096];
	const char *r = p->got[i];

	(void)re_snprintf(buf, sizeof(buf),
			  "SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\n"
			  "Call-ID: %s\r\nCSeq: %s\r\n%sContent-Length: 0\r\n"
			  "\r\n",
			  status, value_of(r, "Via"), value_of(r, "From"),
			  value_of(r, "To"), *to_tag ? ";tag=" : "", to_tag,
			  value_of(r, "Call-ID"), value_of(r, "CSeq"), more);
	p->to = p->from[i];
	peer_send(p, buf);
}

/* A stack on loopback with one UDP and one TCP listener. */
static inline struct sip *stack_open(const struct sip_config *config,
				     sip_request_h *request, void *arg)
{
	struct sip_config c = { .t1_ms = 20, .t2_ms = 80, .t4_ms = 100 };
	struct sip *sip = NULL;
	struct sa any;

	if (config)
		c = *config;
	CHECK(!sip_alloc(&sip, &c, request, NULL, arg));
	CHECK(!sa_set_str(&any, "127.0.0.1", 0));
	CHECK(!sip_listen(sip, SIP_UDP, &any, NULL));
	CHECK(!sip_listen(sip, SIP_TCP, &any, NULL));
	return sip;
}

static inline struct sa stack_address(const struct sip *sip,
				      enum sip_transport tp)
{
	struct sa sa;

	CHECK(!sip_local(sip, tp, &sa));
	return sa;
}

#endif
