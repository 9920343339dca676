/* voice.h - a port of the media server on which the pbx itself speaks
 *
 * Says sounds one after the other, hears keys, records.  All is asked of
 * `holdfast media` over a link of its own and never waited for.  When the
 * link breaks every voice is lost; ports left from before are closed when it
 * is made again, and their recordings end.
 *
 * Source: design.md section 5; CAL-8.
 */
#ifndef PBX_VOICE_H
#define PBX_VOICE_H

#include "base/libre.h"
#include "pbx/speech/srtp.h"
#include "pbx/speech/terms.h"

struct voice;

enum voice_event {
	VOICE_OPEN, /* it has its port */
	VOICE_SAID, /* the last sound has ended */
	VOICE_KEY,  /* key was pressed */
	VOICE_LOST, /* it works no more: drop it */
};

/** Told what happens; may drop the voice. */
typedef void(voice_h)(enum voice_event event, char key, void *arg);

/** How a recording ended. */
struct voice_take {
	const char *name; /* as given to voice_record() */
	const char *reason;
	uint64_t ms;
	bool is_whole; /* its file is on the disk */
};

/** Told of every recording that has ended, also after its voice. */
typedef void(voice_take_h)(const struct voice_take *take);

/** After the link is there: told of each recording that still goes on (take
 * NULL: these were all). */
typedef void(voice_going_h)(const char *name);

/**
 * Begin to look for the media server of a state folder.  0; ENAMETOOLONG.
 */
int voice_init(const char *dir, voice_take_h *taken, voice_going_h *going);
void voice_close(void);

/** Whether the media server is there. */
bool voice_is_up(void);

/**
 * Open one; VOICE_OPEN follows.
 *
 * @param vp  One reference; mem_deref() closes the port
 * @param tag Whose it is, for those who look
 *
 * @return 0; ENOTCONN; ENOMEM
 */
int voice_open(struct voice **vp, const char *tag, voice_h *handler, void *arg);

/** Its RTP port, 0 before VOICE_OPEN. */
uint16_t voice_port(const struct voice *v);

/** Keys of its own; what was agreed last. */
struct srtp_keys *voice_keys(struct voice *v);
const struct terms *voice_terms(const struct voice *v);

/** How its party speaks. */
void voice_agree(struct voice *v, const struct terms *terms);

/** Say a sound (media/server/sound.h) after those that wait.  ENOSPC. */
int voice_say(struct voice *v, const char *sound);

/** Say nothing more; VOICE_SAID does not come. */
void voice_hush(struct voice *v);

/** Whether it says something or will. */
bool voice_is_saying(const struct voice *v);

/** Record what is heard into a file below the state folder. */
void voice_record(struct voice *v, const char *name, const char *file,
		  uint32_t limit_s, uint32_t silence_s);
void voice_record_stop(struct voice *v, const char *name);

#endif
