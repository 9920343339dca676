/* Each invariant: a sound installation passes, a corrupted store is caught. */
#include <errno.h>
#include <ftw.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/libre.h"
#include "base/loop.h"
#include "ctl/check.h"
#include "ctl/invariant.h"
#include "media/wav.h"
#include "pbx/store.h"
#include "tests/unit/test.h"

static char dir[64];
static uint64_t binding_ends_ms = 4102444800000;

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* "live", "mail" and "recordings" are further stores of the pbx; "pbx2" is the
 * pbx of another folder. */
static void run_sql(const char *name, const char *sql)
{
	const char *folder = strcmp(name, "live") && strcmp(name, "mail") &&
					     strcmp(name, "recordings")
				     ? name
				     : "pbx";
	char path[200], *why = NULL;
	sqlite3 *db = NULL;

	(void)re_snprintf(path, sizeof(path), "%s/%s", dir, folder);
	(void)mkdir(path, 0700);
	(void)re_snprintf(path, sizeof(path), "%s/%s/%s.db", dir, folder,
			  strcmp(name, "pbx2") != 0 ? name : "pbx");
	CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why))
		test_fail(__FILE__, __LINE__, "%s: %s", name, why);
	(void)sqlite3_close(db);
}

/* What is kept of a call that goes on, and of a callback. */
static struct {
	const char *call;
	const char *customer;
	const char *caller;
	const char *callee;
	const char *place;
} live[2];
static const char *callback_phone = "f1";

static void put_field(struct mbuf *mb, const char *p, uint32_t len)
{
	CHECK_INT(mbuf_write_mem(mb, (uint8_t *)&len, sizeof(len)), 0);
	CHECK_INT(mbuf_write_mem(mb, (const uint8_t *)p, len), 0);
}

static void put_text(struct mbuf *mb, const char *text)
{
	put_field(mb, text, (uint32_t)strlen(text));
}

static void put_numbers(struct mbuf *mb, uint64_t n, unsigned count)
{
	while (count--)
		put_field(mb, (const char *)&n, sizeof(n));
}

/* As pbx/call/restore.c writes it. */
static void put_call(uint64_t row)
{
	struct mbuf *mb = mbuf_alloc(1024);

	CHECK(mb != NULL);
	put_text(mb, "1");
	put_text(mb, live[row].call);
	put_text(mb, live[row].customer);
	put_text(mb, "u2");
	put_text(mb, "2002");
	put_numbers(mb, 2, 1); /* answered */
	put_numbers(mb, 1000, 2);
	put_text(mb, "[]");
	put_text(mb, live[row].caller);
	put_numbers(mb, 1, 5);
	put_text(mb, "dialog");
	put_text(mb, live[row].callee);
	put_numbers(mb, 1, 5);
	put_text(mb, "dialog");
	put_numbers(mb, 0, 4);
	put_text(mb, "");
	put_numbers(mb, 0, 1);
	put_text(mb, live[row].place);
	put_text(mb, "");
	if (!live[row].call[0])
		mb->end = 7;
	keep_put_call(row + 1, (struct span){ (const char *)mb->buf,
					      (uint32_t)mb->end });
	mem_deref(mb);
}

static void put_callback(void)
{
	char text[100];
	int n = snprintf(text, sizeof(text), "b1 %s 2002 4102444800000 0",
			 callback_phone);

	keep_put_callback(1, (struct span){ text, (uint32_t)n });
}

static void live_reset(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(live); i++) {
		live[i].call = i ? "k2" : "k1";
		live[i].customer = "c1";
		live[i].caller = "f1";
		live[i].callee = i ? "@trunk/ 0611 x" : "f2";
		live[i].place = i ? "2001 u1 2 1000" : "2001 u1 1 1000";
	}
	callback_phone = "f1";
}

/* The pbx's own way of keeping one. */
static void put_live(void)
{
	const struct keep_binding b = { .row = 1,
					.phone = "f1",
					.expires_ms = binding_ends_ms };
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/pbx/live.db", dir);
	CHECK_INT(loop_init(), 0);
	CHECK_INT(keep_open(path), 0);
	keep_put_binding(&b);
	put_call(0);
	put_call(1);
	put_callback();
	keep_close();
	loop_close();
}

