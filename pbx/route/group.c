/* group.c - see group.h */
#include "base/json.h"
#include "base/list.h"
#include "pbx/route/group.h"
#include "pbx/speech/preface.h"

static const char *const type_names[GROUP_TYPES] = {
	"ring-all",     "hunt-terminal", "hunt-circular", "personal-ring",
	"multi-device", "pickup",        "park",          "voice-mail",
	"page",         "external-twin",
};

static struct {
	struct table ids;
	struct table numbers;
	struct table members;
	uint32_t lengths[DIRECTORY_NUMBER_MAX + 1]; /* numbers of so many
						       digits */
} groups;

const char *group_type_name(enum group_type type)
{
	return type < GROUP_TYPES ? type_names[type] : "?";
}

static uint64_t number_key(const char *customer, struct span number)
{
	return hash_span(hash_span(0, span_of(customer)), number);
}

static bool is_dialled(const struct group *g)
{
	return g->number[0] && g->type != GROUP_PICKUP;
}

static void group_destructor(void *data)
{
	struct group *g = data;

	table_remove(&groups.ids, &g->by_id);
	if (is_dialled(g))
		groups.lengths[strlen(g->number)]--;
	table_remove(&groups.numbers, &g->by_number);
	for (uint8_t i = 0; i < g->count; i++)
		table_remove(&groups.members, &g->members[i].by_member);
}

bool group_has_longer(size_t digits)
{
	for (size_t i = digits + 1; i <= DIRECTORY_NUMBER_MAX; i++) {
		if (groups.lengths[i])
			return true;
	}

	return false;
}

int group_init(void)
{
	int err = table_init(&groups.ids, 64);

	err |= table_init(&groups.numbers, 64);
	err |= table_init(&groups.members, 64);

	return err;
}

void group_close(void)
{
	struct table *t = &groups.ids;

	for (uint32_t i = 0; t->buckets && i <= t->mask; i++) {
		while (t->buckets[i])
			mem_deref(CONTAINER_OF(t->buckets[i], struct group,
					       by_id));
	}
	table_close(&groups.ids);
	table_close(&groups.numbers);
	table_close(&groups.members);
}

struct group *group_find(const char *id)
{
	struct table_entry *e;

	if (!groups.ids.count)
		return NULL;

	e = table_first(&groups.ids, hash_span(0, span_of(id)));
	for (; e; e = table_next(e)) {
		struct group *g = CONTAINER_OF(e, struct group, by_id);

		if (!strcmp(g->id, id))
			return g;
	}

	return NULL;
}

struct group *group_by_number(const struct customer *c, struct span number)
{
	struct table_entry *e;

	if (!groups.numbers.count)
		return NULL;

	e = table_first(&groups.numbers, number_key(c->id, number));
	for (; e; e = table_next(e)) {
		struct group *g = CONTAINER_OF(e, struct group, by_number);

		if (!strcmp(g->customer, c->id) &&
		    span_equal(span_of(g->number), number))
			return g;
	}

	return NULL;
}

const struct group *group_next(const struct group *g)
{
	struct table_entry *e = g ? g->by_id.next : NULL;
	uint32_t i = g ? (uint32_t)(g->by_id.key & groups.ids.mask) + 1 : 0;

	for (; !e && groups.ids.buckets && i <= groups.ids.mask; i++)
		e = groups.ids.buckets[i];

	return e ? CONTAINER_OF(e, struct group, by_id) : NULL;
}

bool group_is_hunt(const struct group *g)
{
	return g->type == GROUP_HUNT_TERMINAL || g->type == GROUP_HUNT_CIRCULAR;
}

bool group_is_personal(const struct group *g)
{
	return g->type == GROUP_PERSONAL_RING ||
	       g->type == GROUP_MULTI_DEVICE || g->type == GROUP_EXTERNAL_TWIN;
}

/* ---- members ---- */

/* The next place after e (or the first) of a member. */
static struct member *place_next(const struct member *m, const char *id)
{
	struct table_entry *e;

	if (!groups.members.count)
		return NULL;

	e = m ? table_next(&m->by_member)
	      : table_first(&groups.members, hash_span(0, span_of(id)));
	for (; e; e = table_next(e)) {
		struct member *other = CONTAINER_OF(e, struct member,
						    by_member);

		if (!strcmp(other->id, id))
			return other;
	}

	return NULL;
}

bool group_hides(const struct phone *p)
{
	struct member *m = NULL;

	while ((m = place_next(m, p->id))) {
		if (m->group->type == GROUP_MULTI_DEVICE ||
		    m->group->type == GROUP_EXTERNAL_TWIN)
			return true;
	}

	return false;
}

bool group_has(const struct group *g, const struct phone *p)
{
	for (uint8_t i = 0; i < g->count; i++) {
		const char *id = g->members[i].id;

		if (!strcmp(id, p->id) || (p->user && !strcmp(id, p->user->id)))
			return true;
	}

	return false;
}

static bool joins(const struct phone *a, const char *id, const struct phone *b)
{
	struct member *m = NULL;

	(void)a;
	while ((m = place_next(m, id))) {
		if (m->group->type == GROUP_PICKUP && group_has(m->group, b))
			return true;
	}

	return false;
}

