/* sealed.c - see sealed.h */
#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/secrets.h"
#include "portal/sealed.h"

static const char *const secret_names[] = {
	"sip_secret", "initial_password", "pin",      "tui_passcode",
	"pbx_token",  "pbx2_token",       "uc_token", "border_token",
	"token",      "password",         "secret",
};

static const char context[] = SEALED_CONTEXT;

static bool is_secret(const char *name)
{
	for (size_t i = 0; i < sizeof(secret_names) / sizeof(secret_names[0]);
	     i++) {
		if (!strcmp(secret_names[i], name))
			return true;
	}

	return false;
}

/* Replace secrets by their sealed form (or back), members of members too. */
static void walk(const struct key_file *keys, json_t *json, bool seals);

static json_t *sealed_of(const struct key_file *keys, const json_t *value)
{
	char *text = NULL;
	json_t *out = json_null();

	if (!secret_seal(&text, keys, context, json_string_value(value)))
		out = json_pack("{s:s}", "sealed", text);
	mem_deref(text);

	return out;
}

static json_t *opened_of(const struct key_file *keys, const json_t *value)
{
	char *text = NULL;
	json_t *out = json_null();

	if (!secret_open(&text, keys, context, json_get_text(value, "sealed")))
		out = json_string(text);
	else
		log_error("portal", "a secret of the journal does not open");
	mem_deref(text);

	return out;
}

static void walk_object(const struct key_file *keys, json_t *json, bool seals)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(json, next, name, value)
	{
		if (seals && is_secret(name) && json_is_string(value))
			(void)json_object_set_new(json, name,
						  sealed_of(keys, value));
		else if (!seals && json_get_text(value, "sealed"))
			(void)json_object_set_new(json, name,
						  opened_of(keys, value));
		else
			walk(keys, value, seals);
	}
}

static void walk(const struct key_file *keys, json_t *json, bool seals)
{
	json_t *value;
	size_t i;

	if (json_is_object(json))
		walk_object(keys, json, seals);
	json_array_foreach(json, i, value)
	{
		walk(keys, value, seals);
	}
}

char *sealed_text(const struct key_file *keys, const json_t *json)
{
	json_t *copy = json ? json_deep_copy(json) : NULL;
	char *text;

	if (!copy)
		return NULL;
	walk(keys, copy, true);
	text = json_text(copy, NULL);
	json_decref(copy);

	return text;
}

json_t *sealed_read(const struct key_file *keys, const char *text)
{
	json_t *json = text ? json_loads(text, 0, NULL) : NULL;

	if (json)
		walk(keys, json, false);

	return json;
}
