/* message.h - a SIP message as an index into its received octets
 *
 * Nothing is copied and nothing allocated: sip_message_parse() finds the
 * start line, the header lines and the few values every element needs, and
 * checks what must be right for a message to be safe to handle.  Other values
 * are parsed when somebody asks (address.h, param.h).  The index is valid as
 * long as the buffer is.
 *
 * Parsing goes on after the first fault as far as it can, so that a bad
 * request can still be answered.
 *
 * Source: RFC 3261 7 and 25, RFC 4475, RFC 5118; reliability.md 5.
 */
#ifndef SIP_MESSAGE_H
#define SIP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "sip/address.h"

enum {
	SIP_MESSAGE_MAX_BYTES = 65536,
	SIP_HEADER_LINE_MAX_BYTES = 8192,
	SIP_HEADERS_MAX = 96,
	SIP_VIA_MAX = 70,
	SIP_CONTACT_MAX = 10,    /* per REGISTER */
	SIP_CREDENTIALS_MAX = 4, /* of each of the two headers */
	SIP_NO_HEADER = 0xff,
};

enum sip_method {
	SIP_METHOD_OTHER,
	SIP_METHOD_INVITE,
	SIP_METHOD_ACK,
	SIP_METHOD_BYE,
	SIP_METHOD_CANCEL,
	SIP_METHOD_REGISTER,
	SIP_METHOD_OPTIONS,
	SIP_METHOD_SUBSCRIBE,
	SIP_METHOD_NOTIFY,
	SIP_METHOD_REFER,
	SIP_METHOD_INFO,
	SIP_METHOD_UPDATE,
	SIP_METHOD_PRACK,
	SIP_METHOD_MESSAGE,
	SIP_METHOD_PUBLISH,
	SIP_METHOD_COUNT,
};

/* Kept in step with the table in message.c */
enum sip_header_id {
	SIP_HEADER_OTHER,
	SIP_HEADER_VIA,
	SIP_HEADER_FROM,
	SIP_HEADER_TO,
	SIP_HEADER_CALL_ID,
	SIP_HEADER_CSEQ,
	SIP_HEADER_MAX_FORWARDS,
	SIP_HEADER_CONTACT,
	SIP_HEADER_CONTENT_LENGTH,
	SIP_HEADER_CONTENT_TYPE,
	SIP_HEADER_CONTENT_ENCODING,
	SIP_HEADER_CONTENT_DISPOSITION,
	SIP_HEADER_ROUTE,
	SIP_HEADER_RECORD_ROUTE,
	SIP_HEADER_AUTHORIZATION,
	SIP_HEADER_PROXY_AUTHORIZATION,
	SIP_HEADER_WWW_AUTHENTICATE,
	SIP_HEADER_PROXY_AUTHENTICATE,
	SIP_HEADER_AUTHENTICATION_INFO,
	SIP_HEADER_EXPIRES,
	SIP_HEADER_MIN_EXPIRES,
	SIP_HEADER_SUPPORTED,
	SIP_HEADER_REQUIRE,
	SIP_HEADER_PROXY_REQUIRE,
	SIP_HEADER_UNSUPPORTED,
	SIP_HEADER_ALLOW,
	SIP_HEADER_ALLOW_EVENTS,
	SIP_HEADER_ACCEPT,
	SIP_HEADER_ACCEPT_LANGUAGE,
	SIP_HEADER_EVENT,
	SIP_HEADER_SUBSCRIPTION_STATE,
	SIP_HEADER_REFER_TO,
	SIP_HEADER_REFERRED_BY,
	SIP_HEADER_REFER_SUB,
	SIP_HEADER_REPLACES,
	SIP_HEADER_JOIN,
	SIP_HEADER_SESSION_EXPIRES,
	SIP_HEADER_MIN_SE,
	SIP_HEADER_SESSION_ID,
	SIP_HEADER_RACK,
	SIP_HEADER_RSEQ,
	SIP_HEADER_PATH,
	SIP_HEADER_SERVICE_ROUTE,
	SIP_HEADER_REASON,
	SIP_HEADER_RETRY_AFTER,
	SIP_HEADER_WARNING,
	SIP_HEADER_DATE,
	SIP_HEADER_ALERT_INFO,
	SIP_HEADER_CALL_INFO,
	SIP_HEADER_SUBJECT,
	SIP_HEADER_USER_AGENT,
	SIP_HEADER_SERVER,
	SIP_HEADER_ORGANIZATION,
	SIP_HEADER_PRIVACY,
	SIP_HEADER_P_ASSERTED_IDENTITY,
	SIP_HEADER_P_PREFERRED_IDENTITY,
	SIP_HEADER_REMOTE_PARTY_ID,
	SIP_HEADER_DIVERSION,
	SIP_HEADER_HISTORY_INFO,
	SIP_HEADER_SIP_ETAG,
	SIP_HEADER_SIP_IF_MATCH,
	SIP_HEADER_FLOW_TIMER,
	SIP_HEADER_MIME_VERSION,
	SIP_HEADER_COUNT,
};

