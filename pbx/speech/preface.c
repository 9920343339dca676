/* preface.c - see preface.h */
#include <stdio.h>
#include <unistd.h>

#include "base/http.h"
#include "pbx/speech/answer.h"
#include "pbx/trunk/did.h"
#include "pbx/route/group.h"
#include "pbx/pair/pair_sound.h"
#include "pbx/speech/preface.h"
#include "pbx/settings.h"
#include "pbx/speech/sound_file.h"
#include "pbx/mail/voicemail.h"

enum { FILE_BYTES = 120, PATH_BYTES = 600, LIMIT_S = 60 };

struct preface_call {
	struct answer *answer;
	bool is_early;
	char number[DIRECTORY_NUMBER_MAX + 1];
	char file[FILE_BYTES];
};

static char state_dir[400];

enum preface preface_of(const char *name)
{
	if (name && !strcmp(name, "early"))
		return PREFACE_EARLY;

	return name && !strcmp(name, "answered") ? PREFACE_ANSWERED
						 : PREFACE_NONE;
}

/* ---- files ---- */

static void file_of(char out[FILE_BYTES], const char *kind, const char *id)
{
	(void)snprintf(out, FILE_BYTES, "%s/announcements/%s-%s.wav",
		       pbx_settings.folder, kind, id);
}

static void path_of(char out[PATH_BYTES], const char *file)
{
	(void)snprintf(out, PATH_BYTES, "%s/%s", state_dir, file);
}

void preface_forget(const struct kind *kind, const char *id)
{
	char file[FILE_BYTES], path[PATH_BYTES];

	if (kind != &did_kind && kind != &pbx_group_kind)
		return;
	file_of(file, kind->name, id);
	path_of(path, file);
	(void)unlink(path);
}

/* ---- the call ---- */

static void opened(void *arg)
{
	const struct preface_call *p = arg;
	char path[PATH_BYTES];

	path_of(path, p->file);
	if (!access(path, R_OK))
		answer_play(p->answer, p->file);
	else
		answer_say(p->answer, "please-hold");
}

/* The call rings as if nothing had been said. */
static void ring(void *arg)
{
	struct preface_call *p = arg;
	struct call *call = answer_call(p->answer);
	char number[DIRECTORY_NUMBER_MAX + 1];

	memcpy(number, p->number, sizeof(number));
	answer_drop(p->answer);
	call_ring_on(call, number);
}

static void said(void *arg)
{
	struct preface_call *p = arg;
	struct answer_way way = { .number = p->number,
				  .reach = ROUTE_REACH_CALLER };

	if (p->is_early)
		ring(p);
	else if (answer_send_on(p->answer, &way))
		answer_hang_up(p->answer);
}

static void refused(void *arg, uint16_t status, const char *user)
{
	struct preface_call *p = arg;

	if ((status == 480 || status == 486 || status == 408) &&
	    voicemail_takes_over(p->answer, user))
		return;

	answer_say(p->answer, status == 486 ? "party-busy" : "party-silent");
	answer_leave(p->answer);
}

static const struct answer_owner owner = {
	.opened = opened,
	.said = said,
	.refused = refused,
	.lost = ring,
};

bool preface_takes(struct call *call, const char *number, const char *did)
{
	const struct phone *caller = call->caller->phone;
	const struct group *g = group_by_number(caller->customer,
						span_of(number));
	enum preface manner = did ? did_preface(did) : PREFACE_NONE;
	const char *kind = did_kind.name, *id = did;
	struct preface_call *p;
	int err;

	if (manner == PREFACE_NONE && g) {
		manner = (enum preface)g->preface;
		kind = pbx_group_kind.name;
		id = g->id;
	}
	if (manner == PREFACE_NONE ||
	    (manner == PREFACE_EARLY && call->wants_reliable))
		return false;

	p = mem_zalloc(sizeof(*p), NULL);
	if (!p)
		return false;
	p->is_early = manner == PREFACE_EARLY;
	(void)snprintf(p->number, sizeof(p->number), "%s", number);
	file_of(p->file, kind, id);
	err = answer_begin(&p->answer, call, &owner, p,
			   p->is_early ? ANSWER_EARLY : ANSWER_CONNECT);
	mem_deref(p);
	if (err)
		return false;

	(void)snprintf(call->number, sizeof(call->number), "%s", number);
	trail_add(&call->trail, "the announcement of %s is heard first",
		  number);

	return true;
}

/* ---- REST ---- */

/* The file of the object a request names; false has been answered. */
static bool wanted(struct http_request *req, char file[FILE_BYTES])
{
	const char *id = http_param(req, "id");
	bool is_did = !strncmp(http_path(req), "/api/v1/dids/", 13);
	bool is_there = is_did ? did_is_known(id) : group_find(id) != NULL;

	if (!is_there) {
		reply_not_found(req, is_did ? "did" : "group");
		return false;
	}
	file_of(file, is_did ? did_kind.name : pbx_group_kind.name, id);

	return true;
}

static void taken(struct http_request *req, void *arg)
{
	(void)arg;
	(void)http_reply(req, 204, NULL, NULL, 0);
}

static void put_file(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	char file[FILE_BYTES];

	(void)caller;
	(void)arg;
	if (wanted(req, file))
		sound_take(req, file, LIMIT_S, taken, NULL);
}

static void get_file(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	char file[FILE_BYTES];

	(void)caller;
	(void)arg;
	if (wanted(req, file))
		sound_send(req, file, "announcement");
}

static void delete_file(struct http_request *req, const struct caller *caller,
			void *arg)
{
	char file[FILE_BYTES], path[PATH_BYTES];

	(void)caller;
	(void)arg;
	if (!wanted(req, file))
		return;
	path_of(path, file);
	(void)unlink(path);
	pair_sound_gone(file);
	(void)http_reply(req, 204, NULL, NULL, 0);
}

static const struct route routes[] = {
	{ "PUT", "/api/v1/dids/{id}/announcement", "dids", ACTION_UPDATE,
	  put_file, SOUND_FILE_TAKE_MAX, "Set what callers hear first: WAV" },
	{ "GET", "/api/v1/dids/{id}/announcement", "dids", ACTION_READ,
	  get_file, 0, "What callers hear first" },
	{ "DELETE", "/api/v1/dids/{id}/announcement", "dids", ACTION_UPDATE,
	  delete_file, 0, "Back to the words that come with the product" },
	{ "PUT", "/api/v1/groups/{id}/announcement", "groups", ACTION_UPDATE,
	  put_file, SOUND_FILE_TAKE_MAX, "Set what callers hear first: WAV" },
	{ "GET", "/api/v1/groups/{id}/announcement", "groups", ACTION_READ,
	  get_file, 0, "What callers hear first" },
	{ "DELETE", "/api/v1/groups/{id}/announcement", "groups", ACTION_UPDATE,
	  delete_file, 0, "Back to the words that come with the product" },
};

int preface_start(struct router *router, const char *dir)
{
	if (strlen(dir) >= sizeof(state_dir))
		return ENAMETOOLONG;
	(void)snprintf(state_dir, sizeof(state_dir), "%s", dir);

	return router_routes(router, routes, ARRAY_SIZE(routes), NULL);
}
