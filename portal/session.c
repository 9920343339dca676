/* session.c - see session.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/password.h"
#include "model/kinds.h"
#include "portal/attempt.h"
#include "portal/audit.h"
#include "portal/session.h"

enum {
	SESSION_S = 12 * 3600,
	LINK_S = 24 * 3600,
	ACCOUNT_TRIES = 10,
	ADDRESS_TRIES = 100,
	PASSWORD_MIN = 10,
};

struct sessions {
	struct portal *portal;
	struct attempts *attempts;
};

/** A sign-in or link on its way through the password pool and the store. */
struct signin {
	struct sessions *sessions;
	struct http_request *req;
	json_t *admin; /* NULL: no such login */
	char login[160];
	char token[TOKEN_SIZE];     /* of the new session            */
	char link[TOKEN_HASH_SIZE]; /* hash of the link, or empty */
};

static void sessions_destructor(void *data)
{
	struct sessions *s = data;

	mem_deref(s->attempts);
}

static void signin_destructor(void *data)
{
	struct signin *si = data;

	mem_deref(si->req);
	json_decref(si->admin);
	secret_wipe(si->token, sizeof(si->token));
}

/* ---- finding people ---- */

/* The administrator with this login in a tenant ("" = the provider's). */
static int admin_of(json_t **adminp, const struct portal *p, const char *login,
		    const char *customer)
{
	struct store_rows *rows = NULL;
	int err;

	err = store_query(&rows, p->store,
			  "SELECT id FROM admins WHERE login = $1 AND "
			  "COALESCE(customer, '') = $2",
			  STORE_ARGS(store_text(login), store_text(customer)));
	if (!err && rows_count(rows))
		err = record_get(adminp, &p->admins, rows_text(rows, 0, 0));
	mem_deref(rows);

	return err;
}

int session_find_admin(json_t **adminp, const struct portal *p,
		       const char *login)
{
	const char *at = strrchr(login, '@');
	json_t *customer = NULL, *web_id;
	char name[100];
	int err;

	if (!at)
		return admin_of(adminp, p, login, "");
	if ((size_t)(at - login) >= sizeof(name))
		return 0;

	memcpy(name, login, (size_t)(at - login));
	name[at - login] = '\0';
	web_id = json_string(at + 1);
	err = record_find(&customer, &p->customers, "web_id", web_id);
	if (!err && customer)
		err = admin_of(adminp, p, name, json_get_text(customer, "id"));
	json_decref(customer);
	json_decref(web_id);

	return err;
}

/* ---- who calls ---- */

static void take_admin(struct caller *caller, const json_t *admin)
{
	const char *customer = json_get_text(admin, "customer");
	const char *role = json_get_text(admin, "role");

	caller->role = role_find(role);
	(void)snprintf(caller->customer, sizeof(caller->customer), "%s",
		       customer ? customer : "");
	(void)snprintf(caller->id, sizeof(caller->id), "%s",
		       json_get_text(admin, "id"));
	(void)snprintf(caller->name, sizeof(caller->name), "%s",
		       json_get_text(admin, "login"));
	if (caller->role == ROLE_CUSTOMER && !*caller->customer)
		caller->role = ROLE_ANYONE; /* never without a tenant */
}

/* The session's token: bearer first, then the cookie. */
static bool request_token(char token[TOKEN_SIZE], bool *by_cookiep,
			  const struct http_request *req)
{
	struct span t = http_bearer(req);

	*by_cookiep = !t.p;
	if (!t.p)
		t = http_cookie(req, "session");
	if (!t.p || t.len != TOKEN_SIZE - 1)
		return false;
	memcpy(token, t.p, t.len);
	token[t.len] = '\0';

	return true;
}

static bool find_caller(struct caller *caller, struct http_request *req,
			void *arg)
{
	struct sessions *s = arg;
	struct portal *p = s->portal;
	char token[TOKEN_SIZE], hash[TOKEN_HASH_SIZE];
	struct store_rows *rows = NULL;
	json_t *admin = NULL;
	bool by_cookie;

	if (!request_token(token, &by_cookie, req))
		return !http_bearer(req).p;

	token_hash(hash, token);
	if (!store_query(&rows, p->store,
			 "SELECT admin FROM sessions WHERE token_hash = $1 "
			 "AND ends_ms > $2",
			 STORE_ARGS(store_text(hash),
				    store_int((int64_t)clock_wall_ms()))) &&
	    rows_count(rows))
		(void)record_get(&admin, &p->admins, rows_text(rows, 0, 0));
	mem_deref(rows);
	if (!admin)
		return false;

	take_admin(caller, admin);
	caller->by_cookie = by_cookie;
	json_decref(admin);

	return true;
}

