/* device.c - see device.h */
#include <errno.h>

#include "base/json.h"
#include "base/libre.h"
#include "base/list.h"
#include "border/device.h"

struct entry {
	struct table_entry by_id;
	struct table_entry by_user;
	struct device device;
	json_t *source; /* what the device's texts point into */
};

struct devices {
	struct table ids;
	struct table users;
};

static void entry_destructor(void *data)
{
	struct entry *e = data;

	json_decref(e->source);
}

static void drop(struct devices *d, struct entry *e)
{
	table_remove(&d->ids, &e->by_id);
	table_remove(&d->users, &e->by_user);
	mem_deref(e);
}

static void devices_destructor(void *data)
{
	struct devices *d = data;

	for (uint32_t i = 0; d->ids.buckets && i <= d->ids.mask; i++) {
		while (d->ids.buckets[i]) {
			drop(d, CONTAINER_OF(d->ids.buckets[i], struct entry,
					     by_id));
		}
	}

	table_close(&d->ids);
	table_close(&d->users);
}

int devices_alloc(struct devices **dp)
{
	struct devices *d = mem_zalloc(sizeof(*d), devices_destructor);
	int err;

	if (!d)
		return ENOMEM;

	err = table_init(&d->ids, 256);
	if (!err)
		err = table_init(&d->users, 256);

	if (err)
		mem_deref(d);
	else
		*dp = d;

	return err;
}

static struct entry *find_id(const struct devices *d, const char *id)
{
	struct table_entry *t = table_first(&d->ids, hash_span(0, span_of(id)));

	for (; t; t = table_next(t)) {
		struct entry *e = CONTAINER_OF(t, struct entry, by_id);

		if (!strcmp(e->device.id, id))
			return e;
	}

	return NULL;
}

int devices_put(struct devices *d, const json_t *device)
{
	struct entry *e;

	if (!json_get_text(device, "id") || !json_get_text(device, "sip_user"))
		return EINVAL;

	e = mem_zalloc(sizeof(*e), entry_destructor);
	if (!e)
		return ENOMEM;

	e->source = json_deep_copy(device);
	if (!e->source) {
		mem_deref(e);
		return ENOMEM;
	}

	e->device = (struct device){
		.id = json_get_text(e->source, "id"),
		.customer = json_get_text(e->source, "customer"),
		.sip_user = json_get_text(e->source, "sip_user"),
		.upstream = json_get_text(e->source, "upstream"),
		.is_enabled = json_get_bool(e->source, "enabled", true),
	};

	devices_drop(d, e->device.id);
	table_add(&d->ids, &e->by_id, hash_span(0, span_of(e->device.id)));
	table_add(&d->users, &e->by_user,
		  hash_span(0, span_of(e->device.sip_user)));
	return 0;
}

void devices_drop(struct devices *d, const char *id)
{
	struct entry *e = find_id(d, id);

	if (e)
		drop(d, e);
}

const struct device *devices_find(const struct devices *d, struct span sip_user)
{
	struct table_entry *t = table_first(&d->users, hash_span(0, sip_user));

	for (; t; t = table_next(t)) {
		struct entry *e = CONTAINER_OF(t, struct entry, by_user);

		if (span_equal(span_of(e->device.sip_user), sip_user))
			return &e->device;
	}

	return NULL;
}

uint32_t devices_count(const struct devices *d)
{
	return d->ids.count;
}
