/* intrude.h - breaking into a call (*40*N), listening to one (*41*N)
 *
 * The two parties of the call that N speaks in are brought into a conference
 * without hearing more than a sign, and who dialled comes in, too: to speak
 * (executive busy override), or to hear only (silent monitoring).  A call
 * that is in a conference already only gets one party more.  When one of the
 * two that are listened to hangs up, so does the other, as in any call.
 *
 * What must permit it: the class of service of who dials, and that of both
 * parties: none of them secured against override, the one listened to accepts
 * it, none has privacy.  Who breaks in is always heard coming; who listens
 * only where the class of the one listened to wants the tone.
 *
 * Source: domain/pbx.md 4.1; CAL-9.
 */
#ifndef PBX_INTRUDE_H
#define PBX_INTRUDE_H

#include "pbx/route/code.h"

code_run_h intrude_override;
code_run_h intrude_monitor;

#endif