/* Host of "https://host:port". */
static struct span origin_host(struct span origin)
{
	for (uint32_t i = 0; i + 2 < origin.len; i++) {
		if (!memcmp(origin.p + i, "://", 3))
			return (struct span){ origin.p + i + 3,
					      origin.len - i - 3 };
	}

	return (struct span){ NULL, 0 };
}

/* A browser sends the cookie by itself, so who changes something with it
 * must be one of our pages. */
static void filter_origin(struct http_request *req, void *arg)
{
	struct span method = http_method(req);
	struct span origin = http_header(req, "Origin");

	(void)arg;
	if (span_equal(method, SPAN("GET")) || span_equal(method, SPAN("HEAD")))
		return;
	if (http_bearer(req).p || !http_cookie(req, "session").p)
		return;
	if (origin.p && span_equal_nocase(origin_host(origin), http_host(req)))
		return;

	(void)http_reply_problem(req, 403, "wrong-origin",
				 "Changes with a session cookie are taken from "
				 "our own pages only.",
				 NULL);
}

/* ---- signing in ---- */

static json_t *session_view(const json_t *admin)
{
	return json_pack("{s:O,s:O,s:O,s:O,s:O?}", "id",
			 json_object_get(admin, "id"), "login",
			 json_object_get(admin, "login"), "name",
			 json_object_get(admin, "name"), "role",
			 json_object_get(admin, "role"), "customer",
			 json_object_get(admin, "customer"));
}

static void session_written(const struct store_result *result, void *arg)
{
	struct signin *si = arg;

	if (result->err) {
		reply_error(si->req, result->err);
		mem_deref(si);
		return;
	}
	(void)http_reply_header(si->req, "Set-Cookie",
				"session=%s; Path=/; HttpOnly; "
				"SameSite=Strict; Max-Age=%d%s",
				si->token, SESSION_S,
				http_is_tls(si->req) ? "; Secure" : "");
	(void)http_reply_header(si->req, "Cache-Control", "no-store");
	(void)http_reply_json(
		si->req, 201,
		json_pack("{s:s,s:o,s:I}", "token", si->token, "admin",
			  session_view(si->admin), "expires_ms",
			  (json_int_t)(clock_wall_ms() + 1000ull * SESSION_S)));
	mem_deref(si);
}

static void put_session(struct store_write *w, struct signin *si,
			const char *action)
{
	const struct portal *p = si->sessions->portal;
	int64_t now = (int64_t)clock_wall_ms();
	char hash[TOKEN_HASH_SIZE], address[64];
	const struct audit a = {
		.who = json_get_text(si->admin, "login"),
		.role = json_get_text(si->admin, "role"),
		.address = address,
		.action = action,
		.kind = "admins",
		.object = json_get_text(si->admin, "id"),
		.customer = json_get_text(si->admin, "customer"),
		.result = "done",
		.correlation = http_correlation(si->req),
	};

	(void)re_snprintf(address, sizeof(address), "%j", http_peer(si->req));
	token_make(si->token);
	token_hash(hash, si->token);
	(void)store_write_add(w, "DELETE FROM sessions WHERE ends_ms < $1",
			      STORE_ARGS(store_int(now)));
	(void)store_write_add(
		w,
		"INSERT INTO sessions (token_hash, admin, made_ms, ends_ms) "
		"VALUES ($1, $2, $3, $4)",
		STORE_ARGS(store_text(hash),
			   store_text(json_get_text(si->admin, "id")),
			   store_int(now),
			   store_int(now + 1000ll * SESSION_S)));
	(void)audit_add(w, p, &a);
}

static void try_succeeded(const struct signin *si);

static void password_checked(int err, bool is_match, void *arg)
{
	struct signin *si = arg;
	struct store_write *w = NULL;

	if (!err && (!is_match || !si->admin)) {
		log_info("session", "sign-in of %s refused", si->login);
		(void)http_reply_problem(si->req, 401, "wrong-credentials",
					 "Login or password is wrong.", NULL);
		mem_deref(si);
		return;
	}
	if (!err)
		err = store_write_alloc(&w, si->sessions->portal->store);
	if (!err) {
		try_succeeded(si);
		put_session(w, si, "sign-in");
		err = store_write_send(w, session_written, si);
	}
	if (err) {
		reply_error(si->req, err);
		mem_deref(si);
	}
}

static void address_name(char out[80], const struct http_request *req)
{
	(void)re_snprintf(out, 80, "from %j", http_peer(req));
}

