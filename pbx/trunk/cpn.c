/* cpn.c - see cpn.h */
#include "base/json.h"
#include "base/network.h"
#include "base/zone.h"
#include "pbx/route/cos.h"
#include "pbx/trunk/cpn.h"

enum { NETWORKS_MAX = 500, SHOWN_MAX = 26 };

/* A number for whatever ref names: a phone, a user, a customer. */
struct rule {
	struct table_entry by_id;
	struct table_entry by_ref;
	char id[DIRECTORY_ID_SIZE];
	char ref[DIRECTORY_ID_SIZE];
	char number[SHOWN_MAX + 2];
};

struct rules {
	struct table by_id;
	struct table by_ref;
};

struct place {
	struct le le;
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char cpn[SHOWN_MAX + 2];
	char cesid[SHOWN_MAX + 2];
	char billing[SHOWN_MAX + 2];
	char clock[ZONE_NAME_MAX + 1];
	char label[101];
	json_t *emergency_phones; /* or NULL */
	json_t *emergency_mail;
	uint32_t count;
	struct network *networks;
};

static struct {
	struct rules cpns;
	struct rules billings;
	struct rules cesids;
	struct list zones;
} shown;

static void copy_text(char *out, size_t size, const json_t *o, const char *name)
{
	const char *value = json_get_text(o, name);

	(void)re_snprintf(out, size, "%s", value ? value : "");
}

/* ---- rules ---- */

static void rule_destructor(void *data)
{
	(void)data;
}

static struct rule *rule_by_id(const struct rules *rules, const char *id)
{
	struct span key = span_of(id);
	struct table_entry *e = table_first(&rules->by_id, hash_span(0, key));

	for (; e; e = table_next(e)) {
		struct rule *r = CONTAINER_OF(e, struct rule, by_id);

		if (!strcmp(r->id, id))
			return r;
	}

	return NULL;
}

static const char *rule_number(const struct rules *rules, const char *ref)
{
	struct span key = span_of(ref);
	struct table_entry *e = table_first(&rules->by_ref, hash_span(0, key));
	const struct rule *found = NULL;

	/* Of several the first made counts: ids are ordered by time. */
	for (; e; e = table_next(e)) {
		const struct rule *r = CONTAINER_OF(e, struct rule, by_ref);

		if (!strcmp(r->ref, ref) && r->number[0] &&
		    (!found || strcmp(r->id, found->id) < 0))
			found = r;
	}

	return found ? found->number : NULL;
}

static void rule_remove(struct rules *rules, const char *id)
{
	struct rule *r = rule_by_id(rules, id);

	if (!r)
		return;

	table_remove(&rules->by_id, &r->by_id);
	table_remove(&rules->by_ref, &r->by_ref);
	mem_deref(r);
}

static int rule_take(struct rules *rules, const json_t *o, const char *field)
{
	struct rule *r = mem_zalloc(sizeof(*r), rule_destructor);

	if (!r)
		return ENOMEM;

	copy_text(r->id, sizeof(r->id), o, "id");
	copy_text(r->number, sizeof(r->number), o, field);
	copy_text(r->ref, sizeof(r->ref), o, "phone");
	if (!r->ref[0])
		copy_text(r->ref, sizeof(r->ref), o, "user");
	if (!r->ref[0])
		copy_text(r->ref, sizeof(r->ref), o, "customer");

	rule_remove(rules, r->id);
	table_add(&rules->by_id, &r->by_id, hash_span(0, span_of(r->id)));
	table_add(&rules->by_ref, &r->by_ref, hash_span(0, span_of(r->ref)));

	return 0;
}

static void rules_close(struct rules *rules)
{
	for (uint32_t i = 0; rules->by_id.buckets && i <= rules->by_id.mask;
	     i++) {
		while (rules->by_id.buckets[i])
			rule_remove(rules, CONTAINER_OF(rules->by_id.buckets[i],
							struct rule, by_id)
						   ->id);
	}
	table_close(&rules->by_id);
	table_close(&rules->by_ref);
}

int cpn_take(json_t *object, void *arg)
{
	int err = rule_take(&shown.cpns, object, "number");

	(void)arg;

	return err ? err : rule_take(&shown.billings, object, "billing");
}

void cpn_remove(const char *id)
{
	rule_remove(&shown.cpns, id);
	rule_remove(&shown.billings, id);
}

int cesid_take(json_t *object, void *arg)
{
	(void)arg;
	return rule_take(&shown.cesids, object, "number");
}

void cesid_remove(const char *id)
{
	rule_remove(&shown.cesids, id);
}

/* ---- zones ---- */

