/* dialog_store.c - dialogs as lines of text, for after a restart
 *
 * One `key value` a line; a reader skips keys it does not know, so that the
 * release before and after understand each other.
 */
#include "sip/dialog_private.h"
#include "sip/param.h"
#include "sip/private.h"

enum { SAVED_MAX = 1 << 15 };

/* The key comes with its blank. */
static void line(struct sip_out *o, struct span key, const char *value)
{
	if (!value)
		return;

	sip_out_raw(o, key);
	sip_out_text(o, value);
	sip_out_raw(o, SPAN("\n"));
}

void sip_flow_write(struct sip_out *o, const struct sip_flow *f)
{
	sip_out_text(o, sip_transport_name(sip_flow_transport(f)));
	sip_out_text(o, " ");
	sip_out_sa(o, sip_flow_remote(f));
}

int sip_dialog_save(const struct sip_dialog *d, struct mbuf *mb)
{
	char buf[SAVED_MAX];
	struct sip_out o;

	if (!d || !mb)
		return EINVAL;

	sip_out_init(&o, buf, sizeof(buf));
	line(&o, SPAN("call-id "), d->call_id);
	line(&o, SPAN("local "), d->local);
	line(&o, SPAN("local-tag "), d->local_tag);
	line(&o, SPAN("remote "), d->remote);
	line(&o, SPAN("remote-tag "), d->remote_tag);
	line(&o, SPAN("target "), d->target);
	line(&o, SPAN("routes "), d->routes);
	line(&o, SPAN("contact-user "), d->contact_user);
	sip_out_text(&o, "cseq ");
	sip_out_number(&o, d->local_cseq);
	sip_out_text(&o, " ");
	sip_out_number(&o, d->remote_cseq);
	line(&o, SPAN("\nside "), d->is_caller ? "caller" : "called");
	if (d->flow) {
		sip_out_text(&o, "flow ");
		sip_flow_write(&o, d->flow);
		sip_out_text(&o, "\n");
	}

	return o.is_full ? E2BIG
			 : mbuf_write_mem(mb, (const uint8_t *)buf, o.len);
}

static bool next_line(struct span *rest, struct span *key, struct span *value)
{
	const char *e, *sp;
	struct span l;

	if (!rest->len)
		return false;

	e = memchr(rest->p, '\n', rest->len);
	l = (struct span){ rest->p, e ? (uint32_t)(e - rest->p) : rest->len };
	rest->p += l.len + (e ? 1 : 0);
	rest->len -= l.len + (e ? 1 : 0);

	sp = memchr(l.p, ' ', l.len);
	key->p = l.p;
	key->len = sp ? (uint32_t)(sp - l.p) : l.len;
	value->p = sp ? sp + 1 : l.p + l.len;
	value->len = sp ? l.len - key->len - 1 : 0;
	return true;
}

/* Two words. */
static bool split(struct span s, struct span *a, struct span *b)
{
	const char *sp = memchr(s.p, ' ', s.len);

	if (!sp)
		return false;

	*a = (struct span){ s.p, (uint32_t)(sp - s.p) };
	*b = (struct span){ sp + 1, s.len - a->len - 1 };
	return true;
}

static int read_cseq(struct sip_dialog *d, struct span value)
{
	uint64_t local, remote;
	struct span a, b;

	if (!split(value, &a, &b) || sip_number(a, INT32_MAX, &local) ||
	    sip_number(b, UINT32_MAX, &remote))
		return EBADMSG;

	d->local_cseq = (uint32_t)local;
	d->remote_cseq = (uint32_t)remote;
	return 0;
}

/* Only a datagram flow can be had again. */
int sip_flow_read(struct sip_flow **fp, struct sip *sip, struct span text)
{
	enum sip_transport tp;
	struct span name, addr;
	struct sa remote;

	if (!split(text, &name, &addr) || !sip_transport_decode(&tp, name) ||
	    sa_decode(&remote, addr.p, addr.len))
		return EBADMSG;

	return tp == SIP_UDP ? sip_flow_get(fp, sip, SIP_UDP, &remote, NULL)
			     : ENOTCONN;
}

static char **text_of(struct sip_dialog *d, struct span key)
{
	const struct {
		const char *key;
		char **text;
	} texts[] = {
		{ "call-id", &d->call_id },
		{ "local", &d->local },
		{ "local-tag", &d->local_tag },
		{ "remote", &d->remote },
		{ "remote-tag", &d->remote_tag },
		{ "target", &d->target },
		{ "routes", &d->routes },
		{ "contact-user", &d->contact_user },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (span_equal(key, span_of(texts[i].key)))
			return texts[i].text;
	}

	return NULL;
}

static int read_line(struct sip_dialog *d, struct span key, struct span value)
{
	char **text = text_of(d, key);

	if (text)
		return sip_text_set(text, value);
	if (span_equal(key, SPAN("cseq")))
		return read_cseq(d, value);
	if (span_equal(key, SPAN("side")))
		d->is_caller = span_equal(value, SPAN("caller"));
	else if (span_equal(key, SPAN("flow")) && !d->flow)
		(void)sip_flow_read(&d->flow, d->sip, value);

	return 0;
}

int sip_dialog_restore(struct sip_dialog **dp, struct sip *sip,
		       struct span text, void *arg)
{
	struct span key, value;
	struct sip_dialog *d;
	int err = 0;

	if (!dp || !sip)
		return EINVAL;

	d = sip_dialog_new(sip, arg);
	if (!d)
		return ENOMEM;

	while (!err && next_line(&text, &key, &value))
		err = read_line(d, key, value);
	if (!err && !d->remote_tag)
		err = sip_text_set(&d->remote_tag, (struct span){ "", 0 });
	if (!err && !d->contact_user)
		err = sip_text_set(&d->contact_user, (struct span){ "", 0 });
	if (!err && (!d->call_id || !d->local || !d->local_tag || !d->remote ||
		     !d->target || !d->local_cseq))
		err = EBADMSG;
	if (err) {
		mem_deref(d);
		return err;
	}

	sip_dialog_enter(d);
	*dp = d;
	return 0;
}

int sip_dialog_restore_invite(struct sip_client **ctxp, struct sip_dialog *d,
			      struct span text, sip_client_h *handler,
			      void *arg)
{
	struct sip_client *ctx = NULL;
	int err;

	if (!ctxp || !d)
		return EINVAL;

	err = sip_client_restore(&ctx, d->sip, text, d->flow, handler, arg);
	if (err)
		return err;

	mem_deref(d->invite);
	d->invite = mem_ref(ctx);
	*ctxp = ctx;
	return 0;
}
