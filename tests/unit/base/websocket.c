/* websocket.c - both sides over real sockets; hostile frames by raw octets;
 * the same over TLS, with certificates reloaded and with mutual TLS
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/http.h"
#include "base/http_client.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/tls.h"
#include "base/websocket.h"
#include "base/wheel.h"
#include "base/ws_frame.h"
#include "tests/unit/test.h"

static struct http_server *srv;
static struct ws *server_ws, *client_ws;
static struct ws_config server_cfg;
static struct wheel_timer guard;
static int opened, closed, server_closed, activities;
static enum ws_reason why_closed, server_why;
static uint16_t close_code, server_code;
static char text[WS_MESSAGE_MAX_BYTES + 1];
static size_t text_len;
static bool is_late;

static void too_late(void *arg)
{
	is_late = true;
	loop_stop();
}

/* Run the loop until something stops it, 5 s at most. */
static void run(void)
{
	is_late = false;
	wheel_start(&guard, 5000, too_late, NULL);
	loop_run();
	wheel_stop(&guard);
	CHECK(!is_late);
}

static void echo_text(struct ws *ws, struct span s, void *arg)
{
	if (span_equal(s, SPAN("drop me"))) {
		server_ws = mem_deref(server_ws);
		return;
	}
	if (span_equal(s, SPAN("close me"))) {
		ws_close(ws, 4001, "so asked");
		return;
	}
	CHECK_INT(ws_send_text(ws, s.p, s.len), 0);
}

static void server_ended(struct ws *ws, enum ws_reason why, uint16_t code,
			 void *arg)
{
	++server_closed;
	server_why = why;
	server_code = code;
	server_ws = mem_deref(server_ws);
	loop_stop();
}

static const struct ws_handlers server_handlers = {
	.text = echo_text,
	.closed = server_ended,
};

static void upgrade(struct http_request *req, void *arg)
{
	if (!ws_accept(&server_ws, req, &server_cfg, &server_handlers, NULL))
		return;
	CHECK(http_is_answered(req));
}

static void who(struct http_request *req, void *arg)
{
	const char *name = http_peer_name(req);

	http_reply(req, 200, "text/plain", name ? name : "-",
		   name ? strlen(name) : 1);
}

static const struct http_route routes[] = {
	{ "GET", "/ws", upgrade },
	{ "GET", "/who", who },
};

static void server_start(struct tls *tls)
{
	struct sa sa;

	CHECK_INT(loop_init(), 0);
	CHECK_INT(http_server_alloc(&srv, NULL), 0);
	CHECK_INT(http_server_routes(srv, routes, 2, NULL), 0);
	sa_set_str(&sa, "127.0.0.1", 0);
	CHECK_INT(http_server_listen(srv, &sa, tls), 0);
	opened = closed = server_closed = activities = 0;
	text_len = 0;
}

static void server_stop(void)
{
	client_ws = mem_deref(client_ws);
	server_ws = mem_deref(server_ws);
	srv = mem_deref(srv);
	memset(&server_cfg, 0, sizeof(server_cfg));
	loop_close();
}

/* our client */

static void client_opened(struct ws *ws, void *arg)
{
	++opened;
	loop_stop();
}

static void client_text(struct ws *ws, struct span s, void *arg)
{
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	text_len = s.len;
	loop_stop();
}

static void client_activity(struct ws *ws, void *arg)
{
	++activities;
}

static void client_closed(struct ws *ws, enum ws_reason why, uint16_t code,
			  void *arg)
{
	++closed;
	why_closed = why;
	close_code = code;
	client_ws = mem_deref(client_ws);
	loop_stop();
}

static const struct ws_handlers client_handlers = {
	.opened = client_opened,
	.text = client_text,
	.activity = client_activity,
	.closed = client_closed,
};

static void dial(const char *scheme, const char *host, const char *path,
		 struct tls *tls, const struct ws_config *cfg)
{
	char url[128];

	snprintf(url, sizeof(url), "%s://%s:%u%s", scheme, host,
		 http_server_port(srv), path);
	CHECK_INT(ws_connect(&client_ws, url, "token", tls, cfg,
			     &client_handlers, NULL),
		  0);
	CHECK_INT(opened + closed, 0);
	run();
}

