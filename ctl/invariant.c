/* invariant.c - see invariant.h
 *
 * Views of each connection, made when their tables are there: "open" holds
 * the ids that a live task works on, "here" the customers of this machine's
 * platform group.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/libre.h"
#include "ctl/invariant.h"
#include "ctl/live_rows.h"
#include "ctl/mail_files.h"
#include "ctl/server.h"

#define TASK_LIMIT_MS    "60000"
#define BINDING_SLACK_MS "10000"

/* An object of the portal that a server lacks, and the reverse. */
#define WHOLE(kind, there, name)                                               \
	{ "I1", "every one of the portal's " kind " is at the " there,         \
	  "portal." kind " " there "." kind " open here",                      \
	  "SELECT '" kind " ' || o.id || ' is not at the " there "'"           \
	  " FROM portal." kind " o WHERE o." name                              \
	  " IN (SELECT id FROM here) AND o.id NOT IN (SELECT id FROM open)"    \
	  " AND o.id NOT IN (SELECT id FROM " there "." kind ")" },            \
	{                                                                      \
		"I1",                                                          \
			"every one of the " there "'s " kind                   \
			" is known to the portal",                             \
			"portal." kind " " there "." kind " open",             \
			"SELECT '" kind " ' || o.id || ' is at the " there     \
			" and unknown to the portal' FROM " there "." kind     \
			" o WHERE o.id NOT IN (SELECT id FROM portal." kind    \
			") AND o.id NOT IN (SELECT id FROM open)"              \
	}

/* What a server keeps of an object is what the portal has. */
#define SAME(kind, field, there, words)                                        \
	{                                                                      \
		"I1", "portal and " there " agree on the " words " of " kind,  \
			"portal." kind " " there "." kind " open",             \
			"SELECT '" kind " ' || a.id || ' has " words " ' || "  \
			"ifnull(a." field ", 'none') || ' at the portal and "  \
			"' || ifnull(b." field ", 'none') || ' at the " there  \
			"' FROM portal." kind " a JOIN " there "." kind        \
			" b ON b.id = a.id WHERE b." field " IS NOT a." field  \
			" AND a.id NOT IN (SELECT id FROM open)"               \
	}

#define UNIQUE(store, kind, columns, words)                                    \
	{                                                                      \
		"I8", "no two of the " store "'s " kind " have one " words,    \
			store "." kind,                                        \
			"SELECT count(*) || ' " kind " have " words " ' || "   \
			"min(value) FROM (SELECT " columns                     \
			" AS value FROM " store "." kind ") WHERE value IS "   \
			"NOT NULL GROUP BY value HAVING count(*) > 1"          \
	}

/* What the pbx keeps of a user beside what it is given. */
#define OF_USER(kind, words)                                                   \
	{                                                                      \
		"I1", "the pbx keeps no " words " of a user who is gone",      \
			"pbx." kind " pbx.users",                              \
			"SELECT '" words                                       \
			" of user ' || id || ', who does not "                 \
			"exist' FROM pbx." kind                                \
			" WHERE id NOT IN (SELECT id FROM pbx.users)"          \
	}

/* A reference must exist and stay within the customer. */
#define TENANT(store, kind)                                                    \
	{                                                                      \
		"I9",                                                          \
			"the " store "'s " kind                                \
			" belong to their user's customer",                    \
			store "." kind " " store ".users",                     \
			"SELECT '" kind " ' || o.id || ' of customer ' || "    \
			"ifnull(o.customer, '-') || ' refers to user ' || "    \
			"o.user || ' of ' || ifnull(u.customer, 'nobody') "    \
			"FROM " store "." kind " o LEFT JOIN " store           \
			".users u ON u.id = o.user WHERE o.user IS NOT NULL "  \
			"AND u.customer IS NOT o.customer"                     \
	}

#define CUSTOMER(store, kind)                                                  \
	{                                                                      \
		"I9", "the " store "'s " kind " have a customer",              \
			store "." kind " " store ".customers",                 \
			"SELECT '" kind " ' || id || ' has no customer ' || "  \
			"ifnull(customer, '') FROM " store "." kind            \
			" WHERE customer NOT IN (SELECT id FROM " store        \
			".customers)"                                          \
	}

