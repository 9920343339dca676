/* attendant.c - see attendant.h */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/list.h"
#include "pbx/route/attendant.h"
#include "pbx/route/mode.h"
#include "pbx/pair/pair_sound.h"
#include "pbx/settings.h"
#include "pbx/speech/sound_file.h"

enum { MENUS_MAX = 20, FORBIDDEN_MAX = 50, PATH_BYTES = 700 };

static struct {
	struct table by_id;
	struct table by_number;
	char dir[400];
} attendants;

static const char *const modes[] = { "keys", "keys_night1", "keys_night2" };

static const struct {
	const char *what;
	enum { TO_NONE, TO_NUMBER, TO_MENU, TO_LANGUAGE } to;
} acts[] = {
	{ "number", TO_NUMBER },  { "mailbox", TO_NUMBER },
	{ "menu", TO_MENU },      { "language", TO_LANGUAGE },
	{ "extension", TO_NONE }, { "name", TO_NONE },
	{ "back", TO_NONE },      { "repeat", TO_NONE },
	{ "hang-up", TO_NONE },
};

/* ---- checking ---- */

static const char *check_to(const json_t *object, int kind, const char *to)
{
	const json_t *menus = json_object_get(object, "menus");

	switch (kind) {
	case TO_NUMBER:
		if (!to || !*to || strlen(to) > DIRECTORY_NUMBER_MAX ||
		    to[strspn(to, "0123456789+")])
			return "to: give a number";
		break;
	case TO_MENU:
		if (!to || !json_object_get(menus, to))
			return "to: give the name of a menu of menus";
		break;
	case TO_LANGUAGE:
		if (!to || (strcmp(to, "en") != 0 && strcmp(to, "fr") != 0))
			return "to: give en or fr";
		break;
	default:
		if (to)
			return "to: nothing is to be named here";
		break;
	}

	return NULL;
}

static const char *check_act(const json_t *object, const char *key,
			     const json_t *act)
{
	const char *what = json_get_text(act, "do");

	if (strlen(key) != 1 || !strchr("0123456789*#", key[0]))
		return "give keys 0 to 9, * and #";
	for (size_t i = 0; what && i < ARRAY_SIZE(acts); i++) {
		if (!strcmp(acts[i].what, what))
			return check_to(object, acts[i].to,
					json_get_text(act, "to"));
	}

	return "do: give number, mailbox, menu, language, extension, name, "
	       "back, repeat or hang-up";
}

static void check_keys(const json_t *object, const char *field,
		       const json_t *keys, json_t *errors)
{
	const char *key;
	json_t *act;

	if (!keys || json_is_null(keys))
		return;
	if (!json_is_object(keys)) {
		kind_error(errors, field, "wrong-type",
			   "give an object of keys");
		return;
	}
	json_object_foreach((json_t *)keys, key, act)
	{
		const char *why = check_act(object, key, act);

		if (why)
			kind_error(errors, field, "bad-key", "key %s: %s", key,
				   why);
	}
}

