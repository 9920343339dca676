/* presence.c - tests of uc/presence.h */
#include "base/libre.h"
#include "tests/unit/test.h"
#include "uc/presence.h"

static char told[256];

static void note(const char *user, const char *state, void *arg)
{
	size_t n = strlen(told);

	(void)arg;
	snprintf(told + n, sizeof(told) - n, "%s=%s ", user, state);
}

static struct presence *start(void)
{
	struct presence *p = NULL;

	told[0] = '\0';
	CHECK_INT(presence_alloc(&p, note, NULL), 0);
	presence_source(p, "pbx", true);
	return p;
}

static void leg(struct presence *p, const char *id, const char *state)
{
	json_t *j = json_pack("{s:s,s:s,s:s}", "id", id, "user", "alice",
			      "state", state);

	presence_leg(p, "pbx", j);
	json_decref(j);
}

static void registration(struct presence *p, const char *phone, bool is_there)
{
	json_t *j = json_pack("{s:s,s:s,s:b}", "phone", phone, "user", "alice",
			      "registered", is_there);

	presence_registration(p, "pbx", j);
	json_decref(j);
}

static void the_strongest_fact_is_shown(void)
{
	struct presence *p = start();

	CHECK_STR(presence_state(p, "alice"), "offline");
	registration(p, "desk", true);
	leg(p, "leg1", "alerting");
	leg(p, "leg2", "connected");
	CHECK_STR(presence_state(p, "alice"), "busy");
	leg(p, "leg2", "held");
	leg(p, "leg1", "null");
	leg(p, "leg2", "null");
	CHECK_STR(presence_state(p, "alice"), "idle");
	registration(p, "desk", false);
	CHECK_STR(told, "alice=idle alice=ringing alice=busy alice=idle "
			"alice=offline ");
	mem_deref(p);
}

static void a_lost_source_makes_its_people_unknown(void)
{
	struct presence *p = start();

	registration(p, "desk", true);
	presence_source(p, "pbx", false);
	CHECK_STR(presence_state(p, "alice"), "unknown");
	presence_source(p, "pbx", true);
	CHECK_STR(presence_state(p, "alice"), "idle");
	CHECK_STR(told, "alice=idle alice=unknown alice=idle ");
	mem_deref(p);
}

static void what_a_lost_node_said_counts_no_more(void)
{
	struct presence *p = start();
	json_t *j = json_pack("{s:s,s:s,s:b}", "phone", "desk", "user", "alice",
			      "registered", 1);

	presence_source(p, "other", true);
	leg(p, "leg1", "connected");
	presence_source(p, "pbx", false);
	CHECK_STR(presence_state(p, "alice"), "unknown");
	presence_registration(p, "other", j);
	CHECK_STR(presence_state(p, "alice"), "idle");
	presence_source(p, "pbx", true);
	CHECK_STR(presence_state(p, "alice"), "busy");
	mem_deref(p);
	json_decref(j);
}

static void a_snapshot_forgets_what_is_not_in_it(void)
{
	struct presence *p = start();
	json_t *snapshot = json_pack("{s:[{s:s,s:s,s:b}],s:[]}",
				     "registrations", "phone", "desk", "user",
				     "alice", "registered", 1, "calls");

	leg(p, "leg1", "connected");
	CHECK_STR(presence_state(p, "alice"), "busy");
	presence_snapshot(p, "pbx", snapshot);
	CHECK_STR(presence_state(p, "alice"), "idle");
	json_decref(snapshot);
	mem_deref(p);
}

static void a_snapshot_in_parts_tells_only_the_outcome(void)
{
	struct presence *p = start();
	json_t *first = json_pack("{s:b,s:[],s:[],s:b}", "first", 1,
				  "registrations", "calls", "last", 0);
	json_t *last = json_pack("{s:b,s:[{s:s,s:s,s:b}],s:[],s:b}", "first", 0,
				 "registrations", "phone", "desk", "user",
				 "alice", "registered", 1, "calls", "last", 1);

	registration(p, "desk", true);
	leg(p, "leg1", "connected");
	told[0] = '\0';
	presence_snapshot(p, "pbx", first);
	CHECK_STR(presence_state(p, "alice"), "busy");
	presence_snapshot(p, "pbx", last);
	CHECK_STR(told, "alice=idle ");
	json_decref(first);
	json_decref(last);
	mem_deref(p);
}

static void junk_is_passed_over(void)
{
	struct presence *p = start();
	json_t *junk = json_pack("{s:i,s:[]}", "user", 5, "id");

	presence_leg(p, "pbx", junk);
	presence_registration(p, "pbx", junk);
	presence_snapshot(p, "pbx", junk);
	presence_forget(p, "nobody");
	CHECK_STR(told, "");
	json_decref(junk);
	mem_deref(p);
}

static const struct test tests[] = {
	{ "the strongest fact is shown", the_strongest_fact_is_shown },
	{ "a lost source makes its people unknown, not idle",
	  a_lost_source_makes_its_people_unknown },
	{ "what a lost node of a pair said counts no more when the other "
	  "one says more",
	  what_a_lost_node_said_counts_no_more },
	{ "a snapshot forgets what is not in it",
	  a_snapshot_forgets_what_is_not_in_it },
	{ "a snapshot in parts tells only the outcome",
	  a_snapshot_in_parts_tells_only_the_outcome },
	{ "junk from a source is passed over", junk_is_passed_over },
};

TEST_MAIN("uc/presence", tests)
