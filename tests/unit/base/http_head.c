/* http_head.c - the strict head parser against a table of hostile heads */
#include <errno.h>

#include "base/http_head.h"
#include "tests/unit/test.h"

static const struct {
	const char *what;
	const char *head;
	int err;
	int status;
} heads[] = {
	{ "plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, 0 },
	{ "1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0, 0 },
	{ "not whole", "GET / HTTP/1.1\r\nHost: a\r\n", EAGAIN, 0 },
	{ "nothing", "", EAGAIN, 0 },
	{ "1.1 without Host", "GET / HTTP/1.1\r\n\r\n", EBADMSG, 400 },
	{ "two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", EBADMSG,
	  400 },
	{ "Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", EBADMSG,
	  400 },
	{ "bare LF", "GET / HTTP/1.1\nHost: a\n\n", EBADMSG, 400 },
	{ "bare LF in a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
	  EBADMSG, 400 },
	{ "bare CR", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", EBADMSG, 400 },
	{ "folding", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", EBADMSG,
	  400 },
	{ "blank before colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", EBADMSG,
	  400 },
	{ "no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", EBADMSG, 400 },
	{ "empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", EBADMSG,
	  400 },
	{ "two lengths",
	  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
	  "Content-Length: 2\r\n\r\n",
	  EBADMSG, 400 },
	{ "two equal lengths",
	  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
	  "Content-Length: 1\r\n\r\n",
	  EBADMSG, 400 },
	{ "length list",
	  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", EBADMSG,
	  400 },
	{ "signed length",
	  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", EBADMSG,
	  400 },
	{ "negative length",
	  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", EBADMSG,
	  400 },
	{ "hex length",
	  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x10\r\n\r\n", EBADMSG,
	  400 },
	{ "length over 2^64",
	  "POST / HTTP/1.1\r\nHost: a\r\n"
	  "Content-Length: 18446744073709551617\r\n\r\n",
	  EBADMSG, 400 },
	{ "empty length",
	  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", EBADMSG,
	  400 },
	{ "length and chunks",
	  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n",
	  EBADMSG, 400 },
	{ "chunks and length",
	  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
	  "Content-Length: 4\r\n\r\n",
	  EBADMSG, 400 },
	{ "chunks twice",
	  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n",
	  EBADMSG, 400 },
	{ "another coding",
	  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked"
	  "\r\n\r\n",
	  EBADMSG, 501 },
	{ "chunks in 1.0",
	  "POST / HTTP/1.0\r\nTransfer-Encoding: chunked"
	  "\r\n\r\n",
	  EBADMSG, 400 },
	{ "version 2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", EBADMSG, 505 },
	{ "version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", EBADMSG, 505 },
	{ "lower case version", "GET / http/1.1\r\nHost: a\r\n\r\n", EBADMSG,
	  400 },
	{ "no version", "GET /\r\n\r\n", EBADMSG, 400 },
	{ "two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", EBADMSG, 400 },
	{ "blank in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", EBADMSG,
	  400 },
	{ "absolute form", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", EBADMSG,
	  400 },
	{ "fragment", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", EBADMSG, 400 },
	{ "OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0, 0 },
	{ "GET *", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", EBADMSG, 400 },
	{ "bad method", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", EBADMSG, 400 },
	{ "empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", EBADMSG,
	  400 },
	{ "control in value", "GET / HTTP/1.1\r\nHost: a\r\nX: \001\r\n\r\n",
	  EBADMSG, 400 },
	{ "unknown expectation",
	  "GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n", EBADMSG, 417 },
};

static int parse(struct http_head *h, const char *text, size_t *usedp,
		 int *statusp)
{
	return http_head_parse(h, text, strlen(text), usedp, statusp);
}

static void hostile_heads_are_refused(void)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct http_head h;
		size_t used;
		int status;
		const int err = parse(&h, heads[i].head, &used, &status);

		if (err != heads[i].err)
			test_fail(__FILE__, __LINE__, "%s: err %d, not %d",
				  heads[i].what, err, heads[i].err);
		if (err == EBADMSG && status != heads[i].status)
			test_fail(__FILE__, __LINE__, "%s: status %d, not %d",
				  heads[i].what, status, heads[i].status);
	}
}

static void a_head_is_indexed(void)
{
	static const char text[] =
		"POST /a/b?c=d HTTP/1.1\r\nHost: h:80\r\nX-One:  v w \t\r\n"
		"Content-Length: 5\r\nConnection: close\r\n\r\nhello";
	struct http_head h;
	size_t used;
	int status;

	CHECK_INT(parse(&h, text, &used, &status), 0);
	CHECK_INT(used, sizeof(text) - 1 - 5);
	CHECK(span_equal(h.method, SPAN("POST")));
	CHECK(span_equal(h.path, SPAN("/a/b")));
	CHECK(span_equal(h.query, SPAN("c=d")));
	CHECK(span_equal(h.host, SPAN("h:80")));
	CHECK(span_equal(http_head_field(&h, "x-one"), SPAN("v w")));
	CHECK_INT(h.length, 5);
	CHECK(!h.keep_alive);
	CHECK(http_head_field(&h, "absent").p == NULL);
}

static void an_endless_head_is_cut(void)
{
	static char text[HTTP_HEAD_MAX_BYTES + 64];
	struct http_head h;
	size_t used;
	int status;

	memset(text, 'a', sizeof(text));
	memcpy(text, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
	CHECK_INT(http_head_parse(&h, text, HTTP_HEAD_MAX_BYTES - 1, &used,
				  &status),
		  EAGAIN);
	CHECK_INT(
		http_head_parse(&h, text, HTTP_HEAD_MAX_BYTES, &used, &status),
		EBADMSG);
	CHECK_INT(status, 431);
}

static int parse_with_fields(uint32_t count, int *statusp)
{
	static char text[HTTP_HEAD_MAX_BYTES];
	struct http_head h;
	size_t used, len;

	len = (size_t)snprintf(text, sizeof(text),
			       "GET / HTTP/1.1\r\nHost: a\r\n");
	for (uint32_t i = 1; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"X%u: y\r\n", i);
	snprintf(text + len, sizeof(text) - len, "\r\n");

	return parse(&h, text, &used, statusp);
}

static void fields_are_counted(void)
{
	int status;

	CHECK_INT(parse_with_fields(HTTP_HEAD_MAX_FIELDS, &status), 0);
	CHECK_INT(parse_with_fields(HTTP_HEAD_MAX_FIELDS + 1, &status),
		  EBADMSG);
	CHECK_INT(status, 431);
}

/* The whole body, taken `step` octets at a time. */
static int unchunk(const char *text, size_t step, char *out, bool *donep)
{
	struct http_chunks c = { 0 };
	const size_t len = strlen(text);
	size_t pos = 0, end = 0, n = 0;
	int err = 0;

	while (!c.is_done && !err) {
		struct span data;
		size_t used;

		err = http_chunks_take(&c, text + pos, end - pos, &used, &data);
		if (data.len)
			memcpy(out + n, data.p, data.len);
		n += data.len;
		pos += used;
		if (used)
			continue;
		if (end == len)
			break;
		end = end + step < len ? end + step : len;
	}
	out[n] = '\0';
	*donep = c.is_done;

	return err;
}

static void chunks_are_joined_however_they_come(void)
{
	static const char text[] = "5\r\nhello\r\n7;x=y\r\n, w\norl\r\n"
				   "1\r\nd\r\n0\r\nTrailer: x\r\n\r\n";
	char out[64];
	bool is_done;

	for (size_t step = 1; step < sizeof(text); step++) {
		CHECK_INT(unchunk(text, step, out, &is_done), 0);
		CHECK(is_done);
		CHECK_STR(out, "hello, w\norld");
	}
}

static void bad_chunks_are_refused(void)
{
	static const char *const bad[] = {
		"x\r\n",           "-5\r\nhello\r\n",  "5\nhello\r\n",
		"5\r\nhelloX",     "123456789\r\n",    "\r\n",
		"5 \r\nhello\r\n", "0x5\r\nhello\r\n", "0\r\nA: b\nC\r\n",
	};
	char out[64];
	bool is_done;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (unchunk(bad[i], 1, out, &is_done) != EBADMSG)
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
	}
}

static void percent_escapes_are_undone_strictly(void)
{
	char out[32];

	CHECK_INT(http_decode(out, SPAN("a%20b+c"), false), 0);
	CHECK_STR(out, "a b+c");
	CHECK_INT(http_decode(out, SPAN("a+b%2B"), true), 0);
	CHECK_STR(out, "a b+");
	CHECK_INT(http_decode(out, SPAN("a%2"), false), EBADMSG);
	CHECK_INT(http_decode(out, SPAN("a%zz"), false), EBADMSG);
	CHECK_INT(http_decode(out, SPAN("a%00"), false), EBADMSG);
}

static void a_response_head_is_read(void)
{
	static const char text[] = "HTTP/1.1 101 Switching\r\nUpgrade: "
				   "websocket\r\nConnection: Upgrade\r\n\r\n";
	struct http_head h;
	size_t used;

	CHECK_INT(http_head_parse_response(&h, text, strlen(text), &used), 0);
	CHECK_INT(h.status, 101);
	CHECK(h.wants_websocket);
	CHECK_INT(http_head_parse_response(&h, "HTTP/1.1 99 x\r\n\r\n", 17,
					   &used),
		  EBADMSG);
}

static const struct test tests[] = {
	{ "hostile heads are refused", hostile_heads_are_refused },
	{ "a head is indexed without copying", a_head_is_indexed },
	{ "an endless head is cut", an_endless_head_is_cut },
	{ "fields are counted", fields_are_counted },
	{ "chunks are joined however they come",
	  chunks_are_joined_however_they_come },
	{ "bad chunks are refused", bad_chunks_are_refused },
	{ "percent escapes are undone strictly",
	  percent_escapes_are_undone_strictly },
	{ "a response head is read", a_response_head_is_read },
};

TEST_MAIN("base/http_head", tests)
