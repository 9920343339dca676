/* subscription_print.c - what the watching phone is told */
#include "base/clock.h"
#include "pbx/conference/conference.h"
#include "pbx/feature/keys.h"
#include "pbx/feature/lamp.h"
#include "pbx/mail/mailbox.h"
#include "pbx/watch/notice.h"
#include "pbx/registrar.h"
#include "pbx/server.h"
#include "pbx/watch/publication.h"
#include "pbx/watch/subscription_private.h"

/* What is watched, as the phones know it: sip:NAME@HOST */
static void entity_of(const struct subscription *s, char *buf, size_t size)
{
	struct sip_out o;

	sip_out_init(&o, buf, size - 1);
	server_identity(&o, NULL, s->watched->name);
	buf[o.len > 0 ? o.len - 1 : 0] = '\0'; /* without < and > */
	memmove(buf, buf + 1, o.len);
}

static void print_messages(const struct subscription *s, struct sip_out *o,
			   const char *entity)
{
	const struct user *user = s->phone->user;
	struct mailbox_counts counts = { 0 };

	lamp_counts(&counts, user);
	notice_messages(o, entity, &counts);
}

static void print_bindings(const struct subscription *s, struct sip_out *o,
			   const char *entity)
{
	uint64_t now = clock_mono_ms();

	notice_registration_begin(o, entity, s->phone->id, s->version,
				  s->phone->bindings != NULL);
	for (const struct binding *b = s->phone->bindings; b; b = b->next)
		notice_contact(
			o, b->row, b->contact,
			b->expires_ms > now ? (b->expires_ms - now) / 1000 : 0);
	notice_registration_end(o);
}

static struct conference *conference_of(const struct subscription *s)
{
	return conference_of_user(s->watched->customer, s->watched->name);
}

uint32_t subscription_change(const struct subscription *s)
{
	const struct conference *c = s->package == PACKAGE_CONFERENCE
					     ? conference_of(s)
					     : NULL;

	return c ? c->changes : s->watched->changes;
}

static void print_party(const struct party *p, struct sip_out *o,
			const struct notice_conference *c)
{
	const struct leg *leg = party_leg(p);
	const struct phone *phone = leg ? leg->phone : NULL;
	const struct notice_party n = {
		.number = p->number,
		.address = phone ? leg_shown_number(leg) : p->call->number,
		.name = phone ? leg_shown_name(leg) : NULL,
		.is_dialled = p->state == PARTY_DIALLED,
		.is_pending = p->state == PARTY_ASKED ||
			      p->state == PARTY_WAITING,
		.is_muted = p->is_muted || p->is_listener,
		.is_held = p->is_held,
		.was_called = p->call->callee != NULL,
	};

	notice_party(o, c, &n);
}

/* What has changed since the watcher was last told; all of it when too much
 * was forgotten. */
static void print_conference(const struct subscription *s, struct sip_out *o,
			     const char *entity)
{
	const struct conference *c = conference_of(s);
	struct notice_conference n = { .entity = entity };
	uint32_t after = s->told;
	struct le *le;

	if (!c) {
		notice_conference_gone(o, entity, s->version);
		return;
	}
	if (after < c->forgotten || after > c->changes)
		after = 0;
	n.name = c->name;
	n.count = conference_count(c);
	n.limit = c->limit;
	n.is_locked = c->is_locked;
	notice_conference_begin(o, &n, s->version, !after);
	for (le = list_head(&c->parties); le; le = le->next) {
		const struct party *p = le->data;

		if (p->change > after || !after)
			print_party(p, o, &n);
	}
	for (uint32_t i = 0; after && i < c->gone_count; i++) {
		if (c->gone[i].change > after)
			notice_party_gone(o, &n, c->gone[i].address,
					  c->gone[i].number);
	}
	notice_conference_end(o);
}

static void print_presence(struct watched *w, struct sip_out *o,
			   const char *entity)
{
	struct publication_view said = { false, "" };

	(void)publication_of(&said, w->customer, w->name);
	notice_presence(o, entity, watched_is_open(w) && !said.is_closed,
			watched_is_busy(w), said.note);
}

void subscription_body(struct subscription *s, struct sip_out *o)
{
	char entity[512];

	entity_of(s, entity, sizeof(entity));
	switch (s->package) {
	case PACKAGE_DIALOG:
		watched_dialogs(s->watched, o, entity, s->version, s->told);
		break;

	case PACKAGE_PRESENCE: print_presence(s->watched, o, entity); break;

	case PACKAGE_MESSAGES: print_messages(s, o, entity); break;

	case PACKAGE_KEYS: keys_print(s->phone, o); break;

	case PACKAGE_CONFERENCE: print_conference(s, o, entity); break;

	default: print_bindings(s, o, entity); break;
	}
}

void subscription_headers(const struct subscription *s, struct sip_out *o,
			  const char *reason)
{
	uint64_t now = clock_mono_ms();
	uint64_t left = s->expires_ms > now ? s->expires_ms - now : 0;

	sip_out_printf(o, "Event: %s", subscription_packages[s->package].name);
	if (s->event_id[0])
		sip_out_printf(o, ";id=%s", s->event_id);
	if (reason)
		sip_out_printf(o,
			       "\r\nSubscription-State: terminated;reason=%s",
			       reason);
	else
		sip_out_printf(o, "\r\nSubscription-State: active;expires=%llu",
			       (unsigned long long)(left + 999) / 1000);
	sip_out_text(o, "\r\nAllow-Events: " SUBSCRIPTION_PACKAGES "\r\n");
}
