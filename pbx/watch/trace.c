/* trace.c - see trace.h */
#include <errno.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "pbx/call/hidden.h"
#include "pbx/watch/trace.h"
#include "pbx/watch/trace_print.h"

enum {
	ALIGN = 8,
	CALL_IDS_MAX = 64, /* dialogs of one call that are looked for */
	SESSION_LEN = 32,
	FILLER = 0xff,
};

/* One message in the ring, followed by its octets. */
struct record {
	uint32_t size; /* with octets, to the next one */
	uint32_t len;
	uint64_t time_us;
	uint64_t call_id; /* hashes, once somebody has asked */
	uint64_t session;
	struct sa local;
	struct sa remote;
	uint8_t transport; /* or FILLER up to the ring's end */
	bool is_sent;
	bool has_keys;
};

static struct {
	struct sip *sip;
	char *ring;
	size_t size;
	size_t head; /* where the next goes */
	size_t tail; /* the oldest */
	size_t used;
	uint64_t octets;
	int fd;
	struct sa collector;
} trace = { .fd = -1 };

uint64_t trace_octets(void)
{
	return trace.octets;
}

/* ---- what is in a message ---- */

static bool is_header(struct span line, const char *name)
{
	size_t n = strlen(name);

	return line.len > n && line.p[n] == ':' &&
	       !strncasecmp(line.p, name, n);
}

/* Next line of a head, without its end; false after the last. */
static bool line_next(struct span *line, const char **pp, const char *end)
{
	const char *p = *pp;
	const char *eol = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;

	if (!eol)
		return false;

	line->p = p;
	line->len = (uint32_t)(eol - p);
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	*pp = eol + 1;

	return line->len > 0;
}

static struct span value_of(struct span line)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct span v = { colon + 1,
			  (uint32_t)(line.p + line.len - colon - 1) };

	while (v.len && (*v.p == ' ' || *v.p == '\t')) {
		v.p++;
		v.len--;
	}
	while (v.len && (v.p[v.len - 1] == ' ' || v.p[v.len - 1] == '\t'))
		v.len--;

	return v;
}

static struct span find_call_id(uint64_t *sessionp, const char *p, size_t len)
{
	struct span call_id = { NULL, 0 }, line;
	const char *end = p + len;

	*sessionp = 0;
	while (line_next(&line, &p, end)) {
		char c = (char)(*line.p | 0x20);

		if ((c == 'c' && is_header(line, "Call-ID")) ||
		    (c == 'i' && is_header(line, "i"))) {
			call_id = value_of(line);
		}
		else if (c == 's' && is_header(line, "Session-ID")) {
			struct span v = value_of(line);

			if (v.len >= SESSION_LEN) {
				v.len = SESSION_LEN;
				*sessionp = hash_span(0, v);
			}
		}
	}

	return call_id;
}

void trace_keys(uint64_t *call_idp, uint64_t *sessionp, const char *p,
		size_t len)
{
	struct span call_id = find_call_id(sessionp, p, len);

	*call_idp = call_id.len ? hash_span(0, call_id) : 0;
}

/* Cover what follows each `mark =` in a text, up to one of the ends. */
static void cover(char *p, size_t len, const char *mark, char separator,
		  const char *ends)
{
	size_t n = strlen(mark);
	char *end = p + len;

	while ((size_t)(end - p) > n) {
		if (strncasecmp(p, mark, n) != 0) {
			p++;
			continue;
		}
		p += n;
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (p == end || *p != separator)
			continue;
		p++;
		while (p < end && (*p == '"' || *p == ' ' || *p == '\t'))
			p++;
		while (p < end && *p && !strchr(ends, *p))
			*p++ = 'x';
	}
}

