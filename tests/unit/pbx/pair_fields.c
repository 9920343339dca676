/* pair_fields.c - tests of pbx/pair/pair_fields.h */
#include "base/json.h"
#include "pbx/pair/pair_fields.h"
#include "tests/unit/test.h"

static json_t *object(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	CHECK(json);

	return json;
}

static json_t *merge(const char *ours, const char *theirs, bool is_theirs_later,
		     struct pair_fields_merge *m)
{
	json_t *a = object(ours), *b = object(theirs), *out;

	*m = (struct pair_fields_merge){ .ours = a,
					 .theirs = b,
					 .is_theirs_later = is_theirs_later };
	out = pair_fields_merge(m);
	json_decref(a);
	json_decref(b);

	return out;
}

#define ONE                                                                    \
	"{\"id\":\"u\",\"dnd\":true,\"busy\":null,\"ring\":9,"                 \
	"\"stamps\":{\"dnd\":10,\"ring\":30}}"
#define TWO                                                                    \
	"{\"id\":\"u\",\"dnd\":false,\"busy\":\"2003\",\"ring\":7,"            \
	"\"stamps\":{\"dnd\":21,\"busy\":23}}"

static void of_each_field_the_later_one_holds(void)
{
	struct pair_fields_merge m;
	json_t *a = merge(ONE, TWO, true, &m), *b;

	CHECK(m.keeps_ours);
	CHECK(!json_get_bool(a, "dnd", true));
	CHECK_STR(json_get_text(a, "busy"), "2003");
	CHECK_INT(json_get_int(a, "ring", 0), 9);

	/* whoever merges, and however often */
	b = merge(TWO, ONE, false, &m);
	CHECK(json_equal(a, b));
	json_decref(b);
	m = (struct pair_fields_merge){ .ours = a, .theirs = a };
	b = pair_fields_merge(&m);
	CHECK(json_equal(a, b));
	CHECK(!m.keeps_ours && !m.has_conflict);
	json_decref(b);
	json_decref(a);
}

static void without_stamps_the_later_object_holds(void)
{
	struct pair_fields_merge m;
	json_t *a = merge("{\"dnd\":true}", "{\"dnd\":false}", true, &m);

	CHECK(!json_get_bool(a, "dnd", true) && !m.keeps_ours);
	json_decref(a);
	a = merge("{\"dnd\":true}", "{\"dnd\":false}", false, &m);
	CHECK(json_get_bool(a, "dnd", false) && m.keeps_ours);
	CHECK(!m.has_conflict);
	json_decref(a);
}

static void both_without_knowing_is_a_conflict(void)
{
	json_t *a = object(ONE), *b = object(TWO);
	struct pair_fields_merge m = { .ours = a, .theirs = b };

	json_decref(pair_fields_merge(&m));
	CHECK(m.has_conflict);
	m.has_conflict = false;
	m.known = 12; /* they knew ours when they set theirs */
	json_decref(pair_fields_merge(&m));
	CHECK(!m.has_conflict);
	json_decref(a);
	json_decref(b);
}

static const struct test tests[] = {
	{ "of each field the later one holds",
	  of_each_field_the_later_one_holds },
	{ "without stamps the later object holds",
	  without_stamps_the_later_object_holds },
	{ "a field that both have set without knowing is a conflict",
	  both_without_knowing_is_a_conflict },
};

TEST_MAIN("pbx/pair_fields", tests)
