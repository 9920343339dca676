/* journal_rows.c - see journal_rows.h
 *
 * Files are mapped, never changed once written and removed only after what
 * replaces them is on the disk.  This runs in the loop at start and in a
 * thread later, so nothing here is counted by libre.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/journal_rows.h"
#include "base/log.h"

enum { ENTRIES_MIN = 1024, WRITE_BYTES = 1 << 18 };

struct entry {
	uint64_t row;
	const char *p; /* NULL: removed, or free when kind is 0 */
	uint32_t len;
	uint8_t kind;
};

struct map {
	void *p;
	size_t size;
};

struct journal_rows {
	struct entry *entries;
	size_t mask;
	size_t count;
	struct map *maps;
	size_t maps_count;
};

/* ---- records ---- */

static uint64_t mix(uint64_t h, const char *p, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	word = len;
	if (len)
		memcpy(&word, p, len);
	h = (h ^ word) * 0xd6e8feb86659fd93ull;

	return h ^ h >> 32;
}

static uint32_t sum_of(const struct journal_head *head, const void *octets)
{
	const char *after = (const char *)head + sizeof(head->sum);
	uint64_t h = mix(0x686f6c6466617374ull, after,
			 sizeof(*head) - sizeof(head->sum));

	return (uint32_t)mix(h, octets, head->len);
}

void journal_seal(struct journal_head *head, const void *octets)
{
	head->sum = sum_of(head, octets);
}

static bool is_whole(const struct journal_head *head, const char *octets,
		     size_t rest, uint32_t file)
{
	return head->len <= rest && head->file == file && head->kind &&
	       (head->act == JOURNAL_PUT || head->act == JOURNAL_REMOVE) &&
	       head->sum == sum_of(head, octets);
}

/* ---- rows ---- */

static struct entry *slot(const struct journal_rows *r, uint8_t kind,
			  uint64_t row)
{
	size_t i = (row * 0x9e3779b97f4a7c15ull >> 20 ^ kind) & r->mask;

	while (r->entries[i].kind &&
	       (r->entries[i].row != row || r->entries[i].kind != kind))
		i = (i + 1) & r->mask;

	return &r->entries[i];
}

static int grow(struct journal_rows *r)
{
	struct journal_rows bigger = { .mask = r->mask * 2 + 1 };

	bigger.entries = calloc(bigger.mask + 1, sizeof(*bigger.entries));
	if (!bigger.entries)
		return ENOMEM;

	for (size_t i = 0; i <= r->mask; i++) {
		const struct entry *e = &r->entries[i];

		if (!e->kind || !e->p)
			continue;
		*slot(&bigger, e->kind, e->row) = *e;
		bigger.count++;
	}
	free(r->entries);
	r->entries = bigger.entries;
	r->mask = bigger.mask;
	r->count = bigger.count;

	return 0;
}

static int apply(struct journal_rows *r, const struct journal_head *head,
		 const char *octets)
{
	struct entry *e = slot(r, head->kind, head->row);

	if (!e->kind) {
		if (head->act == JOURNAL_REMOVE)
			return 0;
		if (r->count * 3 > r->mask * 2) {
			if (grow(r))
				return ENOMEM;
			e = slot(r, head->kind, head->row);
		}
		r->count++;
		e->kind = head->kind;
		e->row = head->row;
	}
	e->p = head->act == JOURNAL_PUT ? octets : NULL;
	e->len = head->len;

	return 0;
}

static int apply_all(struct journal_rows *r, const char *p, size_t size,
		     uint32_t file, const char *path)
{
	size_t at = 0;

	while (at + sizeof(struct journal_head) <= size) {
		struct journal_head head;
		const char *octets = p + at + sizeof(head);
		int err;

		memcpy(&head, p + at, sizeof(head));
		if (!is_whole(&head, octets, size - at - sizeof(head), file))
			break;
		err = apply(r, &head, octets);
		if (err)
			return err;
		at += sizeof(head) + head.len;
	}
	if (at < size)
		log_warn("journal", "%s: its last %zu octets are not whole",
			 path, size - at);

	return 0;
}

