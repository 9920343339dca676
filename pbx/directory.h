/* directory.h - customers, users, phones and their bindings, in memory
 *
 * Everything a call needs to know about people is here, hashed: by id, by SIP
 * user, by (customer, number).  The database is behind it and never on the
 * signalling path.  A customer owns its users and phones; a user lists the
 * phones that ring with it; a phone owns its bindings.  Calls keep references
 * to phones, so that deleting one lets its calls go on until they hang up.
 * While somebody is logged in at a phone (hotdesk.h) that is its user, and
 * whose it was provisioned to be is its owner.
 *
 * Source: design.md section 5; CAL-1, CAL-2.
 */
#ifndef PBX_DIRECTORY_H
#define PBX_DIRECTORY_H

#include <jansson.h>

#include "base/libre.h"
#include "base/list.h"
#include "base/span.h"

enum {
	DIRECTORY_ID_SIZE = 27,    /* an id with its NUL */
	DIRECTORY_NUMBER_MAX = 32, /* octets of a number */
	DIRECTORY_PHONES_MAX = 32, /* phones that one user may ring */
	DIRECTORY_MODES = 3,       /* day, first night, second night */
};

struct binding;
struct user_settings;
struct schedule;
struct trunk;

/** The service mode set by hand (mode.h). */
struct customer_mode {
	uint64_t until_ms; /* wall clock, 0: until it is set again */
	uint8_t mode;      /* enum service_mode */
	uint8_t told;      /* what the log said last */
	bool is_set;
};

struct customer {
	struct table_entry by_id;
	struct le le; /* in the directory */
	char id[DIRECTORY_ID_SIZE];
	uint64_t salt;     /* chains the hashes of its numbers */
	struct list users; /* struct user, customer_le */
	uint32_t extensions[DIRECTORY_NUMBER_MAX + 1]; /* of so many digits */
	struct list phones;    /* struct phone, customer_le */
	struct list outsiders; /* struct phone, customer_le (outsider.h) */
	char *name;
	json_t *speed_dials; /* dial.h, or NULL */
	json_t *codes;       /* own feature access codes (code.h), or NULL */
	json_t *blocked;     /* numbers refused for all its users, or NULL */
	const struct schedule *schedule; /* that its mode follows, or NULL */
	struct customer_mode mode;
	char time_zone[65];
	bool rejects_anonymous;
	bool is_french; /* what callers from outside hear, else English */
	bool has_announcements; /* why a number cannot be called is said */
	char operator[DIRECTORY_NUMBER_MAX + 1]; /* "" without */
	uint16_t desk_idle_min; /* then users are logged out; 0 never */
	char access[DIRECTORY_NUMBER_MAX + 1]; /* access.h; "" without */
	char twin_keys[8];                     /* twin_keys.h; "": as usual */
	int16_t desk_logout_min;  /* of the day: users are logged out; or -1 */
	json_t *emergency_phones; /* emergency_notice.h; or NULL */
	json_t *emergency_mail;
	json_t *departments; /* its users' may be; or NULL */
	json_t *locations;
};

struct user {
	struct table_entry by_id;
	struct table_entry by_extension;
	struct le customer_le;
	struct customer *customer; /* not counted; NULL once removed */
	struct list phones;        /* struct phone, user_le */
	char id[DIRECTORY_ID_SIZE];
	char extension[DIRECTORY_NUMBER_MAX + 1];
	/* Classes by day, first and second night; "" = none. */
	char cor[DIRECTORY_MODES][DIRECTORY_ID_SIZE]; /* of restriction */
	char cos[DIRECTORY_MODES][DIRECTORY_ID_SIZE]; /* of service */
	char reroute[DIRECTORY_MODES][DIRECTORY_NUMBER_MAX + 1]; /* or "" */
	bool is_french;        /* prompts, else English */
	bool is_hot_desk_user; /* may log in at phones */
	bool rings_outside_alone;
	char *outside_prefix; /* twin.h; NULL: no outside number */
	char *outside_number; /* the portal's */
	char last_number[DIRECTORY_NUMBER_MAX + 1]; /* dialled; "" */
	char *name;                                 /* as shown to others */
	struct user_settings *settings; /* settings_user.h; NULL = none */
};

