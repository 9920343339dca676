/* prompt.c - see prompt.h */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/key_file.h"
#include "base/log.h"
#include "pbx/speech/prompt.h"
#include "pbx/settings.h"

enum { PATH_BYTES = 512 };

static char prompts_dir[PATH_BYTES]; /* DIR */

bool prompt_find_folder(char out[PROMPT_FOLDER_BYTES])
{
	static const char *const places[] = { "pbx/prompts",
					      "../share/holdfast/prompts" };
	char self[PROMPT_FOLDER_BYTES];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return false;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = '\0';

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int len = snprintf(out, PROMPT_FOLDER_BYTES, "%s/%s", self,
				   places[i]);

		if (len < PROMPT_FOLDER_BYTES && !access(out, X_OK))
			return true;
	}

	return false;
}

int prompt_init(const char *dir, const char *folder)
{
	char found[PROMPT_FOLDER_BYTES] = "", parent[PATH_BYTES],
	     link[PATH_BYTES + 16];
	char was[PATH_BYTES];
	ssize_t n;
	int err;

	if (strlen(dir) > PATH_BYTES - 32)
		return ENAMETOOLONG;
	(void)snprintf(prompts_dir, sizeof(prompts_dir), "%s", dir);
	if (!folder && prompt_find_folder(found))
		folder = found;
	if (!folder) {
		log_warn("prompt", "no prompts: the voice mail is silent");
		return 0;
	}

	(void)snprintf(parent, sizeof(parent), "%.440s/%.40s/prompts", dir,
		       pbx_settings.folder);
	(void)snprintf(link, sizeof(link), "%s/standard", parent);
	err = folder_make(parent);
	if (err)
		return err;
	n = readlink(link, was, sizeof(was) - 1);
	if (n > 0) {
		was[n] = '\0';
		if (!strcmp(was, folder))
			return 0;
		(void)unlink(link);
	}

	return symlink(folder, link) ? errno : 0;
}

void prompt_file(char out[PROMPT_FILE_BYTES], const char *customer,
		 bool is_french, const char *name)
{
	const char *language = is_french ? "fr" : "en";
	char path[PATH_BYTES + PROMPT_FILE_BYTES];

	(void)snprintf(out, PROMPT_FILE_BYTES, "%s/prompts/%s/%s/%s.wav",
		       pbx_settings.folder, customer, language, name);
	(void)snprintf(path, sizeof(path), "%s/%s", prompts_dir, out);
	if (access(path, R_OK))
		(void)snprintf(out, PROMPT_FILE_BYTES,
			       "%s/prompts/standard/%s/%s.wav",
			       pbx_settings.folder, language, name);
}

void prompt_speak(struct voice *v, const char *customer, bool is_french,
		  const char *name)
{
	const char *language = is_french ? "fr" : "en";
	char file[200], path[PATH_BYTES + 200];

	if (*customer) {
		(void)snprintf(file, sizeof(file), "%s/prompts/%s/%s/%s.wav",
			       pbx_settings.folder, customer, language, name);
		(void)snprintf(path, sizeof(path), "%s/%s", prompts_dir, file);
		if (!access(path, R_OK)) {
			(void)voice_say(v, file);
			return;
		}
	}

	(void)snprintf(file, sizeof(file), "%s/prompts/standard/%s/%s.wav",
		       pbx_settings.folder, language, name);
	(void)voice_say(v, file);
}

void prompt_say(struct voice *v, const struct mailbox *b, const char *name)
{
	prompt_speak(v, b ? b->customer : "", b && mailbox_is_french(b), name);
}

void prompt_say_digits(struct voice *v, const struct mailbox *b,
		       const char *digits)
{
	char name[] = "digit-0";

	for (; *digits; digits++) {
		if (*digits < '0' || *digits > '9')
			continue;
		name[6] = *digits;
		prompt_say(v, b, name);
	}
}

/* ---- for those who replace them ---- */

void prompt_own_file(char out[MAILBOX_PATH], const char *customer,
		     const char *language, const char *name)
{
	(void)snprintf(out, MAILBOX_PATH, "%s/prompts/%s/%s/%s.wav",
		       pbx_settings.folder, customer, language, name);
}

void prompt_standard_file(char out[MAILBOX_PATH], const char *language,
			  const char *name)
{
	prompt_own_file(out, "standard", language, name);
}

bool prompt_is_known(const char *language, const char *name)
{
	char file[MAILBOX_PATH], path[PATH_BYTES + MAILBOX_PATH];

	if ((strcmp(language, "en") != 0 && strcmp(language, "fr") != 0) ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return false;
	prompt_standard_file(file, language, name);
	(void)snprintf(path, sizeof(path), "%s/%s", prompts_dir, file);

	return !access(path, R_OK);
}

void prompt_each(prompt_each_h *h, void *arg)
{
	char path[PATH_BYTES + 64], name[64];
	const struct dirent *e;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/%s/prompts/standard/en",
		       prompts_dir, pbx_settings.folder);
	d = opendir(path);
	if (!d)
		return;
	while ((e = readdir(d))) {
		size_t len = strlen(e->d_name);

		if (len <= 4 || len >= sizeof(name) ||
		    strcmp(e->d_name + len - 4, ".wav") != 0)
			continue;
		memcpy(name, e->d_name, len - 4);
		name[len - 4] = '\0';
		h(name, arg);
	}
	(void)closedir(d);
}
