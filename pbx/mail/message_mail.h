/* message_mail.h - a message goes to its owner by mail, with its sound
 *
 * What its owner has set when the message is kept decides (fields mail,
 * mail_to, mail_after).  That a mail is owed is written with the message; the
 * mail is made in a thread, put into the outbox (base/outbox.h) in one write
 * with the note that it is, and sent from there: after a crash it is neither
 * forgotten nor made twice.  Once it has gone the message is kept, marked as
 * read or deleted.
 *
 * Source: CAL-8.
 */
#ifndef PBX_MESSAGE_MAIL_H
#define PBX_MESSAGE_MAIL_H

#include "base/mail.h"
#include "pbx/mail/message.h"

/** Begin, with what is owed from before; conf is copied. */
int message_mail_start(const struct mail_conf *conf);
void message_mail_close(void);

/** Whether the owner of a mailbox is told by mail. */
bool message_mail_is_wanted(const struct mailbox *b);

/** A message is shown from now on. */
void message_mail_shown(struct message *m);

/** Put another mail into the outbox; m's from is ours.  Under a key that is
 * known it is put once only.  done when it is on the disk, or is not.  0;
 * EINVAL; ENOMEM; ENOTCONN before the start. */
int message_mail_post(const struct mail *m, store_done_h *done, void *arg);

/** Mails made since the start. */
uint64_t message_mail_count(void);

#endif