static void both_sides_talk(void)
{
	static const struct ws_config cfg = { .protocols = "b, a" };
	static char big[WS_MESSAGE_MAX_BYTES];

	server_start(NULL);
	server_cfg.protocols = "a, b";
	dial("ws", "127.0.0.1", "/ws", NULL, &cfg);
	CHECK_INT(opened, 1);
	CHECK_STR(ws_protocol(client_ws), "a");

	CHECK_INT(ws_send_text(client_ws, "h\xc3\xa9", 3), 0);
	run();
	CHECK_STR(text, "h\xc3\xa9");

	memset(big, 'x', sizeof(big));
	CHECK_INT(ws_send_text(client_ws, big, sizeof(big)), 0);
	run();
	CHECK_INT(text_len, sizeof(big));
	CHECK_INT(ws_send_text(client_ws, big, sizeof(big) + 1), EMSGSIZE);

	ws_close(client_ws, 1000, "done");
	while (!closed || !server_closed)
		run();
	CHECK_INT(why_closed, WS_REASON_OWN);
	CHECK_INT(server_why, WS_REASON_PEER);
	CHECK_INT(server_code, 1000);
	server_stop();
}

static void the_server_closes_with_its_code(void)
{
	server_start(NULL);
	dial("http", "localhost", "/ws", NULL, NULL);
	CHECK_INT(ws_send_text(client_ws, "close me", 8), 0);
	while (!closed || !server_closed)
		run();
	CHECK_INT(why_closed, WS_REASON_PEER);
	CHECK_INT(close_code, 4001);
	CHECK_INT(server_why, WS_REASON_OWN);
	server_stop();
}

static void a_handler_may_drop_it(void)
{
	server_start(NULL);
	dial("ws", "127.0.0.1", "/ws", NULL, NULL);
	CHECK_INT(ws_send_text(client_ws, "drop me", 7), 0);
	while (!closed)
		run();
	CHECK_INT(why_closed, WS_REASON_PEER);
	CHECK_INT(close_code, 1001);
	CHECK_INT(server_closed, 0);
	server_stop();
}

static void refusals_are_told_with_the_status(void)
{
	server_start(NULL);
	dial("ws", "127.0.0.1", "/nowhere", NULL, NULL);
	CHECK_INT(closed, 1);
	CHECK_INT(why_closed, WS_REASON_REFUSED);
	CHECK_INT(close_code, 404);
	closed = 0;
	CHECK_INT(ws_connect(&client_ws, "ws://127.0.0.1:1/", NULL, NULL, NULL,
			     &client_handlers, NULL),
		  0);
	run();
	CHECK_INT(why_closed, WS_REASON_REFUSED);
	CHECK_INT(close_code, 0);
	CHECK_INT(ws_connect(&client_ws, "ftp://a/", NULL, NULL, NULL,
			     &client_handlers, NULL),
		  EINVAL);
	CHECK_INT(ws_connect(&client_ws, "wss://a/", NULL, NULL, NULL,
			     &client_handlers, NULL),
		  EINVAL);
	server_stop();
}

/* A listener that accepts and says nothing: a hung server. */
static int silent_listen(uint16_t *portp)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_INT(bind(fd, (struct sockaddr *)&sin, len), 0);
	CHECK_INT(listen(fd, 5), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*portp = ntohs(sin.sin_port);

	return fd;
}

static void silence_is_a_timeout(void)
{
	static const struct ws_config cfg = { .connect_ms = 100 };
	char url[64];
	uint16_t port;
	int fd;

	server_start(NULL);
	fd = silent_listen(&port);
	snprintf(url, sizeof(url), "ws://127.0.0.1:%u/", port);
	CHECK_INT(ws_connect(&client_ws, url, NULL, NULL, &cfg,
			     &client_handlers, NULL),
		  0);
	run();
	CHECK_INT(closed, 1);
	CHECK_INT(why_closed, WS_REASON_TIMEOUT);
	close(fd);
	server_stop();
}

static void stop_at_three(void *arg)
{
	if (activities >= 3)
		loop_stop();
	else
		wheel_start(arg, 20, stop_at_three, arg);
}

static void pings_are_answered(void)
{
	static const struct ws_config cfg = { .ping_ms = 50, .pong_ms = 2000 };
	static struct wheel_timer poll;

	server_start(NULL);
	dial("ws", "127.0.0.1", "/ws", NULL, &cfg);
	stop_at_three(&poll);
	run();
	CHECK_INT(closed, 0);
	server_stop();
}

/* a peer that sends raw octets after the upgrade, in a thread */

struct raw {
	const char *octets;
	size_t len;
	uint8_t got[4096];
	size_t got_len;
	uint16_t port;
};

static const char upgrade_head[] =
	"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
	"Connection: keep-alive, Upgrade\r\n"
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	"Sec-WebSocket-Version: 13\r\n\r\n";

