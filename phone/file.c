/* file.c - see file.h */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/libre.h"
#include "phone/file.h"

int file_read(struct mbuf **mbp, const char *path, size_t max)
{
	uint8_t part[4096];
	struct mbuf *mb;
	ssize_t n;
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	mb = mbuf_alloc(sizeof(part));
	if (!mb) {
		close(fd);
		return ENOMEM;
	}

	while (!err && (n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0)
			err = errno;
		else if (mb->end + (size_t)n > max)
			err = EFBIG;
		else
			err = mbuf_write_mem(mb, part, (size_t)n);
	}
	close(fd);

	if (err)
		mem_deref(mb);
	else
		*mbp = mb;
	return err;
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		text += n;
		length -= (size_t)n;
	}

	return 0;
}

int file_replace(const char *path, const char *text, size_t length)
{
	char fresh[PATH_MAX];
	int fd, err;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >=
	    (int)sizeof(fresh))
		return ENAMETOOLONG;

	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	err = write_all(fd, text, length);
	if (close(fd) && !err)
		err = errno;
	if (!err && rename(fresh, path))
		err = errno;
	if (err)
		unlink(fresh);

	return err;
}
