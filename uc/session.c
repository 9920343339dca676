/* session.c - see session.h */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/password.h"
#include "base/problem.h"
#include "base/secrets.h"
#include "uc/limit.h"
#include "uc/people.h"
#include "uc/session.h"

/* One sign-in or password change on its way through pool and store. */
struct attempt {
	struct uc *uc;
	struct http_request *req;
	char user[48];
	char account[512]; /* for the limit */
	char address[64];
	char token[TOKEN_SIZE];
	char *password; /* the new one, for a change */
};

static void attempt_destructor(void *data)
{
	struct attempt *a = data;

	mem_deref(a->req);
	if (a->password)
		secret_wipe(a->password, strlen(a->password));
	mem_deref(a->password);
	secret_wipe(a->token, sizeof(a->token));
}

bool session_find(const struct uc *uc, const char *token, char user[48])
{
	char hash[TOKEN_HASH_SIZE];
	struct store_rows *rows = NULL;
	bool is_valid = false;

	token_hash(hash, token);
	if (store_query(&rows, uc->store,
			"SELECT user_id FROM session"
			" WHERE hash = $1 AND ends_ms > $2",
			STORE_ARGS(store_text(hash),
				   store_int((int64_t)clock_wall_ms()))))
		return false;

	if (rows_count(rows) == 1) {
		snprintf(user, 48, "%s", rows_text(rows, 0, 0));
		is_valid = people_find(uc->people, user) != NULL;
	}

	mem_deref(rows);
	return is_valid;
}

bool session_caller(struct caller *caller, struct http_request *req, void *arg)
{
	struct uc *uc = arg;
	struct span bearer = http_bearer(req);
	const struct person *person;
	char token[128];

	if (!bearer.p) {
		bearer = http_cookie(req, "session");
		caller->by_cookie = bearer.p != NULL;
	}
	if (!bearer.p)
		return true;
	if (bearer.len >= sizeof(token))
		return false;

	snprintf(token, sizeof(token), SPAN_FMT, SPAN_ARG(bearer));
	if (!session_find(uc, token, caller->id))
		return false;

	person = people_find(uc->people, caller->id);
	caller->role = ROLE_USER;
	snprintf(caller->customer, sizeof(caller->customer), "%s",
		 person->customer);
	snprintf(caller->name, sizeof(caller->name), "%s@%s", person->login,
		 person->web_id);
	return true;
}

static json_t *person_json(const struct person *p)
{
	char login[600];

	snprintf(login, sizeof(login), "%s@%s", p->login, p->web_id);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "id", p->id, "login",
			 login, "name", p->name, "extension", p->extension,
			 "customer", p->customer, "language", p->language);
}

static void refuse(struct attempt *a)
{
	limit_fail(a->account);
	limit_fail(a->address);
	log_info("session", "refused account=%s address=%s", a->account,
		 a->address);
	http_reply_problem(a->req, 401, "wrong-credentials",
			   "Log-in name and password do not match; check "
			   "both. The name has the form name@web-id.",
			   NULL);
	mem_deref(a);
}

static void session_stored(const struct store_result *result, void *arg)
{
	struct attempt *a = arg;
	const struct person *p = people_find(a->uc->people, a->user);

	if (result->err || !p) {
		reply_error(a->req, result->err ? result->err : ENOENT);
	}
	else {
		limit_clear(a->account);
		http_reply_header(a->req, "Cache-Control", "no-store");
		http_reply_json(a->req, 201,
				json_pack("{s:s,s:o}", "token", a->token,
					  "user", person_json(p)));
	}

	mem_deref(a);
}

static void open_session(struct attempt *a)
{
	int64_t now = (int64_t)clock_wall_ms();
	char hash[TOKEN_HASH_SIZE];
	int err;

	token_make(a->token);
	token_hash(hash, a->token);
	err = store_write(
		a->uc->store, session_stored, a,
		"INSERT INTO session (hash, user_id, made_ms,"
		" ends_ms) VALUES ($1, $2, $3, $4)",
		STORE_ARGS(store_text(hash), store_text(a->user),
			   store_int(now),
			   store_int(now + SESSION_DAYS * 86400000ll)));
	if (err) {
		reply_error(a->req, err);
		mem_deref(a);
	}
}

static void password_checked(int err, bool is_match, void *arg)
{
	struct attempt *a = arg;

	if (err) {
		reply_error(a->req, err);
		mem_deref(a);
	}
	else if (!is_match || !a->user[0]) {
		refuse(a);
	}
	else {
		open_session(a);
	}
}

