/* kinds.c - see kinds.h */
#include <stdio.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "model/pbx_kinds.h"
#include "model/permission.h"
#include "pbx/control/application.h"
#include "pbx/route/account.h"
#include "pbx/route/attendant.h"
#include "pbx/auth.h"
#include "pbx/route/code.h"
#include "pbx/conference/conference_room.h"
#include "pbx/route/cor.h"
#include "pbx/trunk/cpn.h"
#include "pbx/feature/dial.h"
#include "pbx/trunk/did.h"
#include "pbx/route/number_plan.h"
#include "pbx/route/numbering.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/pair/pair.h"
#include "pbx/pair/pair_feed.h"
#include "pbx/pair/pair_log.h"
#include "pbx/trunk/emergency_notice.h"
#include "pbx/trunk/trunk.h"
#include "pbx/directory.h"
#include "pbx/route/group.h"
#include "pbx/desk/hotdesk.h"
#include "pbx/desk/twin_keys.h"
#include "pbx/feature/keys.h"
#include "pbx/kinds.h"
#include "pbx/mail/mailbox.h"
#include "pbx/route/mode.h"
#include "pbx/mail/mailbox_settings.h"
#include "pbx/speech/srtp.h"
#include "pbx/speech/music.h"
#include "pbx/conference/recording.h"
#include "pbx/desk/pin.h"
#include "pbx/speech/preface.h"
#include "pbx/route/settings_user.h"
#include "pbx/turn.h"

/* ---- into the directory ---- */

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_get_text(object, name);

	return value ? value : "";
}

/* Of the day, -1 without. */
static int16_t minute_of(const char *hh_mm)
{
	return (int16_t)(strlen(hh_mm) == 5
				 ? ((hh_mm[0] - '0') * 10 + (hh_mm[1] - '0')) *
						   60 +
					   (hh_mm[3] - '0') * 10 +
					   (hh_mm[4] - '0')
				 : -1);
}

static int take_customer(json_t *object, void *arg)
{
	const struct customer_fields f = {
		.id = text(object, "id"),
		.name = text(object, "name"),
		.codes = json_object_get(object, "codes"),
		.blocked = json_object_get(object, "blocked"),
		.speed_dials = json_object_get(object, "speed_dials"),
		.rejects_anonymous = json_get_bool(object, "reject_anonymous",
						   false),
		.is_french = !strcmp(text(object, "language"), "fr"),
		.has_announcements = json_get_bool(object, "announcements",
						   false),
		.operator= json_get_text(object, "operator"),
		.time_zone = json_get_text(object, "time_zone"),
		.desk_idle_min = (uint16_t)json_get_int(object,
							"hot_desk_idle_min", 0),
		.access = json_get_text(object, "access_number"),
		.twin_keys = json_get_text(object, "twin_keys"),
		.emergency_phones = json_object_get(object, "emergency_phones"),
		.emergency_mail = json_object_get(object, "emergency_mail"),
		.departments = json_object_get(object, "departments"),
		.locations = json_object_get(object, "locations"),
		.desk_logout_min = minute_of(
			text(object, "hot_desk_logout_at")),
	};

	int err = directory_put_customer(&f);
	const struct customer *c = directory_customer(span_of(f.id));

	(void)arg;
	if (!err && c)
		code_learn(c);

	return err;
}

static int take_user(json_t *object, void *arg)
{
	char name[256];
	struct user_fields f = {
		.id = text(object, "id"),
		.customer = text(object, "customer"),
		.extension = text(object, "extension"),
		.name = text(object, "name"),
		.cor = { json_get_text(object, "cor"),
			 json_get_text(object, "cor_night1"),
			 json_get_text(object, "cor_night2") },
		.cos = { json_get_text(object, "cos"),
			 json_get_text(object, "cos_night1"),
			 json_get_text(object, "cos_night2") },
		.reroute = { json_get_text(object, "reroute_day"),
			     json_get_text(object, "reroute_night1"),
			     json_get_text(object, "reroute_night2") },
		.is_french = !strcmp(text(object, "language"), "fr"),
		.rings_outside_alone = json_get_bool(object, "external_alone",
						     false),
		.outside_number = json_get_text(object, "external_number"),
		.is_hot_desk_user = json_get_bool(object, "hot_desk_user",
						  false),
	};
	int err;

	(void)arg;

	if (json_get_bool(object, "external_hot_desk", false))
		f.outside_prefix = text(object, "external_prefix");
	if (!f.name[0]) {
		(void)snprintf(name, sizeof(name), "%s %s",
			       text(object, "first_name"),
			       text(object, "last_name"));
		f.name = name;
		if (name[0] == ' ')
			f.name = name + 1;
		if (name[0] && name[strlen(name) - 1] == ' ')
			name[strlen(name) - 1] = '\0';
	}

	err = directory_put_user(&f);

	return err ? err : mailbox_take(object);
}

