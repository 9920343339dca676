/* http.c - the server over real sockets, by raw octets and by our client */
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/http.h"
#include "base/http_client.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/wheel.h"
#include "tests/unit/test.h"

static struct http_server *srv;
static struct http_request *kept;
static struct wheel_timer timer;
static int served, gone;

/* handlers */

static void hello(struct http_request *req, void *arg)
{
	++served;
	CHECK(arg == &served);
	http_reply(req, 200, "text/plain", "hello", 5);
}

static void echo(struct http_request *req, void *arg)
{
	const struct span b = http_body(req);

	http_reply(req, 200, "text/plain", b.p, b.len);
}

static void user(struct http_request *req, void *arg)
{
	const char *q = http_query(req, "filter[name]");

	http_reply_header(req, "X-Extra", "%d", 7);
	http_reply_json(req, 200,
			json_pack("{s:s, s:s}", "id", http_param(req, "id"),
				  "q", q ? q : ""));
}

static void me(struct http_request *req, void *arg)
{
	http_reply(req, 200, "text/plain", "me", 2);
}

static void forget(struct http_request *req, void *arg)
{
}

static void answer_later(void *arg)
{
	http_reply(kept, 200, "text/plain", "later", 5);
	kept = mem_deref(kept);
}

static void later(struct http_request *req, void *arg)
{
	kept = mem_ref(req);
	wheel_start(&timer, 30, answer_later, NULL);
}

static void peer_gone(struct http_request *req, void *arg)
{
	++gone;
	CHECK(http_is_gone(kept));
	CHECK_INT(http_reply(kept, 200, NULL, NULL, 0), ENOTCONN);
	kept = mem_deref(kept);
	loop_stop();
}

static void never(struct http_request *req, void *arg)
{
	kept = mem_ref(req);
	http_on_gone(req, peer_gone, NULL);
}

static void json_in(struct http_request *req, void *arg)
{
	json_t *j;

	if (http_request_json(req, &j))
		return;

	http_reply_json(req, 201, j);
}

static void big(struct http_request *req, void *arg)
{
	char *p = mem_zalloc(4000000, NULL);

	memset(p, 'x', 4000000);
	http_reply(req, 200, "text/plain", p, 4000000);
	mem_deref(p);
}

enum { SLOW_PEERS = 8 };

static int slow_fds[SLOW_PEERS + 1];
static struct tmr other_tmr;
static bool has_other_run;
static int in_a_row, most_in_a_row;

