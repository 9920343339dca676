/* phone.c - see phone.h
 *
 * Two queues under one mutex join the face's thread and the engine's: lines
 * go in by loop_post(), events come out behind an eventfd.  The engine itself
 * (engine.h) is touched by its own thread only.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/http_client.h"
#include "base/key_file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/secrets.h"
#include "base/tls.h"
#include "phone/audio.h"
#include "phone/cache.h"
#include "phone/call.h"
#include "phone/command.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/file.h"
#include "phone/diary.h"
#include "phone/key.h"
#include "phone/lamp.h"
#include "phone/note.h"
#include "phone/phone.h"
#include "phone/registration.h"
#include "phone/subscribe.h"
#include "phone/setting.h"
#include "phone/trace.h"
#include "phone/uc_link.h"
#include "sip/dialog.h"
#include "sip/message.h"
#include "sip/stack.h"
#include "sip/uri.h"

enum { OPTIONS = 8, WHY_BYTES = 320 };

struct text {
	struct text *next;
	char *p;
};

struct phone {
	pthread_t thread;
	pthread_mutex_t lock; /* of all below but engine */
	pthread_cond_t started;
	int fd; /* eventfd */
	struct text *events, **events_end;
	uint32_t event_count;
	struct text *lines, **lines_end;
	bool has_started;
	bool is_over;
	int err; /* of the start */
	char why[WHY_BYTES];
	char *options[OPTIONS];
	struct phone_options opt; /* points into options */

	struct engine engine;
	struct http_call *redeeming;
};

/* ---- queues ---- */

static bool push(struct text ***endp, char *p)
{
	struct text *t = p ? malloc(sizeof(*t)) : NULL;

	if (!t) {
		free(p);
		return false;
	}
	t->next = NULL;
	t->p = p;
	**endp = t;
	*endp = &t->next;
	return true;
}

static char *pop(struct text **firstp, struct text ***endp)
{
	struct text *t = *firstp;
	char *p = t ? t->p : NULL;

	if (!t)
		return NULL;
	*firstp = t->next;
	if (!*firstp)
		*endp = firstp;
	free(t);
	return p;
}

static void wake_face(struct phone *p)
{
	const uint64_t one = 1;
	ssize_t n = write(p->fd, &one, sizeof(one));

	(void)n; /* a full counter has woken it already */
}

void engine_event(struct engine *e, json_t *event)
{
	struct phone *p = e->phone;
	char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;

	json_decref(event);
	pthread_mutex_lock(&p->lock);
	if (p->event_count < PHONE_EVENTS_MAX) {
		if (push(&p->events_end, text))
			p->event_count++;
	}
	else {
		free(text); /* a face that does not read loses the newest */
	}
	pthread_mutex_unlock(&p->lock);
	wake_face(p);
}

/* ---- the engine ---- */

bool engine_is_online(const struct engine *e)
{
	return e->link && uc_link_is_online(e->link);
}

enum moment engine_moment(const struct engine *e, const struct call *c)
{
	if (!c)
		return MOMENT_IDLE;

	switch (c->state) {
	case CALL_INITIATED: return MOMENT_CALLING;
	case CALL_ALERTING:
		return c->is_outgoing ? MOMENT_CALLING : MOMENT_RINGING;
	case CALL_CONNECTED:
		return phone_call_in_state(e, CALL_HELD) ? MOMENT_CONSULTING
							 : MOMENT_CONNECTED;
	case CALL_HELD: return MOMENT_HELD;
	case CALL_FAILED: return MOMENT_FAILED;
	default: return MOMENT_IDLE;
	}
}

void engine_check_closed(struct engine *e)
{
	if (!e->is_closing)
		return;
	if (list_head(&e->calls))
		return;
	if (e->registration && !registration_is_over(e->registration)) {
		registration_stop(e->registration);
		return;
	}
	wheel_stop(&e->close_timer);
	loop_stop();
}

static void close_anyway(void *arg)
{
	(void)arg;
	loop_stop();
}

