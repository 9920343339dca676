/* uc_link.c - see uc_link.h */
#include <stdio.h>

#include "base/http_client.h"
#include "base/json.h"
#include "base/log.h"
#include "base/websocket.h"
#include "base/wheel.h"
#include "phone/cache.h"
#include "phone/call.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/setting.h"
#include "phone/diary.h"
#include "phone/uc_link.h"
#include "phone/voice_mail.h"

enum {
	URL_SIZE = 512,
	TOKEN_MAX = 256,
	EPOCH_SIZE = 64,
	LIST_BYTES_MAX = 4 * 1024 * 1024,
};

enum { LIST_DIRECTORY, LIST_HISTORY, LIST_SETTINGS, LISTS };

enum link_state {
	LINK_CONNECTING, /* for the first time */
	LINK_ONLINE,
	LINK_SUSPECT,
	LINK_OFFLINE,
};

struct uc_link {
	struct engine *e; /* borrowed: it owns us */
	enum link_state state;
	uint32_t retry_ms;
	bool is_trying;
	char token[TOKEN_MAX]; /* of the session, or "" */
	char epoch[EPOCH_SIZE];
	uint64_t seq;
	struct http_call *sign_in;
	struct http_call *lists[LISTS];
	struct ws *ws;
	struct wheel_timer retry;
	struct wheel_timer silence;
	struct wheel_timer limit; /* of one try */
};

static void try_now(void *arg);

static void uc_link_destructor(void *data)
{
	struct uc_link *l = data;

	wheel_stop(&l->retry);
	wheel_stop(&l->silence);
	wheel_stop(&l->limit);
	mem_deref(l->sign_in);
	for (int i = 0; i < LISTS; i++)
		mem_deref(l->lists[i]);
	mem_deref(l->ws);
}

static void url_of(const struct uc_link *l, const char *path,
		   char out[URL_SIZE])
{
	const char *base = l->e->account->uc_url;
	int length = (int)strlen(base);

	while (length && base[length - 1] == '/')
		length--;
	snprintf(out, URL_SIZE, "%.*s%s", length, base, path);
}

/* ---- losing it ---- */

static void go_offline(struct uc_link *l, const char *reason)
{
	bool is_news = l->state != LINK_OFFLINE;

	l->is_trying = false;
	wheel_stop(&l->silence);
	wheel_stop(&l->limit);
	l->sign_in = mem_deref(l->sign_in);
	for (int i = 0; i < LISTS; i++)
		l->lists[i] = mem_deref(l->lists[i]);
	l->ws = mem_deref(l->ws);

	l->state = LINK_OFFLINE;
	if (is_news) {
		face_link(l->e, "offline", true, reason);
		phone_records_discard(l->e);
	}
	wheel_start(&l->retry, l->retry_ms - rand_u32() % (l->retry_ms / 4),
		    try_now, l);
	l->retry_ms *= 2;
	if (l->retry_ms > UC_LINK_RETRY_MAX_MS)
		l->retry_ms = UC_LINK_RETRY_MAX_MS;
}

static void is_silent(void *arg)
{
	struct uc_link *l = arg;

	if (l->state == LINK_SUSPECT) {
		go_offline(l, "silence");
		return;
	}
	l->state = LINK_SUSPECT;
	(void)ws_ping(l->ws);
	wheel_start(&l->silence, UC_LINK_SILENCE_MS - UC_LINK_SUSPECT_MS,
		    is_silent, l);
}

static void took_too_long(void *arg)
{
	go_offline(arg, "no-answer");
}

/* ---- lists, read when the link comes up ---- */

static json_t *items_of(int err, int status, const char *body, size_t len)
{
	struct span text = { body, (uint32_t)len };
	json_t *json = NULL, *items;

	if (err || status != 200 ||
	    json_read(&json, text, LIST_BYTES_MAX, NULL))
		return NULL;
	items = json_incref(json_object_get(json, "items"));
	json_decref(json);
	if (json_is_array(items))
		return items;
	json_decref(items);
	return NULL;
}

static void took_directory(int err, int status, const char *body, size_t len,
			   void *arg)
{
	struct uc_link *l = arg;
	json_t *items = items_of(err, status, body, len);

	l->lists[LIST_DIRECTORY] = mem_deref(l->lists[LIST_DIRECTORY]);
	if (items)
		cache_set(l->e->cache, "directory", items);
}

