/* hidden.h - digits of a dialled code that nothing may show: PINs
 *
 * Who dials the hot-desk log-in with the PIN in one string has it in the
 * Request-URI, and so in every message of that call.  Wherever messages or
 * numbers are kept or shown, the digits behind the second star are covered.
 * The codes are learnt from the customers' plans and never forgotten.
 */
#ifndef PBX_HIDDEN_H
#define PBX_HIDDEN_H

#include <stddef.h>

/** A code after whose first number a PIN may follow: "*51*". */
void hidden_learn(const char *code);
void hidden_forget(void);

/** Cover them in place; the length stays.  * may be escaped. */
void hidden_mask(char *p, size_t len);

#endif
