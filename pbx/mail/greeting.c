/* greeting.c - see greeting.h
 *
 * DIR/pbx/mail/CUSTOMER/USER/greeting.wav is the one for all calls,
 * greeting-NAME.wav another; while one is recorded it is greeting-new.wav.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "pbx/mail/greeting.h"
#include "pbx/mail/mailbox_settings.h"
#include "pbx/pair/pair_sound.h"
#include "pbx/settings.h"

static const char *const names[] = {
	GREETING_ALWAYS,  "busy", "no-answer", "dnd",
	"not-registered", "away", "name"
};

#define STATUS "status-"

const char *greeting_of(enum greeting_why why)
{
	return why < GREETING_WHYS ? names[why] : names[0];
}

const char *greeting_at(uint32_t i)
{
	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}

bool greeting_name_is_valid(const char *name)
{
	size_t len = strlen(name), head = strlen(STATUS);

	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i]))
			return true;
	}

	return !strncmp(name, STATUS, head) && len > head &&
	       len < GREETING_NAME_BYTES &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

void greeting_file(const struct mailbox *b, const char *name,
		   char out[MAILBOX_PATH])
{
	bool is_always = !strcmp(name, names[0]);

	(void)snprintf(out, MAILBOX_PATH, "%s/mail/%s/%s/greeting%s%s.wav",
		       pbx_settings.folder, b->customer, b->user,
		       is_always ? "" : "-", is_always ? "" : name);
}

bool greeting_is_recorded(const struct mailbox *b, const char *name)
{
	char file[MAILBOX_PATH];

	greeting_file(b, name, file);

	return mailbox_has_file(file, NULL);
}

static bool is_off(const struct mailbox *b, const char *name)
{
	const json_t *off = json_object_get(b->settings, "greetings_off");
	json_t *value;
	size_t i;

	json_array_foreach(off, i, value)
	{
		if (!strcmp(json_string_value(value), name))
			return true;
	}

	return false;
}

bool greeting_is_used(const struct mailbox *b, const char *name)
{
	return !is_off(b, name) && greeting_is_recorded(b, name);
}

int greeting_use(struct mailbox *b, const char *name, bool is_used)
{
	const json_t *before = json_object_get(b->settings, "greetings_off");
	json_t *off, *value;
	size_t i;

	if (is_off(b, name) != is_used)
		return 0;

	off = json_array();
	json_array_foreach(before, i, value)
	{
		if (strcmp(json_string_value(value), name) != 0)
			(void)json_array_append(off, value);
	}
	if (!is_used)
		(void)json_array_append_new(off, json_string(name));

	return mailbox_settings_set(b,
				    json_pack("{s:o}", "greetings_off", off));
}

int greeting_remove(struct mailbox *b, const char *name)
{
	char file[MAILBOX_PATH];

	greeting_file(b, name, file);
	mailbox_remove_file(file);
	pair_sound_gone(file);

	return greeting_use(b, name, true);
}

/* ---- all of a mailbox ---- */

void greeting_each(const struct mailbox *b, greeting_each_h *h, void *arg)
{
	char folder[MAILBOX_PATH], path[MAILBOX_PATH];
	const struct dirent *e;
	DIR *d;

	mailbox_folder(b, folder);
	mailbox_path(folder, path);
	d = opendir(path);
	if (!d)
		return;
	while ((e = readdir(d))) {
		char name[GREETING_NAME_BYTES] = "";

		if (!strcmp(e->d_name, "greeting.wav"))
			(void)snprintf(name, sizeof(name), "%s", names[0]);
		else if (sscanf(e->d_name, "greeting-%39[a-z0-9-].wav", name) <
				 1 ||
			 strlen(e->d_name) !=
				 strlen(name) + strlen("greeting-.wav"))
			continue; /* none, or one that is still written */
		if (greeting_name_is_valid(name))
			h(name, arg);
	}
	(void)closedir(d);
}

static void count_one(const char *name, void *arg)
{
	uint32_t *countp = arg;

	*countp += strcmp(name, "name") != 0;
}

uint32_t greeting_count(const struct mailbox *b)
{
	uint32_t count = 0;

	greeting_each(b, count_one, &count);

	return count;
}

void greeting_remove_all(const struct mailbox *b)
{
	char folder[MAILBOX_PATH], path[MAILBOX_PATH];
	char file[MAILBOX_PATH + 300];
	const struct dirent *e;
	DIR *d;

	mailbox_folder(b, folder);
	mailbox_path(folder, path);
	d = opendir(path);
	if (!d)
		return;
	while ((e = readdir(d))) {
		if (strncmp(e->d_name, "greeting", 8) != 0)
			continue;
		(void)snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		(void)unlink(file);
	}
	(void)closedir(d);
}

/* ---- for a caller ---- */

bool greeting_is_away(const struct mailbox *b)
{
	json_int_t until = json_integer_value(
		json_object_get(b->settings, "away_until_ms"));

	return until > 0 && (uint64_t)until > clock_wall_ms();
}

const char *greeting_choose(const struct mailbox *b, enum greeting_why why,
			    char out[GREETING_NAME_BYTES])
{
	const char *status = mailbox_setting(b, "status");

	(void)snprintf(out, GREETING_NAME_BYTES, "%s", "away");
	if (greeting_is_away(b))
		return greeting_is_used(b, out) ? out : NULL;
	if (status[0]) {
		(void)snprintf(out, GREETING_NAME_BYTES, STATUS "%s", status);
		if (greeting_is_used(b, out))
			return out;
	}
	(void)snprintf(out, GREETING_NAME_BYTES, "%s", greeting_of(why));
	if (greeting_is_used(b, out))
		return out;
	(void)snprintf(out, GREETING_NAME_BYTES, "%s", names[0]);

	return greeting_is_used(b, out) ? out : NULL;
}
