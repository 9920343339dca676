/* check.c - what a well-formed request may ask of us (see message.h)
 *
 * In the order of RFC 3261 8.2 and 16.3: method, scheme, hops, extensions,
 * body.  ACK is never answered and CANCEL asks for nothing.
 */
#include <errno.h>
#include <stdio.h>

#include "sip/address.h"
#include "sip/message.h"
#include "sip/param.h"
#include "sip/reason.h"

static int refuse(struct sip_fault *f, uint16_t status)
{
	f->status = status;
	f->reason = sip_reason(status);
	return EBADMSG;
}

/* Append to the header lines; what does not fit is left out whole */
static void add(struct sip_fault *f, const char *text, struct span value,
		const char *end)
{
	size_t n = strlen(f->headers), room = sizeof(f->headers) - n;
	int k = snprintf(f->headers + n, room, "%s%.*s%s", text,
			 SPAN_ARG(value), end);

	if (k < 0 || (size_t)k >= room)
		f->headers[n] = 0;
}

static int method_check(const struct sip_message *m,
			const struct sip_rules *rules, struct sip_fault *f)
{
	bool is_first = true;

	if (!rules->methods || rules->methods & 1u << m->method)
		return 0;
	if (m->method == SIP_METHOD_OTHER)
		refuse(f, 501);
	else
		refuse(f, 405);

	for (unsigned i = 1; i < SIP_METHOD_COUNT; i++) {
		if (!(rules->methods & 1u << i))
			continue;
		add(f, is_first ? "Allow: " : ", ", span_of(sip_method_name(i)),
		    "");
		is_first = false;
	}
	if (!is_first)
		add(f, "\r\n", (struct span){ "", 0 }, "");

	return EBADMSG;
}

static int scheme_check(const struct sip_message *m, struct sip_fault *f)
{
	if (!m->target.whole.len)
		return refuse(f, 400);
	if (m->target.scheme == SIP_SCHEME_OTHER)
		return refuse(f, 416);

	/* A registrar can store nothing under an address of another kind */
	if (m->method == SIP_METHOD_REGISTER &&
	    m->to.uri.scheme == SIP_SCHEME_OTHER) {
		refuse(f, 400);
		f->reason = "Bad Address of Record";
		return EBADMSG;
	}

	return 0;
}

static bool is_listed(const char *const *list, struct span value)
{
	for (; list && *list; list++) {
		if (span_equal_nocase(value, span_of(*list)))
			return true;
	}

	return false;
}

/* Option tags of one header that we lack go into Unsupported */
static bool require_check(const struct sip_message *m,
			  const struct sip_rules *rules, enum sip_header_id id,
			  struct sip_fault *f, bool is_first)
{
	struct sip_values it;
	struct span tag;

	sip_values_start(&it, m, id);
	while (sip_values_next(&it, &tag)) {
		if (!tag.len || is_listed(rules->option_tags, tag))
			continue;
		if (sip_is_token(tag))
			add(f, f->headers[0] ? ", " : "Unsupported: ", tag, "");
		is_first = false;
	}

	return is_first;
}

static int extensions_check(const struct sip_message *m,
			    const struct sip_rules *rules, struct sip_fault *f)
{
	bool is_good;

	is_good = require_check(m, rules, SIP_HEADER_REQUIRE, f, true);
	if (rules->forwards)
		is_good = require_check(m, rules, SIP_HEADER_PROXY_REQUIRE, f,
					is_good);
	if (is_good)
		return 0;

	if (f->headers[0])
		add(f, "\r\n", (struct span){ "", 0 }, "");
	return refuse(f, 420);
}

static void accept_add(const struct sip_rules *rules, struct sip_fault *f)
{
	const char *const *type = rules->body_types;

	for (; *type; type++)
		add(f, type == rules->body_types ? "Accept: " : ", ",
		    span_of(*type), "");
	if (type != rules->body_types)
		add(f, "\r\n", (struct span){ "", 0 }, "");
}

/* Accept of an INVITE must leave room for our session description */
static bool accepts_sdp(const struct sip_message *m)
{
	struct sip_values it;
	struct span v;

	if (!sip_has_header(m, SIP_HEADER_ACCEPT))
		return true;

	sip_values_start(&it, m, SIP_HEADER_ACCEPT);
	while (sip_values_next(&it, &v)) {
		const char *semi = v.len ? memchr(v.p, ';', v.len) : NULL;

		if (semi)
			v.len = (uint32_t)(semi - v.p);
		v = sip_trim(v);
		if (span_equal_nocase(v, SPAN("application/sdp")) ||
		    span_equal_nocase(v, SPAN("application/*")) ||
		    span_equal_nocase(v, SPAN("*/*")))
			return true;
	}

	return false;
}

static int body_check(const struct sip_message *m,
		      const struct sip_rules *rules, struct sip_fault *f)
{
	struct span coding = sip_header_value(m, SIP_HEADER_CONTENT_ENCODING);
	bool is_known = !m->body.len;

	if (!rules->body_types)
		return 0;

	for (const char *const *t = rules->body_types; *t && !is_known; t++)
		is_known = sip_body_is(m, *t);
	if (!is_known) {
		accept_add(rules, f);
		return refuse(f, 415);
	}
	if (m->body.len && coding.len &&
	    !span_equal_nocase(coding, SPAN("identity"))) {
		add(f, "Accept-Encoding: identity\r\n", (struct span){ "", 0 },
		    "");
		return refuse(f, 415);
	}
	if (m->method == SIP_METHOD_INVITE && !accepts_sdp(m))
		return refuse(f, 406);

	return 0;
}

int sip_request_check(const struct sip_message *m,
		      const struct sip_rules *rules, struct sip_fault *fault)
{
	/* only written to */
	/* cppcheck-suppress uninitvar */
	struct sip_fault own, *f = fault ? fault : &own;
	int err;

	f->status = 0;
	f->reason = "";
	f->headers[0] = 0;
	f->can_answer = m->method != SIP_METHOD_ACK;
	if (!m->is_request)
		return EINVAL;

	err = method_check(m, rules, f);
	if (!err)
		err = scheme_check(m, f);
	if (!err && rules->forwards && m->max_forwards == 0)
		err = refuse(f, 483);
	if (err || m->method == SIP_METHOD_ACK ||
	    m->method == SIP_METHOD_CANCEL)
		return err;

	err = extensions_check(m, rules, f);
	if (!err)
		err = body_check(m, rules, f);

	return err;
}
