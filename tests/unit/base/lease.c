/* lease.c - tests of base/lease.h: its rules, and never two holders */
#include "base/lease.h"
#include "base/libre.h"
#include "tests/unit/test.h"

static void a_vote_is_for_one_until_it_ends(void)
{
	struct lease_vote v;

	lease_vote_restore(&v, "", 0, 1000, 5000);
	CHECK_INT(lease_vote_ask(&v, "a", 1, 1000, 5500), LEASE_TAKEN);
	CHECK_INT(lease_vote_ask(&v, "a", 1, 1000, 6000), LEASE_GRANTED);
	CHECK_INT(lease_vote_ask(&v, "b", 2, 1000, 6500), LEASE_TAKEN);
	CHECK_INT(lease_vote_ask(&v, "a", 1, 1000, 6900), LEASE_RENEWED);
	lease_vote_answered(&v, 6900);
	CHECK_INT(lease_vote_ask(&v, "b", 2, 1000, 7500), LEASE_TAKEN);
	CHECK_INT(lease_vote_ask(&v, "b", 1, 1000, 7900), LEASE_OUTDATED);
	CHECK_INT(lease_vote_ask(&v, "b", 2, 1000, 7900), LEASE_GRANTED);
	CHECK_INT(lease_vote_ask(&v, "a", 3, 1000, 7901), LEASE_TAKEN);
}

static void who_gives_it_back_frees_it_at_once(void)
{
	struct lease_vote v;

	lease_vote_restore(&v, "", 0, 1000, 0);
	CHECK_INT(lease_vote_ask(&v, "a", 4, 1000, 1000), LEASE_GRANTED);
	CHECK(!lease_vote_release(&v, "b", 4, 1001));
	CHECK(!lease_vote_release(&v, "a", 3, 1001));
	CHECK(lease_vote_release(&v, "a", 4, 1001));
	CHECK_INT(lease_vote_ask(&v, "b", 5, 1000, 1001), LEASE_GRANTED);
}

static void a_voter_that_comes_back_keeps_its_word(void)
{
	struct lease_vote v;

	lease_vote_restore(&v, "a", 7, 1000, 0);
	CHECK_INT(lease_vote_ask(&v, "b", 8, 1000, 999), LEASE_TAKEN);
	CHECK_INT(lease_vote_ask(&v, "a", 7, 1000, 10), LEASE_RENEWED);
	lease_vote_restore(&v, "a", 7, 1000, 0);
	CHECK_INT(lease_vote_ask(&v, "a", 8, 1000, 10), LEASE_GRANTED);
}

static void two_votes_make_a_holder(void)
{
	struct lease_claim c = { .ttl_ms = 1000 };
	uint64_t epoch = lease_claim_round(&c, 10);

	CHECK_INT(epoch, 1);
	lease_claim_granted(&c, 0, epoch, 10);
	CHECK(!lease_claim_holds(&c, 11));
	lease_claim_denied(&c, 1, 5);
	lease_claim_granted(&c, 2, epoch, 20);
	CHECK(lease_claim_holds(&c, 21));
	CHECK_INT(lease_claim_until(&c), 10 + 1000 - 200);
	CHECK(!lease_claim_holds(&c, 810));
	CHECK_INT(lease_claim_round(&c, 900), 6);
	CHECK(!lease_claim_holds(&c, 900));
	lease_claim_granted(&c, 0, 1, 900); /* a late answer of before */
	CHECK_INT(c.until_ms[0], 0);
	lease_claim_drop(&c);
	CHECK_INT(lease_claim_round(&c, 901), 7);
}

/* ---- three voters, two claimants, a bad network, clocks that drift ---- */

enum { TTL = 1000, STEPS = 60000, WIRES = 64, DELAY_MAX = 700 };

struct wire {         /* a request, then its answer */
	uint64_t due; /* true time; 0 free */
	uint64_t sent_ms;
	uint64_t epoch;
	unsigned who, voter;
	bool is_answer, is_granted;
};

static struct {
	struct lease_vote votes[LEASE_VOTERS];
	struct lease_vote disks[LEASE_VOTERS];
	struct lease_claim claims[2];
	struct wire wires[WIRES];
	uint32_t seed;
	bool cut[2][LEASE_VOTERS];
} world;

static const char *const names[] = { "a", "b" };

static uint32_t dice(uint32_t n)
{
	world.seed = world.seed * 1664525 + 1013904223;

	return (world.seed >> 8) % n;
}

