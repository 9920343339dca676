/* pair_fields.c - see pair_fields.h */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "pbx/pair/pair_fields.h"
#include "pbx/pair/pair_log.h"

#define STAMPS "stamps"

static bool is_field(const char *name)
{
	return strcmp(name, "id") != 0 && strcmp(name, "generation") != 0 &&
	       strcmp(name, STAMPS) != 0;
}

static int64_t stamp_of(const json_t *object, const char *name)
{
	return json_get_int(json_object_get(object, STAMPS), name, 0);
}

static bool is_same(const json_t *a, const json_t *b)
{
	return (!a || json_is_null(a)) ? !b || json_is_null(b)
				       : json_equal(a, b);
}

/* The stamps that an object has, or none yet. */
static json_t *stamps_of(const json_t *object)
{
	const json_t *stamps = json_object_get(object, STAMPS);

	return json_is_object(stamps) ? json_deep_copy(stamps) : json_object();
}

int pair_fields_stamp(json_t *object, const json_t *before)
{
	json_t *stamps = stamps_of(before);
	int64_t stamp = pair_log_stamp();
	const char *name;
	json_t *value;

	if (!stamps)
		return ENOMEM;
	json_object_foreach(object, name, value)
	{
		if (is_field(name) &&
		    !is_same(value, json_object_get(before, name)))
			(void)json_object_set_new(stamps, name,
						  json_integer(stamp));
	}

	json_object_foreach((json_t *)before, name, value)
	{
		if (is_field(name) && !json_object_get(object, name) &&
		    !json_is_null(value))
			(void)json_object_set_new(stamps, name,
						  json_integer(stamp));
	}

	return json_object_set_new(object, STAMPS, stamps) ? ENOMEM : 0;
}

static void merge_field(struct pair_fields_merge *m, json_t *out,
			json_t *stamps, const char *name)
{
	json_t *ours = json_object_get(m->ours, name);
	json_t *theirs = json_object_get(m->theirs, name);
	int64_t our_stamp = stamp_of(m->ours, name);
	int64_t their_stamp = stamp_of(m->theirs, name);
	bool is_theirs = our_stamp == their_stamp ? m->is_theirs_later
						  : their_stamp > our_stamp;
	int64_t stamp = is_theirs ? their_stamp : our_stamp;

	if (!is_same(ours, theirs) && our_stamp > m->known &&
	    their_stamp > m->heard)
		m->has_conflict = true;
	if (!is_theirs && !is_same(ours, theirs))
		m->keeps_ours = true;
	if (stamp)
		(void)json_object_set_new(stamps, name, json_integer(stamp));
	if (!is_theirs)
		return;
	if (theirs)
		(void)json_object_set(out, name, theirs);
	else
		(void)json_object_del(out, name);
}

json_t *pair_fields_merge(struct pair_fields_merge *m)
{
	json_t *out = json_deep_copy(m->ours);
	json_t *stamps = json_object();
	const char *name;
	json_t *value;

	if (!out || !stamps) {
		json_decref(out);
		json_decref(stamps);
		return NULL;
	}

	json_object_foreach((json_t *)m->ours, name, value)
	{
		if (is_field(name))
			merge_field(m, out, stamps, name);
	}
	json_object_foreach((json_t *)m->theirs, name, value)
	{
		if (is_field(name) && !json_object_get(m->ours, name))
			merge_field(m, out, stamps, name);
	}
	(void)json_object_set_new(out, STAMPS, stamps);

	return out;
}
