/* account.c - tests of phone/account.h */
#include <unistd.h>

#include "base/libre.h"
#include "phone/account.h"
#include "tests/unit/test.h"

#define WHOLE                                                                  \
	"{\"version\":1,\"client\":\"desktop\",\"phone\":\"p1\","              \
	"\"user\":{\"id\":\"u1\",\"name\":\"Alice\",\"login\":\"a@b\"},"       \
	"\"uc\":{\"url\":\"http://127.0.0.1:1\",\"device_token\":\"t\"},"      \
	"\"sip\":{\"registrars\":[\"sip:127.0.0.1:8060\"],"                    \
	"\"outbound_proxy\":null,\"realm\":\"holdfast\","                      \
	"\"sip_user\":\"x\",\"sip_secret\":\"y\",\"number\":\"2001\","         \
	"\"transport\":\"tcp\"}}"

static void a_whole_account_is_read(void)
{
	char why[ACCOUNT_WHY_BYTES];
	struct account *a = NULL, *again = NULL;
	char path[] = "/tmp/holdfast-account-XXXXXX";

	CHECK(!account_parse(&a, SPAN(WHOLE), why));
	CHECK_STR(a->name, "Alice");
	CHECK_STR(a->registrars[0], "sip:127.0.0.1:8060");
	CHECK_STR(a->outbound_proxy, "");
	CHECK_INT(a->transport, SIP_TCP);
	CHECK(account_has_uc(a) && account_has_phone(a));
	CHECK_STR(account_id(a), "p1");

	CHECK(close(mkstemp(path)) == 0);
	CHECK(!account_save(a, path));
	CHECK(!account_load(&again, path, why));
	CHECK_STR(again->sip_secret, "y");
	unlink(path);
	mem_deref(a);
	mem_deref(again);
}

/* Replace the first `from` of the whole account and expect this fault. */
static void refuse(const char *from, const char *to, const char *want)
{
	char text[2048], why[ACCOUNT_WHY_BYTES];
	const char *at = strstr(WHOLE, from);
	struct account *a = NULL;

	CHECK(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - WHOLE), WHOLE, to,
		 at + strlen(from));
	CHECK_INT(account_parse(&a, span_of(text), why), EBADMSG);
	CHECK(!a);
	CHECK_STR(why, want);
}

static void a_fault_names_its_field(void)
{
	refuse("\"version\":1", "\"version\":2", "version: must be 1");
	refuse("\"x\"", "7", "sip.sip_user: must be a text");
	refuse("\"sip_user\":\"x\",", "", "sip.sip_user: is missing");
	refuse("\"x\"", "\"a@b\"",
	       "sip.sip_user: may hold letters, digits and -_.+ only");
	refuse("\"p1\"", "\"../x\"",
	       "phone: may hold letters, digits and -_.+ only");
	refuse("\"desktop\"", "\"fax\"",
	       "client: must be desktop, web, mobile or desk");
	refuse("http://127.0.0.1:1", "ftp://x",
	       "uc.url: must begin with http:// or https://");
	refuse("sip:127.0.0.1:8060", "mailto:x",
	       "sip.registrars[0]: must be a sip: URI");
	refuse("\"tcp\"", "\"sctp\"", "sip.transport: must be udp, tcp or tls");
	refuse("\"y\"", "null", "sip.sip_secret: is missing");
	refuse("Alice", "Al\\u0007ice", "user.name: holds a control character");
}

static void a_desk_phone_has_no_uc(void)
{
	char why[ACCOUNT_WHY_BYTES];
	struct account *a = NULL;

	CHECK(!account_parse(&a,
			     SPAN("{\"version\":1,\"phone\":\"p\",\"uc\":null,"
				  "\"sip\":{\"registrars\":[],"
				  "\"sip_user\":\"x\"}}"),
			     why));
	CHECK(!account_has_uc(a));
	CHECK_STR(a->client, "desk");
	mem_deref(a);
}

static void a_user_may_have_no_phone(void)
{
	char why[ACCOUNT_WHY_BYTES];
	struct account *a = NULL;

	CHECK(!account_parse(
		&a,
		SPAN("{\"version\":1,\"client\":\"web\",\"phone\":null,"
		     "\"user\":{\"id\":\"dora\"},\"sip\":null,\"uc\":{\"url\":"
		     "\"http://127.0.0.1:1\",\"device_token\":\"t\"}}"),
		why));
	CHECK(!account_has_phone(a));
	CHECK_STR(account_id(a), "dora");
	mem_deref(a);
}

static const struct test tests[] = {
	{ "a whole account is read, kept and read again",
	  a_whole_account_is_read },
	{ "a fault names its field", a_fault_names_its_field },
	{ "a desk phone has no uc", a_desk_phone_has_no_uc },
	{ "a user may have no phone", a_user_may_have_no_phone },
};

TEST_MAIN("phone/account", tests)