/* Claimants' clocks run up to 4 % apart, voters' too. */
static uint64_t clock_of(unsigned i, uint64_t now)
{
	static const uint64_t speed[] = { 104, 96, 100, 97, 103 };

	return 100000 + now * speed[i] / 100;
}

static void put_wire(struct wire w)
{
	for (unsigned i = 0; i < WIRES; i++) {
		if (!world.wires[i].due) {
			world.wires[i] = w;
			return;
		}
	}
}

static void ask_all(unsigned who, uint64_t now)
{
	uint64_t ms = clock_of(who, now);
	uint64_t epoch = lease_claim_round(&world.claims[who], ms);

	for (unsigned v = 0; v < LEASE_VOTERS; v++) {
		if (!world.cut[who][v])
			put_wire(
				(struct wire){ .due = now + 1 + dice(DELAY_MAX),
					       .sent_ms = ms,
					       .epoch = epoch,
					       .who = who,
					       .voter = v });
	}
}

static void arrive(struct wire w, uint64_t now)
{
	struct lease_vote *v = &world.votes[w.voter];
	uint64_t ms = clock_of(2 + w.voter, now);
	enum lease_verdict verdict;

	if (w.is_answer) {
		if (w.is_granted)
			lease_claim_granted(&world.claims[w.who], w.voter,
					    w.epoch, w.sent_ms);
		else
			lease_claim_denied(&world.claims[w.who], w.voter,
					   w.epoch);
		return;
	}

	verdict = lease_vote_ask(v, names[w.who], w.epoch, TTL, ms);
	w.is_granted = verdict <= LEASE_GRANTED;
	if (w.is_granted) {
		world.disks[w.voter] = *v;
		lease_vote_answered(v, ms);
	}
	else {
		w.epoch = v->epoch;
	}
	w.is_answer = true;
	w.due = now + 1 + dice(DELAY_MAX);
	if (!world.cut[w.who][w.voter])
		put_wire(w);
}

static void trouble(uint64_t now)
{
	unsigned n = dice(LEASE_VOTERS), who = dice(2);

	switch (dice(5)) {
	case 0:
	case 1: world.cut[who][n] = true; break;
	case 2: memset(world.cut, 0, sizeof(world.cut)); break;
	case 3: /* a voter dies and comes back */
		lease_vote_restore(&world.votes[n], world.disks[n].holder,
				   world.disks[n].epoch, TTL,
				   clock_of(2 + n, now));
		break;
	default: /* a claimant gives it up, its word on the way */
		if (dice(3))
			break;
		for (unsigned i = 0; i < LEASE_VOTERS; i++)
			(void)lease_vote_release(&world.votes[i], names[who],
						 world.claims[who].epoch,
						 clock_of(2 + i, now));
		lease_claim_drop(&world.claims[who]);
	}
}

static void there_are_never_two_holders(void)
{
	unsigned held[2] = { 0, 0 }, both = 0;

	for (uint32_t run = 1; run <= 20; run++) {
		memset(&world, 0, sizeof(world));
		world.seed = run * 7919;
		for (unsigned v = 0; v < LEASE_VOTERS; v++)
			lease_vote_restore(&world.votes[v], "", 0, TTL,
					   clock_of(2 + v, 0));
		world.claims[0].ttl_ms = world.claims[1].ttl_ms = TTL;

		for (uint64_t now = 1; now < STEPS; now++) {
			bool holds[2];

			for (unsigned who = 0; who < 2; who++) {
				if (!dice(TTL / 4))
					ask_all(who, now);
			}
			for (unsigned i = 0; i < WIRES; i++) {
				struct wire w = world.wires[i];

				if (!w.due || w.due > now)
					continue;
				world.wires[i].due = 0;
				arrive(w, now);
			}
			if (!dice(800))
				trouble(now);
			for (unsigned who = 0; who < 2; who++) {
				holds[who] = lease_claim_holds(
					&world.claims[who], clock_of(who, now));
				held[who] += holds[who];
			}
			both += holds[0] && holds[1];
		}
	}

	CHECK_INT(both, 0);
	CHECK(held[0] > 1000); /* and it is of use to both */
	CHECK(held[1] > 1000);
}

static const struct test tests[] = {
	{ "a vote is for one until it ends", a_vote_is_for_one_until_it_ends },
	{ "who gives it back frees it at once",
	  who_gives_it_back_frees_it_at_once },
	{ "a voter that comes back keeps its word",
	  a_voter_that_comes_back_keeps_its_word },
	{ "two votes make a holder", two_votes_make_a_holder },
	{ "there are never two holders, whatever the network does",
	  there_are_never_two_holders },
};

TEST_MAIN("base/lease", tests)
