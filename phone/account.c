/* account.c - see account.h */
#include <stdio.h>
#include <sys/stat.h>

#include "base/json.h"
#include "phone/account.h"
#include "phone/file.h"
#include "sip/uri.h"

enum field_kind {
	FIELD_TEXT,
	FIELD_NAME,   /* safe in a SIP user part and in a file name */
	FIELD_CLIENT, /* desktop, web, mobile, desk */
	FIELD_URL,    /* http or https */
	FIELD_URI,    /* sip or sips */
};

struct field {
	const char *group; /* object that holds it, or NULL */
	const char *name;
	enum field_kind kind;
	bool is_required;
	size_t max; /* octets */
	size_t offset;
};

#define FIELD(group, name, kind, required, max, member)                        \
	{                                                                      \
		group, name, kind, required, max,                              \
			offsetof(struct account, member)                       \
	}

static const struct field fields[] = {
	FIELD(NULL, "phone", FIELD_NAME, false, 64, phone),
	FIELD(NULL, "client", FIELD_CLIENT, false, 16, client),
	FIELD("user", "id", FIELD_NAME, false, 64, user_id),
	FIELD("user", "login", FIELD_TEXT, false, 128, login),
	FIELD("user", "name", FIELD_TEXT, false, 128, name),
	FIELD("user", "extension", FIELD_TEXT, false, 32, extension),
	FIELD("user", "customer", FIELD_TEXT, false, 64, customer),
	FIELD("uc", "url", FIELD_URL, true, 256, uc_url),
	FIELD("uc", "device_token", FIELD_TEXT, true, 256, device_token),
	FIELD("sip", "outbound_proxy", FIELD_URI, false, 256, outbound_proxy),
	FIELD("sip", "sip_user", FIELD_NAME, true, 64, sip_user),
	FIELD("sip", "sip_secret", FIELD_TEXT, false, 256, sip_secret),
	FIELD("sip", "number", FIELD_TEXT, false, 32, number),
};

static void account_destructor(void *data)
{
	struct account *a = data;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		mem_deref(*(char **)((char *)a + fields[i].offset));
	for (size_t i = 0; i < a->registrar_count; i++)
		mem_deref(a->registrars[i]);
	mem_deref(a->text);
}

/* ---- one field ---- */

static bool is_one_of(const char *text, const char *const *set)
{
	for (; *set; set++) {
		if (!strcmp(text, *set))
			return true;
	}

	return false;
}

static bool is_name(const char *text)
{
	if (!*text || *text == '.')
		return false;
	for (; *text; text++) {
		bool is_good = (*text >= 'a' && *text <= 'z') ||
			       (*text >= 'A' && *text <= 'Z') ||
			       (*text >= '0' && *text <= '9') ||
			       strchr("-_.+", *text);
		if (!is_good)
			return false;
	}

	return true;
}

static bool is_sip_uri(const char *text)
{
	struct sip_uri uri;

	return !sip_uri_parse(&uri, span_of(text)) &&
	       (uri.scheme == SIP_SCHEME_SIP || uri.scheme == SIP_SCHEME_SIPS);
}

/* NULL when good, else what is wrong with it. */
static const char *check_kind(enum field_kind kind, const char *text)
{
	static const char *const clients[] = { "desktop", "web", "mobile",
					       "desk", NULL };

	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return "holds a control character";
	}

	switch (kind) {
	case FIELD_TEXT: return NULL;
	case FIELD_NAME:
		return is_name(text) ? NULL
				     : "may hold letters, digits and -_.+ only";
	case FIELD_CLIENT:
		return is_one_of(text, clients)
			       ? NULL
			       : "must be desktop, web, mobile or desk";
	case FIELD_URL:
		return !strncmp(text, "http://", 7) ||
				       !strncmp(text, "https://", 8)
			       ? NULL
			       : "must begin with http:// or https://";
	case FIELD_URI: return is_sip_uri(text) ? NULL : "must be a sip: URI";
	}

	return NULL;
}

static int read_field(struct account *a, const struct field *f,
		      const json_t *object, char *why)
{
	char **slot = (char **)((char *)a + f->offset);
	const json_t *value = json_object_get(object, f->name);
	const char *group = f->group ? f->group : "";
	const char *dot = f->group ? "." : "";
	const char *text, *fault = NULL;

	if (!object && f->group)
		return str_dup(slot, "");
	if (!value || json_is_null(value)) {
		fault = f->is_required ? "is missing" : NULL;
		text = "";
	}
	else if (!json_is_string(value)) {
		fault = "must be a text";
		text = "";
	}
	else {
		text = json_string_value(value);
		if (strlen(text) > f->max)
			fault = "is too long";
		else if (*text || f->is_required)
			fault = check_kind(f->kind, text);
	}

	if (fault) {
		snprintf(why, ACCOUNT_WHY_BYTES, "%s%s%s: %s", group, dot,
			 f->name, fault);
		return EBADMSG;
	}

	return str_dup(slot, text);
}

/* ---- the whole ---- */

