/* message.c - see message.h
 *
 * Lines end at LF; a CR before it belongs to the end, any other CR is a
 * control octet.  A line that begins with a blank goes on with the one
 * before.  frame.c cuts by the same rule.
 */
#include <errno.h>

#include "sip/address.h"
#include "sip/chars.h"
#include "sip/message.h"
#include "sip/names.h"
#include "sip/param.h"

/* One run over one message */
struct parser {
	struct sip_message *m;
	struct sip_fault *fault;
	const char *p; /* next octet */
	const char *e;
	int64_t content_length; /* -1 until seen */
	uint8_t vias, contacts, credentials, proxy_credentials;
};

/* The first fault counts; parsing goes on */
static void fault_set(struct parser *ps, uint16_t status, const char *reason)
{
	if (ps->fault->status)
		return;
	ps->fault->status = status;
	ps->fault->reason = reason;
}

static void bad(struct parser *ps, const char *reason)
{
	fault_set(ps, 400, reason);
}

/* Cut a line without its end; false when there is no LF left */
static bool line_next(struct parser *ps, struct span *linep)
{
	const char *lf = ps->p < ps->e
				 ? memchr(ps->p, '\n', (size_t)(ps->e - ps->p))
				 : NULL;
	const char *end = lf;

	if (!lf)
		return false;
	if (end > ps->p && end[-1] == '\r')
		end--;

	*linep = span_between(ps->p, end);
	ps->p = lf + 1;
	return true;
}

static bool has_control(struct span s)
{
	if (sip_is_clean(s))
		return false;

	for (uint32_t i = 0; i < s.len; i++) {
		if (sip_char_is(s.p[i], SIP_CHAR_CONTROL))
			return true;
	}

	return false;
}

static void status_line_parse(struct parser *ps, struct span line)
{
	struct sip_message *m = ps->m;
	uint64_t status = 0;

	/* SIP/2.0 200 reason; the blank after the code may be missing */
	if (line.len < 11 || strncasecmp(line.p, "SIP/2.0 ", 8) ||
	    sip_number((struct span){ line.p + 8, 3 }, 699, &status) ||
	    status < 100 || (line.len > 11 && line.p[11] != ' ')) {
		bad(ps, "Bad Status Line");
		return;
	}
	m->status = (uint16_t)status;
	if (line.len > 12)
		m->reason = span_between(line.p + 12, line.p + line.len);
	if (has_control(m->reason))
		bad(ps, "Bad Status Line");
}

/* SIP/digits.digits */
static bool is_version(struct span s)
{
	uint32_t dots = 0;

	if (s.len < 7 || strncasecmp(s.p, "SIP/", 4))
		return false;
	for (uint32_t i = 4; i < s.len; i++) {
		if (s.p[i] == '.' && i > 4 && i + 1 < s.len)
			dots++;
		else if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}

	return dots == 1;
}

static void request_uri_check(struct parser *ps)
{
	const struct sip_uri *uri = &ps->m->target;
	int err = sip_uri_parse(&ps->m->target, ps->m->uri);

	if (err == E2BIG)
		fault_set(ps, 414, "Request-URI Too Long");
	else if (err)
		bad(ps, "Bad Request-URI");
	else if (uri->headers.len)
		bad(ps, "Headers in Request-URI");
}

static void request_line_parse(struct parser *ps, struct span line)
{
	struct sip_message *m = ps->m;
	const char *p = line.p, *e = p + line.len, *blank;
	struct span version;

	while (p < e && sip_char_is(*p, SIP_CHAR_TOKEN))
		p++;
	m->method_name = span_between(line.p, p);
	if (!m->method_name.len || p == e || *p != ' ') {
		bad(ps, "Bad Request Line");
		return;
	}
	m->is_request = true;
	m->method = sip_method_of(m->method_name);

	p++;
	blank = memchr(p, ' ', (size_t)(e - p));
	m->uri = span_between(p, blank ? blank : e);
	version = span_between(blank ? blank + 1 : e, e);
	if (!m->uri.len || !is_version(version)) {
		bad(ps, "Bad Request Line");
		return;
	}
	if (!span_equal_nocase(version, SPAN("SIP/2.0")))
		fault_set(ps, 505, "Version Not Supported");
	request_uri_check(ps);
}

static bool start_line_parse(struct parser *ps)
{
	struct span line;

	/* empty lines before a message are keep-alives */
	while (ps->p < ps->e && (*ps->p == '\r' || *ps->p == '\n'))
		ps->p++;
	ps->m->buf = ps->p;
	if (!line_next(ps, &line)) {
		bad(ps, "No Start Line");
		return false;
	}
	if (line.len >= 4 && !strncasecmp(line.p, "SIP/", 4))
		status_line_parse(ps, line);
	else
		request_line_parse(ps, line);

	return ps->m->is_request || ps->m->status;
}

