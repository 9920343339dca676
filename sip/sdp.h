/* sdp.h - session descriptions: index, edit, offer and answer
 *
 * sdp_parse() indexes a body in place.  sdp_write() writes it out again with
 * changed addresses, ports, directions, formats and attributes, as a
 * back-to-back agent needs; what it does not know it passes on.
 * sdp_audio_write() and sdp_audio_answer() make the descriptions of a phone.
 *
 * Source: RFC 8866, RFC 3264, RFC 4733, RFC 5761; reliability.md 5.
 */
#ifndef SIP_SDP_H
#define SIP_SDP_H

#include "base/span.h"
#include "sip/build.h"
#include "sip/sdp_crypto.h"

enum {
	SDP_MEDIA_MAX = 16,
	SDP_FORMATS_MAX = 64,
	SDP_LINES_MAX = 512,
	SDP_CANDIDATES_MAX = 100, /* per description */
	SDP_MAX_BYTES = 32768,
	SDP_CODECS_MAX = 8,
};

enum sdp_direction {
	SDP_DIRECTION_INACTIVE = 0,
	SDP_DIRECTION_SENDONLY = 1, /* bit: who wrote it sends */
	SDP_DIRECTION_RECVONLY = 2, /* bit: who wrote it receives */
	SDP_DIRECTION_SENDRECV = 3,
};

struct sdp_line {
	char type;         /* 'v', 'o', 'm', 'a' … */
	struct span value; /* after '=' */
};

struct sdp_media {
	struct span type;     /* "audio" … */
	struct span protocol; /* "RTP/AVP" … */
	struct span formats;  /* "0 8 101" */
	uint8_t format_count;
	uint16_t port;       /* 0 = refused or off */
	struct span address; /* of its c= line, else of the session */
	bool is_ipv6;
	uint8_t direction;  /* own attribute, else the session's */
	uint16_t rtcp_port; /* a=rtcp, else 0 */
	bool has_rtcp_mux;
	uint16_t first_line; /* index of its m= line */
	uint16_t line_count; /* m= line included */
};

struct sdp {
	struct span body;
	struct span user, session_id, session_version; /* of o= */
	struct span origin_address;
	struct span address; /* session's c= line, or empty */
	bool is_ipv6;
	uint8_t direction; /* session level, default SDP_DIRECTION_SENDRECV */
	uint16_t session_lines; /* lines before the first m= */
	uint16_t line_count;
	uint8_t media_count;
	struct sdp_media media[SDP_MEDIA_MAX];
	struct sdp_line lines[SDP_LINES_MAX];
};

/**
 * Index a description.
 *
 * @param sdp  Filled on success only; points into body
 * @param body Kept by reference
 *
 * @return 0; EBADMSG bad syntax; E2BIG above a limit
 */
int sdp_parse(struct sdp *sdp, struct span body);

/** First attribute of a media (its lines only), or of the session when media
 * is NULL; *valuep is empty for a flag.  valuep may be NULL. */
bool sdp_attribute(const struct sdp *sdp, const struct sdp_media *media,
		   const char *name, struct span *valuep);

/** Next of several: *indexp is 0 first, and is moved. */
bool sdp_attribute_next(const struct sdp *sdp, const struct sdp_media *media,
			const char *name, uint16_t *indexp,
			struct span *valuep);

/** The n-th format as text ("0", "101"); empty when there are fewer. */
struct span sdp_format(const struct sdp_media *media, unsigned n);

struct sdp_codec {
	uint8_t payload; /* 0..127 */
	char name[16];   /* "PCMU", any case when compared */
	uint32_t rate;   /* Hz */
	uint8_t channels;
	const char *fmtp; /* ours: what is said of it, or NULL */
};

/** Codec behind a payload number: a=rtpmap or the static table.  False when
 * it is unknown. */
bool sdp_codec(const struct sdp *sdp, const struct sdp_media *media,
	       struct span format, struct sdp_codec *codec);

/** First media of this type whose port is not 0, or NULL. */
const struct sdp_media *sdp_media_active(const struct sdp *sdp,
					 const char *type);

/** What to change in one media. */
struct sdp_media_edit {
	const char *address;     /* NULL = as it was */
	uint16_t port;           /* 0 = as it was */
	uint16_t rtcp_port;      /* a=rtcp written when not 0 */
	int8_t direction;        /* -1 = as it was */
	bool is_refused;         /* port 0, no attributes */
	struct span protocol;    /* empty = as it was */
	struct span formats;     /* empty = as it was; rtpmap/fmtp of formats
				    that are gone are dropped */
	const char *const *drop; /* attribute names to drop, NULL-ended; a
				    final '*' in a name matches any rest */
	const char *add;         /* lines to add, each "a=…\r\n"; or NULL */
};