static bool is_plain(const char *name, size_t max)
{
	size_t len = strlen(name);

	return len && len <= max &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

void attendant_check(const json_t *object, json_t *errors)
{
	const json_t *menus = json_object_get(object, "menus");
	const char *name;
	json_t *keys;

	for (unsigned i = 0; i < ARRAY_SIZE(modes); i++)
		check_keys(object, modes[i], json_object_get(object, modes[i]),
			   errors);
	if (json_array_size(json_object_get(object, "forbidden")) >
	    FORBIDDEN_MAX)
		kind_error(errors, "forbidden", "too-long",
			   "has at most %d entries", FORBIDDEN_MAX);
	if (!menus || json_is_null(menus))
		return;
	if (!json_is_object(menus) || json_object_size(menus) > MENUS_MAX) {
		kind_error(errors, "menus", "wrong-type",
			   "give an object of at most %d menus", MENUS_MAX);
		return;
	}
	json_object_foreach((json_t *)menus, name, keys)
	{
		if (!is_plain(name, ATTENDANT_MENU_MAX))
			kind_error(errors, "menus", "bad-name",
				   "name menus with up to %d of a-z, 0-9, - "
				   "and _",
				   ATTENDANT_MENU_MAX);
		check_keys(object, "menus", keys, errors);
	}
}

/* ---- life ---- */

static void attendant_destructor(void *data)
{
	struct attendant *a = data;

	table_remove(&attendants.by_id, &a->by_id);
	table_remove(&attendants.by_number, &a->by_number);
	json_decref(a->object);
}

int attendant_init(void)
{
	int err = table_init(&attendants.by_id, 16);

	return err ? err : table_init(&attendants.by_number, 16);
}

void attendant_close(void)
{
	struct table *t = &attendants.by_id;

	for (uint32_t i = 0; t->buckets && i <= t->mask; i++) {
		while (t->buckets[i])
			mem_deref(CONTAINER_OF(t->buckets[i], struct attendant,
					       by_id));
	}
	table_close(&attendants.by_id);
	table_close(&attendants.by_number);
}

struct attendant *attendant_find(const char *id)
{
	struct table_entry *e;

	if (!attendants.by_id.count)
		return NULL;
	e = table_first(&attendants.by_id, hash_span(0, span_of(id)));
	for (; e; e = table_next(e)) {
		struct attendant *a = CONTAINER_OF(e, struct attendant, by_id);

		if (!strcmp(a->id, id))
			return a;
	}

	return NULL;
}

static uint64_t number_key(const char *customer, const char *number)
{
	return hash_span(hash_span(0, span_of(customer)), span_of(number));
}

struct attendant *attendant_by_number(const struct customer *c,
				      const char *number)
{
	struct table_entry *e;

	if (!attendants.by_number.count)
		return NULL;
	e = table_first(&attendants.by_number, number_key(c->id, number));
	for (; e; e = table_next(e)) {
		struct attendant *a = CONTAINER_OF(e, struct attendant,
						   by_number);

		if (!strcmp(a->customer, c->id) && !strcmp(a->number, number))
			return a;
	}

	return NULL;
}

static void copy(char *out, size_t size, const json_t *o, const char *name)
{
	const char *text = json_get_text(o, name);

	(void)snprintf(out, size, "%s", text ? text : "");
}

int attendant_take(json_t *object, void *arg)
{
	const char *language = json_get_text(object, "language");
	struct attendant *a = mem_zalloc(sizeof(*a), attendant_destructor);

	(void)arg;
	if (!a)
		return ENOMEM;

	a->object = json_incref(object);
	copy(a->id, sizeof(a->id), object, "id");
	copy(a->customer, sizeof(a->customer), object, "customer");
	copy(a->schedule, sizeof(a->schedule), object, "schedule");
	copy(a->payer, sizeof(a->payer), object, "payer");
	copy(a->number, sizeof(a->number), object, "number");
	copy(a->no_input, sizeof(a->no_input), object, "no_input");
	a->first_ms = (uint32_t)json_get_int(object, "first_s", 6) * 1000;
	a->next_ms = (uint32_t)json_get_int(object, "next_s", 3) * 1000;
	a->tries = (uint8_t)json_get_int(object, "tries", 3);
	a->has_language = language != NULL;
	a->is_french = language && !strcmp(language, "fr");
	a->takes_extensions = json_get_bool(object, "dial_extension", true);
	a->takes_numbers = json_get_bool(object, "any_number", false);
	a->may_leave = json_get_bool(object, "outside", false);

	mem_deref(attendant_find(a->id));
	table_add(&attendants.by_id, &a->by_id, hash_span(0, span_of(a->id)));
	table_add(&attendants.by_number, &a->by_number,
		  number_key(a->customer, a->number));

	return 0;
}

/* Its greetings, those of menus it has no more too. */
static void forget_files(const struct attendant *a)
{
	char folder[PATH_BYTES], path[PATH_BYTES + 300];
	struct dirent *e;
	DIR *d;

	(void)snprintf(folder, sizeof(folder), "%s/%s/attendants/%s",
		       attendants.dir, pbx_settings.folder, a->id);
	d = opendir(folder);
	if (!d)
		return;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		(void)unlink(path);
	}
	(void)closedir(d);
	(void)rmdir(folder);
}

void attendant_remove(const char *id)
{
	struct attendant *a = attendant_find(id);

	if (!a)
		return;

	forget_files(a);
	mem_deref(a);
}

/* ---- what it says and does ---- */

struct schedule_word attendant_say(const struct attendant *a)
{
	const struct schedule *s = schedule_find(a->schedule);
	const struct customer *c = directory_customer(span_of(a->customer));
	int64_t now = (int64_t)clock_wall_s();
	struct schedule_word word = { MODE_DAY, NULL };

	if (s)
		return schedule_say(s, now);
	if (!c)
		return word;

	word.mode = mode_now(c);
	s = schedule_of(c);
	if (s && schedule_say(s, now).mode == word.mode)
		word.holiday = schedule_say(s, now).holiday;

	return word;
}

const char *attendant_key(const struct attendant *a, enum service_mode mode,
			  const char *menu, char key, const char **to)
{
	const char name[] = { key, '\0' };
	const json_t *keys = NULL, *act;
	const char *text;

	if (menu[0])
		keys = json_object_get(json_object_get(a->object, "menus"),
				       menu);
	else if (mode < MODES)
		keys = json_object_get(a->object, modes[mode]);
	if (!menu[0] && !json_is_object(keys))
		keys = json_object_get(a->object, modes[MODE_DAY]);
	act = json_object_get(keys, name);
	text = json_get_text(act, "to");
	*to = text ? text : "";

	return json_get_text(act, "do");
}

