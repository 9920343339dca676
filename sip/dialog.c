/* dialog.c - see dialog.h
 *
 * Every text is kept cleaned (no CR, LF, control octets) and NUL-terminated,
 * ready to be written into a request.  The calling side keeps the INVITE's
 * transaction until its ACK, so that forks acknowledge the right one.
 */
#include "sip/address.h"
#include "sip/dialog.h"
#include "sip/dialog_private.h"
#include "sip/param.h"
#include "sip/private.h"

static void dialog_destructor(void *data)
{
	struct sip_dialog *d = data;

	if (d->sip) {
		table_remove(&d->sip->dialogs, &d->entry);
		d->sip->counters.dialogs--;
	}
	mem_deref(d->call_id);
	mem_deref(d->local);
	mem_deref(d->local_tag);
	mem_deref(d->remote);
	mem_deref(d->remote_tag);
	mem_deref(d->target);
	mem_deref(d->routes);
	mem_deref(d->contact_user);
	mem_deref(d->user);
	mem_deref(d->secret);
	mem_deref(d->flow);
	d->invite = mem_deref(d->invite);
}

/* Later requests fail; the dialogs are the program's. */
void sip_dialog_drop_all(struct sip *sip)
{
	for (uint32_t i = 0; sip->dialogs.buckets && i <= sip->dialogs.mask;
	     i++) {
		struct table_entry *e;

		while ((e = sip->dialogs.buckets[i])) {
			struct sip_dialog *d = CONTAINER_OF(
				e, struct sip_dialog, entry);

			table_remove(&sip->dialogs, e);
			d->invite = mem_deref(d->invite);
			d->sip = NULL;
		}
	}
}

static uint64_t dialog_key(struct span call_id, struct span local_tag)
{
	return hash_span(hash_span(41, call_id), local_tag);
}

int sip_text_set(char **textp, struct span s)
{
	struct sip_out o;
	char *p;

	if (*textp && span_equal(span_of(*textp), s)) /* as most targets */
		return 0;

	p = mem_alloc(s.len + 1, NULL);
	if (!p)
		return ENOMEM;

	sip_out_init(&o, p, s.len);
	sip_out_value(&o, s);
	p[o.len] = '\0';
	mem_deref(*textp);
	*textp = p;
	return 0;
}

struct sip_dialog *sip_dialog_new(struct sip *sip, void *arg)
{
	struct sip_dialog *d = mem_zalloc(sizeof(*d), dialog_destructor);

	if (!d)
		return NULL;

	d->sip = sip;
	d->arg = arg;
	sip->counters.dialogs++;
	return d;
}

void sip_dialog_enter(struct sip_dialog *d)
{
	table_add(&d->sip->dialogs, &d->entry,
		  dialog_key(span_of(d->call_id), span_of(d->local_tag)));
}

/* A From or To value without its parameters. */
static int set_party(char **textp, const struct sip_address *a)
{
	uint32_t size = a->display.len + a->uri_text.len + 3;
	struct sip_out o;
	char *p;

	if (!a->uri_text.len)
		return EBADMSG;

	p = mem_alloc(size + 1, NULL);
	if (!p)
		return ENOMEM;

	sip_out_init(&o, p, size);
	sip_out_value(&o, a->display);
	sip_out_raw(&o, a->display.len ? SPAN(" <") : SPAN("<"));
	sip_out_value(&o, a->uri_text);
	sip_out_raw(&o, SPAN(">"));
	p[o.len] = '\0';
	mem_deref(*textp);
	*textp = p;

	return 0;
}

static int set_contact(char **textp, const struct sip_message *m)
{
	if (!sip_has_header(m, SIP_HEADER_CONTACT))
		return ENOENT;
	if (!m->contact.uri_text.len)
		return EBADMSG;

	return sip_text_set(textp, m->contact.uri_text);
}

enum { ROUTES_MAX = 32 };

/* Record-Route as our route set: as it stands for the called side, from the
 * far end for the calling side. */
