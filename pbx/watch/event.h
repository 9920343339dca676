/* event.h - the numbered event log and its readers
 *
 * Every event has a number that only rises; CDRs are kept under theirs, the
 * rest (legs, registrations) is told only while it is news.  A reader names
 * the epoch and the last number it has applied: it gets the CDRs after that,
 * then a snapshot of what rings and who is registered, then what happens.
 * With an unknown epoch or number it gets the snapshot first.
 *
 * Source: design.md 4.4; UCS-2, CAL-12.
 */
#ifndef PBX_EVENT_H
#define PBX_EVENT_H

#include "base/span.h"
#include "pbx/control/csta.h"

struct application;
struct http_request;
struct leg;
struct party;
struct phone;
struct sip_out;

int event_init(void);
void event_close(void);

/** A number for a CDR that is being written: later events wait behind it. */
uint64_t event_hold(void);

/** The CDR of that number has reached the disk. */
void event_cdr(uint64_t seq, const char *customer, struct span json);

/** A leg is as it is; it has another state by this arrow; something else has
 * happened to it (csta.h). */
void event_leg(const struct leg *leg);
void event_arrow(const struct leg *leg, enum leg_event arrow);
void event_csta(const struct leg *leg, enum csta_event event);

/** A party of a conference has come in, changed or (is_left) gone. */
void event_conference(const struct party *p, bool is_left);

/** The other node tells of this leg from now on (errand.h). */
void event_left(const struct leg *leg);

/** A phone has its first binding, or none any more. */
void event_registration(const struct phone *p, bool is_registered);

/** Something else that is only news: its type and data. */
void event_news(const char *type, const char *customer, struct span data);

/** GET /api/v1/events: make the request a reader. */
void event_stream(struct http_request *req);

/** An application has changed: streams that it may not read any more, or of
 * which it sees another part now, are ended. */
void event_application(const struct application *a);

/** A leg as events tell it, one member after the other, in braces. */
void event_print_leg(struct sip_out *o, const struct leg *leg);

/** Servers that read, and applications. */
uint32_t event_readers(void);
uint32_t event_applications(void);

#endif
