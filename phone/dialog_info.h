/* dialog_info.h - the document that says what goes on at a number
 *
 * Reads application/dialog-info+xml as far as a lamp needs it: which dialogs
 * there are, how far each is, whether it is on hold and who the other party
 * is.  Namespace prefixes, comments and unknown elements are passed over;
 * document types are refused.
 *
 * Source: RFC 4235.
 */
#ifndef PHONE_DIALOG_INFO_H
#define PHONE_DIALOG_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum {
	DIALOG_INFO_MAX = 32, /* dialogs; further ones are left out */
	DIALOG_INFO_ID_SIZE = 80,
	DIALOG_INFO_PEER_SIZE = 80,
};

enum dialog_info_state {
	DIALOG_TRYING,
	DIALOG_EARLY, /* rings */
	DIALOG_CONFIRMED,
	DIALOG_TERMINATED,
};

struct dialog_info_dialog {
	char id[DIALOG_INFO_ID_SIZE];
	enum dialog_info_state state;
	bool is_called; /* the watched party did not begin it */
	bool is_held;   /* by the watched party */
	char peer[DIALOG_INFO_PEER_SIZE]; /* user part of its URI, or "" */
	char name[DIALOG_INFO_PEER_SIZE]; /* or "" */
};

struct dialog_info {
	uint32_t version;
	bool is_full; /* what it does not name is over */
	uint32_t count;
	struct dialog_info_dialog dialog[DIALOG_INFO_MAX];
};

/**
 * Read a document.
 *
 * @param d    Filled; undefined on failure
 * @param body The document, any octets
 *
 * @return 0; EBADMSG
 */
int dialog_info_parse(struct dialog_info *d, struct span body);

#endif