static int read_registrars(struct account *a, const json_t *sip, char *why)
{
	const json_t *list = json_object_get(sip, "registrars"), *value;
	size_t i;
	int err;

	if (!json_is_array(list)) {
		snprintf(why, ACCOUNT_WHY_BYTES,
			 "sip.registrars: must be a list");
		return EBADMSG;
	}
	if (json_array_size(list) > ACCOUNT_REGISTRARS_MAX) {
		snprintf(why, ACCOUNT_WHY_BYTES,
			 "sip.registrars: may have %d entries at most",
			 ACCOUNT_REGISTRARS_MAX);
		return EBADMSG;
	}

	json_array_foreach(list, i, value)
	{
		const char *text = json_string_value(value);

		if (!text || strlen(text) > 256 || !is_sip_uri(text)) {
			snprintf(why, ACCOUNT_WHY_BYTES,
				 "sip.registrars[%zu]: must be a sip: URI", i);
			return EBADMSG;
		}
		err = str_dup(&a->registrars[i], text);
		if (err)
			return err;
		a->registrar_count = i + 1;
	}

	return 0;
}

static int read_transport(struct account *a, const json_t *sip, char *why)
{
	const char *text = json_get_text(sip, "transport");

	a->transport = SIP_UDP;
	if (!text || sip_transport_decode(&a->transport, span_of(text)))
		return 0;

	snprintf(why, ACCOUNT_WHY_BYTES,
		 "sip.transport: must be udp, tcp or tls");
	return EBADMSG;
}

static int read_media(struct account *a, const json_t *sip, char *why)
{
	const char *srtp = json_get_text(sip, "srtp");
	const char *codecs = json_get_text(sip, "codecs");

	if (srtp && media_set_srtp(&a->media, srtp)) {
		snprintf(why, ACCOUNT_WHY_BYTES,
			 "sip.srtp: must be off, optional or required");
		return EBADMSG;
	}
	if (codecs && media_set_codecs(&a->media, codecs)) {
		snprintf(why, ACCOUNT_WHY_BYTES,
			 "sip.codecs: must be some of opus, G722, PCMU, PCMA");
		return EBADMSG;
	}

	return 0;
}

static int read_all(struct account *a, const json_t *json, char *why)
{
	const json_t *sip = json_object_get(json, "sip");
	int64_t version = json_get_int(json, "version", 0);
	int err;

	if (version != 1) {
		snprintf(why, ACCOUNT_WHY_BYTES, "version: must be 1");
		return EBADMSG;
	}
	if (!json_is_object(sip) &&
	    !json_is_object(json_object_get(json, "uc"))) {
		snprintf(why, ACCOUNT_WHY_BYTES,
			 "sip: is missing, and so is uc");
		return EBADMSG;
	}

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *f = &fields[i];
		const json_t *object = f->group
					       ? json_object_get(json, f->group)
					       : json;

		if (json_is_null(object))
			object = NULL;
		err = read_field(a, f, object, why);
		if (err)
			return err;
	}

	if (!*a->phone && !*a->user_id) {
		snprintf(why, ACCOUNT_WHY_BYTES, "phone: is missing");
		return EBADMSG;
	}
	if (!account_has_phone(a))
		return 0; /* a user of the uc without a telephone */

	err = read_registrars(a, sip, why);
	if (err)
		return err;
	if (a->registrar_count && !*a->sip_secret) {
		snprintf(why, ACCOUNT_WHY_BYTES, "sip.sip_secret: is missing");
		return EBADMSG;
	}

	err = read_media(a, sip, why);
	if (err)
		return err;

	return read_transport(a, sip, why);
}

int account_parse(struct account **ap, struct span text,
		  char why[ACCOUNT_WHY_BYTES])
{
	char json_why[JSON_WHY_BYTES] = "";
	struct account *a = NULL;
	json_t *json = NULL;
	int err;

	why[0] = 0;
	err = json_read(&json, text, ACCOUNT_BYTES_MAX, json_why);
	if (err) {
		snprintf(why, ACCOUNT_WHY_BYTES, "not JSON: %s", json_why);
		return err;
	}

	a = mem_zalloc(sizeof(*a), account_destructor);
	if (!a) {
		err = ENOMEM;
		goto out;
	}
	err = read_all(a, json, why);
	if (err)
		goto out;
	a->text = json_text(json, NULL);
	if (!a->text)
		err = ENOMEM;
	if (!err && !*a->client) {
		a->client = mem_deref(a->client);
		err = str_dup(&a->client, *a->uc_url ? "desktop" : "desk");
	}

out:
	json_decref(json);
	if (err)
		mem_deref(a);
	else
		*ap = a;

	return err;
}

int account_load(struct account **ap, const char *path,
		 char why[ACCOUNT_WHY_BYTES])
{
	struct mbuf *mb = NULL;
	int err;

	err = file_read(&mb, path, ACCOUNT_BYTES_MAX);
	if (err) {
		snprintf(why, ACCOUNT_WHY_BYTES, "%s: %s", path, strerror(err));
		return err;
	}
	err = account_parse(
		ap, (struct span){ (char *)mb->buf, (uint32_t)mb->end }, why);
	mem_deref(mb);
	return err;
}

int account_save(const struct account *a, const char *path)
{
	return file_replace(path, a->text, strlen(a->text));
}

const char *account_id(const struct account *a)
{
	return *a->phone ? a->phone : a->user_id;
}

bool account_has_phone(const struct account *a)
{
	return *a->sip_user != 0;
}

bool account_has_uc(const struct account *a)
{
	return *a->uc_url != 0;
}
