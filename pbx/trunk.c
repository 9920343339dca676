/* trunk.c - see trunk.h */
#include "base/json.h"
#include "base/log.h"
#include "pbx/outsider.h"
#include "pbx/trunk.h"
#include "sip/build.h"

static struct {
	struct list all;
} trunks;

static const struct field fields[] = {
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 100, .help = "Name",
	  .help_fr = "Nom" },
	{ "customer", FIELD_REF, 0, .ref = "customers",
	  .on_delete = DELETE_CASCADE,
	  .help = "Whose trunk it is; none: everybody's",
	  .help_fr = "Client ; aucun : commun à tous" },
	{ "host", FIELD_TEXT, FIELD_REQUIRED, 1, 253,
	  .pattern = "^[]A-Za-z0-9.:[-]+$",
	  .pattern_help = "a host name or an address",
	  .help = "Host of the provider", .help_fr = "Hôte de l'opérateur" },
	{ "port", FIELD_INT, 0, 0, 65535, .preset = "0",
	  .help = "Port; 0 asks the DNS", .help_fr = "Port ; 0 : par DNS" },
	{ "transport", FIELD_ENUM, 0, .choices = "udp|tcp|tls",
	  .preset = "\"udp\"", .help = "Transport", .help_fr = "Transport" },
	{ "mode", FIELD_ENUM, 0, .choices = "static|register",
	  .preset = "\"static\"", .help = "Known by address, or registered",
	  .help_fr = "Par adresse, ou enregistré" },
	{ "user", FIELD_TEXT, 0, 0, 128, .help = "Account",
	  .help_fr = "Compte" },
	{ "secret", FIELD_SECRET, 0, 0, 128, .help = "Its secret",
	  .help_fr = "Son secret" },
	{ "expires", FIELD_INT, 0, 60, 86400, .preset = "3600",
	  .help = "Seconds of a registration",
	  .help_fr = "Durée de l'enregistrement en secondes" },
	{ "priority", FIELD_INT, 0, 1, 100, .preset = "10",
	  .help = "Lower ones are tried first",
	  .help_fr = "Les plus bas d'abord" },
	{ "prefixes", FIELD_LIST, 0, 1, 32,
	  .help = "First digits of numbers it takes; none: all",
	  .help_fr = "Débuts des numéros acceptés ; aucun : tous" },
	{ "strip", FIELD_INT, 0, 0, 20, .preset = "0",
	  .help = "First digits dropped from a called number",
	  .help_fr = "Chiffres de tête supprimés du numéro appelé" },
	{ "prepend", FIELD_DIGITS, 0, 0, 20,
	  .help = "Digits put in front of a called number",
	  .help_fr = "Chiffres ajoutés devant le numéro appelé" },
	{ "in_strip", FIELD_INT, 0, 0, 20, .preset = "0",
	  .help = "First digits dropped from a number called from outside",
	  .help_fr = "Chiffres de tête supprimés à l'arrivée" },
	{ "in_prepend", FIELD_DIGITS, 0, 0, 20,
	  .help = "Digits put in front of a number called from outside",
	  .help_fr = "Chiffres ajoutés à l'arrivée" },
	{ "max_calls", FIELD_INT, 0, 0, 100000, .preset = "0",
	  .help = "Calls at once; 0: no limit",
	  .help_fr = "Appels simultanés ; 0 : sans limite" },
	{ "enabled", FIELD_BOOL, 0, .preset = "true", .help = "In use",
	  .help_fr = "En service" },
	{ "emergency", FIELD_BOOL, 0, .preset = "false",
	  .help = "Emergency calls go here first",
	  .help_fr = "Appels d'urgence en premier" },
	{ "trusted", FIELD_BOOL, 0, .preset = "false",
	  .help = "Asserted identities are sent and believed",
	  .help_fr = "Identités certifiées envoyées et crues" },
	{ "sources", FIELD_LIST, 0, 1, 64,
	  .help = "Further addresses calls come from: IP or IP:PORT",
	  .help_fr = "Autres adresses d'arrivée : IP ou IP:PORT" },
	{ "digest_in", FIELD_BOOL, 0, .preset = "false",
	  .help = "Calls from it must show user and secret",
	  .help_fr = "Ses appels doivent donner compte et secret" },
	{ "from", FIELD_ENUM, 0, .choices = "number|account",
	  .preset = "\"number\"", .help = "What the From header shows",
	  .help_fr = "Contenu de l'en-tête From" },
	{ "cpn", FIELD_DIGITS, 0, 0, 26,
	  .help = "Number shown when the caller has none",
	  .help_fr = "Numéro présenté par défaut" },
	{ "state", FIELD_ENUM, FIELD_READONLY | FIELD_UNSTORED,
	  .choices = "up|registered|down|off", .help = "How it is now",
	  .help_fr = "État actuel" },
	{ "calls", FIELD_INT, FIELD_READONLY | FIELD_UNSTORED, 0, 1000000,
	  .help = "Calls on it now", .help_fr = "Appels en cours" },
};

