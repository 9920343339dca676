/* build.h - writes messages into a buffer of fixed size
 *
 * Writers never fail one by one: what does not fit sets is_full, and
 * sip_out_end() reports it once.  Values from others go in through
 * sip_out_value(), which unfolds and lets no CR, LF or NUL through.
 *
 * Source: RFC 3261 7, 8.2.6, 18.2.2; RFC 3581.
 */
#ifndef SIP_BUILD_H
#define SIP_BUILD_H

#include "base/libre.h"
#include "base/span.h"
#include "sip/message.h"

struct sip_out {
	char *p;
	uint32_t len;
	uint32_t cap;
	bool is_full; /* something did not fit */
};

/** Write into buf of cap octets; the caller owns it. */
void sip_out_init(struct sip_out *o, char *buf, size_t cap);

/** What was written so far. */
static inline struct span sip_out_span(const struct sip_out *o)
{
	return (struct span){ o->p, o->len };
}

/** Octets as they are.  For our own text only. */
static inline void sip_out_raw(struct sip_out *o, struct span s)
{
	if (s.len > o->cap - o->len) {
		o->is_full = true;
		return;
	}
	if (s.len)
		memcpy(o->p + o->len, s.p, s.len);
	o->len += s.len;
}

static inline void sip_out_text(struct sip_out *o, const char *text)
{
	sip_out_raw(o, span_of(text));
}
void sip_out_printf(struct sip_out *o, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** Somebody's header value: folds become one blank, control octets go. */
void sip_out_value(struct sip_out *o, struct span value);
void sip_out_number(struct sip_out *o, uint64_t n);
/** 16 lower-case hex digits. */
void sip_out_hex(struct sip_out *o, uint64_t n);
/** "text" with \ and " escaped, control octets left out. */
void sip_out_quoted(struct sip_out *o, struct span text);
/** Escape a user part for a URI. */
void sip_out_user(struct sip_out *o, struct span user);
/** host or [host], and :port when not 0. */
void sip_out_host(struct sip_out *o, const char *host, uint16_t port);
enum { SIP_ADDRESS_TEXT = 64 };

/** The address without port, NUL-terminated; empty when it is none. */
void sip_address_text(char text[SIP_ADDRESS_TEXT], const struct sa *sa);

/** address:port of a socket address, IPv6 bracketed. */
void sip_out_sa(struct sip_out *o, const struct sa *sa);

/** `METHOD uri SIP/2.0` */
void sip_out_request_line(struct sip_out *o, struct span method,
			  struct span uri);
/** `SIP/2.0 200 OK`; reason NULL takes the table's phrase. */
void sip_out_status_line(struct sip_out *o, uint16_t status,
			 const char *reason);

/** `Name: value` with a value cleaned by sip_out_value(). */
void sip_out_header(struct sip_out *o, enum sip_header_id id,
		    struct span value);
void sip_out_header_text(struct sip_out *o, const char *name,
			 const char *value);
void sip_out_header_number(struct sip_out *o, enum sip_header_id id,
			   uint64_t n);
void sip_out_header_printf(struct sip_out *o, const char *name, const char *fmt,
			   ...) __attribute__((format(printf, 3, 4)));

/** Copy every line of this header, unfolded, in order. */
void sip_out_copy(struct sip_out *o, const struct sip_message *m,
		  enum sip_header_id id);
/** Copy all lines whose id is not in the NULL-free list of n ids; those
 * without id (SIP_HEADER_OTHER) are copied too. */
void sip_out_copy_others(struct sip_out *o, const struct sip_message *m,
			 const uint8_t *ids, size_t n);

/** `Via: SIP/2.0/UDP host:port;branch=z9hG4bK…;rport` */
void sip_out_via(struct sip_out *o, const char *transport, const char *host,
		 uint16_t port, struct span branch);

/**
 * Status line and what a response copies: Via (the top one completed by
 * received and rport), From, To, Call-ID, CSeq, and Record-Route for 101..2xx.
 * Works on a faulty request too: copies what there is, singles once.
 *
 * @param o      Output
 * @param m      The request
 * @param status 100..699
 * @param reason Phrase or NULL
 * @param to_tag Added when the request's To has none; may be empty
 * @param source Where it came from, or NULL to leave the top Via alone
 */
void sip_out_response(struct sip_out *o, const struct sip_message *m,
		      uint16_t status, const char *reason, struct span to_tag,
		      const struct sa *source);

/**
 * Last call: Content-Type and Content-Length, the empty line and the body.
 *
 * @param o    Output
 * @param type Media type, or NULL without body
 * @param body May be empty
 *
 * @return 0; E2BIG when anything did not fit
 */
int sip_out_end(struct sip_out *o, const char *type, struct span body);

/** Whole answer to a faulty request.  0; EINVAL if it can't be answered;
 * E2BIG. */
int sip_fault_answer(struct sip_out *o, const struct sip_message *m,
		     const struct sip_fault *fault, struct span to_tag,
		     const struct sa *source);

#endif
