/* trace.h - every SIP message of a phone, one JSON object a line
 *
 * {"time_us","direction":"sent|received","transport","local","remote","text"}
 * For ladders of failed stories and for people who look for a fault.  Octets
 * that are no UTF-8 are shown as "?".
 */
#ifndef PHONE_TRACE_H
#define PHONE_TRACE_H

struct sip;
struct trace;

/** Append a stack's messages to a file until dropped with mem_deref(), which
 * must come before the stack goes.  0 or an errno. */
int trace_open(struct trace **tp, struct sip *sip, const char *path);

#endif