static void remove_user(const char *id)
{
	mailbox_remove(id);
	dial_forget(id);
	music_forget_user(id);
	directory_remove_user(id);
}

static int take_phone(json_t *object, void *arg)
{
	const char *digest = text(object, "digest");
	char md5[33], sha256[65];
	struct phone_fields f = {
		.id = text(object, "id"),
		.customer = text(object, "customer"),
		.user = json_get_text(object, "user"),
		.number = text(object, "number"),
		.sip_user = text(object, "sip_user"),
		.ha1_md5 = md5,
		.ha1_sha256 = sha256,
		.rings_with_user = json_get_bool(object, "ring_with_user",
						 true),
		.is_hot_desk = json_get_bool(object, "hot_desk", false),
		.may_call_inside = json_get_bool(object, "hot_desk_internal",
						 false),
		.srtp = (uint8_t)srtp_policy_of(json_get_text(object, "srtp")),
	};

	(void)arg;

	auth_ha1(md5, sha256, f.sip_user, text(object, "sip_secret"));
	if (!strcmp(digest, "md5"))
		*sha256 = '\0';
	else if (!strcmp(digest, "sha-256"))
		*md5 = '\0';

	return directory_put_phone(&f);
}

struct kind_here {
	const struct kind *kind;
	record_each_h *take;
	void (*remove)(const char *id);
};

static void remove_customer(const char *id)
{
	music_forget(id);
	recordings_forget(id);
	mailbox_remove_customer(id);
	directory_remove_customer(id);
}

static void remove_zone(const char *id)
{
	music_forget_zone(id);
	zone_remove(id);
}

