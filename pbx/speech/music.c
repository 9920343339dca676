/* music.c - see music.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/http.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/worker.h"
#include "media/wav.h"
#include "model/route.h"
#include "pbx/call/call.h"
#include "pbx/route/cos.h"
#include "pbx/trunk/cpn.h"
#include "pbx/speech/music.h"
#include "pbx/speech/sound_file.h"
#include "pbx/trunk/outsider.h"
#include "pbx/pair/pair_sound.h"
#include "pbx/settings.h"

enum { QUEUE_MAX = 64, PATH_BYTES = 600 };

/* What a file's name begins with; no id has a dot. */
static char customers[] = "";
static char zones[] = "zone.";
static char users[] = "user.";

static struct {
	char dir[400];
	struct worker_pool *pool;
} music;

/* What the thread does for one request. */
struct job {
	struct http_request *req;
	char path[PATH_BYTES];
	char part[PATH_BYTES + 8];
	struct mbuf *data; /* read */
	const char *why;   /* it is no WAV file */
	int err;
};

static void job_destructor(void *data)
{
	struct job *j = data;

	mem_deref(j->req);
	mem_deref(j->data);
}

/* An id that is a file's name and nothing else. */
static bool is_plain(const char *id)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t len = strlen(id);

	return len && len < DIRECTORY_ID_SIZE && strspn(id, plain) == len;
}

static void path_of(const char *whose, const char *id, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s/%s/music/%s%s.wav", music.dir,
		       pbx_settings.folder, whose, id);
}

/* The name of a file that is there, or NULL. */
static const char *find_file(const char *whose, const char *id,
			     char name[MUSIC_NAME_BYTES])
{
	char path[PATH_BYTES];

	if (!is_plain(id))
		return NULL;
	path_of(whose, id, path);
	if (access(path, R_OK))
		return NULL;
	(void)snprintf(name, MUSIC_NAME_BYTES, "%s/music/%s%s.wav",
		       pbx_settings.folder, whose, id);

	return name;
}

const char *music_of(const char *customer, char name[MUSIC_NAME_BYTES])
{
	const char *own = find_file(customers, customer, name);

	return own ? own : "melody";
}

const char *music_of_holder(const struct leg *by, char name[MUSIC_NAME_BYTES])
{
	const struct sip_flow *f = by->dialog ? sip_dialog_flow(by->dialog)
					      : NULL;
	const struct user *u = by->phone ? phone_person(by->phone) : NULL;
	const char *zone = NULL, *own = NULL;

	if (u && cos_may(u, COS_LOCAL_MUSIC))
		own = find_file(users, u->id, name);
	if (own)
		return own;
	if (f && by->phone && !outsider_is(by->phone))
		zone = zone_id(by->phone, sip_flow_remote(f));
	if (zone)
		own = find_file(zones, zone, name);

	return own ? own : music_of(by->call->customer, name);
}

bool music_has_owner(const char *file)
{
	char id[DIRECTORY_ID_SIZE] = "";
	int end = 0;

	if (sscanf(file, "zone.%26[^/.].wav%n", id, &end) == 1 && end)
		return zone_is(id);
	if (sscanf(file, "user.%26[^/.].wav%n", id, &end) == 1 && end)
		return directory_user(span_of(id)) != NULL;

	return sscanf(file, "%26[^/.]", id) == 1 &&
	       directory_customer(span_of(id));
}

static void forget(const char *whose, const char *id)
{
	char path[PATH_BYTES];

	if (!is_plain(id))
		return;
	path_of(whose, id, path);
	(void)unlink(path);
}

void music_forget(const char *customer)
{
	forget(customers, customer);
}

void music_forget_zone(const char *zone)
{
	forget(zones, zone);
}

void music_forget_user(const char *user)
{
	forget(users, user);
}

/* ---- in the thread ---- */

static void put_work(void *arg)
{
	struct job *j = arg;
	struct span body = http_body(j->req);
	struct wav *wav = NULL;

	j->err = wav_parse(&wav, (const uint8_t *)body.p, body.len, &j->why);
	if (!j->err && !wav->count) {
		j->err = EBADMSG;
		j->why = "it is empty";
	}
	mem_deref(wav);
	if (!j->err)
		j->err = sound_write(j->path, j->part, body);
}

static void get_work(void *arg)
{
	struct job *j = arg;
	FILE *f = fopen(j->path, "rbe");
	uint8_t part[16384];
	size_t n;

	if (!f) {
		j->err = errno;
		return;
	}
	while (!j->err && (n = fread(part, 1, sizeof(part), f)) > 0)
		j->err = mbuf_write_mem(j->data, part, n);
	if (!j->err && ferror(f))
		j->err = EIO;
	(void)fclose(f);
}

/* ---- in the loop ---- */

static void put_done(void *arg)
{
	struct job *j = arg;
	json_t *errors;

	if (j->err == EBADMSG || j->err == EFBIG) {
		errors = json_array();
		kind_error(errors, "", "not-wav",
			   "send a WAV file of 8 or 16 bit, A-law or u-law, "
			   "at 8, 16, 24, 32 or 48 kHz: %s",
			   j->why ? j->why : "it is too large");
		reply_invalid(j->req, errors);
	}
	else if (j->err) {
		reply_error(j->req, j->err);
	}
	else {
		pair_sound_changed(j->path + strlen(music.dir) + 1);
		(void)http_reply(j->req, 204, NULL, NULL, 0);
	}
	mem_deref(j);
}