struct sip_header {
	struct span name;  /* as written, possibly the compact form */
	struct span value; /* trimmed; may hold folds (CR LF blank) */
	uint8_t id;        /* enum sip_header_id */
};

struct sip_message {
	const char *buf;
	uint32_t len; /* of the message: head and body, without surplus */
	bool is_request;
	uint8_t method;  /* enum sip_method of a request; of CSeq otherwise */
	uint16_t status; /* of a response, 100..699 */
	struct span method_name, uri; /* of a request */
	struct sip_uri target;        /* uri, parsed; empty when it is bad */
	struct span reason;           /* of a response */
	struct span branch;           /* top Via; empty in RFC 2543 */
	struct span sent_by;          /* top Via */
	struct span via;              /* whole top Via value */
	struct sip_hop hop;           /* the same, parsed */
	struct sip_address from, to;  /* zeroed when absent or bad */
	struct sip_address contact;   /* the first; likewise */
	struct span from_tag, to_tag; /* empty when absent */
	struct span call_id;
	uint32_t cseq;
	uint8_t cseq_method;
	struct span cseq_method_name;
	int16_t max_forwards; /* -1 when absent or out of range */
	struct span body;
	uint8_t header_count;
	uint8_t first[SIP_HEADER_COUNT]; /* or SIP_NO_HEADER */
	struct sip_header headers[SIP_HEADERS_MAX];
};

/** Why a message is refused and what to answer. */
struct sip_fault {
	uint16_t status;    /* 4xx or 5xx; 0 while there is none */
	const char *reason; /* phrase: "Bad CSeq" … */
	bool can_answer;    /* a request other than ACK with a Via */
	char headers[512];  /* lines to add to the answer, "" or with CRLFs */
};

/**
 * Index a message and check its syntax.
 *
 * @param m     Filled as far as possible even when faulty
 * @param buf   One datagram or one frame; kept by reference
 * @param len   Octets; surplus after Content-Length is ignored
 * @param fault Set when the answer is not 0; may be NULL
 *
 * @return 0; EBADMSG: answer with fault when fault->can_answer, else drop
 */
int sip_message_parse(struct sip_message *m, const char *buf, size_t len,
		      struct sip_fault *fault);

/** What an element can do, for sip_request_check(). */
struct sip_rules {
	uint32_t methods; /* bits 1 << SIP_METHOD_x; 0 = all, 501 for none */
	const char *const *option_tags; /* NULL-ended; may be NULL = none */
	const char *const *body_types;  /* NULL-ended; NULL = any */
	bool forwards; /* Max-Forwards 0 is 483; Proxy-Require counts */
};

/**
 * The verdict every element owes to a well-formed request: 505 version, 416
 * scheme, 483 hops, 501/405 method, 420 extension, 415/406 body type.
 *
 * @return 0; EBADMSG: answer with fault (its headers list what is missing)
 */
int sip_request_check(const struct sip_message *m,
		      const struct sip_rules *rules, struct sip_fault *fault);

/** First value line of a header; empty span when absent. */
struct span sip_header_value(const struct sip_message *m,
			     enum sip_header_id id);

/** First value line of a header that has no id, by name (any case). */
struct span sip_header_named(const struct sip_message *m, const char *name);

/** Whether the message carries this header. */
static inline bool sip_has_header(const struct sip_message *m,
				  enum sip_header_id id)
{
	return m->first[id] != SIP_NO_HEADER;
}

/** Walks the values of a header over repeated lines and commas. */
struct sip_values {
	const struct sip_message *m;
	struct span rest;
	uint8_t id;
	uint8_t index;
};

void sip_values_start(struct sip_values *it, const struct sip_message *m,
		      enum sip_header_id id);
/** Next value, trimmed; false at the end.  Not for headers whose values hold
 * commas of their own (Authorization …): see sip_lines_next(). */
bool sip_values_next(struct sip_values *it, struct span *valuep);
/** Next whole line of that header; false at the end. */
bool sip_lines_next(struct sip_values *it, struct span *valuep);

/** Whether a header made of tokens (Supported, Allow, …) has this one. */
bool sip_header_has(const struct sip_message *m, enum sip_header_id id,
		    const char *token);

/** A header that is a number of seconds (Expires, Min-SE …; parameters are
 * ignored), or fallback when absent or no number; larger ones are cut to
 * 2^32-1. */
uint32_t sip_header_seconds(const struct sip_message *m, enum sip_header_id id,
			    uint32_t fallback);

/** Body type is type/subtype (any case, parameters ignored).  False without
 * a body. */
bool sip_body_is(const struct sip_message *m, const char *type);

/** Method by its name (case matters), SIP_METHOD_OTHER if unknown. */
enum sip_method sip_method_of(struct span name);
/** "INVITE" …; "" for SIP_METHOD_OTHER. */
const char *sip_method_name(enum sip_method method);
/** Header by name or compact form, any case. */
enum sip_header_id sip_header_id_of(struct span name);
/** Full name of a header; "" for SIP_HEADER_OTHER. */
const char *sip_header_name(enum sip_header_id id);

#endif
