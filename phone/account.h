/* account.h - who this phone is: what a deployment link hands out
 *
 * The JSON form is that of the operator's contract (design.md section 7);
 * holdfast-phone(1) lists its members.  A desk phone may have no uc, a user no phone; a
 * phone for tests may have no registrar and then calls SIP URIs directly.
 */
#ifndef PHONE_ACCOUNT_H
#define PHONE_ACCOUNT_H

#include "base/libre.h"
#include "base/span.h"
#include "phone/media.h"
#include "sip/flow.h"

enum {
	ACCOUNT_REGISTRARS_MAX = 8,
	ACCOUNT_BYTES_MAX = 65536,
	ACCOUNT_WHY_BYTES = 256,
};

/** All text is never NULL; optional ones are "" when absent. */
struct account {
	char *phone;  /* id of the phone, names its state folder */
	char *client; /* desktop, web, mobile, desk */
	char *user_id;
	char *login;
	char *name; /* shown to those we call */
	char *extension;
	char *customer;
	char *uc_url; /* "" without uc */
	char *device_token;
	char *registrars[ACCOUNT_REGISTRARS_MAX];
	size_t registrar_count;
	char *outbound_proxy;
	char *sip_user;
	char *sip_secret;
	char *number;
	enum sip_transport transport;
	struct media media;
	char *text; /* the JSON it was read from */
};

/**
 * Read an account.
 *
 * @param ap   Set on success only; one reference
 * @param json Its text
 * @param why  On EBADMSG names the field: "sip.sip_user: is missing"
 *
 * @return 0; EBADMSG; EFBIG; ENOMEM
 */
int account_parse(struct account **ap, struct span json,
		  char why[ACCOUNT_WHY_BYTES]);

/** Read one from a file; as account_parse(), or an errno of the file. */
int account_load(struct account **ap, const char *path,
		 char why[ACCOUNT_WHY_BYTES]);

/** Write one (mode 0600), whole or not at all.  0 or an errno. */
int account_save(const struct account *a, const char *path);

/** The phone's id, or the user's who has none: names the state folder. */
const char *account_id(const struct account *a);

/** Whether it has a telephone; a user of the uc may have none. */
bool account_has_phone(const struct account *a);

/** Whether it has a uc server to sign in to. */
bool account_has_uc(const struct account *a);

#endif
