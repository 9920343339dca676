/* trunk.c - see trunk.h */
#include "base/json.h"
#include "base/log.h"
#include "pbx/trunk/outsider.h"
#include "pbx/pair/pair.h"
#include "pbx/pair/peer.h"
#include "pbx/trunk/trunk.h"
#include "pbx/trunk/diversion.h"
#include "sip/build.h"

static struct {
	struct list all;
} trunks;

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
	t->access = text(o, "access");
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
	t->billing = !strcmp(text(o, "billing"), "both") ? TRUNK_BILLING_BOTH
		     : !strcmp(text(o, "billing"), "asserted")
			     ? TRUNK_BILLING_ASSERTED
			     : TRUNK_BILLING_NONE;
	t->diversion = (uint8_t)diversion_style_of(text(o, "diversion"));
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
	t->clears_first = pair_role() != PAIR_ALONE;
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

void trunk_address(const struct trunk *t, struct sa *sa)
{
	if (t->has_answered)
		*sa = t->answered;
	else if (sa_set_str(sa, t->host, t->port))
		sa_init(sa, AF_UNSPEC);
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
	if (t->is_registered_mode && !q->is_anywhere && !pair_has_lease())
		return false;
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
	if (t == peer_trunk()) /* its link says how it is */
		return;
	if (t->is_up != is_up)
		log_warn("trunk", "%s is %s: %s", t->name,
			 is_up ? "up" : "down", why);
	t->is_up = is_up;
	if (!is_up)
		trunk_ask_soon(t);
}