/* Control octets are allowed as escapes in quotes, CR and LF only in folds */
static bool controls_are_good(struct span v)
{
	bool in_quotes = false;

	for (uint32_t i = 0; i < v.len; i++) {
		char c = v.p[i];

		if (in_quotes && c == '\\') {
			i++;
			if (i < v.len && (v.p[i] == '\r' || v.p[i] == '\n'))
				return false;
		}
		else if (c == '"')
			in_quotes = !in_quotes;
		else if (c == '\r') {
			if (i + 1 >= v.len || v.p[i + 1] != '\n')
				return false;
		}
		else if (c != '\n' && sip_char_is(c, SIP_CHAR_CONTROL))
			return false;
	}

	return true;
}

static void address_check(struct parser *ps, struct sip_address *ap,
			  struct span value, const char *reason)
{
	if (!sip_address_parse(ap, value) && !ap->is_star)
		return;

	bad(ps, reason);
	memset(ap, 0, sizeof(*ap));
}

static void addresses_check(struct parser *ps, struct span list,
			    const char *reason)
{
	struct sip_address a;
	struct span value;

	while (sip_list_next(&list, &value))
		address_check(ps, &a, value, reason);
}

static void contacts_check(struct parser *ps, struct span list)
{
	struct sip_address other;
	struct span value;

	while (sip_list_next(&list, &value)) {
		if (sip_address_parse(ps->contacts ? &other : &ps->m->contact,
				      value)) {
			bad(ps, "Bad Contact");
			return;
		}
		if (ps->contacts < UINT8_MAX)
			ps->contacts++;
	}
	if (ps->m->method == SIP_METHOD_REGISTER && ps->m->is_request &&
	    ps->contacts > SIP_CONTACT_MAX)
		bad(ps, "Too Many Contacts");
}

static void vias_parse(struct parser *ps, struct span list)
{
	struct sip_message *m = ps->m;
	struct sip_hop hop;
	struct span value;

	while (sip_list_next(&list, &value)) {
		bool is_top = ps->vias == 0;

		if (ps->vias == SIP_VIA_MAX) {
			bad(ps, "Too Many Via");
			return;
		}
		ps->vias++;
		if (sip_hop_parse(&hop, value)) {
			bad(ps, "Bad Via");
			continue;
		}
		if (!is_top)
			continue;
		m->via = value;
		m->hop = hop;
		m->branch = hop.branch;
		m->sent_by = hop.sent_by;
		if (span_equal_nocase(hop.branch, SPAN("z9hG4bK")))
			bad(ps, "Bad Via Branch");
	}
}

static void cseq_parse(struct parser *ps, struct span v)
{
	struct sip_message *m = ps->m;
	const char *p = v.p, *e = p + v.len;
	uint64_t n;

	while (p < e && *p >= '0' && *p <= '9')
		p++;
	if (p == e || !sip_char_is_blank(*p) ||
	    sip_number(span_between(v.p, p), UINT32_MAX, &n)) {
		bad(ps, "Bad CSeq");
		return;
	}
	m->cseq = (uint32_t)n;
	m->cseq_method_name = sip_trim(span_between(p, e));
	m->cseq_method = sip_method_of(m->cseq_method_name);
	if (!sip_is_token(m->cseq_method_name))
		bad(ps, "Bad CSeq");
}

static void call_id_parse(struct parser *ps, struct span v)
{
	ps->m->call_id = v;
	if (!v.len)
		bad(ps, "Bad Call-ID");
	for (uint32_t i = 0; i < v.len; i++) {
		if ((uint8_t)v.p[i] <= ' ' || v.p[i] == 127)
			bad(ps, "Bad Call-ID");
	}
}

static void content_length_parse(struct parser *ps, struct span v)
{
	uint64_t n;

	if (sip_number(v, SIP_MESSAGE_MAX_BYTES, &n)) {
		bad(ps, "Bad Content-Length");
		return;
	}
	if (ps->content_length >= 0 && ps->content_length != (int64_t)n)
		bad(ps, "Two Content-Lengths");
	ps->content_length = (int64_t)n;
}

static void max_forwards_parse(struct parser *ps, struct span v)
{
	uint64_t n;

	if (sip_number(v, UINT64_MAX, &n))
		bad(ps, "Bad Max-Forwards");
	else
		ps->m->max_forwards = n <= 255 ? (int16_t)n : -1;
}

static void credentials_count(struct parser *ps, uint8_t *countp)
{
	if (++*countp > SIP_CREDENTIALS_MAX)
		bad(ps, "Too Many Credentials");
}

