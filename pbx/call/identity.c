/* identity.c - see identity.h */
#include "pbx/call/identity.h"
#include "pbx/directory.h"
#include "pbx/route/forward.h"
#include "pbx/route/settings_user.h"
#include "pbx/trunk/cpn.h"
#include "pbx/trunk/did.h"
#include "pbx/trunk/outsider.h"
#include "sip/address.h"
#include "sip/privacy.h"

/* The user always withholds the number. */
static bool is_hidden(const struct phone *p)
{
	return p && p->user && p->user->settings &&
	       p->user->settings->hides_number;
}

static bool is_anonymous(const struct sip_message *m)
{
	return span_equal_nocase(m->from.uri.host, SPAN("anonymous.invalid"));
}

static bool withholds(const struct phone *p, const struct sip_message *m,
		      unsigned privacy)
{
	if (privacy & SIP_PRIVACY_NONE)
		return false;

	return sip_privacy_hides(privacy) || is_anonymous(m) || is_hidden(p);
}

/* Digits and a leading +. */
static void read_preferred(struct call *call, const struct sip_message *m)
{
	char user[SIP_USER_MAX_BYTES + 1];
	struct span value = { NULL, 0 };
	struct sip_values it;
	struct sip_address a;

	sip_values_start(&it, m, SIP_HEADER_P_PREFERRED_IDENTITY);
	if (!sip_values_next(&it, &value) || sip_address_parse(&a, value) ||
	    sip_uri_user(&a.uri, user, sizeof(user)) ||
	    strlen(user) > DIRECTORY_NUMBER_MAX ||
	    user[(user[0] == '+') +
		 strspn(user + (user[0] == '+'), "0123456789")])
		return;

	memcpy(call->preferred, user, strlen(user) + 1);
}

void identity_read(struct call *call, const struct sip_message *m)
{
	const struct phone *p = call->caller->phone;
	unsigned privacy = sip_privacy(m);

	call->privacy = (uint8_t)privacy;
	call->caller->is_withheld = withholds(p, m, privacy);
	call->caller->hides_media = privacy & SIP_PRIVACY_SESSION;
	if (p && !outsider_is(p))
		read_preferred(call, m);
}

void identity_withhold(struct call *call, bool is_withheld)
{
	struct route_way *way = forward_way(call);

	call->caller->is_withheld = is_withheld;
	if (way)
		way->is_anonymous = is_withheld;
}

bool identity_fails(const struct call *call)
{
	if (!(call->privacy & SIP_PRIVACY_CRITICAL) || call->is_emergency)
		return false;

	return call->privacy & SIP_PRIVACY_OTHER ||
	       (call->caller->hides_media && !call->is_relayed);
}

/* The number leads to the phone's own user or line. */
static bool is_own(const struct phone *p, const char *number)
{
	const struct phone *line;
	const struct user *u;
	struct did_target at;

	if (did_find(&at, number) || at.customer != p->customer)
		return false;

	u = directory_user_by_extension(p->customer, span_of(at.number));
	if (u)
		return u == p->user;
	line = directory_phone_by_number(p->customer, span_of(at.number));

	return line && (line == p || (p->user && line->user == p->user));
}

static bool is_same(const char *a, const char *b)
{
	return b && !strcmp(a + (a[0] == '+'), b + (b[0] == '+'));
}

const char *identity_preferred(const struct call *call)
{
	const struct phone *p = call->caller->phone;
	const char *number = call->preferred;

	if (!number[0] || !p || !p->customer)
		return NULL;

	return is_own(p, number) || is_same(number, cpn_of(p, NULL).number) ||
			       (p->user &&
				is_same(number, cpn_of_user(p->user).number))
		       ? number
		       : NULL;
}

void identity_answered(struct leg *leg, const struct sip_message *m)
{
	if (!outsider_is(leg->phone))
		leg->is_withheld = sip_privacy_hides(sip_privacy(m));
}