/* ENOENT for a file that is not there. */
static int map_file(struct map *map, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return errno;

	map->p = NULL;
	map->size = 0;
	if (fstat(fd, &st)) {
		err = errno;
	}
	else if (st.st_size > 0) {
		map->size = (size_t)st.st_size;
		map->p = mmap(NULL, map->size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map->p == MAP_FAILED)
			err = errno;
	}
	(void)close(fd);

	return err;
}

static int load_file(struct journal_rows *r, const char *path, uint32_t file)
{
	struct map *map = &r->maps[r->maps_count];
	int err = map_file(map, path);

	if (err || !map->p)
		return err;

	r->maps_count++;
	return apply_all(r, map->p, map->size, file, path);
}

void journal_rows_free(struct journal_rows *r)
{
	if (!r)
		return;

	for (size_t i = 0; i < r->maps_count; i++)
		(void)munmap(r->maps[i].p, r->maps[i].size);
	free(r->maps);
	free(r->entries);
	free(r);
}

int journal_load(struct journal_rows **rowsp, const struct journal_place *place,
		 const struct journal_files *files, uint32_t upto)
{
	struct journal_rows *r = calloc(1, sizeof(*r));
	char path[JOURNAL_PATH];
	int err = 0;

	if (!r)
		return ENOMEM;

	r->mask = ENTRIES_MIN - 1;
	r->entries = calloc(ENTRIES_MIN, sizeof(*r->entries));
	r->maps = calloc(files->logs + 1, sizeof(*r->maps));
	if (!r->entries || !r->maps)
		err = ENOMEM;

	if (!err && files->base) {
		journal_path(path, place, files->base, "base");
		err = load_file(r, path, files->base);
	}
	for (uint32_t n = files->base + 1; n <= upto && !err; n++) {
		if (r->maps_count > files->logs)
			break;
		journal_path(path, place, n, "log");
		err = load_file(r, path, n);
		if (err == ENOENT)
			err = 0; /* never written */
	}

	if (err)
		journal_rows_free(r);
	else
		*rowsp = r;

	return err;
}

static int by_kind_and_row(const void *a, const void *b)
{
	const struct entry *x = *(const struct entry *const *)a;
	const struct entry *y = *(const struct entry *const *)b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;

	return x->row < y->row ? -1 : x->row > y->row;
}

static const struct entry **sorted(size_t *countp, const struct journal_rows *r,
				   uint8_t kind)
{
	const struct entry **list = calloc(r->count + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && i <= r->mask; i++) {
		const struct entry *e = &r->entries[i];

		if (e->kind && e->p && (!kind || e->kind == kind))
			list[n++] = e;
	}
	if (list)
		qsort(list, n, sizeof(*list), by_kind_and_row);

	*countp = n;
	return list;
}

int journal_rows_each(const struct journal_rows *r, uint8_t kind,
		      journal_row_h *h, void *arg)
{
	size_t n;
	const struct entry **list = sorted(&n, r, kind);

	if (!list)
		return ENOMEM;

	for (size_t i = 0; i < n; i++)
		h(list[i]->kind, list[i]->row,
		  (struct span){ list[i]->p, list[i]->len }, arg);
	free(list);

	return 0;
}

/* ---- files ---- */

void journal_path(char path[JOURNAL_PATH], const struct journal_place *place,
		  uint32_t number, const char *ending)
{
	(void)snprintf(path, JOURNAL_PATH, "%.3900s/%s-%06u.%s", place->dir,
		       place->name, number, ending);
}

/* NAME-NUMBER.ENDING; 0 when it is something else. */
static uint32_t number_of(const char *file, const char *name, bool *is_basep)
{
	size_t len = strlen(name);
	char *end;
	unsigned long n;

	if (strncmp(file, name, len) != 0 || file[len] != '-' ||
	    file[len + 1] < '0' || file[len + 1] > '9')
		return 0;

	n = strtoul(file + len + 1, &end, 10);
	*is_basep = !strcmp(end, ".base");

	return (*is_basep || !strcmp(end, ".log")) && n < UINT32_MAX
		       ? (uint32_t)n
		       : 0;
}

