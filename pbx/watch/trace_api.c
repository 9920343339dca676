/* trace_api.c - see trace_api.h */
#include "model/provision.h"
#include "pbx/watch/trace_api.h"
#include "pbx/watch/trace_print.h"

enum { OUTPUT_BYTES = 8 << 20, ROOM = 1024 };

enum format { FORMAT_JSON, FORMAT_LADDER, FORMAT_PCAP, FORMATS };

static const struct {
	const char *name;
	const char *type;
} formats[FORMATS] = {
	[FORMAT_JSON] = { "json", "application/json" },
	[FORMAT_LADDER] = { "ladder", "text/plain; charset=utf-8" },
	[FORMAT_PCAP] = { "pcap", "application/vnd.tcpdump.pcap" },
};

struct writing {
	struct sip_out o;
	struct trace_ladder ladder;
	enum format format;
	uint32_t count;
	uint32_t left_out;
};

static void meet(const struct trace_message *m, void *arg)
{
	struct writing *w = arg;

	trace_ladder_meet(&w->ladder, m);
}

static void write_one(const struct trace_message *m, void *arg)
{
	struct writing *w = arg;

	/* an octet takes six at most: \u00ff */
	if (w->o.cap - w->o.len < ROOM + 6 * m->text.len) {
		w->left_out++;
		return;
	}

	switch (w->format) {
	case FORMAT_JSON: trace_json(&w->o, m, !w->count); break;
	case FORMAT_LADDER: trace_ladder_line(&w->o, &w->ladder, m); break;
	default: trace_pcap(&w->o, m); break;
	}
	w->count++;
}

static void write_all(struct writing *w, struct span call)
{
	switch (w->format) {
	case FORMAT_JSON: sip_out_raw(&w->o, SPAN("{\"items\":[")); break;
	case FORMAT_LADDER: trace_ladder_head(&w->o, &w->ladder); break;
	default: trace_pcap_head(&w->o); break;
	}
	(void)trace_each(call, write_one, w);
	if (w->format == FORMAT_JSON)
		sip_out_raw(&w->o, SPAN("]}"));
}

void trace_get(struct http_request *req, const struct caller *caller, void *arg)
{
	struct span call = span_of(http_param(req, "id"));
	const char *format = http_query(req, "format");
	struct writing w = { .format = FORMAT_JSON };
	char *buf;

	(void)caller;
	(void)arg;

	while (format && w.format < FORMATS &&
	       strcmp(format, formats[w.format].name) != 0)
		w.format++;
	if (w.format == FORMATS) {
		json_t *errors = json_array();

		kind_error(errors, "format", "unknown",
			   "Ask for json, ladder or pcap.");
		reply_invalid(req, errors);
		return;
	}
	if (!trace_each(call, meet, &w)) {
		reply_not_found(req, "trace of the call");
		return;
	}

	buf = mem_alloc(OUTPUT_BYTES, NULL);
	if (!buf) {
		reply_error(req, ENOMEM);
		return;
	}
	sip_out_init(&w.o, buf, OUTPUT_BYTES);
	write_all(&w, call);
	if (w.left_out)
		(void)http_reply_header(req, "Left-Out", "%u", w.left_out);
	(void)http_reply(req, 200, formats[w.format].type, w.o.p, w.o.len);
	mem_deref(buf);
}
