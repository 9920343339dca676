/* mwi.c - see mwi.h */
#include <errno.h>

#include "base/log.h"
#include "pbx/feature/lamp.h"
#include "pbx/watch/event.h"
#include "pbx/jsontext.h"
#include "pbx/mail/mwi.h"
#include "pbx/registrar.h"
#include "pbx/server.h"
#include "pbx/watch/subscription.h"
#include "sip/dialog.h"

enum { IDENTITY_BYTES = 400, BODY_BYTES = 200 };

/* It lives until the answer, or the lack of one. */
struct notice {
	struct le le;
	struct sip_dialog *dialog;
	struct sip_client *client;
};

static struct list notices; /* struct notice: not answered yet */

static void notice_destructor(void *data)
{
	struct notice *n = data;

	list_unlink(&n->le);
	sip_client_forget(&n->client);
	mem_deref(n->dialog);
}

static void told(int err, const struct sip_message *m, struct sip_flow *flow,
		 void *arg)
{
	(void)flow;

	/* A phone without lamp refuses: no matter. */
	if (err || (m && m->status >= 200))
		mem_deref(arg);
}

static void write_body(struct sip_out *o, const struct mailbox_counts *c)
{
	sip_out_printf(o, "Messages-Waiting: %s\r\n",
		       c->fresh || c->lit ? "yes" : "no");
	sip_out_printf(o, "Voice-Message: %u/%u (%u/%u)\r\n", c->fresh, c->old,
		       c->fresh_urgent, c->old_urgent);
	if (c->lit)
		sip_out_printf(o, "Text-Message: %u/0\r\n", c->lit);
}

static int notify(const struct mailbox_counts *counts,
		  const struct binding *binding)
{
	char identity[IDENTITY_BYTES], text[BODY_BYTES];
	struct sip_out to, body;
	struct sip_dialog_begin begin = { .contact_user = SPAN("pbx") };
	struct sip_dialog_request request = { .method = "NOTIFY" };
	struct notice *n = mem_zalloc(sizeof(*n), notice_destructor);
	int err;

	if (!n)
		return ENOMEM;

	list_append(&notices, &n->le, n);
	sip_out_init(&to, identity, sizeof(identity));
	server_identity(&to, NULL, phone_shown_number(binding->phone));
	begin.local = sip_out_span(&to);
	begin.remote = sip_out_span(&to);
	begin.target = span_of(binding->contact);
	begin.routes = span_of(binding->path);
	begin.flow = binding_flow(binding);
	err = sip_dialog_alloc(&n->dialog, server_sip(), &begin, n);
	if (err)
		goto out;

	sip_out_init(&body, text, sizeof(text));
	write_body(&body, counts);
	request.headers = SPAN("Event: message-summary\r\n"
			       "Subscription-State: terminated\r\n");
	request.content_type = SPAN("application/simple-message-summary");
	request.body = sip_out_span(&body);
	err = sip_dialog_request(&n->client, n->dialog, &request, told, n);

out:
	if (err)
		mem_deref(n);

	return err;
}

static void notify_phone(const struct mailbox_counts *counts,
			 const struct phone *p)
{
	for (const struct binding *to = p->bindings; to; to = to->next) {
		int err = notify(counts, to);

		if (err)
			log_warn("mwi", "%s: %s", p->number, strerror(err));
	}
}

/* By way of the uc server. */
static void tell_clients(const struct user *u,
			 const struct mailbox_counts *counts)
{
	char text[BODY_BYTES];
	struct sip_out o;

	sip_out_init(&o, text, sizeof(text));
	sip_out_raw(&o, SPAN("{"));
	jsontext_member(&o, true, "user", u->id);
	jsontext_number(&o, "new", counts->fresh);
	jsontext_number(&o, "old", counts->old);
	jsontext_number(&o, "urgent", counts->fresh_urgent);
	sip_out_raw(&o, SPAN("}"));
	event_news("voicemail", u->customer->id, sip_out_span(&o));
}

void mwi_user(const char *id)
{
	const struct user *u = directory_user(span_of(id));
	struct mailbox_counts counts;
	struct le *le;

	if (!u)
		return;
	lamp_counts(&counts, u);
	tell_clients(u, &counts);
	for (le = list_head(&u->phones); le; le = le->next) {
		struct phone *p = le->data;

		notify_phone(&counts, p);
		subscription_messages(u->customer->id, p->number);
	}
	subscription_messages(u->customer->id, u->extension);
}

void mwi_changed(const struct mailbox *b)
{
	if (!b->is_group)
		mwi_user(b->user);
	for (uint8_t i = 0; i < b->owner_count; i++)
		mwi_user(b->owners[i]);
}

void mwi_registered(const struct phone *phone)
{
	const struct user *u = phone->user;
	struct mailbox_counts counts;

	if (!u || !(mailbox_hears(u->id) || lamp_is_lit(u)))
		return;
	lamp_counts(&counts, u);
	notify_phone(&counts, phone);
}

void mwi_seated(const struct phone *phone)
{
	const char *customer = phone->customer ? phone->customer->id : "";
	struct mailbox_counts counts = { 0 };

	if (phone->user)
		lamp_counts(&counts, phone->user);
	notify_phone(&counts, phone);
	subscription_messages(customer, phone->number);
	subscription_messages(customer, phone_shown_number(phone));
}

void mwi_close(void)
{
	list_flush(&notices);
}
