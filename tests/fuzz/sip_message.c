/* sip_message.c - fuzz the index, all typed parses and the way back out
 *
 * What was accepted is accepted again when written out from its parts, with
 * the same method, identity and body.
 */
#include "sip/address.h"
#include "sip/build.h"
#include "sip/param.h"
#include "tests/fuzz/fuzz.h"

static void typed_parse(const struct sip_message *m)
{
	char name[100], user[SIP_USER_MAX_BYTES + 1];

	for (unsigned id = 1; id < SIP_HEADER_COUNT; id++) {
		struct sip_values it;
		struct span v;

		sip_values_start(&it, m, id);
		while (sip_values_next(&it, &v)) {
			struct sip_address a;
			struct sip_hop hop;
			struct span q;

			if (!sip_address_parse(&a, v)) {
				sip_address_name(&a, name, sizeof(name));
				(void)sip_uri_user(&a.uri, user, sizeof(user));
				(void)sip_param(a.params, "q", &q);
				FUZZ_CHECK(a.is_star ||
					   sip_uri_equal(&a.uri, &a.uri));
			}
			(void)sip_hop_parse(&hop, v);
			(void)sip_list_has(v, "100rel");
		}
		(void)sip_header_seconds(m, id, 0);
	}
	(void)sip_header_named(m, "X-Extra");
	(void)sip_body_is(m, "application/sdp");
}

static bool same(struct span a, struct span b)
{
	return span_equal(a, b);
}

static void write_again(const struct sip_message *m)
{
	static char out[4 * SIP_MESSAGE_MAX_BYTES];
	const uint8_t skip[] = { SIP_HEADER_CONTENT_LENGTH };
	struct sip_message again;
	struct sip_out o;

	sip_out_init(&o, out, sizeof(out));
	if (m->is_request)
		sip_out_request_line(&o, m->method_name, m->uri);
	else {
		sip_out_text(&o, "SIP/2.0 ");
		sip_out_number(&o, m->status);
		sip_out_text(&o, " ");
		sip_out_value(&o, m->reason);
		sip_out_text(&o, "\r\n");
	}
	sip_out_copy_others(&o, m, skip, sizeof(skip));
	FUZZ_CHECK(!sip_out_end(&o, NULL, m->body));

	/* full header names and a missing length can pass a limit */
	if (o.len > SIP_MESSAGE_MAX_BYTES ||
	    m->header_count == SIP_HEADERS_MAX || m->len > 4000)
		return;
	FUZZ_CHECK(!sip_message_parse(&again, out, o.len, NULL));
	FUZZ_CHECK(again.is_request == m->is_request &&
		   again.method == m->method && again.cseq == m->cseq &&
		   again.status == m->status);
	FUZZ_CHECK(same(again.call_id, m->call_id) &&
		   same(again.branch, m->branch) &&
		   same(again.from_tag, m->from_tag) &&
		   same(again.to_tag, m->to_tag) && same(again.body, m->body));
}

static void answer(const struct sip_message *m, const struct sip_fault *f)
{
	static char out[4 * SIP_MESSAGE_MAX_BYTES];
	struct sip_message again;
	struct sip_out o;
	struct sa source;

	(void)sa_set_str(&source, "192.0.2.1", 5060);
	sip_out_init(&o, out, sizeof(out));
	if (f->status) {
		(void)sip_fault_answer(&o, m, f, SPAN("tag"), &source);
		return;
	}
	sip_out_response(&o, m, 200, NULL, SPAN("tag"), &source);
	FUZZ_CHECK(!sip_out_end(&o, NULL, SPAN("")));
	if (o.len > 8000)
		return;
	FUZZ_CHECK(!sip_message_parse(&again, out, o.len, NULL));
	FUZZ_CHECK(same(again.branch, m->branch) && again.to_tag.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "application/sdp", NULL };
	static const char *const tags[] = { "100rel", "timer", NULL };
	const struct sip_rules rules = { .methods = ~1u,
					 .option_tags = tags,
					 .body_types = types,
					 .forwards = true };
	struct sip_message m;
	struct sip_fault fault;
	int err = sip_message_parse(&m, (const char *)data, size, &fault);

	FUZZ_CHECK(!err == !fault.status);
	typed_parse(&m);
	if (!err) {
		write_again(&m);
		if (m.is_request) {
			answer(&m, &fault);
			err = sip_request_check(&m, &rules, &fault);
			FUZZ_CHECK(!err == !fault.status);
		}
	}
	if (err && fault.can_answer)
		answer(&m, &fault);

	return 0;
}
