/* journal.c - fuzz the files of a journal, and the rows of calls in it
 *
 * The input is a log: records of a kind, a row, an act, a length and octets.
 * It is written once sealed, as a pbx does, cut or with octets changed behind
 * the seal as a crash or a disk does, and read.  What is read of a call's row
 * stays within it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/journal_rows.h"
#include "base/libre.h"
#include "pbx/call/restore.h"
#include "tests/fuzz/fuzz.h"

enum { LOG_BYTES = 1 << 16 };

static char dir[64];

static void remove_dir(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/live-000001.log", dir);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void dir_make(void)
{
	(void)snprintf(dir, sizeof(dir), "/dev/shm/holdfast-fuzz-XXXXXX");
	if (!mkdtemp(dir)) {
		(void)snprintf(dir, sizeof(dir), "/tmp/holdfast-fuzz-XXXXXX");
		FUZZ_CHECK(mkdtemp(dir));
	}
	FUZZ_CHECK(!atexit(remove_dir));
}

/* Records sealed as they should be; the first octet says how they are spoilt
 * afterwards. */
static size_t log_write(uint8_t *out, const uint8_t *data, size_t size)
{
	size_t n = 0, at = 1;

	while (at + 4 <= size) {
		struct journal_head head = {
			.kind = (uint8_t)(data[at] % 8 + 1),
			.act = data[at + 1] % 3,
			.row = data[at + 2] % 16,
			.len = data[at + 3],
			.file = 1,
		};

		at += 4;
		if (head.len > size - at)
			head.len = (uint32_t)(size - at);
		if (n + sizeof(head) + head.len > LOG_BYTES)
			break;
		journal_seal(&head, data + at);
		memcpy(out + n, &head, sizeof(head));
		memcpy(out + n + sizeof(head), data + at, head.len);
		n += sizeof(head) + head.len;
		at += head.len;
	}
	if (size && data[0] & 1 && n)
		n -= data[0] % n;
	if (size > 1 && data[0] & 2 && n)
		out[(data[0] * 256u + data[1]) % n] ^= data[1];

	return n;
}

static void row_read(uint8_t kind, uint64_t row, struct span blob, void *arg)
{
	struct restore_look look;

	(void)kind;
	(void)row;
	(void)arg;
	if (restore_look(&look, blob))
		FUZZ_CHECK(strlen(look.id) < sizeof(look.id) &&
			   strlen(look.place) < sizeof(look.place));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t log[LOG_BYTES];
	struct restore_look look;
	char path[128];
	size_t n;
	int fd, err;

	if (!dir[0])
		dir_make();
	(void)restore_look(&look,
			   (struct span){ (const char *)data, (uint32_t)size });
	n = size > 4 && data[0] & 4 ? 0 : log_write(log, data, size);
	if (!n && size < LOG_BYTES) {
		memcpy(log, data, size); /* as it is */
		n = size;
	}
	(void)snprintf(path, sizeof(path), "%s/live-000001.log", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	FUZZ_CHECK(fd >= 0 && write(fd, log, n) == (ssize_t)n && !close(fd));
	err = journal_look(dir, "live", 0, row_read, NULL);
	FUZZ_CHECK(err == 0 || err == EBADMSG || err == ENOENT);
	return 0;
}