struct phone {
	struct table_entry by_id;
	struct table_entry by_sip_user;
	struct table_entry by_number;
	struct le customer_le;
	struct le user_le;
	struct customer *customer; /* not counted; NULL once removed */
	struct user *user;         /* not counted; may be NULL */
	struct user *owner;       /* as provisioned; not counted; may be NULL */
	struct binding *bindings; /* owned by the registrar */
	char *sip_user;
	char id[DIRECTORY_ID_SIZE];
	char number[DIRECTORY_NUMBER_MAX + 1];
	char ha1_md5[33];
	char ha1_sha256[65];
	uint64_t last_nonce; /* hash of the nonce last accepted */
	uint32_t last_nonce_nc;
	uint16_t calls;           /* legs of calls on this line */
	uint16_t calls_elsewhere; /* at the other node of a pair (peer.h) */
	bool is_elsewhere;        /* registered there */
	uint8_t bindings_count;
	bool rings_with_user;
	bool is_hot_desk;     /* users may log in at it */
	bool may_call_inside; /* while it is nobody's */
	uint8_t srtp;         /* enum srtp_policy */
	bool is_removed;      /* deleted while calls keep it */
	bool is_anonymous;    /* an outsider that withholds its number */
	bool has_language;    /* an outsider's: that of the number called */
	bool is_french;       /* it is this one, else English */
	struct trunk *trunk;  /* of an outsider (outsider.h), else NULL */
	struct le trunk_le;
	char *outside_name;           /* of an outsider, or NULL */
	char twin[DIRECTORY_ID_SIZE]; /* of an outsider: the user it is, "" */
	bool is_proved;               /* and that is certain (twin_line.h) */
};

/** What a customer, user or phone is made or changed to. */
struct customer_fields {
	const char *id;
	const char *name;
	const json_t *codes; /* may be NULL, as blocked */
	const json_t *blocked;
	const json_t *speed_dials;
	bool rejects_anonymous;
	bool is_french;
	bool has_announcements;
	const char *operator;  /* NULL: none */
	const char *time_zone; /* may be NULL */
	uint16_t desk_idle_min;
	const char *access;    /* NULL: none */
	const char *twin_keys; /* NULL: as usual */
	int16_t desk_logout_min;
	const json_t *emergency_phones; /* may be NULL, as those below */
	const json_t *emergency_mail;
	const json_t *departments;
	const json_t *locations;
};

struct user_fields {
	const char *id;
	const char *customer;
	const char *extension;
	const char *name;
	const char *cor[DIRECTORY_MODES]; /* may be NULL, as cos */
	const char *cos[DIRECTORY_MODES];
	const char *reroute[DIRECTORY_MODES];
	bool is_french;
	bool is_hot_desk_user;
	bool rings_outside_alone;
	const char *outside_prefix; /* NULL: none */
	const char *outside_number;
};

struct phone_fields {
	const char *id;
	const char *customer;
	const char *user; /* NULL: nobody's */
	const char *number;
	const char *sip_user;
	const char *ha1_md5;    /* 32 hex digits, or "": MD5 is refused */
	const char *ha1_sha256; /* 64, or ""; one of the two must be there */
	bool rings_with_user;
	bool is_hot_desk;
	bool may_call_inside;
	uint8_t srtp; /* enum srtp_policy */
};

/** Told when a phone leaves the directory or gets other credentials: its
 * bindings must go. */
typedef void(directory_phone_h)(struct phone *phone, void *arg);

/** Make the directory.  One a process. */
int directory_init(directory_phone_h *gone, void *arg);

/** Forget everything. */
void directory_close(void);

/** Add or change an object.  0; ENOENT when what it refers to is unknown;
 * EEXIST when another phone has the SIP user; EINVAL; ENOMEM. */
int directory_put_customer(const struct customer_fields *f);
int directory_put_user(const struct user_fields *f);
int directory_put_phone(const struct phone_fields *f);

/** The phone is this user's from now on; NULL: its owner's again. */
void directory_seat(struct phone *p, struct user *u);

/** The user who is logged in at a phone, or NULL. */
struct user *phone_guest(const struct phone *p);

/** Take an object out, with all that belongs to it; unknown ids do no
 * harm. */
void directory_remove_customer(const char *id);
void directory_remove_user(const char *id);
void directory_remove_phone(const char *id);

struct customer *directory_customer(struct span id);
struct user *directory_user(struct span id);
struct phone *directory_phone(struct span id);

/** The phone that authenticates as this SIP user, or NULL. */
struct phone *directory_phone_by_sip_user(struct span sip_user);

/** Inside one customer only. */
struct user *directory_user_by_extension(const struct customer *c,
					 struct span number);
struct phone *directory_phone_by_number(const struct customer *c,
					struct span number);

/** Next phone with the same number, or NULL. */
struct phone *directory_phone_next(const struct phone *p);

/** Counts for metrics. */
struct directory_counts {
	uint32_t customers;
	uint32_t users;
	uint32_t phones;
};
struct directory_counts directory_counts(void);

/** All customers: struct customer, le. */
const struct list *directory_customers(void);

/** Whose calls it makes: its user, or the one whose outside number it is. */
struct user *phone_person(const struct phone *p);

/** Whether who is at a phone is spoken to in French: its user's language, else
 * that of the number an outsider called, else the customer's; NULL: no. */
bool phone_is_french(const struct phone *p);

/** How a phone is shown to others: its user's name, else its number. */
const char *phone_name(const struct phone *p);

/** Whether it can be rung: registered here, or at the other node. */
bool phone_is_there(const struct phone *p);

/** Whether it has a call, here or there. */
bool phone_has_call(const struct phone *p);

/** The number others see: its user's extension, else its own. */
const char *phone_shown_number(const struct phone *p);

#endif
