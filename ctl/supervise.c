/* supervise.c - see supervise.h
 *
 * One poll() over a signalfd (children, end), an inotify on DIR/run (down
 * files) and the nearest restart.  States of a server: down -> up -> waiting
 * -> up; ending while SIGTERM is out and not yet answered.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/log.h"
#include "base/wheel.h"
#include "ctl/child.h"
#include "ctl/supervise.h"

enum {
	ARGUMENTS_MAX = 12,
	LOG_OCTETS_MAX = 64 * 1024 * 1024,
};

enum server_state {
	SERVER_DOWN, /* kept down, or not started yet */
	SERVER_UP,
	SERVER_ENDING,  /* got SIGTERM */
	SERVER_WAITING, /* died, comes back at due_ms */
};

struct server {
	enum server_state state;
	char *name;
	char *command;
	char *arguments[ARGUMENTS_MAX + 1];
	pid_t pid;
	uint64_t since_ms; /* this life */
	uint64_t due_ms;   /* of restart, or of SIGKILL while ending */
	unsigned deaths;   /* in a row */
};

struct supervisor {
	char *dir;
	int lock_fd;
	int signal_fd;
	int notify_fd;
	bool is_ending;
	pid_t prepare;
	size_t count;
	struct server server[SUPERVISE_MAX];
};

unsigned supervise_wait_ms(unsigned n)
{
	unsigned wait = SUPERVISE_FIRST_MS;

	while (n-- && wait < SUPERVISE_LONGEST_MS)
		wait *= 2;

	return wait < SUPERVISE_LONGEST_MS ? wait : SUPERVISE_LONGEST_MS;
}

static char *path_of(const struct supervisor *s, char out[512],
		     const char *folder, const char *name, const char *ending)
{
	(void)snprintf(out, 512, "%s/%s/%s%s", s->dir, folder, name, ending);
	return out;
}

static void pid_file_write(const struct supervisor *s, const char *name,
			   pid_t pid)
{
	char fresh[512], path[512];
	FILE *f = fopen(path_of(s, fresh, "run", name, ".pid.new"), "we");

	if (!f)
		return;
	(void)fprintf(f, "%d\n", (int)pid);
	if (fclose(f) || rename(fresh, path_of(s, path, "run", name, ".pid")))
		log_warn("up", "cannot write %s: %m", path);
}

static void pid_file_remove(const struct supervisor *s, const char *name)
{
	char path[512];

	(void)unlink(path_of(s, path, "run", name, ".pid"));
}

static bool is_kept_down(const struct supervisor *s, const struct server *v)
{
	char path[512];

	return !access(path_of(s, path, "run", v->name, ".down"), F_OK);
}

/* Opened for appending; a large one of earlier days steps aside. */
static int log_open(const struct supervisor *s, const char *name)
{
	char path[512], old[512];
	struct stat st;

	path_of(s, path, "log", name, ".log");
	if (!stat(path, &st) && st.st_size > LOG_OCTETS_MAX)
		(void)rename(path, path_of(s, old, "log", name, ".log.1"));

	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void server_wait(struct server *v)
{
	v->state = SERVER_WAITING;
	v->due_ms = wheel_now_ms() + supervise_wait_ms(v->deaths);
	v->deaths++;
}

static void server_start(struct supervisor *s, struct server *v)
{
	const char *argv[ARGUMENTS_MAX + 3] = { "holdfast", v->command };
	struct child_streams fds = { .in = -1 };
	int err;

	for (size_t i = 0; i < ARGUMENTS_MAX && v->arguments[i]; i++)
		argv[i + 2] = v->arguments[i];

	fds.out = fds.error = log_open(s, v->name);
	err = child_start(&v->pid, argv, &fds);
	if (fds.out >= 0)
		(void)close(fds.out);
	if (err) {
		log_error("up", "cannot start %s: %s", v->name, strerror(err));
		server_wait(v);
		return;
	}
	v->state = SERVER_UP;
	v->since_ms = wheel_now_ms();
	pid_file_write(s, v->name, v->pid);
}

static void server_stop(struct server *v)
{
	if (v->state == SERVER_UP) {
		(void)kill(v->pid, SIGTERM);
		(void)kill(v->pid, SIGCONT);
		v->state = SERVER_ENDING;
		v->due_ms = wheel_now_ms() + SUPERVISE_END_MS;
	}
	else if (v->state == SERVER_WAITING) {
		v->state = SERVER_DOWN;
	}
}

/* Do what the down files say. */
static void servers_follow(struct supervisor *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct server *v = &s->server[i];
		bool down = s->is_ending || is_kept_down(s, v);

		if (down) {
			v->deaths = 0;
			server_stop(v);
		}
		else if (v->state == SERVER_DOWN) {
			server_start(s, v);
		}
	}
}

static void server_died(struct supervisor *s, struct server *v, int status)
{
	bool was_asked = v->state == SERVER_ENDING;

	pid_file_remove(s, v->name);
	v->pid = 0;
	v->state = SERVER_DOWN;
	if (was_asked)
		return;

	log_warn("up", "%s ended with %s %d", v->name,
		 WIFSIGNALED(status) ? "signal" : "code",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (wheel_now_ms() - v->since_ms >= SUPERVISE_FORGIVE_MS)
		v->deaths = 0;
	server_wait(v);
}

static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->prepare)
			s->prepare = 0;
		for (size_t i = 0; i < s->count; i++) {
			if (s->server[i].pid == pid)
				server_died(s, &s->server[i], status);
		}
	}
}

