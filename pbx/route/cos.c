/* cos.c - see cos.h */
#include <stdlib.h>

#include "base/json.h"
#include "pbx/route/cos.h"
#include "pbx/route/klass.h"

static const struct {
	const char *field;
	const char *trade;
	const char *by;
	const char *off;
	const char *help;
	bool preset;
	bool bare;
} options[COS_OPTIONS] = {
#define COS_OPTION(NAME, field, is_set, bare, trade, by, off, text, fr)        \
	{ #field, trade, by, off, text, is_set, bare },
#define COS_NUMBER(...)
#define COS_ABSENT(...)
#include "model/cos_table.h"
};

static const struct {
	const char *field;
	const char *unit;
	const char *trade;
	const char *by;
	const char *does;
	const char *help;
	uint32_t min;
	uint32_t max;
	uint32_t preset;
	uint32_t bare;
} numbers[COS_NUMBERS] = {
#define COS_OPTION(...)
#define COS_NUMBER(NAME, field, low, high, value, bare, unit, trade, by, does, \
		   text, fr)                                                   \
	{ #field, unit, trade, by, does, text, low, high, value, bare },
#define COS_ABSENT(...)
#include "model/cos_table.h"
};

static const struct {
	const char *trade;
	const char *why;
} absent[] = {
#define COS_OPTION(...)
#define COS_NUMBER(...)
#define COS_ABSENT(trade, why) { trade, why },
#include "model/cos_table.h"
};

enum { ABSENT = sizeof(absent) / sizeof(absent[0]) };

/* What a class holds, read once. */
struct values {
	bool may[COS_OPTIONS];
	uint16_t numbers[COS_NUMBERS];
};

static struct table coses;

int cos_init(void)
{
	return table_init(&coses, 64);
}

void cos_close(void)
{
	klass_close(&coses);
}

int cos_take(json_t *object, void *arg)
{
	struct values *v = mem_zalloc(sizeof(*v), NULL);

	(void)arg;
	if (!v)
		return ENOMEM;

	for (int i = 0; i < COS_OPTIONS; i++)
		v->may[i] = json_get_bool(object, options[i].field,
					  options[i].preset);
	for (int i = 0; i < COS_NUMBERS; i++)
		v->numbers[i] = (uint16_t)json_get_int(object, numbers[i].field,
						       numbers[i].preset);

	return klass_take(&coses, object, v);
}

void cos_remove(const char *id)
{
	klass_remove(&coses, id);
}

static const struct values *values_of(const struct user *u)
{
	const struct klass *k = NULL;

	if (u)
		k = klass_now(&coses, u->customer, u->cos);

	return k ? k->more : NULL;
}

bool cos_may(const struct user *u, enum cos_option option)
{
	const struct values *v = values_of(u);

	return v ? v->may[option] : options[option].bare;
}

uint32_t cos_number(const struct user *u, enum cos_number number)
{
	const struct values *v = values_of(u);

	return v ? v->numbers[number] : numbers[number].bare;
}

uint64_t cos_second_ms(void)
{
#ifndef HOLDFAST_RELEASE
	const char *text = getenv("HOLDFAST_SECOND_MS");

	if (text)
		return strtoull(text, NULL, 10);
#endif
	return 1000;
}

uint64_t cos_ms(const struct user *u, enum cos_number number)
{
	uint64_t n = cos_number(u, number);

	if (!strcmp(numbers[number].unit, "min"))
		n *= 60;

	return n * cos_second_ms();
}

uint64_t cos_wait_ms(uint64_t ms)
{
	return ms * cos_second_ms() / 1000;
}

/* ---- the table, for who draws a page or writes a document ---- */

static json_t *row(const char *trade, const char *field, const char *state)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, "option", json_string(trade));
	(void)json_object_set_new(o, "field",
				  field ? json_string(field) : json_null());
	(void)json_object_set_new(o, "state", json_string(state));

	return o;
}

static const char *state_of(const char *by)
{
	return by[0] ? "enforced" : "not-yet";
}

static void add(json_t *o, const char *name, json_t *value)
{
	(void)json_object_set_new(o, name, value);
}

static void add_options(json_t *items)
{
	for (int i = 0; i < COS_OPTIONS; i++) {
		json_t *o = row(options[i].trade, options[i].field,
				state_of(options[i].by));

		add(o, "by", json_string(options[i].by));
		add(o, "off", json_string(options[i].off));
		add(o, "help", json_string(options[i].help));
		add(o, "preset", json_boolean(options[i].preset));
		add(o, "bare", json_boolean(options[i].bare));
		(void)json_array_append_new(items, o);
	}
}

static void add_numbers(json_t *items)
{
	for (int i = 0; i < COS_NUMBERS; i++) {
		json_t *o = row(numbers[i].trade, numbers[i].field,
				state_of(numbers[i].by));

		add(o, "by", json_string(numbers[i].by));
		add(o, "does", json_string(numbers[i].does));
		add(o, "help", json_string(numbers[i].help));
		add(o, "unit", json_string(numbers[i].unit));
		add(o, "min", json_integer(numbers[i].min));
		add(o, "max", json_integer(numbers[i].max));
		add(o, "preset", json_integer(numbers[i].preset));
		add(o, "bare", json_integer(numbers[i].bare));
		(void)json_array_append_new(items, o);
	}
}

static void list_options(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	json_t *items = json_array();
	json_t *body;

	(void)caller;
	(void)arg;

	add_options(items);
	add_numbers(items);
	for (int i = 0; i < ABSENT; i++) {
		json_t *o = row(absent[i].trade, NULL, "not-applicable");

		add(o, "reason", json_string(absent[i].why));
		(void)json_array_append_new(items, o);
	}

	body = json_pack("{s:i, s:o, s:n}", "total",
			 (int)json_array_size(items), "items", items, "next");
	(void)http_reply_json(req, 200, body);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/class-options", "coses", ACTION_LIST, list_options, 0,
	  "Options of classes of service: each enforced, or why not" },
};

int cos_start(struct router *router)
{
	return router_routes(router, routes, sizeof(routes) / sizeof(routes[0]),
			     NULL);
}