static bool is_picked(const char *id)
{
	struct member *m = NULL;

	while ((m = place_next(m, id))) {
		if (m->group->type == GROUP_PICKUP)
			return true;
	}

	return false;
}

bool group_has_pickup(const struct phone *p)
{
	return is_picked(p->id) || (p->user && is_picked(p->user->id));
}

bool group_joins(const struct phone *a, const struct phone *b)
{
	return joins(a, a->id, b) || (a->user && joins(a, a->user->id, b));
}

static bool unites(const char *id, const struct phone *b)
{
	struct member *m = NULL;

	while ((m = place_next(m, id))) {
		if (group_is_personal(m->group) && group_has(m->group, b))
			return true;
	}

	return false;
}

bool group_unites(const struct phone *a, const struct phone *b)
{
	return unites(a->id, b) || (a->user && unites(a->user->id, b));
}

/* ---- provisioning ---- */

static void copy(char *out, size_t size, const char *text)
{
	(void)re_snprintf(out, size, "%s", text ? text : "");
}

static uint8_t type_find(const char *name)
{
	uint8_t type = 0;

	while (name && type < GROUP_TYPES && strcmp(name, type_names[type]))
		type++;

	return type < GROUP_TYPES ? type : GROUP_RING_ALL;
}

static void take_members(struct group *g, const json_t *list)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		struct member *m = &g->members[g->count];

		if (g->count >= GROUP_MEMBERS_MAX)
			break;
		m->group = g;
		copy(m->id, sizeof(m->id), json_string_value(value));
		table_add(&groups.members, &m->by_member,
			  hash_span(0, span_of(m->id)));
		g->count++;
	}
}

int group_take(json_t *object, void *arg)
{
	struct group *g, *before;

	(void)arg;

	g = mem_zalloc(sizeof(*g), group_destructor);
	if (!g)
		return ENOMEM;

	copy(g->id, sizeof(g->id), json_get_text(object, "id"));
	copy(g->customer, sizeof(g->customer),
	     json_get_text(object, "customer"));
	copy(g->number, sizeof(g->number), json_get_text(object, "number"));
	g->preface = (uint8_t)preface_of(json_get_text(object, "announcement"));
	copy(g->reroute[1], sizeof(g->reroute[1]),
	     json_get_text(object, "reroute_night1"));
	copy(g->reroute[2], sizeof(g->reroute[2]),
	     json_get_text(object, "reroute_night2"));
	copy(g->overflow, sizeof(g->overflow),
	     json_get_text(object, "overflow"));
	copy(g->name, sizeof(g->name), json_get_text(object, "name"));
	g->type = type_find(json_get_text(object, "type"));
	g->ring_s = (uint16_t)json_get_int(object, "ring_s", GROUP_RING_S);
	g->follows_forwards = json_get_bool(object, "follow_forwards", false);
	g->is_busy_with_one = g->type == GROUP_MULTI_DEVICE ||
			      g->type == GROUP_EXTERNAL_TWIN ||
			      json_get_bool(object, "one_busy_all_busy", false);

	before = group_find(g->id);
	if (before)
		g->next = before->next;
	mem_deref(before);

	table_add(&groups.ids, &g->by_id, hash_span(0, span_of(g->id)));
	if (is_dialled(g)) {
		groups.lengths[strlen(g->number)]++;
		table_add(&groups.numbers, &g->by_number,
			  number_key(g->customer, span_of(g->number)));
	}
	take_members(g, json_object_get(object, "members"));

	return 0;
}

void group_remove(const char *id)
{
	mem_deref(group_find(id));
}

static bool is_ours(const char *customer, const char *id)
{
	const struct user *u = directory_user(span_of(id));
	const struct phone *p = directory_phone(span_of(id));
	const struct customer *c = u ? u->customer : p ? p->customer : NULL;

	return c && customer && !strcmp(c->id, customer);
}

/* Exactly a phone and a user with an outside number. */
static void check_twin(const json_t *list, json_t *errors)
{
	unsigned phones = 0, users = 0;
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		struct span id = span_of(json_string_value(value));
		const struct user *u = directory_user(id);

		phones += directory_phone(id) != NULL;
		users += u && u->outside_prefix;
	}
	if (phones != 1 || users != 1 || json_array_size(list) != 2)
		kind_error(errors, "members", "not-a-twin",
			   "must be one phone and one user with "
			   "external_hot_desk");
}

void group_check(const json_t *object, json_t *errors)
{
	const char *customer = json_get_text(object, "customer");
	const char *type = json_get_text(object, "type");
	const json_t *list = json_object_get(object, "members");
	json_t *value;
	size_t i, most;

	if (type && strcmp(type, "pickup") != 0 &&
	    !json_get_text(object, "number"))
		kind_error(errors, "number", "missing",
			   "is required: the group has calls");
	if (type && !strcmp(type, "external-twin"))
		check_twin(list, errors);
	most = type && !strcmp(type, "park") ? GROUP_MEMBERS_MAX
					     : GROUP_RUNG_MAX;
	if (json_array_size(list) > most)
		kind_error(errors, "members", "too-long",
			   "has at most %zu members", most);
	json_array_foreach(list, i, value)
	{
		if (!is_ours(customer, json_string_value(value))) {
			kind_error(errors, "members", "unknown-reference",
				   "%s is no user or phone of this customer",
				   json_string_value(value));
			break;
		}
	}
}
