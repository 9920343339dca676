/* deployment.c - see deployment.h */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/http.h"
#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/outbox.h"
#include "base/secrets.h"
#include "base/text.h"
#include "model/record.h"
#include "uc/deployment.h"
#include "uc/people.h"

static const struct record_table *phones;
static const struct record_table *customers;
static const struct record_table *platforms;

void deployment_init(struct uc *uc, const struct provision *provision)
{
	(void)uc;
	phones = provision_table(provision, "phones");
	customers = provision_table(provision, "customers");
	platforms = provision_table(provision, "platforms");
}

/* ---- the mail ---- */

static void html_escape(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 7 < size; text++) {
		const char *entity = NULL;

		switch (*text) {
		case '<': entity = "&lt;"; break;
		case '>': entity = "&gt;"; break;
		case '&': entity = "&amp;"; break;
		case '"': entity = "&quot;"; break;
		case '\'': entity = "&#39;"; break;
		default: break;
		}

		if (entity)
			n += (size_t)snprintf(out + n, size - n, "%s", entity);
		else
			out[n++] = *text;
	}

	out[n] = '\0';
}

struct letter {
	const struct person *person;
	const char *client;
	const char *extension; /* "" when there is none to show */
	char link[256];
	char until[CLOCK_ISO_SIZE];
};

static int put_mail(struct store_write *w, const struct letter *l,
		    const char *from, const char *key)
{
	const char *lang = text_language(l->person->language);
	char client_key[64], name[1200], subject[256];
	char *text = NULL, *html = NULL;
	struct text_arg args[] = {
		{ "name", l->person->name },
		{ "client", NULL },
		{ "extension", *l->extension ? l->extension
					     : text_get(lang, "deploy.none") },
		{ "link", l->link },
		{ "until", l->until },
		{ NULL, NULL },
	};
	int err;

	snprintf(client_key, sizeof(client_key), "deploy.client.%s", l->client);
	args[1].value = text_get(lang, client_key);
	text_put(subject, sizeof(subject), lang, "deploy.subject", args);

	err = text_fill(&text, lang, "deploy.text", args);
	html_escape(name, sizeof(name), l->person->name);
	args[0].value = name;
	if (!err)
		err = text_fill(&html, lang, "deploy.html", args);
	if (!err) {
		const struct mail mail = { .from = from,
					   .from_name = "Holdfast",
					   .to = l->person->email,
					   .to_name = l->person->name,
					   .subject = subject,
					   .text = text,
					   .html = html,
					   .qr = l->link,
					   .language = lang,
					   .key = key };

		err = outbox_put(w, &mail);
	}

	mem_deref(text);
	mem_deref(html);
	return err;
}

/* ---- provisioning ---- */

static int put_link(struct store_write *w, const json_t *d, const char *hash,
		    int64_t now)
{
	return store_write_add(
		w,
		"INSERT INTO deploy_link (hash, deployment_id, user_id,"
		" phone_id, client, made_ms, ends_ms)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7)",
		STORE_ARGS(store_text(hash), store_text(json_get_text(d, "id")),
			   store_text(json_get_text(d, "user")),
			   store_text(json_get_text(d, "phone")),
			   store_text(json_get_text(d, "client")),
			   store_int(now),
			   store_int(now + DEPLOYMENT_HOURS * 3600000ll)));
}

static int make_link(struct store_write *w, struct uc *uc, const json_t *d)
{
	const struct person *person = people_find(uc->people,
						  json_get_text(d, "user"));
	int64_t now = (int64_t)clock_wall_ms();
	char token[TOKEN_SIZE], hash[TOKEN_HASH_SIZE], key[64];
	struct letter letter = { .person = person,
				 .client = json_get_text(d, "client"),
				 .extension = "" };
	int err;

	if (!person)
		return EINVAL;
	if (json_get_text(d, "phone"))
		letter.extension = person->extension;

	token_make(token);
	token_hash(hash, token);
	snprintf(letter.link, sizeof(letter.link), "%s/d/%s", uc->url, token);
	clock_iso(letter.until, (uint64_t)now + DEPLOYMENT_HOURS * 3600000ull);
	letter.until[16] = '\0'; /* to the minute */
	letter.until[10] = ' ';

	err = put_link(w, d, hash, now);
	if (!err && *person->email) {
		snprintf(key, sizeof(key), "deploy-%s", json_get_text(d, "id"));
		err = put_mail(w, &letter, conf_text(uc->conf, "mail-from"),
			       key);
	}

	secret_wipe(token, sizeof(token));
	secret_wipe(letter.link, sizeof(letter.link));
	return err;
}