static void put_wav(const char *file)
{
	static const int16_t pcm[8000];
	struct wav_writer *w = NULL;
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/pbx/%s", dir, file);
	CHECK_INT(wav_writer_open(&w, path, 8000), 0);
	CHECK_INT(wav_writer_add(w, pcm, ARRAY_SIZE(pcm)), 0);
	CHECK_INT(wav_writer_close(w), 0);
	mem_deref(w);
}

/* A voice message of a second, a recorded call of a second. */
static void put_sound(void)
{
	static const char *const folders[] = {
		"mail",          "mail/c1",    "mail/c1/u1",    "recordings",
		"recordings/c1", "attendants", "attendants/a1",
	};
	char path[200];

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s/pbx/%s", dir,
			       folders[i]);
		CHECK_INT(mkdir(path, 0700), 0);
	}
	put_wav("mail/c1/u1/m1.wav");
	put_wav("mail/c1/u1/greeting-busy.wav");
	put_wav("attendants/a1/menu.wav");
	put_wav("recordings/c1/r1.wav");
}

/* A secondary that has read all but the primary's last change. */
static void make_pair(void)
{
	run_sql("pbx",
		"CREATE TABLE user_settings (id, dnd, forward_always);"
		"CREATE TABLE pair_log (kind, id, seq, stamp, is_gone);"
		"CREATE TABLE pair_state (name, epoch, seq);"
		"INSERT INTO user_settings VALUES ('u1', 1, '2002'),"
		" ('u2', 0, NULL);"
		"INSERT INTO pair_state VALUES ('log', 'e1', 0);"
		"INSERT INTO pair_log VALUES ('customers', 'c1', 1, 1, 0),"
		" ('users', 'u1', 2, 1, 0), ('phones', 'f1', 3, 1, 0),"
		" ('users', 'u9', 4, 2, 1), ('user_settings', 'u1', 5, 70, 0),"
		" ('user_settings', 'u2', 6, 80, 0),"
		" ('users', 'u3', 7, 1, 0)");
	run_sql("pbx2",
		"CREATE TABLE customers (id, web_id);"
		"CREATE TABLE users (id, customer, extension);"
		"CREATE TABLE phones (id, customer, user, number, sip_user);"
		"CREATE TABLE tombstones (kind, id);"
		"CREATE TABLE user_settings (id, dnd, forward_always);"
		"CREATE TABLE pair_log (kind, id, seq, stamp, is_gone);"
		"CREATE TABLE pair_state (name, epoch, seq);"
		"INSERT INTO customers VALUES ('c1', 'acme');"
		"INSERT INTO users VALUES ('u1', 'c1', '2001');"
		"INSERT INTO phones VALUES ('f1', 'c1', 'u1', '2001', 's1');"
		"INSERT INTO user_settings VALUES ('u1', 1, '2002'),"
		" ('u2', 1, NULL);"
		"INSERT INTO pair_state VALUES ('cursor', 'e1', 6);"
		"INSERT INTO pair_log VALUES ('customers', 'c1', 0, 1, 0),"
		" ('users', 'u1', 0, 1, 0), ('phones', 'f1', 0, 1, 0),"
		" ('user_settings', 'u1', 0, 70, 0),"
		" ('user_settings', 'u2', 9, 91, 0)");
}

