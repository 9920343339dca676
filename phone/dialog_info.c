/* dialog_info.c - see dialog_info.h
 *
 * One walk from tag to tag.  Which element a tag or text belongs to is told
 * by the names of those that are open.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/libre.h"
#include "phone/dialog_info.h"
#include "sip/uri.h"

enum { DEPTH_MAX = 12, VALUE_SIZE = 320 };

struct tag {
	struct span name; /* without prefix */
	struct span attributes;
	bool is_end;
	bool is_empty; /* <a/> */
};

struct walk {
	struct dialog_info *info;
	struct dialog_info_dialog *dialog; /* open, or NULL */
	struct dialog_info_dialog spare;   /* where there is no room */
	struct span open[DEPTH_MAX];
	unsigned depth;
	bool has_root;
};

/* ---- texts ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span s)
{
	while (s.len && is_blank(*s.p)) {
		s.p++;
		s.len--;
	}
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;

	return s;
}

/* The octet an entity stands for; 0: none that we know. */
static char entity_of(struct span s, uint32_t *lenp)
{
	static const struct {
		struct span name;
		char c;
	} all[] = {
		{ SPAN("&amp;"), '&' },   { SPAN("&lt;"), '<' },
		{ SPAN("&gt;"), '>' },    { SPAN("&quot;"), '"' },
		{ SPAN("&apos;"), '\'' },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		*lenp = all[i].name.len;
		if (s.len >= *lenp && !memcmp(s.p, all[i].name.p, *lenp))
			return all[i].c;
	}

	return '\0';
}

/* As far as there is room; a control octet becomes a blank. */
static void unescape(struct span s, char *out, size_t size)
{
	size_t n = 0;

	for (uint32_t i = 0; i < s.len && n + 1 < size;) {
		struct span rest = { s.p + i, s.len - i };
		uint32_t len = 1;
		char c = s.p[i] == '&' ? entity_of(rest, &len) : '\0';

		if (!c) {
			c = s.p[i];
			len = 1;
		}
		out[n++] = (unsigned char)c < ' ' || c == 0x7f ? ' ' : c;
		i += len;
	}
	out[n] = '\0';
}

/* "bob" of sip:bob@example, else the whole. */
static void user_of(struct span s, char *out, size_t size)
{
	char text[VALUE_SIZE];
	struct sip_uri uri;

	unescape(trim(s), text, sizeof(text));
	if (sip_uri_parse(&uri, span_of(text)) || sip_uri_user(&uri, out, size))
		(void)snprintf(out, size, "%s", text);
}

/* ---- tags ---- */

static struct span local_name(struct span s)
{
	const char *colon = s.len ? memchr(s.p, ':', s.len) : NULL;

	if (!colon)
		return s;

	return (struct span){ colon + 1, (uint32_t)(s.p + s.len - colon - 1) };
}

/* Take the next attribute of a tag. */
static bool attribute_next(struct span *rest, struct span *name,
			   struct span *value)
{
	struct span s = trim(*rest);
	const char *equals = s.len ? memchr(s.p, '=', s.len) : NULL;
	const char *end;
	struct span v;

	if (!equals)
		return false;
	*name = local_name(
		trim((struct span){ s.p, (uint32_t)(equals - s.p) }));
	v.p = equals + 1;
	v.len = (uint32_t)(s.p + s.len - v.p);
	v = trim(v);
	if (v.len < 2 || (*v.p != '"' && *v.p != '\''))
		return false;
	end = memchr(v.p + 1, *v.p, v.len - 1);
	if (!end)
		return false;

	*value = (struct span){ v.p + 1, (uint32_t)(end - v.p - 1) };
	*rest = (struct span){ end + 1, (uint32_t)(v.p + v.len - end - 1) };

	return true;
}

static struct span attribute(const struct tag *t, struct span wanted)
{
	struct span rest = t->attributes, name, value;

	while (attribute_next(&rest, &name, &value)) {
		if (span_equal(name, wanted))
			return value;
	}

	return (struct span){ NULL, 0 };
}

/* Where a tag ends: the ">" outside of quotes; NULL: nowhere. */
static const char *tag_end(const char *p, const char *end)
{
	char quote = '\0';

	for (; p < end; p++) {
		if (quote) {
			if (*p == quote)
				quote = '\0';
		}
		else if (*p == '"' || *p == '\'') {
			quote = *p;
		}
		else if (*p == '>') {
			return p;
		}
	}

	return NULL;
}

/* What stands between "<" and ">". */
static void tag_read(struct tag *t, struct span s)
{
	uint32_t n = 0;

	*t = (struct tag){ .is_end = s.len && *s.p == '/' };
	if (t->is_end) {
		s.p++;
		s.len--;
	}
	else if (s.len && s.p[s.len - 1] == '/') {
		t->is_empty = true;
		s.len--;
	}
	while (n < s.len && !is_blank(s.p[n]))
		n++;
	t->name = local_name((struct span){ s.p, n });
	t->attributes = (struct span){ s.p + n, s.len - n };
}

/* ---- what they mean ---- */

/* Whether the element at this depth, from 0, is so called. */
static bool is_in(const struct walk *w, unsigned depth, struct span name)
{
	return w->depth > depth && span_equal(w->open[depth], name);
}