static int set_routes(char **textp, const struct sip_message *m,
		      bool is_reversed)
{
	struct span found[ROUTES_MAX];
	struct sip_values it;
	struct mbuf *mb;
	int n = 0;
	int err = 0;

	sip_values_start(&it, m, SIP_HEADER_RECORD_ROUTE);
	while (n < ROUTES_MAX && sip_values_next(&it, &found[n]))
		n++;
	if (!n) {
		*textp = mem_deref(*textp);
		return 0;
	}

	mb = mbuf_alloc(512);
	if (!mb)
		return ENOMEM;
	for (int i = 0; i < n && !err; i++) {
		struct span s = found[is_reversed ? n - 1 - i : i];

		if (i)
			err = mbuf_write_str(mb, ", ");
		if (!err)
			err = mbuf_write_mem(mb, (const uint8_t *)s.p, s.len);
	}
	if (!err)
		err = sip_text_set(textp, (struct span){ (const char *)mb->buf,
							 (uint32_t)mb->end });
	mem_deref(mb);
	return err;
}

/* --- beginnings --- */

int sip_dialog_alloc(struct sip_dialog **dp, struct sip *sip,
		     const struct sip_dialog_begin *b, void *arg)
{
	struct sip_dialog *d;
	char text[17];
	int err = 0;

	if (!dp || !sip || !b || !b->local.len || !b->remote.len ||
	    !b->target.len)
		return EINVAL;

	d = sip_dialog_new(sip, arg);
	if (!d)
		return ENOMEM;

	sip_random(text);
	d->is_caller = true;
	d->local_cseq = 1 + (uint32_t)(text[0] & 63);
	err |= sip_text_set(&d->call_id,
			    b->call_id.len ? b->call_id : span_of(text));
	sip_random(text);
	err |= sip_text_set(&d->local_tag, span_of(text));
	err |= sip_text_set(&d->local, b->local);
	err |= sip_text_set(&d->remote, b->remote);
	err |= sip_text_set(&d->remote_tag, (struct span){ "", 0 });
	err |= sip_text_set(&d->target, b->target);
	err |= sip_text_set(&d->contact_user, b->contact_user);
	if (b->routes.len)
		err |= sip_text_set(&d->routes, b->routes);
	if (b->credentials)
		err |= sip_dialog_set_credentials(d, b->credentials);
	d->flow = mem_ref(b->flow);
	if (err) {
		mem_deref(d);
		return ENOMEM;
	}

	sip_dialog_enter(d);
	*dp = d;
	return 0;
}

int sip_dialog_accept(struct sip_dialog **dp, struct sip *sip,
		      const struct sip_message *m, struct sip_server *stx,
		      struct span contact_user, void *arg)
{
	struct sip_dialog *d;
	int err = 0;

	if (!dp || !sip || !m || !stx || m->to_tag.len)
		return EINVAL;

	d = sip_dialog_new(sip, arg);
	if (!d)
		return ENOMEM;

	err = sip_text_set(&d->call_id, m->call_id);
	if (!err)
		err = sip_text_set(&d->local_tag, span_of(sip_server_tag(stx)));
	if (!err)
		err = sip_text_set(&d->remote_tag, m->from_tag);
	if (!err)
		err = set_party(&d->local, &m->to);
	if (!err)
		err = set_party(&d->remote, &m->from);
	if (!err)
		err = sip_text_set(&d->contact_user, contact_user);
	if (!err)
		err = set_routes(&d->routes, m, false);
	if (!err)
		err = set_contact(&d->target, m);
	if (err == ENOENT) /* RFC 2543 callers have no Contact */
		err = sip_text_set(&d->target, m->from.uri_text);
	if (err) {
		mem_deref(d);
		return err;
	}

	d->remote_cseq = m->cseq;
	d->local_cseq = 1 + (uint32_t)(d->local_tag[0] & 63);
	d->flow = mem_ref(sip_server_flow(stx));
	sip_dialog_enter(d);
	*dp = d;
	return 0;
}

static int complete(struct sip_dialog *d, const struct sip_message *m,
		    struct sip_flow *flow)
{
	int err = sip_text_set(&d->remote_tag, m->to_tag);

	if (!err)
		err = set_routes(&d->routes, m, true);
	if (!err)
		err = set_contact(&d->target, m);
	if (err == ENOENT)
		err = 0;
	if (!err && flow && !sip_flow_is_alive(d->flow))
		sip_dialog_set_flow(d, flow);

	return err;
}

static struct sip_dialog *fork_alloc(const struct sip_dialog *d)
{
	struct sip_dialog *f = sip_dialog_new(d->sip, d->arg);
	int err = 0;

	if (!f)
		return NULL;

