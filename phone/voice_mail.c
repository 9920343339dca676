/* voice_mail.c - see voice_mail.h */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/http_client.h"
#include "base/json.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/uc_link.h"
#include "phone/voice_mail.h"

enum { PATH_BYTES = 120, ID_MAX = 48, FILE_BYTES = ENGINE_PATH_MAX + 80 };

/* What was asked for, until its answer. */
struct asking {
	struct le le; /* in the engine's */
	struct engine *e;
	const char *command; /* of the table */
	char id[ID_MAX + 1];
};

static void asking_destructor(void *data)
{
	struct asking *a = data;

	list_unlink(&a->le);
}

static void refuse(const struct asking *a, int err, int status,
		   const char *body, size_t len)
{
	struct span text = { body, (uint32_t)len };
	json_t *json = NULL;
	const char *code = NULL, *detail = NULL;

	if (!err && !json_read(&json, text, 0, NULL)) {
		code = json_get_text(json, "code");
		detail = json_get_text(json, "detail");
	}
	face_reply(a->e, a->command, code ? code : "failed",
		   detail   ? detail
		   : status ? "The server refuses it."
			    : "The server does not answer.");
	json_decref(json);
}

static void listed(int err, int status, const char *body, size_t len, void *arg)
{
	struct asking *a = arg;
	struct span text = { body, (uint32_t)len };
	json_t *json = NULL;

	if (err || status != 200 || json_read(&json, text, 0, NULL))
		refuse(a, err, status, body, len);
	else
		face_reply_with(a->e, a->command, "items",
				json_incref(json_object_get(json, "items")));
	json_decref(json);
	mem_deref(a);
}

static void done(int err, int status, const char *body, size_t len, void *arg)
{
	struct asking *a = arg;

	if (err || status / 100 != 2)
		refuse(a, err, status, body, len);
	else
		face_reply(a->e, a->command, NULL, NULL);
	mem_deref(a);
}

static int keep(const struct asking *a, const char *body, size_t len,
		char path[FILE_BYTES])
{
	FILE *f;
	int err = 0;

	(void)snprintf(path, FILE_BYTES, "%s/voicemail", a->e->state_dir);
	if (mkdir(path, 0700) && errno != EEXIST)
		return errno;
	(void)snprintf(path, FILE_BYTES, "%s/voicemail/%s.wav", a->e->state_dir,
		       a->id);
	f = fopen(path, "wbe");
	if (!f)
		return errno;
	if (fwrite(body, 1, len, f) != len)
		err = EIO;
	if (fclose(f) && !err)
		err = errno;

	return err;
}

static void path_of(const char *id, const char *behind, char out[PATH_BYTES])
{
	(void)snprintf(out, PATH_BYTES, "/api/v1/voicemail%s%s%s",
		       *id ? "/" : "", id, behind);
}

static void marked(int err, int status, const char *body, size_t len, void *arg)
{
	(void)err;
	(void)status;
	(void)body;
	(void)len;
	(void)arg;
}

/* Who has heard it has read it. */
static void heard(int err, int status, const char *body, size_t len, void *arg)
{
	struct asking *a = arg;
	char file[FILE_BYTES], path[PATH_BYTES];
	json_t *mark;

	if (err || status != 200) {
		refuse(a, err, status, body, len);
	}
	else {
		err = keep(a, body, len, file);
		if (err)
			face_reply(a->e, a->command, "failed", strerror(err));
		else
			face_reply_with(a->e, a->command, "file",
					json_string(file));
		mark = json_pack("{s:b}", "read", 1);
		path_of(a->id, "", path);
		(void)uc_link_ask(a->e->link, "PATCH", path, mark, marked,
				  NULL);
		json_decref(mark);
	}
	mem_deref(a);
}

static bool is_id(const char *id)
{
	size_t len = strlen(id);

	return len && len <= ID_MAX &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static const struct what {
	const char *name;
	const char *method;
	const char *behind;
	http_client_h *h;
	bool has_id;
	int mark; /* read: 1, unread: 0, no mark: -1 */
} whats[] = {
	{ "list", "GET", "", listed, false, -1 },
	{ "play", "GET", "/sound", heard, true, -1 },
	{ "read", "PATCH", "", done, true, 1 },
	{ "unread", "PATCH", "", done, true, 0 },
	{ "delete", "DELETE", "", done, true, -1 },
};

void voice_mail_run(struct engine *e, const char *command, const char *what,
		    const char *id)
{
	const struct what *w = NULL;
	char path[PATH_BYTES];
	json_t *body = NULL;
	struct asking *a;
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(whats); i++) {
		if (!strcmp(whats[i].name, *what ? what : "list"))
			w = &whats[i];
	}
	if (!w || w->has_id != (*id != '\0') || (*id && !is_id(id))) {
		face_reply(e, command, "usage",
			   "voicemail [list] | play|read|unread|delete ID");
		return;
	}

	if (!e->link) {
		face_reply(e, command, "not-offered",
			   capability_sentence("not-offered"));
		return;
	}
	a = mem_zalloc(sizeof(*a), asking_destructor);
	if (!a)
		return;
	list_append(&e->askings, &a->le, a);
	a->e = e;
	a->command = command;
	(void)snprintf(a->id, sizeof(a->id), "%s", id);
	path_of(id, w->behind, path);
	if (w->mark >= 0)
		body = json_pack("{s:b}", "read", w->mark);
	err = uc_link_ask(e->link, w->method, path, body, w->h, a);
	json_decref(body);
	if (!err)
		return;

	face_reply(e, command, "not-available-offline",
		   capability_sentence("not-available-offline"));
	mem_deref(a);
}

void voice_mail_changed(struct engine *e, const json_t *data)
{
	if (json_get_bool(data, "read_anew", false)) {
		engine_event(e, json_pack("{s:s, s:b}", "event", "voicemail",
					  "read_anew", 1));
		return;
	}
	engine_event(e,
		     json_pack("{s:s, s:I, s:I, s:I}", "event", "voicemail",
			       "new", (json_int_t)json_get_int(data, "new", 0),
			       "old", (json_int_t)json_get_int(data, "old", 0),
			       "urgent",
			       (json_int_t)json_get_int(data, "urgent", 0)));
}
