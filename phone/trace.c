/* trace.c - see trace.h */
#include <jansson.h>
#include <stdio.h>

#include "base/libre.h"
#include "phone/trace.h"
#include "sip/stack.h"

struct trace {
	FILE *file;
	struct sip *sip; /* borrowed */
};

static void trace_destructor(void *data)
{
	struct trace *t = data;

	sip_trace_set(t->sip, NULL, NULL);
	if (t->file)
		fclose(t->file);
}

static json_t *text_of(const char *p, size_t length)
{
	json_t *text = json_stringn(p, length);
	char *ascii;

	if (text)
		return text;

	ascii = mem_zalloc(length + 1, NULL);
	for (size_t i = 0; ascii && i < length; i++)
		ascii[i] = (unsigned char)p[i] < 0x80 ? p[i] : '?';
	text = ascii ? json_stringn(ascii, length) : NULL;
	mem_deref(ascii);
	return text;
}

static void show(const struct sip_trace *s, void *arg)
{
	struct trace *t = arg;
	char local[64] = "", remote[64] = "";
	json_t *line;

	(void)re_snprintf(local, sizeof(local), "%J", s->local);
	(void)re_snprintf(remote, sizeof(remote), "%J", s->remote);
	line = json_pack("{s:I, s:s, s:s, s:s, s:s, s:o*}", "time_us",
			 (json_int_t)s->time_us, "direction",
			 s->is_sent ? "sent" : "received", "transport",
			 sip_transport_name(s->transport), "local", local,
			 "remote", remote, "text", text_of(s->p, s->len));
	if (!line)
		return;
	(void)json_dumpf(line, t->file, JSON_COMPACT);
	fputc('\n', t->file);
	fflush(t->file);
	json_decref(line);
}

int trace_open(struct trace **tp, struct sip *sip, const char *path)
{
	struct trace *t;
	FILE *file;

	file = fopen(path, "ae");
	if (!file)
		return errno;
	t = mem_zalloc(sizeof(*t), trace_destructor);
	if (!t) {
		fclose(file);
		return ENOMEM;
	}

	t->file = file;
	t->sip = sip;
	sip_trace_set(sip, show, t);
	*tp = t;
	return 0;
}
