/* pair_fields.h - objects that both nodes change, merged field by field
 *
 * Such an object has a hidden field "stamps": of each field that anybody has
 * set, when (the log's stamp, pair_log.h).  Two versions of it are merged by
 * taking of each field the later one, whatever order they come in and however
 * often; so both nodes end with the same, and of two people who change
 * different settings on both sides of a break neither loses.
 *
 * Source: domain/pbx.md 15; CAL-10; docs/decisions/014.
 */
#ifndef PBX_PAIR_FIELDS_H
#define PBX_PAIR_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** Note in an object that is about to be kept which fields differ from those
 * before (NULL: nothing was set).  0 or ENOMEM. */
int pair_fields_stamp(json_t *object, const json_t *before);

struct pair_fields_merge {
	const json_t *ours;
	const json_t *theirs;
	bool is_theirs_later; /* as objects; of fields without stamps */
	int64_t known;        /* they know ours up to this stamp */
	int64_t heard;        /* and we theirs up to this one */
	bool keeps_ours;      /* out: something of ours is later */
	bool has_conflict;    /* out: both have set a field since then */
};

/** Merge; a new reference, NULL without memory. */
json_t *pair_fields_merge(struct pair_fields_merge *m);

#endif
