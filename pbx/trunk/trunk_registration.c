/* trunk_registration.c - keeps a trunk alive: REGISTER or OPTIONS
 *
 * A registered trunk is registered anew at nine tenths of what the provider
 * grants; a refusal or silence is followed by longer and longer waits, up to
 * five minutes.  A static one is asked with OPTIONS: any answer but 503 shows
 * that it is there.  Where the answer came from is an address of the trunk.
 *
 * Source: RFC 3261 10.2 and 11; CAL-3.
 */
#include "base/log.h"
#include "pbx/pair/pair.h"
#include "pbx/server.h"
#include "pbx/trunk/trunk.h"
#include "sip/address.h"
#include "sip/build.h"
#include "sip/param.h"

enum {
	PROBE_MS = 30000,
	PROBE_DOWN_MS = 5000,
	WAIT_MIN_MS = 1000,
	WAIT_MAX_MS = 300000,
	REFRESH_TENTHS = 9,
};

static void registration_due(void *arg);
static void probe_due(void *arg);

uint32_t trunk_wait_ms(uint32_t failures)
{
	uint32_t wait = WAIT_MIN_MS;

	for (; failures > 1 && wait < WAIT_MAX_MS; failures--)
		wait *= 2;

	return wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS;
}

static void answered(struct trunk *t, const struct sip_message *m,
		     const struct sip_flow *flow)
{
	t->status = m ? m->status : 0;
	if (!m || !flow)
		return;

	t->has_answered = true;
	t->answered = *sip_flow_remote(flow);
}

/* What the provider granted: expires of our Contact, else Expires. */
static uint32_t granted_s(const struct trunk *t, const struct sip_message *m)
{
	uint32_t expires = sip_header_seconds(m, SIP_HEADER_EXPIRES,
					      t->expires_s);
	struct sip_values it;
	struct span value;

	sip_values_start(&it, m, SIP_HEADER_CONTACT);
	while (sip_values_next(&it, &value)) {
		struct sip_address a;
		struct span text;
		uint32_t n = 0;

		if (sip_address_parse(&a, value) ||
		    !span_equal(a.uri.user, span_of(t->id)) ||
		    !sip_param(a.params, "expires", &text))
			continue;
		for (uint32_t i = 0; i < text.len && n < 100000; i++) {
			if (text.p[i] < '0' || text.p[i] > '9')
				break;
			n = n * 10 + (uint32_t)(text.p[i] - '0');
		}
		if (n)
			expires = n;
	}

	return expires ? expires : 1;
}

static void failed(struct trunk *t, const char *why)
{
	uint32_t wait = trunk_wait_ms(++t->failures);

	if (t->failures == 1 || t->is_registered)
		log_warn("trunk", "%s is not registered: %s", t->name, why);
	t->is_registered = false;
	trunk_seen(t, false, why);
	wheel_start(&t->timer, wait, registration_due, t);
}

static void registered(int err, const struct sip_message *m,
		       struct sip_flow *flow, void *arg)
{
	struct trunk *t = arg;
	char why[64];

	if (m && m->status < 200)
		return;

	sip_client_forget(&t->request);
	answered(t, m, flow);
	if (m && m->status == 423) {
		uint32_t min = sip_header_seconds(m, SIP_HEADER_MIN_EXPIRES, 0);

		if (min > t->expires_s && min <= 86400)
			t->expires_s = min;
	}
	if (!m || m->status >= 300) {
		if (m)
			(void)re_snprintf(why, sizeof(why), "%u", m->status);
		else
			(void)re_snprintf(why, sizeof(why), "%m", err);
		failed(t, why);
		return;
	}

	if (!t->is_registered)
		log_info("trunk", "%s is registered", t->name);
	t->failures = 0;
	t->is_registered = true;
	trunk_seen(t, true, "registered");
	wheel_start(&t->timer, granted_s(t, m) * 1000ull / 10 * REFRESH_TENTHS,
		    registration_due, t);
}

static int dialog_make(struct trunk *t)
{
	const struct sip_credentials credentials = { t->user, t->secret };
	struct sip_dialog_begin begin = { 0 };
	char target[300], address[500];
	struct sip_out uri, o;

	sip_out_init(&uri, target, sizeof(target));
	trunk_uri(t, "", &uri);
	sip_out_init(&o, address, sizeof(address));
	sip_out_raw(&o, SPAN("<sip:"));
	sip_out_user(&o, span_of(t->user ? t->user : t->id));
	sip_out_printf(&o, "@%s>", t->host);

	begin.local = sip_out_span(&o);
	begin.remote = sip_out_span(&o);
	begin.target = sip_out_span(&uri);
	begin.contact_user = span_of(t->id);
	begin.credentials = t->user ? &credentials : NULL;

	return sip_dialog_alloc(&t->dialog, server_sip(), &begin, NULL);
}

