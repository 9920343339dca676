/* kinds.c - see kinds.h */
#include <stdio.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "model/permission.h"
#include "pbx/auth.h"
#include "pbx/code.h"
#include "pbx/cor.h"
#include "pbx/cpn.h"
#include "pbx/did.h"
#include "pbx/outside_rules.h"
#include "pbx/trunk.h"
#include "pbx/directory.h"
#include "pbx/group.h"
#include "pbx/kinds.h"
#include "pbx/mailbox.h"
#include "pbx/music.h"
#include "pbx/pin.h"
#include "pbx/settings_user.h"
#include "pbx/turn.h"

static const struct field customer_fields[] = {
	{ "web_id", FIELD_TEXT, FIELD_REQUIRED, 1, 63, .unique = UNIQUE_ALL,
	  .help = "Name of the customer in logins",
	  .help_fr = "Nom du client dans les identifiants" },
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 100, .help = "Name",
	  .help_fr = "Nom" },
	{ "extension_length", FIELD_INT, 0, 2, 7, .preset = "4",
	  .help = "Digits of an extension",
	  .help_fr = "Longueur des numéros de poste" },
	{ "time_zone", FIELD_TEXT, 0, 0, 64, .help = "Time zone",
	  .help_fr = "Fuseau horaire" },
	{ "codes", FIELD_JSON, 0, 0, 4096,
	  .help = "Own feature access codes: name to digits",
	  .help_fr = "Codes de service du client" },
	{ "blocked", FIELD_LIST, 0, 0, 32,
	  .help = "Numbers that may call none of its users",
	  .help_fr = "Numéros refusés" },
	{ "reject_anonymous", FIELD_BOOL, 0, .preset = "false",
	  .help = "Its users take no anonymous calls",
	  .help_fr = "Refuser les appels anonymes" },
};

static const struct field user_fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose user it is", .help_fr = "Client" },
	{ "extension", FIELD_DIGITS, FIELD_REQUIRED, 1, 32,
	  .unique = UNIQUE_CUSTOMER, .help = "Number that rings the user",
	  .help_fr = "Numéro de poste" },
	{ "first_name", FIELD_TEXT, 0, 0, 100, .help = "First name",
	  .help_fr = "Prénom" },
	{ "last_name", FIELD_TEXT, 0, 0, 100, .help = "Last name",
	  .help_fr = "Nom" },
	{ "name", FIELD_TEXT, 0, 0, 200, .help = "Name shown to others",
	  .help_fr = "Nom affiché" },
	{ "pin", FIELD_SECRET, 0, 0, 8, .pattern = "^[0-9]*$",
	  .pattern_help = "digits",
	  .help = "First PIN; another value resets the user's own",
	  .help_fr = "Premier code PIN ; une autre valeur le réinitialise" },
	{ "mailbox", FIELD_BOOL, 0, .preset = "false",
	  .help = "Has a voice mailbox", .help_fr = "A une boîte vocale" },
	{ "cor", FIELD_REF, 0, .ref = "cors", .on_delete = DELETE_REFUSE,
	  .help = "Class of restriction: what the user may dial",
	  .help_fr = "Classe de restriction" },
	{ "cos", FIELD_REF, 0, .ref = "coses", .on_delete = DELETE_REFUSE,
	  .help = "Class of service: what the user may do",
	  .help_fr = "Classe de service" },
	{ "cor_night1", FIELD_REF, 0, .ref = "cors", .on_delete = DELETE_REFUSE,
	  .help = "Class of restriction in first night service",
	  .help_fr = "Classe de restriction, nuit 1" },
	{ "cor_night2", FIELD_REF, 0, .ref = "cors", .on_delete = DELETE_REFUSE,
	  .help = "Class of restriction in second night service",
	  .help_fr = "Classe de restriction, nuit 2" },
	{ "cos_night1", FIELD_REF, 0, .ref = "coses",
	  .on_delete = DELETE_REFUSE,
	  .help = "Class of service in first night service",
	  .help_fr = "Classe de service, nuit 1" },
	{ "cos_night2", FIELD_REF, 0, .ref = "coses",
	  .on_delete = DELETE_REFUSE,
	  .help = "Class of service in second night service",
	  .help_fr = "Classe de service, nuit 2" },
	{ "tui_passcode", FIELD_SECRET, 0, 4, 10, .pattern = "^[0-9]+$",
	  .pattern_help = "digits", .help = "Passcode of the mailbox",
	  .help_fr = "Code secret de la boîte vocale" },
	{ "language", FIELD_ENUM, 0, .choices = "en|fr", .preset = "\"en\"",
	  .help = "Language of the mailbox and of announcements",
	  .help_fr = "Langue de la boîte vocale et des annonces" },
};

