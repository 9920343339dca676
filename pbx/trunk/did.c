/* did.c - see did.h
 *
 * Single numbers are hashed; ranges, of which there are few, are walked.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "pbx/trunk/did.h"
#include "pbx/route/mode.h"

struct did {
	struct table_entry by_id;
	struct table_entry by_start; /* of single numbers */
	struct table_entry by_user;
	struct le le; /* of ranges */
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char user[DIRECTORY_ID_SIZE];
	char start[DIRECTORY_NUMBER_MAX + 1]; /* without + */
	char end[DIRECTORY_NUMBER_MAX + 1];   /* the same for a single one */
	char shown[DIRECTORY_NUMBER_MAX + 1]; /* as provisioned */
	char target[DIRECTORY_NUMBER_MAX + 1];
	uint8_t preface;   /* enum preface */
	bool has_language; /* else the customer's */
	bool is_french;
	char night[2][DIRECTORY_NUMBER_MAX + 1]; /* targets at night, or "" */
};

static struct {
	struct table by_id;
	struct table by_start;
	struct table by_user;
	struct list ranges;
} dids;

static const char *bare(const char *number)
{
	return number[0] == '+' ? number + 1 : number;
}

static void copy(char *out, size_t size, const json_t *o, const char *name)
{
	const char *value = json_get_text(o, name);

	(void)snprintf(out, size, "%s", value ? bare(value) : "");
}

static struct did *find(const char *id)
{
	struct table_entry *e = table_first(&dids.by_id,
					    hash_span(0, span_of(id)));

	for (; e; e = table_next(e)) {
		struct did *d = CONTAINER_OF(e, struct did, by_id);

		if (!strcmp(d->id, id))
			return d;
	}

	return NULL;
}

static bool is_in(const struct did *d, const char *number)
{
	return strlen(d->start) == strlen(number) &&
	       strcmp(d->start, number) <= 0 && strcmp(number, d->end) <= 0;
}

static const struct did *single(const char *number)
{
	struct table_entry *e = table_first(&dids.by_start,
					    hash_span(0, span_of(number)));

	for (; e; e = table_next(e)) {
		const struct did *d = CONTAINER_OF(e, struct did, by_start);

		if (!strcmp(d->start, number))
			return d;
	}

	return NULL;
}

static const struct did *range_of(const char *number)
{
	for (struct le *le = list_head(&dids.ranges); le; le = le->next) {
		const struct did *d = le->data;

		if (is_in(d, number))
			return d;
	}

	return NULL;
}

static void unhash(struct did *d)
{
	table_remove(&dids.by_id, &d->by_id);
	table_remove(&dids.by_start, &d->by_start);
	table_remove(&dids.by_user, &d->by_user);
	list_unlink(&d->le);
}

int did_init(void)
{
	int err = table_init(&dids.by_id, 256);

	err |= table_init(&dids.by_start, 256);
	err |= table_init(&dids.by_user, 256);
	list_init(&dids.ranges);

	return err;
}

void did_close(void)
{
	for (uint32_t i = 0; dids.by_id.buckets && i <= dids.by_id.mask; i++) {
		while (dids.by_id.buckets[i]) {
			struct did *d = CONTAINER_OF(dids.by_id.buckets[i],
						     struct did, by_id);

			unhash(d);
			mem_deref(d);
		}
	}
	table_close(&dids.by_id);
	table_close(&dids.by_start);
	table_close(&dids.by_user);
}

/* ---- provisioning ---- */

static int refuse(struct provision_change *change, const char *code,
		  const char *detail)
{
	change->status = 409;
	(void)snprintf(change->code, sizeof(change->code), "%s", code);
	(void)snprintf(change->detail, sizeof(change->detail), "%s", detail);

	return EINVAL;
}

static bool overlaps(const struct did *d, const char *start, const char *end,
		     const char *id)
{
	return strcmp(d->id, id) != 0 && strlen(d->start) == strlen(start) &&
	       strcmp(d->start, end) <= 0 && strcmp(start, d->end) <= 0;
}

int did_check(struct provision_change *change)
{
	char start[DIRECTORY_NUMBER_MAX + 1], end[DIRECTORY_NUMBER_MAX + 1];

	if (!change->object)
		return 0;

	copy(start, sizeof(start), change->object, "start");
	copy(end, sizeof(end), change->object, "end");
	if (!end[0])
		memcpy(end, start, sizeof(end));
	if (strlen(start) != strlen(end) || strcmp(start, end) > 0)
		return refuse(change, "did-range",
			      "Give an end of the same length, not before the "
			      "start.");

	for (uint32_t i = 0; i <= dids.by_id.mask; i++) {
		struct table_entry *e = dids.by_id.buckets[i];

		for (; e; e = e->next) {
			const struct did *d = CONTAINER_OF(e, struct did,
							   by_id);

			if (overlaps(d, start, end, change->id))
				return refuse(change, "did-overlap",
					      "Choose numbers that no other "
					      "DID range holds.");
		}
	}

	return 0;
}