/* Up to where the secondary of a pair has read the primary's log.  It may be
 * read later than the log: it has more then, never less. */
#define READ                                                                   \
	"l.seq > 0 AND l.seq <= (SELECT seq FROM pbx2.pair_state WHERE "       \
	"name = 'cursor' AND epoch = (SELECT epoch FROM pbx.pair_state "       \
	"WHERE name = 'log'))"

#define PAIR_NEEDS(kind)                                                       \
	"pbx." kind " pbx2." kind " pbx.pair_log pbx.pair_state "              \
	"pbx2.pair_log pbx2.pair_state"

#define PAIRED(kind)                                                             \
	{ "I1", "the secondary has the " kind " of the primary it has read",     \
	  PAIR_NEEDS(kind) " pbx2.tombstones",                                   \
	  "SELECT '" kind " ' || l.id || ' is not at the secondary' FROM "       \
	  "pbx.pair_log l WHERE l.kind = '" kind "' AND NOT l.is_gone "          \
	  "AND l.id IN (SELECT id FROM pbx." kind ") AND l.id NOT IN "           \
	  "(SELECT id FROM pbx2." kind ") AND l.id NOT IN (SELECT id FROM "      \
	  "pbx2.tombstones) AND " READ },                                        \
	{                                                                        \
		"I1", "no " kind " gone at the primary is at the secondary",     \
			PAIR_NEEDS(kind),                                        \
			"SELECT '" kind " ' || l.id || ' is gone at the "        \
			"primary and still at the secondary' FROM "              \
			"pbx.pair_log l WHERE l.kind = '" kind                   \
			"' AND l.is_gone AND l.id IN (SELECT id FROM pbx2." kind \
			") AND l.id NOT IN (SELECT id FROM pbx." kind            \
			") AND " READ                                            \
	}

/* Both nodes name the same change: then they have the same. */
#define PAIR_SAME(kind, field, words)                                              \
	{                                                                          \
		"I1", "primary and secondary agree on the " words " of " kind,     \
			PAIR_NEEDS(kind),                                          \
			"SELECT '" kind " ' || a.id || ' has " words " ' || "      \
			"ifnull(a." field ", 'none') || ' at the primary and "     \
			"' || ifnull(b." field ", 'none') || ' at the "            \
			"secondary' FROM pbx." kind " a JOIN pbx2." kind           \
			" b ON b.id = a.id JOIN pbx.pair_log x ON x.kind = '" kind \
			"' AND x.id = a.id JOIN pbx2.pair_log y ON "               \
			"y.kind = x.kind AND y.id = x.id WHERE "                   \
			"x.stamp = y.stamp AND a." field " IS NOT b." field        \
	}