static void *raw_thread(void *arg)
{
	struct raw *r = arg;
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(r->port) };
	struct timeval limit = { .tv_sec = 4 };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	char head[1024] = "";
	size_t len = 0;
	ssize_t n;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) ||
	    send(fd, upgrade_head, sizeof(upgrade_head) - 1, MSG_NOSIGNAL) < 0)
		abort();
	while (!strstr(head, "\r\n\r\n") && len + 1 < sizeof(head) &&
	       recv(fd, head + len, 1, 0) == 1)
		head[++len] = '\0';
	if (!strstr(head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
		abort();

	n = send(fd, r->octets, r->len, MSG_NOSIGNAL);
	(void)n;
	while (r->got_len < sizeof(r->got) &&
	       (n = recv(fd, r->got + r->got_len, sizeof(r->got) - r->got_len,
			 0)) > 0)
		r->got_len += (size_t)n;
	close(fd);

	return NULL;
}

static struct raw raw;

static void raw_run(const char *octets, size_t len)
{
	pthread_t thread;

	server_start(NULL);
	memset(&raw, 0, sizeof(raw));
	raw.octets = octets;
	raw.len = len;
	raw.port = http_server_port(srv);
	pthread_create(&thread, NULL, raw_thread, &raw);
	run(); /* server_ended() stops it */
	pthread_join(thread, NULL);
	server_stop();
}

#define MASK "\0\0\0\0"

static const struct {
	const char *what;
	const char *octets;
	size_t len;
	uint16_t code;
} hostile[] = {
#define FRAMES(s) s, sizeof(s) - 1
	{ "unmasked", FRAMES("\x81\x02hi"), 1002 },
	{ "length 2^64-1",
	  FRAMES("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" MASK), 1009 },
	{ "1 GiB", FRAMES("\x82\xff\0\0\0\0\x40\0\0\0" MASK), 1009 },
	{ "65,537 octets", FRAMES("\x82\xff\0\0\0\0\0\1\0\1" MASK), 1009 },
	{ "length in a longer form", FRAMES("\x81\xfe\0\1" MASK "x"), 1002 },
	{ "reserved bit", FRAMES("\xc1\x80" MASK), 1002 },
	{ "unknown opcode", FRAMES("\x83\x80" MASK), 1002 },
	{ "fragmented ping", FRAMES("\x09\x80" MASK), 1002 },
	{ "long ping", FRAMES("\x89\xfe\0\x7e" MASK), 1002 },
	{ "bad UTF-8", FRAMES("\x81\x82" MASK "\xc3\x28"), 1007 },
	{ "surrogate", FRAMES("\x81\x83" MASK "\xed\xa0\x80"), 1007 },
	{ "bad UTF-8 over fragments",
	  FRAMES("\x01\x81" MASK "\xc3\x80\x81" MASK "x"), 1007 },
	{ "continuation of nothing", FRAMES("\x80\x81" MASK "x"), 1002 },
	{ "text inside text", FRAMES("\x01\x81" MASK "x\x81\x81" MASK "y"),
	  1002 },
	{ "close of one octet", FRAMES("\x88\x81" MASK "\3"), 1002 },
	{ "close code 1005", FRAMES("\x88\x82" MASK "\3\xed"), 1002 },
};

static void hostile_frames_end_it_with_the_right_code(void)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		raw_run(hostile[i].octets, hostile[i].len);
		if (server_closed != 1 || server_why != WS_REASON_PROTOCOL ||
		    server_code != hostile[i].code)
			test_fail(__FILE__, __LINE__, "%s: %s %u",
				  hostile[i].what, ws_reason_name(server_why),
				  server_code);
		CHECK(raw.got_len >= 4);
		CHECK_INT(raw.got[raw.got_len - 4], 0x88);
		CHECK_INT(raw.got[raw.got_len - 2] << 8 |
				  raw.got[raw.got_len - 1],
			  hostile[i].code);
	}
}

static void fragments_and_pings_between_are_joined(void)
{
	static const char octets[] = "\x01\x81" MASK "a\x89\x81" MASK "p"
				     "\x00\x80" MASK "\x80\x81" MASK "b"
				     "\x88\x82" MASK "\3\xe8";
	static const uint8_t want[] = { 0x8a, 1,    'p', 0x81, 2,   'a',
					'b',  0x88, 2,   3,    0xe8 };

	raw_run(octets, sizeof(octets) - 1);
	CHECK_INT(raw.got_len, sizeof(want));
	CHECK(!memcmp(raw.got, want, sizeof(want)));
	CHECK_INT(server_why, WS_REASON_PEER);
}