int did_take(json_t *object, void *arg)
{
	struct did *d = mem_zalloc(sizeof(*d), NULL);
	const char *id = json_get_text(object, "id");
	const char *start = json_get_text(object, "start");
	const char *language = json_get_text(object, "language");

	(void)arg;

	if (!d)
		return ENOMEM;

	(void)snprintf(d->id, sizeof(d->id), "%s", id ? id : "");
	(void)snprintf(d->shown, sizeof(d->shown), "%s", start ? start : "");
	copy(d->customer, sizeof(d->customer), object, "customer");
	copy(d->user, sizeof(d->user), object, "user");
	copy(d->target, sizeof(d->target), object, "target");
	d->has_language = language != NULL;
	d->is_french = language && !strcmp(language, "fr");
	d->preface = (uint8_t)preface_of(json_get_text(object, "announcement"));
	copy(d->night[0], sizeof(d->night[0]), object, "target_night1");
	copy(d->night[1], sizeof(d->night[1]), object, "target_night2");
	copy(d->start, sizeof(d->start), object, "start");
	copy(d->end, sizeof(d->end), object, "end");
	if (!d->end[0])
		memcpy(d->end, d->start, sizeof(d->end));

	did_remove(d->id);
	table_add(&dids.by_id, &d->by_id, hash_span(0, span_of(d->id)));
	if (d->user[0])
		table_add(&dids.by_user, &d->by_user,
			  hash_span(0, span_of(d->user)));
	if (!strcmp(d->start, d->end))
		table_add(&dids.by_start, &d->by_start,
			  hash_span(0, span_of(d->start)));
	else
		list_append(&dids.ranges, &d->le, d);

	return 0;
}

void did_remove(const char *id)
{
	struct did *d = find(id);

	if (!d)
		return;

	unhash(d);
	mem_deref(d);
}

/* ---- calls ---- */

/* The target of the nth number of a range: 2000 and 7 are 2007. */
static void count_on(char *out, size_t size, const char *target, uint64_t n)
{
	uint64_t value = strtoull(target, NULL, 10) + n;

	if (n)
		(void)snprintf(out, size, "%0*llu", (int)strlen(target),
			       (unsigned long long)value);
	else
		(void)snprintf(out, size, "%s", target);
}

static uint64_t place(const struct did *d, const char *number)
{
	size_t len = strlen(number);
	size_t skip = len > 18 ? len - 18 : 0;

	return strtoull(number + skip, NULL, 10) -
	       strtoull(d->start + skip, NULL, 10);
}

/* The longest end of the number that somebody has. */
static void last_digits(struct did_target *t, const char *number)
{
	size_t len = strlen(number);

	for (size_t n = len < 7 ? len : 7; n >= 2; n--) {
		struct span s = span_of(number + len - n);

		if (directory_user_by_extension(t->customer, s) ||
		    directory_phone_by_number(t->customer, s)) {
			(void)snprintf(t->number, sizeof(t->number), "%s", s.p);
			return;
		}
	}
	(void)snprintf(t->number, sizeof(t->number), "%s",
		       len > 4 ? number + len - 4 : number);
}

int did_find(struct did_target *target, const char *number)
{
	const struct did *d = single(bare(number));
	const struct user *u;
	enum service_mode mode;

	if (!d)
		d = range_of(bare(number));
	if (!d)
		return ENOENT;

	memset(target, 0, sizeof(*target));
	memcpy(target->id, d->id, sizeof(target->id));
	target->has_language = d->has_language;
	target->is_french = d->is_french;
	target->customer = directory_customer(span_of(d->customer));
	if (!target->customer)
		return ENOENT;

	u = d->user[0] ? directory_user(span_of(d->user)) : NULL;
	mode = mode_now(target->customer);
	if (mode != MODE_DAY && d->night[mode - 1][0])
		memcpy(target->number, d->night[mode - 1],
		       sizeof(target->number));
	else if (u && u->customer == target->customer)
		memcpy(target->number, u->extension, sizeof(target->number));
	else if (d->target[0])
		count_on(target->number, sizeof(target->number), d->target,
			 place(d, bare(number)));
	else
		last_digits(target, bare(number));

	return 0;
}

const char *did_of_user(const struct user *u)
{
	struct table_entry *e = table_first(&dids.by_user,
					    hash_span(0, span_of(u->id)));

	for (; e; e = table_next(e)) {
		const struct did *d = CONTAINER_OF(e, struct did, by_user);

		if (!strcmp(d->user, u->id))
			return d->shown;
	}

	return NULL;
}

enum preface did_preface(const char *id)
{
	const struct did *d = find(id);

	return d ? (enum preface)d->preface : PREFACE_NONE;
}

bool did_is_known(const char *id)
{
	return find(id) != NULL;
}
