/* media.h - ports of the media server, as the pbx wants them
 *
 * A port here says what it should be: whose, its remote, what it is bridged
 * with, what it plays.  Each change is told to `holdfast media` at once and
 * never waited for.  Some spare ports are kept open, so that a call gets its
 * port's number at once.  When the link to the media server breaks, it is
 * made again, the server's list compared with what is wanted, and the
 * difference set right: ports that nobody wants are closed, those that are
 * missing (it was killed itself) are opened again with the same number.
 *
 * Source: design.md section 5.
 */
#ifndef PBX_MEDIA_H
#define PBX_MEDIA_H

#include "base/libre.h"
#include "pbx/speech/srtp.h"
#include "pbx/speech/terms.h"

struct media_port;

struct media_mixer;

/** Told when nothing has come to a port for the time set ("silent"), and when
 * something comes again ("speaks"); of keys pressed at it ("key") and of a
 * sound said to its end ("played"). */
typedef void(media_event_h)(struct media_port *p, const char *event,
			    const char *key);

/** How a recording ended. */
struct media_take {
	const char *name;   /* as given to media_record() */
	const char *reason; /* "stopped", "limit", "port-closed", "error" */
	uint64_t ms;
};

/** Told of every recording that ends, and, each time the link is made, of
 * each that goes on (reason NULL) and then that these were all (name NULL). */
typedef void(media_take_h)(const struct media_take *take);

/**
 * Begin to look for the media server of this state folder.
 *
 * @param dir     State folder
 * @param handler Told what happens at ports
 *
 * @return 0; ENAMETOOLONG; ENOMEM
 */
int media_init(const char *dir, media_event_h *handler);

/** After restored calls have taken theirs back: what is left may go. */
void media_restored(void);

/** Leave; the ports stay as they are. */
void media_close(void);

/** Whether the link is there. */
bool media_is_up(void);

/** Ports in use, without the spare ones. */
uint32_t media_count(void);

/**
 * Take a spare port.
 *
 * @param tag Whose it is, at most 63 octets
 *
 * @return One reference; mem_deref() closes it; NULL when none is free now
 */
struct media_port *media_port_take(const char *tag);

/** Take one back by its number after a restart, as media_port_take(). */
struct media_port *media_port_adopt(uint16_t number, const char *tag);

uint16_t media_port_number(const struct media_port *p);
const char *media_port_tag(const struct media_port *p);
/** Nothing has come for the time set. */
bool media_port_is_silent(const struct media_port *p);

/** How its party speaks: as agreed with ourselves. */
void media_port_agree(struct media_port *p, const struct terms *terms);

const struct terms *media_port_terms(const struct media_port *p);

/** What it knows of SRTP; the caller may change it. */
struct srtp_side *media_port_srtp(struct media_port *p);

/** Of a call that is relayed: its party's own description.
 * like: remote (unless unset) and keys are taken from it. */
void media_port_learn(struct media_port *p, const struct terms *like,
		      const struct terms_list *theirs);

/** And the description it is given. */
void media_port_tell(struct media_port *p, const struct terms_list *told);

/** Bridge two, for as long as both live. */
void media_port_join(struct media_port *a, struct media_port *b);

/** Play a sound in a loop (media/server/sound.h), or stop with NULL. */
void media_port_play(struct media_port *p, const char *sound);

/** Whether it plays. */
bool media_port_is_playing(const struct media_port *p);

/** Say a sound once; what the port hears otherwise comes back after it. */
void media_port_say(struct media_port *p, const char *sound);

/**
 * A mixer: each port in it hears all the others.
 *
 * @param mp   One reference; mem_deref() closes it
 * @param name At most 63 octets; after a restart the mixer of that name goes
 *             on
 *
 * @return 0; ENOMEM
 */
int media_mixer_open(struct media_mixer **mp, const char *name);

/** Put a port into a mixer that outlives it there, or change whether it is
 * only to hear; mixer NULL takes it out. */
void media_port_mix(struct media_port *p, struct media_mixer *mixer,
		    bool is_muted);

/** Have a function told of recordings. */
void media_on_take(media_take_h *handler);

/** What a recording hears: ports, or a mixer. */
struct media_source {
	const struct media_port *ports[2]; /* either may be NULL */
	const struct media_mixer *mixer;
};

/**
 * Record into a file below the state folder; it has its name once it is
 * whole.
 *
 * @return 0; ENOTCONN without media server; EINVAL without a source
 */
int media_record(const char *name, const char *file,
		 const struct media_source *source, uint32_t limit_s);
void media_record_pause(const char *name, bool is_paused);
void media_record_stop(const char *name);

#endif