/* Whether account and address may try; answers 429 if not. */
static bool may_try(struct attempt *a)
{
	uint32_t wait = limit_wait_s(a->account);
	uint32_t other = limit_wait_s(a->address);

	if (other > wait)
		wait = other;
	if (!wait)
		return true;

	http_reply_header(a->req, "Retry-After", "%u", wait);
	http_reply_problem(a->req, 429, "too-many-attempts",
			   "Too many failed attempts; wait five minutes, "
			   "then try again.",
			   NULL);
	return false;
}

static int read_hash(char hash[PASSWORD_HASH_SIZE], const struct uc *uc,
		     const char *user)
{
	struct store_rows *rows = NULL;
	int err;

	err = store_query(&rows, uc->store,
			  "SELECT hash FROM password WHERE user_id = $1",
			  STORE_ARGS(store_text(user)));
	if (err)
		return err;

	if (rows_count(rows) == 1)
		snprintf(hash, PASSWORD_HASH_SIZE, "%s", rows_text(rows, 0, 0));
	else
		err = ENOENT;

	mem_deref(rows);
	return err;
}

static void sign_in_by_password(struct attempt *a, const char *login,
				const char *password)
{
	const struct person *p = people_by_login(a->uc->people, login);
	char hash[PASSWORD_HASH_SIZE] = "";
	int err;

	if (p && !read_hash(hash, a->uc, p->id))
		snprintf(a->user, sizeof(a->user), "%s", p->id);

	err = password_verify(hash[0] ? hash : NULL, password, password_checked,
			      a);
	if (err) {
		reply_error(a->req, err);
		mem_deref(a);
	}
}

static void sign_in_by_device(struct attempt *a, const char *token)
{
	char hash[TOKEN_HASH_SIZE];
	struct store_rows *rows = NULL;

	token_hash(hash, token);
	if (!store_query(&rows, a->uc->store,
			 "SELECT user_id FROM device_token WHERE hash = $1",
			 STORE_ARGS(store_text(hash))) &&
	    rows_count(rows) == 1)
		snprintf(a->user, sizeof(a->user), "%s", rows_text(rows, 0, 0));

	mem_deref(rows);
	if (people_find(a->uc->people, a->user))
		open_session(a);
	else
		refuse(a);
}

static int attempt_alloc(struct attempt **ap, struct uc *uc,
			 struct http_request *req, const char *account)
{
	struct attempt *a = mem_zalloc(sizeof(*a), attempt_destructor);

	if (!a)
		return ENOMEM;

	a->uc = uc;
	a->req = mem_ref(req);
	snprintf(a->account, sizeof(a->account), "%s", account);
	re_snprintf(a->address, sizeof(a->address), "%j", http_peer(req));
	*ap = a;
	return 0;
}

static void missing(struct http_request *req, const char *field)
{
	json_t *errors = NULL;

	problem_field(&errors, field, "missing", "This field is needed.");
	reply_invalid(req, errors);
}

void session_create(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	struct uc *uc = arg;
	struct attempt *a;
	const char *login, *password, *device;
	json_t *body = NULL;

	(void)caller;

	if (request_object(req, &body))
		return;

	login = json_get_text(body, "login");
	password = json_get_text(body, "password");
	device = json_get_text(body, "device_token");
	if (!device && (!login || !password)) {
		missing(req, login ? "password" : "login");
		goto out;
	}
	if (password && strlen(password) > PASSWORD_MAX)
		password = "";

	if (attempt_alloc(&a, uc, req, device ? "device" : login)) {
		reply_error(req, ENOMEM);
		goto out;
	}

	if (device)
		snprintf(a->account, sizeof(a->account), "device %s",
			 a->address);
	if (!may_try(a))
		mem_deref(a);
	else if (device)
		sign_in_by_device(a, device);
	else
		sign_in_by_password(a, login, password);

out:
	json_decref(body);
}

static void session_gone(const struct store_result *result, void *arg)
{
	struct http_request *req = arg;

	if (result->err)
		reply_error(req, result->err);
	else
		http_reply(req, 204, NULL, NULL, 0);

	mem_deref(req);
}

