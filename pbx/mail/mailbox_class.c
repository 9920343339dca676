/* mailbox_class.c - see mailbox_class.h */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/list.h"
#include "pbx/mail/mailbox_class.h"

static struct table classes;
static struct mailbox_class standard;

static void class_destructor(void *data)
{
	struct mailbox_class *k = data;

	table_remove(&classes, &k->by_id);
}

static struct mailbox_class *find(const char *id)
{
	struct span s = span_of(id ? id : "");
	struct table_entry *e;

	if (!s.len || !classes.count)
		return NULL;
	for (e = table_first(&classes, hash_span(0, s)); e; e = table_next(e)) {
		struct mailbox_class *k = CONTAINER_OF(e, struct mailbox_class,
						       by_id);

		if (span_equal(span_of(k->id), s))
			return k;
	}

	return NULL;
}

static uint32_t number(const json_t *object, const char *name)
{
	const struct field *f = kind_field(&mailbox_class_kind, name);
	const json_t *value = json_object_get(object, name);

	if (json_is_integer(value))
		return (uint32_t)json_integer_value(value);

	return (uint32_t)strtoul(f->preset, NULL, 10);
}

static bool claim(const json_t *object, const char *name)
{
	const struct field *f = kind_field(&mailbox_class_kind, name);

	return json_get_bool(object, name, !strcmp(f->preset, "true"));
}

/* From an object, or (NULL) from the presets. */
static void fill(struct mailbox_class *k, const json_t *object)
{
	const char *zero = json_get_text(object, "operator");

	(void)snprintf(k->zero_number, sizeof(k->zero_number), "%s",
		       zero ? zero : "");
	k->message_max_s = number(object, "message_max_s");
	k->message_min_s = number(object, "message_min_s");
	k->silence_s = number(object, "silence_s");
	k->greeting_max_s = number(object, "greeting_max_s");
	k->greetings_max = number(object, "greetings_max");
	k->messages_max = number(object, "messages_max");
	k->minutes_max = number(object, "minutes_max");
	k->retention_days = number(object, "retention_days");
	k->passcode_min = number(object, "passcode_min");
	k->passcode_max = number(object, "passcode_max");
	k->wants_setup = claim(object, "setup");
	k->has_mail = claim(object, "mail");
	k->has_sound = claim(object, "mail_sound");
	k->is_visual = claim(object, "visual");
	k->has_zero = claim(object, "zero");
	k->has_reply = claim(object, "reply");
	k->has_forward = claim(object, "forward");
}

int mailbox_classes_init(void)
{
	fill(&standard, NULL);

	return table_init(&classes, 64);
}

void mailbox_classes_close(void)
{
	for (uint32_t i = 0; classes.buckets && i <= classes.mask; i++) {
		while (classes.buckets[i])
			mem_deref(CONTAINER_OF(classes.buckets[i],
					       struct mailbox_class, by_id));
	}
	table_close(&classes);
}

int mailbox_class_take(json_t *object, void *arg)
{
	const char *id = json_get_text(object, "id");
	struct mailbox_class *k = find(id);

	(void)arg;
	if (!k) {
		k = mem_zalloc(sizeof(*k), class_destructor);
		if (!k)
			return ENOMEM;
		(void)snprintf(k->id, sizeof(k->id), "%s", id);
		table_add(&classes, &k->by_id, hash_span(0, span_of(k->id)));
	}
	fill(k, object);

	return 0;
}

void mailbox_class_remove(const char *id)
{
	mem_deref(find(id));
}

void mailbox_class_check(const json_t *object, json_t *errors)
{
	if (number(object, "passcode_min") > number(object, "passcode_max"))
		kind_error(errors, "passcode_max", "out-of-range",
			   "must not be below passcode_min");
	if (number(object, "message_min_s") >= number(object, "message_max_s"))
		kind_error(errors, "message_max_s", "out-of-range",
			   "must be above message_min_s");
}

const struct mailbox_class *mailbox_class_find(const char *id)
{
	const struct mailbox_class *k = find(id);

	return k ? k : &standard;
}