bool attendant_forbids(const struct attendant *a, const char *number)
{
	json_t *value;
	size_t i;

	json_array_foreach(json_object_get(a->object, "forbidden"), i, value)
	{
		const char *first = json_string_value(value);

		if (first && !strncmp(number, first, strlen(first)))
			return true;
	}

	return false;
}

/* ---- greetings ---- */

static void file_of(const struct attendant *a, const char *name,
		    char file[ATTENDANT_FILE])
{
	(void)snprintf(file, ATTENDANT_FILE, "%s/attendants/%s/%s.wav",
		       pbx_settings.folder, a->id, name);
}

static bool is_there(const char *file)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "%s/%s", attendants.dir, file);

	return !access(path, R_OK);
}

bool attendant_is_french(const struct attendant *a)
{
	const struct customer *c = a->has_language ? NULL
						   : directory_customer(span_of(
							     a->customer));

	return c ? c->is_french : a->is_french;
}

bool attendant_greeting(const struct attendant *a, const char *name,
			bool is_french, char file[ATTENDANT_FILE])
{
	char full[ATTENDANT_MENU_MAX + 16];

	(void)snprintf(full, sizeof(full), "%s-%s", name,
		       is_french ? "fr" : "en");
	file_of(a, full, file);
	if (is_there(file))
		return true;

	file_of(a, name, file);

	return is_french == attendant_is_french(a) && is_there(file);
}

/* A mode, holiday or one of the menus, perhaps in a language. */
static bool is_greeting(const struct attendant *a, const char *name)
{
	static const char *const names[] = { "day", "night1", "night2",
					     "holiday" };
	char plain[ATTENDANT_FILE];
	size_t len = strlen(name);

	if (len >= sizeof(plain))
		return false;
	memcpy(plain, name, len + 1);
	if (len > 3 &&
	    (!strcmp(name + len - 3, "-en") || !strcmp(name + len - 3, "-fr")))
		plain[len - 3] = '\0';
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(plain, names[i]))
			return true;
	}

	return !strncmp(plain, "menu-", 5) &&
	       is_plain(plain + 5, ATTENDANT_MENU_MAX) &&
	       json_object_get(json_object_get(a->object, "menus"), plain + 5);
}

/* The attendant and greeting a request names; NULL has been answered. */
static const struct attendant *wanted(struct http_request *req,
				      char file[ATTENDANT_FILE])
{
	const struct attendant *a = attendant_find(http_param(req, "id"));
	const char *name = http_param(req, "name");
	bool is_known = a && is_greeting(a, name);

	if (!a || !is_known) {
		reply_not_found(req, a ? "greeting" : "attendant");
		return NULL;
	}
	file_of(a, name, file);

	return a;
}

static void taken(struct http_request *req, void *arg)
{
	(void)arg;
	(void)http_reply(req, 204, NULL, NULL, 0);
}

static void put_greeting(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	char file[ATTENDANT_FILE];

	(void)caller;
	(void)arg;
	if (wanted(req, file))
		sound_take(req, file, 0, taken, NULL);
}

static void get_greeting(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	char file[ATTENDANT_FILE];

	(void)caller;
	(void)arg;
	if (wanted(req, file))
		sound_send(req, file, "greeting");
}

static void delete_greeting(struct http_request *req,
			    const struct caller *caller, void *arg)
{
	char file[ATTENDANT_FILE], path[PATH_BYTES];

	(void)caller;
	(void)arg;
	if (!wanted(req, file))
		return;

	(void)snprintf(path, sizeof(path), "%s/%s", attendants.dir, file);
	(void)unlink(path);
	pair_sound_gone(file);
	(void)http_reply(req, 204, NULL, NULL, 0);
}

static const struct route routes[] = {
	{ "PUT", "/api/v1/attendants/{id}/greetings/{name}", "attendants",
	  ACTION_UPDATE, put_greeting, SOUND_FILE_TAKE_MAX,
	  "Set what an attendant says: a WAV file" },
	{ "GET", "/api/v1/attendants/{id}/greetings/{name}", "attendants",
	  ACTION_READ, get_greeting, 0, "What an attendant says" },
	{ "DELETE", "/api/v1/attendants/{id}/greetings/{name}", "attendants",
	  ACTION_UPDATE, delete_greeting, 0,
	  "Back to the words that come with the product" },
};

int attendant_start(struct router *router, const char *dir)
{
	if (strlen(dir) >= sizeof(attendants.dir))
		return ENAMETOOLONG;
	(void)snprintf(attendants.dir, sizeof(attendants.dir), "%s", dir);

	return router_routes(router, routes, ARRAY_SIZE(routes), NULL);
}
