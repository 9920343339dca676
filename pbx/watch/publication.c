/* publication.c - see publication.h */
#include "base/clock.h"
#include "base/wheel.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/watch/publication.h"
#include "pbx/watch/subscription.h"
#include "sip/server_tx.h"
#include "sip/uri.h"

enum { TAG_SIZE = 17, HEADERS_BYTES = 128 };

struct publication {
	struct le le;        /* of all, the newest last */
	struct phone *phone; /* not counted: it drops them */
	struct wheel_timer timer;
	char tag[TAG_SIZE];
	bool is_closed;
	char note[PUBLICATION_NOTE_BYTES];
};

static struct {
	struct list all;
	uint32_t count;
} publications;

int publication_init(void)
{
	list_init(&publications.all);
	publications.count = 0;

	return 0;
}

static void destructor(void *data)
{
	struct publication *p = data;

	wheel_stop(&p->timer);
	list_unlink(&p->le);
	publications.count--;
}

void publication_close(void)
{
	struct le *le;

	while ((le = list_head(&publications.all)))
		mem_deref(le->data);
}

/* ---- documents ---- */

/* What stands between <NAME ...> and </NAME>, whatever its prefix; *atp goes
 * behind it.  Empty at the end. */
static struct span element(struct span s, const char *name)
{
	struct span want = span_of(name);

	for (uint32_t i = 0; i + want.len + 1 < s.len; i++) {
		uint32_t at = i + 1, end;

		if (s.p[i] != '<')
			continue;
		for (end = at; end < s.len && !strchr(" \t\r\n/>", s.p[end]);
		     end++) {
			if (s.p[end] == ':')
				at = end + 1;
		}
		if (end == s.len ||
		    !span_equal((struct span){ s.p + at, end - at }, want))
			continue;
		while (end < s.len && s.p[end] != '>')
			end++;
		if (end == s.len || s.p[end - 1] == '/')
			continue;
		at = ++end;
		while (end < s.len && s.p[end] != '<')
			end++;
		return (struct span){ s.p + at, end - at };
	}

	return (struct span){ NULL, 0 };
}

static char entity_of(struct span *restp)
{
	static const struct {
		const char *name;
		char c;
	} entities[] = {
		{ "&lt;", '<' },   { "&gt;", '>' },    { "&amp;", '&' },
		{ "&quot;", '"' }, { "&apos;", '\'' },
	};

	for (unsigned i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		struct span name = span_of(entities[i].name);

		if (restp->len >= name.len &&
		    !memcmp(restp->p, name.p, name.len)) {
			restp->p += name.len;
			restp->len -= name.len;
			return entities[i].c;
		}
	}

	return 0;
}

static void copy_note(char out[PUBLICATION_NOTE_BYTES], struct span text)
{
	size_t n = 0;

	while (text.len && n + 1 < PUBLICATION_NOTE_BYTES) {
		char c = *text.p == '&' ? entity_of(&text) : 0;

		if (!c) {
			c = *text.p++;
			text.len--;
		}
		out[n++] = (uint8_t)c < ' ' ? ' ' : c;
	}
	/* No piece of a character. */
	if (text.len && ((uint8_t)*text.p & 0xc0) == 0x80) {
		while (n && ((uint8_t)out[n - 1] & 0xc0) == 0x80)
			n--;
		if (n)
			n--;
	}
	out[n] = '\0';
}

int publication_read(struct span document, bool *is_closedp,
		     char note[PUBLICATION_NOTE_BYTES])
{
	struct span basic;

	if (re_regex(document.p, document.len, "presence"))
		return EBADMSG;

	basic = element(document, "basic");
	copy_note(note, element(document, "note"));
	*is_closedp = span_equal(basic, SPAN("closed"));

	return basic.len && !*is_closedp && !span_equal(basic, SPAN("open"))
		       ? EBADMSG
		       : 0;
}

/* ---- who says it ---- */

static bool is_at(const struct phone *p, const char *customer,
		  const char *number)
{
	const struct user *u = phone_person(p);

	return p->customer && !strcmp(p->customer->id, customer) &&
	       (!strcmp(p->number, number) ||
		(u && !strcmp(u->extension, number)));
}

bool publication_of(struct publication_view *v, const char *customer,
		    const char *number)
{
	for (struct le *le = publications.all.tail; le; le = le->prev) {
		const struct publication *p = le->data;

		if (!is_at(p->phone, customer, number))
			continue;
		v->is_closed = p->is_closed;
		v->note = p->note;
		return true;
	}

	return false;
}

static void forget(struct publication *p)
{
	const struct phone *phone = p->phone;

	mem_deref(p);
	subscription_presence(phone);
}

static void expired(void *arg)
{
	forget(arg);
}

void publication_drop(const struct phone *phone)
{
	for (struct le *le = list_head(&publications.all); le;) {
		struct publication *p = le->data;

		le = le->next;
		if (p->phone == phone)
			mem_deref(p);
	}
}

static struct publication *find(const struct phone *phone, struct span tag)
{
	for (struct le *le = list_head(&publications.all); le; le = le->next) {
		struct publication *p = le->data;

		if (p->phone == phone && span_equal(span_of(p->tag), tag))
			return p;
	}

	return NULL;
}