const struct kind trunk_kind = {
	.name = "trunk",
	.plural = "trunks",
	.owner = "portal",
	.help = "A way to the public network",
	.help_fr = "Un faisceau vers le réseau public",
	KIND_FIELDS(fields),
};

static void destructor(void *data)
{
	struct trunk *t = data;

	wheel_stop(&t->timer);
	sip_client_forget(&t->request);
	list_unlink(&t->le);
	mem_deref(t->dialog);
	json_decref(t->object);
}

void trunk_init(void)
{
	list_init(&trunks.all);
}

void trunk_close(void)
{
	struct le *le;

	while ((le = list_head(&trunks.all))) {
		struct trunk *t = le->data;

		wheel_stop(&t->timer);
		sip_client_forget(&t->request);
		list_unlink(&t->le);
		mem_deref(t);
	}
}

const struct list *trunk_list(void)
{
	return &trunks.all;
}

struct trunk *trunk_find(struct span id)
{
	for (struct le *le = list_head(&trunks.all); le; le = le->next) {
		struct trunk *t = le->data;

		if (span_equal(span_of(t->id), id))
			return t;
	}

	return NULL;
}

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_get_text(object, name);

	return value ? value : "";
}

/* "192.0.2.1", "192.0.2.1:5060", "[2001:db8::1]:5060" */
static bool address_read(struct sa *sa, const char *value)
{
	return !sa_decode(sa, value, strlen(value)) ||
	       !sa_set_str(sa, value, 0);
}