/* a message of more than the cap, in frames that are each allowed */
static void endless_fragments_are_cut(void)
{
	static char octets[5 * (65536 + 14)];
	size_t len = 0;

	for (int i = 0; i < 5; i++) {
		const uint8_t mask[4] = { 0 };

		len += ws_frame_write((uint8_t *)octets + len,
				      i ? WS_CONTINUATION : WS_TEXT, false,
				      65536, mask);
		memset(octets + len, 'x', 65536);
		len += 65536;
	}
	raw_run(octets, len);
	CHECK_INT(server_why, WS_REASON_PROTOCOL);
	CHECK_INT(server_code, 1009);
}

/* TLS */

static char dir[32], ca[96], other_dir[64];

static void folder_begin(void)
{
	snprintf(dir, sizeof(dir), "/tmp/unit-tls-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	snprintf(other_dir, sizeof(other_dir), "%s/other", dir);
	snprintf(ca, sizeof(ca), "%s/tls/ca.pem", dir);
	CHECK_INT(tls_make_files(dir, "uc", "192.0.2.7"), 0);
}

static void file_remove(const char *folder, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/tls/%s", folder, name);
	(void)unlink(path);
}

static void folder_end(void)
{
	static const char *const names[] = { "ca.pem", "ca.key",  "uc.pem",
					     "uc.key", "pbx.pem", "pbx.key",
					     "lock",   "" };
	char path[128];

	for (int k = 0; k < 2; k++) {
		const char *folder = k ? dir : other_dir;

		for (size_t i = 0; names[i][0]; i++)
			file_remove(folder, names[i]);
		snprintf(path, sizeof(path), "%s/tls", folder);
		(void)rmdir(path);
		(void)rmdir(folder);
	}
}

static void first_start_makes_private_files_once(void)
{
	char path[128];
	struct stat a, b;

	folder_begin();
	snprintf(path, sizeof(path), "%s/tls/uc.key", dir);
	CHECK_INT(stat(path, &a), 0);
	CHECK_INT(a.st_mode & 0777, 0600);
	CHECK_INT(tls_make_files(dir, "uc", "192.0.2.7"), 0);
	CHECK_INT(stat(path, &b), 0);
	CHECK(a.st_ino == b.st_ino && a.st_mtime == b.st_mtime);
	CHECK(tls_file_days_left(ca) > 3000);
	/* another address is added by a new certificate */
	CHECK_INT(tls_make_files(dir, "uc", "192.0.2.8"), 0);
	CHECK_INT(stat(path, &b), 0);
	CHECK(a.st_ino != b.st_ino);
	CHECK_INT(tls_make_files(dir, "../x", NULL), EINVAL);
	folder_end();
}

static void secure_websockets_verify_the_host(void)
{
	struct tls *server, *good, *stranger;
	char other_ca[96];

	CHECK_INT(loop_init(), 0);
	folder_begin();
	CHECK_INT(tls_make_files(other_dir, "uc", NULL), 0);
	snprintf(other_ca, sizeof(other_ca), "%s/tls/ca.pem", other_dir);
	CHECK_INT(tls_server_ctx(&server, dir, "uc", false), 0);
	CHECK_INT(tls_client_ctx(&good, ca, NULL, NULL, NULL), 0);
	CHECK_INT(tls_client_ctx(&stranger, other_ca, NULL, NULL, NULL), 0);

	server_start(server);
	dial("wss", "127.0.0.1", "/ws", good, NULL);
	CHECK_INT(opened, 1);
	CHECK(ws_is_tls(client_ws));
	CHECK_INT(ws_send_text(client_ws, "hi", 2), 0);
	run();
	CHECK_STR(text, "hi");

	/* new files serve new connections; the old one goes on */
	file_remove(dir, "uc.pem");
	CHECK_INT(tls_make_files(dir, "uc", NULL), 0);
	CHECK_INT(tls_reload(), 0);
	CHECK_INT(ws_send_text(client_ws, "ho", 2), 0);
	run();
	CHECK_STR(text, "ho");
	client_ws = mem_deref(client_ws);
	while (!server_closed)
		run();
	opened = 0;
	dial("wss", "localhost", "/ws", good, NULL);
	CHECK_INT(opened, 1);
	client_ws = mem_deref(client_ws);
	while (server_closed < 2)
		run();

	/* files that do not fit leave the context as it was */
	file_remove(dir, "uc.pem");
	CHECK(tls_reload() != 0);
	opened = 0;
	dial("wss", "127.0.0.1", "/ws", good, NULL);
	CHECK_INT(opened, 1);
	client_ws = mem_deref(client_ws);
	while (server_closed < 3)
		run();

	/* an address the certificate lacks; an unknown authority */
	opened = 0;
	dial("wss", "127.0.0.2", "/ws", good, NULL);
	CHECK_INT(opened, 0);
	CHECK_INT(why_closed, WS_REASON_REFUSED);
	closed = 0;
	dial("wss", "127.0.0.1", "/ws", stranger, NULL);
	CHECK_INT(opened, 0);
	CHECK_INT(why_closed, WS_REASON_REFUSED);

	server_stop();
	mem_deref(server);
	mem_deref(good);
	mem_deref(stranger);
	folder_end();
	loop_close();
}

static int http_err, http_status;
static char http_text[64];

static void answered(int err, int status, const char *body, size_t len,
		     void *arg)
{
	http_err = err;
	http_status = status;
	snprintf(http_text, sizeof(http_text), "%s", body);
	loop_stop();
}

static void mutual_tls_tells_who_calls(void)
{
	char url[64], cert[96], key[96];
	struct http_params p = { .url = url, .ca_file = ca };
	struct http_client *client;
	struct tls *server;

	CHECK_INT(loop_init(), 0);
	folder_begin();
	CHECK_INT(tls_make_files(dir, "pbx", NULL), 0);
	snprintf(cert, sizeof(cert), "%s/tls/pbx.pem", dir);
	snprintf(key, sizeof(key), "%s/tls/pbx.key", dir);
	CHECK_INT(tls_server_ctx(&server, dir, "uc", true), 0);
	CHECK_INT(http_client_alloc(&client), 0);
	server_start(server);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/who",
		 http_server_port(srv));

	CHECK_INT(http_client_request(NULL, client, &p, answered, NULL), 0);
	run();
	CHECK(http_err != 0);

	p.cert_file = cert;
	p.key_file = key;
	CHECK_INT(http_client_request(NULL, client, &p, answered, NULL), 0);
	run();
	CHECK_INT(http_err, 0);
	CHECK_INT(http_status, 200);
	CHECK_STR(http_text, "pbx");
	CHECK(tls_days_left() > 300);

	mem_deref(client);
	server_stop();
	mem_deref(server);
	folder_end();
	loop_close();
}