const struct invariant invariants[] = {
	WHOLE("customers", "pbx", "id"),
	WHOLE("customers", "uc", "id"),
	WHOLE("users", "pbx", "extension IS NOT NULL AND o.customer"),
	WHOLE("users", "uc", "customer"),
	WHOLE("phones", "pbx", "customer"),
	WHOLE("phones", "uc", "user IS NOT NULL AND o.customer"),
	WHOLE("groups", "pbx", "customer"),
	SAME("users", "extension", "pbx", "extension"),
	SAME("users", "extension", "uc", "extension"),
	SAME("users", "login", "uc", "login"),
	SAME("phones", "sip_user", "pbx", "SIP user"),
	SAME("phones", "sip_user", "uc", "SIP user"),
	SAME("phones", "number", "pbx", "number"),
	SAME("groups", "number", "pbx", "number"),
	SAME("customers", "web_id", "pbx", "web id"),
	SAME("customers", "web_id", "uc", "web id"),
	{ "I1", "every device of the border is a phone of the portal",
	  "portal.phones border.devices open",
	  "SELECT 'device ' || id || ' is at the border and unknown to the "
	  "portal' FROM border.devices"
	  " WHERE id NOT IN (SELECT id FROM portal.phones)"
	  " AND id NOT IN (SELECT id FROM open)" },
	{ "I1", "every device of the border is a phone of the pbx",
	  "pbx.phones border.devices open",
	  "SELECT 'device ' || d.id || ' has SIP user ' || d.sip_user || "
	  "', the pbx has ' || ifnull(p.sip_user, 'none') FROM border.devices "
	  "d LEFT JOIN pbx.phones p ON p.id = d.id"
	  " WHERE p.sip_user IS NOT d.sip_user"
	  " AND d.id NOT IN (SELECT id FROM open)" },
	{ "I1", "no task is open for more than a minute", "portal.tasks",
	  "SELECT 'task ' || id || ' (' || type || ') is ' || state || "
	  "' since ' || ((?1 - made_ms) / 1000) || ' s' FROM portal.tasks"
	  " WHERE state NOT IN ('done', 'undone', 'failed')"
	  " AND ?1 - made_ms > " TASK_LIMIT_MS },
	{ "I1", "no task has failed to undo itself", "portal.tasks",
	  "SELECT 'task ' || id || ' (' || type || ') failed; retry it'"
	  " FROM portal.tasks WHERE state = 'failed'" },

	{ "I4", "every voice message has a sound of its length",
	  "mail.messages mail_files",
	  "SELECT 'voice message ' || m.id || ' of ' || m.length_ms || ' ms "
	  "has a sound of ' || ifnull(f.length_ms, 'no') || ' ms' FROM "
	  "mail.messages m LEFT JOIN mail_files f ON f.id = m.id AND"
	  " f.user = m.user AND f.customer = m.customer WHERE m.is_whole AND"
	  " (f.length_ms IS NULL OR abs(f.length_ms - m.length_ms) > 100)" },
	{ "I4", "every recorded sound is a voice message's",
	  "mail.messages mail_files",
	  "SELECT 'the sound ' || id || ' of user ' || user || "
	  "' is no message''s' FROM mail_files WHERE id NOT IN"
	  " (SELECT id FROM mail.messages)" },
	{ "I4", "every voice message is of a user or group mailbox there is",
	  "mail.messages pbx.users pbx.group_mailboxes",
	  "SELECT 'voice message ' || id || ' is of user ' || user || "
	  "', who does not exist' FROM mail.messages WHERE user NOT IN"
	  " (SELECT id FROM pbx.users) AND user NOT IN"
	  " (SELECT id FROM pbx.group_mailboxes)" },

	{ "I4", "every recording of a call has a sound of its length",
	  "recordings.recordings recording_files",
	  "SELECT 'recording ' || r.id || ' of ' || r.length_ms || ' ms has a "
	  "sound of ' || ifnull(f.length_ms, 'no') || ' ms' FROM "
	  "recordings.recordings r LEFT JOIN recording_files f ON f.id = r.id"
	  " AND f.customer = r.customer WHERE r.is_whole AND"
	  " (f.length_ms IS NULL OR abs(f.length_ms - r.length_ms) > 100)" },
	{ "I4", "every sound of a recorded call is a recording's",
	  "recordings.recordings recording_files",
	  "SELECT 'the sound ' || id || ' of customer ' || customer || "
	  "' is no recording''s' FROM recording_files WHERE id NOT IN"
	  " (SELECT id FROM recordings.recordings)" },

	{ "I4", "every greeting is of a user or group mailbox there is",
	  "greeting_files pbx.users pbx.group_mailboxes",
	  "SELECT 'the ' || id || ' is of user ' || user || ', who does not "
	  "exist' FROM greeting_files WHERE user NOT IN"
	  " (SELECT id FROM pbx.users) AND user NOT IN"
	  " (SELECT id FROM pbx.group_mailboxes)" },
	{ "I4", "every greeting can be played", "greeting_files",
	  "SELECT 'the ' || id || ' of user ' || user || ' is no sound' FROM "
	  "greeting_files WHERE length_ms IS NULL" },
	{ "I4", "every sound of an attendant is of one there is",
	  "attendant_files pbx.attendants",
	  "SELECT 'the sound ' || id || ' is of attendant ' || customer || "
	  "', which does not exist' FROM attendant_files WHERE customer NOT IN"
	  " (SELECT id FROM pbx.attendants)" },
	{ "I4", "every recording is of a known customer or of a deleted one",
	  "recordings.recordings pbx.customers pbx.tombstones",
	  "SELECT 'recording ' || id || ' is of customer ' || customer || "
	  "', which never was' FROM recordings.recordings WHERE customer NOT "
	  "IN (SELECT id FROM pbx.customers) AND customer NOT IN"
	  " (SELECT id FROM pbx.tombstones)" },

	{ "I5", "every call that is kept can be read", "live_calls",
	  "SELECT 'a call cannot be read' FROM live_calls WHERE id IS NULL" },
	{ "I5", "no call is kept twice", "live_calls",
	  "SELECT 'call ' || id || ' is kept ' || count(*) || ' times' FROM "
	  "live_calls GROUP BY id HAVING count(*) > 1" },
	{ "I5", "every call is of a known customer or of a deleted one",
	  "live_calls pbx.customers pbx.tombstones",
	  "SELECT 'call ' || id || ' is of customer ' || customer || "
	  "', which never was' FROM live_calls WHERE customer NOT IN"
	  " (SELECT id FROM pbx.customers) AND customer NOT IN"
	  " (SELECT id FROM pbx.tombstones)" },
	{ "I5", "every phone in a call is a known one or a deleted one",
	  "live_calls pbx.phones pbx.tombstones",
	  "SELECT 'phone ' || phone || ' of call ' || id || ' never was' FROM "
	  "(SELECT id, caller AS phone FROM live_calls UNION ALL"
	  " SELECT id, callee FROM live_calls) WHERE phone NOT IN"
	  " (SELECT id FROM pbx.phones) AND phone NOT IN"
	  " (SELECT id FROM pbx.tombstones)" },
	{ "I5", "no two calls are parked at one place", "live_calls",
	  "SELECT count(*) || ' calls of customer ' || customer || "
	  "' are parked at ' || place FROM live_calls WHERE place IS NOT NULL"
	  " GROUP BY customer, place HAVING count(*) > 1" },
	{ "I5", "every callback is of a phone that exists",
	  "callbacks pbx.phones",
	  "SELECT 'callback ' || id || ' is of phone ' || phone || ', which "
	  "does not exist' FROM callbacks WHERE phone NOT IN"
	  " (SELECT id FROM pbx.phones)" },

	{ "I6", "every binding is of a phone that exists",
	  "bindings pbx.phones",
	  "SELECT 'a binding is of phone ' || phone || ', which does not "
	  "exist' FROM bindings WHERE phone NOT IN"
	  " (SELECT id FROM pbx.phones)" },
	{ "I6", "no binding lives 10 s past its end while the pbx runs",
	  "bindings",
	  "SELECT 'a binding of phone ' || phone || ' ended ' || "
	  "((?1 - expires_ms) / 1000) || ' s ago' FROM bindings"
	  " WHERE ?2 AND ?1 - expires_ms > " BINDING_SLACK_MS },

	{ "I7", "every call has one record", "live.cdrs",
	  "SELECT 'CDR ' || id || ' is there ' || count(*) || ' times' FROM "
	  "live.cdrs GROUP BY id HAVING count(*) > 1" },
	{ "I7", "no call that goes on has its record", "live_calls live.cdrs",
	  "SELECT 'call ' || id || ' goes on and has a record' FROM live_calls"
	  " WHERE id IN (SELECT id FROM live.cdrs)" },
	{ "I7", "no record ends before it begins", "live.cdrs",
	  "SELECT 'CDR ' || id || ' ends before it begins' FROM live.cdrs"
	  " WHERE json_extract(json, '$.ended_ms') < started_ms" },
	{ "I7", "every record is of a known customer or of a deleted one",
	  "live.cdrs pbx.customers pbx.tombstones",
	  "SELECT 'CDR ' || id || ' is of customer ' || customer || "
	  "', which never was' FROM live.cdrs WHERE customer NOT IN"
	  " (SELECT id FROM pbx.customers) AND customer NOT IN"
	  " (SELECT id FROM pbx.tombstones)" },

	{ "I7", "every call stands once in a user's history", "uc.history",
	  "SELECT 'call ' || call || ' stands ' || count(*) || ' times in the "
	  "history of user ' || user FROM uc.history WHERE call IS NOT NULL "
	  "GROUP BY call, user, direction HAVING count(*) > 1" },

	{ "I1", "the secondary has read no further than the primary wrote",
	  "pbx.pair_log pbx.pair_state pbx2.pair_state",
	  "SELECT 'the secondary has read to ' || c.seq || ', the primary "
	  "wrote to ' || max(p.seq, (SELECT ifnull(max(seq), 0) FROM "
	  "pbx.pair_log)) FROM pbx2.pair_state c JOIN pbx.pair_state p ON "
	  "p.name = 'log' AND p.epoch = c.epoch WHERE c.name = 'cursor' AND "
	  "c.seq > max(p.seq, (SELECT ifnull(max(seq), 0) FROM "
	  "pbx.pair_log))" },
	PAIRED("customers"),
	PAIRED("users"),
	PAIRED("phones"),
	PAIR_SAME("users", "extension", "extension"),
	PAIR_SAME("phones", "sip_user", "SIP user"),
	PAIR_SAME("user_settings", "dnd", "do not disturb"),
	PAIR_SAME("user_settings", "forward_always", "forward"),

	UNIQUE("portal", "customers", "web_id", "web id"),
	UNIQUE("portal", "users", "customer || ' ' || login", "login"),
	UNIQUE("portal", "users", "customer || ' ' || extension", "extension"),
	UNIQUE("portal", "phones", "sip_user", "SIP user"),
	UNIQUE("pbx", "customers", "web_id", "web id"),
	UNIQUE("pbx", "users", "customer || ' ' || extension", "extension"),
	UNIQUE("pbx", "phones", "sip_user", "SIP user"),
	UNIQUE("uc", "users", "customer || ' ' || login", "login"),
	UNIQUE("border", "devices", "sip_user", "SIP user"),
	{ "I8", "no phone has another user's extension as its number",
	  "pbx.phones pbx.users",
	  "SELECT 'phone ' || p.id || ' has the extension ' || p.number || "
	  "' of user ' || u.id FROM pbx.phones p JOIN pbx.users u ON"
	  " u.customer = p.customer AND u.extension = p.number"
	  " WHERE p.user IS NOT u.id" },

	{ "I8", "no number of a customer has two owners",
	  "pbx.users pbx.groups pbx.attendants pbx.conferences "
	  "pbx.group_mailboxes",
	  "SELECT 'number ' || number || ' of customer ' || customer || "
	  "' is of ' || group_concat(owner, ' and ') FROM ("
	  "SELECT customer, extension AS number, 'user ' || id AS owner FROM "
	  "pbx.users UNION ALL "
	  /* a user's own groups have the user's number */
	  "SELECT customer, number, 'group ' || id FROM pbx.groups WHERE type "
	  "NOT IN ('personal-ring', 'multi-device', 'external-twin') UNION ALL "
	  "SELECT customer, number, 'attendant ' || id FROM pbx.attendants"
	  " UNION ALL "
	  "SELECT customer, number, 'conference ' || id FROM pbx.conferences"
	  " UNION ALL "
	  "SELECT customer, number, 'mailbox ' || id FROM "
	  "pbx.group_mailboxes) WHERE number IS NOT NULL"
	  " GROUP BY customer, number HAVING count(*) > 1" },
	{ "I8", "one user at most is logged in at a shared phone",
	  "pbx.hot_desks",
	  "SELECT count(*) || ' users are logged in at phone ' || phone FROM "
	  "pbx.hot_desks WHERE phone IS NOT NULL GROUP BY phone HAVING "
	  "count(*) > 1" },
	{ "I8", "users are logged in at shared phones of their customer",
	  "pbx.hot_desks pbx.users pbx.phones",
	  "SELECT 'user ' || d.id || ' is logged in at phone ' || d.phone || "
	  "', which is ' || CASE WHEN p.id IS NULL THEN 'not there' WHEN "
	  "p.customer IS NOT u.customer THEN 'another customer''s' ELSE "
	  "'not shared' END FROM pbx.hot_desks d LEFT JOIN pbx.users u ON "
	  "u.id = d.id LEFT JOIN pbx.phones p ON p.id = d.phone WHERE "
	  "d.phone IS NOT NULL AND (p.id IS NULL OR NOT p.hot_desk OR "
	  "p.customer IS NOT u.customer)" },
	OF_USER("hot_desks", "log-in"),
	OF_USER("user_settings", "settings"),
	OF_USER("user_pins", "PIN"),
	{ "I1", "every mailbox with settings is of a user or group mailbox",
	  "pbx.mailbox_settings pbx.users pbx.group_mailboxes",
	  "SELECT 'settings of mailbox ' || id || ' are of nobody' FROM "
	  "pbx.mailbox_settings WHERE id NOT IN (SELECT id FROM pbx.users)"
	  " AND id NOT IN (SELECT id FROM pbx.group_mailboxes)" },

	CUSTOMER("portal", "users"),
	CUSTOMER("portal", "phones"),
	CUSTOMER("pbx", "users"),
	CUSTOMER("pbx", "phones"),
	CUSTOMER("pbx", "groups"),
	CUSTOMER("pbx", "attendants"),
	CUSTOMER("pbx", "conferences"),
	CUSTOMER("pbx", "group_mailboxes"),
	CUSTOMER("pbx", "schedules"),
	CUSTOMER("pbx", "dids"),
	CUSTOMER("uc", "users"),
	TENANT("portal", "phones"),
	TENANT("pbx", "phones"),
	TENANT("uc", "phones"),
	{ "I9", "pbx and portal agree whose user each one is",
	  "portal.users pbx.users",
	  "SELECT 'user ' || a.id || ' is of ' || a.customer || "
	  "' at the portal and of ' || b.customer || ' at the pbx'"
	  " FROM portal.users a JOIN pbx.users b ON b.id = a.id"
	  " WHERE b.customer IS NOT a.customer" },
	{ "I9", "uc and portal agree whose user each one is",
	  "portal.users uc.users",
	  "SELECT 'user ' || a.id || ' is of ' || a.customer || "
	  "' at the portal and of ' || b.customer || ' at the uc'"
	  " FROM portal.users a JOIN uc.users b ON b.id = a.id"
	  " WHERE b.customer IS NOT a.customer" },
};

