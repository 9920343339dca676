/* cor.c - see cor.h */
#include "base/json.h"
#include "base/list.h"
#include "pbx/cor.h"

static const struct field cor_fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose class it is", .help_fr = "Client" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 100, .help = "Name",
	  .help_fr = "Nom" },
	{ "internal", FIELD_BOOL, 0, .preset = "true",
	  .help = "May call inside the customer",
	  .help_fr = "Appels internes permis" },
	{ "allow", FIELD_LIST, 0, 0, 32,
	  .help = "Numbers that begin so are permitted",
	  .help_fr = "Préfixes permis" },
	{ "deny", FIELD_LIST, 0, 0, 32,
	  .help = "Numbers that begin so are refused",
	  .help_fr = "Préfixes refusés" },
};

const struct kind cor_kind = {
	.name = "cor",
	.plural = "cors",
	.owner = "portal",
	.help = "Class of restriction: what its users may dial",
	.help_fr = "Ce que ses usagers peuvent composer",
	KIND_FIELDS(cor_fields),
};

static const struct field cos_fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose class it is", .help_fr = "Client" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 100, .help = "Name",
	  .help_fr = "Nom" },
	{ "forward", FIELD_BOOL, 0, .preset = "true",
	  .help = "May forward calls", .help_fr = "Renvois permis" },
	{ "forward_accept", FIELD_BOOL, 0, .preset = "true",
	  .help = "Calls may be forwarded to the user",
	  .help_fr = "Accepte les renvois" },
	{ "dnd", FIELD_BOOL, 0, .preset = "true",
	  .help = "May use do not disturb",
	  .help_fr = "Ne pas déranger permis" },
	{ "call_waiting", FIELD_BOOL, 0, .preset = "true",
	  .help = "A second call rings", .help_fr = "Appel en attente" },
	{ "codes", FIELD_BOOL, 0, .preset = "true",
	  .help = "May dial feature access codes",
	  .help_fr = "Codes de service permis" },
	{ "pickup_group", FIELD_BOOL, 0, .preset = "true",
	  .help = "May pick up calls of the group",
	  .help_fr = "Interception de groupe permise" },
	{ "pickup_directed", FIELD_BOOL, 0, .preset = "true",
	  .help = "May pick up calls of a number",
	  .help_fr = "Interception dirigée permise" },
	{ "pickup_accept", FIELD_BOOL, 0, .preset = "true",
	  .help = "The user's calls may be picked up",
	  .help_fr = "Accepte l'interception" },
};

const struct kind cos_kind = {
	.name = "cos",
	.plural = "coses",
	.owner = "portal",
	.help = "Class of service: what its users may do",
	.help_fr = "Ce que ses usagers peuvent faire",
	KIND_FIELDS(cos_fields),
};

static const char *const option_names[COS_OPTIONS] = {
	"forward",         "forward_accept", "dnd",
	"call_waiting",    "codes",          "pickup_group",
	"pickup_directed", "pickup_accept"
};

/* A class of either kind. */
struct klass {
	struct table_entry by_id;
	json_t *object;
	char id[DIRECTORY_ID_SIZE];
	uint32_t options; /* bits of enum cos_option */
	bool is_internal;
};

static struct table cors, coses;

static void class_destructor(void *data)
{
	struct klass *k = data;

	json_decref(k->object);
}

static struct klass *class_find(const struct table *t, const char *id)
{
	struct table_entry *e;

	if (!id[0] || !t->count)
		return NULL;

	e = table_first(t, hash_span(0, span_of(id)));
	for (; e; e = table_next(e)) {
		struct klass *k = CONTAINER_OF(e, struct klass, by_id);

		if (!strcmp(k->id, id))
			return k;
	}

	return NULL;
}

static void class_remove(struct table *t, const char *id)
{
	struct klass *k = class_find(t, id);

	if (!k)
		return;

	table_remove(t, &k->by_id);
	mem_deref(k);
}

static int class_take(struct table *t, json_t *object)
{
	const char *id = json_get_text(object, "id");
	struct klass *k;

	if (!id || strlen(id) >= sizeof(k->id))
		return EINVAL;

	k = mem_zalloc(sizeof(*k), class_destructor);
	if (!k)
		return ENOMEM;

	class_remove(t, id);
	memcpy(k->id, id, strlen(id) + 1);
	k->object = json_incref(object);
	k->is_internal = json_get_bool(object, "internal", true);
	for (unsigned i = 0; i < COS_OPTIONS; i++) {
		if (json_get_bool(object, option_names[i], true))
			k->options |= 1u << i;
	}
	table_add(t, &k->by_id, hash_span(0, span_of(k->id)));

	return 0;
}

int cor_init(void)
{
	int err = table_init(&cors, 64);

	return err ? err : table_init(&coses, 64);
}

static void flush(struct table *t)
{
	for (uint32_t i = 0; t->buckets && i <= t->mask; i++) {
		while (t->buckets[i]) {
			struct klass *k = CONTAINER_OF(t->buckets[i],
						       struct klass, by_id);

			table_remove(t, &k->by_id);
			mem_deref(k);
		}
	}
	table_close(t);
}

void cor_close(void)
{
	flush(&cors);
	flush(&coses);
}

int cor_take(json_t *object, void *arg)
{
	(void)arg;

	return class_take(&cors, object);
}

int cos_take(json_t *object, void *arg)
{
	(void)arg;

	return class_take(&coses, object);
}

void cor_remove(const char *id)
{
	class_remove(&cors, id);
}

void cos_remove(const char *id)
{
	class_remove(&coses, id);
}

/* Length of the longest prefix in a list that the number begins with, plus
 * one; 0 when none does. */
static size_t longest(const json_t *list, const char *number)
{
	size_t best = 0, i;
	json_t *value;

	json_array_foreach(list, i, value)
	{
		const char *prefix = json_string_value(value);
		size_t len = strlen(prefix);

		if (!strncmp(number, prefix, len) && len + 1 > best)
			best = len + 1;
	}

	return best;
}

bool cor_permits(const struct user *payer, const char *number)
{
	const struct klass *k = payer ? class_find(&cors, payer->cor) : NULL;
	size_t allow, deny;

	if (!k)
		return true;

	allow = longest(json_object_get(k->object, "allow"), number);
	deny = longest(json_object_get(k->object, "deny"), number);
	if (allow != deny)
		return allow > deny;

	return k->is_internal && !deny;
}

bool cor_permits_outside(const struct user *payer, const char *number)
{
	const struct klass *k = payer ? class_find(&cors, payer->cor) : NULL;

	return !k ||
	       longest(json_object_get(k->object, "allow"), number) >
		       longest(json_object_get(k->object, "deny"), number);
}

bool cos_has(const struct user *u, enum cos_option option)
{
	const struct klass *k = u ? class_find(&coses, u->cos) : NULL;

	return !k || (k->options & 1u << option);
}
