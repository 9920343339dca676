/* pair_mail.h - voice messages at both nodes of a pair
 *
 * A message is a shared kind of the log: who it is for, its marks, its length.
 * Its sound is fetched from the node that has it (GET
 * /api/v1/pair/messages/ID, with its length and checksum), and is on the disk
 * here before its row is, and its row before it is shown or counted as read.
 * A message that was deleted at either node is deleted at both, whatever else
 * was done to it.  It is mailed by the node that took it, so once.
 *
 * Rows of messages are in a store of their own (message.h); what a crash has
 * left between it and the log is settled at the next start.
 *
 * Source: design.md section 5; CAL-8, CAL-10.
 */
#ifndef PBX_PAIR_MAIL_H
#define PBX_PAIR_MAIL_H

struct message;
struct router;

/** Register the kind, after the messages were read; before pair_start(). */
int pair_mail_start(struct router *router);
void pair_mail_close(void);

/** Enter what a crash has kept out of the log; after pair_log_fill(). */
void pair_mail_settle(void);

/** A message is shown, or marked otherwise. */
void pair_mail_changed(const struct message *m);

/** It is deleted. */
void pair_mail_gone(const struct message *m);

#endif
