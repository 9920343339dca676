/* brief.c - see brief.h */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/libre.h"
#include "ctl/story/brief.h"
#include "ctl/story/ear.h"
#include "ctl/story/ladder.h"
#include "media/wav.h"
#include "pbx/speech/prompt.h"

enum { LENGTH = EAR_PART + 800, PATH_BYTES = PROMPT_FOLDER_BYTES + 300 };

static char folder[64];

static int cut(const char *from, const char *to)
{
	struct wav_writer *out = NULL;
	struct wav *w = NULL;
	int err = wav_load(&w, from, NULL);

	if (!err)
		err = wav_writer_open(&out, to, 8000);
	if (!err)
		err = wav_writer_add(out, w->pcm,
				     w->count < LENGTH ? w->count : LENGTH);
	if (!err)
		err = wav_writer_close(out);
	mem_deref(out);
	mem_deref(w);

	return err;
}

static int cut_all(const char *standard, const char *language)
{
	char from[PATH_BYTES], to[PATH_BYTES];
	struct dirent *entry;
	DIR *d;
	int err = 0;

	(void)snprintf(from, sizeof(from), "%s/%s", standard, language);
	(void)snprintf(to, sizeof(to), "%s/%s", folder, language);
	d = opendir(from);
	if (!d)
		return errno;
	if (mkdir(to, 0755))
		err = errno;
	while (!err && (entry = readdir(d))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".wav") != 0)
			continue;
		(void)snprintf(from, sizeof(from), "%s/%s/%s", standard,
			       language, entry->d_name);
		(void)snprintf(to, sizeof(to), "%s/%s/%s", folder, language,
			       entry->d_name);
		err = cut(from, to);
	}
	(void)closedir(d);

	return err;
}

const char *brief_make(void)
{
	char standard[PROMPT_FOLDER_BYTES];

	if (!prompt_find_folder(standard))
		return NULL;
	(void)snprintf(folder, sizeof(folder), "/tmp/holdfast-prompts.XXXXXX");
	if (!mkdtemp(folder)) {
		folder[0] = '\0';
		return NULL;
	}
	(void)chmod(folder, 0755);
	if (cut_all(standard, "en") || cut_all(standard, "fr"))
		brief_remove();

	return brief_folder();
}

const char *brief_folder(void)
{
	return folder[0] ? folder : NULL;
}

void brief_remove(void)
{
	if (folder[0])
		folder_remove(folder);
	folder[0] = '\0';
}