static uint64_t size_of(const struct journal_place *place, uint32_t n,
			const char *ending)
{
	char path[JOURNAL_PATH];
	struct stat st;

	journal_path(path, place, n, ending);
	return stat(path, &st) ? 0 : (uint64_t)st.st_size;
}

int journal_find(struct journal_files *files, const struct journal_place *place)
{
	DIR *dir = opendir(place->dir);
	struct dirent *d;
	bool is_base;

	memset(files, 0, sizeof(*files));
	if (!dir)
		return errno;

	while ((d = readdir(dir))) {
		uint32_t n = number_of(d->d_name, place->name, &is_base);

		if (n > files->last)
			files->last = n;
		if (n && is_base && n > files->base)
			files->base = n;
	}
	rewinddir(dir);
	while ((d = readdir(dir))) {
		uint32_t n = number_of(d->d_name, place->name, &is_base);

		if (n > files->base && !is_base) {
			files->logs++;
			files->log_bytes += size_of(place, n, "log");
		}
	}
	(void)closedir(dir);
	if (files->base)
		files->base_bytes = size_of(place, files->base, "base");

	return 0;
}

/* ---- compacting ---- */

struct out {
	FILE *f;
	uint32_t file;
	uint64_t bytes;
	bool has_failed;
};

static void write_row(uint8_t kind, uint64_t row, struct span blob, void *arg)
{
	struct out *o = arg;
	struct journal_head head = { .len = blob.len,
				     .row = row,
				     .file = o->file,
				     .kind = kind,
				     .act = JOURNAL_PUT };

	journal_seal(&head, blob.p);
	o->has_failed |= fwrite(&head, sizeof(head), 1, o->f) != 1;
	if (blob.len)
		o->has_failed |= fwrite(blob.p, blob.len, 1, o->f) != 1;
	o->bytes += sizeof(head) + blob.len;
}

static void sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

static int write_base(uint64_t *bytesp, const struct journal_rows *rows,
		      const struct journal_place *place, uint32_t number)
{
	struct out o = { .file = number };
	char tmp[JOURNAL_PATH], path[JOURNAL_PATH];
	int fd, err = 0;

	journal_path(tmp, place, number, "tmp");
	journal_path(path, place, number, "base");
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	o.f = fdopen(fd, "w");
	if (!o.f) {
		(void)close(fd);
		return ENOMEM;
	}

	(void)setvbuf(o.f, NULL, _IOFBF, WRITE_BYTES);
	err = journal_rows_each(rows, 0, write_row, &o);
	if (err)
		;
	else if (o.has_failed || fflush(o.f) || fdatasync(fd))
		err = errno ? errno : EIO;
	if (fclose(o.f) && !err)
		err = EIO;
	if (!err && rename(tmp, path))
		err = errno;
	if (err)
		(void)unlink(tmp);
	else
		sync_dir(place->dir);

	*bytesp = o.bytes;
	return err;
}

static void remove_old(const struct journal_place *place, uint32_t base)
{
	DIR *dir = opendir(place->dir);
	char path[JOURNAL_PATH];
	struct dirent *d;
	bool is_base;

	while (dir && (d = readdir(dir))) {
		uint32_t n = number_of(d->d_name, place->name, &is_base);

		if (!n || n > base || (n == base && is_base))
			continue;
		journal_path(path, place, n, is_base ? "base" : "log");
		(void)unlink(path);
	}
	if (dir)
		(void)closedir(dir);
}

int journal_compact(uint64_t *bytesp, const struct journal_place *place,
		    uint32_t upto)
{
	struct journal_files files;
	struct journal_rows *rows = NULL;
	int err;

	err = journal_find(&files, place);
	if (!err)
		err = journal_load(&rows, place, &files, upto);
	if (!err)
		err = write_base(bytesp, rows, place, upto);
	journal_rows_free(rows);
	if (!err)
		remove_old(place, upto);

	return err;
}
