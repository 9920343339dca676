/* subscribe.c - see subscribe.h
 *
 * A few SUBSCRIBEs are under way at once; the others wait their turn, so that
 * a phone with many keys does not burst.
 */
#include <stdio.h>

#include "base/wheel.h"
#include "phone/engine.h"
#include "phone/registration.h"
#include "phone/subscribe.h"
#include "sip/build.h"
#include "sip/dialog.h"
#include "sip/message.h"
#include "sip/param.h"

enum {
	EXPIRES_S = 600,
	ASKED_MAX = 4, /* under way at once */
	URI_SIZE = 320,
	USER_SIZE = 65,
	RETRY_FIRST_MS = 2000,
	RETRY_MAX_MS = 64000,
	REFUSED_MS = 600000, /* asking soon again would not help */
};

struct subscribe {
	struct le le; /* in the engine's */
	struct engine *e;
	const struct subscribe_kind *kind;
	void *arg;
	char user[USER_SIZE];
	const char *registrar; /* of the account, that the dialog is with */
	struct sip_dialog *dialog;
	struct sip_client *asked;
	struct wheel_timer timer; /* when to ask again */
	uint32_t retry_ms;
	bool is_due;   /* waits its turn */
	bool is_known; /* a document has come since it was lost */
};

static void ask_due(struct engine *e);

static void subscribe_destructor(void *data)
{
	struct subscribe *s = data;

	list_unlink(&s->le);
	wheel_stop(&s->timer);
	sip_client_forget(&s->asked);
	mem_deref(s->dialog);
}

static void become_due(void *arg)
{
	struct subscribe *s = arg;

	wheel_stop(&s->timer);
	s->is_due = true;
	ask_due(s->e);
}

static void lose(struct subscribe *s, const char *reason)
{
	s->is_known = false;
	s->kind->lost(reason, s->arg);
}

static void drop_dialog(struct subscribe *s)
{
	sip_client_forget(&s->asked);
	s->dialog = mem_deref(s->dialog);
	wheel_stop(&s->timer);
}

static void again_later(struct subscribe *s, uint64_t ms)
{
	wheel_start(&s->timer, ms, become_due, s);
}

/* ---- SUBSCRIBE ---- */

static void refused(struct subscribe *s, uint16_t status)
{
	bool had_dialog = s->dialog && *sip_dialog_remote_tag(s->dialog);

	drop_dialog(s);
	if (status == 481 && had_dialog) {
		become_due(s);
		return;
	}

	if (status && status < 500 && status != 408) {
		lose(s, status == 404 ? SUBSCRIBE_UNKNOWN_NUMBER
				      : SUBSCRIBE_REFUSED);
		again_later(s, REFUSED_MS);
		return;
	}
	lose(s, SUBSCRIBE_NO_ANSWER);
	again_later(s, s->retry_ms);
	if (s->retry_ms < RETRY_MAX_MS)
		s->retry_ms *= 2;
}

static void answered(int err, const struct sip_message *m,
		     struct sip_flow *flow, void *arg)
{
	struct subscribe *s = arg;
	struct sip_dialog *fork = NULL;
	uint32_t granted;

	if (!err && m->status < 200)
		return;

	sip_client_forget(&s->asked);
	if (!err && m->status < 300)
		err = sip_dialog_answered(&fork, s->dialog, m, flow);
	mem_deref(fork);
	if (err || m->status >= 300) {
		refused(s, err ? 0 : m->status);
	}
	else {
		granted = sip_header_seconds(m, SIP_HEADER_EXPIRES, EXPIRES_S);
		s->retry_ms = RETRY_FIRST_MS;
		again_later(s, (uint64_t)(granted < 20 ? 20 : granted) * 500);
	}
	ask_due(s->e);
}

