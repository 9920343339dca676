/* subscription_ask.c - what a SUBSCRIBE asks for, and whether it may */
#include <stdio.h>

#include "pbx/conference/conference.h"
#include "pbx/watch/subscription_private.h"
#include "pbx/transfer/transfer.h"
#include "sip/chars.h"
#include "sip/param.h"

enum {
	EXPIRES_S = 600,
	EXPIRES_MIN_S = 60,
};

const struct subscription_package subscription_packages[PACKAGES] = {
	[PACKAGE_DIALOG] = { "dialog", "application/dialog-info+xml" },
	[PACKAGE_PRESENCE] = { "presence", "application/pidf+xml" },
	[PACKAGE_MESSAGES] = { "message-summary",
			       "application/simple-message-summary" },
	[PACKAGE_REG] = { "reg", "application/reginfo+xml" },
	[PACKAGE_CONFERENCE] = { "conference",
				 "application/conference-info+xml" },
	[PACKAGE_KEYS] = { "ua-profile", "application/json" },
};

static bool accepts(const struct sip_message *m, const char *type)
{
	struct sip_values it;
	struct span value;

	if (!sip_has_header(m, SIP_HEADER_ACCEPT))
		return true;

	sip_values_start(&it, m, SIP_HEADER_ACCEPT);
	while (sip_values_next(&it, &value)) {
		const char *end = memchr(value.p, ';', value.len);

		if (end)
			value.len = (uint32_t)(end - value.p);
		value = sip_trim(value);
		if (span_equal_nocase(value, span_of(type)) ||
		    span_equal(value, SPAN("*/*")) ||
		    span_equal_nocase(value, SPAN("application/*")))
			return true;
	}

	return false;
}

static bool is_token(struct span s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || (c && strchr("-.!%*_+`'~", c))))
			return false;
	}

	return true;
}

uint16_t asking_event(struct asking *a, const struct sip_message *m)
{
	struct span event = sip_header_value(m, SIP_HEADER_EVENT);
	const char *semi = event.len ? memchr(event.p, ';', event.len) : NULL;
	struct span name = event, params = { NULL, 0 };

	a->event_id = (struct span){ NULL, 0 };
	if (semi) {
		name.len = (uint32_t)(semi - event.p);
		params.p = semi + 1;
		params.len = (uint32_t)(event.p + event.len - params.p);
	}
	name = sip_trim(name);
	for (a->package = 0; a->package < PACKAGES; a->package++) {
		if (span_equal(name,
			       span_of(subscription_packages[a->package].name)))
			break;
	}
	if (a->package == PACKAGES)
		return 489;

	(void)sip_param(params, "id", &a->event_id);
	if (!sip_params_are_good(params) || a->event_id.len >= EVENT_ID_SIZE ||
	    !is_token(a->event_id))
		return 400;

	a->expires_s = sip_header_seconds(m, SIP_HEADER_EXPIRES, EXPIRES_S);
	if (a->expires_s && a->expires_s < EXPIRES_MIN_S)
		return 423;
	if (a->expires_s > SUBSCRIPTION_EXPIRES_MAX_S)
		a->expires_s = SUBSCRIPTION_EXPIRES_MAX_S;

	return accepts(m, subscription_packages[a->package].type) ? 0 : 406;
}

static bool is_own(const struct phone *p, const char *name)
{
	return !strcmp(name, p->number) ||
	       (p->user && !strcmp(name, p->user->extension));
}

/* Only who takes part may watch. */
static uint16_t conference_asked(const struct asking *a,
				 const struct phone *phone)
{
	const struct conference *c = conference_of_user(phone->customer->id,
							a->name);
	struct le *le;

	if (!c)
		return 404;
	for (le = list_head(&c->parties); le; le = le->next) {
		const struct leg *leg = party_leg(le->data);

		if (leg && transfer_owns(phone, leg))
			return 0;
	}

	return 403;
}

uint16_t asking_target(struct asking *a, const struct sip_message *m,
		       const struct phone *phone)
{
	const struct customer *c = phone->customer;
	struct sip_uri uri;

	if (!c)
		return 403;
	if (sip_uri_parse(&uri, m->uri) ||
	    sip_uri_user(&uri, a->name, sizeof(a->name)))
		return 400;

	if (a->package == PACKAGE_CONFERENCE)
		return conference_asked(a, phone);
	if (a->package == PACKAGE_KEYS)
		return strcmp(a->name, phone->sip_user) ? 403 : 0;
	if (a->package == PACKAGE_MESSAGES || a->package == PACKAGE_REG) {
		bool is_user = !strcmp(a->name, phone->sip_user);

		if (!is_user && !is_own(phone, a->name))
			return 403;
		/* A phone often asks by the name it registers with. */
		if (a->package == PACKAGE_MESSAGES && is_user)
			(void)snprintf(a->name, sizeof(a->name), "%s",
				       phone_shown_number(phone));
		return 0;
	}

	if (!directory_user_by_extension(c, span_of(a->name)) &&
	    !directory_phone_by_number(c, span_of(a->name)))
		return 404;

	return 0;
}
