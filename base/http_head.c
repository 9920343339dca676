/* http_head.c - see http_head.h */
#include <errno.h>

#include "base/http_head.h"

enum { LENGTH_MAX_DIGITS = 15 };

/* RFC 9110 tchar */
static bool is_token_char(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z'))
		return true;

	return c && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(struct span s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		if (!is_token_char((unsigned char)s.p[i]))
			return false;
	}

	return s.len > 0;
}

/* A field value: no control octet but the tab.  Octets over 127 pass. */
static bool is_value(struct span s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		const unsigned char c = (unsigned char)s.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}

	return true;
}

static bool is_name(struct span s, const char *name)
{
	return span_equal_nocase(s, span_of(name));
}

/* Cut the next line off; false when its CR LF has not come.  A CR or LF
 * elsewhere stays in the line and is refused by who reads it. */
static bool line_take(struct span *linep, const char *p, size_t len,
		      size_t *posp)
{
	const size_t start = *posp;

	for (size_t i = start; i + 1 < len; i++) {
		if (p[i] == '\r' && p[i + 1] == '\n') {
			linep->p = p + start;
			linep->len = (uint32_t)(i - start);
			*posp = i + 2;
			return true;
		}
	}

	return false;
}

static struct span trim(struct span s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t')) {
		++s.p;
		--s.len;
	}
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		--s.len;

	return s;
}

/* Cut s before the first c; what follows it goes to *restp. */
static bool cut(struct span *headp, struct span *restp, struct span s, char c)
{
	const char *at = s.len ? memchr(s.p, c, s.len) : NULL;

	if (!at)
		return false;

	headp->p = s.p;
	headp->len = (uint32_t)(at - s.p);
	restp->p = at + 1;
	restp->len = s.len - headp->len - 1;

	return true;
}

bool http_list_has(struct span list, const char *token)
{
	while (list.len) {
		struct span item, rest = { NULL, 0 };

		if (!cut(&item, &rest, list, ','))
			item = list;
		if (is_name(trim(item), token))
			return true;
		list = rest;
	}

	return false;
}

static int version_read(struct http_head *h, struct span s, int *statusp)
{
	if (s.len != 8 || memcmp(s.p, "HTTP/", 5) || s.p[6] != '.' ||
	    s.p[5] < '0' || s.p[5] > '9' || s.p[7] < '0' || s.p[7] > '9')
		return EBADMSG;

	if (s.p[5] != '1' || s.p[7] > '1') {
		*statusp = 505;
		return EBADMSG;
	}

	h->minor = s.p[7] - '0';
	h->keep_alive = h->minor == 1;

	return 0;
}

/* Origin form, or "*" for OPTIONS.  Absolute form and CONNECT are refused:
 * this is no proxy. */
static int target_read(struct http_head *h, int *statusp)
{
	const struct span t = h->target;

	if (t.len > HTTP_TARGET_MAX_BYTES) {
		*statusp = 414;
		return EBADMSG;
	}
	for (uint32_t i = 0; i < t.len; i++) {
		const unsigned char c = (unsigned char)t.p[i];

		if (c <= 0x20 || c >= 0x7f || c == '#')
			return EBADMSG;
	}

	h->path = t;
	if (t.len == 1 && t.p[0] == '*')
		return span_equal(h->method, SPAN("OPTIONS")) ? 0 : EBADMSG;
	if (!t.len || t.p[0] != '/')
		return EBADMSG;

	(void)cut(&h->path, &h->query, t, '?');

	return 0;
}

static int request_line(struct http_head *h, struct span line, int *statusp)
{
	struct span rest, version;

	if (!cut(&h->method, &rest, line, ' ') ||
	    !cut(&h->target, &version, rest, ' '))
		return EBADMSG;
	if (!is_token(h->method) || h->method.len > 32)
		return EBADMSG;
	if (version_read(h, version, statusp))
		return EBADMSG;

	return target_read(h, statusp);
}

static int status_line(struct http_head *h, struct span line)
{
	int status = 0, unused;

	if (line.len < 12 || line.p[8] != ' ')
		return EBADMSG;
	if (version_read(h, (struct span){ line.p, 8 }, &unused))
		return EBADMSG;

	for (int i = 9; i < 12; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return EBADMSG;
		status = status * 10 + (line.p[i] - '0');
	}
	if (line.len > 12 && line.p[12] != ' ')
		return EBADMSG;
	if (status < 100 || status > 599 || !is_value(line))
		return EBADMSG;

	h->status = status;

	return 0;
}