const size_t invariant_count = ARRAY_SIZE(invariants);

struct stores {
	sqlite3 *db;
	bool pbx_runs;
};

static void stores_destructor(void *data)
{
	struct stores *s = data;

	(void)sqlite3_close(s->db);
}

/* Whether a table or view "store.table" or "view" is there. */
static bool has_table(struct stores *s, const char *name)
{
	const char *dot = strchr(name, '.');
	sqlite3_stmt *st = NULL;
	char sql[128];
	bool found;

	(void)snprintf(sql, sizeof(sql),
		       "SELECT 1 FROM %.*s.sqlite_master WHERE name = ?1",
		       dot ? (int)(dot - name) : 4, dot ? name : "temp");
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL))
		return false;
	(void)sqlite3_bind_text(st, 1, dot ? dot + 1 : name, -1, SQLITE_STATIC);
	found = sqlite3_step(st) == SQLITE_ROW;
	(void)sqlite3_finalize(st);

	return found;
}

/* DIR/FOLDER/FILE.db, to be called by a name. */
static int attach(struct stores *s, const char *dir, const char *folder,
		  const char *name_of_file, const char *name)
{
	char path[600], uri[640];
	sqlite3_stmt *st = NULL;
	struct stat file;
	int rc;

	(void)snprintf(path, sizeof(path), "%s/%s/%s.db", dir, folder,
		       name_of_file);
	if (stat(path, &file))
		return ENOENT;
	(void)snprintf(uri, sizeof(uri), "file:%s?mode=ro", path);
	rc = sqlite3_prepare_v2(s->db, "ATTACH ?1 AS ?2", -1, &st, NULL);
	if (!rc) {
		(void)sqlite3_bind_text(st, 1, uri, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
		rc = sqlite3_step(st);
	}
	(void)sqlite3_finalize(st);
	if (rc != SQLITE_DONE) {
		(void)fprintf(stderr, "holdfast check: %s: %s\n", path,
			      sqlite3_errmsg(s->db));
		return EIO;
	}

	return 0;
}

static void views_make(struct stores *s)
{
	if (has_table(s, "portal.tasks") && has_table(s, "portal.task_steps"))
		(void)sqlite3_exec(
			s->db,
			"CREATE TEMP VIEW open AS SELECT p.object AS id FROM "
			"portal.task_steps p JOIN portal.tasks t ON t.id = "
			"p.task WHERE t.state NOT IN ('done', 'undone', "
			"'failed')",
			NULL, NULL, NULL);
	if (has_table(s, "portal.customers") &&
	    has_table(s, "portal.platforms"))
		(void)sqlite3_exec(
			s->db,
			"CREATE TEMP VIEW here AS SELECT c.id AS id FROM "
			"portal.customers c JOIN portal.platforms p ON p.id = "
			"c.platform WHERE p.name = 'p1'",
			NULL, NULL, NULL);
}

int stores_open(struct stores **sp, const char *dir)
{
	static const char *const files[][3] = {
		{ "portal", "portal", "portal" },
		{ "uc", "uc", "uc" },
		{ "pbx", "pbx", "pbx" },
		{ "pbx", "live", "live" },
		{ "pbx", "mail", "mail" },
		{ "pbx", "recordings", "recordings" },
		{ "border", "border", "border" },
		{ "pbx2", "pbx", "pbx2" },
	};
	struct stores *s = mem_zalloc(sizeof(*s), stores_destructor);
	size_t found = 0;
	int err = 0;

	if (!s)
		return ENOMEM;
	if (sqlite3_open_v2(":memory:", &s->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL)) {
		err = ENOMEM;
		goto out;
	}
	(void)sqlite3_busy_timeout(s->db, 5000);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		err = attach(s, dir, files[i][0], files[i][1], files[i][2]);
		if (!err)
			found++;
		if (err && err != ENOENT)
			goto out;
	}
	err = found ? live_rows_make(s->db, dir) : ENOENT;
	if (!err)
		err = mail_files_make(s->db, dir);
	if (err)
		goto out;
	s->pbx_runs = server_pid(dir, "pbx") != 0;
	views_make(s);

out:
	if (err)
		mem_deref(s);
	else
		*sp = s;

	return err;
}