static bool is_never(void *arg)
{
	return *(bool *)arg;
}

static void health_and_metrics_are_served(void)
{
	static bool is_ready;
	struct http_client *client;
	char url[64];
	struct http_params p = { .url = url };

	server_start(NULL);
	CHECK_INT(metrics_routes(srv), 0);
	ready_add("store", is_never, &is_ready);
	CHECK_INT(http_client_alloc(&client), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/readyz",
		 http_server_port(srv));
	CHECK_INT(http_client_request(NULL, client, &p, answered, NULL), 0);
	run();
	CHECK_INT(http_status, 503);
	CHECK(strstr(http_text, "[\"store\"]") != NULL);
	is_ready = true;
	CHECK_INT(http_client_request(NULL, client, &p, answered, NULL), 0);
	run();
	CHECK_INT(http_status, 200);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/metrics",
		 http_server_port(srv));
	CHECK_INT(http_client_request(NULL, client, &p, answered, NULL), 0);
	run();
	CHECK(!strncmp(http_text, "# HELP holdfast_", 16));
	mem_deref(client);
	server_stop();
}

static const struct test tests[] = {
	{ "both sides talk, in messages up to the cap", both_sides_talk },
	{ "the server closes with its code", the_server_closes_with_its_code },
	{ "a handler may drop it", a_handler_may_drop_it },
	{ "refusals are told with the status",
	  refusals_are_told_with_the_status },
	{ "silence is a timeout", silence_is_a_timeout },
	{ "pings are answered", pings_are_answered },
	{ "hostile frames end it with the right code",
	  hostile_frames_end_it_with_the_right_code },
	{ "fragments and pings between them are joined",
	  fragments_and_pings_between_are_joined },
	{ "endless fragments are cut", endless_fragments_are_cut },
	{ "first start makes private files, once",
	  first_start_makes_private_files_once },
	{ "secure WebSockets verify the host and survive a reload",
	  secure_websockets_verify_the_host },
	{ "mutual TLS tells who calls", mutual_tls_tells_who_calls },
	{ "health and metrics are served", health_and_metrics_are_served },
};

TEST_MAIN("base/websocket", tests)
