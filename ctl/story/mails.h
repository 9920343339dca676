/* mails.h - read the mail box that stands in for a mail server
 *
 * Without an SMTP server the product puts mails into a Maildir in its state
 * folder; a story reads them there as their receiver would.
 */
#ifndef STORY_MAILS_H
#define STORY_MAILS_H

#include <stdbool.h>
#include <stddef.h>

/** How many mails to an address have a word in their subject or text. */
unsigned mail_count(const char *dir, const char *to, const char *word);

/**
 * The deployment link in the newest mail to an address.
 *
 * @param client "desktop", ...: the mail must name it; any when none does
 *
 * @return Whether there is one
 */
bool mail_find_link(const char *dir, const char *to, const char *client,
		    char *link, size_t size);

#endif