static bool has_all(struct stores *s, const char *needs)
{
	char name[64];

	while (*needs) {
		size_t n = strcspn(needs, " ");

		(void)snprintf(name, sizeof(name), "%.*s", (int)n, needs);
		if (!has_table(s, name))
			return false;
		needs += n;
		needs += strspn(needs, " ");
	}

	return true;
}

unsigned invariant_test(struct stores *s, const struct invariant *v, wrong_h *h,
			void *arg, bool *skipped)
{
	sqlite3_stmt *st = NULL;
	unsigned wrong = 0;
	int rc;

	*skipped = !has_all(s, v->needs);
	if (*skipped)
		return 0;
	rc = sqlite3_prepare_v2(s->db, v->sql, -1, &st, NULL);
	if (!rc) {
		(void)sqlite3_bind_int64(st, 1, (int64_t)clock_wall_ms());
		(void)sqlite3_bind_int(st, 2, s->pbx_runs);
		while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
			const char *text = (const char *)sqlite3_column_text(st,
									     0);

			wrong++;
			h(v, text ? text : "(no words)", arg);
		}
	}
	if (rc != SQLITE_DONE) {
		wrong++;
		h(v, sqlite3_errmsg(s->db), arg);
	}
	(void)sqlite3_finalize(st);

	return wrong;
}
