/* code.h - feature access codes: what a phone dials to set something
 *
 * The table in code.c is the default plan; a customer may have other digits
 * (field `codes` of the customer, name to digits).  A code that sets
 * something ends with 603 and a phrase that says what was done ("Feature
 * Set"); where there is a media server the caller is answered instead and
 * hears it (announce.h).
 *
 * Source: domain/pbx.md 23; CAL-4, SIT-3, SIT-5 to SIT-7.
 */
#ifndef PBX_CODE_H
#define PBX_CODE_H

#include "model/kind.h"
#include "pbx/directory.h"

struct call;
struct routing;
struct sip_message;

struct code;

/**
 * The code that begins what was dialled.
 *
 * @param argument Gets the number that follows it, without a final #
 *
 * @return NULL when it is none
 */
const struct code *code_find(const struct customer *c, const char *dialled,
			     char argument[DIRECTORY_NUMBER_MAX + 1]);

/** Do what the caller of this call has dialled; the call ends or becomes the
 * picked-up one.  m is the INVITE. */
void code_run(struct call *call, const struct routing *r,
	      const struct sip_message *m);

/** What a code of its own does: the call ends, or becomes another one. */
typedef void(code_run_h)(struct call *call, const struct routing *r,
			 const struct sip_message *m);

/** What a customer's phones dial for the code of this name. */
const char *code_digits(const struct customer *c, const char *name);

/** Whether there is a code of this name. */
bool code_is_known(const char *name);

/** Tell the caller that it is done, or not. */
void code_done(struct call *call, int err);

/** The number of a page group has been dialled. */
const struct code *code_of_page_group(void);

/** The number of a park group has been dialled: as if by code. */
const struct code *code_of_park_group(void);

/** Check a customer's own codes: adds field errors. */
void code_check(const json_t *codes, json_t *errors);

/** A customer's plan is known: which of its codes may hold PINs (hidden.h). */
void code_learn(const struct customer *c);

/** "forward-always" ... */
const char *code_name(const struct code *code);

#endif
