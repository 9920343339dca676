/* answer_private.h - what the files of answer.h share
 *
 * answer.c has its life, answer_sdp.c the descriptions, answer_take.c callers
 * who were handed over.
 */
#ifndef PBX_ANSWER_PRIVATE_H
#define PBX_ANSWER_PRIVATE_H

#include "pbx/speech/answer.h"

enum {
	ANSWER_HEADERS_BYTES = 1536,
	ANSWER_SDP_BYTES = 4096,
};

enum answer_state {
	ANSWER_OPENING,   /* the media server is asked for a port */
	ANSWER_ACCEPTING, /* the 200 was decided, its ACK not here */
	ANSWER_OPEN,
	ANSWER_SENDING, /* the caller is being sent on */
	ANSWER_LEAVING, /* says its last word */
};

struct answer {
	struct le le; /* of all */
	struct call *call;
	const struct answer_owner *owner;
	void *arg; /* counted */
	struct voice *voice;
	struct sip_server *asked;  /* a later INVITE, until its ACK */
	struct sip_client *client; /* ANSWER_TAKE: ours */
	struct wheel_timer timer;
	uint64_t sdp_id;
	uint32_t sdp_version;
	uint8_t state;  /* enum answer_state */
	uint8_t manner; /* enum answer_manner */
	uint8_t tries;  /* ANSWER_TAKE: after a 491 */
	bool is_anonymous;
	bool is_connected;
	bool has_rtp_keys; /* else keys may come by INFO */
	bool is_french;
	uint16_t status; /* to refuse with in the end, or of who was sent on */
	const char *cause; /* that goes with it */
	char user[DIRECTORY_ID_SIZE];
};

/* Our description: an answer to theirs, or an offer when there is none. */
int answer_describe(struct answer *a, struct span offer, struct sip_out *o);

/* Their answer to our offer. */
int answer_learn(struct answer *a, struct span answer);

/* The voice is there for who was handed over or rung first. */
void answer_take_caller(struct answer *a);

#endif
