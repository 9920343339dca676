/* page.c - see page.h
 *
 * One HTML page and one script, both constant; all data come over REST with
 * the session's cookie.  The content security policy allows nothing inline
 * and nothing from elsewhere; the script makes text nodes only.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/http.h"
#include "base/json.h"
#include "portal/page.h"
#include "portal/portal.h"

enum {
	MAILS_MAX = 200,
	MAIL_BYTES_MAX = 262144,
};

static const char html[] =
	"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<title>Holdfast portal</title>\n"
	"<link rel=\"stylesheet\" href=\"/portal.css\">\n"
	"<script src=\"/portal.js\" defer></script></head>\n"
	"<body><header><h1>Holdfast</h1><nav id=\"nav\" hidden></nav></header>"
	"\n<main>\n<p id=\"note\" role=\"status\"></p>\n"
	"<form id=\"signin\" hidden><h2>Sign in</h2>\n"
	"<label>Login <input name=\"login\" autocomplete=\"username\" "
	"required></label>\n"
	"<label>Password <input name=\"password\" type=\"password\" "
	"autocomplete=\"current-password\" required></label>\n"
	"<button>Sign in</button></form>\n"
	"<form id=\"choose\" hidden><h2>Choose a password</h2>\n"
	"<label>New password, at least 10 characters <input "
	"name=\"password\" type=\"password\" autocomplete=\"new-password\" "
	"minlength=\"10\" required></label>\n"
	"<button>Set and sign in</button></form>\n"
	"<section id=\"list\" hidden><h2 id=\"title\"></h2>\n"
	"<table id=\"table\"></table><pre id=\"text\" hidden></pre></section>\n"
	"</main></body></html>\n";

static const char css[] =
	"body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1b1f24}\n"
	"header{background:#123a5c;color:#fff;padding:.5rem 1rem;display:flex;"
	"gap:2rem;align-items:center}\nh1{font-size:1.2rem;margin:0}\n"
	"nav button{background:none;border:0;color:#fff;font:inherit;"
	"text-decoration:underline;cursor:pointer}\n"
	"main{padding:1rem;max-width:70rem;margin:auto}\n"
	"label{display:block;margin:.5rem 0}input{font:inherit;display:block}\n"
	"table{border-collapse:collapse;width:100%}\n"
	"td,th{border-bottom:1px solid #ccd3da;padding:.3rem .5rem;"
	"text-align:left}\n#note:not(:empty){background:#fff3d6;padding:.5rem}"
	"\npre{white-space:pre-wrap;background:#f3f5f7;padding:1rem}\n";

static const char script[] =
	"'use strict';\n"
	"const $ = (id) => document.getElementById(id);\n"
	"const pages = {\n"
	" customers: ['name', 'web_id', 'extension_length', 'time_zone', "
	"'state'],\n"
	" users: ['last_name', 'first_name', 'login', 'extension', 'email', "
	"'state'],\n"
	" phones: ['number', 'type', 'sip_user', 'user', 'state'],\n"
	" groups: ['number', 'name', 'type', 'state'],\n"
	" tasks: ['type', 'state', 'step', 'steps', 'who', 'object'],\n"
	" platforms: ['name', 'pbx_url', 'uc_url', 'border_url', 'state'],\n"
	" audit: ['at_ms', 'who', 'action', 'object', 'result'],\n"
	" mails: ['date', 'to', 'subject'],\n"
	"};\n"
	"function note(text) { $('note').textContent = text || ''; }\n"
	"function show(id) { for (const n of ['signin', 'choose', 'list']) "
	"$(n).hidden = n !== id; }\n"
	"async function call(method, path, body) {\n"
	" const r = await fetch('/api/v1/' + path, { method, headers: body ? "
	"{ 'Content-Type': 'application/json' } : {}, body: body ? "
	"JSON.stringify(body) : undefined });\n"
	" const j = r.status === 204 ? null : await r.json();\n"
	" if (!r.ok) throw Object.assign(new Error(j && j.detail || "
	"r.statusText), { status: r.status });\n"
	" return j;\n}\n"
	"function row(tag, cells, click) {\n"
	" const tr = document.createElement('tr');\n"
	" for (const c of cells) { const td = document.createElement(tag); "
	"td.textContent = c === null || c === undefined ? '' : String(c); "
	"tr.append(td); }\n"
	" if (click) { tr.tabIndex = 0; tr.onclick = click; tr.onkeydown = "
	"(e) => { if (e.key === 'Enter') click(); }; }\n"
	" return tr;\n}\n"
	"async function list(name) {\n"
	" const cols = pages[name];\n"
	" const page = await call('GET', name + (name === 'mails' ? '' : "
	"'?page[size]=200' + (name === 'tasks' || name === 'audit' ? "
	"'&sort=-id' : '')));\n"
	" show('list'); $('text').hidden = true;\n"
	" $('title').textContent = name + ' (' + page.total + ')';\n"
	" $('table').replaceChildren(row('th', cols), ...page.items.map((o) => "
	"row('td', cols.map((c) => c === 'at_ms' ? new "
	"Date(o[c]).toISOString() : o[c]), () => detail(name, o))));\n"
	"}\n"
	"async function detail(name, o) {\n"
	" $('text').hidden = false;\n"
	" $('text').textContent = name === 'mails' ? (await call('GET', "
	"'mails/' + encodeURIComponent(o.id))).message : JSON.stringify(o, "
	"null, 2);\n}\n"
	"function failed(e) { if (e.status === 401) { $('nav').hidden = true; "
	"show('signin'); } note(e.message); }\n"
	"async function home() {\n"
	" const me = await call('GET', 'sessions/current');\n"
	" const names = Object.keys(pages).filter((n) => me.role !== "
	"'customer' || !['platforms', 'mails'].includes(n));\n"
	" const b = (text, f) => { const e = "
	"document.createElement('button'); e.textContent = text; e.onclick = "
	"() => { note(); f().catch(failed); }; return e; };\n"
	" $('nav').replaceChildren(...names.map((n) => b(n, () => list(n))), "
	"b('sign out ' + me.login, async () => { await call('DELETE', "
	"'sessions/current'); location.reload(); }));\n"
	" $('nav').hidden = false;\n"
	" await list(location.pathname === '/mails' ? 'mails' : "
	"'customers');\n}\n"
	"function form(id, f) { $(id).onsubmit = (e) => { e.preventDefault(); "
	"note(); f(Object.fromEntries(new FormData($(id)))).then(home)"
	".catch(failed); }; }\n"
	"const web = /^\\/c\\/([a-z0-9-]+)/.exec(location.pathname);\n"
	"form('signin', (d) => call('POST', 'sessions', { login: web && "
	"!d.login.includes('@') ? d.login + '@' + web[1] : d.login, password: "
	"d.password }));\n"
	"form('choose', async (d) => { await call('POST', 'links/' + "
	"location.hash.slice(1), d); history.replaceState(null, '', '/'); "
	"});\n"
	"if (location.pathname === '/link' && location.hash.length > 1) "
	"show('choose'); else home().then(() => {}, (e) => { "
	"$('nav').hidden = true; show('signin'); if (e.status !== 401) "
	"note(e.message); });\n";

static void reply_static(struct http_request *req, const char *type,
			 const char *body, size_t len)
{
	(void)http_reply_header(
		req, "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; "
		"connect-src 'self'; img-src 'self'; form-action 'none'; "
		"base-uri 'none'; frame-ancestors 'none'");
	(void)http_reply_header(req, "Referrer-Policy", "no-referrer");
	(void)http_reply_header(req, "Cache-Control", "no-cache");
	(void)http_reply(req, 200, type, body, len);
}

static void html_get(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	(void)caller;
	(void)arg;
	reply_static(req, "text/html; charset=utf-8", html, sizeof(html) - 1);
}

static void css_get(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	(void)caller;
	(void)arg;
	reply_static(req, "text/css", css, sizeof(css) - 1);
}

static void script_get(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	(void)caller;
	(void)arg;
	reply_static(req, "text/javascript", script, sizeof(script) - 1);
}

/* ---- the Maildir, where no mail server is configured ---- */

