/* dialog_private.h - a dialog's inside, for dialog.c and dialog_store.c */
#ifndef SIP_DIALOG_PRIVATE_H
#define SIP_DIALOG_PRIVATE_H

#include "base/list.h"
#include "sip/dialog.h"

struct sip_dialog {
	struct table_entry entry; /* by Call-ID and local tag */
	struct sip *sip;          /* NULL once the stack has gone */
	struct sip_flow *flow;
	void *arg;
	char *call_id;
	char *local; /* name-addr without tag */
	char *local_tag;
	char *remote;
	char *remote_tag; /* "" while nobody has answered */
	char *target;
	char *routes; /* NULL: none */
	char *contact_user;
	char *user; /* credentials */
	char *secret;
	uint32_t local_cseq;
	uint32_t remote_cseq;
	bool is_caller;
	struct sip_client *invite; /* until its ACK */
};

/** Keep a cleaned copy in place of what *textp held.  0 or ENOMEM. */
int sip_text_set(char **textp, struct span s);
struct sip_dialog *sip_dialog_new(struct sip *sip, void *arg);
/** Make it known to sip_dialog_find(). */
void sip_dialog_enter(struct sip_dialog *d);

#endif