/* login is NULL for a one-time link, which is too long to be guessed. */
static bool may_try(struct sessions *s, struct http_request *req,
		    const char *login)
{
	char address[80];

	address_name(address, req);
	if (attempt_take(s->attempts, address, ADDRESS_TRIES) &&
	    (!login || attempt_take(s->attempts, login, ACCOUNT_TRIES)))
		return true;

	(void)http_reply_header(req, "Retry-After", "300");
	(void)http_reply_problem(req, 429, "too-many-tries",
				 "Too many tries; wait five minutes.", NULL);

	return false;
}

static void try_succeeded(const struct signin *si)
{
	char address[80];

	address_name(address, si->req);
	attempt_return(si->sessions->attempts, address);
	if (*si->login)
		attempt_clear(si->sessions->attempts, si->login);
}

/* "login" and "password" out of the body; answers what is wrong. */
static int take_credentials(json_t **bodyp, struct http_request *req,
			    bool has_login, size_t password_min)
{
	const char *login, *password;
	json_t *body = NULL, *errors = NULL;
	int err;

	err = request_object(req, &body);
	if (err)
		return err;
	login = json_get_text(body, "login");
	password = json_get_text(body, "password");
	errors = json_array();
	if (has_login && !login)
		kind_error(errors, "login", "missing", "is required");
	else if (has_login && strlen(login) > 150)
		kind_error(errors, "login", "too-long", "is too long");
	if (!password)
		kind_error(errors, "password", "missing", "is required");
	else if (strlen(password) > PASSWORD_MAX)
		kind_error(errors, "password", "too-long", "is too long");
	else if (strlen(password) < password_min)
		kind_error(errors, "password", "too-short",
			   "must be at least %zu characters long",
			   password_min);
	if (json_array_size(errors)) {
		reply_invalid(req, errors);
		json_decref(body);
		return EBADMSG;
	}
	json_decref(errors);
	*bodyp = body;

	return 0;
}

static void session_create(struct http_request *req,
			   const struct caller *caller, void *arg)
{
	struct sessions *s = arg;
	struct signin *si = NULL;
	json_t *body;
	const char *hash;
	int err = 0;

	(void)caller;
	if (take_credentials(&body, req, true, 1))
		return;
	if (!may_try(s, req, json_get_text(body, "login")))
		goto out;

	si = mem_zalloc(sizeof(*si), signin_destructor);
	if (!si) {
		err = ENOMEM;
		goto out;
	}
	si->sessions = s;
	si->req = mem_ref(req);
	(void)snprintf(si->login, sizeof(si->login), "%s",
		       json_get_text(body, "login"));
	err = session_find_admin(&si->admin, s->portal, si->login);
	hash = json_get_text(si->admin, "password_hash");
	if (!err)
		err = password_verify(hash, json_get_text(body, "password"),
				      password_checked, si);

out:
	if (err) {
		reply_error(req, err);
		mem_deref(si);
	}
	json_decref(body);
}

static void session_get(struct http_request *req, const struct caller *caller,
			void *arg)
{
	(void)arg;
	(void)http_reply_json(
		req, 200,
		json_pack("{s:s,s:s,s:s,s:s?}", "id", caller->id, "login",
			  caller->name, "role", role_name(caller->role),
			  "customer",
			  *caller->customer ? caller->customer : NULL));
}

static void signed_out(const struct store_result *result, void *arg)
{
	struct http_request *req = arg;

	if (result->err) {
		reply_error(req, result->err);
	}
	else {
		(void)http_reply_header(req, "Set-Cookie",
					"session=; Path=/; HttpOnly; "
					"SameSite=Strict; Max-Age=0");
		(void)http_reply(req, 204, NULL, NULL, 0);
	}
	mem_deref(req);
}

static void session_delete(struct http_request *req,
			   const struct caller *caller, void *arg)
{
	struct sessions *s = arg;
	char token[TOKEN_SIZE] = "", hash[TOKEN_HASH_SIZE];
	bool by_cookie;
	int err;

	(void)caller;
	(void)request_token(token, &by_cookie, req);
	token_hash(hash, token);
	err = store_write(s->portal->store, signed_out, mem_ref(req),
			  "DELETE FROM sessions WHERE token_hash = $1",
			  STORE_ARGS(store_text(hash)));
	if (err) {
		reply_error(req, err);
		mem_deref(req);
	}
}

/* ---- one-time links ---- */