/* An installation with one customer, two users and two phones, sound. */
static void make(void)
{
	if (!live[0].call)
		live_reset();
	(void)snprintf(dir, sizeof(dir), "/tmp/holdfast-test.XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	run_sql("portal",
		"CREATE TABLE platforms (id, name);"
		"CREATE TABLE customers (id, web_id, platform);"
		"CREATE TABLE users (id, customer, login, extension);"
		"CREATE TABLE phones (id, customer, user, number, sip_user);"
		"CREATE TABLE groups (id, customer, number, type);"
		"INSERT INTO groups VALUES ('g1', 'c1', '2100', "
		"'ring-all');"
		"CREATE TABLE tasks (id, type, state, made_ms);"
		"CREATE TABLE task_steps (task, object);"
		"INSERT INTO platforms VALUES ('p', 'p1');"
		"INSERT INTO customers VALUES ('c1', 'acme', 'p'),"
		" ('c2', 'beta', 'p');"
		"INSERT INTO users VALUES ('u1', 'c1', 'alice', '2001'),"
		" ('u2', 'c1', 'bob', '2002'), ('u3', 'c2', 'bob', '2002'),"
		" ('u4', 'c1', 'dora', NULL);"
		"INSERT INTO phones VALUES ('f1', 'c1', 'u1', '2001', 's1'),"
		" ('f2', 'c1', NULL, '2009', 's2');"
		"INSERT INTO tasks VALUES ('t1', 'create-user', 'done', 1)");
	run_sql("pbx",
		"CREATE TABLE customers (id, web_id);"
		"CREATE TABLE users (id, customer, extension);"
		"CREATE TABLE phones (id, customer, user, number, sip_user,"
		" hot_desk);"
		"CREATE TABLE groups (id, customer, number, type);"
		"INSERT INTO groups VALUES ('g1', 'c1', '2100', "
		"'ring-all');"
		"CREATE TABLE tombstones (kind, id);"
		"CREATE TABLE group_mailboxes (id, customer, number);"
		"CREATE TABLE attendants (id, customer, number);"
		"CREATE TABLE conferences (id, customer, number);"
		"CREATE TABLE schedules (id, customer);"
		"CREATE TABLE dids (id, customer);"
		"CREATE TABLE hot_desks (id, phone);"
		"CREATE TABLE user_pins (id);"
		"CREATE TABLE mailbox_settings (id);"
		"INSERT INTO group_mailboxes VALUES ('b1', 'c1', '2500');"
		"INSERT INTO attendants VALUES ('a1', 'c1', '2600');"
		"INSERT INTO conferences VALUES ('r1', 'c1', '2700');"
		"INSERT INTO schedules VALUES ('s1', 'c1');"
		"INSERT INTO dids VALUES ('i1', 'c1');"
		"INSERT INTO hot_desks VALUES ('u2', 'f2'), ('u1', NULL);"
		"INSERT INTO user_pins VALUES ('u1');"
		"INSERT INTO mailbox_settings VALUES ('u1'), ('b1');"
		"INSERT INTO customers VALUES ('c1', 'acme'), ('c2', 'beta');"
		"INSERT INTO users VALUES ('u1', 'c1', '2001'),"
		" ('u2', 'c1', '2002'), ('u3', 'c2', '2002');"
		"INSERT INTO phones VALUES"
		" ('f1', 'c1', 'u1', '2001', 's1', 0),"
		" ('f2', 'c1', NULL, '2009', 's2', 1);"
		"INSERT INTO tombstones VALUES ('customers', 'c0')");
	make_pair();
	put_live();
	run_sql("live",
		"DROP TABLE cdrs;"
		"CREATE TABLE cdrs (id, customer, started_ms, json);"
		"INSERT INTO cdrs VALUES ('d1', 'c1', 5, '{\"ended_ms\":6}'),"
		" ('d2', 'c0', 5, '{\"ended_ms\":5}')");
	run_sql("mail",
		"CREATE TABLE messages (id, customer, user, length_ms,"
		" is_whole);"
		"INSERT INTO messages VALUES ('m1', 'c1', 'u1', 1000, 1),"
		" ('m2', 'c1', 'u1', 0, 0)");
	run_sql("recordings",
		"CREATE TABLE recordings (id, customer, length_ms, is_whole);"
		"INSERT INTO recordings VALUES ('r1', 'c1', 1000, 1),"
		" ('r2', 'c1', 0, 0)");
	put_sound();
	run_sql("uc",
		"CREATE TABLE customers (id, web_id);"
		"CREATE TABLE users (id, customer, login, extension);"
		"CREATE TABLE phones (id, customer, user, sip_user);"
		"CREATE TABLE history (id, call, user, direction);"
		"INSERT INTO customers VALUES ('c1', 'acme'), ('c2', 'beta');"
		"INSERT INTO users VALUES ('u1', 'c1', 'alice', '2001'),"
		" ('u2', 'c1', 'bob', '2002'), ('u3', 'c2', 'bob', '2002'),"
		" ('u4', 'c1', 'dora', NULL);"
		"INSERT INTO phones VALUES ('f1', 'c1', 'u1', 's1');"
		"INSERT INTO history VALUES ('h1', 'd1', 'u1', 'outgoing'),"
		" ('h2', 'd1', 'u2', 'incoming')");
	run_sql("border",
		"CREATE TABLE devices (id, sip_user);"
		"INSERT INTO devices VALUES ('f1', 's1'), ('f2', 's2')");
}