static int length_read(struct http_head *h, struct span v)
{
	if (h->has_length || !v.len || v.len > LENGTH_MAX_DIGITS)
		return EBADMSG;

	for (uint32_t i = 0; i < v.len; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return EBADMSG;
		h->length = h->length * 10 + (uint64_t)(v.p[i] - '0');
	}
	h->has_length = true;

	return 0;
}

static void connection_read(struct http_head *h, struct span v)
{
	if (http_list_has(v, "close"))
		h->keep_alive = false;
	else if (http_list_has(v, "keep-alive") && h->minor == 0)
		h->keep_alive = true;
}

/* The fields that rule the connection. */
static int field_read(struct http_head *h, struct span name, struct span v,
		      int *statusp)
{
	if (is_name(name, "Host")) {
		if (h->host.p)
			return EBADMSG;
		for (uint32_t i = 0; i < v.len; i++) {
			if (!is_token_char((unsigned char)v.p[i]) &&
			    !strchr(":[]", v.p[i]))
				return EBADMSG;
		}
		h->host = v;
	}
	else if (is_name(name, "Content-Length")) {
		return length_read(h, v);
	}
	else if (is_name(name, "Transfer-Encoding")) {
		if (h->is_chunked)
			return EBADMSG;
		if (!is_name(v, "chunked")) {
			*statusp = 501;
			return EBADMSG;
		}
		h->is_chunked = true;
	}
	else if (is_name(name, "Connection")) {
		connection_read(h, v);
	}
	else if (is_name(name, "Expect")) {
		if (!is_name(v, "100-continue")) {
			*statusp = 417;
			return EBADMSG;
		}
		h->expects_continue = true;
	}

	return 0;
}

static int field_line(struct http_head *h, struct span line, int *statusp)
{
	struct http_field *f;
	struct span name, value;

	if (h->field_count == HTTP_HEAD_MAX_FIELDS) {
		*statusp = 431;
		return EBADMSG;
	}

	/* a folded line and a blank before the colon fail as no token */
	if (!cut(&name, &value, line, ':') || !is_token(name))
		return EBADMSG;
	if (!is_value(value))
		return EBADMSG;

	f = &h->fields[h->field_count++];
	f->name = name;
	f->value = trim(value);

	return field_read(h, f->name, f->value, statusp);
}

static int fields_read(struct http_head *h, const char *p, size_t len,
		       size_t *posp, int *statusp)
{
	struct span line;

	for (;;) {
		if (!line_take(&line, p, len, posp))
			return EAGAIN;
		if (!line.len)
			return 0;
		if (field_line(h, line, statusp))
			return EBADMSG;
	}
}

/* What only the whole head shows. */
static int head_check(struct http_head *h, bool is_request)
{
	if (h->is_chunked && (h->has_length || h->minor == 0))
		return EBADMSG;
	if (is_request && !h->host.p && h->minor == 1)
		return EBADMSG;

	for (uint32_t i = 0; i < h->field_count; i++) {
		const struct http_field *f = &h->fields[i];

		if (is_name(f->name, "Upgrade") &&
		    http_list_has(f->value, "websocket"))
			h->wants_websocket = true;
	}
	if (h->wants_websocket)
		h->wants_websocket = http_list_has(
			http_head_field(h, "Connection"), "upgrade");
	if (h->minor == 0)
		h->expects_continue = false;

	return 0;
}

/* A bare LF or CR shows before the head is whole: no need to wait for the
 * rest of what is refused anyway. */
static bool has_bare_newline(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'))
			return true;
		if (p[i] == '\r' && i + 1 < len && p[i + 1] != '\n')
			return true;
		if (i >= 3 && !memcmp(p + i - 3, "\r\n\r\n", 4))
			return false;
	}

	return false;
}

static int head_parse(struct http_head *h, const char *p, size_t len,
		      size_t *usedp, int *statusp, bool is_request)
{
	const size_t seen = len < HTTP_HEAD_MAX_BYTES ? len
						      : HTTP_HEAD_MAX_BYTES;
	struct span line;
	size_t pos = 0;
	int err;

	*statusp = 400;
	memset(h, 0, offsetof(struct http_head, fields));

	if (has_bare_newline(p, seen))
		return EBADMSG;

	if (!line_take(&line, p, seen, &pos)) {
		err = EAGAIN;
		goto out;
	}

	if (is_request)
		err = request_line(h, line, statusp);
	else
		err = status_line(h, line);
	if (err)
		return err;

	err = fields_read(h, p, seen, &pos, statusp);
	if (!err)
		err = head_check(h, is_request);

out:
	if (err == EAGAIN && len >= HTTP_HEAD_MAX_BYTES) {
		*statusp = 431;
		return EBADMSG;
	}
	if (!err)
		*usedp = pos;

	return err;
}