void engine_quit(struct engine *e)
{
	struct le *le;

	if (e->is_closing)
		return;
	e->is_closing = true;
	wheel_start(&e->close_timer, ENGINE_CLOSE_MS, close_anyway, e);
	e->link = mem_deref(e->link);
	subscribe_end_all(e);
	for (le = list_head(&e->calls); le; le = le->next)
		phone_call_hangup(le->data);
	engine_check_closed(e);
}

static void requested(const struct sip_message *m, struct sip_flow *flow,
		      void *arg)
{
	struct engine *e = arg;
	struct sip_dialog *d;

	if (m->method == SIP_METHOD_ACK)
		return;
	if (m->to_tag.len) {
		d = sip_dialog_find(e->sip, m);
		if (subscribe_notified(e, m, flow))
			return;
		if (d && sip_dialog_arg(d))
			phone_call_request(sip_dialog_arg(d), m, flow);
		else
			(void)sip_refuse(e->sip, m, flow, 481, SPAN(""));
		return;
	}

	switch (m->method) {
	case SIP_METHOD_INVITE: phone_call_invited(e, m, flow); break;
	case SIP_METHOD_NOTIFY: lamp_notified(e, m, flow); break;
	case SIP_METHOD_MESSAGE: note_received(e, m, flow); break;
	case SIP_METHOD_OPTIONS:
		(void)sip_refuse(e->sip, m, flow, 200,
				 SPAN("Allow: INVITE, ACK, BYE, CANCEL, "
				      "OPTIONS, UPDATE, PRACK, NOTIFY, "
				      "INFO, MESSAGE\r\n"));
		break;
	default: (void)sip_refuse(e->sip, m, flow, 405, SPAN("")); break;
	}
}

/* ---- start, step by step ---- */

static int fail(struct phone *p, int err, const char *why)
{
	if (why != p->why)
		snprintf(p->why, sizeof(p->why), "%s", why);
	return err;
}

