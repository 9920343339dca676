/* sealed.c - the journal's JSON keeps its secrets, at any depth */
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/libre.h"
#include "base/secrets.h"
#include "portal/sealed.h"
#include "tests/unit/test.h"

static void secrets_are_sealed_and_come_back(void)
{
	char dir[] = "/tmp/sealed-XXXXXX", path[60];
	struct key_file *keys;
	json_t *json, *back;
	char *text;

	CHECK(!secrets_init());
	CHECK(mkdtemp(dir));
	CHECK(!key_file_open(&keys, dir));
	json = json_loads(
		"{\"sip_secret\":\"hush1\",\"name\":\"plain\","
		"\"phones\":[{\"sip_secret\":\"hush2\",\"pin\":null}],"
		"\"body\":{\"initial_password\":\"hush3\"}}",
		0, NULL);
	text = sealed_text(keys, json);
	CHECK(text);
	CHECK(!strstr(text, "hush"));
	CHECK(strstr(text, "plain"));
	back = sealed_read(keys, text);
	CHECK(json_equal(json, back));
	CHECK(!sealed_text(keys, NULL));
	CHECK(!sealed_read(keys, NULL));

	json_decref(back);
	json_decref(json);
	mem_deref(text);
	mem_deref(keys);
	snprintf(path, sizeof(path), "%s/key", dir);
	(void)remove(path);
	(void)rmdir(dir);
}

static const struct test tests[] = {
	{ "secrets are sealed and come back",
	  secrets_are_sealed_and_come_back },
};

TEST_MAIN("portal/sealed", tests)
