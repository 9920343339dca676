/* mail.h - build a mail and hand it to a server or a Maildir
 *
 * A mail may have a file attached.
 * A mail has a text and perhaps an HTML part, which may show a QR code as
 * <img src="cid:qr">.  Addresses and headers with a line break are refused,
 * so nobody smuggles a header in.  Sending blocks: it belongs in a thread,
 * which base/outbox.h sees to.
 */
#ifndef BASE_MAIL_H
#define BASE_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mbuf;

struct mail {
	const char *from;        /* address                            */
	const char *from_name;   /* or NULL                            */
	const char *to;          /* address                            */
	const char *to_name;     /* or NULL                            */
	const char *subject;     /* UTF-8                              */
	const char *text;        /* UTF-8                              */
	const char *html;        /* or NULL                            */
	const char *qr;          /* text of the QR code, or NULL       */
	const char *language;    /* "en", "fr" or NULL                 */
	const char *key;         /* makes the Message-ID; or NULL      */
	const uint8_t *attached; /* octets of a file, or NULL        */
	size_t attached_size;
	const char *attached_name; /* plain letters, digits, . and - */
	const char *attached_type; /* "audio/wav"                    */
};

/** Where mail goes. */
struct mail_conf {
	const char *server;   /* "smtp://host:25", "smtps://host", or NULL */
	const char *user;     /* or NULL                                   */
	const char *password; /* or NULL                                   */
	bool must_encrypt;    /* refuse to send without STARTTLS           */
	const char *ca_file;  /* or NULL for the system's                  */
	const char *maildir;  /* used when server is NULL                  */
	const char *from;     /* address mails come from                   */
	uint32_t timeout_s;   /* 0: 30                                     */
	const _Atomic bool *is_abandoned; /* stop trying, or NULL */
};

enum mail_outcome {
	MAIL_SENT,
	MAIL_LATER,   /* try again                    */
	MAIL_REFUSED, /* the server says never (5xx)  */
};

/** Whether an address can be used: local@domain, no blank, no control. */
bool mail_address_is_valid(const char *address);

/**
 * Write the mail as it goes over the wire (CR LF).
 *
 * @param mbp Set on success, position 0; mem_deref() it
 *
 * @return 0; EINVAL for a bad address or a header with a control octet
 */
int mail_build(struct mbuf **mbp, const struct mail *m);

/**
 * Send what mail_build() wrote; blocks, for a thread.
 *
 * @param key     Names the file in a Maildir, so that twice is once
 * @param why     Set to the reason unless sent
 */
enum mail_outcome mail_send(const struct mail_conf *conf, const char *to,
			    const char *key, const void *message, size_t size,
			    char *why, size_t why_size);

#endif