/* What every element needs, of the headers it must understand */
static void header_check(struct parser *ps, const struct sip_header *h)
{
	struct sip_message *m = ps->m;
	struct sip_address a;

	switch (h->id) {
	case SIP_HEADER_VIA: vias_parse(ps, h->value); break;
	case SIP_HEADER_FROM:
		address_check(ps, &m->from, h->value, "Bad From");
		m->from_tag = m->from.tag;
		break;
	case SIP_HEADER_TO:
		address_check(ps, &m->to, h->value, "Bad To");
		m->to_tag = m->to.tag;
		break;
	case SIP_HEADER_CALL_ID: call_id_parse(ps, h->value); break;
	case SIP_HEADER_CSEQ: cseq_parse(ps, h->value); break;
	case SIP_HEADER_MAX_FORWARDS: max_forwards_parse(ps, h->value); break;
	case SIP_HEADER_CONTENT_LENGTH:
		content_length_parse(ps, h->value);
		break;
	case SIP_HEADER_CONTACT: contacts_check(ps, h->value); break;
	case SIP_HEADER_ROUTE:
		addresses_check(ps, h->value, "Bad Route");
		break;
	case SIP_HEADER_RECORD_ROUTE:
		addresses_check(ps, h->value, "Bad Record-Route");
		break;
	case SIP_HEADER_PATH: addresses_check(ps, h->value, "Bad Path"); break;
	case SIP_HEADER_REFER_TO:
		address_check(ps, &a, h->value, "Bad Refer-To");
		break;
	case SIP_HEADER_AUTHORIZATION:
		credentials_count(ps, &ps->credentials);
		break;
	case SIP_HEADER_PROXY_AUTHORIZATION:
		credentials_count(ps, &ps->proxy_credentials);
		break;
	default: break;
	}
}

static void header_add(struct parser *ps, enum sip_header_id id,
		       struct span name, struct span value)
{
	struct sip_message *m = ps->m;
	struct sip_header *h;

	if (m->header_count == SIP_HEADERS_MAX) {
		bad(ps, "Too Many Headers");
		return;
	}
	h = &m->headers[m->header_count];
	h->name = name;
	h->value = value;
	h->id = (uint8_t)id;

	if (m->first[h->id] == SIP_NO_HEADER)
		m->first[h->id] = m->header_count;
	else if (sip_header_rows[h->id].is_single) {
		bad(ps, "Duplicate Header");
		m->header_count++;
		return;
	}
	m->header_count++;
	header_check(ps, h);
}

/* Name, colon, value of one line with its folds */
static void header_parse(struct parser *ps, struct span line)
{
	const char *e = line.p + line.len, *colon, *name_end;
	struct span name, value;
	enum sip_header_id id;

	if (line.len > SIP_HEADER_LINE_MAX_BYTES) {
		bad(ps, "Header Too Long");
		return;
	}
	name_end = colon = memchr(line.p, ':', line.len);
	while (name_end > line.p &&
	       (name_end[-1] == ' ' || name_end[-1] == '\t'))
		name_end--;
	name = span_between(line.p, colon ? name_end : line.p);
	id = sip_header_id_of(name);
	/* those with an id are tokens */
	if (id == SIP_HEADER_OTHER && !sip_is_token(name)) {
		bad(ps, "Bad Header Line");
		return;
	}

	value = sip_trim(span_between(colon + 1, e));
	if (has_control(value) && !controls_are_good(value)) {
		bad(ps, "Control Octet in Header");
		return;
	}
	header_add(ps, id, name, value);
}

/* All header lines up to the empty one; false when that is missing */
static bool headers_parse(struct parser *ps)
{
	struct span line, more;

	for (;;) {
		if (!line_next(ps, &line)) {
			bad(ps, "Head Has No End");
			return false;
		}
		if (!line.len)
			return true;
		while (ps->p < ps->e && (*ps->p == ' ' || *ps->p == '\t')) {
			if (!line_next(ps, &more))
				break;
			line = span_between(line.p, more.p + more.len);
		}
		header_parse(ps, line);
	}
}

static void body_find(struct parser *ps)
{
	struct sip_message *m = ps->m;

	m->body = span_between(ps->p, ps->e);
	if (ps->content_length > (int64_t)m->body.len)
		bad(ps, "Content-Length Above Message");
	else if (ps->content_length >= 0)
		m->body.len = (uint32_t)ps->content_length;
	m->len = (uint32_t)(m->body.p + m->body.len - m->buf);
}