static void took_history(int err, int status, const char *body, size_t len,
			 void *arg)
{
	struct uc_link *l = arg;
	json_t *items = items_of(err, status, body, len);

	l->lists[LIST_HISTORY] = mem_deref(l->lists[LIST_HISTORY]);
	diary_server_list(l->e->diary, items);
	json_decref(items);
}

static void took_settings(int err, int status, const char *body, size_t len,
			  void *arg)
{
	struct uc_link *l = arg;
	struct span text = { body, (uint32_t)len };
	json_t *json = NULL;

	if (err || status != 200 ||
	    json_read(&json, text, LIST_BYTES_MAX, NULL))
		json = NULL;
	l->lists[LIST_SETTINGS] = mem_deref(l->lists[LIST_SETTINGS]);
	if (json)
		setting_take(l->e, json);
	json_decref(json);
}

static void ask_list(struct uc_link *l, int n)
{
	static const char *const paths[LISTS] = {
		"/api/v1/directory",
		"/api/v1/history?page%5Bsize%5D=100",
		"/api/v1/me/settings",
	};
	static http_client_h *const handlers[LISTS] = { took_directory,
							took_history,
							took_settings };
	char url[URL_SIZE];
	struct http_params params = {
		.url = url,
		.bearer = l->token,
		.ca_file = l->e->ca_file,
	};

	url_of(l, paths[n], url);
	l->lists[n] = mem_deref(l->lists[n]);
	(void)http_client_request(&l->lists[n], l->e->http, &params,
				  handlers[n], l);
}

/* ---- what it says ---- */

static void said_hello(struct uc_link *l)
{
	wheel_stop(&l->limit);
	l->is_trying = false;
	l->retry_ms = UC_LINK_RETRY_MS;
	if (l->state != LINK_ONLINE && l->state != LINK_SUSPECT) {
		l->state = LINK_ONLINE;
		face_link(l->e, "online", false, "");
	}
	for (int i = 0; i < LISTS; i++)
		ask_list(l, i);
}

static void said_presence(struct uc_link *l, const json_t *data)
{
	const char *user = json_get_text(data, "user");
	const char *state = json_get_text(data, "state");
	json_t *directory = cache_get(l->e->cache, "directory"), *person;
	size_t i;

	if (!user || !state)
		return;
	json_array_foreach(directory, i, person)
	{
		const char *id = json_get_text(person, "id");

		if (id && !strcmp(id, user))
			json_object_set_new(person, "presence",
					    json_string(state));
	}
	engine_event(l->e,
		     json_pack("{s:s, s:s, s:s?, s:s?, s:s}", "event",
			       "presence", "user", user, "name",
			       json_get_text(data, "name"), "number",
			       json_get_text(data, "number"), "state", state));
}

static void take_frame(struct uc_link *l, const json_t *frame)
{
	const char *type = json_get_text(frame, "type");
	const char *epoch = json_get_text(frame, "epoch");
	const json_t *data = json_object_get(frame, "data");

	if (!type)
		return;
	if (epoch)
		snprintf(l->epoch, sizeof(l->epoch), "%s", epoch);
	l->seq = (uint64_t)json_get_int(frame, "seq", (int64_t)l->seq);

	if (!strcmp(type, "hello"))
		said_hello(l);
	else if (!strcmp(type, "presence"))
		said_presence(l, data);
	else if (!strcmp(type, "history"))
		diary_server_entry(l->e->diary, data);
	else if (!strcmp(type, "settings"))
		setting_take(l->e, data);
	else if (!strcmp(type, "voicemail"))
		voice_mail_changed(l->e, data);
	else if (!strcmp(type, "directory"))
		ask_list(l, LIST_DIRECTORY);
}

/* ---- the WebSocket ---- */

static void ws_text(struct ws *ws, struct span text, void *arg)
{
	struct uc_link *l = arg;
	json_t *frame = NULL;

	(void)ws;
	if (json_read(&frame, text, WS_MESSAGE_MAX_BYTES, NULL))
		return;
	take_frame(l, frame);
	json_decref(frame);
}

static void ws_activity(struct ws *ws, void *arg)
{
	struct uc_link *l = arg;

	(void)ws;
	if (l->state == LINK_SUSPECT)
		l->state = LINK_ONLINE;
	wheel_start(&l->silence, UC_LINK_SUSPECT_MS, is_silent, l);
}

static void ws_closed(struct ws *ws, enum ws_reason why, uint16_t code,
		      void *arg)
{
	struct uc_link *l = arg;

	(void)ws;
	/* a session that is over: the device token makes another */
	if (code == 401 || code == 403 || code == 4401 || code == 1008)
		l->token[0] = 0;
	go_offline(l, why == WS_REASON_REFUSED   ? "refused"
		      : why == WS_REASON_TIMEOUT ? "no-answer"
						 : "connection-lost");
}

