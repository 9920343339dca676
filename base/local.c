/* local.c - see local.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/local.h"
#include "base/wheel.h"

enum {
	BACKLOG = 16,
	READ_BYTES = 16384,
	READS_MAX = 8, /* at one wake-up */
};

struct local_link {
	int fd;
	struct local_limits limits;
	local_line_h *line;
	local_closed_h *closed;
	void *arg;
	struct mbuf *in;  /* a line that has no end yet */
	struct mbuf *out; /* pos: what has gone */
	struct wheel_timer end;
	int err;
};

/* ---- names longer than sun_path go by a descriptor of their folder ---- */

struct name {
	int folder;
	struct sockaddr_un sun;
};

static int name_open(struct name *n, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[512];
	int len;

	memset(n, 0, sizeof(*n));
	n->folder = -1;
	n->sun.sun_family = AF_UNIX;
	if (strlen(path) < sizeof(n->sun.sun_path)) {
		memcpy(n->sun.sun_path, path, strlen(path) + 1);
		return 0;
	}
	if (!slash || (size_t)(slash - path) >= sizeof(folder))
		return ENAMETOOLONG;

	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	n->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (n->folder < 0)
		return errno;
	len = snprintf(n->sun.sun_path, sizeof(n->sun.sun_path),
		       "/proc/self/fd/%d%s", n->folder, slash);

	return len < (int)sizeof(n->sun.sun_path) ? 0 : ENAMETOOLONG;
}

static void name_close(struct name *n)
{
	if (n->folder >= 0)
		(void)close(n->folder);
}

static int connect_name(int *fdp, const struct name *n)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)&n->sun, sizeof(n->sun))) {
		err = errno;
		(void)close(fd);
		return err;
	}
	*fdp = fd;

	return 0;
}

int local_connect(int *fdp, const char *path)
{
	struct name n;
	int err = name_open(&n, path);

	if (!err)
		err = connect_name(fdp, &n);
	name_close(&n);

	return err;
}

static int bind_name(int *fdp, const struct name *n)
{
	mode_t mask;
	int fd, err = 0;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	mask = umask(0177);
	if (bind(fd, (const struct sockaddr *)&n->sun, sizeof(n->sun)) ||
	    listen(fd, BACKLOG))
		err = errno;
	(void)umask(mask);
	if (err)
		(void)close(fd);
	else
		*fdp = fd;

	return err;
}

int local_listen(int *fdp, const char *path)
{
	struct name n;
	int fd, err = name_open(&n, path);

	if (!err && !connect_name(&fd, &n)) {
		(void)close(fd);
		err = EADDRINUSE;
	}
	if (!err && unlink(path) && errno != ENOENT)
		err = errno;
	if (!err)
		err = bind_name(fdp, &n);
	name_close(&n);

	return err;
}

/* ---- the link ---- */

static void link_destructor(void *data)
{
	struct local_link *l = data;

	wheel_stop(&l->end);
	if (l->fd >= 0) {
		fd_close(l->fd);
		(void)close(l->fd);
	}
	mem_deref(l->in);
	mem_deref(l->out);
}

static void ended(void *arg)
{
	struct local_link *l = arg;

	l->closed(l->err, l->arg);
}

/* Nothing passes any more; who owns the link learns it in the next turn. */
static void link_end(struct local_link *l, int err)
{
	if (l->fd < 0)
		return;

	l->err = err;
	fd_close(l->fd);
	(void)close(l->fd);
	l->fd = -1;
	wheel_start(&l->end, 0, ended, l);
}

static void ready(int flags, void *arg);

static void flush(struct local_link *l)
{
	int flags = FD_READ;

	while (l->fd >= 0 && l->out->pos < l->out->end) {
		ssize_t n = send(l->fd, l->out->buf + l->out->pos,
				 l->out->end - l->out->pos,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0) {
			if (errno != EAGAIN)
				link_end(l, EPIPE);
			break;
		}
		l->out->pos += (size_t)n;
	}
	if (l->fd < 0)
		return;
	if (l->out->pos == l->out->end)
		l->out->pos = l->out->end = 0;
	else
		flags |= FD_WRITE;
	(void)fd_listen(l->fd, flags, ready, l);
}

/* Hand on the whole lines; a part stays. */
static void take_lines(struct local_link *l)
{
	size_t begun = 0;

	for (size_t i = 0; i < l->in->end && l->fd >= 0; i++) {
		struct span line = { (const char *)l->in->buf + begun,
				     (uint32_t)(i - begun) };

		if (l->in->buf[i] != '\n')
			continue;
		begun = i + 1;
		if (line.len)
			l->line(line, l->arg);
		if (mem_nrefs(l) == 1)
			return;
	}
	if (begun) {
		memmove(l->in->buf, l->in->buf + begun, l->in->end - begun);
		l->in->end -= begun;
	}
	l->in->pos = l->in->end;
	if (l->in->end > l->limits.line_max)
		link_end(l, EMSGSIZE);
}

static void read_some(struct local_link *l)
{
	uint8_t data[READ_BYTES];

	for (int i = 0; i < READS_MAX && l->fd >= 0; i++) {
		ssize_t n = recv(l->fd, data, sizeof(data), 0);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			link_end(l, EPIPE);
			return;
		}
		if (mbuf_write_mem(l->in, data, (size_t)n)) {
			link_end(l, ENOMEM);
			return;
		}
		take_lines(l);
		if (mem_nrefs(l) == 1)
			return;
	}
}

static void ready(int flags, void *arg)
{
	struct local_link *l = arg;

	mem_ref(l);
	if (flags & (FD_READ | FD_EXCEPT))
		read_some(l);
	if (mem_nrefs(l) > 1 && l->fd >= 0 && (flags & FD_WRITE))
		flush(l);
	mem_deref(l);
}

int local_link_alloc(struct local_link **lp, int fd,
		     const struct local_limits *limits, local_line_h *line,
		     local_closed_h *closed, void *arg)
{
	struct local_link *l;
	int err = 0;

	if (!lp || fd < 0 || !limits || !line || !closed)
		return EINVAL;

	l = mem_zalloc(sizeof(*l), link_destructor);
	if (!l)
		return ENOMEM;
	l->fd = -1;
	l->limits = *limits;
	l->line = line;
	l->closed = closed;
	l->arg = arg;
	l->in = mbuf_alloc(1024);
	l->out = mbuf_alloc(1024);
	if (!l->in || !l->out) {
		err = ENOMEM;
		goto out;
	}
	err = fd_listen(fd, FD_READ, ready, l);
	if (!err)
		l->fd = fd;

out:
	if (err)
		mem_deref(l);
	else
		*lp = l;

	return err;
}

int local_link_send(struct local_link *l, struct span line)
{
	bool was_empty = l->out->end == 0;
	size_t pos = l->out->pos;
	int err;

	if (l->fd < 0)
		return ENOTCONN;
	if (l->out->end - pos + line.len + 1 > l->limits.output_max) {
		link_end(l, ENOBUFS);
		return ENOBUFS;
	}

	l->out->pos = l->out->end;
	err = mbuf_write_mem(l->out, (const uint8_t *)line.p, line.len);
	if (!err)
		err = mbuf_write_u8(l->out, '\n');
	l->out->pos = pos;
	if (err) {
		link_end(l, err);
		return err;
	}
	if (was_empty)
		flush(l);

	return l->fd < 0 ? ENOTCONN : 0;
}