	f->is_caller = true;
	f->call_id = mem_ref(d->call_id);
	f->local = mem_ref(d->local);
	f->local_tag = mem_ref(d->local_tag);
	f->remote = mem_ref(d->remote);
	f->contact_user = mem_ref(d->contact_user);
	f->user = mem_ref(d->user);
	f->secret = mem_ref(d->secret);
	f->local_cseq = d->local_cseq;
	f->flow = mem_ref(d->flow);
	err = sip_text_set(&f->target, span_of(d->target));
	if (err) {
		mem_deref(f);
		return NULL;
	}
	return f;
}

static struct sip_dialog *find(const struct sip *sip, struct span call_id,
			       struct span local_tag, struct span remote_tag)
{
	struct table_entry *e;

	e = table_first(&sip->dialogs, dialog_key(call_id, local_tag));
	for (; e; e = table_next(e)) {
		struct sip_dialog *d = CONTAINER_OF(e, struct sip_dialog,
						    entry);

		if (span_equal(call_id, span_of(d->call_id)) &&
		    span_equal(local_tag, span_of(d->local_tag)) &&
		    span_equal(remote_tag, span_of(d->remote_tag)))
			return d;
	}

	return NULL;
}

int sip_dialog_answered(struct sip_dialog **forkp, struct sip_dialog *d,
			const struct sip_message *m, struct sip_flow *flow)
{
	struct sip_dialog *f;
	int err;

	if (!forkp || !d || !d->sip || !m || m->is_request || m->status > 299)
		return EINVAL;

	*forkp = NULL;
	if (m->status <= 100 || !m->to_tag.len)
		return 0;

	if (!*d->remote_tag)
		return complete(d, m, flow);
	if (span_equal(m->to_tag, span_of(d->remote_tag))) {
		/* the final answer's Contact counts */
		err = m->status >= 200 ? set_contact(&d->target, m) : 0;
		return err == ENOENT ? 0 : err;
	}

	f = find(d->sip, m->call_id, m->from_tag, m->to_tag);
	if (f) {
		err = m->status >= 200 ? set_contact(&f->target, m) : 0;
		if (err && err != ENOENT)
			return err;
		*forkp = mem_ref(f);
		return 0;
	}

	f = fork_alloc(d);
	if (!f)
		return ENOMEM;
	/* d may have acknowledged its own answer already */
	if (m->cseq_method == SIP_METHOD_INVITE)
		f->invite = mem_ref(sip_client_find(d->sip, m));
	err = complete(f, m, flow);
	if (err) {
		mem_deref(f);
		return err;
	}
	sip_dialog_enter(f);
	*forkp = f;
	return 0;
}

/* --- finding --- */

struct sip_dialog *sip_dialog_find(const struct sip *sip,
				   const struct sip_message *m)
{
	if (!sip || !m || !m->is_request || !m->to_tag.len)
		return NULL;

	return find(sip, m->call_id, m->to_tag, m->from_tag);
}

struct sip_dialog *sip_dialog_lookup(const struct sip *sip, struct span call_id,
				     struct span local_tag,
				     struct span remote_tag)
{
	return sip ? find(sip, call_id, local_tag, remote_tag) : NULL;
}

static bool is_target_refresh(const struct sip_message *m)
{
	switch (m->method) {
	case SIP_METHOD_INVITE:
	case SIP_METHOD_UPDATE:
	case SIP_METHOD_SUBSCRIBE:
	case SIP_METHOD_NOTIFY:
	case SIP_METHOD_REFER: return true;
	default: return false;
	}
}

int sip_dialog_receive(struct sip_dialog *d, const struct sip_message *m,
		       struct sip_flow *flow)
{
	int err;

	if (!d || !m || !m->is_request)
		return EINVAL;

	if (m->method != SIP_METHOD_ACK) {
		if (m->cseq < d->remote_cseq)
			return EILSEQ;
		d->remote_cseq = m->cseq;
	}
	if (is_target_refresh(m)) {
		err = set_contact(&d->target, m);
		if (err && err != ENOENT)
			return err;
	}
	if (flow && flow != d->flow)
		sip_dialog_set_flow(d, flow);

	return 0;
}

/* --- asking --- */

static bool is_loose(struct span route)
{
	struct sip_address a;

	return sip_address_parse(&a, route) ||
	       sip_uri_param(&a.uri, "lr", NULL);
}

/* Request-URI, next hop and Route line; strict routers get what RFC 3261
 * 12.2.1.1 says. */
static void write_route(const struct sip_dialog *d, struct sip_out *headers,
			struct span *urip, struct span *hopp)
{
	struct span rest, first;
	struct sip_address a;

	*urip = span_of(d->target);
	*hopp = *urip;
	if (!d->routes || !*d->routes)
		return;