int deployment_write(struct store_write *w,
		     const struct provision_change *change, void *arg)
{
	struct uc *uc = arg;

	if (!change->object) {
		return store_write_add(w,
				       "DELETE FROM deploy_link"
				       " WHERE deployment_id = $1",
				       STORE_ARGS(store_text(change->id)));
	}

	/* One link and one mail a deployment, however often it is put. */
	return change->before ? 0 : make_link(w, uc, change->object);
}

void deployment_after(const struct provision_change *change, void *arg)
{
	struct uc *uc = arg;

	if (change->object && !change->before)
		outbox_kick(uc->outbox);
}

void deployment_view(json_t *object, void *arg)
{
	struct uc *uc = arg;
	struct store_rows *rows = NULL;
	const char *state = "expired";

	if (store_query(&rows, uc->store,
			"SELECT used_ms, ends_ms FROM deploy_link"
			" WHERE deployment_id = $1",
			STORE_ARGS(store_text(json_get_text(object, "id")))))
		return;

	if (rows_count(rows) && !rows_is_null(rows, 0, 0))
		state = "used";
	else if (rows_count(rows) &&
		 rows_int(rows, 0, 1) > (int64_t)clock_wall_ms())
		state = "sent";

	json_object_set_new(object, "state", json_string(state));
	mem_deref(rows);
}

/* ---- the account ---- */

static json_t *sip_json(const json_t *phone, const json_t *platform)
{
	const char *border = json_get_text(platform, "border");
	json_t *proxy = NULL;

	if (json_get_bool(phone, "teleworker", false) && border)
		proxy = json_string(border);

	return json_pack("{s:O,s:o?,s:s,s:s,s:s,s:s?,s:s}", "registrars",
			 json_object_get(platform, "registrars"),
			 "outbound_proxy", proxy, "realm",
			 json_get_text(platform, "realm"), "sip_user",
			 json_get_text(phone, "sip_user"), "sip_secret",
			 json_get_text(phone, "sip_secret"), "number",
			 json_get_text(phone, "number"), "transport", "udp");
}

/* The account a client lives on, also while we are away. */
static json_t *account_json(const struct uc *uc, const struct person *p,
			    const char *phone_id, const char *client,
			    const char *device_token)
{
	char login[600];
	json_t *phone = NULL, *customer = NULL, *platform = NULL;
	json_t *sip = NULL;
	const char *platform_id;

	if (phone_id && record_get(&phone, phones, phone_id))
		return NULL;
	if (phone) {
		if (record_get(&customer, customers, p->customer))
			goto out;
		platform_id = json_get_text(customer, "platform");
		if (!platform_id ||
		    record_get(&platform, platforms, platform_id) || !platform)
			goto out;
		sip = sip_json(phone, platform);
		if (!sip)
			goto out;
	}

	snprintf(login, sizeof(login), "%s@%s", p->login, p->web_id);
out:
	json_decref(customer);
	json_decref(platform);
	json_decref(phone);
	if (phone_id && !sip)
		return NULL;

	return json_pack("{s:i,s:s,s:{s:s,s:s,s:s,s:s,s:s},s:{s:s,s:s},s:o?,"
			 "s:s?}",
			 "version", 1, "client", client, "user", "id", p->id,
			 "login", login, "name", p->name, "extension",
			 p->extension, "customer", p->customer, "uc", "url",
			 uc->url, "device_token", device_token, "sip", sip,
			 "phone", phone_id);
}

/* ---- redemption ---- */

struct redemption {
	struct uc *uc;
	struct http_request *req;
	char hash[TOKEN_HASH_SIZE];
	char device_token[TOKEN_SIZE];
	char device_hash[TOKEN_HASH_SIZE];
	/* filled in by the writer */
	char user[48];
	char phone[48];
	char client[16];
};

static void redemption_destructor(void *data)
{
	struct redemption *r = data;

	mem_deref(r->req);
	secret_wipe(r->device_token, sizeof(r->device_token));
}

/* Use the link up and let the device in, in one transaction. */
static int use_link(struct store_tx *tx, void *data)
{
	struct redemption *r = data;
	struct store_rows *rows = NULL;
	int64_t now = (int64_t)clock_wall_ms();
	uint32_t changed = 0;
	int err;

	err = store_tx_run(tx, &changed,
			   "UPDATE deploy_link SET used_ms = $2"
			   " WHERE hash = $1 AND used_ms IS NULL"
			   " AND ends_ms > $2",
			   STORE_ARGS(store_text(r->hash), store_int(now)));
	if (!err && !changed)
		err = ENOENT;
	if (!err) {
		err = store_tx_query(&rows, tx,
				     "SELECT user_id, phone_id, client"
				     " FROM deploy_link WHERE hash = $1",
				     STORE_ARGS(store_text(r->hash)));
	}
	if (err)
		return err;

	snprintf(r->user, sizeof(r->user), "%s", rows_text(rows, 0, 0));
	if (!rows_is_null(rows, 0, 1)) {
		snprintf(r->phone, sizeof(r->phone), "%s",
			 rows_text(rows, 0, 1));
	}
	snprintf(r->client, sizeof(r->client), "%s", rows_text(rows, 0, 2));
	mem_deref(rows);

	return store_tx_run(
		tx, NULL,
		"INSERT INTO device_token (hash, user_id,"
		" phone_id, client, made_ms)"
		" VALUES ($1, $2, $3, $4, $5)",
		STORE_ARGS(store_text(r->device_hash), store_text(r->user),
			   store_text(r->phone[0] ? r->phone : NULL),
			   store_text(r->client), store_int(now)));
}