void session_delete(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	struct uc *uc = arg;
	struct span bearer = http_bearer(req);
	char token[128], hash[TOKEN_HASH_SIZE];
	int err;

	(void)caller;

	if (!bearer.p)
		bearer = http_cookie(req, "session");
	snprintf(token, sizeof(token), SPAN_FMT, SPAN_ARG(bearer));
	token_hash(hash, token);

	err = store_write(uc->store, session_gone, mem_ref(req),
			  "DELETE FROM session WHERE hash = $1",
			  STORE_ARGS(store_text(hash)));
	if (err) {
		reply_error(req, err);
		mem_deref(req);
	}
}

/* ---- the user's own password ---- */

static void password_stored(const struct store_result *result, void *arg)
{
	struct attempt *a = arg;

	if (result->err)
		reply_error(a->req, result->err);
	else
		http_reply(a->req, 204, NULL, NULL, 0);

	mem_deref(a);
}

static void new_password_hashed(int err, const char *hash, void *arg)
{
	struct attempt *a = arg;
	struct store_write *w = NULL;
	int64_t now = (int64_t)clock_wall_ms();

	if (!err)
		err = store_write_alloc(&w, a->uc->store);
	if (err)
		goto out;

	/* Whoever knew the old one is signed out; devices stay deployed. */
	store_write_add(w,
			"UPDATE password SET hash = $2, changed_ms = $3"
			" WHERE user_id = $1",
			STORE_ARGS(store_text(a->user), store_text(hash),
				   store_int(now)));
	store_write_add(w, "DELETE FROM session WHERE user_id = $1",
			STORE_ARGS(store_text(a->user)));
	err = store_write_send(w, password_stored, a);

out:
	if (err) {
		reply_error(a->req, err);
		mem_deref(a);
	}
}

static void old_password_checked(int err, bool is_match, void *arg)
{
	struct attempt *a = arg;

	if (!err && !is_match) {
		refuse(a);
		return;
	}

	if (!err)
		err = password_hash(a->password, new_password_hashed, a);
	if (err) {
		reply_error(a->req, err);
		mem_deref(a);
	}
}

void session_password(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	struct uc *uc = arg;
	char hash[PASSWORD_HASH_SIZE] = "";
	const char *current, *wanted;
	struct attempt *a = NULL;
	json_t *body = NULL;
	json_t *errors = NULL;
	int err;

	if (request_object(req, &body))
		return;

	current = json_get_text(body, "current");
	wanted = json_get_text(body, "new");
	if (!current || !wanted) {
		missing(req, current ? "new" : "current");
		goto out;
	}
	if (strlen(wanted) < 8 || strlen(wanted) > PASSWORD_MAX) {
		problem_field(&errors, "new", "too-short",
			      "A password has 8 to 256 characters.");
		reply_invalid(req, errors);
		goto out;
	}

	err = attempt_alloc(&a, uc, req, caller->name);
	if (!err)
		err = str_dup(&a->password, wanted);
	if (err) {
		mem_deref(a);
		reply_error(req, err);
		goto out;
	}

	snprintf(a->user, sizeof(a->user), "%s", caller->id);
	if (!may_try(a)) {
		mem_deref(a);
		goto out;
	}

	(void)read_hash(hash, uc, a->user);
	err = password_verify(hash[0] ? hash : NULL, current,
			      old_password_checked, a);
	if (err) {
		reply_error(a->req, err);
		mem_deref(a);
	}

out:
	json_decref(body);
}

/* ---- a new user's first password ---- */

struct first_password {
	char *user;
	char *password;
};

static void first_password_destructor(void *data)
{
	struct first_password *f = data;

	if (f->password)
		secret_wipe(f->password, strlen(f->password));
	mem_deref(f->password);
	mem_deref(f->user);
}

static int hash_first_password(struct store_tx *tx, void *data)
{
	struct first_password *f = data;
	char hash[PASSWORD_HASH_SIZE];
	int err;

	err = password_hash_now(hash, f->password);
	if (err)
		return err;

	return store_tx_run(tx, NULL,
			    "INSERT INTO password (user_id, hash, changed_ms)"
			    " VALUES ($1, $2, $3) ON CONFLICT (user_id)"
			    " DO NOTHING",
			    STORE_ARGS(store_text(f->user), store_text(hash),
				       store_int((int64_t)clock_wall_ms())));
}

int session_first_password(struct store_write *w, const char *user,
			   const char *password)
{
	struct first_password *f;
	int err;

	f = mem_zalloc(sizeof(*f), first_password_destructor);
	if (!f)
		return ENOMEM;

	err = str_dup(&f->user, user);
	if (!err)
		err = str_dup(&f->password, password);
	if (!err)
		err = store_write_call(w, hash_first_password, f);

	mem_deref(f);
	return err;
}