void trace_mask(char *p, size_t len)
{
	const char *at = p, *end = p + len;
	bool is_secret = false;
	struct span line;

	hidden_mask(p, len);
	while (line_next(&line, &at, end)) {
		if (*line.p != ' ' && *line.p != '\t')
			is_secret = is_header(line, "Authorization") ||
				    is_header(line, "Proxy-Authorization");
		if (is_secret)
			cover(p + (line.p - p), line.len, "response", '=',
			      "\",; \t");
	}

	if (at >= end)
		return;
	cover(p + (at - p), (size_t)(end - at), "inline", ':', "| \r\n");
	cover(p + (at - p), (size_t)(end - at), "a=ice-pwd", ':', "\r\n");
	cover(p + (at - p), (size_t)(end - at), "Signal", '=', "\r\n");
}

/* ---- the ring ---- */

static struct record *record_at(size_t at)
{
	return (struct record *)(void *)(trace.ring + at);
}

static void drop_oldest(void)
{
	const struct record *r = record_at(trace.tail);

	trace.used -= r->size;
	trace.tail += r->size;
	if (trace.tail == trace.size)
		trace.tail = 0;
}

/* A record never wraps: the rest of the ring becomes a filler. */
static struct record *make_room(size_t need)
{
	struct record *r;

	if (trace.size - trace.head < need) {
		size_t rest = trace.size - trace.head;

		while (trace.used && trace.size - trace.used < rest)
			drop_oldest();
		r = record_at(trace.head);
		r->size = (uint32_t)rest;
		r->transport = FILLER;
		trace.used += rest;
		trace.head = 0;
	}
	while (trace.used && trace.size - trace.used < need)
		drop_oldest();

	r = record_at(trace.head);
	r->size = (uint32_t)need;
	trace.used += need;
	trace.head += need;
	/* A filler needs a whole record's head. */
	if (trace.size - trace.head < sizeof(*r)) {
		size_t rest = trace.size - trace.head;

		while (trace.used > need && trace.size - trace.used < rest)
			drop_oldest();
		r->size += (uint32_t)rest;
		trace.used += rest;
		trace.head = 0;
	}

	return r;
}

static void keep(const struct sip_trace *t)
{
	size_t need = (sizeof(struct record) + t->len + ALIGN - 1) &
		      ~(size_t)(ALIGN - 1);
	struct record *r;
	uint32_t size;

	if (need > trace.size / 2)
		return;

	r = make_room(need);
	size = r->size;
	*r = (struct record){ .size = size,
			      .len = (uint32_t)t->len,
			      .time_us = t->time_us,
			      .remote = *t->remote,
			      .transport = (uint8_t)t->transport,
			      .is_sent = t->is_sent };
	if (t->local)
		r->local = *t->local;
	memcpy(r + 1, t->p, t->len);
	trace.octets += t->len;
}

static void fill(struct trace_message *m, const struct sa *local,
		 const struct sa *remote, bool is_sent)
{
	m->is_sent = is_sent;
	m->remote = *remote;
	m->source = is_sent ? *local : *remote;
	m->target = is_sent ? *remote : *local;
}

static void export(const struct sip_trace *t)
{
	static char text[SIP_MESSAGE_MAX_BYTES], buf[TRACE_HEP_BYTES];
	size_t len = t->len < TRACE_PACKET_MAX ? t->len : TRACE_PACKET_MAX;
	struct trace_message m = { .time_us = t->time_us,
				   .transport = t->transport };
	struct span call_id;
	uint64_t session;
	struct sip_out o;
	struct sa none;

	sa_init(&none, sa_af(t->remote));
	memcpy(text, t->p, len);
	trace_mask(text, len);
	m.text = (struct span){ text, (uint32_t)len };
	call_id = find_call_id(&session, t->p, t->len);
	fill(&m, t->local ? t->local : &none, t->remote, t->is_sent);
	sip_out_init(&o, buf, sizeof(buf));
	trace_hep(&o, &m, call_id);
	if (!o.is_full)
		(void)sendto(trace.fd, o.p, o.len, MSG_DONTWAIT,
			     &trace.collector.u.sa, trace.collector.len);
}

