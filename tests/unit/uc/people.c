/* people.c - tests of uc/people.h */
#include "base/libre.h"
#include "tests/unit/test.h"
#include "uc/people.h"

static void put_customer(struct people *p, const char *id, const char *web_id)
{
	json_t *j = json_pack("{s:s,s:s}", "id", id, "web_id", web_id);

	CHECK_INT(people_put_customer(p, j), 0);
	json_decref(j);
}

static int put_user(struct people *p, const char *id, const char *customer,
		    const char *login)
{
	json_t *j = json_pack("{s:s,s:s,s:s,s:s,s:s}", "id", id, "customer",
			      customer, "login", login, "first_name", "Ada",
			      "last_name", "Byron");
	int err = people_put_user(p, j);

	json_decref(j);
	return err;
}

static void the_same_login_in_two_customers_is_two_people(void)
{
	struct people *p = NULL;

	CHECK_INT(people_alloc(&p), 0);
	put_customer(p, "c1", "acme");
	put_customer(p, "c2", "beta");
	CHECK_INT(put_user(p, "u1", "c1", "alice"), 0);
	CHECK_INT(put_user(p, "u2", "c2", "alice"), 0);
	CHECK_STR(people_by_login(p, "ALICE@Acme")->id, "u1");
	CHECK_STR(people_by_login(p, "alice@beta")->id, "u2");
	CHECK(!people_by_login(p, "alice"));
	CHECK_STR(people_find(p, "u1")->name, "Ada Byron");
	CHECK_INT(put_user(p, "u3", "c3", "bob"), EINVAL);
	mem_deref(p);
}

static void a_new_login_or_web_id_replaces_the_old_one(void)
{
	struct people *p = NULL;

	CHECK_INT(people_alloc(&p), 0);
	put_customer(p, "c1", "acme");
	CHECK_INT(put_user(p, "u1", "c1", "alice"), 0);
	CHECK_INT(put_user(p, "u1", "c1", "alicia"), 0);
	CHECK(!people_by_login(p, "alice@acme"));
	put_customer(p, "c1", "ajax");
	CHECK(!people_by_login(p, "alicia@acme"));
	CHECK_STR(people_by_login(p, "alicia@ajax")->id, "u1");
	people_drop_customer(p, "c1");
	CHECK(!people_find(p, "u1"));
	mem_deref(p);
}

static const struct test tests[] = {
	{ "the same login in two customers is two people",
	  the_same_login_in_two_customers_is_two_people },
	{ "a new login or web id replaces the old one",
	  a_new_login_or_web_id_replaces_the_old_one },
};

TEST_MAIN("uc/people", tests)
