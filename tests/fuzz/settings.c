/* settings.c - fuzz what an administrator stores: kinds whose fields are texts
 * or JSON of their own (hours and holidays, number patterns, menus, codes)
 *
 * The first octet chooses the kind, the rest is the object.  What the kind's
 * table and its own check let through is taken and asked.
 */
#include "base/json.h"
#include "base/zone.h"
#include "model/pbx_kinds.h"
#include "model/permission.h"
#include "pbx/desk/twin_keys.h"
#include "pbx/feature/dial.h"
#include "pbx/feature/keys.h"
#include "pbx/mail/mailbox_class.h"
#include "pbx/route/attendant.h"
#include "pbx/route/code.h"
#include "pbx/route/number_plan.h"
#include "pbx/route/schedule.h"
#include "pbx/trunk/cpn.h"
#include "tests/fuzz/fuzz.h"

static void schedule_ask(json_t *object, json_t *errors)
{
	const struct schedule *s;

	schedule_check(object, errors);
	if (json_array_size(errors) || schedule_take(object, NULL))
		return;
	s = schedule_find("x");
	FUZZ_CHECK(s);
	for (int64_t t = 1700000000; t < 1800000000; t += 9000001) {
		int64_t next = schedule_next(s, t);

		FUZZ_CHECK(schedule_say(s, t).mode < MODES);
		FUZZ_CHECK(!next || next > t);
	}
	schedule_remove("x");
}

static void rules_ask(json_t *object, json_t *errors)
{
	static const char *const numbers[] = { "0611223344", "+33145670000",
					       "112",        "00",
					       "0891",       "" };
	char plain[DIRECTORY_NUMBER_MAX + 1];

	number_plan_check(json_object_get(object, "categories"), errors);
	if (json_array_size(errors))
		return;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		FUZZ_CHECK(number_category_of(object, numbers[i], plain) <
			   NUMBER_CATEGORIES);
		FUZZ_CHECK(strlen(plain) <= DIRECTORY_NUMBER_MAX);
	}
}

static void attendant_ask(json_t *object, json_t *errors)
{
	const struct attendant *a;
	const char *to;

	attendant_check(object, errors);
	if (json_array_size(errors) || attendant_take(object, NULL))
		return;
	a = attendant_find("x");
	FUZZ_CHECK(a);
	for (const char *key = "0123456789*#"; *key; key++)
		for (int mode = 0; mode < MODES; mode++)
			(void)attendant_key(a, (enum service_mode)mode, "",
					    *key, &to);
	attendant_remove("x");
}

static void customer_ask(json_t *object, json_t *errors)
{
	code_check(json_object_get(object, "codes"), errors);
	twin_keys_check(object, errors);
	dial_check(json_object_get(object, "speed_dials"), true, errors);
}

static void zone_ask(json_t *object, json_t *errors)
{
	zone_check(object, "x", errors);
}

static const struct {
	const struct kind *kind;
	void (*ask)(json_t *object, json_t *errors);
} kinds[] = {
	{ &schedule_kind, schedule_ask },
	{ &outside_rules_kind, rules_ask },
	{ &attendant_kind, attendant_ask },
	{ &pbx_customer_kind, customer_ask },
	{ &zone_kind, zone_ask },
	{ &pbx_phone_kind, (void (*)(json_t *, json_t *))keys_check },
};

static void world_make(void)
{
	const struct customer_fields acme = {
		.id = "acme",
		.name = "Acme",
		.time_zone = "Europe/Paris",
	};

	FUZZ_CHECK(!directory_init(NULL, NULL) && !schedule_init() &&
		   !attendant_init() && !directory_put_customer(&acme));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_made;
	json_t *in = NULL, *object = NULL, *errors;
	size_t which;

	if (!is_made)
		world_make();
	is_made = true;
	if (!size)
		return 0;
	which = data[0] % (sizeof(kinds) / sizeof(kinds[0]));
	if (json_read(&in,
		      (struct span){ (const char *)data + 1,
				     (uint32_t)(size - 1) },
		      0, NULL))
		return 0;

	errors = json_array();
	if (json_is_object(in) && kind_field(kinds[which].kind, "customer"))
		json_object_set_new(in, "customer", json_string("acme"));
	if (json_is_object(in) &&
	    !kind_check(&object, kinds[which].kind, in, KIND_CREATE,
			ROLE_SERVICE, errors)) {
		json_object_set_new(object, "id", json_string("x"));
		kinds[which].ask(object, errors);
	}
	json_decref(object);
	json_decref(errors);
	json_decref(in);
	return 0;
}
