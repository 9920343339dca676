/* list.c - tests of base/list.h */
#include "base/libre.h"
#include "base/list.h"
#include "tests/unit/test.h"

struct item {
	struct table_entry in_table;
	int number;
};

static void entries_survive_growth(void)
{
	static struct item items[5000];
	struct table t;

	CHECK_INT(table_init(&t, 16), 0);
	for (int i = 0; i < 5000; i++) {
		items[i].number = i;
		table_add(&t, &items[i].in_table, (uint64_t)i * 7);
	}

	for (int i = 0; i < 5000; i++) {
		struct table_entry *e = table_first(&t, (uint64_t)i * 7);

		CHECK(e);
		CHECK_INT(CONTAINER_OF(e, struct item, in_table)->number, i);
	}

	for (int i = 0; i < 5000; i += 2)
		table_remove(&t, &items[i].in_table);
	CHECK_INT(t.count, 2500);
	CHECK(!table_first(&t, 0));
	CHECK(table_first(&t, 7));
	table_close(&t);
	CHECK(!items[1].in_table.prevp);
}

static void equal_keys_are_all_found(void)
{
	struct item a = { .number = 1 }, b = { .number = 2 };
	struct table_entry *e;
	struct table t;

	CHECK_INT(table_init(&t, 1), 0);
	table_add(&t, &a.in_table, 9);
	table_add(&t, &b.in_table, 9);
	e = table_first(&t, 9);
	CHECK(e == &b.in_table);
	e = table_next(e);
	CHECK(e == &a.in_table);
	CHECK(!table_next(e));
	table_remove(&t, &a.in_table);
	table_remove(&t, &a.in_table);
	CHECK_INT(t.count, 1);
	table_close(&t);
}

static void the_hash_tells_lengths_apart(void)
{
	CHECK(hash_span(0, SPAN("a")) != hash_span(0, SPAN("a\0")));
	CHECK(hash_span(0, SPAN("")) != hash_span(0, SPAN("\0")));
	CHECK(hash_span(0, SPAN("12345678")) == hash_span(0, SPAN("12345678")));
	CHECK(hash_span(1, SPAN("x")) != hash_span(2, SPAN("x")));
}

static const struct test tests[] = {
	{ "entries survive growth and removal", entries_survive_growth },
	{ "entries with equal keys are all found", equal_keys_are_all_found },
	{ "the hash tells lengths apart", the_hash_tells_lengths_apart },
};

TEST_MAIN("base/list", tests)
