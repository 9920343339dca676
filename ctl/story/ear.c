/* ear.c - see ear.h
 *
 * A prompt comes in packets of 20 ms, as it lies in its file: only places a
 * whole number of packets from the beginning are looked at.
 */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#include "base/libre.h"
#include "ctl/story/ear.h"
#include "media/wav.h"

enum {
	PACKET = 160, /* samples */
	HEARD_MAX = 8000 * 300,
};

/* 1: the same, 0: nothing in common; a packet or two may be lost. */
#define LIKENESS 0.85

static double product(const int16_t *a, const int16_t *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)a[i] * b[i];

	return sum;
}

size_t ear_length(const char *file)
{
	struct stat st;

	return stat(file, &st) ? 0 : (size_t)st.st_size / sizeof(int16_t);
}

/* What was heard from a place on: counted samples, or NULL. */
static int16_t *heard_from(const char *file, size_t from, size_t *countp)
{
	size_t length = ear_length(file);
	int16_t *pcm = NULL;
	ssize_t n;
	int fd;

	if (length <= from || length - from > HEARD_MAX)
		return NULL;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	pcm = mem_zalloc((length - from) * sizeof(*pcm), NULL);
	n = pcm ? pread(fd, pcm, (length - from) * sizeof(*pcm),
			(off_t)(from * sizeof(*pcm)))
		: -1;
	(void)close(fd);
	if (n <= 0)
		return mem_deref(pcm);
	*countp = (size_t)n / sizeof(*pcm);

	return pcm;
}

/* Where the sound's part begins; count when it is not there. */
static size_t find(const int16_t *pcm, size_t count, const int16_t *part,
		   size_t length)
{
	double own = product(part, part, length);

	for (size_t i = 0; i + length <= count; i += PACKET) {
		double here = product(pcm + i, pcm + i, length);

		if (here > 0 && product(pcm + i, part, length) >
					LIKENESS * sqrt(own * here))
			return i;
	}

	return count;
}

bool ear_has(const char *file, size_t *fromp, const struct wav *sound)
{
	size_t length = sound->count < EAR_PART ? sound->count : EAR_PART,
	       count = 0;
	size_t at;
	int16_t *pcm = heard_from(file, *fromp, &count);
	bool has;

	if (!pcm)
		return false;
	at = find(pcm, count, sound->pcm, length);
	has = at < count;
	if (has)
		*fromp += (at + length) / PACKET * PACKET;
	else if (count > length)
		*fromp += (count - length) / PACKET * PACKET;
	mem_deref(pcm);

	return has;
}

void ear_name_all(const char *file, size_t from, const char *folder, char *out,
		  size_t size)
{
	struct dirent **list = NULL;
	int n = scandir(folder, &list, NULL, alphasort);
	size_t len = 0;

	*out = '\0';
	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(list[i]->d_name, '.');
		struct wav *w = NULL;
		size_t at = from;
		char path[600];

		(void)snprintf(path, sizeof(path), "%s/%s", folder,
			       list[i]->d_name);
		if (dot && !strcmp(dot, ".wav") && len < size &&
		    !wav_load(&w, path, NULL) && ear_has(file, &at, w))
			len += (size_t)snprintf(out + len, size - len, "%s%.*s",
						len ? ", " : "",
						(int)(dot - list[i]->d_name),
						list[i]->d_name);
		mem_deref(w);
		free(list[i]);
	}
	free(list);
}