static const struct kind_here kinds[] = {
	{ &pbx_customer_kind, take_customer, remove_customer },
	{ &schedule_kind, schedule_take, schedule_remove },
	{ &cor_kind, cor_take, cor_remove },
	{ &cos_kind, cos_take, cos_remove },
	{ &mailbox_class_kind, mailbox_class_take, mailbox_class_remove },
	{ &pbx_user_kind, take_user, remove_user },
	{ &group_mailbox_kind, mailbox_take_group, mailbox_remove },
	{ &pbx_phone_kind, take_phone, directory_remove_phone },
	{ &pbx_group_kind, group_take, group_remove },
	{ &attendant_kind, attendant_take, attendant_remove },
	{ &trunk_kind, trunk_take, trunk_remove },
	{ &did_kind, did_take, did_remove },
	{ &zone_kind, zone_take, remove_zone },
	{ &cpn_kind, cpn_take, cpn_remove },
	{ &cesid_kind, cesid_take, cesid_remove },
	{ &conference_kind, room_take, room_remove },
	{ &account_code_kind, account_take, account_remove },
	{ &outside_rules_kind, outside_rules_take, outside_rules_remove },
	{ &application_kind, application_take, application_remove },
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static void check_listed(const json_t *user, const char *name,
			 const json_t *list, json_t *errors)
{
	const char *text = json_get_text(user, name);
	json_t *value;
	size_t i;

	if (!text || !*text)
		return;
	json_array_foreach(list, i, value)
	{
		if (!strcmp(json_string_value(value), text))
			return;
	}
	kind_error(errors, name, "unknown-reference",
		   "is none of the customer's %ss", name);
}

static void check_user(const json_t *user, json_t *errors)
{
	const struct customer *c = directory_customer(
		span_of(text(user, "customer")));

	if (json_get_bool(user, "external_hot_desk", false) &&
	    !json_get_bool(user, "hot_desk_user", false))
		kind_error(errors, "external_hot_desk", "needs-hot-desk-user",
			   "needs hot_desk_user");
	check_listed(user, "department", c ? c->departments : NULL, errors);
	check_listed(user, "location", c ? c->locations : NULL, errors);
}

static int changing(struct provision_change *change, void *arg)
{
	json_t *errors;

	(void)arg;

	fault_point("pbx.provision.before");
	if (!pair_takes_provisioning()) {
		change->status = 503;
		(void)snprintf(change->code, sizeof(change->code), "secondary");
		(void)snprintf(change->detail, sizeof(change->detail),
			       "This is the secondary of a pair; send it to "
			       "the primary, or wait until that is back.");
		return EROFS;
	}
	if (!change->object)
		return 0;
	if (change->kind == &did_kind)
		return did_check(change);

	errors = json_array();
	if (change->kind == &mailbox_class_kind)
		mailbox_class_check(change->object, errors);
	if (change->kind == &group_mailbox_kind)
		mailbox_check_group(change->object, errors);
	if (change->kind == &pbx_group_kind) {
		group_check(change->object, errors);
		numbering_check_group(change->object, errors);
	}
	if (change->kind == &pbx_user_kind)
		numbering_check_user(change->object, errors);
	if (change->kind == &outside_rules_kind) {
		numbering_check_rules(change->object, errors);
		number_plan_check(json_object_get(change->object, "categories"),
				  errors);
	}
	if (change->kind == &attendant_kind) {
		attendant_check(change->object, errors);
		numbering_check_attendant(change->object, errors);
	}
	if (change->kind == &schedule_kind)
		schedule_check(change->object, errors);
	if (change->kind == &conference_kind)
		room_check(change->object, errors);
	if (change->kind == &pbx_user_kind)
		check_user(change->object, errors);
	if (change->kind == &pbx_user_kind || change->kind == &pbx_phone_kind)
		keys_check(change->object, errors);
	if (change->kind == &application_kind)
		application_check(change->object, change->before, errors);
	if (change->kind == &cpn_kind)
		cpn_check(change->object, errors);
	if (change->kind == &zone_kind)
		zone_check(change->object, change->id, errors),
			emergency_notice_check(change->object, errors);
	if (change->kind == &pbx_customer_kind) {
		code_check(json_object_get(change->object, "codes"), errors);
		twin_keys_check(change->object, errors);
		emergency_notice_check(change->object, errors);
		dial_check(json_object_get(change->object, "speed_dials"), true,
			   errors);
	}
	if (!json_array_size(errors)) {
		json_decref(errors);
		return 0;
	}
	change->errors = errors;

	return EBADMSG;
}

/* What else goes with it, in the same write. */
static int writing(struct store_write *w, const struct provision_change *change,
		   void *arg)
{
	int err = pair_log_add(w, change->kind->plural, change->id,
			       change->generation, !change->object);

	(void)arg;

	if (err)
		return err;
	if (change->kind == &pbx_customer_kind && !change->object)
		return mode_remove(w, change->id);
	if (change->kind == &pbx_phone_kind)
		return hotdesk_write(w, change);
	if (!change->object && (change->kind == &pbx_user_kind ||
				change->kind == &group_mailbox_kind))
		err = mailbox_settings_remove(w, change->id);
	if (err || change->kind != &pbx_user_kind)
		return err;
	if (!change->object)
		err = settings_user_remove(w, change->id);

	if (!err)
		err = pin_write(w, change);

	return err ? err : hotdesk_write(w, change);
}

/* It is on the disk: calls see it from now on. */
static void changed(const struct provision_change *change, void *arg)
{
	const struct kind_here *k = arg;
	int err;

	fault_point("pbx.provision.after");
	pair_feed_changed();
	if (!change->object) {
		preface_forget(change->kind, change->id);
		k->remove(change->id);
		hotdesk_changed();
		turn_end();
		return;
	}

	err = k->take(change->object, NULL);
	if (err)
		log_error("kinds", "%s %s: %s", change->kind->name, change->id,
			  strerror(err));
	hotdesk_changed();
	keys_changed(change->kind, change->id);
	turn_end();
}

static int taken(json_t *object, void *arg)
{
	const struct kind_here *k = arg;
	int err = k->take(object, NULL);

	if (err)
		log_error("kinds", "stored %s %s: %s", k->kind->name,
			  text(object, "id"), strerror(err));

	return 0; /* one bad row keeps nobody else from calling */
}

static void viewed(json_t *object, void *arg)
{
	const struct kind_here *k = arg;

	if (k->kind == &trunk_kind)
		trunk_view(object);
	if (k->kind == &application_kind)
		application_view(object);
}

/* ---- from the primary ---- */

static struct {
	struct pair_kind kind;
	const struct record_table *table;
	char sql[80];
} pair_kinds[KIND_COUNT];

static size_t place_of(const void *arg)
{
	return (size_t)((const struct kind_here *)arg - kinds);
}

static int pair_get(json_t **objectp, const char *id, void *arg)
{
	return record_get(objectp, pair_kinds[place_of(arg)].table, id);
}

static int pair_put(struct store_write *w, const char *id, const json_t *object,
		    int64_t stamp, void *arg)
{
	const struct kind_here *k = arg;
	const struct record_table *table = pair_kinds[place_of(arg)].table;
	struct provision_change change = { .kind = k->kind, .id = id };
	int err;

	if (object)
		return record_put(w, table, object);

	err = record_remove(w, table, id);
	if (!err)
		err = provision_bury(w, k->kind->plural, id, stamp);
	if (!err && k->kind == &pbx_user_kind) {
		err = settings_user_remove(w, id);
		err = err ? err : pin_write(w, &change);
	}

	return err;
}

/* Its unique value is another one's, who is about to get another value. */
static int pair_displace(struct store_write *w, const json_t *object,
			 const char *column, void *arg)
{
	const struct kind_here *k = arg;
	const json_t *value = json_object_get(object, column);
	char sql[200];

	(void)snprintf(
		sql, sizeof(sql), "DELETE FROM %s WHERE %s = $1 AND id <> $2%s",
		k->kind->plural, column,
		json_object_get(object, "customer") ? " AND customer = $3"
						    : " AND $3 = $3");

	return store_write_add(
		w, sql,
		STORE_ARGS(json_is_integer(value)
				   ? store_int(json_integer_value(value))
				   : store_text(json_string_value(value)),
			   store_text(text(object, "id")),
			   store_text(text(object, "customer"))));
}

static void pair_after(const char *id, json_t *object, void *arg)
{
	const struct kind_here *k = arg;
	const struct phone *p;
	int err;

	if (!object) {
		k->remove(id);
		hotdesk_changed();
		return;
	}

	err = k->take(object, NULL);
	if (err == EEXIST && k->kind == &pbx_phone_kind) {
		p = directory_phone_by_sip_user(
			span_of(text(object, "sip_user")));
		if (p)
			directory_remove_phone(p->id);
		err = k->take(object, NULL);
	}
	if (err)
		log_error("kinds", "%s %s of the primary: %s", k->kind->name,
			  id, strerror(err));
	hotdesk_changed();
	keys_changed(k->kind, id);
}

static int pair_with(struct provision *p, size_t i)
{
	const char *plural = kinds[i].kind->plural;

	pair_kinds[i].table = provision_table(p, plural);
	(void)snprintf(pair_kinds[i].sql, sizeof(pair_kinds[i].sql),
		       "SELECT id FROM %s", plural);
	pair_kinds[i].kind = (struct pair_kind){
		.name = plural,
		.arg = (void *)(uintptr_t)&kinds[i],
		.get = pair_get,
		.put = pair_put,
		.displace = pair_displace,
		.after = pair_after,
		.all_sql = pair_kinds[i].sql,
	};

	return pair_kind_add(&pair_kinds[i].kind);
}

int kinds_start(struct provision *p)
{
	const struct provision_hooks hooks = { .before = changing,
					       .write = writing,
					       .after = changed,
					       .view = viewed };

	for (size_t i = 0; i < KIND_COUNT; i++) {
		void *arg = (void *)(uintptr_t)&kinds[i];
		int err;

		err = provision_kind_add(p, kinds[i].kind, &hooks, arg);
		if (!err)
			err = record_each(
				provision_table(p, kinds[i].kind->plural),
				taken, arg);
		if (!err)
			err = pair_with(p, i);
		if (err)
			return err;
	}

	return 0;
}

const struct kind *kinds_at(size_t place)
{
	return place < KIND_COUNT ? kinds[place].kind : NULL;
}

const struct kind *kinds_find(const char *name)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (!strcmp(kinds[i].kind->name, name) ||
		    !strcmp(kinds[i].kind->plural, name))
			return kinds[i].kind;
	}

	return NULL;
}