static int begin_document(struct walk *w, const struct tag *t)
{
	char version[16];
	char *end;

	if (w->has_root || !span_equal(t->name, SPAN("dialog-info")))
		return EBADMSG;

	w->has_root = true;
	w->info->is_full = span_equal(attribute(t, SPAN("state")),
				      SPAN("full"));
	unescape(attribute(t, SPAN("version")), version, sizeof(version));
	w->info->version = (uint32_t)strtoul(version, &end, 10);

	return end == version || *end ? EBADMSG : 0;
}

static int begin_dialog(struct walk *w, const struct tag *t)
{
	struct dialog_info_dialog *d = &w->spare;

	if (w->info->count < DIALOG_INFO_MAX)
		d = &w->info->dialog[w->info->count++];
	memset(d, 0, sizeof(*d));
	unescape(attribute(t, SPAN("id")), d->id, sizeof(d->id));
	d->is_called = span_equal(attribute(t, SPAN("direction")),
				  SPAN("recipient"));
	w->dialog = d;

	return d->id[0] ? 0 : EBADMSG;
}

static int begin(struct walk *w, const struct tag *t)
{
	if (!w->depth)
		return begin_document(w, t);
	if (w->depth == 1 && span_equal(t->name, SPAN("dialog")))
		return begin_dialog(w, t);
	if (!w->dialog || w->depth < 3)
		return 0;

	if (is_in(w, 2, SPAN("remote")) &&
	    span_equal(t->name, SPAN("identity")))
		unescape(attribute(t, SPAN("display")), w->dialog->name,
			 sizeof(w->dialog->name));
	if (is_in(w, 2, SPAN("local")) && span_equal(t->name, SPAN("param")) &&
	    span_equal(attribute(t, SPAN("pname")), SPAN("+sip.rendering")) &&
	    span_equal(attribute(t, SPAN("pval")), SPAN("no")))
		w->dialog->is_held = true;

	return 0;
}

static int take_state(struct dialog_info_dialog *d, struct span s)
{
	static const struct {
		struct span name;
		enum dialog_info_state state;
	} all[] = {
		{ SPAN("trying"), DIALOG_TRYING },
		{ SPAN("proceeding"), DIALOG_TRYING },
		{ SPAN("early"), DIALOG_EARLY },
		{ SPAN("confirmed"), DIALOG_CONFIRMED },
		{ SPAN("terminated"), DIALOG_TERMINATED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (span_equal(all[i].name, s)) {
			d->state = all[i].state;
			return 0;
		}
	}

	return EBADMSG;
}

/* Characters inside the element that is open. */
static int take_text(struct walk *w, struct span s)
{
	struct span text = trim(s);

	if (!text.len)
		return 0;
	if (!w->depth)
		return EBADMSG;
	if (!w->dialog)
		return 0;

	if (w->depth == 3 && is_in(w, 2, SPAN("state")))
		return take_state(w->dialog, text);
	if (w->depth == 4 && is_in(w, 2, SPAN("remote")) &&
	    is_in(w, 3, SPAN("identity")))
		user_of(text, w->dialog->peer, sizeof(w->dialog->peer));

	return 0;
}

static int take_tag(struct walk *w, const struct tag *t)
{
	int err;

	if (!t->name.len)
		return EBADMSG;
	if (t->is_end) {
		if (!w->depth || !span_equal(w->open[w->depth - 1], t->name))
			return EBADMSG;
		if (--w->depth == 1)
			w->dialog = NULL;
		return 0;
	}

	err = begin(w, t);
	if (err || t->is_empty) {
		if (w->depth == 1)
			w->dialog = NULL;
		return err;
	}
	if (w->depth == DEPTH_MAX)
		return EBADMSG;
	w->open[w->depth++] = t->name;

	return 0;
}

/* Behind "<?...?>" or a comment; NULL when it is neither or has no end. */
static const char *passed_over(const char *p, const char *end)
{
	bool is_comment = end - p >= 4 && !memcmp(p, "<!--", 4);
	const char *close = is_comment ? "-->" : "?>";
	const char *at;

	if (!is_comment && (end - p < 2 || p[1] != '?'))
		return NULL;
	at = memmem(p + 2, (size_t)(end - p - 2), close, strlen(close));

	return at ? at + strlen(close) : NULL;
}

int dialog_info_parse(struct dialog_info *d, struct span body)
{
	const char *p = body.p, *end = body.len ? body.p + body.len : body.p;
	struct walk w = { .info = d };
	int err = 0;

	memset(d, 0, sizeof(*d));
	while (!err && p < end) {
		const char *lt = memchr(p, '<', (size_t)(end - p));
		const char *gt;
		struct tag t;

		if (!lt)
			lt = end;
		err = take_text(&w, (struct span){ p, (uint32_t)(lt - p) });
		if (err || lt == end)
			break;
		if (end - lt > 1 && (lt[1] == '?' || lt[1] == '!')) {
			p = passed_over(lt, end);
			if (!p)
				return EBADMSG;
			continue;
		}
		gt = tag_end(lt + 1, end);
		if (!gt)
			return EBADMSG;
		tag_read(&t, (struct span){ lt + 1, (uint32_t)(gt - lt - 1) });
		err = take_tag(&w, &t);
		p = gt + 1;
	}

	return err || w.depth || !w.has_root ? EBADMSG : 0;
}