/* Restart and kill what is due; milliseconds until the next, or -1. */
static int turn_timers(struct supervisor *s)
{
	uint64_t now = wheel_now_ms(), next = UINT64_MAX;

	for (size_t i = 0; i < s->count; i++) {
		struct server *v = &s->server[i];

		if (v->state != SERVER_WAITING && v->state != SERVER_ENDING)
			continue;
		if (v->due_ms > now) {
			next = min(next, v->due_ms);
		}
		else if (v->state == SERVER_WAITING) {
			server_start(s, v);
		}
		else {
			log_warn("up", "%s does not end, killed", v->name);
			(void)kill(v->pid, SIGKILL);
			v->due_ms = now + SUPERVISE_END_MS;
			next = min(next, v->due_ms);
		}
	}

	return next == UINT64_MAX ? -1 : (int)(next - now);
}

static void signals_read(struct supervisor *s)
{
	struct signalfd_siginfo si;

	while (read(s->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo != SIGCHLD)
			s->is_ending = true;
	}
}

static bool any_lives(const struct supervisor *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->server[i].pid)
			return true;
	}

	return false;
}

static void turn(struct supervisor *s)
{
	struct pollfd pfd[] = {
		{ .fd = s->signal_fd, .events = POLLIN },
		{ .fd = s->notify_fd, .events = POLLIN },
	};
	char events[4096];

	servers_follow(s);
	if (poll(pfd, ARRAY_SIZE(pfd), turn_timers(s)) < 0)
		return;
	signals_read(s);
	while (read(s->notify_fd, events, sizeof(events)) > 0)
		;
	reap(s);
}

static void supervisor_destructor(void *data)
{
	struct supervisor *s = data;
	char path[512];

	s->is_ending = true;
	while (any_lives(s))
		turn(s);
	child_end(s->prepare, 1000);
	for (size_t i = 0; i < s->count; i++) {
		mem_deref(s->server[i].name);
		mem_deref(s->server[i].command);
		for (size_t k = 0; k < ARGUMENTS_MAX; k++)
			mem_deref(s->server[i].arguments[k]);
	}
	if (s->lock_fd >= 0) {
		(void)unlink(path_of(s, path, "run", "up", ".pid"));
		(void)close(s->lock_fd);
	}
	if (s->signal_fd >= 0)
		(void)close(s->signal_fd);
	if (s->notify_fd >= 0)
		(void)close(s->notify_fd);
	mem_deref(s->dir);
}

static int folder_make(const char *dir, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s%s%s", dir, *name ? "/" : "",
		       name);
	return mkdir(path, 0700) && errno != EEXIST ? errno : 0;
}

/* One supervisor a folder; whoever holds the lock may take pid files away. */
static int lock_take(struct supervisor *s)
{
	char path[512];

	s->lock_fd = open(path_of(s, path, "run", "up", ".lock"),
			  O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return errno;
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB)) {
		int err = errno == EWOULDBLOCK ? EBUSY : errno;

		(void)close(s->lock_fd);
		s->lock_fd = -1;
		return err;
	}
	pid_file_write(s, "up", getpid());

	return 0;
}

static int signals_take(struct supervisor *s)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return errno;
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return errno;

	return 0;
}

int supervisor_alloc(struct supervisor **sp, const char *dir)
{
	struct supervisor *s;
	char path[512];
	int err;

	if (!sp || !dir || strlen(dir) > 400)
		return EINVAL;

	s = mem_zalloc(sizeof(*s), supervisor_destructor);
	if (!s)
		return ENOMEM;
	s->lock_fd = s->signal_fd = s->notify_fd = -1;
	err = str_dup(&s->dir, dir);
	if (err)
		goto out;
	err = folder_make(dir, "");
	if (!err)
		err = folder_make(dir, "run");
	if (!err)
		err = folder_make(dir, "log");
	if (!err)
		err = lock_take(s);
	if (!err)
		err = signals_take(s);
	if (err)
		goto out;

	s->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (s->notify_fd < 0 ||
	    inotify_add_watch(s->notify_fd, path_of(s, path, "run", "", ""),
			      IN_CREATE | IN_DELETE | IN_MOVED_TO) < 0)
		err = errno;

out:
	if (err)
		mem_deref(s);
	else
		*sp = s;

	return err;
}

int supervisor_add(struct supervisor *s, const char *name, const char *command,
		   const char *const arguments[])
{
	struct server *v = &s->server[s->count];
	char path[512];
	int err;

	if (s->count == SUPERVISE_MAX)
		return ENOSPC;
	err = str_dup(&v->name, name);
	if (!err)
		err = str_dup(&v->command, command ? command : name);
	for (size_t i = 0; !err && i < ARGUMENTS_MAX && arguments[i]; i++)
		err = str_dup(&v->arguments[i], arguments[i]);
	s->count++;

	/* a new start starts all, whatever was stopped before */
	(void)unlink(path_of(s, path, "run", name, ".down"));
	pid_file_remove(s, name);

	return err;
}

int supervisor_prepare(struct supervisor *s, int (*run)(void *arg), void *arg)
{
	pid_t parent = getpid();
	sigset_t none;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid < 0)
		return errno;
	if (!pid) {
		int code;

		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)close(s->lock_fd);
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		code = getppid() == parent ? run(arg) : 1;
		(void)fflush(stdout);
		_exit(code);
	}
	s->prepare = pid;

	return 0;
}

int supervisor_run(struct supervisor *s)
{
	while (!s->is_ending)
		turn(s);
	if (s->prepare)
		(void)kill(s->prepare, SIGTERM);
	while (any_lives(s))
		turn(s);

	return 0;
}
