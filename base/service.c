/* service.c - see service.h */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/http.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/password.h"
#include "base/service.h"
#include "base/tls.h"

static void reload(int sig, void *arg)
{
	struct service *s = arg;
	int err;

	(void)sig;
	err = tls_reload();
	if (!err)
		err = key_file_reload(s->keys);
	if (err)
		log_error("main", "reload: %s", strerror(err));
	else
		log_info("main", "certificates and keys read again");
}

static int make_folder(const struct service *s, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", conf_text(s->conf, "dir"), name);
	return mkdir(path, 0700) && errno != EEXIST ? errno : 0;
}

static int prepare(struct service *s, const char *name)
{
	const char *dir = conf_text(s->conf, "dir");
	int err;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return errno;

	err = make_folder(s, name);
	if (!err)
		err = service_token_load(dir, name, s->token);
	if (!err)
		err = key_file_open(&s->keys, dir);
	if (!err)
		err = http_server_alloc(&s->http, NULL);
	if (!err)
		err = metrics_routes(s->http);

	return err;
}

static int find_url(struct service *s, const struct service_program *program,
		    struct sa *sa)
{
	int err = conf_address(sa, s->conf, program->rest_port);

	if (err)
		return err;

	re_snprintf(s->url, sizeof(s->url), "%s://%J",
		    sa_is_loopback(sa) ? "http" : "https", sa);
	return 0;
}

static int listen_http(struct service *s, const char *name, const struct sa *sa)
{
	const char *dir = conf_text(s->conf, "dir");
	struct tls *tls = NULL;
	int err = 0;

	if (!sa_is_loopback(sa)) {
		err = tls_make_files(dir, name, conf_text(s->conf, "listen"));
		if (!err)
			err = tls_server_ctx(&tls, dir, name, false);
	}
	if (!err)
		err = http_server_listen(s->http, sa, tls);

	mem_deref(tls);
	return err;
}

static int run(struct service *s, const struct service_program *program,
	       void **statep)
{
	struct sa sa;
	int err;

	err = prepare(s, program->name);
	if (!err)
		err = find_url(s, program, &sa);
	if (!err)
		err = program->start(s, statep);
	if (!err)
		err = listen_http(s, program->name, &sa);
	if (!err)
		err = loop_on_signal(SIGHUP, reload, s);
	if (err) {
		log_error("main", "cannot start: %s", strerror(err));
		return err;
	}

	log_info("main", "listening at %s", s->url);
	return loop_run();
}

int service_main(const struct service_program *program, int argc, char *argv[])
{
	struct service s = { 0 };
	void *state = NULL;
	int code = 0;
	int err;

	log_init(program->name, LOG_LEVEL_INFO);
	err = loop_init();
	if (!err)
		err = secrets_init();
	if (!err && program->texts_count)
		err = text_add(program->texts, program->texts_count);
	if (!err) {
		err = conf_load(&s.conf, program->name, program->settings,
				program->settings_count, argc, argv, &code);
	}
	if (!err)
		err = run(&s, program, &state);

	mem_deref(s.http);
	mem_deref(state);
	mem_deref(s.keys);
	mem_deref(s.conf);
	secret_wipe(s.token, sizeof(s.token));
	password_close();
	text_close();
	loop_close();
	return err == ECANCELED ? code : err ? 1 : 0;
}