static void make_room(const struct phone *phone)
{
	struct publication *oldest = NULL;
	uint32_t n = 0;

	for (struct le *le = publications.all.tail; le; le = le->prev) {
		struct publication *p = le->data;

		if (p->phone == phone) {
			oldest = p;
			n++;
		}
	}
	if (n >= PUBLICATIONS_OF_PHONE)
		mem_deref(oldest);
}

static struct publication *add(struct phone *phone)
{
	struct publication *p;

	make_room(phone);
	if (publications.count >= PUBLICATIONS_MAX)
		return NULL;
	p = mem_zalloc(sizeof(*p), destructor);
	if (!p)
		return NULL;

	p->phone = phone;
	publications.count++;
	list_append(&publications.all, &p->le, p);

	return p;
}

/* ---- PUBLISH ---- */

/* The number is the phone's own. */
static bool is_own(const struct sip_message *m, const struct phone *phone)
{
	char user[SIP_USER_MAX_BYTES + 1];
	struct sip_uri uri;

	return phone->customer && !sip_uri_parse(&uri, m->uri) &&
	       !sip_uri_user(&uri, user, sizeof(user)) &&
	       (!strcmp(user, phone->sip_user) ||
		is_at(phone, phone->customer->id, user));
}

struct wish {
	struct span tag; /* of SIP-If-Match, or empty */
	uint32_t expires_s;
	bool is_closed;
	char note[PUBLICATION_NOTE_BYTES];
};

/* 0, or the status that refuses it. */
static uint16_t read_wish(struct wish *w, const struct sip_message *m,
			  const struct phone *phone)
{
	memset(w, 0, sizeof(*w));
	if (!span_equal_nocase(sip_header_value(m, SIP_HEADER_EVENT),
			       SPAN("presence")))
		return 489;
	if (!is_own(m, phone))
		return 403;
	w->tag = sip_header_value(m, SIP_HEADER_SIP_IF_MATCH);
	w->expires_s = sip_header_seconds(m, SIP_HEADER_EXPIRES,
					  pbx_settings.registration_max_s);
	if (w->expires_s > pbx_settings.registration_max_s)
		w->expires_s = pbx_settings.registration_max_s;
	if (w->expires_s && w->expires_s < pbx_settings.registration_min_s)
		return 423;
	if (!m->body.len)
		return w->tag.len ? 0 : 400;
	if (m->body.len > PUBLICATION_BYTES)
		return 413;
	if (!sip_body_is(m, "application/pidf+xml"))
		return 415;

	return publication_read(m->body, &w->is_closed, w->note) ? 400 : 0;
}

static void refuse(struct sip_server *asked, uint16_t status)
{
	struct sip_reply reply = { .status = status };
	char min[40];

	(void)re_snprintf(min, sizeof(min), "Min-Expires: %u\r\n",
			  pbx_settings.registration_min_s);
	if (status == 489)
		reply.headers = SPAN("Allow-Events: presence\r\n");
	else if (status == 423)
		reply.headers = span_of(min);
	else if (status == 415)
		reply.headers = SPAN("Accept: application/pidf+xml\r\n");
	(void)sip_server_reply(asked, &reply);
}

static void take(struct sip_server *asked, const char *tag, uint32_t expires_s)
{
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_reply reply = { .status = 200 };

	sip_out_init(&o, buf, sizeof(buf));
	sip_out_header_text(&o, "SIP-ETag", tag);
	sip_out_header_number(&o, SIP_HEADER_EXPIRES, expires_s);
	reply.headers = sip_out_span(&o);
	(void)sip_server_reply(asked, &reply);
}

/* Publish anew, change or refresh: the newest of all, with a new tag. */
static void keep(struct publication *p, const struct wish *w, bool is_said)
{
	sip_random(p->tag);
	if (is_said) {
		p->is_closed = w->is_closed;
		memcpy(p->note, w->note, sizeof(p->note));
	}
	list_unlink(&p->le);
	list_append(&publications.all, &p->le, p);
	wheel_start(&p->timer, w->expires_s * 1000ull, expired, p);
}

static void request(struct sip_server *asked, const struct sip_message *m,
		    struct phone *phone)
{
	struct publication *p = NULL;
	struct wish w;
	uint16_t status = read_wish(&w, m, phone);
	char tag[TAG_SIZE];

	if (!status && w.tag.len) {
		p = find(phone, w.tag);
		status = p ? 0 : 412;
	}
	if (!status && !p && w.expires_s) {
		p = add(phone);
		status = p ? 0 : 503;
	}
	if (status) {
		refuse(asked, status);
		return;
	}

	if (w.expires_s) {
		keep(p, &w, m->body.len > 0);
		take(asked, p->tag, w.expires_s);
		subscription_presence(phone);
		return;
	}
	sip_random(tag);
	take(asked, tag, 0);
	if (p)
		forget(p);
}

void publication_request(const struct sip_message *m, struct sip_flow *flow,
			 struct phone *phone)
{
	struct sip_server *asked = NULL;
	int err = sip_server_accept(&asked, server_sip(), m, flow, NULL, NULL,
				    NULL);

	if (err) {
		if (err != EALREADY)
			(void)sip_refuse(server_sip(), m, flow, 500,
					 (struct span){ NULL, 0 });
		return;
	}

	request(asked, m, phone);
	sip_server_forget(&asked);
}
