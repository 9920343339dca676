/* torture.c - the messages of RFC 4475 and RFC 5118, each to its best answer
 *
 * tests/torture/index.tsv says what the RFCs recommend; what depends on more
 * than the message (an account, a dialog) counts here as "goes on".
 */
#include "sip/build.h"
#include "sip/frame.h"
#include "tests/unit/test.h"

enum { TEXT_MAX = 70000, FRAMES_MAX = 16 };

struct sample {
	char file[80];
	char best[40];
	char octets[TEXT_MAX];
	size_t len;
};

static const char *const option_tags[] = { "100rel", "timer", "replaces",
					   NULL };
static const char *const body_types[] = { "application/sdp", "text/plain",
					  "multipart/mixed", NULL };

static FILE *torture_open(const char *name)
{
	char path[200];
	FILE *f;

	(void)snprintf(path, sizeof(path), "tests/torture/%s", name);
	f = fopen(path, "rb");
	if (f)
		return f;
	(void)snprintf(path, sizeof(path), "../tests/torture/%s", name);
	f = fopen(path, "rb");
	if (!f)
		test_fail(__FILE__, __LINE__, "cannot open %s", name);

	return f;
}

/* 0 = handled further, 1 = dropped, else the status of the answer */
static int verdict(const char *buf, size_t len, bool forwards)
{
	const struct sip_rules rules = {
		.methods = ~1u,
		.option_tags = option_tags,
		.body_types = body_types,
		.forwards = forwards,
	};
	struct sip_message m;
	struct sip_fault fault;

	if (sip_message_parse(&m, buf, len, &fault))
		return fault.can_answer ? fault.status : 1;
	if (m.is_request && sip_request_check(&m, &rules, &fault))
		return fault.status;

	return 0;
}

static int wanted(const struct sample *s)
{
	static const struct {
		const char *file;
		int status;
	} others[] = {
		/* no Via, so nowhere to answer */
		{ "rfc4475/test.dat", 1 },
		/* well formed; whoever has no such call drops it */
		{ "rfc4475/bcast.dat", 0 },
	};
	int status;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!strcmp(s->file, others[i].file))
			return others[i].status;
	}
	if (!strcmp(s->best, "drop"))
		return 1;
	status = (int)strtol(s->best, NULL, 10);

	/* what needs an account, a dialog or a route goes on from here */
	return status < 300 || status == 401 || status == 481 || status == 483
		       ? 0
		       : status;
}

/* Next row that has a file; false at the end */
static bool sample_next(FILE *index, struct sample *s)
{
	char line[1000];
	FILE *f;

	while (fgets(line, sizeof(line), index)) {
		char *save = NULL, *field = strtok_r(line, "\t", &save);

		if (!field || strncmp(field, "rfc", 3))
			continue;
		(void)snprintf(s->file, sizeof(s->file), "%s", field);
		for (int i = 0; i < 4 && field; i++)
			field = strtok_r(NULL, "\t", &save);
		(void)snprintf(s->best, sizeof(s->best), "%s",
			       field ? field : "");
		f = torture_open(s->file);
		s->len = fread(s->octets, 1, sizeof(s->octets), f);
		(void)fclose(f);
		return true;
	}

	return false;
}

static void test_verdicts(void)
{
	static struct sample s;
	FILE *index = torture_open("index.tsv");
	int rows = 0, bad = 0;

	while (sample_next(index, &s)) {
		int got = verdict(s.octets, s.len, false);

		rows++;
		if (got != wanted(&s)) {
			printf("# %s: %d, best is %s\n", s.file, got, s.best);
			bad++;
		}
	}
	(void)fclose(index);
	CHECK_INT(bad, 0);
	CHECK(rows >= 60);
}

static void test_proxy(void)
{
	static struct sample s;
	FILE *index = torture_open("index.tsv");

	while (sample_next(index, &s)) {
		if (!strcmp(s.file, "rfc4475/zeromf.dat"))
			CHECK_INT(verdict(s.octets, s.len, true), 483);
	}
	(void)fclose(index);
}

struct frames {
	int count;
	enum sip_frame kinds[FRAMES_MAX];
	size_t lengths[FRAMES_MAX];
};

