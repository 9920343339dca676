/* mails.c - see mails.h
 *
 * Only the text part is decoded (quoted-printable or base64), which is where
 * links stand.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/libre.h"
#include "ctl/story/mails.h"

enum { MAIL_OCTETS_MAX = 512 * 1024 };


static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);

	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place. */
static void printable_decode(char *text)
{
	char *out = text;

	for (const char *p = text; *p; p++) {
		if (*p == '=' &&
		    (p[1] == '\n' || (p[1] == '\r' && p[2] == '\n'))) {
			p += p[1] == '\r' ? 2 : 1;
		}
		else if (*p == '=' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
			*out++ = (char)(hex(p[1]) * 16 + hex(p[2]));
			p += 2;
		}
		else {
			*out++ = *p;
		}
	}
	*out = '\0';
}

static void base64_text_decode(char *text)
{
	size_t n = 0, size;
	char *end = strstr(text, "\n--");

	if (end)
		*end = '\0';
	for (const char *p = text; *p; p++) {
		if (!isspace((unsigned char)*p))
			text[n++] = *p;
	}
	size = n;
	if (base64_decode(text, n, (uint8_t *)text, &size))
		size = 0;
	text[size] = '\0';
}

/* Headers stay as they are, the first text part is decoded in place. */
static void mail_decode(char *text)
{
	char *part = strcasestr(text, "Content-Type: text/plain");
	char *body, *how;

	if (!part)
		return;
	body = strstr(part, "\r\n\r\n");
	if (!body)
		body = strstr(part, "\n\n");
	if (!body)
		return;
	/* its encoding may stand before or after its type */
	how = strcasestr(text, "Content-Transfer-Encoding: ");
	if (!how || how > body)
		return;
	how = strchr(how, ' ') + 1;
	if (!strncasecmp(how, "base64", 6))
		base64_text_decode(body);
	else if (!strncasecmp(how, "quoted-printable", 16))
		printable_decode(body);
}

static char *file_read(const char *path)
{
	char *text = mem_zalloc(MAIL_OCTETS_MAX + 1, NULL);
	FILE *f = fopen(path, "re");

	if (text && f)
		text[fread(text, 1, MAIL_OCTETS_MAX, f)] = '\0';
	if (f)
		(void)fclose(f);
	else
		text = mem_deref(text);

	return text;
}

/* Whether the To header, which may be folded, has this address. */
static bool is_to(const char *text, const char *to)
{
	const char *p = strncasecmp(text, "To:", 3) ? strcasestr(text, "\nTo:")
						    : text;
	const char *end, *at;

	if (!p)
		return false;
	end = strchr(p + 1, '\n');
	while (end && (end[1] == ' ' || end[1] == '\t'))
		end = strchr(end + 1, '\n');
	at = strcasestr(p, to);

	return at && (!end || at < end);
}

typedef void(mail_h)(const char *name, int64_t when_ns, char *text, void *arg);

/* Each mail to an address; the handler must not keep the text. */
static void mails_each(const char *dir, const char *to, mail_h *h, void *arg)
{
	static const char *const boxes[] = { "mail/new", "mail/cur" };

	for (size_t i = 0; i < ARRAY_SIZE(boxes); i++) {
		char path[800], folder[400];
		struct dirent *e;
		struct stat st;
		DIR *d;

		(void)snprintf(folder, sizeof(folder), "%s/%s", dir, boxes[i]);
		d = opendir(folder);
		while (d && (e = readdir(d))) {
			char *text;

			(void)snprintf(path, sizeof(path), "%s/%s", folder,
				       e->d_name);
			if (e->d_name[0] == '.' || stat(path, &st))
				continue;
			text = file_read(path);
			if (text && is_to(text, to)) {
				mail_decode(text);
				h(e->d_name,
				  (int64_t)st.st_mtim.tv_sec * 1000000000 +
					  st.st_mtim.tv_nsec,
				  text, arg);
			}
			mem_deref(text);
		}
		if (d)
			(void)closedir(d);
	}
}

struct counting {
	const char *word;
	unsigned n;
};

static void count_one(const char *name, int64_t when_ns, char *text, void *arg)
{
	struct counting *c = arg;

	(void)name;
	(void)when_ns;
	if (strcasestr(text, c->word))
		c->n++;
}

unsigned mail_count(const char *dir, const char *to, const char *word)
{
	struct counting c = { .word = word };

	mails_each(dir, to, count_one, &c);
	return c.n;
}

struct searching {
	const char *client;
	int64_t when_ns;
	char name[256];
	bool named; /* the best so far names the client */
	char *link;
	size_t size;
};

static void search_one(const char *name, int64_t when_ns, char *text, void *arg)
{
	struct searching *s = arg;
	char *path = strstr(text, "/d/");
	char *start = path, *end;
	bool named = strcasestr(text, s->client) != NULL;
	bool newer = when_ns > s->when_ns ||
		     (when_ns == s->when_ns && strcmp(name, s->name) > 0);

	if (!path || named < s->named || (named == s->named && !newer))
		return;
	while (start > text && !isspace((unsigned char)start[-1]) &&
	       !strchr("<>\"(", start[-1]))
		start--;
	end = path + 3;
	while (isalnum((unsigned char)*end) || *end == '-' || *end == '_')
		end++;
	(void)snprintf(s->link, s->size, "%.*s", (int)(end - start), start);
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	s->when_ns = when_ns;
	s->named = named;
}

bool mail_find_link(const char *dir, const char *to, const char *client,
		    char *link, size_t size)
{
	struct searching s = { .client = client, .link = link, .size = size };

	link[0] = '\0';
	mails_each(dir, to, search_one, &s);

	return link[0] != '\0';
}