static void zone_destructor(void *data)
{
	struct place *z = data;

	list_unlink(&z->le);
	mem_deref(z->networks);
	json_decref(z->emergency_phones);
	json_decref(z->emergency_mail);
}

/* The other zones of the customer: how many networks, and whether one overlaps
 * this. */
static bool is_taken(const char *customer, const char *id,
		     const struct network *n, size_t *countp)
{
	bool found = false;

	*countp = 0;
	for (struct le *le = list_head(&shown.zones); le; le = le->next) {
		const struct place *z = le->data;

		if (strcmp(z->customer, customer) != 0 || !strcmp(z->id, id))
			continue;
		*countp += z->count;
		for (uint32_t i = 0; i < z->count; i++)
			found |= network_overlaps(&z->networks[i], n);
	}

	return found;
}

void zone_check(const json_t *object, const char *id, json_t *errors)
{
	const char *customer = json_get_text(object, "customer");
	const json_t *list = json_object_get(object, "networks");
	struct network n, m;
	const char *clock = json_get_text(object, "time_zone");
	const struct zone *known;
	size_t others = 0, i;
	json_t *value;

	if (clock && *clock && zone_find(&known, clock))
		kind_error(errors, "time_zone", "unknown-zone",
			   "give the name of a time zone, as Europe/Paris");
	json_array_foreach(list, i, value)
	{
		bool overlaps;

		if (!network_read(&n, json_string_value(value))) {
			kind_error(errors, "networks", "bad-pattern",
				   "%s is no ADDRESS/BITS",
				   json_string_value(value));
			return;
		}
		overlaps = is_taken(customer, id, &n, &others);
		for (size_t k = 0; k < i; k++)
			overlaps |= network_read(
					    &m,
					    json_string_value(
						    json_array_get(list, k))) &&
				    network_overlaps(&m, &n);
		if (overlaps) {
			kind_error(errors, "networks", "overlap",
				   "%s overlaps another network",
				   json_string_value(value));
			return;
		}
	}
	if (json_array_size(list) + others > NETWORKS_MAX)
		kind_error(errors, "networks", "too-long",
			   "a customer has at most %d networks", NETWORKS_MAX);
}

void zone_remove(const char *id)
{
	for (struct le *le = list_head(&shown.zones); le; le = le->next) {
		struct place *z = le->data;

		if (!strcmp(z->id, id)) {
			mem_deref(z);
			return;
		}
	}
}

int zone_take(json_t *object, void *arg)
{
	const json_t *list = json_object_get(object, "networks");
	size_t n = json_array_size(list);
	struct place *z = mem_zalloc(sizeof(*z), zone_destructor);

	(void)arg;

	if (!z)
		return ENOMEM;
	if (n > NETWORKS_MAX)
		n = NETWORKS_MAX;

	copy_text(z->id, sizeof(z->id), object, "id");
	copy_text(z->customer, sizeof(z->customer), object, "customer");
	copy_text(z->cpn, sizeof(z->cpn), object, "cpn");
	copy_text(z->cesid, sizeof(z->cesid), object, "cesid");
	copy_text(z->billing, sizeof(z->billing), object, "billing");
	copy_text(z->clock, sizeof(z->clock), object, "time_zone");
	copy_text(z->label, sizeof(z->label), object, "label");
	z->emergency_phones = json_incref(
		json_object_get(object, "emergency_phones"));
	z->emergency_mail = json_incref(
		json_object_get(object, "emergency_mail"));
	z->networks = mem_zalloc((n + 1) * sizeof(struct network), NULL);
	if (!z->networks) {
		mem_deref(z);
		return ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text && network_read(&z->networks[z->count], text))
			z->count++;
	}

	zone_remove(z->id);
	list_append(&shown.zones, &z->le, z);

	return 0;
}

/* The customer's zone with the narrowest network around an address. */
static const struct place *zone_of(const struct customer *c,
				   const struct sa *sa)
{
	const struct place *found = NULL;
	int best = -1;

	for (struct le *le = list_head(&shown.zones); sa && le; le = le->next) {
		const struct place *z = le->data;

		if (strcmp(z->customer, c->id) != 0)
			continue;
		for (uint32_t i = 0; i < z->count; i++) {
			const struct network *n = &z->networks[i];

			if (n->bits > best && network_has(n, sa)) {
				found = z;
				best = n->bits;
			}
		}
	}

	return found;
}

bool zone_is(const char *id)
{
	for (struct le *le = list_head(&shown.zones); le; le = le->next) {
		const struct place *z = le->data;

		if (!strcmp(z->id, id))
			return true;
	}

	return false;
}