	rest = span_of(d->routes);
	if (!sip_list_next(&rest, &first) || sip_address_parse(&a, first))
		return;

	*hopp = a.uri_text;
	sip_out_text(headers, "Route: ");
	if (is_loose(first)) {
		sip_out_text(headers, d->routes);
	}
	else {
		*urip = a.uri_text;
		if (rest.len) {
			sip_out_raw(headers, rest);
			sip_out_text(headers, ", ");
		}
		sip_out_text(headers, "<");
		sip_out_text(headers, d->target);
		sip_out_text(headers, ">");
	}
	sip_out_text(headers, "\r\n");
}

static void write_party(struct sip_out *o, const char *who, const char *tag)
{
	sip_out_text(o, who);
	if (*tag) {
		sip_out_text(o, ";tag=");
		sip_out_text(o, tag);
	}
}

/* Everything a request in this dialog has in common.  The writers live in the
 * caller's frame. */
struct draft {
	char from[1024], to[1024];
	char headers[16384];
	struct sip_request request;
};

static int draft_make(struct draft *f, struct sip_dialog *d, const char *method,
		      struct span headers, bool with_contact)
{
	struct sip_out from, to, lines;
	struct sip_request *r = &f->request;

	memset(r, 0, sizeof(*r));
	sip_out_init(&from, f->from, sizeof(f->from));
	sip_out_init(&to, f->to, sizeof(f->to));
	sip_out_init(&lines, f->headers, sizeof(f->headers));
	write_party(&from, d->local, d->local_tag);
	write_party(&to, d->remote, d->remote_tag);

	r->method = span_of(method);
	write_route(d, &lines, &r->uri, &r->next_hop);
	sip_out_raw(&lines, headers);
	if (from.is_full || to.is_full || lines.is_full)
		return E2BIG;

	r->from = sip_out_span(&from);
	r->to = sip_out_span(&to);
	r->call_id = span_of(d->call_id);
	r->headers = sip_out_span(&lines);
	r->with_contact = with_contact;
	r->contact_user = with_contact ? span_of(d->contact_user)
				       : (struct span){ NULL, 0 };
	r->flow = sip_flow_is_alive(d->flow) ? d->flow : NULL;
	return 0;
}

static bool has_contact(const char *method)
{
	static const char *const methods[] = { "INVITE", "UPDATE", "SUBSCRIBE",
					       "NOTIFY", "REFER",  "REGISTER" };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (!strcmp(method, methods[i]))
			return true;
	}

	return false;
}

static bool has_line(struct span headers, const char *name)
{
	struct span rest = headers;
	size_t n = strlen(name);

	while (rest.len > n) {
		const char *e = memchr(rest.p, '\n', rest.len);

		if (!strncasecmp(rest.p, name, n) && rest.p[n] == ':')
			return true;
		if (!e)
			break;
		rest.len -= (uint32_t)(e + 1 - rest.p);
		rest.p = e + 1;
	}

	return false;
}

int sip_dialog_request(struct sip_client **ctxp, struct sip_dialog *d,
		       const struct sip_dialog_request *ask,
		       sip_client_h *handler, void *arg)
{
	struct sip_credentials who;
	struct sip_client *ctx = NULL;
	struct draft f;
	int err;

	if (!d || !ask || !ask->method)
		return EINVAL;
	if (!d->sip)
		return ENOTCONN;

	err = draft_make(&f, d, ask->method, ask->headers,
			 has_contact(ask->method) &&
				 !has_line(ask->headers, "Contact"));
	if (err)
		return err;

	/* a digest retry takes the next number by itself: leave room */
	d->local_cseq += d->secret ? 4 : 1;
	f.request.cseq = d->local_cseq;
	f.request.content_type = ask->content_type;
	f.request.body = ask->body;
	f.request.max_forwards = ask->max_forwards;
	if (d->secret) {
		who = (struct sip_credentials){ d->user, d->secret };
		f.request.credentials = &who;
	}

	err = sip_client_request(&ctx, d->sip, &f.request, handler, arg);
	if (err)
		return err;

	if (d->secret)
		d->local_cseq += 3;
	if (!strcmp(ask->method, "INVITE")) {
		mem_deref(d->invite);
		d->invite = mem_ref(ctx);
	}
	if (ctxp)
		*ctxp = ctx;
	else
		mem_deref(ctx);

	return 0;
}

