/* mail.c - tests of base/mail.h and base/outbox.h
 *
 * The SMTP server is a real one, run beside the test; it reads each mail
 * with another mail library and writes down what it understood.
 */
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/libre.h"
#include "base/migrate.h"
#include "base/outbox.h"
#include "tests/unit/test.h"

/* Recipients named later@ are put off once, never@ are refused.  A line a
 * mail: recipient|from|subject|text|html|octets of png|message-id */
static const char server_code[] =
	"import asyncio, email, email.policy, sys\n"
	"from aiosmtpd.smtp import SMTP, AuthResult\n"
	"log = open(sys.argv[1], 'a')\n"
	"put_off = set()\n"
	"class Handler:\n"
	"  async def handle_RCPT(self, server, session, envelope, a, o):\n"
	"    if a.startswith('never@'): return '550 no such user'\n"
	"    if a.startswith('later@') and a not in put_off:\n"
	"      put_off.add(a)\n"
	"      return '451 try again'\n"
	"    envelope.rcpt_tos.append(a)\n"
	"    return '250 OK'\n"
	"  async def handle_DATA(self, server, session, envelope):\n"
	"    m = email.message_from_bytes(envelope.content,\n"
	"                                 policy=email.policy.default)\n"
	"    if m.defects: return '554 defects'\n"
	"    text = m.get_body(('plain',))\n"
	"    html = m.get_body(('html',))\n"
	"    png = [p for p in m.walk()\n"
	"           if p.get_content_type() == 'image/png']\n"
	"    f = lambda b: b.get_content().strip().replace('\\r\\n', '/') \\\n"
	"        if b else '-'\n"
	"    n = len(png[0].get_content()) if png else 0\n"
	"    log.write('|'.join([','.join(envelope.rcpt_tos), m['from'],\n"
	"      m['subject'], f(text), f(html), str(n), m['message-id']])\n"
	"      + '\\n')\n"
	"    log.flush()\n"
	"    return '250 OK'\n"
	"def auth(server, session, envelope, mechanism, data):\n"
	"  return AuthResult(success=data.password == b'right')\n"
	"async def main():\n"
	"  loop = asyncio.get_running_loop()\n"
	"  s = await loop.create_server(lambda: SMTP(Handler(),\n"
	"    hostname='test', authenticator=auth, auth_require_tls=False),\n"
	"    '127.0.0.1', 0)\n"
	"  print(s.sockets[0].getsockname()[1], flush=True)\n"
	"  await s.serve_forever()\n"
	"asyncio.run(main())\n";

static char dir[64];
static char log_path[128];
static char server[64];
static char maildir[128];
static pid_t server_pid;
static struct store *store;
static struct outbox *outbox;