const char *zone_id(const struct phone *p, const struct sa *source)
{
	const struct place *z = p->customer ? zone_of(p->customer, source)
					    : NULL;

	return z ? z->id : NULL;
}

void zone_emergency(struct zone_emergency *e, const struct phone *p,
		    const struct sa *source)
{
	const struct place *z = p->customer ? zone_of(p->customer, source)
					    : NULL;

	*e = (struct zone_emergency){
		.label = z ? z->label : "",
		.phones = z ? z->emergency_phones : NULL,
		.mail = z ? z->emergency_mail : NULL,
	};
}

const char *zone_clock(const struct phone *p, const struct sa *source)
{
	const struct place *z = p->customer ? zone_of(p->customer, source)
					    : NULL;

	if (z && z->clock[0])
		return z->clock;

	return p->customer ? p->customer->time_zone : "";
}

/* ---- what is shown ---- */

int cpn_init(void)
{
	int err;

	list_init(&shown.zones);
	err = table_init(&shown.cpns.by_id, 64);
	err |= table_init(&shown.cpns.by_ref, 64);
	err |= table_init(&shown.billings.by_id, 64);
	err |= table_init(&shown.billings.by_ref, 64);
	err |= table_init(&shown.cesids.by_id, 64);
	err |= table_init(&shown.cesids.by_ref, 64);

	return err;
}

void cpn_close(void)
{
	list_flush(&shown.zones);
	rules_close(&shown.cpns);
	rules_close(&shown.billings);
	rules_close(&shown.cesids);
}

static struct shown_number found(const char *number, const char *level)
{
	return (struct shown_number){ number && number[0] ? number : NULL,
				      level };
}

struct shown_number cpn_of_place(const struct phone *p, const struct sa *source)
{
	const struct place *z = p->customer ? zone_of(p->customer, source)
					    : NULL;
	struct shown_number n = found(z ? z->cpn : NULL, "zone");

	if (!n.number && p->customer)
		n = found(rule_number(&shown.cpns, p->customer->id),
			  "customer");

	return n;
}

/* The line that has its user's number. */
static bool is_prime(const struct phone *p)
{
	return !p->user || !strcmp(p->number, p->user->extension);
}

struct shown_number cpn_of(const struct phone *p, const struct sa *source)
{
	struct shown_number n = { NULL, "phone" };

	/* The line's own number is not that of who is logged in at it. */
	if (!phone_guest(p) &&
	    (is_prime(p) || cos_may(p->user, COS_NON_PRIME_IDENTITY)))
		n = found(rule_number(&shown.cpns, p->id), "phone");
	if (!n.number && p->user)
		n = found(rule_number(&shown.cpns, p->user->id), "user");

	return n.number ? n : cpn_of_place(p, source);
}

void cpn_check(const json_t *object, json_t *errors)
{
	const char *number = json_get_text(object, "number");
	const char *billing = json_get_text(object, "billing");

	if (!(number && *number) && !(billing && *billing))
		kind_error(errors, "number", "missing",
			   "give a number to be shown, a billing number or "
			   "both");
}

/* The line's own number is not that of who is logged in at it. */
struct shown_number billing_of(const struct phone *p, const struct sa *source,
			       const struct user *payer)
{
	struct shown_number n = { NULL, "none" };
	const struct place *z;

	if (!cos_may(payer, COS_BILLING_DEFAULT)) {
		if (payer == p->user && !phone_guest(p))
			n = found(rule_number(&shown.billings, p->id), "phone");
		if (!n.number && payer)
			n = found(rule_number(&shown.billings, payer->id),
				  "user");
	}
	z = !n.number && p->customer ? zone_of(p->customer, source) : NULL;
	if (z)
		n = found(z->billing, "zone");
	if (!n.number && p->customer)
		n = found(rule_number(&shown.billings, p->customer->id),
			  "customer");

	return n;
}

struct shown_number cesid_of(const struct phone *p, const struct sa *source)
{
	struct shown_number n = found(rule_number(&shown.cesids, p->id),
				      "phone");
	const struct place *z;

	if (!n.number && p->customer) {
		z = zone_of(p->customer, source);
		n = found(z ? z->cesid : NULL, "zone");
	}
	if (!n.number && p->owner)
		n = found(rule_number(&shown.cesids, p->owner->id), "user");
	if (!n.number && p->customer)
		n = found(rule_number(&shown.cesids, p->customer->id),
			  "customer");

	return n;
}

struct shown_number cpn_of_user(const struct user *u)
{
	struct shown_number n = found(rule_number(&shown.cpns, u->id), "user");

	if (!n.number && u->customer)
		n = found(rule_number(&shown.cpns, u->customer->id),
			  "customer");

	return n;
}
