/* hotdesk.h - who is logged in at which shared phone
 *
 * A phone that accepts it (field hot_desk) is, while a hot-desk user is logged
 * in there, that user's phone: it rings for the extension, its calls show the
 * user's name and number and are permitted and paid as the user's, its lamp is
 * the user's mailbox's.  Where it is stays its own: emergency calls show the
 * device's place.  One phone a user: logging in elsewhere leaves the first one,
 * logging in where somebody is logs that one out.  Phones must be idle.  Who is
 * logged in is on the disk before anybody is told, and stays so over restarts
 * and lost registrations; a deleted user or phone ends it, as does the
 * customer's automatic log-out.
 *
 *   GET /api/v1/hot-desks; GET, PUT, DELETE /api/v1/phones/ID/hot-desk
 *
 * Source: domain/pbx.md 7.1; CAL-6, SIT-25.
 */
#ifndef PBX_HOTDESK_H
#define PBX_HOTDESK_H

#include "model/provision.h"
#include "pbx/directory.h"

struct call;

/** Somebody logged in somewhere. */
struct hotdesk {
	struct le le;
	struct table_entry by_user;
	char user[DIRECTORY_ID_SIZE];
	char phone[DIRECTORY_ID_SIZE]; /* "": at the outside number */
	char customer[DIRECTORY_ID_SIZE];
	uint64_t since_ms; /* wall clock */
	uint64_t used_ms;  /* wall clock: last seen with a call */
};

/** Why not; code NULL: nothing is against it. */
struct hotdesk_bar {
	uint16_t status;    /* of REST and SIP */
	const char *code;   /* "phone-busy" */
	const char *phrase; /* of SIP */
	const char *detail; /* sentence */
};

/** It is done and on the disk, or is not. */
typedef void(hotdesk_h)(int err, void *arg);

/** Make the table, seat those who are logged in. */
int hotdesk_start(struct store *store);
void hotdesk_close(void);

/**
 * Whether a user may log in at a phone now.
 *
 * @param call The call by which this is asked, which does not make its phone
 *             busy; or NULL
 */
struct hotdesk_bar hotdesk_may_log_in(const struct phone *p,
				      const struct user *u,
				      const struct call *call);

/** Whether whoever is logged in there may be logged out now. */
struct hotdesk_bar hotdesk_may_log_out(const struct phone *p,
				       const struct call *call);

/**
 * Log in, out; ask first whether they may.
 *
 * @param by Who does it, for log and events: "code", "administrator" ...
 * @param h  May be NULL
 */
int hotdesk_log_in(struct phone *p, struct user *u, const char *by,
		   hotdesk_h *h, void *arg);
int hotdesk_log_out(struct phone *p, const char *by, hotdesk_h *h, void *arg);

/** The same at the user's outside number (twin.h). */
struct hotdesk_bar hotdesk_may_log_in_outside(const struct user *u);
int hotdesk_log_in_outside(struct user *u, const char *by, hotdesk_h *h,
			   void *arg);

/** Log a user out wherever that is.  ENOENT: logged in nowhere. */
int hotdesk_log_out_user(const struct user *u, const char *by, hotdesk_h *h,
			 void *arg);

/** Whether a user is logged in at the outside number. */
bool hotdesk_is_outside(const struct user *u);

/** The phone at which a user is logged in, or NULL. */
struct phone *hotdesk_of(const struct user *u);

/** Nobody is logged in at this shared phone and it is nobody's. */
bool hotdesk_is_empty(const struct phone *p);

/** Whether an empty phone may dial this; is_inside: there is such a number. */
bool hotdesk_may_dial(const struct phone *p, const char *number,
		      bool is_inside);

/** A user or phone is stored or deleted: what that means for who is logged
 * in, in the same write; and once it is obeyed. */
int hotdesk_write(struct store_write *w, const struct provision_change *change);
void hotdesk_changed(void);

/** All: struct hotdesk, le; of one phone or user, or NULL. */
const struct list *hotdesk_list(void);
const struct hotdesk *hotdesk_at(const struct phone *p);
const struct hotdesk *hotdesk_of_user(const struct user *u);
uint32_t hotdesk_count(void);

#endif