int sip_dialog_ack(struct sip_dialog *d, struct span content_type,
		   struct span body)
{
	char branch[SIP_BRANCH_SIZE] = "z9hG4bK";
	struct sip_flow *flow;
	struct sip_out o;
	struct draft f;
	int err;

	if (!d)
		return EINVAL;
	if (!d->sip)
		return ENOTCONN;
	if (!d->invite)
		return EALREADY;

	err = draft_make(&f, d, "ACK", (struct span){ NULL, 0 }, false);
	if (err)
		return err;

	flow = f.request.flow ? f.request.flow : sip_client_flow(d->invite);
	if (!flow)
		return ENOTCONN;

	f.request.cseq = sip_client_cseq(d->invite);
	f.request.content_type = content_type;
	f.request.body = body;
	sip_random(branch + 7);
	sip_out_init(&o, d->sip->wire, sizeof(d->sip->wire));
	err = sip_wire_build(&o, d->sip, flow, branch, &f.request);
	if (err)
		return err;

	(void)sip_client_ack(d->invite, flow, span_of(d->remote_tag),
			     sip_out_span(&o));
	d->invite = mem_deref(d->invite);
	return sip_send(d->sip, flow, sip_out_span(&o));
}

bool sip_message_is_reliable(const struct sip_message *m)
{
	return m && !m->is_request && m->status > 100 && m->status < 200 &&
	       sip_has_header(m, SIP_HEADER_RSEQ) &&
	       sip_header_has(m, SIP_HEADER_REQUIRE, "100rel");
}

int sip_dialog_prack(struct sip_client **ctxp, struct sip_dialog *d,
		     const struct sip_message *m, struct span content_type,
		     struct span body, sip_client_h *handler, void *arg)
{
	struct sip_dialog_request ask = {
		.method = "PRACK",
		.content_type = content_type,
		.body = body,
	};
	char line[96];

	if (!sip_message_is_reliable(m))
		return EBADMSG;

	(void)re_snprintf(line, sizeof(line), "RAck: %u %u %b\r\n",
			  sip_header_seconds(m, SIP_HEADER_RSEQ, 0), m->cseq,
			  m->cseq_method_name.p,
			  (size_t)m->cseq_method_name.len);
	ask.headers = span_of(line);

	return sip_dialog_request(ctxp, d, &ask, handler, arg);
}

/* --- what it holds --- */

void *sip_dialog_arg(const struct sip_dialog *d)
{
	return d ? d->arg : NULL;
}

void sip_dialog_set_arg(struct sip_dialog *d, void *arg)
{
	if (d)
		d->arg = arg;
}

const char *sip_dialog_call_id(const struct sip_dialog *d)
{
	return d ? d->call_id : "";
}

const char *sip_dialog_local_tag(const struct sip_dialog *d)
{
	return d ? d->local_tag : "";
}

const char *sip_dialog_remote_tag(const struct sip_dialog *d)
{
	return d ? d->remote_tag : "";
}

const char *sip_dialog_target(const struct sip_dialog *d)
{
	return d ? d->target : "";
}

uint32_t sip_dialog_local_cseq(const struct sip_dialog *d)
{
	return d ? d->local_cseq : 0;
}

struct sip_flow *sip_dialog_flow(const struct sip_dialog *d)
{
	return d ? d->flow : NULL;
}

void sip_dialog_set_flow(struct sip_dialog *d, struct sip_flow *flow)
{
	mem_ref(flow);
	mem_deref(d->flow);
	d->flow = flow;
}

int sip_dialog_set_credentials(struct sip_dialog *d,
			       const struct sip_credentials *who)
{
	char *user = NULL, *secret = NULL;

	if (str_dup(&user, who->user) || str_dup(&secret, who->secret)) {
		mem_deref(user);
		mem_deref(secret);
		return ENOMEM;
	}
	mem_deref(d->user);
	mem_deref(d->secret);
	d->user = user;
	d->secret = secret;

	return 0;
}

int sip_dialog_set_target(struct sip_dialog *d, struct span uri)
{
	return d && uri.len ? sip_text_set(&d->target, uri) : EINVAL;
}

struct span sip_dialog_routes(const struct sip_dialog *d)
{
	return span_of(d && d->routes ? d->routes : "");
}

int sip_dialog_set_routes(struct sip_dialog *d, struct span routes)
{
	return d && routes.len ? sip_text_set(&d->routes, routes) : EINVAL;
}

int sip_dialog_set_contact_user(struct sip_dialog *d, struct span user)
{
	return sip_text_set(&d->contact_user, user);
}
