/* notice.c - see notice.h */
#include "base/ws_frame.h"
#include "pbx/watch/notice.h"

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"

/* Octets of the character at p, 0 when XML must not see it. */
static uint32_t character(const char *p, uint32_t left)
{
	unsigned char c = (unsigned char)*p;
	uint32_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (c < 0x20 || c == 0x7f || n > left ||
	    !utf8_is_valid((const uint8_t *)p, n))
		return 0;
	if (n == 3 && c == 0xef && (unsigned char)p[1] == 0xbf &&
	    (unsigned char)p[2] >= 0xbe) /* U+FFFE, U+FFFF */
		return 0;

	return n;
}

static const char *entity_of(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&apos;";
	default: return NULL;
	}
}

void notice_xml(struct sip_out *o, struct span s)
{
	uint32_t i = 0;

	while (i < s.len) {
		uint32_t n = character(s.p + i, s.len - i);
		const char *entity = n == 1 ? entity_of(s.p[i]) : NULL;

		if (!n)
			sip_out_raw(o, SPAN("?"));
		else if (entity)
			sip_out_text(o, entity);
		else
			sip_out_raw(o, (struct span){ s.p + i, n });
		i += n ? n : 1;
	}
}

static void attribute(struct sip_out *o, const char *name, const char *value)
{
	sip_out_raw(o, SPAN(" "));
	sip_out_text(o, name);
	sip_out_raw(o, SPAN("=\""));
	notice_xml(o, span_of(value));
	sip_out_raw(o, SPAN("\""));
}

static void number(struct sip_out *o, const char *name, uint64_t value)
{
	sip_out_raw(o, SPAN(" "));
	sip_out_text(o, name);
	sip_out_raw(o, SPAN("=\""));
	sip_out_number(o, value);
	sip_out_raw(o, SPAN("\""));
}

/* ---- dialogs ---- */

void notice_dialogs_begin(struct sip_out *o, const char *entity,
			  uint32_t version, bool is_full)
{
	sip_out_text(o, XML "<dialog-info"
			    " xmlns=\"urn:ietf:params:xml:ns:dialog-info\"");
	number(o, "version", version);
	attribute(o, "state", is_full ? "full" : "partial");
	attribute(o, "entity", entity);
	sip_out_raw(o, SPAN(">\r\n"));
}

/* RFC 4235 section 3.7.1 */
static const char *dialog_state(uint8_t state)
{
	switch (state) {
	case LEG_INITIATED: return "trying";
	case LEG_ALERTING: return "early";
	case LEG_QUEUED:
	case LEG_CONNECTED:
	case LEG_HELD: return "confirmed";
	default: return "terminated";
	}
}

static void party(struct sip_out *o, const char *element, const char *name,
		  const char *uri, bool is_held)
{
	sip_out_printf(o, "<%s><identity", element);
	if (name)
		attribute(o, "display", name);
	sip_out_raw(o, SPAN(">"));
	notice_xml(o, span_of(uri));
	sip_out_raw(o, SPAN("</identity><target"));
	attribute(o, "uri", uri);
	sip_out_text(o, is_held ? "><param pname=\"+sip.rendering\""
				  " pval=\"no\"/></target>"
				: "/>");
	sip_out_printf(o, "</%s>\r\n", element);
}

/* The peer's address: its number at the host of the entity. */
static void peer_uri(char *buf, size_t size, const char *peer,
		     const char *entity)
{
	const char *at = strchr(entity, '@');
	struct sip_out o;

	sip_out_init(&o, buf, size - 1);
	sip_out_raw(&o, SPAN("sip:"));
	sip_out_user(&o, span_of(peer));
	sip_out_text(&o, at ? at : "");
	buf[o.len] = '\0';
}