/* Our address on the way to the registrar, proxy or uc: what others see. */
static void find_local(struct engine *e)
{
	const struct account *a = e->account;
	const char *next = *a->outbound_proxy   ? a->outbound_proxy
			   : a->registrar_count ? a->registrars[0]
						: "";
	struct sip_uri uri;
	char host[128] = "127.0.0.1";
	struct sa remote;
	int fd;

	sa_set_str(&e->local, "127.0.0.1", 0);
	if (!sip_uri_parse(&uri, span_of(next)))
		snprintf(host, sizeof(host), SPAN_FMT, SPAN_ARG(uri.host));
	if (host[0] == '[') {
		host[strcspn(host, "]")] = 0;
		memmove(host, host + 1, strlen(host));
	}
	if (!strcmp(host, "localhost"))
		return;
	if (sa_set_str(&remote, host, 5060))
		sa_set_str(&remote, "192.0.2.1", 5060); /* by default route */

	fd = socket(sa_af(&remote), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (!connect(fd, &remote.u.sa, remote.len)) {
		struct sa own;

		sa_init(&own, AF_UNSPEC);
		own.len = sizeof(own.u);
		if (!getsockname(fd, &own.u.sa, &own.len)) {
			e->local = own;
			sa_set_port(&e->local, 0);
		}
	}
	close(fd);
}

static int open_sip(struct phone *p)
{
	struct engine *e = &p->engine;
	const struct sip_config config = {
		.user_agent = "Holdfast phone/" HOLDFAST_VERSION,
	};
	int err;

	find_local(e);
	err = sip_alloc(&e->sip, &config, requested, NULL, e);
	if (err)
		return fail(p, err, "no memory");
	err = sip_listen(e->sip, SIP_UDP, &e->local, NULL);
	if (err)
		return fail(p, err, "cannot open a UDP port for SIP");
	if (e->tls)
		sip_set_tls_client(e->sip, e->tls);
	if (p->opt.trace) {
		err = trace_open(&e->trace, e->sip, p->opt.trace);
		if (err)
			return fail(p, err, "cannot write the trace file");
	}

	return 0;
}

static int open_ear(struct phone *p)
{
	if (!p->opt.ear)
		return 0;
	p->engine.ear = open(p->opt.ear,
			     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return p->engine.ear < 0
		       ? fail(p, errno, "the ear's file cannot be written")
		       : 0;
}

static int open_tls(struct phone *p)
{
	struct engine *e = &p->engine;
	bool is_needed = e->account->transport == SIP_TLS ||
			 !strncmp(e->account->uc_url, "https:", 6) ||
			 p->opt.ca_file;
	int err;

	if (!is_needed)
		return 0;
	err = tls_client_ctx(&e->tls, p->opt.ca_file, NULL, NULL, NULL);
	return err ? fail(p, err, "the CA file cannot be read") : 0;
}

static int make_state_dir(struct phone *p)
{
	struct engine *e = &p->engine;
	const char *home = getenv("HOME"), *base = getenv("XDG_STATE_HOME");
	int n, err;

	if (p->opt.state_dir)
		n = snprintf(e->state_dir, sizeof(e->state_dir), "%s",
			     p->opt.state_dir);
	else if (base && *base)
		n = snprintf(e->state_dir, sizeof(e->state_dir),
			     "%s/holdfast-phone/%s", base,
			     account_id(e->account));
	else
		n = snprintf(e->state_dir, sizeof(e->state_dir),
			     "%s/.local/state/holdfast-phone/%s",
			     home ? home : ".", account_id(e->account));
	if (n < 0 || (size_t)n >= sizeof(e->state_dir))
		return fail(p, ENAMETOOLONG,
			    "the state folder's name is too "
			    "long");
	err = folder_make(e->state_dir);
	return err ? fail(p, err, "the state folder cannot be made") : 0;
}

/* With an account in hand: open everything. */
static int begin(struct phone *p)
{
	struct engine *e = &p->engine;
	char path[ENGINE_PATH_MAX + 32];
	int err;

	if (p->opt.client) {
		e->account->client = mem_deref(e->account->client);
		err = str_dup(&e->account->client, p->opt.client);
		if (err)
			return err;
	}
	if (p->opt.transport)
		(void)sip_transport_decode(&e->account->transport,
					   span_of(p->opt.transport));
	e->media = e->account->media;
	err = make_state_dir(p);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/account.json", e->state_dir);
	err = account_save(e->account, path);
	if (err)
		return fail(p, err,
			    "the account cannot be kept in the state "
			    "folder");
	err = cache_open(&e->cache, e->state_dir, e->account);
	if (err)
		return err;
	setting_load(e);
	err = diary_open(&e->diary, e->state_dir, e->cache);
	if (err)
		return err;
	err = audio_open(&e->audio, p->opt.audio ? p->opt.audio : "none",
			 p->why);
	if (err)
		return err;
	err = open_ear(p);
	if (err)
		return err;
	err = open_tls(p);
	if (err)
		return err;
	if (account_has_phone(e->account))
		err = open_sip(p);
	if (err)
		return err;

	face_ready(e);
	e->failback_ms = p->opt.failback_s * 1000;
	if (e->account->registrar_count)
		err = registration_start(&e->registration, e);
	if (!err && e->registration)
		err = key_start(&e->keys, e);
	if (!err && account_has_uc(e->account))
		err = uc_link_start(&e->link, e);
	return err;
}

static void tell_started(struct phone *p, int err)
{
	pthread_mutex_lock(&p->lock);
	p->has_started = true;
	p->err = err;
	pthread_cond_signal(&p->started);
	pthread_mutex_unlock(&p->lock);
	if (err)
		loop_stop();
}

static void redeemed(int err, int status, const char *body, size_t len,
		     void *arg)
{
	struct span text = { body, (uint32_t)len };
	struct phone *p = arg;

	p->redeeming = mem_deref(p->redeeming);
	if (err)
		err = fail(p, err, "the server of the link does not answer");
	else if (status == 410 || status == 404)
		err = fail(p, EACCES,
			   "this link was used before or has expired: ask "
			   "your administrator for a new one");
	else if (status / 100 != 2)
		err = fail(p, EACCES, "the server refused the link");
	else
		err = account_parse(&p->engine.account, text, p->why);
	if (!err)
		err = begin(p);
	tell_started(p, err);
}

static int redeem(struct phone *p)
{
	static const char *const accept[] = { "Accept: application/json",
					      NULL };
	struct http_params params = {
		.method = "POST",
		.url = p->opt.account,
		.headers = accept,
		.ca_file = p->opt.ca_file,
	};

	return http_client_request(&p->redeeming, p->engine.http, &params,
				   redeemed, p);
}

static bool is_link(const char *account)
{
	return account && (!strncmp(account, "http://", 7) ||
			   !strncmp(account, "https://", 8));
}

static void begin_posted(void *arg)
{
	struct phone *p = arg;
	char path[ENGINE_PATH_MAX];
	const char *file = p->opt.account;
	int err;

	p->engine.ca_file = p->opt.ca_file;
	err = http_client_alloc(&p->engine.http);
	if (err) {
		tell_started(p, err);
		return;
	}
	if (is_link(p->opt.account)) {
		err = redeem(p);
		if (err)
			tell_started(p, err);
		return;
	}
	if (!file && p->opt.state_dir) {
		snprintf(path, sizeof(path), "%s/account.json",
			 p->opt.state_dir);
		file = path;
	}
	err = file ? account_load(&p->engine.account, file, p->why)
		   : fail(p, EINVAL,
			  "no account: give a file, a link or a "
			  "state folder");
	if (!err)
		err = begin(p);
	tell_started(p, err);
}

/* ---- the thread ---- */

static void close_engine(struct engine *e)
{
	struct phone *p = e->phone;

	wheel_stop(&e->close_timer);
	p->redeeming = mem_deref(p->redeeming);
	e->link = mem_deref(e->link);
	list_flush(&e->calls);
	list_flush(&e->watches);
	e->keys = mem_deref(e->keys);
	e->registration = mem_deref(e->registration);
	e->trace = mem_deref(e->trace);
	e->sip = mem_deref(e->sip);
	if (e->cache)
		(void)cache_flush(e->cache);
	e->diary = mem_deref(e->diary);
	e->cache = mem_deref(e->cache);
	e->audio = mem_deref(e->audio);
	if (e->ear >= 0)
		(void)close(e->ear);
	e->http = mem_deref(e->http);
	list_flush(&e->askings);
	e->tls = mem_deref(e->tls);
	e->account = mem_deref(e->account);
}

static void asked_to_end(int sig, void *arg)
{
	(void)sig;
	engine_quit(arg);
}

static void *run(void *arg)
{
	struct phone *p = arg;
	int err = loop_init();

	if (err) {
		tell_started(p, fail(p, err, "the event loop cannot start"));
		goto out;
	}
	(void)loop_on_signal(SIGTERM, asked_to_end, &p->engine);
	(void)loop_on_signal(SIGINT, asked_to_end, &p->engine);
	err = loop_post(begin_posted, p);
	if (!err)
		err = loop_run();
	close_engine(&p->engine);
	loop_close();

out:
	pthread_mutex_lock(&p->lock);
	p->is_over = true;
	pthread_cond_signal(&p->started);
	pthread_mutex_unlock(&p->lock);
	wake_face(p);
	return NULL;
}

/* ---- from outside ---- */

static int copy_options(struct phone *p, const struct phone_options *opt)
{
	const char *const from[OPTIONS] = {
		opt->account,   opt->client, opt->audio,   opt->state_dir,
		opt->transport, opt->trace,  opt->ca_file, opt->ear,
	};
	const char **const to[OPTIONS] = {
		&p->opt.account,   &p->opt.client,    &p->opt.audio,
		&p->opt.state_dir, &p->opt.transport, &p->opt.trace,
		&p->opt.ca_file,   &p->opt.ear,
	};

	p->opt.failback_s = opt->failback_s;
	for (int i = 0; i < OPTIONS; i++) {
		if (!from[i])
			continue;
		p->options[i] = strdup(from[i]);
		if (!p->options[i])
			return ENOMEM;
		*to[i] = p->options[i];
	}

	return 0;
}

static const char *check_options(const struct phone_options *o)
{
	static const char *const clients[] = { "desktop", "web", "mobile",
					       "desk" };
	enum sip_transport transport;
	bool is_client = !o->client;

	for (int i = 0; i < 4 && o->client; i++)
		is_client |= !strcmp(o->client, clients[i]);
	if (!is_client)
		return "the client must be desktop, web, mobile or desk";
	if (o->transport &&
	    !sip_transport_decode(&transport, span_of(o->transport)))
		return "the transport must be udp, tcp or tls";

	return NULL;
}

static void free_phone(struct phone *p)
{
	char *text;

	while ((text = pop(&p->events, &p->events_end)))
		free(text);
	while ((text = pop(&p->lines, &p->lines_end)))
		free(text);
	for (int i = 0; i < OPTIONS; i++)
		free(p->options[i]);
	if (p->fd >= 0)
		close(p->fd);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->started);
	free(p);
}

int phone_start(struct phone **pp, const struct phone_options *opt, char *why,
		size_t size)
{
	const char *fault = check_options(opt);
	struct phone *p;
	int err;

	if (fault) {
		snprintf(why, size, "%s", fault);
		return EINVAL;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return ENOMEM;
	p->engine.ear = -1;

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->started, NULL);
	p->events_end = &p->events;
	p->lines_end = &p->lines;
	p->engine.phone = p;
	p->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	err = p->fd < 0 ? errno : copy_options(p, opt);
	if (!err)
		err = secrets_init();
	if (!err)
		err = pthread_create(&p->thread, NULL, run, p);
	if (err) {
		snprintf(why, size, "%s", strerror(err));
		free_phone(p);
		return err;
	}

	pthread_mutex_lock(&p->lock);
	while (!p->has_started && !p->is_over)
		pthread_cond_wait(&p->started, &p->lock);
	err = p->has_started ? p->err : ECANCELED;
	pthread_mutex_unlock(&p->lock);
	if (err) {
		pthread_join(p->thread, NULL);
		snprintf(why, size, "%s", *p->why ? p->why : strerror(err));
		free_phone(p);
		return err;
	}

	*pp = p;
	return 0;
}

static void lines_posted(void *arg)
{
	struct phone *p = arg;
	char *line;

	do {
		pthread_mutex_lock(&p->lock);
		line = pop(&p->lines, &p->lines_end);
		pthread_mutex_unlock(&p->lock);
		if (line)
			command_run(&p->engine, line);
		free(line);
	} while (line);
}

int phone_command(struct phone *p, const char *line)
{
	int err = 0;

	if (strlen(line) > PHONE_LINE_MAX)
		return EMSGSIZE;

	pthread_mutex_lock(&p->lock);
	if (p->is_over)
		err = EPIPE;
	else if (!push(&p->lines_end, strdup(line)))
		err = ENOMEM;
	else
		err = loop_post(lines_posted, p);
	pthread_mutex_unlock(&p->lock);
	return err;
}

int phone_event_fd(const struct phone *p)
{
	return p->fd;
}

char *phone_event_take(struct phone *p)
{
	uint64_t count;
	char *text;

	pthread_mutex_lock(&p->lock);
	text = pop(&p->events, &p->events_end);
	if (text)
		p->event_count--;
	else if (!p->is_over && read(p->fd, &count, sizeof(count)) < 0)
		errno = 0;
	pthread_mutex_unlock(&p->lock);
	return text;
}

bool phone_is_over(const struct phone *p)
{
	struct phone *lockable = (struct phone *)(uintptr_t)p;
	bool is_over;

	pthread_mutex_lock(&lockable->lock);
	is_over = p->is_over && !p->events;
	pthread_mutex_unlock(&lockable->lock);
	return is_over;
}

void phone_stop(struct phone *p)
{
	if (!p)
		return;
	(void)phone_command(p, "quit");
	pthread_join(p->thread, NULL);
	free_phone(p);
}