static void reply_gone(struct http_request *req)
{
	http_reply_problem(req, 410, "deployment-used",
			   text_get("en", "page.gone"), NULL);
}

static void link_used(const struct store_result *result, void *arg)
{
	struct redemption *r = arg;
	const struct person *p = people_find(r->uc->people, r->user);
	json_t *account;

	if (result->err == ENOENT || (!result->err && !p)) {
		reply_gone(r->req);
	}
	else if (result->err) {
		reply_error(r->req, result->err);
	}
	else {
		account = account_json(r->uc, p, r->phone[0] ? r->phone : NULL,
				       r->client, r->device_token);
		log_info("deployment", "used user=%s phone=%s client=%s",
			 r->user, r->phone, r->client);
		http_reply_header(r->req, "Cache-Control", "no-store");
		http_reply_json(r->req, 200, account);
	}

	mem_deref(r);
}

static void redeem(struct http_request *req, struct uc *uc)
{
	struct store_write *w = NULL;
	struct redemption *r;
	int err;

	r = mem_zalloc(sizeof(*r), redemption_destructor);
	if (!r) {
		reply_error(req, ENOMEM);
		return;
	}

	r->uc = uc;
	r->req = mem_ref(req);
	token_hash(r->hash, http_param(req, "token"));
	token_make(r->device_token);
	token_hash(r->device_hash, r->device_token);

	err = store_write_alloc(&w, uc->store);
	if (!err)
		err = store_write_call(w, use_link, r);
	if (!err)
		err = store_write_send(mem_ref(w), link_used, r);

	mem_deref(w);
	if (err) {
		reply_error(req, err);
		mem_deref(r);
	}
}

void deployment_redeem(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	(void)caller;
	redeem(req, arg);
}

static bool accepts_html(const struct http_request *req)
{
	struct span accept = http_header(req, "Accept");

	return accept.p && memmem(accept.p, accept.len, "text/html", 9);
}

static bool link_is_open(const struct uc *uc, const char *token)
{
	char hash[TOKEN_HASH_SIZE];
	int64_t count = 0;

	token_hash(hash, token);
	return !store_query_int(
		       &count, uc->store,
		       "SELECT COUNT(*) FROM deploy_link"
		       " WHERE hash = $1 AND used_ms IS NULL"
		       " AND ends_ms > $2",
		       STORE_ARGS(store_text(hash),
				  store_int((int64_t)clock_wall_ms()))) &&
	       count == 1;
}

void deployment_page(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	struct uc *uc = arg;
	struct span wanted = http_header(req, "Accept-Language");
	char language[32], token[256], link[400], said[700], page[1600];
	const char *lang;
	bool is_open;

	(void)caller;

	if (!accepts_html(req)) {
		redeem(req, uc);
		return;
	}

	snprintf(language, sizeof(language), SPAN_FMT, SPAN_ARG(wanted));
	lang = text_language(language);
	is_open = link_is_open(uc, http_param(req, "token"));
	html_escape(token, sizeof(token), http_param(req, "token"));
	snprintf(link, sizeof(link), "%s/d/%s", uc->url, token);
	text_put(said, sizeof(said), lang, is_open ? "page.ready" : "page.gone",
		 TEXT_ARGS({ "link", link }));
	snprintf(page, sizeof(page),
		 "<!doctype html><html lang=\"%s\"><head><meta charset="
		 "\"utf-8\"><meta name=\"viewport\" content=\"width=device-"
		 "width\"><title>%s</title></head><body><main><h1>%s</h1>"
		 "<p>%s</p></main></body></html>",
		 lang, text_get(lang, "page.title"),
		 text_get(lang, "page.title"), said);

	http_reply_header(req, "Content-Security-Policy",
			  "default-src 'none'; frame-ancestors 'none'");
	http_reply_header(req, "Referrer-Policy", "no-referrer");
	http_reply_header(req, "Cache-Control", "no-store");
	http_reply(req, is_open ? 200 : 410, "text/html; charset=utf-8", page,
		   strlen(page));
}