int session_put_link(struct store_write *w, const struct sessions *s,
		     const char *admin, char token[TOKEN_SIZE])
{
	int64_t ends = (int64_t)clock_wall_ms() + 1000ll * LINK_S;
	char hash[TOKEN_HASH_SIZE];

	(void)s;
	token_make(token);
	token_hash(hash, token);
	(void)store_write_add(w, "DELETE FROM links WHERE ends_ms < $1",
			      STORE_ARGS(store_int((int64_t)clock_wall_ms())));

	return store_write_add(w,
			       "INSERT INTO links (token_hash, admin, ends_ms) "
			       "VALUES ($1, $2, $3)",
			       STORE_ARGS(store_text(hash), store_text(admin),
					  store_int(ends)));
}

void session_add_link(const struct sessions *s, json_t *answer,
		      const char *token)
{
	(void)json_object_set_new(
		answer, "link",
		json_sprintf("%s/link#%s", s->portal->url, token));
	(void)json_object_set_new(answer, "link_token", json_string(token));
	(void)json_object_set_new(
		answer, "link_ends_ms",
		json_integer((json_int_t)(clock_wall_ms() + 1000ull * LINK_S)));
}

/* The provider's first administrator, made when there is none. */
static int provider_admin(char id[48], struct store_write *w,
			  const struct portal *p)
{
	struct store_rows *rows = NULL;
	json_t *row;
	int err;

	err = store_query(&rows, p->store,
			  "SELECT id FROM admins WHERE role = 'provider' "
			  "ORDER BY id LIMIT 1",
			  STORE_NO_ARGS);
	if (err)
		return err;
	if (rows_count(rows)) {
		(void)snprintf(id, 48, "%s", rows_text(rows, 0, 0));
		mem_deref(rows);
		return 0;
	}
	mem_deref(rows);

	id_make(id);
	row = json_pack("{s:s,s:i,s:s,s:s,s:s}", "id", id, "generation", 1,
			"login", "admin", "name", "Administrator", "role",
			"provider");
	if (!row)
		return ENOMEM;
	err = record_put(w, &p->admins, row);
	json_decref(row);

	return err;
}

int session_first_link(struct sessions *s, char *url, size_t size)
{
	struct store_write *w = NULL;
	char id[48], token[TOKEN_SIZE];
	int err;

	err = store_write_alloc(&w, s->portal->store);
	if (err)
		return err;
	err = provider_admin(id, w, s->portal);
	if (!err)
		err = session_put_link(w, s, id, token);
	if (err) {
		mem_deref(w);
		return err;
	}
	err = store_write_now(w, NULL);
	if (!err)
		(void)snprintf(url, size, "%s/link#%s", s->portal->url, token);

	return err;
}

bool session_has_password(const struct sessions *s)
{
	int64_t n = 0;

	return !store_query_int(&n, s->portal->store,
				"SELECT COUNT(*) FROM admins WHERE role = "
				"'provider' AND password_hash IS NOT NULL",
				STORE_NO_ARGS) &&
	       n > 0;
}

/** A link being written. */
struct linking {
	struct sessions *sessions;
	struct http_request *req;
	char token[TOKEN_SIZE];
};

static void linking_destructor(void *data)
{
	struct linking *l = data;

	mem_deref(l->req);
}

static void link_written(const struct store_result *result, void *arg)
{
	struct linking *l = arg;

	if (result->err) {
		reply_error(l->req, result->err);
	}
	else {
		json_t *answer = json_object();

		session_add_link(l->sessions, answer, l->token);
		(void)json_object_set(answer, "url",
				      json_object_get(answer, "link"));
		(void)json_object_set(answer, "token",
				      json_object_get(answer, "link_token"));
		(void)http_reply_json(l->req, 201, answer);
	}
	mem_deref(l);
}

/* POST /admin-links {"login"}: `holdfast ctl admin-link`. */
static void link_create(struct http_request *req, const struct caller *caller,
			void *arg)
{
	struct sessions *s = arg;
	struct store_write *w = NULL;
	struct linking *l = NULL;
	json_t *body = NULL, *admin = NULL;
	const char *login;
	char id[48] = "";
	int err;

	(void)caller;
	if (request_object(req, &body))
		return;
	login = json_get_text(body, "login");
	if (login) {
		err = session_find_admin(&admin, s->portal, login);
		if (!err && !admin) {
			reply_not_found(req, "administrator");
			goto out;
		}
		(void)snprintf(id, sizeof(id), "%s",
			       json_get_text(admin, "id"));
	}
	else {
		err = 0;
	}
	l = mem_zalloc(sizeof(*l), linking_destructor);
	if (!err)
		err = l ? store_write_alloc(&w, s->portal->store) : ENOMEM;
	if (!err && !login)
		err = provider_admin(id, w, s->portal);
	if (!err)
		err = session_put_link(w, s, id, l->token);
	if (err) {
		reply_error(req, err);
		mem_deref(w);
		mem_deref(l);
		goto out;
	}
	l->sessions = s;
	l->req = mem_ref(req);
	err = store_write_send(w, link_written, l);
	if (err) {
		reply_error(req, err);
		mem_deref(l);
	}

out:
	json_decref(admin);
	json_decref(body);
}

