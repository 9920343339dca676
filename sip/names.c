/* names.c - methods and headers by name, two tables (see message.h)
 *
 * Headers are found by length, first and last letter: a hash filled before
 * main() that the fixed table keeps short.
 */
#include <stddef.h>

#include "sip/message.h"
#include "sip/names.h"

#define NAME(text)                                                             \
	{                                                                      \
		(text), sizeof(text) - 1                                       \
	}

static const struct span methods[SIP_METHOD_COUNT] = {
	[SIP_METHOD_OTHER] = NAME(""),
	[SIP_METHOD_INVITE] = NAME("INVITE"),
	[SIP_METHOD_ACK] = NAME("ACK"),
	[SIP_METHOD_BYE] = NAME("BYE"),
	[SIP_METHOD_CANCEL] = NAME("CANCEL"),
	[SIP_METHOD_REGISTER] = NAME("REGISTER"),
	[SIP_METHOD_OPTIONS] = NAME("OPTIONS"),
	[SIP_METHOD_SUBSCRIBE] = NAME("SUBSCRIBE"),
	[SIP_METHOD_NOTIFY] = NAME("NOTIFY"),
	[SIP_METHOD_REFER] = NAME("REFER"),
	[SIP_METHOD_INFO] = NAME("INFO"),
	[SIP_METHOD_UPDATE] = NAME("UPDATE"),
	[SIP_METHOD_PRACK] = NAME("PRACK"),
	[SIP_METHOD_MESSAGE] = NAME("MESSAGE"),
	[SIP_METHOD_PUBLISH] = NAME("PUBLISH"),
};

const struct sip_header_row sip_header_rows[SIP_HEADER_COUNT] = {
	[SIP_HEADER_OTHER] = { NAME(""), 0, 0 },
	[SIP_HEADER_VIA] = { NAME("Via"), 'v', 0 },
	[SIP_HEADER_FROM] = { NAME("From"), 'f', true },
	[SIP_HEADER_TO] = { NAME("To"), 't', true },
	[SIP_HEADER_CALL_ID] = { NAME("Call-ID"), 'i', true },
	[SIP_HEADER_CSEQ] = { NAME("CSeq"), 0, true },
	[SIP_HEADER_MAX_FORWARDS] = { NAME("Max-Forwards"), 0, true },
	[SIP_HEADER_CONTACT] = { NAME("Contact"), 'm', 0 },
	/* may come twice with one value: message.c */
	[SIP_HEADER_CONTENT_LENGTH] = { NAME("Content-Length"), 'l', 0 },
	[SIP_HEADER_CONTENT_TYPE] = { NAME("Content-Type"), 'c', true },
	[SIP_HEADER_CONTENT_ENCODING] = { NAME("Content-Encoding"), 'e', 0 },
	[SIP_HEADER_CONTENT_DISPOSITION] = { NAME("Content-Disposition"), 0,
					     true },
	[SIP_HEADER_ROUTE] = { NAME("Route"), 0, 0 },
	[SIP_HEADER_RECORD_ROUTE] = { NAME("Record-Route"), 0, 0 },
	[SIP_HEADER_AUTHORIZATION] = { NAME("Authorization"), 0, 0 },
	[SIP_HEADER_PROXY_AUTHORIZATION] = { NAME("Proxy-Authorization"), 0,
					     0 },
	[SIP_HEADER_WWW_AUTHENTICATE] = { NAME("WWW-Authenticate"), 0, 0 },
	[SIP_HEADER_PROXY_AUTHENTICATE] = { NAME("Proxy-Authenticate"), 0, 0 },
	[SIP_HEADER_AUTHENTICATION_INFO] = { NAME("Authentication-Info"), 0,
					     0 },
	[SIP_HEADER_EXPIRES] = { NAME("Expires"), 0, true },
	[SIP_HEADER_MIN_EXPIRES] = { NAME("Min-Expires"), 0, true },
	[SIP_HEADER_SUPPORTED] = { NAME("Supported"), 'k', 0 },
	[SIP_HEADER_REQUIRE] = { NAME("Require"), 0, 0 },
	[SIP_HEADER_PROXY_REQUIRE] = { NAME("Proxy-Require"), 0, 0 },
	[SIP_HEADER_UNSUPPORTED] = { NAME("Unsupported"), 0, 0 },
	[SIP_HEADER_ALLOW] = { NAME("Allow"), 0, 0 },
	[SIP_HEADER_ALLOW_EVENTS] = { NAME("Allow-Events"), 'u', 0 },
	[SIP_HEADER_ACCEPT] = { NAME("Accept"), 0, 0 },
	[SIP_HEADER_ACCEPT_LANGUAGE] = { NAME("Accept-Language"), 0, 0 },
	[SIP_HEADER_EVENT] = { NAME("Event"), 'o', true },
	[SIP_HEADER_SUBSCRIPTION_STATE] = { NAME("Subscription-State"), 0,
					    true },
	[SIP_HEADER_REFER_TO] = { NAME("Refer-To"), 'r', true },
	[SIP_HEADER_REFERRED_BY] = { NAME("Referred-By"), 'b', true },
	[SIP_HEADER_REFER_SUB] = { NAME("Refer-Sub"), 0, true },
	[SIP_HEADER_REPLACES] = { NAME("Replaces"), 0, true },
	[SIP_HEADER_JOIN] = { NAME("Join"), 0, true },
	[SIP_HEADER_SESSION_EXPIRES] = { NAME("Session-Expires"), 'x', true },
	[SIP_HEADER_MIN_SE] = { NAME("Min-SE"), 0, true },
	[SIP_HEADER_SESSION_ID] = { NAME("Session-ID"), 0, true },
	[SIP_HEADER_RACK] = { NAME("RAck"), 0, true },
	[SIP_HEADER_RSEQ] = { NAME("RSeq"), 0, true },
	[SIP_HEADER_PATH] = { NAME("Path"), 0, 0 },
	[SIP_HEADER_SERVICE_ROUTE] = { NAME("Service-Route"), 0, 0 },
	[SIP_HEADER_REASON] = { NAME("Reason"), 0, 0 },
	[SIP_HEADER_RETRY_AFTER] = { NAME("Retry-After"), 0, 0 },
	[SIP_HEADER_WARNING] = { NAME("Warning"), 0, 0 },
	[SIP_HEADER_DATE] = { NAME("Date"), 0, 0 },
	[SIP_HEADER_ALERT_INFO] = { NAME("Alert-Info"), 0, 0 },
	[SIP_HEADER_CALL_INFO] = { NAME("Call-Info"), 0, 0 },
	[SIP_HEADER_SUBJECT] = { NAME("Subject"), 's', 0 },
	[SIP_HEADER_USER_AGENT] = { NAME("User-Agent"), 0, 0 },
	[SIP_HEADER_SERVER] = { NAME("Server"), 0, 0 },
	[SIP_HEADER_ORGANIZATION] = { NAME("Organization"), 0, 0 },
	[SIP_HEADER_PRIVACY] = { NAME("Privacy"), 0, 0 },
	[SIP_HEADER_P_ASSERTED_IDENTITY] = { NAME("P-Asserted-Identity"), 0,
					     0 },
	[SIP_HEADER_P_PREFERRED_IDENTITY] = { NAME("P-Preferred-Identity"), 0,
					      0 },
	[SIP_HEADER_REMOTE_PARTY_ID] = { NAME("Remote-Party-ID"), 0, 0 },
	[SIP_HEADER_DIVERSION] = { NAME("Diversion"), 0, 0 },
	[SIP_HEADER_HISTORY_INFO] = { NAME("History-Info"), 0, 0 },
	[SIP_HEADER_SIP_ETAG] = { NAME("SIP-ETag"), 0, true },
	[SIP_HEADER_SIP_IF_MATCH] = { NAME("SIP-If-Match"), 0, true },
	[SIP_HEADER_FLOW_TIMER] = { NAME("Flow-Timer"), 0, true },
	[SIP_HEADER_MIME_VERSION] = { NAME("MIME-Version"), 0, 0 },
};