static void seen(const struct sip_trace *t, void *arg)
{
	(void)arg;

	if (t->len < 16) /* keep-alives */
		return;

	if (trace.ring)
		keep(t);
	if (trace.fd >= 0)
		export(t);
}

/* ---- reading ---- */

/* Next record from *atp on, with its keys; NULL after the newest. */
static const struct record *record_next(size_t *atp, size_t *leftp)
{
	while (*leftp) {
		struct record *r = record_at(*atp);

		*leftp -= r->size;
		*atp += r->size;
		if (*atp == trace.size)
			*atp = 0;
		if (r->transport == FILLER)
			continue;
		if (!r->has_keys)
			trace_keys(&r->call_id, &r->session,
				   (const char *)(r + 1), r->len);
		r->has_keys = true;
		return r;
	}

	return NULL;
}

/* Hashes of the Call-IDs that carry the call's session. */
static uint32_t call_ids(uint64_t ids[CALL_IDS_MAX], uint64_t session)
{
	size_t at = trace.tail, left = trace.used;
	const struct record *r;
	uint32_t count = 0;

	while ((r = record_next(&at, &left)) && count < CALL_IDS_MAX) {
		uint32_t i = 0;

		if (r->session != session || !r->call_id)
			continue;
		while (i < count && ids[i] != r->call_id)
			i++;
		if (i == count)
			ids[count++] = r->call_id;
	}

	return count;
}

static void show(const struct record *r, trace_h *h, void *arg)
{
	static char text[SIP_MESSAGE_MAX_BYTES];
	struct trace_message m = { .time_us = r->time_us,
				   .transport = r->transport };
	uint32_t len = r->len < sizeof(text) ? r->len : sizeof(text);

	memcpy(text, r + 1, len);
	trace_mask(text, len);
	m.text = (struct span){ text, len };
	fill(&m, &r->local, &r->remote, r->is_sent);
	h(&m, arg);
}

uint32_t trace_each(struct span call, trace_h *h, void *arg)
{
	size_t at = trace.tail, left = trace.used;
	uint64_t ids[CALL_IDS_MAX];
	const struct record *r;
	uint32_t ids_count, count = 0;

	if (!trace.ring || call.len != SESSION_LEN)
		return 0;

	ids_count = call_ids(ids, hash_span(0, call));
	while (ids_count && (r = record_next(&at, &left))) {
		uint32_t i = 0;

		while (i < ids_count && ids[i] != r->call_id)
			i++;
		if (i < ids_count) {
			show(r, h, arg);
			count++;
		}
	}

	return count;
}

/* ---- life ---- */

static int open_collector(const char *address)
{
	int err = sa_decode(&trace.collector, address, strlen(address));

	if (err || !sa_port(&trace.collector)) {
		log_error("trace", "hep: %s is no address:port", address);
		return EINVAL;
	}

	trace.fd = socket(sa_af(&trace.collector),
			  SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return trace.fd < 0 ? errno : 0;
}

int trace_start(struct sip *sip, uint32_t mbytes, const char *collector)
{
	int err = 0;

	trace.head = trace.tail = trace.used = 0;
	trace.octets = 0;
	trace.size = (size_t)mbytes << 20;
	if (mbytes) {
		trace.ring = mem_alloc(trace.size, NULL);
		if (!trace.ring)
			return ENOMEM;
	}
	if (collector && *collector)
		err = open_collector(collector);
	if (!err && (trace.ring || trace.fd >= 0)) {
		trace.sip = sip;
		sip_trace_set(sip, seen, NULL);
	}
	if (err)
		trace_close();

	return err;
}

void trace_close(void)
{
	if (trace.sip)
		sip_trace_set(trace.sip, NULL, NULL);
	trace.sip = NULL;
	trace.ring = mem_deref(trace.ring);
	trace.used = 0;
	if (trace.fd >= 0)
		(void)close(trace.fd);
	trace.fd = -1;
}