static void open_events(struct uc_link *l)
{
	static const struct ws_handlers handlers = {
		.text = ws_text,
		.activity = ws_activity,
		.closed = ws_closed,
	};
	struct ws_config config = {
		.ping_ms = UINT32_MAX,
		.connect_ms = UC_LINK_CONNECT_MS,
	};
	char path[URL_SIZE / 2] = "/api/v1/events", url[URL_SIZE];

	if (l->epoch[0] && !strpbrk(l->epoch, "&?#% "))
		snprintf(path, sizeof(path),
			 "/api/v1/events?epoch=%s&after=%llu", l->epoch,
			 (unsigned long long)l->seq);
	url_of(l, path, url);
	if (ws_connect(&l->ws, url, l->token,
		       strncmp(url, "https:", 6) ? NULL : l->e->tls, &config,
		       &handlers, l))
		go_offline(l, "unreachable");
}

/* ---- signing in ---- */

static void signed_in(int err, int status, const char *body, size_t len,
		      void *arg)
{
	struct uc_link *l = arg;
	struct span text = { body, (uint32_t)len };
	json_t *json = NULL;
	const char *token;

	l->sign_in = mem_deref(l->sign_in);
	if (err) {
		go_offline(l, err == ETIMEDOUT ? "no-answer" : "unreachable");
		return;
	}
	if (status == 401 || status == 403) {
		l->retry_ms = UC_LINK_RETRY_MAX_MS;
		go_offline(l, "signed-out");
		return;
	}
	if (status / 100 != 2 || json_read(&json, text, 0, NULL)) {
		go_offline(l, "refused");
		return;
	}

	token = json_get_text(json, "token");
	snprintf(l->token, sizeof(l->token), "%s", token ? token : "");
	json_decref(json);
	if (l->token[0])
		open_events(l);
	else
		go_offline(l, "refused");
}

static void sign_in(struct uc_link *l)
{
	char url[URL_SIZE];
	json_t *body = json_pack("{s:s}", "device_token",
				 l->e->account->device_token);
	struct http_params params = {
		.method = "POST",
		.url = url,
		.json = body,
		.ca_file = l->e->ca_file,
		.timeout_ms = UC_LINK_CONNECT_MS,
		.connect_ms = UC_LINK_CONNECT_MS,
	};

	url_of(l, "/api/v1/sessions", url);
	if (!body ||
	    http_client_request(&l->sign_in, l->e->http, &params, signed_in, l))
		go_offline(l, "unreachable");
	json_decref(body);
}

static void try_now(void *arg)
{
	struct uc_link *l = arg;

	wheel_stop(&l->retry);
	if (l->is_trying)
		return;
	l->is_trying = true;
	wheel_start(&l->limit, UC_LINK_TRY_MS, took_too_long, l);
	if (l->token[0])
		open_events(l);
	else
		sign_in(l);
}

/* ---- from outside ---- */

int uc_link_start(struct uc_link **lp, struct engine *e)
{
	struct uc_link *l;

	l = mem_zalloc(sizeof(*l), uc_link_destructor);
	if (!l)
		return ENOMEM;

	l->e = e;
	l->retry_ms = UC_LINK_RETRY_MS;
	face_link(e, "connecting", false, "");
	wheel_start(&l->retry, 0, try_now, l);
	*lp = l;
	return 0;
}

bool uc_link_is_online(const struct uc_link *l)
{
	return l->state == LINK_ONLINE || l->state == LINK_SUSPECT;
}

int uc_link_ask(struct uc_link *l, const char *method, const char *path,
		json_t *body, http_client_h *h, void *arg)
{
	char url[URL_SIZE];
	struct http_params params = { .method = method,
				      .url = url,
				      .ca_file = l->e->ca_file,
				      .bearer = l->token,
				      .json = body,
				      .connect_ms = UC_LINK_CONNECT_MS };

	if (!uc_link_is_online(l) || !l->token[0])
		return ENOTCONN;

	url_of(l, path, url);

	return http_client_request(NULL, l->e->http, &params, h, arg);
}

void uc_link_try(struct uc_link *l)
{
	if (uc_link_is_online(l) || l->is_trying)
		return;
	l->retry_ms = UC_LINK_RETRY_MS;
	try_now(l);
}