static void link_gone(struct http_request *req)
{
	(void)http_reply_problem(req, 410, "link-used",
				 "This link was used or has expired; ask for a "
				 "new one.",
				 NULL);
}

static void link_used(const struct store_result *result, void *arg)
{
	struct signin *si = arg;

	if (result->err == ESTALE) {
		link_gone(si->req);
		mem_deref(si);
		return;
	}
	session_written(result, si);
}

static void link_hashed(int err, const char *hash, void *arg)
{
	struct signin *si = arg;
	const char *id = json_get_text(si->admin, "id");
	struct store_write *w = NULL;

	if (!err)
		err = store_write_alloc(&w, si->sessions->portal->store);
	if (!err) {
		/* once: whoever comes second changes no row */
		(void)store_write_add(w,
				      "DELETE FROM links WHERE token_hash = $1",
				      STORE_ARGS(store_text(si->link)));
		(void)store_write_require(w, ESTALE);
		(void)store_write_add(w,
				      "DELETE FROM sessions WHERE admin = $1",
				      STORE_ARGS(store_text(id)));
		(void)store_write_add(
			w,
			"UPDATE admins SET password_hash = $2 "
			"WHERE id = $1",
			STORE_ARGS(store_text(id), store_text(hash)));
		put_session(w, si, "set-password");
		err = store_write_send(w, link_used, si);
	}
	if (err) {
		reply_error(si->req, err);
		mem_deref(si);
	}
}

/* POST /links/TOKEN {"password"}: chooses it and signs in. */
static void link_use(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	struct sessions *s = arg;
	struct store_rows *rows = NULL;
	struct signin *si = NULL;
	json_t *body;
	int err;

	(void)caller;
	if (take_credentials(&body, req, false, PASSWORD_MIN))
		return;
	if (!may_try(s, req, NULL)) {
		json_decref(body);
		return;
	}
	si = mem_zalloc(sizeof(*si), signin_destructor);
	err = si ? 0 : ENOMEM;
	if (!err) {
		si->sessions = s;
		si->req = mem_ref(req);
		token_hash(si->link, http_param(req, "token"));
		err = store_query(
			&rows, s->portal->store,
			"SELECT admin FROM links WHERE "
			"token_hash = $1 AND ends_ms > $2",
			STORE_ARGS(store_text(si->link),
				   store_int((int64_t)clock_wall_ms())));
	}
	if (!err && rows_count(rows))
		err = record_get(&si->admin, &s->portal->admins,
				 rows_text(rows, 0, 0));
	if (!err && !si->admin) {
		link_gone(req);
		mem_deref(si);
		goto out;
	}
	if (!err) {
		try_succeeded(si);
		err = password_hash(json_get_text(body, "password"),
				    link_hashed, si);
	}
	if (err) {
		reply_error(req, err);
		mem_deref(si);
	}

out:
	mem_deref(rows);
	json_decref(body);
}

static const struct route routes[] = {
	{ "POST", "/api/v1/sessions", "sessions", ACTION_CREATE, session_create,
	  4096, "Sign in" },
	{ "GET", "/api/v1/sessions/current", "sessions", ACTION_READ,
	  session_get, 0, "Who am I" },
	{ "DELETE", "/api/v1/sessions/current", "sessions", ACTION_DELETE,
	  session_delete, 0, "Sign out" },
	{ "POST", "/api/v1/admin-links", "links", ACTION_CREATE, link_create,
	  4096, "Make a one-time sign-in link" },
	{ "POST", "/api/v1/links/{token}", "links", ACTION_RUN, link_use, 4096,
	  "Choose a password with a one-time link" },
};

int sessions_alloc(struct sessions **sp, struct portal *portal)
{
	struct sessions *s = mem_zalloc(sizeof(*s), sessions_destructor);
	int err;

	if (!s)
		return ENOMEM;
	s->portal = portal;
	err = attempts_alloc(&s->attempts);
	if (!err)
		err = router_routes(portal->router, routes,
				    sizeof(routes) / sizeof(routes[0]), s);
	if (err) {
		mem_deref(s);
		return err;
	}
	router_callers(portal->router, find_caller, s);
	http_server_filter(portal->http, filter_origin, s);
	*sp = s;

	return 0;
}