static void sources_read(struct trunk *t)
{
	const json_t *list = json_object_get(t->object, "sources");
	char host[256];
	struct sa sa;
	size_t i, n = json_array_size(list);
	uint16_t port = t->port                   ? t->port
			: t->transport == SIP_TLS ? 5061
						  : 5060;

	t->source_count = 0;
	(void)re_snprintf(host, sizeof(host), "%s", t->host);
	if (host[0] == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	if (!sa_set_str(&sa, host, port))
		t->sources[t->source_count++] = sa;

	for (i = 0; i < n && t->source_count < TRUNK_LIST_MAX; i++) {
		const char *value = json_string_value(json_array_get(list, i));

		if (value && address_read(&sa, value))
			t->sources[t->source_count++] = sa;
		else
			log_warn("trunk", "%s: %s is no address", t->name,
				 value ? value : "");
	}
}

static void read_object(struct trunk *t)
{
	const json_t *o = t->object;
	enum sip_transport tp = SIP_UDP;

	(void)re_snprintf(t->customer, sizeof(t->customer), "%s",
			  text(o, "customer"));
	(void)sip_transport_decode(&tp, span_of(text(o, "transport")));
	t->transport = tp;
	t->name = text(o, "name");
	t->host = text(o, "host");
	t->user = text(o, "user")[0] ? text(o, "user") : NULL;
	t->secret = text(o, "secret");
	t->cpn = text(o, "cpn");
	t->port = (uint16_t)json_get_int(o, "port", 0);
	t->priority = (uint32_t)json_get_int(o, "priority", 10);
	t->max_calls = (uint32_t)json_get_int(o, "max_calls", 0);
	t->expires_s = (uint32_t)json_get_int(o, "expires", 3600);
	t->is_enabled = json_get_bool(o, "enabled", true);
	t->is_registered_mode = !strcmp(text(o, "mode"), "register");
	t->is_trusted = json_get_bool(o, "trusted", false);
	t->is_emergency = json_get_bool(o, "emergency", false);
	t->asks_digest = json_get_bool(o, "digest_in", false) && t->user;
	t->shows_account = t->user && !strcmp(text(o, "from"), "account");
	sources_read(t);
}

/* Keeps the list in order of priority, then id. */
static void insert(struct trunk *t)
{
	struct le *le;

	for (le = list_head(&trunks.all); le; le = le->next) {
		const struct trunk *other = le->data;

		if (t->priority < other->priority ||
		    (t->priority == other->priority &&
		     strcmp(t->id, other->id) < 0)) {
			list_insert_before(&trunks.all, le, &t->le, t);
			return;
		}
	}
	list_append(&trunks.all, &t->le, t);
}

static const char *state_of(const struct trunk *t)
{
	if (!t->is_enabled)
		return "off";
	if (!t->is_up)
		return "down";

	return t->is_registered ? "registered" : "up";
}

void trunk_view(json_t *object)
{
	const struct trunk *t = trunk_find(span_of(text(object, "id")));

	(void)json_object_set_new(object, "state",
				  json_string(t ? state_of(t) : "off"));
	(void)json_object_set_new(
		object, "calls", json_integer(t ? outsider_trunk_calls(t) : 0));
}

int trunk_take(json_t *object, void *arg)
{
	const char *id = text(object, "id");
	struct trunk *t = trunk_find(span_of(id));

	(void)arg;

	if (t) {
		trunk_stop(t);
		list_unlink(&t->le);
		json_decref(t->object);
	}
	else {
		t = mem_zalloc(sizeof(*t), destructor);
		if (!t)
			return ENOMEM;
		(void)re_snprintf(t->id, sizeof(t->id), "%s", id);
	}

	t->object = json_incref(object);
	read_object(t);
	insert(t);
	t->is_up = true; /* until shown otherwise */
	if (t->is_enabled)
		trunk_start(t);

	return 0;
}

void trunk_remove(const char *id)
{
	struct trunk *t = trunk_find(span_of(id));

	if (!t)
		return;

	trunk_stop(t);
	t->is_enabled = false;
	list_unlink(&t->le);
	mem_deref(t);
}

void trunk_uri(const struct trunk *t, const char *user, struct sip_out *o)
{
	sip_out_raw(o, SPAN("sip:"));
	if (user[0]) {
		sip_out_user(o, span_of(user));
		sip_out_raw(o, SPAN("@"));
	}
	sip_out_text(o, t->host);
	if (t->port)
		sip_out_printf(o, ":%u", t->port);
	if (t->transport == SIP_TCP)
		sip_out_raw(o, SPAN(";transport=tcp"));
	else if (t->transport == SIP_TLS)
		sip_out_raw(o, SPAN(";transport=tls"));
}

bool trunk_is_source(const struct trunk *t, const struct sip_flow *flow)
{
	const struct sa *remote = sip_flow_remote(flow);

	if (!t->is_enabled)
		return false;
	if (t->has_answered && sa_cmp(&t->answered, remote, SA_ALL))
		return true;

	for (uint32_t i = 0; i < t->source_count; i++) {
		const struct sa *sa = &t->sources[i];

		if (sa_cmp(sa, remote, sa_port(sa) ? SA_ALL : SA_ADDR))
			return true;
	}

	return false;
}

/* Length of the longest prefix that fits; -1: none does. */
static int prefix_length(const struct trunk *t, const char *number)
{
	const json_t *list = json_object_get(t->object, "prefixes");
	size_t n = json_array_size(list);
	int best = n ? -1 : 0;

	for (size_t i = 0; i < n; i++) {
		const char *p = json_string_value(json_array_get(list, i));

		if (p && !strncmp(number, p, strlen(p)) &&
		    (int)strlen(p) > best)
			best = (int)strlen(p);
	}

	return best;
}

struct choice {
	struct trunk *trunk;
	int prefix;
};

static bool is_better(const struct choice *a, const struct choice *b,
		      const struct trunk_query *q)
{
	if (q->is_emergency && a->trunk->is_emergency != b->trunk->is_emergency)
		return a->trunk->is_emergency;
	if (a->trunk->is_up != b->trunk->is_up)
		return a->trunk->is_up;
	if (a->trunk->priority != b->trunk->priority)
		return a->trunk->priority < b->trunk->priority;

	return a->prefix > b->prefix;
}

static bool may_take(const struct trunk *t, const struct trunk_query *q,
		     int *prefix, bool *busy)
{
	if (!t->is_enabled ||
	    (t->customer[0] && strcmp(t->customer, q->customer) != 0))
		return false;

	*prefix = prefix_length(t, q->number);
	if (q->is_emergency)
		return true;
	if (*prefix < 0)
		return false;
	if (t->max_calls && outsider_trunk_calls(t) >= t->max_calls) {
		*busy = true;
		return false;
	}

	return true;
}

uint32_t trunk_select(struct trunk *out[TRUNKS_MAX], bool *busy,
		      const struct trunk_query *q)
{
	struct choice sorted[TRUNKS_MAX];
	uint32_t n = 0;

	*busy = false;
	for (struct le *le = list_head(&trunks.all); le; le = le->next) {
		struct choice c = { .trunk = le->data };
		uint32_t at;

		if (!may_take(c.trunk, q, &c.prefix, busy))
			continue;
		for (at = 0; at < n && !is_better(&c, &sorted[at], q); at++)
			;
		if (at == TRUNKS_MAX)
			continue;
		if (n == TRUNKS_MAX)
			n--;
		memmove(&sorted[at + 1], &sorted[at],
			(n - at) * sizeof(sorted[0]));
		sorted[at] = c;
		n++;
	}

	for (uint32_t i = 0; i < n; i++)
		out[i] = sorted[i].trunk;

	return n;
}

static void digits(const char *number, int64_t strip, const char *prepend,
		   char out[DIRECTORY_NUMBER_MAX + 1])
{
	size_t len = strlen(number);

	(void)re_snprintf(out, DIRECTORY_NUMBER_MAX + 1, "%s%s", prepend,
			  (size_t)strip < len ? number + strip : "");
}

void trunk_digits(const struct trunk *t, const char *number,
		  char out[DIRECTORY_NUMBER_MAX + 1])
{
	digits(number, json_get_int(t->object, "strip", 0),
	       text(t->object, "prepend"), out);
}

void trunk_in_digits(const struct trunk *t, const char *number,
		     char out[DIRECTORY_NUMBER_MAX + 1])
{
	digits(number, json_get_int(t->object, "in_strip", 0),
	       text(t->object, "in_prepend"), out);
}

void trunk_seen(struct trunk *t, bool is_up, const char *why)
{
	if (t->is_up != is_up)
		log_warn("trunk", "%s is %s: %s", t->name,
			 is_up ? "up" : "down", why);
	t->is_up = is_up;
	if (!is_up)
		trunk_ask_soon(t);
}
