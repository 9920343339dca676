/* collect.h - digits that a caller presses after a prompt
 *
 * A prompt, digits until # or none for a while, the prompt again when there
 * were none; after some tries it gives up.  A part of an owner's object
 * (answer.h), which passes on its keys and what is said.
 *
 * Source: CAL-4, CAL-11.
 */
#ifndef PBX_COLLECT_H
#define PBX_COLLECT_H

#include "base/wheel.h"
#include "pbx/speech/answer.h"

enum { COLLECT_DIGITS_MAX = 32 };

/**
 * Told what was pressed: digits, 0 to max of them, without the # that ended
 * them; NULL when nothing was pressed in all tries.  May begin anew.
 */
typedef void(collect_h)(const char *digits, void *arg);

struct collect_rules {
	const char *prompt; /* said at each try; NULL: nothing */
	const char *again;  /* said before it from the second on, or NULL */
	uint8_t max;        /* digits: then it is done; 0: the most there are */
	uint8_t tries;      /* 0: three */
	bool takes_star;    /* * is one of the digits, else begins anew */
	uint32_t first_ms;  /* until the first digit; 0: 8 s */
	uint32_t next_ms;   /* until the next one; 0: 4 s */
};

struct collect {
	struct answer *answer;
	const struct collect_rules *rules; /* NULL: collects nothing */
	collect_h *handler;
	void *arg;
	struct wheel_timer timer;
	uint8_t count;
	uint8_t tried;
	char digits[COLLECT_DIGITS_MAX + 1];
};

/** Say the prompt and collect.  The rules must last. */
void collect_begin(struct collect *c, struct answer *a,
		   const struct collect_rules *rules, collect_h *h, void *arg);

/** The owner's key and said: true when it was meant for this. */
bool collect_key(struct collect *c, char key);
bool collect_said(struct collect *c);

/** Collect nothing more; in the owner's destructor. */
void collect_stop(struct collect *c);

#endif
