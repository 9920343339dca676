/* mailbox.c - see mailbox.h */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/key_file.h"
#include "base/log.h"
#include "pbx/mail/greeting.h"
#include "pbx/mail/mailbox_settings.h"
#include "pbx/mail/message.h"
#include "pbx/mail/passcode.h"
#include "pbx/settings.h"

static struct {
	char dir[400];
	struct table by_user;
	struct list all;
	mailbox_changed_h *changed;
	uint32_t group_count;
	bool is_ready;
} boxes;

/* ---- files ---- */

void mailbox_folder(const struct mailbox *b, char out[MAILBOX_PATH])
{
	(void)snprintf(out, MAILBOX_PATH, "%s/mail/%s/%s", pbx_settings.folder,
		       b->customer, b->user);
}

void mailbox_path(const char *file, char out[MAILBOX_PATH])
{
	int n = snprintf(out, MAILBOX_PATH, "%s/%s", boxes.dir, file);

	if (n < 0 || n >= MAILBOX_PATH)
		out[0] = '\0';
}

int mailbox_make_folder(const struct mailbox *b)
{
	char folder[MAILBOX_PATH], path[MAILBOX_PATH];

	mailbox_folder(b, folder);
	mailbox_path(folder, path);

	return folder_make(path);
}

bool mailbox_has_file(const char *file, uint64_t *bytesp)
{
	char path[MAILBOX_PATH];
	struct stat st;

	mailbox_path(file, path);
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	if (bytesp)
		*bytesp = (uint64_t)st.st_size;

	return true;
}

void mailbox_remove_file(const char *file)
{
	char path[MAILBOX_PATH];

	mailbox_path(file, path);
	if (unlink(path) && errno != ENOENT)
		log_warn("mailbox", "%s: %s", path, strerror(errno));
}

/* ---- what it holds ---- */

const struct mailbox_class *mailbox_class_of(const struct mailbox *b)
{
	return mailbox_class_find(b->class_id);
}

void mailbox_local_time(const struct mailbox *b, uint64_t at_ms,
			struct zone_time *t)
{
	const struct customer *c = directory_customer(span_of(b->customer));
	const struct zone *z = NULL;

	if (c && c->time_zone[0])
		(void)zone_find(&z, c->time_zone);
	zone_local(t, z, (int64_t)(at_ms / 1000));
}

uint64_t mailbox_length_ms(const struct mailbox *b)
{
	uint64_t sum = 0;
	struct le *le;

	for (le = list_head(&b->messages); le; le = le->next) {
		const struct message *m = le->data;

		sum += m->length_ms;
	}

	return sum;
}

bool mailbox_has_room(const struct mailbox *b)
{
	const struct mailbox_class *k = mailbox_class_of(b);

	return list_count(&b->messages) < k->messages_max &&
	       (!k->minutes_max ||
		mailbox_length_ms(b) < k->minutes_max * 60000ull);
}

static void count_in(struct mailbox_counts *counts, const struct mailbox *b)
{
	struct le *le;

	for (le = list_head(&b->messages); le; le = le->next) {
		const struct message *m = le->data;

		if (!message_is_shown(m))
			continue;
		if (m->is_read) {
			counts->old++;
			counts->old_urgent += m->is_urgent;
		}
		else {
			counts->fresh++;
			counts->fresh_urgent += m->is_urgent;
		}
	}
}

void mailbox_counts_of(struct mailbox_counts *counts, const char *user)
{
	const struct mailbox *b = mailbox_find(user);

	*counts = (struct mailbox_counts){ 0 };
	if (b)
		count_in(counts, b);
	if (!boxes.group_count)
		return;
	for (b = mailbox_each(NULL); b; b = mailbox_each(b)) {
		if (b->is_open && mailbox_is_owner(b, user))
			count_in(counts, b);
	}
}

bool mailbox_hears(const char *user)
{
	const struct mailbox *b = mailbox_find(user);

	if (b || !boxes.group_count)
		return b != NULL;
	for (b = mailbox_each(NULL); b; b = mailbox_each(b)) {
		if (b->is_open && mailbox_is_owner(b, user))
			return true;
	}

	return false;
}