static int open_dialog(struct subscribe *s)
{
	const struct account *a = s->e->account;
	struct span host = registration_host(s->e->registration);
	struct sip_credentials who = { a->sip_user, a->sip_secret };
	char local[URI_SIZE], target[URI_SIZE], remote[URI_SIZE + 2];
	struct sip_dialog_begin begin = {
		.target = span_of(target),
		.remote = span_of(remote),
		.contact_user = span_of(a->sip_user),
		.credentials = *a->sip_secret ? &who : NULL,
		.flow = registration_flow(s->e->registration),
	};
	struct sip_out o, t;

	sip_out_init(&o, local, sizeof(local));
	sip_out_text(&o, "<sip:");
	sip_out_user(&o, span_of(a->sip_user));
	sip_out_text(&o, "@");
	sip_out_raw(&o, host);
	sip_out_text(&o, ">");
	sip_out_init(&t, target, sizeof(target) - 1);
	sip_out_text(&t, "sip:");
	sip_out_user(&t, span_of(s->user));
	sip_out_text(&t, "@");
	sip_out_raw(&t, host);
	if (o.is_full || t.is_full)
		return EINVAL;

	target[t.len] = '\0';
	begin.target = sip_out_span(&t);
	begin.local = sip_out_span(&o);
	(void)snprintf(remote, sizeof(remote), "<%s>", target);
	begin.remote = span_of(remote);

	return sip_dialog_alloc(&s->dialog, s->e->sip, &begin, NULL);
}

static int send_subscribe(struct subscribe *s, uint32_t expires_s)
{
	struct sip_dialog_request request = { .method = "SUBSCRIBE" };
	char headers[256];

	(void)snprintf(headers, sizeof(headers),
		       "Event: %s\r\nAccept: %s\r\nExpires: %u\r\n",
		       s->kind->package, s->kind->type, expires_s);
	request.headers = span_of(headers);

	return sip_dialog_request(expires_s ? &s->asked : NULL, s->dialog,
				  &request, expires_s ? answered : NULL,
				  expires_s ? s : NULL);
}

static void ask(struct subscribe *s)
{
	int err = 0;

	s->is_due = false;
	wheel_stop(&s->timer);
	if (!s->dialog)
		err = open_dialog(s);
	if (!err)
		err = send_subscribe(s, EXPIRES_S);
	if (err)
		refused(s, 0);
}

/* As many as may be under way. */
static void ask_due(struct engine *e)
{
	unsigned asked = 0;
	struct le *le;

	if (e->is_closing || !e->registration ||
	    !registration_is_registered(e->registration))
		return;

	for (le = list_head(&e->subscribes); le; le = le->next) {
		const struct subscribe *s = le->data;

		asked += s->asked != NULL;
	}
	for (le = list_head(&e->subscribes); le && asked < ASKED_MAX;
	     le = le->next) {
		struct subscribe *s = le->data;

		if (s->is_due && !s->asked) {
			ask(s);
			asked += s->asked != NULL;
		}
	}
}

/* ---- NOTIFY ---- */

static struct subscribe *subscribe_of(const struct engine *e,
				      const struct sip_message *m)
{
	for (struct le *le = list_head(&e->subscribes); le; le = le->next) {
		struct subscribe *s = le->data;

		if (s->dialog &&
		    span_equal(m->call_id,
			       span_of(sip_dialog_call_id(s->dialog))))
			return s;
	}

	return NULL;
}

/* It is over: ask anew when the notifier says that may help. */
static void ended(struct subscribe *s, struct span params)
{
	struct span reason = SPAN(""), text;
	uint64_t retry_s = 0;

	(void)sip_param(params, "reason", &reason);
	if (sip_param(params, "retry-after", &text))
		(void)sip_number(text, 86400, &retry_s);
	drop_dialog(s);
	if (span_equal_nocase(reason, SPAN("rejected")) ||
	    span_equal_nocase(reason, SPAN("noresource")) ||
	    span_equal_nocase(reason, SPAN("giveup"))) {
		lose(s, span_equal_nocase(reason, SPAN("noresource"))
				? SUBSCRIBE_ENDED
				: SUBSCRIBE_REFUSED);
		again_later(s, retry_s ? retry_s * 1000 : REFUSED_MS);
		return;
	}

	/* it was alive just now: not at once, should it end again and again */
	again_later(s, retry_s ? retry_s * 1000 : s->retry_ms);
	lose(s, SUBSCRIBE_ENDED);
}