int http_head_parse(struct http_head *h, const char *p, size_t len,
		    size_t *usedp, int *statusp)
{
	if (!h || (!p && len) || !usedp || !statusp)
		return EINVAL;

	return head_parse(h, p, len, usedp, statusp, true);
}

int http_head_parse_response(struct http_head *h, const char *p, size_t len,
			     size_t *usedp)
{
	int status;

	if (!h || (!p && len) || !usedp)
		return EINVAL;

	return head_parse(h, p, len, usedp, &status, false);
}

struct span http_head_field(const struct http_head *h, const char *name)
{
	for (uint32_t i = 0; i < h->field_count; i++) {
		if (is_name(h->fields[i].name, name))
			return h->fields[i].value;
	}

	return (struct span){ NULL, 0 };
}

enum chunk_state {
	CHUNK_SIZE, /* in the size line */
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER, /* in a trailer line */
};

enum { CHUNK_LINE_MAX = 256, CHUNK_TRAILERS_MAX = 4096 };

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;

	return -1;
}

/* A whole size line: hexadecimal digits, perhaps ";extension". */
static int chunk_size_read(struct http_chunks *c, struct span line)
{
	uint64_t size = 0;
	uint32_t i;

	for (i = 0; i < line.len && hex_value(line.p[i]) >= 0; i++) {
		if (i == 8)
			return EBADMSG;
		size = size * 16 + (uint64_t)hex_value(line.p[i]);
	}
	if (i == 0 || (i < line.len && line.p[i] != ';') || !is_value(line))
		return EBADMSG;

	c->left = size;
	c->state = size ? CHUNK_DATA : CHUNK_TRAILER;

	return 0;
}

static int chunk_line_take(struct http_chunks *c, const char *p, size_t len,
			   size_t *usedp)
{
	const bool is_size = c->state == CHUNK_SIZE;
	const char *lf;
	struct span line;
	size_t pos = 0;

	lf = memchr(p, '\n', len);
	if (lf && (lf == p || lf[-1] != '\r'))
		return EBADMSG;
	if (!line_take(&line, p, len, &pos))
		return len > (is_size ? CHUNK_LINE_MAX : CHUNK_TRAILERS_MAX)
			       ? EBADMSG
			       : 0;
	if (line.len > (is_size ? CHUNK_LINE_MAX : CHUNK_TRAILERS_MAX))
		return EBADMSG;

	*usedp = pos;
	if (is_size)
		return chunk_size_read(c, line);

	c->trailers += line.len;
	if (c->trailers > CHUNK_TRAILERS_MAX || !is_value(line))
		return EBADMSG;
	if (!line.len)
		c->is_done = true;

	return 0;
}

int http_chunks_take(struct http_chunks *c, const char *p, size_t len,
		     size_t *usedp, struct span *datap)
{
	*usedp = 0;
	*datap = (struct span){ NULL, 0 };

	if (!len || c->is_done)
		return 0;

	switch ((enum chunk_state)c->state) {
	case CHUNK_SIZE:
	case CHUNK_TRAILER: return chunk_line_take(c, p, len, usedp);

	case CHUNK_DATA:
		*usedp = len < c->left ? len : (size_t)c->left;
		datap->p = p;
		datap->len = (uint32_t)*usedp;
		c->left -= *usedp;
		if (!c->left)
			c->state = CHUNK_DATA_CR;
		return 0;

	case CHUNK_DATA_CR:
	case CHUNK_DATA_LF:
		if (*p != (c->state == CHUNK_DATA_CR ? '\r' : '\n'))
			return EBADMSG;
		c->state = c->state == CHUNK_DATA_CR ? CHUNK_DATA_LF
						     : CHUNK_SIZE;
		*usedp = 1;
		return 0;
	}

	return EBADMSG;
}

int http_decode(char *out, struct span s, bool is_form)
{
	size_t n = 0;

	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (c == '+' && is_form) {
			c = ' ';
		}
		else if (c == '%') {
			int high, low;

			if (s.len - i < 3)
				return EBADMSG;
			high = hex_value(s.p[i + 1]);
			low = hex_value(s.p[i + 2]);
			if (high < 0 || low < 0)
				return EBADMSG;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (!c)
			return EBADMSG;
		out[n++] = c;
	}
	out[n] = '\0';

	return 0;
}