static void whole_check(struct parser *ps)
{
	static const struct {
		enum sip_header_id id;
		const char *reason;
	} wanted[] = {
		{ SIP_HEADER_VIA, "Missing Via" },
		{ SIP_HEADER_FROM, "Missing From" },
		{ SIP_HEADER_TO, "Missing To" },
		{ SIP_HEADER_CALL_ID, "Missing Call-ID" },
		{ SIP_HEADER_CSEQ, "Missing CSeq" },
	};
	struct sip_message *m = ps->m;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (!sip_has_header(m, wanted[i].id))
			bad(ps, wanted[i].reason);
	}

	if (!m->is_request) {
		m->method = m->cseq_method;
		return;
	}
	if (m->cseq_method_name.len &&
	    !span_equal(m->cseq_method_name, m->method_name)) {
		if (m->method == SIP_METHOD_OTHER)
			fault_set(ps, 501, "Not Implemented");
		else
			bad(ps, "CSeq Method Mismatch");
	}
}

int sip_message_parse(struct sip_message *m, const char *buf, size_t len,
		      struct sip_fault *fault)
{
	struct sip_fault own;
	struct parser ps = { .m = m,
			     /* only written to */
			     /* cppcheck-suppress uninitvar */
			     .fault = fault ? fault : &own,
			     .p = len ? buf : "",
			     .content_length = -1 };

	memset(m, 0, offsetof(struct sip_message, headers));
	memset(m->first, SIP_NO_HEADER, sizeof(m->first));
	m->buf = ps.p;
	ps.e = ps.p + len;
	m->max_forwards = -1;
	ps.fault->status = 0;
	ps.fault->reason = "";
	ps.fault->can_answer = false;
	ps.fault->headers[0] = 0;

	if (len > SIP_MESSAGE_MAX_BYTES) {
		fault_set(&ps, 513, "Message Too Large");
		ps.e = buf + SIP_MESSAGE_MAX_BYTES;
	}
	if (start_line_parse(&ps)) {
		if (headers_parse(&ps))
			body_find(&ps);
		whole_check(&ps);
	}

	ps.fault->can_answer = m->is_request && ps.vias > 0 &&
			       m->method != SIP_METHOD_ACK;
	return ps.fault->status ? EBADMSG : 0;
}

struct span sip_header_value(const struct sip_message *m, enum sip_header_id id)
{
	if (id >= SIP_HEADER_COUNT || m->first[id] == SIP_NO_HEADER)
		return (struct span){ NULL, 0 };

	return m->headers[m->first[id]].value;
}

struct span sip_header_named(const struct sip_message *m, const char *name)
{
	struct span want = span_of(name);
	enum sip_header_id id = sip_header_id_of(want);

	if (id != SIP_HEADER_OTHER)
		return sip_header_value(m, id);

	for (unsigned i = 0; i < m->header_count; i++) {
		if (span_equal_nocase(m->headers[i].name, want))
			return m->headers[i].value;
	}

	return (struct span){ NULL, 0 };
}

void sip_values_start(struct sip_values *it, const struct sip_message *m,
		      enum sip_header_id id)
{
	it->m = m;
	it->rest = (struct span){ NULL, 0 };
	it->id = (uint8_t)id;
	it->index = m->first[id];
}

bool sip_lines_next(struct sip_values *it, struct span *valuep)
{
	const struct sip_message *m = it->m;

	for (; it->index < m->header_count; it->index++) {
		if (m->headers[it->index].id != it->id)
			continue;
		*valuep = m->headers[it->index++].value;
		return true;
	}

	return false;
}

bool sip_values_next(struct sip_values *it, struct span *valuep)
{
	while (!sip_list_next(&it->rest, valuep)) {
		if (!sip_lines_next(it, &it->rest))
			return false;
	}

	return true;
}

bool sip_header_has(const struct sip_message *m, enum sip_header_id id,
		    const char *token)
{
	struct span want = span_of(token), value;
	struct sip_values it;

	sip_values_start(&it, m, id);
	while (sip_values_next(&it, &value)) {
		if (span_equal_nocase(value, want))
			return true;
	}

	return false;
}

uint32_t sip_header_seconds(const struct sip_message *m, enum sip_header_id id,
			    uint32_t fallback)
{
	struct span v = sip_header_value(m, id);
	uint64_t n = 0;
	uint32_t i;

	for (i = 0; i < v.len && v.p[i] >= '0' && v.p[i] <= '9'; i++) {
		n = n * 10 + (uint64_t)(v.p[i] - '0');
		if (n > UINT32_MAX)
			n = UINT32_MAX;
	}
	if (!i || (i < v.len && v.p[i] != ';' && v.p[i] != '(' &&
		   !sip_char_is_blank(v.p[i])))
		return fallback;

	return (uint32_t)n;
}

bool sip_body_is(const struct sip_message *m, const char *type)
{
	struct span v = sip_header_value(m, SIP_HEADER_CONTENT_TYPE);
	size_t n = strlen(type);

	if (!m->body.len || !v.p || v.len < n || strncasecmp(v.p, type, n))
		return false;

	return v.len == n || v.p[n] == ';' || sip_char_is_blank(v.p[n]);
}
