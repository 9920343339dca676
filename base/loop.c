/* loop.c - see loop.h
 *
 * Posts and signals come through one eventfd: a post is queued under a mutex,
 * a signal sets its flag, both write the eventfd, the loop then runs them.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define DEBUG_MODULE "holdfast"
#define DEBUG_LEVEL  4
#include <re_dbg.h>

#include "base/libre.h"
#include "base/log.h"
#include "base/loop.h"

enum { POSTS_MAX = 16384 };

struct post {
	struct post *next;
	loop_post_h *h;
	void *arg;
};

struct signal_slot {
	int sig;
	atomic_bool is_pending;
	loop_signal_h *h;
	void *arg;
};

static struct loop {
	int users;
	_Atomic int fd; /* the eventfd; 0 while closed */
	pthread_mutex_t mutex;
	struct post *first, **lastp; /* under mutex */
	uint32_t posts;              /* under mutex */
	struct signal_slot signals[LOOP_SIGNALS];
	_Atomic uint32_t signal_count;
} loop = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* Of a turn, for work that may wait. */
static struct {
	bool is_begun;
	uint64_t began_us;
	struct tmr end;
} slice;

static void loop_wake(void)
{
	const uint64_t one = 1;
	const int fd = loop.fd;
	ssize_t n;

	if (fd <= 0)
		return;

	/* a full counter has woken it already */
	n = write(fd, &one, sizeof(one));
	(void)n;
}

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);

	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void slice_over(void *arg)
{
	(void)arg;
	slice.is_begun = false;
}

bool loop_has_time(void)
{
	if (slice.is_begun)
		return now_us() - slice.began_us < LOOP_SLICE_US;

	slice.is_begun = true;
	slice.began_us = now_us();
	tmr_start(&slice.end, 0, slice_over, NULL); /* this turn's */

	return true;
}

static void run_signals(void)
{
	for (uint32_t i = 0; i < loop.signal_count; i++) {
		struct signal_slot *s = &loop.signals[i];

		if (atomic_exchange(&s->is_pending, false))
			s->h(s->sig, s->arg);
	}
}

static struct post *take_posts(void)
{
	struct post *all;

	pthread_mutex_lock(&loop.mutex);
	all = loop.first;
	loop.first = NULL;
	loop.lastp = &loop.first;
	loop.posts = 0;
	pthread_mutex_unlock(&loop.mutex);

	return all;
}

static void loop_woken(int flags, void *arg)
{
	struct post *p;
	uint64_t count;
	ssize_t n;

	(void)flags;
	(void)arg;

	n = read(loop.fd, &count, sizeof(count));
	(void)n;

	run_signals();

	p = take_posts();
	while (p) {
		struct post *next = p->next;

		p->h(p->arg);
		free(p);
		p = next;
	}
}

static int raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return 1024;

	r.rlim_cur = r.rlim_max < LOOP_FDS ? r.rlim_max : LOOP_FDS;
	if (setrlimit(RLIMIT_NOFILE, &r) || getrlimit(RLIMIT_NOFILE, &r))
		return 1024;

	return r.rlim_cur < LOOP_FDS ? (int)r.rlim_cur : LOOP_FDS;
}

/* libre prints what a peer's broken connection makes it say; ours is a log
 * with limits. */
static void libre_said(int level, const char *p, size_t len, void *arg)
{
	(void)level;
	(void)arg;
	while (len && (p[len - 1] == '\n' || p[len - 1] == '\r'))
		--len;
	log_debug("libre", "%.*s", (int)len, p);
}

int loop_init(void)
{
	int err, fd;

	if (loop.users) {
		++loop.users;
		return 0;
	}

	err = libre_init();
	if (err)
		return err;

	dbg_init(DBG_WARNING, DBG_NONE);
	dbg_handler_set(libre_said, NULL);
	signal(SIGPIPE, SIG_IGN);

	/* before any descriptor is listened on: it cannot grow later */
	err = fd_setsize(raise_limit());
	if (err)
		goto out;

	err = poll_method_set(METHOD_EPOLL);
	if (err)
		goto out;

	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fd < 0) {
		err = errno;
		goto out;
	}

	err = fd_listen(fd, FD_READ, loop_woken, NULL);
	if (err) {
		(void)close(fd);
		goto out;
	}

	loop.lastp = &loop.first;
	loop.fd = fd;
	loop.users = 1;

out:
	if (err)
		libre_close();

	return err;
}

void loop_close(void)
{
	struct post *p;

	if (!loop.users || --loop.users)
		return;

	for (uint32_t i = 0; i < loop.signal_count; i++)
		signal(loop.signals[i].sig, SIG_DFL);
	loop.signal_count = 0;

	tmr_cancel(&slice.end);
	slice.is_begun = false;
	fd_close(loop.fd);
	(void)close(loop.fd);
	loop.fd = 0;

	p = take_posts();
	while (p) {
		struct post *next = p->next;

		free(p);
		p = next;
	}

	fd_setsize(0);
	libre_close();
}

static void stop_now(void *arg)
{
	(void)arg;
	re_cancel();
}

static void stopped_by_signal(int sig, void *arg)
{
	(void)sig;
	(void)arg;
	re_cancel();
}

static bool is_handled(int sig)
{
	for (uint32_t i = 0; i < loop.signal_count; i++) {
		if (loop.signals[i].sig == sig)
			return true;
	}

	return false;
}

int loop_run(void)
{
	int err = 0;

	if (!is_handled(SIGTERM))
		err |= loop_on_signal(SIGTERM, stopped_by_signal, NULL);
	if (!is_handled(SIGINT))
		err |= loop_on_signal(SIGINT, stopped_by_signal, NULL);
	if (err)
		return err;

	return re_main(NULL);
}

void loop_stop(void)
{
	(void)loop_post(stop_now, NULL);
}

int loop_post(loop_post_h *h, void *arg)
{
	struct post *p;
	int err = 0;

	if (!h)
		return EINVAL;

	/* not mem_alloc(): that is for the loop's thread */
	p = malloc(sizeof(*p));
	if (!p)
		return ENOMEM;

	p->next = NULL;
	p->h = h;
	p->arg = arg;

	pthread_mutex_lock(&loop.mutex);
	if (loop.posts >= POSTS_MAX || loop.fd <= 0) {
		err = EAGAIN;
	}
	else {
		*loop.lastp = p;
		loop.lastp = &p->next;
		++loop.posts;
	}
	pthread_mutex_unlock(&loop.mutex);

	if (err)
		free(p);
	else
		loop_wake();

	return err;
}

static void signal_arrived(int sig)
{
	const int saved = errno;

	for (uint32_t i = 0; i < loop.signal_count; i++) {
		if (loop.signals[i].sig == sig)
			loop.signals[i].is_pending = true;
	}

	loop_wake();
	errno = saved;
}

int loop_on_signal(int sig, loop_signal_h *h, void *arg)
{
	struct sigaction sa = { .sa_handler = signal_arrived,
				.sa_flags = SA_RESTART };
	uint32_t i;

	if (!h || !loop.users)
		return EINVAL;

	for (i = 0; i < loop.signal_count; i++) {
		if (loop.signals[i].sig == sig)
			break;
	}
	if (i == LOOP_SIGNALS)
		return EINVAL;

	loop.signals[i].sig = sig;
	loop.signals[i].h = h;
	loop.signals[i].arg = arg;
	if (i == loop.signal_count)
		++loop.signal_count;

	return sigaction(sig, &sa, NULL) ? errno : 0;
}