static void ask_all(const char *path)
{
	char text[64];
	int n = snprintf(text, sizeof(text),
			 "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);

	for (int i = 0; i <= SLOW_PEERS; i++)
		CHECK_INT(send(slow_fds[i], text, (size_t)n, 0), n);
}

/* What a burst of requests must not keep from its turn. */
static void other_work(void *arg)
{
	if (served == SLOW_PEERS + 1) { /* all are connected */
		served = in_a_row = most_in_a_row = 0;
		ask_all("/slow");
		/* while it waits, or before */
		(void)close(slow_fds[SLOW_PEERS]);
	}
	has_other_run = true;
	tmr_start(&other_tmr, 1, other_work, NULL);
}

static void slow(struct http_request *req, void *arg);

static const struct http_route routes[] = {
	{ "GET", "/hello", hello },     { "POST", "/echo", echo, 1000 },
	{ "GET", "/users/{id}", user }, { "GET", "/users/me", me },
	{ "GET", "/forget", forget },   { "GET", "/later", later },
	{ "GET", "/never", never },     { "POST", "/json", json_in },
	{ "PUT", "/json", json_in },    { "GET", "/big", big },
	{ "GET", "/files/*", me },      { "GET", "/slow", slow },
};

/* a peer that writes octets and reads until the end, in a thread */

struct talk {
	const char *text;
	size_t len;
	bool is_trickle;    /* an octet each 20 ms */
	bool shuts;         /* ends its side after writing */
	int close_after_ms; /* instead of reading */
	char got[65536];
	size_t got_len;
	uint16_t port;
	int64_t took_ms;
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Longer than a turn has time for. */
static void slow(struct http_request *req, void *arg)
{
	const int64_t end = now_ms() + 1 + 2 * LOOP_SLICE_US / 1000;

	while (now_ms() < end)
		;
	in_a_row = has_other_run ? 1 : in_a_row + 1;
	has_other_run = false;
	if (in_a_row > most_in_a_row)
		most_in_a_row = in_a_row;
	http_reply(req, 200, "text/plain", "slow", 4);
	if (++served == SLOW_PEERS)
		loop_stop();
}

static int dial(uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port) };
	struct timeval limit = { .tv_sec = 8 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		abort();

	return fd;
}

static void *talk_thread(void *arg)
{
	struct talk *t = arg;
	const int64_t start = now_ms();
	const int fd = dial(t->port);
	size_t sent = 0;
	ssize_t n;

	while (sent < t->len) {
		n = send(fd, t->text + sent, t->is_trickle ? 1 : t->len - sent,
			 MSG_NOSIGNAL);
		if (n <= 0)
			break;
		sent += (size_t)n;
		if (t->is_trickle)
			usleep(20000);
	}
	if (t->close_after_ms) {
		usleep((useconds_t)t->close_after_ms * 1000);
	}
	else {
		while (t->got_len + 1 < sizeof(t->got) &&
		       (n = recv(fd, t->got + t->got_len,
				 sizeof(t->got) - 1 - t->got_len, 0)) > 0)
			t->got_len += (size_t)n;
	}
	close(fd);
	t->got[t->got_len] = '\0';
	t->took_ms = now_ms() - start;
	if (!t->close_after_ms)
		loop_stop();

	return NULL;
}

static void server_start(const struct http_config *cfg)
{
	struct sa sa;

	CHECK_INT(loop_init(), 0);
	CHECK_INT(http_server_alloc(&srv, cfg), 0);
	CHECK_INT(http_server_routes(srv, routes,
				     sizeof(routes) / sizeof(routes[0]),
				     &served),
		  0);
	sa_set_str(&sa, "127.0.0.1", 0);
	CHECK_INT(http_server_listen(srv, &sa, NULL), 0);
	CHECK(http_server_port(srv) != 0);
	served = gone = 0;
}

static void server_stop(void)
{
	kept = mem_deref(kept);
	srv = mem_deref(srv);
	loop_close();
}

static void talk_run(struct talk *t)
{
	pthread_t thread;

	t->port = http_server_port(srv);
	if (!t->len)
		t->len = strlen(t->text);
	pthread_create(&thread, NULL, talk_thread, t);
	loop_run();
	pthread_join(thread, NULL);
}

static struct talk t;

static const char *say(const char *text)
{
	memset(&t, 0, sizeof(t));
	t.text = text;
	server_start(NULL);
	talk_run(&t);
	server_stop();

	return t.got;
}

static int count_of(const char *text, const char *what)
{
	int n = 0;

	for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
		++n;

	return n;
}

static void requests_are_answered_in_order_on_one_connection(void)
{
	const char *got = say("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
			      "POST /echo HTTP/1.1\r\nHost: a\r\n"
			      "Content-Length: 3\r\n\r\nabc"
			      "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
			      "POST /echo HTTP/1.1\r\nHost: a\r\n"
			      "Transfer-Encoding: chunked\r\n\r\n"
			      "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
			      "GET /hello HTTP/1.1\r\nHost: a\r\n"
			      "Connection: close\r\n\r\n");
	const char *a, *b, *c, *d;

	CHECK_INT(count_of(got, "HTTP/1.1 200 OK\r\n"), 5);
	a = strstr(got, "hello");
	CHECK(a != NULL);
	b = strstr(a, "\r\n\r\nabc");
	CHECK(b != NULL);
	c = strstr(b, "later");
	CHECK(c != NULL);
	d = strstr(c, "\r\n\r\ndef");
	CHECK(d != NULL);
	CHECK(strstr(d, "hello") != NULL);
	CHECK_INT(served, 2);
	CHECK(strstr(got, "Connection: close") != NULL);
}

static void many_pipelined_requests_do_not_recurse(void)
{
	static const char one[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
	static char text[sizeof(one) * 152];
	size_t len = 0;

	for (int i = 0; i < 150; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
					one);
	snprintf(text + len, sizeof(text) - len, "GET /hello HTTP/1.0\r\n\r\n");
	say(text);
	CHECK_INT(served, 151);
}

static void smuggling_is_answered_400_and_cut(void)
{
	const char *got = say(
		"POST /echo HTTP/1.1\r\nHost: a\r\n"
		"Content-Length: 4\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");

	CHECK_INT(strncmp(got, "HTTP/1.1 400 ", 13), 0);
	CHECK_INT(count_of(got, "HTTP/1.1 "), 1);
	CHECK_INT(served, 0);
}

static void a_long_body_is_413(void)
{
	static char text[2000];
	size_t len;
	const char *got = say("POST /echo HTTP/1.1\r\nHost: a\r\n"
			      "Content-Length: 1001\r\n\r\n");

	CHECK_INT(strncmp(got, "HTTP/1.1 413 ", 13), 0);
	CHECK(strstr(got, "\"code\":\"body-too-large\"") != NULL);

	len = (size_t)snprintf(text, sizeof(text),
			       "POST /echo HTTP/1.1\r\nHost: a\r\n"
			       "Transfer-Encoding: chunked\r\n\r\n7ffffff\r\n");
	memset(text + len, 'a', sizeof(text) - len - 1);
	got = say(text);
	CHECK_INT(strncmp(got, "HTTP/1.1 413 ", 13), 0);
}

static void continue_is_sent_when_asked_for(void)
{
	const char *got = say("POST /echo HTTP/1.1\r\nHost: a\r\n"
			      "Expect: 100-continue\r\n"
			      "Content-Length: 2000\r\n\r\n");

	CHECK_INT(strncmp(got, "HTTP/1.1 413 ", 13), 0);

	memset(&t, 0, sizeof(t));
	t.text = "POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nok";
	server_start(NULL);
	talk_run(&t);
	server_stop();
	CHECK_INT(count_of(t.got, "100 Continue"), 0);
	CHECK(strstr(t.got, "\r\n\r\nok") != NULL);
}

static void a_slow_head_is_cut_at_its_absolute_time(void)
{
	static const struct http_config cfg = { .head_ms = 300,
						.idle_ms = 5000 };

	memset(&t, 0, sizeof(t));
	t.text =
		"GET /hello HTTP/1.1\r\nHost: a\r\n"
		"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	t.is_trickle = true;
	server_start(&cfg);
	talk_run(&t);
	server_stop();
	CHECK_INT(strncmp(t.got, "HTTP/1.1 408 ", 13), 0);
	CHECK_INT(served, 0);
}

static void a_slow_body_and_an_idle_peer_are_cut(void)
{
	static const struct http_config cfg = { .body_ms = 200,
						.idle_ms = 200 };

	memset(&t, 0, sizeof(t));
	t.text = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na";
	server_start(&cfg);
	talk_run(&t);
	CHECK_INT(strncmp(t.got, "HTTP/1.1 408 ", 13), 0);
	CHECK(t.took_ms >= 190 && t.took_ms < 6000);

	memset(&t, 0, sizeof(t));
	t.text = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
	talk_run(&t);
	CHECK_INT(strncmp(t.got, "HTTP/1.1 200 ", 13), 0);
	CHECK(t.took_ms >= 190 && t.took_ms < 6000);
	server_stop();
}

static void one_address_has_its_share(void)
{
	static const struct http_config cfg = { .per_address = 2,
						.idle_ms = 3000 };
	int a, b;

	server_start(&cfg);
	a = dial(http_server_port(srv));
	b = dial(http_server_port(srv));
	memset(&t, 0, sizeof(t));
	t.text = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
	talk_run(&t);
	CHECK_INT(t.got_len, 0);
	CHECK_INT(http_server_connections(srv), 2);
	close(a);
	close(b);
	server_stop();
}

static void routes_prefer_literals_and_know_methods(void)
{
	const char *got;

	got = say("GET /users/me HTTP/1.0\r\n\r\n");
	CHECK(strstr(got, "\r\n\r\nme") != NULL);

	got = say("GET /users/a%20b?filter%5Bname%5D=c+d&x HTTP/1.0\r\n\r\n");
	CHECK(strstr(got, "{\"id\":\"a b\",\"q\":\"c d\"}") != NULL);
	CHECK(strstr(got, "X-Extra: 7\r\n") != NULL);

	got = say("DELETE /json HTTP/1.0\r\n\r\n");
	CHECK_INT(strncmp(got, "HTTP/1.1 405 ", 13), 0);
	CHECK(strstr(got, "Allow: POST, PUT\r\n") != NULL);

	got = say(
		"GET /nowhere HTTP/1.0\r\nX-Correlation-Id: abcdefgh\r\n\r\n");
	CHECK_INT(strncmp(got, "HTTP/1.1 404 ", 13), 0);
	CHECK(strstr(got, "application/problem+json") != NULL);
	CHECK(strstr(got, "\"correlation\":\"abcdefgh\"") != NULL);

	got = say("HEAD /hello HTTP/1.0\r\n\r\n");
	CHECK(strstr(got, "Content-Length: 5\r\n") != NULL);
	CHECK(strstr(got, "hello") == NULL);

	got = say("GET /files/a/b/c HTTP/1.0\r\n\r\n");
	CHECK_INT(strncmp(got, "HTTP/1.1 200 ", 13), 0);
}

static void wrong_json_is_400_or_415(void)
{
	const char *got;

	got = say("POST /json HTTP/1.0\r\nContent-Type: text/plain\r\n"
		  "Content-Length: 2\r\n\r\n{}");
	CHECK_INT(strncmp(got, "HTTP/1.1 415 ", 13), 0);
	got = say("POST /json HTTP/1.0\r\nContent-Type: application/json\r\n"
		  "Content-Length: 13\r\n\r\n{\"a\":1,\"a\":2}");
	CHECK_INT(strncmp(got, "HTTP/1.1 400 ", 13), 0);
	CHECK(strstr(got, "\"code\":\"malformed-json\"") != NULL);
	got = say("POST /json HTTP/1.0\r\n"
		  "Content-Type: application/json; charset=utf-8\r\n"
		  "Content-Length: 7\r\n\r\n{\"a\":1}");
	CHECK_INT(strncmp(got, "HTTP/1.1 201 ", 13), 0);
}

static void a_forgotten_request_is_500(void)
{
	const char *got = say("GET /forget HTTP/1.1\r\nHost: a\r\n\r\n");

	CHECK_INT(strncmp(got, "HTTP/1.1 500 ", 13), 0);
}

static void a_peer_that_leaves_is_no_danger(void)
{
	memset(&t, 0, sizeof(t));
	t.text = "GET /never HTTP/1.1\r\nHost: a\r\n\r\n";
	t.close_after_ms = 50;
	server_start(NULL);
	talk_run(&t);
	CHECK_INT(gone, 1);
	CHECK_INT(http_server_connections(srv), 0);
	server_stop();
}

/* our own client */

static struct http_client *client;
static int client_err, client_status, client_ended;
static size_t client_len;
static char client_body[256];

static void ended(int err, int status, const char *body, size_t len, void *arg)
{
	++client_ended;
	client_err = err;
	client_status = status;
	client_len = len;
	snprintf(client_body, sizeof(client_body), "%s", body);
	loop_stop();
}

static struct wheel_timer poll_timer;

/* Stop the loop once the server has the request. */
static void stop_when_kept(void *arg)
{
	if (kept)
		loop_stop();
	else
		wheel_start(&poll_timer, 10, stop_when_kept, NULL);
}

static void ask(const char *method, const char *path, json_t *json,
		uint32_t timeout_ms)
{
	struct http_params p = { .method = method,
				 .json = json,
				 .timeout_ms = timeout_ms };
	char url[128];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s",
		 http_server_port(srv), path);
	p.url = url;
	client_err = client_status = -1;
	CHECK_INT(http_client_request(NULL, client, &p, ended, NULL), 0);
	CHECK_INT(client_err, -1);
	loop_run();
}

static void the_client_asks_and_is_answered(void)
{
	json_t *j = json_pack("{s:i}", "a", 1);

	server_start(NULL);
	CHECK_INT(http_client_alloc(&client), 0);
	ask("GET", "/hello", NULL, 0);
	CHECK_INT(client_err, 0);
	CHECK_INT(client_status, 200);
	CHECK_STR(client_body, "hello");
	ask("PUT", "/json", j, 0);
	CHECK_INT(client_status, 201);
	CHECK_STR(client_body, "{\"a\":1}");
	ask("DELETE", "/hello", NULL, 0);
	CHECK_INT(client_status, 405);
	ask("GET", "/big", NULL, 0);
	CHECK_INT(client_status, 200);
	CHECK_INT(client_len, 4000000);
	CHECK_INT(http_client_calls(client), 0);
	json_decref(j);
	client = mem_deref(client);
	server_stop();
}

static void the_client_times_out_and_is_refused(void)
{
	struct http_params p = { .url = "http://127.0.0.1:1/" };

	server_start(NULL);
	CHECK_INT(http_client_alloc(&client), 0);
	ask("GET", "/never", NULL, 150);
	CHECK_INT(client_err, ETIMEDOUT);
	CHECK_INT(client_status, 0);
	CHECK_INT(http_client_request(NULL, client, &p, ended, NULL), 0);
	loop_run();
	CHECK_INT(client_err, ECONNREFUSED);
	client = mem_deref(client);
	server_stop();
}

static void a_call_is_cancelled_by_dropping_it(void)
{
	struct http_params p = { 0 };
	struct http_call *call;
	char url[64];

	server_start(NULL);
	CHECK_INT(http_client_alloc(&client), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/never",
		 http_server_port(srv));
	p.url = url;
	client_ended = 0;
	CHECK_INT(http_client_request(&call, client, &p, ended, NULL), 0);
	stop_when_kept(NULL);
	loop_run();
	mem_deref(call);
	loop_run(); /* peer_gone() stops it */
	CHECK_INT(gone, 1);
	CHECK_INT(client_ended, 0);

	CHECK_INT(http_client_request(&call, client, &p, ended, NULL), 0);
	client = mem_deref(client);
	mem_deref(call);
	server_stop();
	CHECK_INT(client_ended, 0);
}

static void a_burst_lets_others_have_their_turn(void)
{
	server_start(NULL);
	for (int i = 0; i <= SLOW_PEERS; i++)
		slow_fds[i] = dial(http_server_port(srv));
	ask_all("/hello");
	tmr_start(&other_tmr, 1, other_work, NULL);
	loop_run();
	CHECK(served >= SLOW_PEERS);
	CHECK_INT(most_in_a_row, 1);
	tmr_cancel(&other_tmr);
	for (int i = 0; i < SLOW_PEERS; i++)
		(void)close(slow_fds[i]);
	server_stop();
}

static const struct test tests[] = {
	{ "requests are answered in order on one connection",
	  requests_are_answered_in_order_on_one_connection },
	{ "many pipelined requests do not recurse",
	  many_pipelined_requests_do_not_recurse },
	{ "smuggling is answered 400 and cut",
	  smuggling_is_answered_400_and_cut },
	{ "a long body is 413", a_long_body_is_413 },
	{ "continue is sent only when asked for",
	  continue_is_sent_when_asked_for },
	{ "a slow head is cut at its absolute time",
	  a_slow_head_is_cut_at_its_absolute_time },
	{ "a slow body and an idle peer are cut",
	  a_slow_body_and_an_idle_peer_are_cut },
	{ "one address has its share of connections",
	  one_address_has_its_share },
	{ "routes prefer literals and know methods",
	  routes_prefer_literals_and_know_methods },
	{ "wrong JSON is 400 or 415", wrong_json_is_400_or_415 },
	{ "a forgotten request is 500", a_forgotten_request_is_500 },
	{ "a peer that leaves is no danger", a_peer_that_leaves_is_no_danger },
	{ "the client asks and is answered", the_client_asks_and_is_answered },
	{ "the client times out and is refused",
	  the_client_times_out_and_is_refused },
	{ "a call is cancelled by dropping it",
	  a_call_is_cancelled_by_dropping_it },
	{ "a burst of requests lets others have their turn",
	  a_burst_lets_others_have_their_turn },
};

TEST_MAIN("base/http", tests)
