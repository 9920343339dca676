/* party.h - one party of a conference: a phone's dialog with the mixer
 *
 * A party is a call of its own in which the pbx is the other end: the phone
 * has dialled (it is the call's caller, there is no callee), was rung (it is
 * the callee, the caller has no dialog: it only says on whose behalf) or was
 * taken out of another call.  Its port of the media server is one of the
 * call's two, so that a restarted pbx has it back; when the phone holds, the
 * port leaves the mixer and no music gets in.
 *
 * conference.h says who hears whom; this file speaks SIP.
 *
 * Source: RFC 4579; CAL-4, SIT-14.
 */
#ifndef PBX_PARTY_H
#define PBX_PARTY_H

#include "pbx/call/call.h"
#include "pbx/speech/media.h"

struct conference;
struct party;
struct routing;

enum party_state {
	PARTY_DIALLED, /* rings */
	PARTY_ASKED,   /* for the PIN of a room */
	PARTY_WAITING, /* for the moderator; hears music */
	PARTY_IN,
};

enum { PARTY_PIN_MAX = 10 };

struct party {
	struct le le; /* of its conference */
	struct conference *conference;
	struct call *call;         /* that owns it */
	struct sip_server *asked;  /* a later INVITE, until its ACK */
	struct sip_client *client; /* our re-INVITE */
	struct wheel_timer timer;  /* tries it again; PIN */
	uint64_t sdp_id;
	uint32_t sdp_version;
	uint32_t number;    /* in its conference, from 1 */
	uint32_t change;    /* number of its last change (conference.h) */
	uint64_t joined_ms; /* wall */
	uint8_t state;      /* enum party_state */
	uint8_t tries;      /* of re-INVITE, of PIN */
	uint8_t digit_count;
	bool is_muted;
	bool is_held; /* by its phone */
	bool is_creator;
	bool is_moderator;
	bool is_new;           /* the caller waits for our answer */
	bool is_listener;      /* hears only */
	bool is_paged;         /* its phone is asked to answer by itself */
	uint32_t event;        /* REFER that called it: subscription's id */
	struct call *referrer; /* counted; its party asked for it, or NULL */
	struct leg *referrer_leg;
	char digits[PARTY_PIN_MAX + 1];
};

/** Make a call's party, in state DIALLED; the call owns it.  0 or ENOMEM. */
int party_make(struct party **pp, struct call *call,
	       struct conference *conference);

/** The phone's leg; NULL while nobody has answered. */
struct leg *party_leg(const struct party *p);

/** Its port of the media server, or NULL. */
struct media_port *party_port(const struct party *p);

/** Answer a call that has just begun.  0; ENOTCONN without media server;
 * ENOTSUP without anything in common; ENOMEM. */
int party_answer(struct party *p);

/** Take a leg out of its call, which ends, into this one (its caller, with
 * the same phone), and ask it to speak with us.  0; ENOTCONN; EBUSY while it
 * is being changed. */
int party_take(struct party *p, struct leg *leg);

/** Take both legs of a call, which ends, into two calls of ours. */
int party_take_both(struct party *p, struct party *q, struct call *from);

/** Ask its phone again, after something has changed here. */
void party_ask(struct party *p);

/** Ring these for it.  0; ENOTCONN; ENOENT: nobody could be rung, the call is
 * over. */
int party_ring(struct party *p, struct routing *routing);

/** The same for a number, wherever it leads. */
int party_dial(struct party *p, const char *number);

/** What we say to its phone: our description as an offer, valid until the
 * next call; body itself where that leg has no dialog. */
struct span party_body(const struct leg *to, struct span body);

/** What call.c and bridge.c tell: the caller has acknowledged (m may hold its
 * description); whoever was rung has answered; a request inside the call; the
 * call is over. */
void party_acknowledged(struct party *p, const struct sip_message *m);
void party_answered(struct party *p, const struct sip_message *m);
void party_request(struct party *p, const struct sip_message *m,
		   struct sip_flow *flow);
void party_end(struct call *call);

/** What the media server tells of its port (media.h). */
void party_event(struct party *p, const char *event, const char *key);

/** Say a prompt (prompt.h) or a sign (media/server/sound.h). */
void party_say(struct party *p, const char *prompt);
void party_sign(struct party *p, const char *sound);

#endif
