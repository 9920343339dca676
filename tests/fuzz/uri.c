/* uri.c - fuzz URIs, addresses and parameters, each alone */
#include "sip/address.h"
#include "sip/build.h"
#include "sip/param.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, (uint32_t)size }, rest, n, v;
	char user[200], escaped[700];
	struct sip_address a;
	struct sip_hop hop;
	struct sip_uri uri;
	struct sip_out o;

	if (!sip_uri_parse(&uri, text)) {
		FUZZ_CHECK(sip_uri_equal(&uri, &uri));
		FUZZ_CHECK(sip_uri_port(&uri) > 0);
		(void)sip_uri_param(&uri, "transport", &v);
		if (!sip_uri_user(&uri, user, sizeof(user))) {
			size_t len;

			/* escaping and unescaping meet */
			sip_out_init(&o, escaped, sizeof(escaped));
			sip_out_user(&o, span_of(user));
			FUZZ_CHECK(!o.is_full);
			char back[200];
			FUZZ_CHECK(!sip_unescape(back, sizeof(back), &len,
						 sip_out_span(&o)));
			FUZZ_CHECK(len == strlen(user) &&
				   !memcmp(back, user, len));
		}
	}
	if (!sip_address_parse(&a, text)) {
		sip_address_name(&a, user, sizeof(user));
		FUZZ_CHECK(strlen(user) < sizeof(user));
	}
	(void)sip_hop_parse(&hop, text);

	rest = text;
	while (sip_param_next(&rest, &n, &v))
		FUZZ_CHECK(n.len && n.p >= text.p &&
			   v.p + v.len <= text.p + size);
	rest = text;
	while (sip_list_next(&rest, &v))
		;
	FUZZ_CHECK(!rest.len);

	return 0;
}