/* A file's text up to a limit; NULL if it cannot be read. */
static char *read_mail(const struct portal *p, const char *name, size_t max)
{
	char path[800];
	char *text = NULL;
	size_t n;
	FILE *f;

	if (strchr(name, '/') || name[0] == '.')
		return NULL;
	(void)snprintf(path, sizeof(path), "%s/mail/new/%s", p->dir, name);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	text = mem_zalloc(max + 1, NULL);
	if (text) {
		n = fread(text, 1, max, f);
		text[n] = '\0';
	}
	(void)fclose(f);

	return text;
}

/* Value of a header of a mail we wrote ourselves, unfolded. */
static json_t *header_value(const char *p)
{
	char value[400];
	size_t n = 0;

	for (; *p && n < sizeof(value) - 1; p++) {
		if (*p == '\n' && p[1] != ' ' && p[1] != '\t')
			break;
		if (*p != '\r' && *p != '\n')
			value[n++] = *p;
	}

	return json_stringn(value, n);
}

static json_t *mail_header(const char *text, const char *name)
{
	size_t len = strlen(name);
	json_t *value = NULL;

	for (const char *p = text; p && *p && *p != '\r' && *p != '\n';) {
		if (!strncasecmp(p, name, len) && p[len] == ':') {
			p += len + 1;
			value = header_value(p + strspn(p, " "));
			break;
		}
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}

	return value ? value : json_null();
}