/** What to change in a description.  Start from sdp_edit_init(). */
struct sdp_edit {
	const char *address; /* session's o= and c= lines; NULL = as it was */
	const char *user;    /* o= user name; NULL = as it was */
	uint64_t session_id; /* o=; 0 = as it was */
	uint64_t version;    /* o=; 0 = as it was */
	const char *const *drop; /* session attributes to drop */
	const char *add;         /* session attribute lines to add */
	struct sdp_media_edit media[SDP_MEDIA_MAX];
};

/** Change nothing. */
void sdp_edit_init(struct sdp_edit *e);

/** Write the description with changes.  0; E2BIG. */
int sdp_write(struct sip_out *o, const struct sdp *sdp,
	      const struct sdp_edit *e);

/** The other side's view: send and receive swapped. */
enum sdp_direction sdp_direction_mirror(enum sdp_direction d);
/** "sendrecv" … */
const char *sdp_direction_name(enum sdp_direction d);

/** SRTP: what we say of it. */
enum sdp_security {
	SDP_PLAIN,         /* never: what only speaks so is refused */
	SDP_SECURE_IF,     /* taken where it is offered, not offered */
	SDP_SECURE_EITHER, /* offered beside plain RTP, too (RTP/AVP) */
	SDP_SECURE_ONLY,   /* nothing else (RTP/SAVP) */
};

/** One's own side of an audio session. */
struct sdp_audio {
	const char *address; /* numeric */
	uint16_t port;
	uint64_t session_id;
	uint64_t version; /* one higher at each change (RFC 3264 8) */
	uint8_t direction;
	uint8_t codec_count;
	struct sdp_codec codecs[SDP_CODECS_MAX]; /* by preference; with
					   "telephone-event" for DTMF */
	uint8_t security;                        /* enum sdp_security */
	uint8_t key_count;     /* of keys: ours, by preference */
	uint8_t offered_suite; /* only this one is; SDP_SUITE_NONE: all */
	struct sdp_crypto keys[SDP_SUITES];
};

/** PCMU 0, PCMA 8, telephone-event 101, sendrecv, without SRTP. */
void sdp_audio_init(struct sdp_audio *a, const char *address, uint16_t port,
		    uint64_t session_id);

/** Write an offer (or a description of one's own).  0; E2BIG. */
int sdp_audio_write(struct sip_out *o, const struct sdp_audio *a);

/** What the other side's description means for us. */
struct sdp_agreed {
	char address[64]; /* where to send; numeric */
	uint16_t port;
	uint16_t rtcp_port;
	struct sdp_codec codec; /* with the payload number to send */
	uint8_t dtmf_payload;   /* to send; 0 = none */
	uint32_t dtmf_rate;     /* its clock: the codec's if they have it so */
	uint8_t direction;      /* ours: SENDRECV, SENDONLY … */
	uint16_t ptime_ms;      /* 20 unless asked otherwise */
	bool is_held;           /* theirs is not sending to us nor wanting it,
				   or only sending, or address 0.0.0.0 */
	uint8_t media_index;    /* m-line it is about */
	bool is_savp;           /* of SRTP and nothing else */
	struct sdp_crypto theirs; /* SRTP: suite SDP_SUITE_NONE for plain */
	struct sdp_crypto ours;
};

/**
 * Read the other's answer to our offer, or their offer, against our codecs.
 *
 * @return 0; ENOENT no audio on or no common codec (answer 488); EACCES the
 *         same for want of SRTP, or of plain RTP; EBADMSG
 */
int sdp_audio_read(struct sdp_agreed *agreed, const struct sdp *theirs,
		   const struct sdp_audio *ours);

/**
 * Write the answer to an offer: the first audio taken, other media refused.
 *
 * @param o      Output
 * @param agreed Set on success, may be NULL
 * @param offer  Theirs
 * @param ours   Own side; its direction is narrowed to what the offer allows
 *
 * @return 0; ENOENT nothing in common; E2BIG
 */
int sdp_audio_answer(struct sip_out *o, struct sdp_agreed *agreed,
		     const struct sdp *offer, const struct sdp_audio *ours);

#endif