void notice_dialog(struct sip_out *o, const char *entity,
		   const struct notice_dialog *d)
{
	char uri[512];

	sip_out_raw(o, SPAN("<dialog id=\""));
	notice_xml(o, span_of(d->call));
	sip_out_printf(o, "-%u\"", d->number);
	attribute(o, "direction", d->is_caller ? "initiator" : "recipient");
	sip_out_raw(o, SPAN("><state>"));
	sip_out_text(o, dialog_state(d->state));
	sip_out_raw(o, SPAN("</state>\r\n"));
	party(o, "local", NULL, entity,
	      d->state == LEG_HELD || d->state == LEG_QUEUED);
	if (d->peer) {
		peer_uri(uri, sizeof(uri), d->peer, entity);
		party(o, "remote", d->peer_name, uri, false);
	}
	sip_out_raw(o, SPAN("</dialog>\r\n"));
}

void notice_dialogs_end(struct sip_out *o)
{
	sip_out_raw(o, SPAN("</dialog-info>\r\n"));
}

/* ---- presence, messages ---- */

void notice_presence(struct sip_out *o, const char *entity, bool is_open,
		     bool is_busy, const char *note)
{
	sip_out_text(o, XML "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\""
			    " xmlns:dm=\"urn:ietf:params:xml:ns:pidf"
			    ":data-model\""
			    " xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\"");
	attribute(o, "entity", entity);
	sip_out_raw(o, SPAN(">\r\n<tuple id=\"phone\"><status><basic>"));
	sip_out_text(o, is_open ? "open" : "closed");
	sip_out_raw(o, SPAN("</basic></status><contact>"));
	notice_xml(o, span_of(entity));
	sip_out_raw(o, SPAN("</contact>"));
	if (is_busy)
		sip_out_raw(o, SPAN("<note>On the phone</note>"));
	if (*note) {
		sip_out_raw(o, SPAN("<note>"));
		notice_xml(o, span_of(note));
		sip_out_raw(o, SPAN("</note>"));
	}
	sip_out_raw(o, SPAN("</tuple>\r\n"));
	if (is_busy)
		sip_out_raw(o, SPAN("<dm:person id=\"person\"><rpid:activities>"
				    "<rpid:on-the-phone/></rpid:activities>"
				    "</dm:person>\r\n"));
	sip_out_raw(o, SPAN("</presence>\r\n"));
}

void notice_messages(struct sip_out *o, const char *account,
		     const struct mailbox_counts *counts)
{
	sip_out_printf(o, "Messages-Waiting: %s\r\nMessage-Account: ",
		       counts->fresh || counts->lit ? "yes" : "no");
	sip_out_value(o, span_of(account));
	sip_out_printf(o, "\r\nVoice-Message: %u/%u (%u/%u)\r\n", counts->fresh,
		       counts->old, counts->fresh_urgent, counts->old_urgent);
	if (counts->lit)
		sip_out_printf(o, "Text-Message: %u/0\r\n", counts->lit);
}

/* ---- registrations ---- */

void notice_registration_begin(struct sip_out *o, const char *aor,
			       const char *id, uint32_t version, bool is_active)
{
	sip_out_text(o,
		     XML "<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\"");
	number(o, "version", version);
	sip_out_raw(o, SPAN(" state=\"full\">\r\n<registration"));
	attribute(o, "aor", aor);
	attribute(o, "id", id);
	attribute(o, "state", is_active ? "active" : "terminated");
	sip_out_raw(o, SPAN(">\r\n"));
}

void notice_contact(struct sip_out *o, uint64_t row, const char *uri,
		    uint64_t expires_s)
{
	sip_out_raw(o, SPAN("<contact"));
	number(o, "id", row);
	attribute(o, "state", "active");
	attribute(o, "event", "registered");
	number(o, "expires", expires_s);
	sip_out_raw(o, SPAN("><uri>"));
	notice_xml(o, span_of(uri));
	sip_out_raw(o, SPAN("</uri></contact>\r\n"));
}

void notice_registration_end(struct sip_out *o)
{
	sip_out_raw(o, SPAN("</registration>\r\n</reginfo>\r\n"));
}

/* ---- conferences ---- */

enum { PARTY_NAME_OCTETS = 64 };

