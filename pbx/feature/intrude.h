/* intrude.h - breaking into a call (*40*N, Join), listening to one (*41*N)
 *
 * The two parties of the call that N speaks in are brought into a conference
 * without hearing more than a sign, and who dialled comes in, too: to speak
 * (executive busy override), or to hear only (silent monitoring).  A call
 * that is in a conference already only gets one party more.  When one of the
 * two that are listened to hangs up, so does the other, as in any call.  What
 * the two said has one record (heir.h); who comes in has one of their own.
 *
 * What must permit it: the class of service of who dials, and that of both
 * parties: none of them secured against override, the one listened to accepts
 * it, none has privacy.  Who breaks in is always heard coming; who listens
 * only where the class of the one listened to wants the tone.
 *
 * An INVITE with Join comes into the call it names the same way: of the same
 * phone or user where their class permits conferences, of others where it
 * permits to break in.
 *
 * Source: RFC 3911; domain/pbx.md 4.1; CAL-9.
 */
#ifndef PBX_INTRUDE_H
#define PBX_INTRUDE_H

#include "pbx/route/code.h"

code_run_h intrude_override;
code_run_h intrude_monitor;

/** A phone's call begins with Join: it comes in, or is refused. */
void intrude_join(struct call *call, const struct sip_message *m);

/** A phone is rung, asked to answer by itself, and comes in beside a leg: to
 * speak, or (is_silent) to hear only.  0; 403, 480, 481, 486 locked or full,
 * 491 not yet, 500. */
uint16_t intrude_ring(struct leg *leg, struct phone *by, bool is_silent);

#endif
