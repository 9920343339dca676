/* replaces.c - see replaces.h */
#include <errno.h>
#include <string.h>

#include "pbx/transfer/replaces.h"
#include "pbx/server.h"
#include "pbx/watch/subscription.h"
#include "sip/dialog.h"
#include "sip/param.h"

static int parse(struct replaces *r, struct span value, const char *to_tag,
		 const char *from_tag)
{
	const char *semicolon;
	struct span params;

	if (!value.len || value.len >= sizeof(r->text))
		return EBADMSG;

	if (value.p != r->text)
		memmove(r->text, value.p, value.len);
	semicolon = memchr(r->text, ';', value.len);
	if (!semicolon)
		return EBADMSG;

	r->call_id = sip_trim(
		(struct span){ r->text, (uint32_t)(semicolon - r->text) });
	params.p = semicolon + 1;
	params.len = value.len - (uint32_t)(params.p - r->text);
	if (!sip_param(params, to_tag, &r->to_tag) ||
	    !sip_param(params, from_tag, &r->from_tag))
		return EBADMSG;
	r->is_early_only = sip_param(params, "early-only", NULL);

	return 0;
}

int replaces_parse(struct replaces *r, struct span value)
{
	return parse(r, value, "to-tag", "from-tag");
}

int replaces_parse_target(struct replaces *r, struct span value)
{
	return parse(r, value, "remote-tag", "local-tag");
}

int replaces_of_uri(struct replaces *r, const struct sip_uri *uri)
{
	struct span rest = uri->headers;

	while (rest.len) {
		const char *amp = memchr(rest.p, '&', rest.len);
		struct span item = rest;
		size_t len;

		if (amp)
			item.len = (uint32_t)(amp - rest.p);
		rest.p += item.len + (amp ? 1 : 0);
		rest.len -= item.len + (amp ? 1 : 0);
		if (item.len < 9 ||
		    !span_equal_nocase((struct span){ item.p, 9 },
				       SPAN("Replaces=")))
			continue;
		item.p += 9;
		item.len -= 9;
		if (sip_unescape(r->text, sizeof(r->text) - 1, &len, item))
			return EBADMSG;
		return replaces_parse(r,
				      (struct span){ r->text, (uint32_t)len });
	}

	return ENOENT;
}

struct leg *replaces_leg(const struct replaces *r)
{
	struct sip_dialog *d = sip_dialog_lookup(server_sip(), r->call_id,
						 r->to_tag, r->from_tag);

	if (!d)
		d = sip_dialog_lookup(server_sip(), r->call_id, r->from_tag,
				      r->to_tag);

	return d && !subscription_of(d) ? sip_dialog_arg(d) : NULL;
}
