/* limits.c - peers that stop, stall or come from elsewhere: timers and caps of
 * the HTTP server and of WebSockets, over real sockets
 *
 * The peer is a plain socket of the same thread; the kernel keeps what it has
 * sent until the loop turns.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/tls.h"
#include "base/websocket.h"
#include "base/wheel.h"
#include "tests/unit/test.h"

enum { LIMIT_MS = 8000 };

static struct http_server *srv;
static struct http_request *kept;
static struct ws *ws;
static struct ws_config ws_cfg;
static struct wheel_timer timer;
static bool is_ended;
static enum ws_reason why_ended;
static char got[65536];

static void big(struct http_request *req, void *arg)
{
	static char body[8000000];

	(void)arg;
	memset(body, 'x', sizeof(body));
	http_reply(req, 200, "text/plain", body, sizeof(body));
}

static void keep(struct http_request *req, void *arg)
{
	(void)arg;
	kept = mem_ref(req);
}

static void hello(struct http_request *req, void *arg)
{
	(void)arg;
	http_reply(req, 200, "text/plain", "hello", 5);
}

static void ended(struct ws *w, enum ws_reason why, uint16_t code, void *arg)
{
	(void)w;
	(void)code;
	(void)arg;
	is_ended = true;
	why_ended = why;
	ws = mem_deref(ws);
}

static const struct ws_handlers handlers = { .closed = ended };

static void upgrade(struct http_request *req, void *arg)
{
	(void)arg;
	if (ws_accept(&ws, req, &ws_cfg, &handlers, NULL))
		CHECK(http_is_answered(req));
}

static const struct http_route routes[] = {
	{ "GET", "/big", big },
	{ "GET", "/keep", keep },
	{ "GET", "/hello", hello },
	{ "GET", "/ws", upgrade },
};

static void server_start(const struct http_config *cfg, struct tls *tls)
{
	struct sa sa;

	CHECK_INT(loop_init(), 0);
	CHECK_INT(http_server_alloc(&srv, cfg), 0);
	CHECK_INT(http_server_routes(srv, routes,
				     sizeof(routes) / sizeof(routes[0]), NULL),
		  0);
	CHECK_INT(metrics_routes(srv), 0);
	CHECK_INT(sa_set_str(&sa, "127.0.0.1", 0), 0);
	CHECK_INT(http_server_listen(srv, &sa, tls), 0);
	is_ended = false;
}

static void server_stop(void)
{
	ws = mem_deref(ws);
	kept = mem_deref(kept);
	srv = mem_deref(srv);
	memset(&ws_cfg, 0, sizeof(ws_cfg));
	loop_close();
}

static int try_dial(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(http_server_port(srv)) };
	const int fd = socket(AF_INET, SOCK_STREAM, 0), size = 4096;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin))) {
		close(fd);
		return -1;
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static int dial(const char *text)
{
	const int fd = try_dial();

	CHECK(fd >= 0);
	CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL),
		  (long long)strlen(text));
	return fd;
}

/* What the peer can read now, as text; false when the stream has ended. */
static bool take(int fd)
{
	size_t len = strlen(got);
	ssize_t n = recv(fd, got + len, sizeof(got) - 1 - len, 0);

	if (n > 0)
		got[len + (size_t)n] = '\0';
	return n > 0 || (n < 0 && errno == EAGAIN);
}

static bool (*truth)(void);
static uint64_t until_ms;

static void look(void *arg)
{
	(void)arg;
	if (truth() || wheel_now_ms() > until_ms)
		loop_stop();
	else
		wheel_start(&timer, 5, look, NULL);
}

/* Turn the loop until something is true. */
static void turn(bool (*is_true)(void))
{
	truth = is_true;
	until_ms = wheel_now_ms() + LIMIT_MS;
	wheel_start(&timer, 1, look, NULL);
	CHECK_INT(loop_run(), 0);
	wheel_stop(&timer);
	CHECK(is_true());
}

static int peer;

static bool has_none(void)
{
	return http_server_connections(srv) == 0;
}

static bool has_one(void)
{
	return http_server_connections(srv) == 1;
}

static bool has_two(void)
{
	return http_server_connections(srv) == 2;
}

static bool is_kept(void)
{
	return kept != NULL;
}

static bool is_open(void)
{
	return ws != NULL;
}

static bool has_ended(void)
{
	return is_ended;
}

static bool has_head(void)
{
	(void)take(peer);
	return strstr(got, "\r\n\r\n") != NULL;
}