static const struct migration migrations[] = {
	{ "outbox", OUTBOX_MIGRATION },
};

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void start_server(void)
{
	int fds[2];
	char port[16] = "";
	size_t n = 0;

	CHECK_INT(pipe(fds), 0);
	server_pid = fork();
	if (server_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fds[1], 1);
		execl("/usr/bin/python3", "python3", "-c", server_code,
		      log_path, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	while (n < sizeof(port) - 1 && read(fds[0], port + n, 1) == 1 &&
	       port[n] != '\n')
		n++;
	port[n] = '\0';
	close(fds[0]);
	CHECK(n > 0);
	snprintf(server, sizeof(server), "smtp://127.0.0.1:%s", port);
}

static void stop_server(void)
{
	if (server_pid > 0) {
		kill(server_pid, SIGKILL);
		waitpid(server_pid, NULL, 0);
	}
	server_pid = 0;
}

static void open_fresh(void)
{
	char url[128];

	fault_reset();
	outbox = mem_deref(outbox);
	store = mem_deref(store);
	if (dir[0])
		nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	stop_server();
	snprintf(dir, sizeof(dir), "/tmp/holdfast-mail-XXXXXX");
	CHECK(mkdtemp(dir));
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	snprintf(maildir, sizeof(maildir), "%s/mail", dir);
	snprintf(url, sizeof(url), "sqlite:%s/a.db", dir);
	CHECK_INT(store_open(&store, url, STORE_FULL_SYNC), 0);
	CHECK_INT(store_migrate(store, migrations, 1), 0);
}

static struct mail a_mail(const char *key, const char *to)
{
	return (struct mail){
		.from = "holdfast@example.org",
		.to = to,
		.subject = "Your phone",
		.text = "Open http://127.0.0.1/d/x?a=1\nBye",
		.key = key,
	};
}

static void put(const struct mail *m)
{
	struct store_write *w;

	CHECK_INT(store_write_alloc(&w, store), 0);
	CHECK_INT(outbox_put(w, m), 0);
	CHECK_INT(store_write_now(w, NULL), 0);
}

static void open_outbox(const char *to_server)
{
	struct mail_conf conf = {
		.server = to_server,
		.maildir = to_server ? NULL : maildir,
		.from = "holdfast@example.org",
		.timeout_s = 5,
	};

	CHECK_INT(outbox_alloc(&outbox, store, &conf), 0);
}

static int64_t in_state(const char *state)
{
	int64_t n = -1;

	CHECK_INT(store_query_int(&n, store,
				  "SELECT COUNT(*) FROM outbox "
				  "WHERE state = $1",
				  STORE_ARGS(store_text(state))),
		  0);
	return n;
}

static struct tmr poll_timer;
static const char *poll_state;
static int64_t poll_count;
static int polls;

static void poll_again(void *arg)
{
	(void)arg;
	if (in_state(poll_state) == poll_count || ++polls > 1000)
		re_cancel();
	else
		tmr_start(&poll_timer, 10, poll_again, NULL);
}

static void wait_until(const char *state, int64_t count)
{
	poll_state = state;
	poll_count = count;
	polls = 0;
	tmr_start(&poll_timer, 0, poll_again, NULL);
	re_main(NULL);
	tmr_cancel(&poll_timer);
	CHECK_INT(in_state(state), count);
}

static const char *read_log(void)
{
	static char text[8192];
	FILE *f = fopen(log_path, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = '\0';
	if (f)
		fclose(f);
	return text;
}

static int lines_in_log(void)
{
	int lines = 0;

	for (const char *p = read_log(); *p; p++)
		lines += *p == '\n';

	return lines;
}

/* ---- tests ---- */

static void addresses_are_checked(void)
{
	CHECK(mail_address_is_valid("a.b+c@example.org"));
	CHECK(mail_address_is_valid("root@localhost"));
	CHECK(!mail_address_is_valid("a@b\r\nBcc: x@y"));
	CHECK(!mail_address_is_valid("a b@c"));
	CHECK(!mail_address_is_valid("a@b@c"));
	CHECK(!mail_address_is_valid("<a@b>"));
	CHECK(!mail_address_is_valid("a@"));
	CHECK(!mail_address_is_valid("@b"));
	CHECK(!mail_address_is_valid(".a@b"));
	CHECK(!mail_address_is_valid("a@b.."));
	CHECK(!mail_address_is_valid("a@-b"));
	CHECK(!mail_address_is_valid("a,b@c.d"));
	CHECK(!mail_address_is_valid(""));
	CHECK(!mail_address_is_valid(NULL));
}

static void headers_cannot_be_smuggled_in(void)
{
	struct mail m = a_mail("k", "a@b.org");
	struct mbuf *mb = NULL;

	m.subject = "x\r\nBcc: victim@example.org";
	CHECK_INT(mail_build(&mb, &m), EINVAL);
	m = a_mail("k", "a@b.org");
	m.to_name = "x\nBcc: y";
	CHECK_INT(mail_build(&mb, &m), EINVAL);
	m = a_mail("k", "a@b.org\r\nX: y");
	CHECK_INT(mail_build(&mb, &m), EINVAL);
	m = a_mail("k", "a@b.org");
	m.qr = "needs html";
	CHECK_INT(mail_build(&mb, &m), EINVAL);
	CHECK(!mb);
}

static void a_server_understands_our_mails(void)
{
	struct mail m = a_mail("deploy:1", "alice@example.org");

	open_fresh();
	start_server();
	put(&m);
	m.key = "deploy:2";
	m.from_name = "H\xc3\xa9l\xc3\xa8ne \"X\" <y@z>, Inc.";
	m.subject = "Votre t\xc3\xa9l\xc3\xa9phone est pr\xc3\xaat : cliquez "
		    "sur le lien pour l'installer d\xc3\xa8s aujourd'hui";
	m.text = ".point\nBonjour Andr\xc3\xa9,\n\nhttp://x/d/abc=def \nfin";
	m.html = "<p>Andr\xc3\xa9 <img src=\"cid:qr\"></p>";
	m.qr = "http://x/d/abc";
	m.language = "fr";
	put(&m);
	open_outbox(server);
	wait_until("sent", 2);

	CHECK(strstr(read_log(),
		     "alice@example.org|holdfast@example.org|Your phone|"
		     "Open http://127.0.0.1/d/x?a=1/Bye|-|0|<"));
	CHECK(strstr(read_log(), "|Votre t\xc3\xa9l\xc3\xa9phone est "
				 "pr\xc3\xaat : cliquez sur le lien pour "
				 "l'installer d\xc3\xa8s aujourd'hui|"
				 ".point/Bonjour Andr\xc3\xa9,//"
				 "http://x/d/abc=def /fin|"
				 "<p>Andr\xc3\xa9 <img src=\"cid:qr\"></p>|"));
	CHECK(!strstr(read_log(), "</p>|0|"));
	CHECK(strstr(read_log(), "H\xc3\xa9l\xc3\xa8ne"));
	CHECK_INT(lines_in_log(), 2);
	/* What it said is gone once it is sent. */
	{
		int64_t left = -1;

		store_query_int(&left, store,
				"SELECT COUNT(*) FROM outbox "
				"WHERE message <> ''",
				STORE_NO_ARGS);
		CHECK_INT(left, 0);
	}
}

static void a_mail_put_twice_is_sent_once(void)
{
	struct mail m = a_mail("once", "alice@example.org");

	open_fresh();
	start_server();
	put(&m);
	put(&m);
	open_outbox(server);
	wait_until("sent", 1);
	put(&m);
	outbox_kick(outbox);
	wait_until("sent", 1);
	CHECK_INT(lines_in_log(), 1);
}

static int told_sent, told_given_up;

static void told(const char *key, bool is_sent, void *arg)
{
	CHECK_STR(key, is_sent ? "file" : "n");
	CHECK(arg == &told_sent);
	told_sent += is_sent;
	told_given_up += !is_sent;
}

static void a_file_goes_with_a_mail_and_its_end_is_told(void)
{
	static const uint8_t octets[] = { 0, '\n', 0xff, '.', '\r', 0 };
	struct mail m = a_mail("file", "alice@example.org");
	struct mail never = a_mail("n", "never@example.org");
	struct mbuf *mb = NULL;

	m.attached = octets;
	m.attached_size = sizeof(octets);
	m.attached_type = "image/png";
	m.attached_name = "a\"; x=\"b";
	CHECK_INT(mail_build(&mb, &m), EINVAL);
	m.attached_name = "a.png";
	open_fresh();
	start_server();
	put(&m);
	put(&never);
	open_outbox(server);
	outbox_on_gone(outbox, told, &told_sent);
	wait_until("sent", 1);
	wait_until("failed", 1);
	CHECK(strstr(read_log(), "|Your phone|Open http://127.0.0.1/d/x?a=1/"
				 "Bye|-|6|<"));
	CHECK_INT(told_sent, 1);
	CHECK_INT(told_given_up, 1);
}

static void put_off_is_tried_again_and_refused_is_not(void)
{
	struct mail later = a_mail("l", "later@example.org");
	struct mail never = a_mail("n", "never@example.org");

	open_fresh();
	start_server();
	put(&later);
	put(&never);
	open_outbox(server);
	wait_until("failed", 1);
	CHECK_INT(in_state("waiting"), 1);
	clock_move_ms(6000);
	outbox_kick(outbox);
	wait_until("sent", 1);
	CHECK_INT(lines_in_log(), 1);
	CHECK_INT(in_state("failed"), 1);
}

static void a_dead_server_is_waited_for(void)
{
	struct mail m = a_mail("k", "alice@example.org");

	open_fresh();
	put(&m);
	open_outbox("smtp://127.0.0.1:1");
	for (int i = 0; i < 300 && in_state("waiting") == 1; i++) {
		int64_t tries = 0;

		store_query_int(&tries, store, "SELECT tries FROM outbox",
				STORE_NO_ARGS);
		if (tries)
			break;
		polls = 1000;
		poll_state = "sent";
		poll_count = 1;
		tmr_start(&poll_timer, 10, poll_again, NULL);
		re_main(NULL);
	}
	CHECK_INT(in_state("waiting"), 1);

	/* Restarted with a server that lives. */
	outbox = mem_deref(outbox);
	start_server();
	clock_move_ms(6000);
	open_outbox(server);
	wait_until("sent", 1);
	CHECK_INT(lines_in_log(), 1);
}

static void three_days_are_enough(void)
{
	struct mail m = a_mail("k", "alice@example.org");

	open_fresh();
	put(&m);
	clock_move_ms(3ll * 24 * 3600 * 1000 + 1000);
	open_outbox("smtp://127.0.0.1:1");
	wait_until("failed", 1);
}

static void a_note_that_fails_is_made_again(void)
{
	struct mail m = a_mail("k", "alice@example.org");

	open_fresh();
	start_server();
	put(&m);
	open_outbox(server);
	fault_plan(FAULT_FAIL, "store.write", 1);
	wait_until("sent", 1);
	CHECK_INT(lines_in_log(), 1);
}

static void a_password_is_not_given_in_the_clear(void)
{
	struct mail_conf conf = {
		.server = server,
		.user = "u",
		.password = "right",
		.from = "holdfast@example.org",
		.timeout_s = 5,
	};
	char why[200] = "";

	open_fresh();
	start_server();
	CHECK_INT(mail_send(&conf, "alice@example.org", "k", "Subject: x\r\n",
			    12, why, sizeof(why)),
		  MAIL_LATER);
	CHECK(why[0]);
	CHECK_INT(lines_in_log(), 0);
}

static size_t files_in(const char *folder, char *first, size_t size)
{
	char pattern[200];
	glob_t found;
	size_t n = 0;

	snprintf(pattern, sizeof(pattern), "%s/%s/*", maildir, folder);
	if (!glob(pattern, 0, NULL, &found)) {
		n = found.gl_pathc;
		if (first)
			snprintf(first, size, "%s", found.gl_pathv[0]);
		globfree(&found);
	}

	return n;
}

static void without_a_server_mails_are_files(void)
{
	struct mail m = a_mail("k", "alice@example.org");
	struct mail_conf conf = { .maildir = maildir,
				  .from = "holdfast@example.org" };
	char path[300];
	char to[300];
	char text[2000];
	struct mbuf *mb;
	FILE *f;

	open_fresh();
	put(&m);
	open_outbox(NULL);
	wait_until("sent", 1);
	CHECK_INT(files_in("new", path, sizeof(path)), 1);
	CHECK_INT(files_in("tmp", NULL, 0), 0);
	f = fopen(path, "r");
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	CHECK(strstr(text, "\nTo: <alice@example.org>\n"));
	CHECK(strstr(text, "\n\nOpen http://127.0.0.1/d/x?a=1\nBye\n"));
	CHECK(!strchr(text, '\r'));

	/* Once more, also after somebody has read it: still one. */
	CHECK_INT(mail_build(&mb, &m), 0);
	CHECK_INT(mail_send(&conf, m.to, m.key, mb->buf, mb->end, text,
			    sizeof(text)),
		  MAIL_SENT);
	CHECK_INT(files_in("new", path, sizeof(path)), 1);
	snprintf(to, sizeof(to), "%s/cur/%s:2,S", maildir,
		 strrchr(path, '/') + 1);
	CHECK_INT(rename(path, to), 0);
	CHECK_INT(mail_send(&conf, m.to, m.key, mb->buf, mb->end, text,
			    sizeof(text)),
		  MAIL_SENT);
	mem_deref(mb);
	CHECK_INT(files_in("new", NULL, 0), 0);
	CHECK_INT(files_in("cur", NULL, 0), 1);
}

static void killed_at_any_point_the_mail_comes(void)
{
	static const char *const points[] = { "outbox.sent", "outbox.noted",
					      "store.commit.before",
					      "store.commit.after" };

	for (int i = 0; i < 4; i++) {
		struct mail m = a_mail("k", "alice@example.org");
		char url[128];
		int status;
		pid_t pid;

		open_fresh();
		put(&m);
		store = mem_deref(store);
		snprintf(url, sizeof(url), "sqlite:%s/a.db", dir);
		pid = fork();
		if (pid == 0) {
			fault_plan(FAULT_DIE, points[i], 1);
			if (store_open(&store, url, STORE_FULL_SYNC))
				_exit(1);
			open_outbox(NULL);
			polls = 0;
			poll_state = "never";
			poll_count = 1;
			tmr_start(&poll_timer, 10, poll_again, NULL);
			re_main(NULL);
			_exit(2);
		}
		waitpid(pid, &status, 0);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

		CHECK_INT(store_open(&store, url, STORE_FULL_SYNC), 0);
		open_outbox(NULL);
		wait_until("sent", 1);
		CHECK_INT(files_in("new", NULL, 0), 1);
	}
}

static void everything_is_put_away(void)
{
	outbox = mem_deref(outbox);
	store = mem_deref(store);
	stop_server();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const struct test tests[] = {
	{ "addresses are checked", addresses_are_checked },
	{ "headers cannot be smuggled in", headers_cannot_be_smuggled_in },
	{ "a server understands our mails", a_server_understands_our_mails },
	{ "a file goes with a mail, and what has gone is told",
	  a_file_goes_with_a_mail_and_its_end_is_told },
	{ "a mail put twice is sent once", a_mail_put_twice_is_sent_once },
	{ "put off is tried again, refused is not",
	  put_off_is_tried_again_and_refused_is_not },
	{ "a dead server is waited for, over a restart",
	  a_dead_server_is_waited_for },
	{ "three days are enough", three_days_are_enough },
	{ "a note that fails is made again", a_note_that_fails_is_made_again },
	{ "a password is not given in the clear",
	  a_password_is_not_given_in_the_clear },
	{ "without a server mails are files, each once",
	  without_a_server_mails_are_files },
	{ "killed at any point, the mail comes and comes once",
	  killed_at_any_point_the_mail_comes },
	{ "everything is put away", everything_is_put_away },
};

TEST_MAIN("base/mail", tests)