void mailbox_tell(const struct mailbox *b)
{
	if (boxes.is_ready && boxes.changed)
		boxes.changed(b);
}

/* ---- finding ---- */

static void mailbox_destructor(void *data)
{
	struct mailbox *b = data;

	list_flush(&b->messages);
	list_unlink(&b->le);
	table_remove(&boxes.by_user, &b->by_user);
	boxes.group_count -= b->is_group;
	json_decref(b->settings);
	mem_deref(b->owners);
}

static struct mailbox *find(const char *user)
{
	struct span s = span_of(user);
	struct table_entry *e = table_first(&boxes.by_user, hash_span(0, s));

	for (; e; e = table_next(e)) {
		struct mailbox *b = CONTAINER_OF(e, struct mailbox, by_user);

		if (span_equal(span_of(b->user), s))
			return b;
	}

	return NULL;
}

struct mailbox *mailbox_find(const char *user)
{
	struct mailbox *b = user ? find(user) : NULL;

	return b && b->is_open ? b : NULL;
}

struct mailbox *mailbox_each(const struct mailbox *b)
{
	struct le *le = b ? b->le.next : list_head(&boxes.all);

	return le ? le->data : NULL;
}

struct mailbox *mailbox_by_number(const struct customer *c, const char *number)
{
	const struct user *u = directory_user_by_extension(c, span_of(number));
	struct mailbox *b = u ? mailbox_find(u->id) : NULL;

	if (b || !boxes.group_count)
		return b;
	for (b = mailbox_each(NULL); b; b = mailbox_each(b)) {
		if (b->is_group && b->is_open && !strcmp(b->number, number) &&
		    !strcmp(b->customer, c->id))
			return b;
	}

	return NULL;
}

bool mailbox_is_owner(const struct mailbox *b, const char *user)
{
	for (uint8_t i = 0; i < b->owner_count; i++) {
		if (!strcmp(b->owners[i], user))
			return true;
	}

	return false;
}

struct mailbox *mailbox_get(const char *id, const char *customer)
{
	struct mailbox *b = find(id);

	if (b)
		return b;
	b = mem_zalloc(sizeof(*b), mailbox_destructor);
	if (!b)
		return NULL;

	(void)snprintf(b->user, sizeof(b->user), "%s", id);
	(void)snprintf(b->customer, sizeof(b->customer), "%s", customer);
	list_init(&b->messages);
	table_add(&boxes.by_user, &b->by_user, hash_span(0, span_of(b->user)));
	list_append(&boxes.all, &b->le, b);

	return b;
}

/* ---- provisioning ---- */

static void copy(char *out, size_t size, const json_t *o, const char *name)
{
	const char *value = json_get_text(o, name);

	(void)snprintf(out, size, "%s", value ? value : "");
}

static void take_owners(struct mailbox *b, const json_t *owners)
{
	size_t n = json_array_size(owners);

	b->owners = mem_deref(b->owners);
	b->owner_count = 0;
	if (n > MAILBOX_OWNERS_MAX)
		n = MAILBOX_OWNERS_MAX;
	if (n)
		b->owners = mem_zalloc(n * sizeof(*b->owners), NULL);
	for (size_t i = 0; b->owners && i < n; i++) {
		const char *id = json_string_value(json_array_get(owners, i));

		(void)snprintf(b->owners[b->owner_count++], DIRECTORY_ID_SIZE,
			       "%s", id ? id : "");
	}
}

bool mailbox_is_french(const struct mailbox *b)
{
	const struct customer *c = b->has_language ? NULL
						   : directory_customer(span_of(
							     b->customer));

	return c ? c->is_french : b->is_french;
}

