/* param.h - `;name=value` lists and comma lists of header values
 *
 * All walkers know quoted strings with escapes and <…>, accept folding and
 * blanks around ';' and '=', and never leave their span.
 *
 * Source: RFC 3261 7.3.1, 25.1.
 */
#ifndef SIP_PARAM_H
#define SIP_PARAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "sip/chars.h"

/** Cut blanks and folds from both ends. */
static inline struct span sip_trim(struct span s)
{
	while (s.len && sip_char_is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && sip_char_is_blank(s.p[s.len - 1]))
		s.len--;

	return s;
}

/** Whether all octets are token octets, and there is one. */
bool sip_is_token(struct span s);

/** A value without its quotes (escapes stay); others as they are. */
struct span sip_unquote(struct span s);

/**
 * Take the next value of a comma list.
 *
 * @param restp   What is left; starts as the whole header value
 * @param valuep  Trimmed value; may be empty (`a,,b`)
 *
 * @return false when nothing is left
 */
bool sip_list_next(struct span *restp, struct span *valuep);

/** Whether a comma list of tokens holds this one (any case). */
bool sip_list_has(struct span list, const char *token);

/**
 * Take the next parameter of `;a=b;c` (a leading ';' is optional).
 *
 * @param restp  What is left
 * @param namep  Name, trimmed
 * @param valuep Value as written (quotes kept), empty when there is none
 *
 * @return false at the end or at a syntax error; then *restp is empty or not
 */
bool sip_param_next(struct span *restp, struct span *namep,
		    struct span *valuep);

/** Find a parameter (any case); valuep may be NULL, is untouched if absent,
 * and gets the value as written. */
bool sip_param(struct span params, const char *name, struct span *valuep);

/** Whether the whole list is well formed. */
bool sip_params_are_good(struct span params);

/** Decimal digits only, at most max.  0 or EBADMSG; *np set on success. */
int sip_number(struct span digits, uint64_t max, uint64_t *np);

#endif