static void end(void)
{
	(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct seen {
	char text[4000];
	size_t n;
	unsigned skipped;
};

static void note(const struct invariant *v, const char *what, void *arg)
{
	struct seen *seen = arg;

	seen->n += (size_t)snprintf(seen->text + seen->n,
				    sizeof(seen->text) - seen->n, "%s %s; %s\n",
				    v->id, what, v->claim);
}

static unsigned test_all(struct seen *seen)
{
	struct stores *s = NULL;
	unsigned wrong = 0;

	memset(seen, 0, sizeof(*seen));
	CHECK_INT(stores_open(&s, dir), 0);
	for (size_t i = 0; i < invariant_count; i++) {
		bool skipped;

		wrong += invariant_test(s, &invariants[i], note, seen,
					&skipped);
		seen->skipped += skipped;
	}
	mem_deref(s);

	return wrong;
}

static void test_sound(void)
{
	struct seen seen;
	unsigned wrong;

	make();
	wrong = test_all(&seen);
	end();
	CHECK_STR(seen.text, "");
	CHECK_INT(wrong, 0);
	CHECK_INT(seen.skipped, 0);
}

/* How each store is spoilt and what must be said of it. */
static const struct {
	const char *store;
	const char *sql;
	const char *wanted;
} spoils[] = {
	{ "pbx", "DELETE FROM users WHERE id = 'u3'",
	  "I1 users u3 is not at the pbx" },
	{ "uc", "DELETE FROM users WHERE id = 'u4'",
	  "I1 users u4 is not at the uc" },
	{ "pbx", "DELETE FROM phones WHERE id = 'f2'",
	  "I1 phones f2 is not at the pbx" },
	{ "uc", "DELETE FROM phones", "I1 phones f1 is not at the uc" },
	{ "pbx", "DELETE FROM groups", "I1 groups g1 is not at the pbx" },
	{ "portal", "DELETE FROM groups",
	  "I1 groups g1 is at the pbx and unknown to the portal" },
	{ "pbx", "UPDATE groups SET number = '2101'",
	  "I1 groups g1 has number 2100 at the portal and 2101 at the pbx" },
	{ "uc", "DELETE FROM customers WHERE id = 'c2'",
	  "I1 customers c2 is not at the uc" },
	{ "portal", "DELETE FROM users WHERE id = 'u3'",
	  "I1 users u3 is at the pbx and unknown to the portal" },
	{ "portal", "DELETE FROM phones WHERE id = 'f1'",
	  "I1 device f1 is at the border and unknown to the portal" },
	{ "pbx", "UPDATE phones SET sip_user = 's9' WHERE id = 'f1'",
	  "I1 device f1 has SIP user s1, the pbx has s9" },
	{ "pbx", "UPDATE users SET extension = '2007' WHERE id = 'u1'",
	  "I1 users u1 has extension 2001 at the portal and 2007 at the pbx" },
	{ "uc", "UPDATE users SET extension = NULL WHERE id = 'u1'",
	  "I1 users u1 has extension 2001 at the portal and none at the uc" },
	{ "uc", "UPDATE users SET login = 'al' WHERE id = 'u1'",
	  "I1 users u1 has login alice at the portal and al at the uc" },
	{ "pbx", "UPDATE phones SET number = '2008' WHERE id = 'f2'",
	  "I1 phones f2 has number 2009 at the portal and 2008 at the pbx" },
	{ "uc", "UPDATE phones SET sip_user = 's8'",
	  "I1 phones f1 has SIP user s1 at the portal and s8 at the uc" },
	{ "pbx", "UPDATE customers SET web_id = 'gamma' WHERE id = 'c2'",
	  "I1 customers c2 has web id beta at the portal and gamma at the "
	  "pbx" },
	{ "portal", "UPDATE tasks SET state = 'running'",
	  "I1 task t1 (create-user) is running since" },
	{ "portal", "UPDATE tasks SET state = 'failed'",
	  "I1 task t1 (create-user) failed; retry it" },
	{ "pbx", "DELETE FROM phones WHERE id = 'f1'",
	  "I6 a binding is of phone f1, which does not exist" },
	{ "mail", "UPDATE messages SET length_ms = 1500",
	  "I4 voice message m1 of 1500 ms has a sound of 1000 ms" },
	{ "mail", "UPDATE messages SET is_whole = 1",
	  "I4 voice message m2 of 0 ms has a sound of no ms" },
	{ "mail", "DELETE FROM messages",
	  "I4 the sound m1 of user u1 is no message's" },
	{ "mail", "UPDATE messages SET user = 'u9'",
	  "I4 voice message m1 is of user u9, who does not exist" },
	{ "recordings", "UPDATE recordings SET length_ms = 1500",
	  "I4 recording r1 of 1500 ms has a sound of 1000 ms" },
	{ "recordings", "UPDATE recordings SET is_whole = 1",
	  "I4 recording r2 of 0 ms has a sound of no ms" },
	{ "recordings", "DELETE FROM recordings",
	  "I4 the sound r1 of customer c1 is no recording's" },
	{ "recordings", "UPDATE recordings SET customer = 'c9'",
	  "I4 recording r1 is of customer c9, which never was" },
	{ "pbx", "DELETE FROM users WHERE id = 'u1'",
	  "I4 the greeting-busy is of user u1, who does not exist" },
	{ "pbx", "DELETE FROM attendants",
	  "I4 the sound menu is of attendant a1, which does not exist" },
	{ "live", "INSERT INTO cdrs VALUES ('k1', 'c1', 5, '{}')",
	  "I7 call k1 goes on and has a record" },
	{ "pbx", "UPDATE hot_desks SET phone = 'f9'",
	  "I8 user u2 is logged in at phone f9, which is not there" },
	{ "pbx", "UPDATE hot_desks SET phone = 'f1'",
	  "I8 user u2 is logged in at phone f1, which is not shared" },
	{ "pbx", "UPDATE hot_desks SET phone = 'f2'",
	  "I8 2 users are logged in at phone f2" },
	{ "pbx", "UPDATE hot_desks SET id = 'u3'",
	  "I8 user u3 is logged in at phone f2, which is another" },
	{ "pbx", "DELETE FROM users WHERE id = 'u2'",
	  "I1 log-in of user u2, who does not exist" },
	{ "pbx", "UPDATE user_pins SET id = 'u9'",
	  "I1 PIN of user u9, who does not exist" },
	{ "pbx", "UPDATE user_settings SET id = 'u9' WHERE id = 'u2'",
	  "I1 settings of user u9, who does not exist" },
	{ "pbx", "DELETE FROM group_mailboxes",
	  "I1 settings of mailbox b1 are of nobody" },
	{ "pbx", "UPDATE groups SET number = '2600'",
	  "I8 number 2600 of customer c1 is of group g1 and attendant a1" },
	{ "pbx", "UPDATE conferences SET number = '2001'",
	  "I8 number 2001 of customer c1 is of user u1 and conference r1" },
	{ "pbx", "UPDATE dids SET customer = 'c9'",
	  "I9 dids i1 has no customer c9" },
	{ "pbx2", "UPDATE pair_state SET seq = 99",
	  "I1 the secondary has read to 99, the primary wrote to 7" },
	{ "pbx2", "DELETE FROM customers",
	  "I1 customers c1 is not at the secondary" },
	{ "pbx2", "DELETE FROM users", "I1 users u1 is not at the secondary" },
	{ "pbx2", "DELETE FROM phones",
	  "I1 phones f1 is not at the secondary" },
	{ "pbx",
	  "DELETE FROM customers WHERE id = 'c1'; UPDATE pair_log SET"
	  " is_gone = 1 WHERE kind = 'customers'",
	  "I1 customers c1 is gone at the primary and still at" },
	{ "pbx2", "INSERT INTO users VALUES ('u9', 'c1', '2009')",
	  "I1 users u9 is gone at the primary and still at" },
	{ "pbx",
	  "DELETE FROM phones WHERE id = 'f1'; UPDATE pair_log SET"
	  " is_gone = 1 WHERE kind = 'phones'",
	  "I1 phones f1 is gone at the primary and still at" },
	{ "pbx2", "UPDATE users SET extension = '2007'",
	  "I1 users u1 has extension 2001 at the primary and 2007 at" },
	{ "pbx2", "UPDATE phones SET sip_user = 's7'",
	  "I1 phones f1 has SIP user s1 at the primary and s7 at" },
	{ "pbx2", "UPDATE user_settings SET dnd = 0 WHERE id = 'u1'",
	  "I1 user_settings u1 has do not disturb 1 at the primary and 0" },
	{ "pbx2", "UPDATE user_settings SET forward_always = '2003'",
	  "I1 user_settings u1 has forward 2002 at the primary and 2003" },
	{ "live", "INSERT INTO cdrs VALUES ('d1', 'c1', 5, '{}')",
	  "I7 CDR d1 is there 2 times" },
	{ "live", "UPDATE cdrs SET started_ms = 7 WHERE id = 'd1'",
	  "I7 CDR d1 ends before it begins" },
	{ "live", "UPDATE cdrs SET customer = 'c9' WHERE id = 'd1'",
	  "I7 CDR d1 is of customer c9, which never was" },
	{ "uc", "INSERT INTO history VALUES ('h3', 'd1', 'u1', 'outgoing')",
	  "I7 call d1 stands 2 times in the history of user u1" },
	{ "portal", "UPDATE customers SET web_id = 'acme'",
	  "I8 2 customers have web id acme" },
	{ "portal", "UPDATE users SET login = 'bob' WHERE id = 'u1'",
	  "I8 2 users have login c1 bob" },
	{ "portal", "UPDATE users SET extension = '2002' WHERE id = 'u1'",
	  "I8 2 users have extension c1 2002" },
	{ "portal", "UPDATE phones SET sip_user = 's1'",
	  "I8 2 phones have SIP user s1" },
	{ "pbx", "UPDATE customers SET web_id = 'acme'",
	  "I8 2 customers have web id acme" },
	{ "pbx", "UPDATE users SET extension = '2002' WHERE id = 'u1'",
	  "I8 2 users have extension c1 2002" },
	{ "pbx", "UPDATE phones SET sip_user = 's1'",
	  "I8 2 phones have SIP user s1" },
	{ "uc", "UPDATE users SET login = 'bob' WHERE id = 'u1'",
	  "I8 2 users have login c1 bob" },
	{ "border", "UPDATE devices SET sip_user = 's1'",
	  "I8 2 devices have SIP user s1" },
	{ "pbx", "UPDATE phones SET number = '2002' WHERE id = 'f1'",
	  "I8 phone f1 has the extension 2002 of user u2" },
	{ "portal", "UPDATE users SET customer = 'c9' WHERE id = 'u2'",
	  "I9 users u2 has no customer c9" },
	{ "pbx", "UPDATE users SET customer = 'c2' WHERE id = 'u1'",
	  "I9 phones f1 of customer c1 refers to user u1 of c2" },
	{ "uc", "UPDATE phones SET user = 'u3'",
	  "I9 phones f1 of customer c1 refers to user u3 of c2" },
	{ "portal", "UPDATE phones SET user = 'u3' WHERE id = 'f1'",
	  "I9 phones f1 of customer c1 refers to user u3 of c2" },
	{ "pbx", "UPDATE users SET customer = 'c2' WHERE id = 'u2'",
	  "I9 user u2 is of c1 at the portal and of c2 at the pbx" },
	{ "uc", "UPDATE users SET customer = 'c2' WHERE id = 'u2'",
	  "I9 user u2 is of c1 at the portal and of c2 at the uc" },
};

static void test_spoilt(void)
{
	static struct seen seen;

	for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
		unsigned wrong;

		make();
		run_sql(spoils[i].store, spoils[i].sql);
		wrong = test_all(&seen);
		end();
		if (!wrong || !strstr(seen.text, spoils[i].wanted))
			test_fail(__FILE__, __LINE__,
				  "%s: \"%s\" is not among: %s", spoils[i].sql,
				  spoils[i].wanted, seen.text);
	}
}

static void live_is_wrong(const char *wanted)
{
	struct seen seen;
	unsigned wrong;

	make();
	wrong = test_all(&seen);
	end();
	live_reset();
	if (!wrong || !strstr(seen.text, wanted))
		test_fail(__FILE__, __LINE__, "\"%s\" is not among: %s", wanted,
			  seen.text);
}

static void test_live(void)
{
	live_reset();
	live[1].call = "k1";
	live_is_wrong("I5 call k1 is kept 2 times");
	live[1].call = "";
	live_is_wrong("I5 a call cannot be read");
	live[0].customer = "c9";
	live_is_wrong("I5 call k1 is of customer c9, which never was");
	live[0].callee = "f9";
	live_is_wrong("I5 phone f9 of call k1 never was");
	live[1].place = "2001 u2 1 5";
	live_is_wrong("I5 2 calls of customer c1 are parked at 2001 1");
	callback_phone = "f9";
	live_is_wrong("I5 callback b1 is of phone f9, which does not exist");
}

static void test_live_task(void)
{
	struct seen seen;
	unsigned wrong;

	make();
	run_sql("pbx", "DELETE FROM users WHERE id = 'u3'");
	run_sql("portal",
		"INSERT INTO tasks VALUES ('t2', 'delete-user', 'running',"
		" 4102444800000); INSERT INTO task_steps VALUES"
		" ('t2', 'u3')");
	wrong = test_all(&seen);
	end();
	CHECK_STR(seen.text, "");
	CHECK_INT(wrong, 0);
}

static void test_binding(void)
{
	struct seen seen;
	char path[100];
	FILE *f;

	binding_ends_ms = 1000;
	make();
	binding_ends_ms = 4102444800000;
	CHECK_INT(test_all(&seen), 0);

	/* the same while "the pbx" runs */
	(void)snprintf(path, sizeof(path), "%s/run", dir);
	CHECK_INT(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/run/pbx.pid", dir);
	f = fopen(path, "we");
	CHECK(f != NULL);
	(void)fprintf(f, "%d\n", (int)getpid());
	(void)fclose(f);
	CHECK_INT(test_all(&seen), 1);
	end();
	CHECK(strstr(seen.text, "I6 a binding of phone f1 ended") != NULL);
}

static void test_parts(void)
{
	struct stores *s = NULL;
	struct seen seen;
	char path[100];
	int err;

	make();
	(void)snprintf(path, sizeof(path), "%s/portal/portal.db", dir);
	CHECK_INT(remove(path), 0);
	CHECK_INT(test_all(&seen), 0);
	CHECK(seen.skipped > 10);
	end();
	CHECK_INT(stores_open(&s, dir), ENOENT);
	CHECK_INT(check_dir(dir, true, &err), 0);
	CHECK_INT(err, ENOENT);
}

static void test_broken_file(void)
{
	struct seen seen;

	make();
	run_sql("pbx", "ALTER TABLE users RENAME COLUMN extension TO gone");
	CHECK(test_all(&seen) > 0);
	end();
	CHECK(strstr(seen.text, "no such column") != NULL);
}

static const struct test tests[] = {
	{ "a sound installation breaks no invariant", test_sound },
	{ "each spoilt store is caught", test_spoilt },
	{ "each spoilt row of the journal is caught", test_live },
	{ "what a live task works on is not wrong", test_live_task },
	{ "an old binding is wrong only while the pbx runs", test_binding },
	{ "stores that are not there are passed over", test_parts },
	{ "a query that cannot be asked is told", test_broken_file },
};

TEST_MAIN("ctl/invariant", tests)