static void get_done(void *arg)
{
	struct job *j = arg;

	if (j->err == ENOENT)
		reply_not_found(j->req, "music");
	else if (j->err)
		reply_error(j->req, j->err);
	else
		(void)http_reply(j->req, 200, "audio/wav", j->data->buf,
				 j->data->end);
	mem_deref(j);
}

static bool is_there(const char *whose, const char *id)
{
	if (!strcmp(whose, zones))
		return zone_is(id);
	if (!strcmp(whose, users))
		return directory_user(span_of(id)) != NULL;

	return directory_customer(span_of(id)) != NULL;
}

/* The id in the path, of somebody there is; answers 404 itself. */
static const char *find(struct http_request *req, const char *whose)
{
	const char *id = http_param(req, "id");

	if (id && is_plain(id) && is_there(whose, id))
		return id;

	reply_not_found(req, !strcmp(whose, zones)   ? "zone"
			     : !strcmp(whose, users) ? "user"
						     : "customer");
	return NULL;
}

static void run(struct http_request *req, const char *whose, const char *id,
		work_h *work, work_done_h *done)
{
	struct job *j = mem_zalloc(sizeof(*j), job_destructor);
	int err = ENOMEM;

	if (!j)
		goto out;
	j->req = mem_ref(req);
	j->data = mbuf_alloc(1024);
	if (!j->data)
		goto out;
	path_of(whose, id, j->path);
	(void)snprintf(j->part, sizeof(j->part), "%s.part", j->path);
	err = worker_give(music.pool, work, done, j);

out:
	if (err) {
		mem_deref(j);
		reply_error(req, err);
	}
}

static void put_music(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	struct span type = http_header(req, "Content-Type");
	const char *id = find(req, arg);

	(void)caller;
	if (!id)
		return;
	if (!span_equal_nocase(type, SPAN("audio/wav")) &&
	    !span_equal_nocase(type, SPAN("audio/x-wav")) &&
	    !span_equal_nocase(type, SPAN("audio/wave"))) {
		(void)http_reply_problem(req, 415, "not-wav",
					 "Send the body as audio/wav.", NULL);
		return;
	}
	run(req, arg, id, put_work, put_done);
}

static void get_music(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	const char *id = find(req, arg);

	(void)caller;
	if (id)
		run(req, arg, id, get_work, get_done);
}

static void delete_music(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	const char *id = find(req, arg);
	char path[PATH_BYTES];

	(void)caller;
	if (!id)
		return;
	forget(arg, id);
	path_of(arg, id, path);
	pair_sound_gone(path + strlen(music.dir) + 1);
	(void)http_reply(req, 204, NULL, NULL, 0);
}

static const struct route routes[] = {
	{ "PUT", "/api/v1/customers/{id}/music", "customers", ACTION_UPDATE,
	  put_music, MUSIC_MAX_BYTES, "Set the music on hold: a WAV file" },
	{ "GET", "/api/v1/customers/{id}/music", "customers", ACTION_READ,
	  get_music, 0, "The customer's music on hold" },
	{ "DELETE", "/api/v1/customers/{id}/music", "customers", ACTION_UPDATE,
	  delete_music, 0, "Back to the melody that comes with the product" },
};

static const struct route zone_routes[] = {
	{ "PUT", "/api/v1/zones/{id}/music", "zones", ACTION_UPDATE, put_music,
	  MUSIC_MAX_BYTES, "Set a zone's own music on hold: a WAV file" },
	{ "GET", "/api/v1/zones/{id}/music", "zones", ACTION_READ, get_music, 0,
	  "The zone's music on hold" },
	{ "DELETE", "/api/v1/zones/{id}/music", "zones", ACTION_UPDATE,
	  delete_music, 0, "Back to the customer's music" },
};

static const struct route user_routes[] = {
	{ "PUT", "/api/v1/users/{id}/music", "users", ACTION_UPDATE, put_music,
	  MUSIC_MAX_BYTES, "Set a user's own music on hold: a WAV file" },
	{ "GET", "/api/v1/users/{id}/music", "users", ACTION_READ, get_music, 0,
	  "The user's music on hold" },
	{ "DELETE", "/api/v1/users/{id}/music", "users", ACTION_UPDATE,
	  delete_music, 0, "Back to the zone's or the customer's music" },
};

int music_start(struct router *router, const char *dir)
{
	char path[PATH_BYTES];
	int err;

	if (strlen(dir) >= sizeof(music.dir))
		return ENAMETOOLONG;
	(void)snprintf(music.dir, sizeof(music.dir), "%s", dir);
	(void)snprintf(path, sizeof(path), "%s/%s/music", dir,
		       pbx_settings.folder);
	if (mkdir(path, 0750) && errno != EEXIST)
		return errno;

	err = worker_pool_alloc(&music.pool, 1, QUEUE_MAX);
	if (!err)
		err = router_routes(router, routes, ARRAY_SIZE(routes),
				    customers);
	if (!err)
		err = router_routes(router, zone_routes,
				    ARRAY_SIZE(zone_routes), zones);
	if (!err)
		err = router_routes(router, user_routes,
				    ARRAY_SIZE(user_routes), users);

	return err;
}

void music_close(void)
{
	music.pool = mem_deref(music.pool);
}