int mailbox_take(const json_t *object)
{
	const char *id = json_get_text(object, "id");
	const char *customer = json_get_text(object, "customer");
	const char *passcode = json_get_text(object, "tui_passcode");
	const char *language = json_get_text(object, "language");
	const json_t *owners = json_object_get(object, "owners");
	bool is_group = json_object_get(object, "owners") != NULL;
	bool is_open = is_group || json_get_bool(object, "mailbox", false);
	struct mailbox *b = find(id);

	if (!b && !is_open)
		return 0;
	b = mailbox_get(id, customer ? customer : "");
	if (!b)
		return ENOMEM;

	boxes.group_count += is_group && !b->is_group;
	b->is_group = is_group;
	b->is_open = is_open;
	b->has_language = language != NULL;
	b->is_french = language && !strcmp(language, "fr");
	copy(b->number, sizeof(b->number), object,
	     is_group ? "number" : "extension");
	copy(b->name, sizeof(b->name), object, "name");
	copy(b->class_id, sizeof(b->class_id), object, "mailbox_class");
	take_owners(b, owners);
	passcode_give(b, passcode);
	if (is_group)
		mailbox_tell(b);

	return 0;
}

int mailbox_take_group(json_t *object, void *arg)
{
	(void)arg;

	return mailbox_take(object);
}

void mailbox_check_group(const json_t *object, json_t *errors)
{
	const char *customer = json_get_text(object, "customer");
	const json_t *owners = json_object_get(object, "owners");
	const struct customer *c = customer ? directory_customer(
						      span_of(customer))
					    : NULL;
	const char *number = json_get_text(object, "number");
	json_t *value;
	size_t i;

	if (c && number && directory_user_by_extension(c, span_of(number)))
		kind_error(errors, "number", "duplicate-number",
			   "%s is a user's extension", number);
	if (json_array_size(owners) > MAILBOX_OWNERS_MAX)
		kind_error(errors, "owners", "too-long",
			   "has at most %d owners", MAILBOX_OWNERS_MAX);
	json_array_foreach(owners, i, value)
	{
		const struct user *u = directory_user(
			span_of(json_string_value(value)));

		if (!u || !customer || strcmp(u->customer->id, customer) != 0)
			kind_error(errors, "owners", "unknown-reference",
				   "%s is no user of this customer",
				   json_string_value(value));
	}
}

void mailbox_remove(const char *user)
{
	struct mailbox *b = find(user);
	char folder[MAILBOX_PATH], path[MAILBOX_PATH];
	struct le *le;
	bool was_ready = boxes.is_ready;

	if (!b)
		return;

	boxes.is_ready = false; /* no lamp is left to light */
	while ((le = list_head(&b->messages)))
		message_delete(le->data);
	boxes.is_ready = was_ready;
	greeting_remove_all(b);
	mailbox_folder(b, folder);
	mailbox_path(folder, path);
	(void)rmdir(path); /* once its files are gone; else at the next start */
	mem_deref(b);
}

void mailbox_remove_customer(const char *customer)
{
	struct le *le = list_head(&boxes.all);

	while (le) {
		struct mailbox *b = le->data;

		le = le->next;
		if (!strcmp(b->customer, customer))
			mailbox_remove(b->user);
	}
}

/* ---- life ---- */

/* Users that went while we did not look. */
static void remove_strangers(void)
{
	struct le *le = list_head(&boxes.all);

	while (le) {
		const struct mailbox *b = le->data;

		le = le->next;
		if (!b->is_group && !directory_user(span_of(b->user)))
			mailbox_remove(b->user);
	}
}

int mailbox_init(const char *dir)
{
	int err = table_init(&boxes.by_user, 1024);

	if (!err)
		err = mailbox_classes_init();
	if (strlen(dir) >= sizeof(boxes.dir))
		return ENAMETOOLONG;

	list_init(&boxes.all);
	(void)snprintf(boxes.dir, sizeof(boxes.dir), "%s", dir);

	return err;
}

int mailbox_start(mailbox_changed_h *handler)
{
	boxes.changed = handler;
	boxes.is_ready = true;
	remove_strangers();

	return 0;
}

void mailbox_close(void)
{
	boxes.is_ready = false;
	list_flush(&boxes.all);
	table_close(&boxes.by_user);
	mailbox_classes_close();
}
