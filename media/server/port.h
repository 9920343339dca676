/* port.h - where one party's speech comes in and goes out
 *
 * An RTP and an RTCP socket and what happens between them and others.  A port
 * is known by its RTP port number.  What it sends is, first of these: the
 * keys it was told to press, a player, a mixer, and what comes in at the port
 * it is bridged with, unchanged.  What it hears goes to the other side of its
 * bridge and to its taps; keys are told to the controllers.
 *
 * A stranger's packets are refused: the source is locked (rtp.h).  The pbx's
 * death changes nothing here; the tag says whose the port is.
 *
 * Source: design.md section 5; reliability.md section 6, RTP.
 */
#ifndef MEDIA_SERVER_PORT_H
#define MEDIA_SERVER_PORT_H

#include "base/wheel.h"
#include "media/codec.h"
#include "media/dtmf.h"
#include "media/rtp.h"
#include "media/secure.h"
#include "media/server/port_sound.h"
#include "media/server/tap.h"
#include "media/server/ticker.h"

enum {
	PORT_TAG_MAX = 128,
	PORT_TAPS_MAX = 4,
	PORT_FORMATS_MAX = PORT_SOUND_FORMATS,
	PORT_SILENCE_MAX_S = 86400,
};

struct mixer;
struct player;

struct port {
	struct le le;    /* of all ports */
	uint16_t number; /* of RTP, even */
	char tag[PORT_TAG_MAX + 1];
	struct rtp_stream *rtp;
	struct sa remote;      /* as signalled */
	struct port *peer;     /* bridged both ways */
	struct player *player; /* what it hears instead of its peer */
	uint64_t stops;        /* moment of the last stop, or of its making */
	struct mixer *mixer;
	struct list taps;
	struct port_sound sound; /* coders */
	struct secure *in;       /* SRTP, or NULL: what comes, what goes */
	struct secure *out;
	bool is_savp;          /* its controller's to remember */
	uint8_t key_payload;   /* sent, and understood */
	uint64_t key_types[2]; /* others understood, a bit each */
	bool has_talked;       /* we sent something: no marker needed */
	struct dtmf_receiver receiver;
	struct dtmf_sender keys;
	struct tick key_tick;
	struct wheel_timer silence;
	uint32_t silence_s; /* told after that; 0 never */
	bool is_silent;     /* told */
};

struct ports_config {
	struct sa local; /* its port is ignored */
	uint16_t first;  /* the range, both in it */
	uint16_t last;
};

/** What controllers are told. */
enum port_event {
	PORT_KEY,    /* text is the key */
	PORT_SILENT, /* nothing came for silence_s */
	PORT_SPEAKS, /* something comes again */
	PORT_PLAYED, /* a player has come to its end; text is the sound */
};

typedef void(port_event_h)(const struct port *p, enum port_event event,
			   const char *text);

void ports_init(const struct ports_config *config, port_event_h *handler);
void ports_close(void);

/** All: struct port, le; and how many there may be. */
const struct list *port_list(void);
uint32_t port_count(void);
uint32_t port_count_max(void);

/** By number, or NULL. */
struct port *port_find(int64_t number);

/** A number never given before: tells stops apart. */
uint64_t port_moment(void);

/**
 * Open one.
 *
 * @param pp     Set on success; owned by the list, end with port_close()
 * @param number The very one, or 0 for any
 *
 * @return 0; EADDRINUSE; EINVAL when it is out of the range; ENOMEM
 */
int port_open(struct port **pp, uint16_t number);

/** Bridge, player, mixer and recorder learn it. */
void port_close(struct port *p);

/** Where it sends to and expects from; NULL for nobody.  EINVAL: an address
 * that nobody's phone has, or one of our own. */
int port_set_remote(struct port *p, const struct sa *remote);

/** SRTP both ways, or none: both NULL.  References are kept; those it has go
 * on when they are the same keys.  goes_on: rtp.h. */
void port_secure(struct port *p, struct secure *in, struct secure *out,
		 bool goes_on);

/** Tell of silence after so many seconds; 0 never. */
void port_set_silence(struct port *p, uint32_t seconds);

/** Bridge two, each taken out of its former bridge. */
void port_join(struct port *a, struct port *b);

/** Take it out of its bridge. */
void port_part(struct port *p);

/** Hear through a tap, as wide as it wants, until port_untap().  ENOSPC above
 * PORT_TAPS_MAX. */
int port_tap(struct port *p, struct tap *t);
void port_untap(struct tap *t);

/** Send 20 ms of our own making, unless keys are being pressed. */
void port_speak(struct port *p, const int16_t *pcm, bool is_wide);

/** Whether what it sends is wide. */
bool port_is_wide(const struct port *p);

/** What is sent from now on.  EINVAL for a payload type that means nothing. */
int port_set_codec(struct port *p, uint8_t payload);

/** What payload types mean besides the static ones.  EINVAL above
 * PORT_FORMATS_MAX. */
int port_set_formats(struct port *p, const struct port_format *formats,
		     uint32_t count);

/** Payload types of keys, a bit each, besides key_payload. */
void port_set_key_types(struct port *p, const uint64_t types[2]);

/** Payload type of keys, and the clock of their length (0: the codec's). */
void port_set_keys(struct port *p, uint8_t payload, uint32_t clock_hz);

/** Press keys.  As dtmf_sender_add(). */
int port_press(struct port *p, const char *keys);

void port_tell(const struct port *p, enum port_event event, const char *text);

#endif