/* Feed in steps of so many octets */
static void frames_take(struct frames *out, const struct sample *s, size_t step)
{
	struct sip_framer f = { 0 };
	size_t start = 0, have = 0;

	memset(out, 0, sizeof(*out));
	while (have < s->len) {
		have = have + step < s->len ? have + step : s->len;
		for (;;) {
			struct span message;
			size_t used;
			enum sip_frame kind = sip_frame_next(
				&f, s->octets + start, have - start, &used,
				&message);

			if (kind == SIP_FRAME_MORE)
				break;
			CHECK(out->count < FRAMES_MAX);
			out->kinds[out->count] = kind;
			out->lengths[out->count++] = message.len;
			if (kind == SIP_FRAME_BAD)
				return;
			start += used;
		}
	}
}

static void test_octet_by_octet(void)
{
	static struct sample s;
	struct frames whole, single, triple;
	FILE *index = torture_open("index.tsv");

	while (sample_next(index, &s)) {
		frames_take(&whole, &s, s.len);
		frames_take(&single, &s, 1);
		frames_take(&triple, &s, 3);
		if (memcmp(&whole, &single, sizeof(whole)) ||
		    memcmp(&whole, &triple, sizeof(whole)))
			test_fail(__FILE__, __LINE__, "%s differs", s.file);
	}
	(void)fclose(index);
}

static void test_stream(void)
{
	static const struct {
		const char *file;
		int messages;
		bool is_bad;
	} rows[] = {
		{ "rfc4475/wsinv.dat", 1, false },
		/* its second length is short: what is left is no message */
		{ "rfc4475/dblreq.dat", 2, true },
		{ "rfc4475/clerr.dat", 0, false }, /* waits for the rest */
		{ "rfc4475/ncl.dat", 0, true },
		{ "rfc4475/mcl01.dat", 0, true },
		{ "rfc4475/mpart01.dat", 1, false },
	};
	static struct sample s;
	struct frames f;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		FILE *index = torture_open("index.tsv");
		int messages = 0;
		bool is_bad = false;

		while (sample_next(index, &s)) {
			if (strcmp(s.file, rows[i].file))
				continue;
			frames_take(&f, &s, s.len);
			for (int k = 0; k < f.count; k++) {
				messages += f.kinds[k] == SIP_FRAME_MESSAGE;
				is_bad |= f.kinds[k] == SIP_FRAME_BAD;
			}
		}
		(void)fclose(index);
		if (messages != rows[i].messages || is_bad != rows[i].is_bad)
			test_fail(__FILE__, __LINE__, "%s: %d messages, %d",
				  rows[i].file, messages, is_bad);
	}
}

/* Every answer we make is itself well formed */
static void test_answers(void)
{
	static struct sample s;
	static char out[TEXT_MAX];
	FILE *index = torture_open("index.tsv");
	struct sip_message m, answer;
	struct sip_fault fault;
	struct sip_out o;
	struct sa source;

	CHECK_INT(sa_set_str(&source, "192.0.2.99", 5099), 0);
	while (sample_next(index, &s)) {
		if (!sip_message_parse(&m, s.octets, s.len, &fault) ||
		    !fault.can_answer || !strcmp(s.file, "rfc4475/insuf.dat"))
			continue;
		sip_out_init(&o, out, sizeof(out));
		CHECK_INT(sip_fault_answer(&o, &m, &fault, SPAN("t"), &source),
			  0);
		/* a From or CSeq that was the fault itself is sent back as is */
		if (sip_message_parse(&answer, out, o.len, &fault))
			CHECK(!strncmp(fault.reason, "Bad ", 4));
		CHECK_INT(answer.status / 100 >= 4, 1);
	}
	(void)fclose(index);
}

static const struct test tests[] = {
	{ "every torture message gets its best answer", test_verdicts },
	{ "Max-Forwards 0 is not forwarded", test_proxy },
	{ "octets one at a time make the same frames", test_octet_by_octet },
	{ "a stream is cut by one length rule", test_stream },
	{ "answers to torture messages parse", test_answers },
};

TEST_MAIN("sip/torture", tests)
