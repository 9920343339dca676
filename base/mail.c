/* mail.c - see mail.h: building a mail (RFC 5322, 2045-2047, 2387)
 *
 * Shape, perhaps inside mixed(..., file): text alone, or alternative(text, html), or with a QR code
 * alternative(text, related(html, png)).  Bodies are 7bit where they are
 * plain ASCII in short lines, quoted-printable otherwise.
 */
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/libre.h"
#include "base/mail.h"
#include "base/qr.h"
#include "base/secrets.h"

enum {
	ADDRESS_MAX = 254,
	LOCAL_MAX = 64,
	HEADER_MAX = 500,
	WORD_OCTETS = 45, /* of an encoded word, before base64 */
	LINE_MAX_BYTES = 76,
	QR_SCALE = 6,
};

bool mail_address_is_valid(const char *address)
{
	static const char local[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789!#$%&'*+-/=?^_`{|}~.";
	static const char domain[] = "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-.";
	size_t before;
	size_t after;

	if (!address || strlen(address) > ADDRESS_MAX || strstr(address, ".."))
		return false;

	before = strspn(address, local);
	if (!before || before > LOCAL_MAX || address[before] != '@' ||
	    address[0] == '.' || address[before - 1] == '.')
		return false;

	address += before + 1;
	after = strspn(address, domain);
	return after && !address[after] && isalnum((unsigned char)address[0]) &&
	       isalnum((unsigned char)address[after - 1]);
}

static bool has_control(const char *text)
{
	for (; text && *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}

	return false;
}

/* ---- headers ---- */

static bool is_plain(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789 .,:;!?'+-/");

	return !text[n] && n <= 60 && text[0] != ' ';
}

/* Octets of the next encoded word: no character is cut. */
static size_t word_length(const char *text)
{
	size_t n = strlen(text);

	if (n <= WORD_OCTETS)
		return n;

	n = WORD_OCTETS;
	while (n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;

	return n;
}

static int write_words(struct mbuf *mb, const char *text)
{
	int err = 0;

	for (bool is_first = true; *text && !err; is_first = false) {
		char word[4 * WORD_OCTETS];
		size_t n = word_length(text);

		sodium_bin2base64(word, sizeof(word),
				  (const unsigned char *)text, n,
				  sodium_base64_VARIANT_ORIGINAL);
		err = mbuf_printf(
			mb, "%s=?UTF-8?B?%s?=", is_first ? "" : "\r\n ", word);
		text += n;
	}

	return err;
}

static int write_unstructured(struct mbuf *mb, const char *name,
			      const char *text)
{
	int err = mbuf_printf(mb, "%s: ", name);

	if (!err && is_plain(text))
		err = mbuf_write_str(mb, text);
	else if (!err)
		err = write_words(mb, text);

	return err ? err : mbuf_write_str(mb, "\r\n");
}

static int write_mailbox(struct mbuf *mb, const char *header, const char *name,
			 const char *address)
{
	int err = mbuf_printf(mb, "%s: ", header);

	/* In a phrase only letters, digits and blanks go unencoded. */
	if (!err && name && *name) {
		if (is_plain(name) && !strpbrk(name, ".,:;!?'+-/"))
			err = mbuf_write_str(mb, name);
		else
			err = write_words(mb, name);
		if (!err)
			err = mbuf_write_str(mb, "\r\n ");
	}

	return err ? err : mbuf_printf(mb, "<%s>\r\n", address);
}

static int write_headers(struct mbuf *mb, const struct mail *m)
{
	char id[TOKEN_HASH_SIZE];
	char random[ID_SIZE];
	char date[64];
	time_t now = (time_t)clock_wall_s();
	struct tm tm;
	int err;

	id_make(random);
	token_hash(id, m->key ? m->key : random);
	id[32] = '\0';
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);

	err = mbuf_printf(mb, "Date: %s\r\n", date);
	err |= write_mailbox(mb, "From", m->from_name, m->from);
	err |= write_mailbox(mb, "To", m->to_name, m->to);
	err |= write_unstructured(mb, "Subject", m->subject);
	err |= mbuf_printf(mb, "Message-ID: <%s%s>\r\n", id,
			   strchr(m->from, '@'));
	err |= mbuf_write_str(mb, "MIME-Version: 1.0\r\n"
				  "Auto-Submitted: auto-generated\r\n");
	if (m->language)
		err |= mbuf_printf(mb, "Content-Language: %s\r\n", m->language);

	return err ? ENOMEM : 0;
}

/* ---- bodies ---- */

static bool is_seven_bit(const char *text)
{
	size_t line = 0;

	for (; *text; text++) {
		line = *text == '\n' ? 0 : line + 1;
		if ((unsigned char)*text > 0x7e || line > 900 ||
		    ((unsigned char)*text < 0x20 && *text != '\n' &&
		     *text != '\t'))
			return false;
	}

	return true;
}

static int write_lines(struct mbuf *mb, const char *text)
{
	int err = 0;

	while (*text && !err) {
		size_t n = strcspn(text, "\n");

		err = mbuf_write_mem(mb, (const uint8_t *)text, n);
		if (!err)
			err = mbuf_write_str(mb, "\r\n");
		text += n + (text[n] == '\n');
	}

	return err;
}

static bool is_quotable_as_is(const char *p)
{
	unsigned char c = (unsigned char)*p;

	if (c == ' ' || c == '\t')
		return p[1] && p[1] != '\n' && p[1] != '\r';

	return c > 0x20 && c < 0x7f && c != '=';
}

static int write_quoted(struct mbuf *mb, const char *text)
{
	size_t line = 0;
	int err = 0;

	for (; *text && !err; text++) {
		bool as_is = is_quotable_as_is(text);

		if (*text == '\r' && text[1] == '\n')
			continue;
		if (*text == '\n') {
			err = mbuf_write_str(mb, "\r\n");
			line = 0;
			continue;
		}
		if (line + (as_is ? 1 : 3) >= LINE_MAX_BYTES) {
			err = mbuf_write_str(mb, "=\r\n");
			line = 0;
		}
		if (as_is)
			err |= mbuf_write_u8(mb, (uint8_t)*text);
		else
			err |= mbuf_printf(mb, "=%02X", (unsigned char)*text);
		line += as_is ? 1 : 3;
	}

	return err ? err : mbuf_write_str(mb, "\r\n");
}

static int write_text(struct mbuf *mb, const char *type, const char *text)
{
	bool is_plain_text = is_seven_bit(text);
	int err;

	err = mbuf_printf(mb,
			  "Content-Type: %s; charset=UTF-8\r\n"
			  "Content-Transfer-Encoding: %s\r\n\r\n",
			  type, is_plain_text ? "7bit" : "quoted-printable");
	if (err)
		return err;

	return is_plain_text ? write_lines(mb, text) : write_quoted(mb, text);
}

static int write_base64(struct mbuf *mb, const uint8_t *p, size_t size)
{
	int err = 0;

	while (size && !err) {
		char line[LINE_MAX_BYTES + 8];
		size_t n = size < 57 ? size : 57;

		sodium_bin2base64(line, sizeof(line), p, n,
				  sodium_base64_VARIANT_ORIGINAL);
		err = mbuf_printf(mb, "%s\r\n", line);
		p += n;
		size -= n;
	}

	return err;
}

static int write_picture(struct mbuf *mb, const char *qr)
{
	struct mbuf *png;
	int err;

	err = qr_png(&png, qr, QR_SCALE);
	if (err)
		return err;

	err = mbuf_write_str(mb, "Content-Type: image/png; name=qr.png\r\n"
				 "Content-Transfer-Encoding: base64\r\n"
				 "Content-ID: <qr>\r\n"
				 "Content-Disposition: inline; "
				 "filename=qr.png\r\n\r\n");
	if (!err)
		err = write_base64(mb, png->buf, png->end);
	mem_deref(png);
	return err;
}

static int write_html(struct mbuf *mb, const struct mail *m,
		      const char *boundary)
{
	int err;

	if (!m->qr)
		return write_text(mb, "text/html", m->html);

	err = mbuf_printf(mb,
			  "Content-Type: multipart/related; "
			  "type=\"text/html\";\r\n boundary=\"r%s\"\r\n\r\n"
			  "--r%s\r\n",
			  boundary, boundary);
	if (!err)
		err = write_text(mb, "text/html", m->html);
	if (!err)
		err = mbuf_printf(mb, "--r%s\r\n", boundary);
	if (!err)
		err = write_picture(mb, m->qr);

	return err ? err : mbuf_printf(mb, "--r%s--\r\n", boundary);
}

static int write_body(struct mbuf *mb, const struct mail *m)
{
	char boundary[TOKEN_SIZE];
	int err;

	if (!m->html)
		return write_text(mb, "text/plain", m->text);

	token_make(boundary);
	err = mbuf_printf(mb,
			  "Content-Type: multipart/alternative;\r\n"
			  " boundary=\"a%s\"\r\n\r\n--a%s\r\n",
			  boundary, boundary);
	if (!err)
		err = write_text(mb, "text/plain", m->text);
	if (!err)
		err = mbuf_printf(mb, "--a%s\r\n", boundary);
	if (!err)
		err = write_html(mb, m, boundary);

	return err ? err : mbuf_printf(mb, "--a%s--\r\n", boundary);
}

static int write_attached(struct mbuf *mb, const struct mail *m)
{
	int err = mbuf_printf(mb,
			      "Content-Type: %s; name=\"%s\"\r\n"
			      "Content-Transfer-Encoding: base64\r\n"
			      "Content-Disposition: attachment; "
			      "filename=\"%s\"\r\n\r\n",
			      m->attached_type, m->attached_name,
			      m->attached_name);

	return err ? err : write_base64(mb, m->attached, m->attached_size);
}

static int write_all(struct mbuf *mb, const struct mail *m)
{
	char boundary[TOKEN_SIZE];
	int err;

	if (!m->attached)
		return write_body(mb, m);

	token_make(boundary);
	err = mbuf_printf(mb,
			  "Content-Type: multipart/mixed;\r\n"
			  " boundary=\"m%s\"\r\n\r\n--m%s\r\n",
			  boundary, boundary);
	if (!err)
		err = write_body(mb, m);
	if (!err)
		err = mbuf_printf(mb, "--m%s\r\n", boundary);
	if (!err)
		err = write_attached(mb, m);

	return err ? err : mbuf_printf(mb, "--m%s--\r\n", boundary);
}

/* What goes between quotes in a header. */
static bool is_file_name(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

	return name && *name && !name[strspn(name, plain)];
}

static bool is_header(const char *text)
{
	return !text || (strlen(text) <= HEADER_MAX && !has_control(text));
}

int mail_build(struct mbuf **mbp, const struct mail *m)
{
	struct mbuf *mb;
	int err;

	if (!mbp || !m || !mail_address_is_valid(m->from) ||
	    !mail_address_is_valid(m->to) || !m->subject || !m->text ||
	    !is_header(m->subject) || !is_header(m->from_name) ||
	    !is_header(m->to_name) || !is_header(m->language) ||
	    (m->qr && !m->html) ||
	    (m->attached &&
	     (!is_file_name(m->attached_name) || !m->attached_type ||
	      !is_header(m->attached_type))) ||
	    sodium_init() < 0)
		return EINVAL;

	mb = mbuf_alloc(4096);
	if (!mb)
		return ENOMEM;

	err = write_headers(mb, m);
	if (!err)
		err = write_all(mb, m);

	if (err) {
		mem_deref(mb);
		return err;
	}

	mbuf_set_pos(mb, 0);
	*mbp = mb;
	return 0;
}