static int registration_send(struct trunk *t, uint32_t expires,
			     sip_client_h *handler)
{
	char headers[64];
	struct sip_dialog_request request = { .method = "REGISTER" };
	int err = 0;

	if (!t->dialog)
		err = dialog_make(t);
	if (err)
		return err;

	(void)re_snprintf(headers, sizeof(headers), "Expires: %u\r\n", expires);
	request.headers = span_of(headers);

	return sip_dialog_request(handler ? &t->request : NULL, t->dialog,
				  &request, handler, t);
}

/* Whatever came of it: now we register. */
static void cleared(int err, const struct sip_message *m, struct sip_flow *flow,
		    void *arg)
{
	struct trunk *t = arg;

	(void)flow;
	if (m && m->status < 200)
		return;

	log_info("trunk", "%s: older registrations are taken back: %s", t->name,
		 m && m->status < 300 ? "done"
		 : m                  ? "refused"
				      : strerror(err));
	registration_due(t);
}

/* The node that had the lease may have died registered: its binding would
 * stand beside ours, so all go first. */
static int clear_send(struct trunk *t)
{
	struct sip_dialog_request request = {
		.method = "REGISTER",
		.headers = SPAN("Contact: *\r\nExpires: 0\r\n"),
	};
	int err = t->dialog ? 0 : dialog_make(t);

	t->clears_first = false;

	return err ? err
		   : sip_dialog_request(&t->request, t->dialog, &request,
					cleared, t);
}

static void registration_due(void *arg)
{
	struct trunk *t = arg;
	int err;

	sip_client_forget(&t->request);
	if (!pair_has_lease())
		return;
	if (t->clears_first && !clear_send(t))
		return;
	err = registration_send(t, t->expires_s, registered);
	if (err)
		failed(t, strerror(err));
}

static void probed(int err, const struct sip_message *m, struct sip_flow *flow,
		   void *arg)
{
	struct trunk *t = arg;

	if (m && m->status < 200)
		return;

	sip_client_forget(&t->request);
	answered(t, m, flow);
	trunk_seen(t, m && m->status != 503,
		   m ? m->status == 503 ? "503" : "it answers" : strerror(err));
	wheel_start(&t->timer, t->is_up ? PROBE_MS : PROBE_DOWN_MS, probe_due,
		    t);
}

static void probe_due(void *arg)
{
	struct trunk *t = arg;
	char target[300], address[320], id[17], tag[17], from[340];
	struct sip_out uri, o;
	struct sip_request request = { .method = SPAN("OPTIONS"), .cseq = 1 };
	int err;

	sip_out_init(&uri, target, sizeof(target));
	trunk_uri(t, "", &uri);
	sip_out_init(&o, address, sizeof(address));
	sip_out_printf(&o, "<sip:%s>", t->host);
	sip_random(id);
	sip_random(tag);
	(void)re_snprintf(from, sizeof(from), "<sip:pbx@%s>;tag=%s", t->host,
			  tag);
	request.uri = sip_out_span(&uri);
	request.to = sip_out_span(&o);
	request.from = span_of(from);
	request.call_id = span_of(id);
	request.with_contact = true;

	sip_client_forget(&t->request);
	err = sip_client_request(&t->request, server_sip(), &request, probed,
				 t);
	if (err) {
		trunk_seen(t, false, strerror(err));
		wheel_start(&t->timer, PROBE_DOWN_MS, probe_due, t);
	}
}

void trunk_ask_soon(struct trunk *t)
{
	if (!t->request && t->is_enabled &&
	    (!t->is_registered_mode || pair_has_lease()))
		wheel_start(&t->timer, PROBE_DOWN_MS,
			    t->is_registered_mode ? registration_due
						  : probe_due,
			    t);
}

void trunk_start(struct trunk *t)
{
	if (!server_sip())
		return;
	if (t->is_registered_mode && !pair_has_lease()) {
		t->is_up = false;
		return;
	}

	wheel_start(&t->timer, 0,
		    t->is_registered_mode ? registration_due : probe_due, t);
}

void trunk_stop(struct trunk *t)
{
	bool is_asked = t->is_registered_mode && t->request;

	wheel_stop(&t->timer);
	sip_client_abandon(&t->request);
	if (t->is_registered || (is_asked && t->dialog))
		(void)registration_send(t, 0, NULL);
	t->dialog = mem_deref(t->dialog);
	t->is_registered = false;
	t->has_answered = false;
	t->failures = 0;
}

void trunk_lease(bool is_held)
{
	for (struct le *le = list_head(trunk_list()); le; le = le->next) {
		struct trunk *t = le->data;

		if (!t->is_registered_mode || !t->is_enabled)
			continue;
		trunk_stop(t);
		t->clears_first = is_held;
		t->is_up = is_held;
		if (is_held)
			trunk_start(t);
	}
}