static void take(struct subscribe *s, const struct sip_message *m)
{
	struct span state = sip_header_value(m, SIP_HEADER_SUBSCRIPTION_STATE);
	const char *semi = state.len ? memchr(state.p, ';', state.len) : NULL;
	struct span word = state, params = { NULL, 0 };

	if (semi) {
		word.len = (uint32_t)(semi - state.p);
		params.p = semi + 1;
		params.len = (uint32_t)(state.p + state.len - params.p);
	}
	if (span_equal_nocase(sip_trim(word), SPAN("terminated"))) {
		ended(s, params);
		return;
	}
	if (!m->body.len)
		return;
	if (sip_body_is(m, s->kind->type) && s->kind->told(m->body, s->arg)) {
		s->is_known = true;
		return;
	}

	if (s->is_known)
		lose(s, SUBSCRIBE_REFUSED);
	if (!s->asked)
		become_due(s);
}

bool subscribe_notified(struct engine *e, const struct sip_message *m,
			struct sip_flow *flow)
{
	struct subscribe *s = m->method == SIP_METHOD_NOTIFY
				      ? subscribe_of(e, m)
				      : NULL;

	if (!s || !registration_knows(e->registration, sip_flow_remote(flow)))
		return false;
	if (sip_dialog_find(e->sip, m) != s->dialog) {
		/* before the answer that makes the dialog: it comes again */
		(void)sip_refuse(e->sip, m, flow, s->asked ? 500 : 481,
				 SPAN("Retry-After: 1\r\n"));
		return true;
	}
	if (sip_dialog_receive(s->dialog, m, flow)) {
		(void)sip_refuse(e->sip, m, flow, 500, SPAN(""));
		return true;
	}

	(void)sip_refuse(e->sip, m, flow, 200, SPAN(""));
	take(s, m);

	return true;
}

/* ---- life ---- */

int subscribe_alloc(struct subscribe **sp, struct engine *e,
		    const struct subscribe_kind *kind, const char *user,
		    void *arg)
{
	struct subscribe *s;

	if (strlen(user) >= USER_SIZE)
		return EINVAL;
	s = mem_zalloc(sizeof(*s), subscribe_destructor);
	if (!s)
		return ENOMEM;

	s->e = e;
	s->kind = kind;
	s->arg = arg;
	s->retry_ms = RETRY_FIRST_MS;
	(void)snprintf(s->user, sizeof(s->user), "%s", user);
	list_append(&e->subscribes, &s->le, s);
	*sp = s;
	wheel_start(&s->timer, 0, become_due, s);

	return 0;
}

void subscribe_registered(struct engine *e, const char *registrar,
			  struct sip_flow *flow)
{
	for (struct le *le = list_head(&e->subscribes); le; le = le->next) {
		struct subscribe *s = le->data;
		bool is_elsewhere = s->registrar && s->registrar != registrar;

		s->registrar = registrar;
		if (s->dialog && is_elsewhere) {
			drop_dialog(s);
			lose(s, SUBSCRIBE_NOT_REGISTERED);
		}
		if (s->dialog && sip_dialog_flow(s->dialog) != flow) {
			sip_dialog_set_flow(s->dialog, flow);
			s->is_due = !s->asked;
		}
		if (!s->is_known && !s->asked)
			s->is_due = true;
	}
	ask_due(e);
}

void subscribe_lost(struct engine *e)
{
	for (struct le *le = list_head(&e->subscribes); le; le = le->next)
		lose(le->data, SUBSCRIBE_NOT_REGISTERED);
}

void subscribe_end(struct subscribe *s)
{
	wheel_stop(&s->timer);
	s->is_due = false;
	sip_client_forget(&s->asked);
	if (s->dialog && *sip_dialog_remote_tag(s->dialog))
		(void)send_subscribe(s, 0);
}

void subscribe_end_all(struct engine *e)
{
	for (struct le *le = list_head(&e->subscribes); le; le = le->next)
		subscribe_end(le->data);
}
