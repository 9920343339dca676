/* service.c - see service.h */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/http.h"
#include "base/http_client.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/net.h"
#include "base/password.h"
#include "base/reseal.h"
#include "base/service.h"
#include "base/store.h"
#include "base/tls.h"
#include "base/wheel.h"

enum { DAY_MS = 86400000 };

static struct wheel_timer daily_timer;

static int64_t read_key(void *arg)
{
	(void)arg;
	return reseal_version();
}

static int64_t read_failures(void *arg)
{
	(void)arg;
	return reseal_failures();
}

static struct metric metrics[] = {
	{ .name = "holdfast_key_oldest",
	  .kind = METRIC_GAUGE,
	  .help = "Oldest key that stored secrets need; 0 while not known",
	  .read = read_key },
	{ .name = "holdfast_key_failures",
	  .kind = METRIC_GAUGE,
	  .help = "Stored secrets that open with no key of the file",
	  .read = read_failures },
};

static void daily(void *arg)
{
	tls_check_expiry();
	wheel_start(&daily_timer, DAY_MS, daily, arg);
}

static void reload(int sig, void *arg)
{
	struct service *s = arg;
	int err;

	(void)sig;
	tls_check_expiry();
	err = tls_reload();
	if (!err)
		err = key_file_reload(s->keys);
	if (!err)
		err = reseal_start(s->keys);
	if (err)
		log_error("main", "reload: %s", strerror(err));
	else
		log_info("main", "certificates and keys read again");
}

int service_files(struct service_files *f, const struct conf *conf)
{
	const char *dir = conf_text(conf, "dir"), *name = conf_program(conf);
	const int size = sizeof(f->ca);

	if (snprintf(f->ca, sizeof(f->ca), "%s/tls/ca.pem", dir) >= size ||
	    snprintf(f->cert, sizeof(f->cert), "%s/tls/%s.pem", dir, name) >=
		    size ||
	    snprintf(f->key, sizeof(f->key), "%s/tls/%s.key", dir, name) >=
		    size)
		return ENAMETOOLONG;

	return 0;
}

int service_tls_client(struct tls **tlsp, const struct conf *conf)
{
	struct service_files f;
	int err = service_files(&f, conf);

	return err ? err : tls_client_ctx(tlsp, f.ca, NULL, f.cert, f.key);
}

int service_http_params(struct http_params *params, struct service_files *f,
			const struct conf *conf)
{
	int err = service_files(f, conf);

	if (err)
		return err;

	params->ca_file = f->ca;
	params->cert_file = f->cert;
	params->key_file = f->key;
	return 0;
}

static int make_folder(const struct service *s, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", conf_text(s->conf, "dir"), name);
	return mkdir(path, 0700) && errno != EEXIST ? errno : 0;
}

/* A store whose key is gone is half a backup: a new key would open none of
 * its secrets, and hide that the old one is missing. */
static bool lacks_key(const char *dir, const char *name)
{
	char key[512], store[512];

	snprintf(key, sizeof(key), "%s/key", dir);
	snprintf(store, sizeof(store), "%s/%s/%s.db", dir, name, name);
	if (!access(key, F_OK) || access(store, F_OK))
		return false;
	log_error("main",
		  "%s is missing and the secrets in %s are sealed with it: "
		  "put it back from a backup",
		  key, store);

	return true;
}

static int prepare(struct service *s, const char *name)
{
	const char *dir = conf_text(s->conf, "dir");
	int err;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return errno;
	if (lacks_key(dir, name))
		return ENOKEY;

	err = make_folder(s, name);
	if (!err)
		err = service_token_load(dir, name, s->token);
	if (!err)
		err = key_file_open(&s->keys, dir);
	if (!err)
		err = tls_make_files(dir, name, conf_text(s->conf, "listen"));
	if (!err)
		err = http_server_alloc(&s->http, NULL);
	if (!err)
		err = metrics_routes(s->http);

	return err;
}

static int find_url(struct service *s, const struct service_program *program,
		    struct sa *sa)
{
	struct sa reachable;
	int err = conf_address(sa, s->conf, program->rest_port);

	if (err)
		return err;

	reachable = *sa;
	net_reachable(&reachable, NULL);
	re_snprintf(s->url, sizeof(s->url), "%s://%J",
		    sa_is_loopback(sa) ? "http" : "https", &reachable);
	return 0;
}

static int listen_http(struct service *s, const char *name, const struct sa *sa)
{
	struct tls *tls = NULL;
	int err = 0;

	/* users come without a certificate; the service token does not
	 * (model/route.c) */
	if (!sa_is_loopback(sa))
		err = tls_server_ctx(&tls, conf_text(s->conf, "dir"), name,
				     TLS_CLIENT_ASKED);
	if (!err)
		err = http_server_listen(s->http, sa, tls);

	mem_deref(tls);
	return err;
}

static enum log_level level_of(const char *name)
{
	switch (name[0]) {
	case 'e': return LOG_LEVEL_ERROR;
	case 'w': return LOG_LEVEL_WARN;
	case 'd': return LOG_LEVEL_DEBUG;
	default: return LOG_LEVEL_INFO;
	}
}

static int run(struct service *s, const struct service_program *program,
	       void **statep)
{
	struct sa sa;
	int err;

	log_init(program->name, level_of(conf_text(s->conf, "log-level")));
	err = prepare(s, program->name);
	if (!err)
		err = find_url(s, program, &sa);
	if (!err)
		err = program->start(s, statep);
	if (!err)
		err = listen_http(s, program->name, &sa);
	if (!err)
		err = loop_on_signal(SIGHUP, reload, s);
	if (!err)
		err = reseal_start(s->keys);
	if (err) {
		log_error("main", "cannot start: %s", strerror(err));
		return err;
	}

	metrics_add(metrics, sizeof(metrics) / sizeof(metrics[0]));
	wheel_start(&daily_timer, DAY_MS, daily, NULL);
	log_info("main", "listening at %s", s->url);
	return loop_run();
}

/* Memory that was needed once is needed again: giving it back to the system
 * at each lull and asking for it anew costs more than it saves. */
static void keep_memory(void)
{
	(void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
	(void)mallopt(M_TOP_PAD, 1 << 18);
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

int service_main(const struct service_program *program, int argc, char *argv[])
{
	struct service s = { 0 };
	void *state = NULL;
	int code = 0;
	int err;

	log_init(program->name, LOG_LEVEL_INFO);
	keep_memory();
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

	wheel_stop(&daily_timer);
	reseal_close();
	stores_settle();
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