static const struct field phone_fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose phone it is", .help_fr = "Client" },
	{ "user", FIELD_REF, 0, .ref = "users", .on_delete = DELETE_CLEAR,
	  .help = "User whose extension rings it",
	  .help_fr = "Usager du téléphone" },
	{ "number", FIELD_DIGITS, FIELD_REQUIRED, 1, 32,
	  .help = "Directory number of the line",
	  .help_fr = "Numéro de la ligne" },
	{ "line", FIELD_INT, 0, 1, 100, .preset = "1",
	  .help = "Line of the phone", .help_fr = "Ligne du téléphone" },
	{ "type", FIELD_ENUM, 0,
	  .choices = "desk|sip|softphone-desktop|softphone-mobile|"
		     "softphone-web",
	  .preset = "\"sip\"", .help = "Kind of phone",
	  .help_fr = "Type de téléphone" },
	{ "sip_user", FIELD_TEXT, FIELD_REQUIRED, 1, 64,
	  .pattern = "^[A-Za-z0-9._-]+$",
	  .pattern_help = "letters, digits and . _ -", .unique = UNIQUE_ALL,
	  .help = "SIP user, unique in the installation",
	  .help_fr = "Nom SIP, unique dans l'installation" },
	{ "sip_secret", FIELD_SECRET, FIELD_REQUIRED, 1, 128,
	  .help = "SIP secret", .help_fr = "Secret SIP" },
	{ "ring_with_user", FIELD_BOOL, 0, .preset = "true",
	  .help = "Rings when the user's extension is called",
	  .help_fr = "Sonne avec le poste de l'usager" },
};

static const struct kind customer_kind_here = {
	.name = "customer",
	.plural = "customers",
	.owner = "portal",
	.help = "A customer",
	.help_fr = "Un client",
	KIND_FIELDS(customer_fields),
};

static const struct kind user_kind_here = {
	.name = "user",
	.plural = "users",
	.owner = "portal",
	.help = "A user",
	.help_fr = "Un usager",
	KIND_FIELDS(user_fields),
};

static const struct kind phone_kind_here = {
	.name = "phone",
	.plural = "phones",
	.owner = "portal",
	.help = "A phone line",
	.help_fr = "Une ligne de téléphone",
	KIND_FIELDS(phone_fields),
};

/* ---- into the directory ---- */

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_get_text(object, name);

	return value ? value : "";
}

static int take_customer(json_t *object, void *arg)
{
	const struct customer_fields f = {
		.id = text(object, "id"),
		.name = text(object, "name"),
		.codes = json_object_get(object, "codes"),
		.blocked = json_object_get(object, "blocked"),
		.rejects_anonymous = json_get_bool(object, "reject_anonymous",
						   false),
	};

	(void)arg;

	return directory_put_customer(&f);
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
		.is_french = !strcmp(text(object, "language"), "fr"),
	};
	int err;

	(void)arg;

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
	directory_remove_user(id);
}

static int take_phone(json_t *object, void *arg)
{
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
	};

	(void)arg;

	auth_ha1(md5, sha256, f.sip_user, text(object, "sip_secret"));

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
	mailbox_remove_customer(id);
	directory_remove_customer(id);
}

static const struct kind_here kinds[] = {
	{ &customer_kind_here, take_customer, remove_customer },
	{ &cor_kind, cor_take, cor_remove },
	{ &cos_kind, cos_take, cos_remove },
	{ &user_kind_here, take_user, remove_user },
	{ &phone_kind_here, take_phone, directory_remove_phone },
	{ &pbx_group_kind, group_take, group_remove },
	{ &trunk_kind, trunk_take, trunk_remove },
	{ &did_kind, did_take, did_remove },
	{ &zone_kind, zone_take, zone_remove },
	{ &cpn_kind, cpn_take, cpn_remove },
	{ &cesid_kind, cesid_take, cesid_remove },
	{ &outside_rules_kind, outside_rules_take, outside_rules_remove },
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static int changing(struct provision_change *change, void *arg)
{
	json_t *errors;

	(void)arg;

	fault_point("pbx.provision.before");
	if (!change->object)
		return 0;
	if (change->kind == &did_kind)
		return did_check(change);

	errors = json_array();
	if (change->kind == &pbx_group_kind)
		group_check(change->object, errors);
	if (change->kind == &customer_kind_here)
		code_check(json_object_get(change->object, "codes"), errors);
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
	int err = 0;

	(void)arg;

	if (change->kind != &user_kind_here)
		return 0;
	if (!change->object)
		err = settings_user_remove(w, change->id);

	return err ? err : pin_write(w, change);
}

/* It is on the disk: calls see it from now on. */
static void changed(const struct provision_change *change, void *arg)
{
	const struct kind_here *k = arg;
	int err;

	fault_point("pbx.provision.after");
	if (!change->object) {
		k->remove(change->id);
		turn_end();
		return;
	}

	err = k->take(change->object, NULL);
	if (err)
		log_error("kinds", "%s %s: %s", change->kind->name, change->id,
			  strerror(err));
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