static void a_peer_that_does_not_read_is_cut(void)
{
	const struct http_config cfg = { .write_ms = 200 };
	uint64_t start;

	server_start(&cfg, NULL);
	peer = dial("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
	turn(has_one);
	start = wheel_now_ms();
	turn(has_none);
	CHECK(wheel_now_ms() - start >= 150);
	close(peer);
	server_stop();
}

static void draining_finishes_what_is_in_work(void)
{
	int idle;

	server_start(NULL, NULL);
	idle = dial("");
	peer = dial("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n");
	turn(has_two);
	turn(is_kept);
	http_server_drain(srv);
	CHECK_INT(http_server_connections(srv), 1);
	got[0] = '\0';
	CHECK(!take(idle));
	CHECK_INT(http_server_port(srv), 0);

	CHECK_INT(http_reply(kept, 200, "text/plain", "done", 4), 0);
	kept = mem_deref(kept);
	got[0] = '\0';
	turn(has_head);
	CHECK(!strncmp(got, "HTTP/1.1 200 ", 13));
	CHECK(strstr(got, "Connection: close") != NULL);
	close(peer);
	turn(has_none);
	close(idle);
	server_stop();
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void a_stalled_handshake_is_cut(void)
{
	const struct http_config cfg = { .handshake_ms = 200 };
	char dir[] = "/tmp/holdfast-limits-XXXXXX";
	struct tls *tls = NULL;
	int half;

	CHECK(mkdtemp(dir));
	CHECK_INT(loop_init(), 0);
	CHECK_INT(tls_make_files(dir, "uc", NULL), 0);
	CHECK_INT(tls_server_ctx(&tls, dir, "uc", TLS_CLIENT_FREE), 0);
	server_start(&cfg, tls);
	peer = dial("");
	half = dial("\x16\x03\x01\x02");
	turn(has_two);
	turn(has_none);
	close(peer);
	close(half);
	server_stop();
	mem_deref(tls);
	loop_close();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define UPGRADE(field)                                                         \
	"GET /ws HTTP/1.1\r\nHost: uc.example:8081\r\n"                        \
	"Upgrade: websocket\r\nConnection: Upgrade\r\n"                        \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                      \
	"Sec-WebSocket-Version: 13\r\n" field "\r\n"

static void output_has_a_cap(void)
{
	static char text[65536];
	int sent = 0, err = 0;

	memset(text, 'x', sizeof(text));
	server_start(NULL, NULL);
	peer = dial(UPGRADE(""));
	turn(is_open);
	while (!err && ++sent < 1000) {
		err = ws_send_text(ws, text, sizeof(text));
		CHECK(!ws || ws_waiting(ws) <=
				     WS_OUTPUT_MAX_BYTES + sizeof(text) + 16);
	}
	CHECK_INT(err, EOVERFLOW);
	turn(has_ended);
	CHECK_INT(why_ended, WS_REASON_OVERFLOW);
	close(peer);
	server_stop();
}

static void a_peer_without_pong_is_ended(void)
{
	server_start(NULL, NULL);
	ws_cfg.ping_ms = 50;
	ws_cfg.pong_ms = 150;
	peer = dial(UPGRADE(""));
	turn(is_open);
	turn(has_ended);
	CHECK_INT(why_ended, WS_REASON_TIMEOUT);
	close(peer);
	server_stop();
}

static void pages_of_others_are_refused(void)
{
	static const struct {
		const char *request, *origins;
		bool is_taken;
	} rows[] = {
		{ UPGRADE(""), NULL, true },
		{ UPGRADE("Origin: http://uc.example:8081\r\n"), NULL, true },
		{ UPGRADE("Origin: HTTPS://UC.example:8081\r\n"), NULL, true },
		{ UPGRADE("Origin: http://uc.example\r\n"), NULL, false },
		{ UPGRADE("Origin: http://uc.example:8081.evil.example\r\n"),
		  NULL, false },
		{ UPGRADE("Origin: http://evil.example/uc.example:8081\r\n"),
		  NULL, false },
		{ UPGRADE("Origin: null\r\n"), NULL, false },
		{ UPGRADE("Origin: \r\n"), NULL, false },
		{ UPGRADE("Origin: https://a.example\r\n"),
		  "https://b.example https://a.example/x", true },
		{ UPGRADE("Origin: https://a.example\r\n"),
		  "https://aa.example", false },
		{ UPGRADE("Origin: null\r\n"), "https://a.example", false },
		{ UPGRADE("Origin: https://a.example\r\n"), "*", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		server_start(NULL, NULL);
		ws_cfg.origins = rows[i].origins;
		peer = dial(rows[i].request);
		got[0] = '\0';
		turn(has_head);
		if (rows[i].is_taken) {
			CHECK(!strncmp(got, "HTTP/1.1 101 ", 13));
		}
		else {
			CHECK(!strncmp(got, "HTTP/1.1 403 ", 13));
			CHECK(strstr(got, "\"foreign-origin\"") != NULL);
			CHECK(!ws);
		}
		close(peer);
		server_stop();
	}
}

static long long metric(const char *name)
{
	struct mbuf *mb = mbuf_alloc(4096);
	const char *row;
	long long value = -1;

	CHECK_INT(metrics_print(mb), 0);
	CHECK_INT(mbuf_write_u8(mb, 0), 0);
	row = strstr((const char *)mb->buf, name);
	if (row)
		value = strtoll(row + strlen(name), NULL, 10);
	mem_deref(mb);

	return value;
}

static void answers_are_counted(void)
{
	static const char ok[] = "holdfast_http_answers_total{class=\"2xx\"}";
	static const char no[] = "holdfast_http_answers_total{class=\"4xx\"}";
	static const char all[] = "holdfast_http_within_total{ms=\"10000\"}";
	long long oks, nos, alls;

	server_start(NULL, NULL);
	oks = metric(ok);
	nos = metric(no);
	alls = metric(all);
	CHECK(oks >= 0 && nos >= 0 && alls >= 0);
	peer = dial("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
		    "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
		    "rubbish\r\n\r\n");
	turn(has_one);
	turn(has_head);
	close(peer);
	turn(has_none);
	CHECK_INT(metric(ok), oks + 1);
	CHECK_INT(metric(no), nos + 2);
	CHECK_INT(metric(all), alls + 3);
	server_stop();
}

static const struct test tests[] = {
	{ "a peer that does not read its answer is cut",
	  a_peer_that_does_not_read_is_cut },
	{ "draining ends idle connections and finishes what is in work",
	  draining_finishes_what_is_in_work },
	{ "a TLS handshake that stalls is cut", a_stalled_handshake_is_cut },
	{ "what a WebSocket holds for a peer has a cap", output_has_a_cap },
	{ "a peer that sends no pong is ended", a_peer_without_pong_is_ended },
	{ "a browser's WebSocket from another page is refused",
	  pages_of_others_are_refused },
	{ "answers are counted by class and time", answers_are_counted },
};

TEST_MAIN("base/limits", tests)