static void bool_element(struct sip_out *o, const char *name, bool value)
{
	sip_out_printf(o, "<%s>%s</%s>", name, value ? "true" : "false", name);
}

static void conference_root(struct sip_out *o, const char *entity,
			    uint32_t version, const char *state)
{
	sip_out_text(o, XML "<conference-info xmlns="
			    "\"urn:ietf:params:xml:ns:conference-info\"");
	attribute(o, "entity", entity);
	attribute(o, "state", state);
	number(o, "version", version);
	sip_out_raw(o, SPAN(">\r\n"));
}

void notice_conference_begin(struct sip_out *o,
			     const struct notice_conference *c,
			     uint32_t version, bool is_full)
{
	conference_root(o, c->entity, version, is_full ? "full" : "partial");
	sip_out_raw(o, SPAN("<conference-description><display-text>"));
	notice_xml(o, span_of(c->name));
	sip_out_printf(o,
		       "</display-text><maximum-user-count>%u"
		       "</maximum-user-count></conference-description>\r\n"
		       "<conference-state><user-count>%u</user-count>",
		       c->limit, c->count);
	bool_element(o, "active", true);
	bool_element(o, "locked", c->is_locked);
	sip_out_raw(o, SPAN("</conference-state>\r\n<users"));
	attribute(o, "state", is_full ? "full" : "partial");
	sip_out_raw(o, SPAN(">\r\n"));
}

/* sip:NUMBER@HOST;party=N: one phone may be there twice. */
static void party_entity(struct sip_out *o, const char *entity,
			 const char *address, uint32_t party)
{
	const char *at = strchr(entity, '@');
	char uri[256];
	struct sip_out u;

	sip_out_init(&u, uri, sizeof(uri) - 1);
	sip_out_text(&u, "sip:");
	sip_out_user(&u, span_of(address));
	sip_out_text(&u, at ? at : "");
	sip_out_printf(&u, ";party=%u", party);
	uri[u.len] = '\0';
	attribute(o, "entity", uri);
}

static const char *party_status(const struct notice_party *p)
{
	return p->is_dialled   ? "dialing-out"
	       : p->is_pending ? "pending"
	       : p->is_held    ? "on-hold"
	       : p->is_muted   ? "muted-via-focus"
			       : "connected";
}

void notice_party(struct sip_out *o, const struct notice_conference *c,
		  const struct notice_party *p)
{
	struct span name = span_of(p->name ? p->name : p->address);

	if (name.len > PARTY_NAME_OCTETS)
		name.len = PARTY_NAME_OCTETS;
	sip_out_raw(o, SPAN("<user"));
	party_entity(o, c->entity, p->address, p->number);
	sip_out_raw(o, SPAN(" state=\"full\"><display-text>"));
	notice_xml(o, name);
	sip_out_raw(o, SPAN("</display-text><endpoint"));
	party_entity(o, c->entity, p->address, p->number);
	sip_out_printf(o,
		       " state=\"full\"><status>%s</status>"
		       "<joining-method>%s</joining-method>",
		       party_status(p),
		       p->was_called ? "dialed-out" : "dialed-in");
	sip_out_printf(o,
		       "<media id=\"1\"><type>audio</type><status>%s</status>"
		       "</media></endpoint></user>\r\n",
		       p->is_held    ? "inactive"
		       : p->is_muted ? "sendonly"
				     : "sendrecv");
}

void notice_party_gone(struct sip_out *o, const struct notice_conference *c,
		       const char *address, uint32_t party)
{
	sip_out_raw(o, SPAN("<user"));
	party_entity(o, c->entity, address, party);
	sip_out_raw(o, SPAN(" state=\"deleted\"/>\r\n"));
}

void notice_conference_end(struct sip_out *o)
{
	sip_out_raw(o, SPAN("</users>\r\n</conference-info>\r\n"));
}

void notice_conference_gone(struct sip_out *o, const char *entity,
			    uint32_t version)
{
	conference_root(o, entity, version, "deleted");
	sip_out_raw(o, SPAN("</conference-info>\r\n"));
}
