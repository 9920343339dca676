/* frame.c - see frame.h */
#include <string.h>

#include "sip/chars.h"
#include "sip/frame.h"
#include "sip/param.h"

/* After the empty line that ends the head, or 0: not there yet */
static uint32_t head_end(struct sip_framer *f, const char *buf, uint32_t len)
{
	uint32_t i = f->scanned;

	while (i < len) {
		const char *lf = memchr(buf + i, '\n', len - i);

		if (!lf) {
			f->scanned = len;
			return 0;
		}
		i = (uint32_t)(lf - buf);
		f->scanned = i;
		if (i + 1 < len && buf[i + 1] == '\n')
			return i + 2;
		if (i + 2 < len && buf[i + 1] == '\r' && buf[i + 2] == '\n')
			return i + 3;
		if (i + 1 == len || (i + 2 == len && buf[i + 1] == '\r'))
			return 0;
		i++;
	}

	return 0;
}

/* The value of a Content-Length line, folds included */
static bool is_length_line(struct span line, struct span *valuep)
{
	const char *p = line.p, *e = p + line.len;
	struct span name;

	while (p < e && sip_char_is(*p, SIP_CHAR_TOKEN))
		p++;
	name = span_between(line.p, p);
	while (p < e && (*p == ' ' || *p == '\t'))
		p++;
	if (p == e || *p != ':' ||
	    sip_header_id_of(name) != SIP_HEADER_CONTENT_LENGTH)
		return false;

	*valuep = sip_trim(span_between(p + 1, e));
	return true;
}

/* Body length by the one rule, or -1 */
static int64_t length_find(struct span head, uint32_t max)
{
	const char *p = head.p, *e = p + head.len;
	int64_t found = -1;

	while (p < e) {
		const char *start = p, *lf;
		struct span value;
		uint64_t n;

		do {
			lf = memchr(p, '\n', (size_t)(e - p));
			p = lf ? lf + 1 : e;
		} while (p < e && (*p == ' ' || *p == '\t'));

		if (!is_length_line(span_between(start, p), &value))
			continue;
		if (sip_number(value, max, &n) ||
		    (found >= 0 && found != (int64_t)n))
			return -1;
		found = (int64_t)n;
	}

	return found;
}

/* An empty line between messages */
static enum sip_frame blank_line(struct sip_framer *f, size_t len,
				 size_t *usedp)
{
	*usedp = len;
	f->blank_lines ^= 1;

	return f->blank_lines ? SIP_FRAME_CRLF : SIP_FRAME_PING;
}

static enum sip_frame lost(struct sip_framer *f, const char *buf, size_t len,
			   struct span *messagep)
{
	f->is_bad = true;
	*messagep = (struct span){ buf, (uint32_t)len };
	return SIP_FRAME_BAD;
}

enum sip_frame sip_frame_next(struct sip_framer *f, const char *buf, size_t len,
			      size_t *usedp, struct span *messagep)
{
	uint32_t max = f->max_bytes ? f->max_bytes : SIP_MESSAGE_MAX_BYTES;
	uint32_t seen = len > max ? max : (uint32_t)len, end;
	int64_t body;

	*usedp = 0;
	*messagep = (struct span){ buf, 0 };
	if (f->is_bad)
		return SIP_FRAME_BAD;
	if (!len)
		return SIP_FRAME_MORE;

	if (!f->need && !f->scanned && buf[0] == '\n')
		return blank_line(f, 1, usedp);
	if (!f->need && !f->scanned && buf[0] == '\r') {
		if (len < 2)
			return SIP_FRAME_MORE;
		if (buf[1] != '\n')
			return lost(f, buf, 0, messagep);
		return blank_line(f, 2, usedp);
	}

	if (!f->need) {
		end = head_end(f, buf, seen);
		if (!end)
			return seen < max ? SIP_FRAME_MORE
					  : lost(f, buf, seen, messagep);
		body = length_find((struct span){ buf, end }, max);
		if (body < 0 || body > (int64_t)(max - end))
			return lost(f, buf, end, messagep);
		f->need = end + (uint32_t)body;
	}
	if (len < f->need)
		return SIP_FRAME_MORE;

	*messagep = (struct span){ buf, f->need };
	*usedp = f->need;
	f->need = 0;
	f->scanned = 0;
	f->blank_lines = 0;
	return SIP_FRAME_MESSAGE;
}

void sip_frame_fault(struct sip_message *m, struct span head,
		     struct sip_fault *fault)
{
	if (sip_message_parse(m, head.p, head.len, fault))
		return;

	fault->status = 400;
	fault->reason = "Bad Content-Length";
}
