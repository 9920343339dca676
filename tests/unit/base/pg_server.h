/* pg_server.h - a PostgreSQL of the test's own
 *
 * Made in a private folder, reached by a socket in it (no port is taken),
 * run as user postgres where we are root, and ended with the test even when
 * that is killed.
 */
#ifndef TESTS_PG_SERVER_H
#define TESTS_PG_SERVER_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char pg_dir[64];
static char pg_bin[256];
static char pg_url[256]; /* for store_open() */
static pid_t pg_pid;

static int pg_remove_one(const char *path, const struct stat *st, int type,
			 struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Run one of PostgreSQL's programs as a user it accepts. */
static pid_t pg_spawn(char *const argv[])
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open("/dev/null", O_RDWR);
		struct passwd *pw = getpwnam("postgres");

		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		if (getuid() == 0 && (!pw || setgroups(0, NULL) ||
				      setgid(pw->pw_gid) || setuid(pw->pw_uid)))
			_exit(126);
		prctl(PR_SET_PDEATHSIG, SIGQUIT);
		if (getppid() != parent || chdir(pg_dir))
			_exit(126);
		execv(argv[0], argv);
		_exit(127);
	}

	return pid;
}

static bool pg_find_bin(void)
{
	glob_t found;
	bool is_found;

	is_found = !glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found);
	if (is_found) {
		const char *last = found.gl_pathv[found.gl_pathc - 1];

		snprintf(pg_bin, sizeof(pg_bin), "%.*s",
			 (int)(strlen(last) - strlen("/initdb")), last);
		globfree(&found);
	}

	return is_found;
}

static bool pg_start(void)
{
	char program[300];
	char *argv[] = { program,
			 (char *)"-D",
			 pg_dir,
			 (char *)"-k",
			 pg_dir,
			 (char *)"-c",
			 (char *)"listen_addresses=",
			 (char *)"-c",
			 (char *)"max_connections=20",
			 NULL };
	char where[128];

	snprintf(program, sizeof(program), "%s/postgres", pg_bin);
	snprintf(where, sizeof(where), "host=%s user=holdfast dbname=postgres",
		 pg_dir);
	pg_pid = pg_spawn(argv);
	for (int i = 0; i < 1500; i++) {
		if (PQping(where) == PQPING_OK)
			return true;
		if (waitpid(pg_pid, NULL, WNOHANG) == pg_pid) {
			pg_pid = 0;
			return false;
		}
		usleep(10000);
	}

	return false;
}

/* How: SIGINT in order, SIGQUIT at once as if it had crashed. */
static void pg_stop(int how)
{
	if (pg_pid > 0) {
		kill(pg_pid, how);
		waitpid(pg_pid, NULL, 0);
		pg_pid = 0;
	}
}

static pid_t pg_owner;

static void pg_close(void)
{
	if (getpid() != pg_owner)
		return;

	pg_stop(SIGQUIT);
	nftw(pg_dir, pg_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static bool pg_open(void)
{
	char program[300];
	char *argv[] = { program,
			 (char *)"-D",
			 pg_dir,
			 (char *)"-A",
			 (char *)"trust",
			 (char *)"-U",
			 (char *)"holdfast",
			 (char *)"-E",
			 (char *)"UTF8",
			 (char *)"--locale=C",
			 (char *)"--no-sync",
			 NULL };
	struct passwd *pw = getpwnam("postgres");
	int status;

	if (!pg_find_bin())
		return false;

	snprintf(pg_dir, sizeof(pg_dir), "/tmp/holdfast-pg-XXXXXX");
	if (!mkdtemp(pg_dir))
		return false;
	if (getuid() == 0 && pw && chown(pg_dir, pw->pw_uid, pw->pw_gid))
		return false;

	pg_owner = getpid();
	atexit(pg_close);
	snprintf(program, sizeof(program), "%s/initdb", pg_bin);
	if (waitpid(pg_spawn(argv), &status, 0) < 0 || status)
		return false;

	snprintf(pg_url, sizeof(pg_url),
		 "postgres:host=%s user=holdfast dbname=postgres", pg_dir);
	return pg_start();
}

#endif