static void mails_list(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct portal *p = arg;
	struct dirent **names = NULL;
	json_t *items = json_array();
	char path[800];
	int n;

	(void)caller;
	(void)snprintf(path, sizeof(path), "%s/mail/new", p->dir);
	n = scandir(path, &names, NULL, alphasort);
	for (int i = n - 1; i >= 0; i--) {
		char *text = NULL;

		if (json_array_size(items) < MAILS_MAX)
			text = read_mail(p, names[i]->d_name, 4096);
		if (text)
			(void)json_array_append_new(
				items,
				json_pack("{s:s,s:o,s:o,s:o}", "id",
					  names[i]->d_name, "date",
					  mail_header(text, "Date"), "to",
					  mail_header(text, "To"), "subject",
					  mail_header(text, "Subject")));
		mem_deref(text);
		free(names[i]);
	}
	free(names);
	(void)http_reply_json(req, 200,
			      json_pack("{s:o,s:n,s:I}", "items", items, "next",
					"total",
					(json_int_t)json_array_size(items)));
}

static void mail_get(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	char *text = read_mail(arg, http_param(req, "id"), MAIL_BYTES_MAX);

	(void)caller;
	if (text)
		(void)http_reply_json(req, 200,
				      json_pack("{s:s,s:s}", "id",
						http_param(req, "id"),
						"message", text));
	else
		reply_not_found(req, "mail");
	mem_deref(text);
}

static const struct route routes[] = {
	{ "GET", "/", "pages", ACTION_READ, html_get, 0, "The page" },
	{ "GET", "/link", "pages", ACTION_READ, html_get, 0,
	  "The page, to choose a password" },
	{ "GET", "/mails", "pages", ACTION_READ, html_get, 0,
	  "The page, at the mails" },
	{ "GET", "/c/{web_id}/", "pages", ACTION_READ, html_get, 0,
	  "The page of a customer" },
	{ "GET", "/portal.css", "pages", ACTION_READ, css_get, 0, "Its style" },
	{ "GET", "/portal.js", "pages", ACTION_READ, script_get, 0,
	  "Its script" },
	{ "GET", "/api/v1/mails", "mails", ACTION_LIST, mails_list, 0,
	  "List mails of the Maildir" },
	{ "GET", "/api/v1/mails/{id}", "mails", ACTION_READ, mail_get, 0,
	  "Show a mail" },
};

int page_routes(struct portal *p)
{
	return router_routes(p->router, routes,
			     sizeof(routes) / sizeof(routes[0]), p);
}
