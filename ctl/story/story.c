/* story.c - see story.h
 *
 * All files are parsed before any is played.  With -j several are played at
 * once, each in a process of its own; a report is printed whole.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/secrets.h"
#include "base/wheel.h"
#include "ctl/story/brief.h"
#include "ctl/story/manual.h"
#include "ctl/story/play.h"
#include "ctl/story/story.h"

enum { STORIES_MAX = 500, JOBS_MAX = 16 };

static const struct setting story_settings[] = {
	{ "jobs", SETTING_NUMBER, "1", 1, JOBS_MAX, NULL,
	  "stories played at once" },
	{ "keep", SETTING_FLAG, "no", 0, 0, NULL,
	  "keep the state folder of stories that went well" },
	{ "list", SETTING_FLAG, "no", 0, 0, NULL,
	  "print the sentences of the language and end" },
	{ "manual", SETTING_FLAG, "no", 0, 0, NULL,
	  "print holdfast-story(7) and end" },
	{ "parse", SETTING_FLAG, "no", 0, 0, NULL, "only parse the files" },
};

/* Play one and print its line, its report behind it. */
static bool play_one(const struct story *st, bool keep)
{
	uint64_t start = wheel_now_ms();
	char *report = NULL;
	bool ok = play_story(st, keep, &report);

	(void)printf("%s story %s (%.1f s)\n%s", ok ? "ok" : "not ok", st->name,
		     (double)(wheel_now_ms() - start) / 1000,
		     report ? report : "");
	(void)fflush(stdout);
	mem_deref(report);

	return ok;
}

/* In a process of its own, its output through a file so that it stays
 * together. */
static pid_t play_apart(const struct story *st, bool keep, FILE *out)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (!pid) {
		bool ok;

		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)dup2(fileno(out), 1);
		ok = play_one(st, keep);
		(void)fflush(stdout);
		_exit(ok ? 0 : 1);
	}

	return pid;
}

struct job {
	pid_t pid;
	FILE *out;
};

static void job_print(struct job *j)
{
	char text[4096];
	size_t n;

	rewind(j->out);
	while ((n = fread(text, 1, sizeof(text), j->out)) > 0)
		(void)fwrite(text, 1, n, stdout);
	(void)fflush(stdout);
	(void)fclose(j->out);
	j->out = NULL;
	j->pid = 0;
}

/* Wait for one job to end; whether it went well. */
static bool job_wait(struct job jobs[], size_t count)
{
	int status = 1;
	pid_t pid = wait(&status);

	for (size_t i = 0; i < count; i++) {
		if (pid > 0 && jobs[i].pid == pid)
			job_print(&jobs[i]);
	}

	return pid > 0 && !status;
}

static bool play_all(struct story *stories[], size_t n, size_t at_once,
		     bool keep)
{
	struct job jobs[JOBS_MAX] = { { 0 } };
	size_t running = 0;
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		struct job *j = jobs;

		if (running == at_once) {
			ok &= job_wait(jobs, JOBS_MAX);
			running--;
		}
		while (j->pid)
			j++;
		j->out = tmpfile();
		j->pid = j->out ? play_apart(stories[i], keep, j->out) : -1;
		if (j->pid < 0) {
			(void)printf("not ok story %s: %s\n", stories[i]->name,
				     strerror(errno));
			if (j->out)
				(void)fclose(j->out);
			j->pid = 0;
			ok = false;
			continue;
		}
		running++;
	}
	for (; running; running--)
		ok &= job_wait(jobs, JOBS_MAX);

	return ok;
}

static int load_all(struct story *stories[], size_t *np,
		    const struct conf *conf)
{
	char error[800];
	const char *path;
	int bad = 0;

	for (uint32_t i = 0; (path = conf_argument(conf, i)); i++) {
		if (*np == STORIES_MAX) {
			(void)fprintf(stderr, "holdfast story: at most %d\n",
				      STORIES_MAX);
			return EINVAL;
		}
		if (story_load(&stories[*np], path, error, sizeof(error))) {
			(void)fprintf(stderr, "%s\n", error);
			bad = EINVAL;
			continue;
		}
		(*np)++;
	}
	if (!*np && !bad) {
		(void)fprintf(stderr,
			      "usage: holdfast story [--jobs N] [--keep] "
			      "[--list] [--parse] FILE...\n");
		bad = EINVAL;
	}

	return bad;
}

int story_main(int argc, char *argv[])
{
	struct story *stories[STORIES_MAX] = { NULL };
	struct conf *conf = NULL;
	size_t n = 0;
	int code = 2;

	if (conf_load(&conf, "story", story_settings,
		      ARRAY_SIZE(story_settings), argc, argv, &code))
		return code;
	log_init("story", LOG_LEVEL_WARN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)secrets_init();

	if (conf_flag(conf, "list") || conf_flag(conf, "manual")) {
		if (conf_flag(conf, "list"))
			manual_list();
		else
			manual_page();
		code = 0;
		goto out;
	}
	code = load_all(stories, &n, conf) ? 2 : 0;
	if (!code && !conf_flag(conf, "parse"))
		(void)brief_make();
	if (!code && !conf_flag(conf, "parse"))
		code = play_all(stories, n, (size_t)conf_number(conf, "jobs"),
				conf_flag(conf, "keep"))
			       ? 0
			       : 1;

out:
	brief_remove();
	for (size_t i = 0; i < n; i++)
		mem_deref(stories[i]);
	mem_deref(conf);

	return code;
}