enum { NAME_BUCKETS = 256 };

static uint8_t bucket_first[NAME_BUCKETS]; /* id, 0 = empty */
static uint8_t bucket_next[SIP_HEADER_COUNT];
static uint8_t compact_ids[32]; /* by letter & 31 */

static unsigned name_bucket(struct span s)
{
	unsigned first = (uint8_t)s.p[0] | 32;
	unsigned last = (uint8_t)s.p[s.len - 1] | 32;

	return (s.len * 31 + first * 7 + last) % NAME_BUCKETS;
}

__attribute__((constructor)) static void names_init(void)
{
	for (unsigned id = 1; id < SIP_HEADER_COUNT; id++) {
		const struct sip_header_row *row = &sip_header_rows[id];
		unsigned b = name_bucket(row->name);

		bucket_next[id] = bucket_first[b];
		bucket_first[b] = (uint8_t)id;
		if (row->compact)
			compact_ids[row->compact & 31] = (uint8_t)id;
	}
}

enum sip_header_id sip_header_id_of(struct span name)
{
	uint8_t id;

	if (!name.len)
		return SIP_HEADER_OTHER;
	if (name.len == 1) {
		char c = (char)(name.p[0] | 32);

		return c >= 'a' && c <= 'z' ? compact_ids[c & 31]
					    : SIP_HEADER_OTHER;
	}

	for (id = bucket_first[name_bucket(name)]; id; id = bucket_next[id]) {
		if (span_equal(sip_header_rows[id].name, name) ||
		    span_equal_nocase(sip_header_rows[id].name, name))
			return id;
	}

	return SIP_HEADER_OTHER;
}

const char *sip_header_name(enum sip_header_id id)
{
	return id < SIP_HEADER_COUNT ? sip_header_rows[id].name.p : "";
}

enum sip_method sip_method_of(struct span name)
{
	for (unsigned i = 1; i < SIP_METHOD_COUNT; i++) {
		if (span_equal(name, methods[i]))
			return i;
	}

	return SIP_METHOD_OTHER;
}

const char *sip_method_name(enum sip_method method)
{
	return method < SIP_METHOD_COUNT ? methods[method].p : "";
}
