/* conference.c - see conference.h */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "pbx/control/csta.h"
#include "pbx/conference/conference.h"
#include "pbx/conference/conference_room.h"
#include "pbx/watch/event.h"
#include "pbx/speech/music.h"
#include "pbx/feature/page.h"
#include "pbx/conference/record.h"
#include "pbx/watch/subscription.h"
#include "pbx/turn.h"

enum { BUCKETS = 64 };

static struct {
	struct table by_id;
	struct list all;
} conferences;

static const char *const type_names[CONFERENCE_TYPES] = { "ad-hoc", "room",
							  "page" };

const char *conference_type_name(enum conference_type type)
{
	return type < CONFERENCE_TYPES ? type_names[type] : "?";
}

int conference_init(void)
{
	list_init(&conferences.all);

	return table_init(&conferences.by_id, BUCKETS);
}

void conference_close(void)
{
	struct le *le;

	while ((le = list_head(&conferences.all)))
		mem_deref(le->data);
	table_close(&conferences.by_id);
}

const struct list *conference_list(void)
{
	return &conferences.all;
}

/* ---- finding ---- */

struct conference *conference_find(const char *id)
{
	struct table_entry *e = table_first(&conferences.by_id,
					    hash_span(0, span_of(id)));

	for (; e; e = table_next(e)) {
		struct conference *c = CONTAINER_OF(e, struct conference,
						    by_id);

		if (!strcmp(c->id, id))
			return c;
	}

	return NULL;
}

struct conference *conference_of_user(const char *customer, const char *user)
{
	size_t len = strlen(CONFERENCE_PREFIX);
	struct conference *c;

	if (strncmp(user, CONFERENCE_PREFIX, len) != 0)
		return NULL;
	c = conference_find(user + len);

	return c && !strcmp(c->customer, customer) ? c : NULL;
}

void conference_user(const struct conference *c, char out[CONFERENCE_USER_SIZE])
{
	(void)snprintf(out, CONFERENCE_USER_SIZE, CONFERENCE_PREFIX "%s",
		       c->id);
}

uint32_t conference_count(const struct conference *c)
{
	return list_count(&c->parties);
}

struct party *conference_party(const struct conference *c, uint32_t number)
{
	struct le *le;

	for (le = list_head(&c->parties); le; le = le->next) {
		struct party *p = le->data;

		if (p->number == number)
			return p;
	}

	return NULL;
}

/* ---- life ---- */

static void conference_destructor(void *data)
{
	struct conference *c = data;

	table_remove(&conferences.by_id, &c->by_id);
	list_unlink(&c->le);
	mem_deref(c->mixer);
}

static int alloc(struct conference **cp, const char *id)
{
	struct conference *c = mem_zalloc(sizeof(*c), conference_destructor);
	char name[DIRECTORY_ID_SIZE + 8];

	if (!c)
		return ENOMEM;

	(void)snprintf(c->id, sizeof(c->id), "%s", id);
	(void)snprintf(name, sizeof(name), "conf:%s", id);
	if (media_mixer_open(&c->mixer, name)) {
		mem_deref(c);
		return ENOMEM;
	}
	c->changes = 1; /* 0 is told to nobody */
	table_add(&conferences.by_id, &c->by_id, hash_span(0, span_of(c->id)));
	list_append(&conferences.all, &c->le, c);
	*cp = c;

	return 0;
}

/* Watchers hear of the end before it is gone. */
static void over(struct conference *c)
{
	char user[CONFERENCE_USER_SIZE];

	conference_user(c, user);
	log_info("conference", "%s is over", c->id);
	subscription_conference(c->customer, user, true);
	mem_deref(c);
}

static void settle(void *arg)
{
	struct conference *c = conference_find(arg);

	if (c && !list_head(&c->parties))
		over(c);
	mem_deref(arg);
}

static uint32_t count_of(const char *customer)
{
	uint32_t n = 0;

	for (struct le *le = list_head(&conferences.all); le; le = le->next) {
		const struct conference *c = le->data;

		n += !strcmp(c->customer, customer);
	}

	return n;
}

int conference_make(struct conference **cp, const char *customer,
		    enum conference_type type, const char *name)
{
	struct conference *c = NULL;
	char id[ID_SIZE], *copy = NULL;
	int err;

	if (!media_is_up())
		return ENOTCONN;
	if (list_count(&conferences.all) >= CONFERENCES_MAX ||
	    count_of(customer) >= CONFERENCES_OF_CUSTOMER_MAX)
		return ENOSPC;
	id_make(id);
	err = alloc(&c, id);
	if (!err)
		err = str_dup(&copy, id);
	if (err) {
		mem_deref(c);
		return err;
	}

	(void)re_snprintf(c->customer, sizeof(c->customer), "%s", customer);
	(void)re_snprintf(c->name, sizeof(c->name), "%s", name);
	c->type = (uint8_t)type;
	c->limit = CONFERENCE_PARTIES_MAX;
	c->has_signs = type != CONFERENCE_PAGE;
	c->began_ms = clock_wall_ms();
	turn_defer(settle, copy);
	turn_touch();
	log_info("conference", "%s begins: %s \"%s\"", c->id,
		 conference_type_name(type), c->name);
	*cp = c;

	return 0;
}

uint16_t conference_admits(const struct conference *c, const char **causep)
{
	if (c->is_locked || c->is_ending) {
		*causep = "Conference Locked";
		return 403;
	}
	if (conference_count(c) >= c->limit) {
		*causep = "Conference Full";
		return 486;
	}

	return 0;
}

/* ---- telling ---- */

static void tell_watchers(struct conference *c)
{
	char user[CONFERENCE_USER_SIZE];

	conference_user(c, user);
	subscription_conference(c->customer, user, false);
}

static void changed(struct conference *c, struct party *p)
{
	c->changes++;
	if (p) {
		p->change = c->changes;
		call_touch_lazily(p->call);
		event_conference(p, false);
	}
	tell_watchers(c);
}

static void sign_all(const struct conference *c, const char *sound)
{
	struct le *le;

	if (!c->has_signs)
		return;
	for (le = list_head(&c->parties); le; le = le->next) {
		struct party *p = le->data;

		if (p->state == PARTY_IN && !p->is_held)
			party_sign(p, sound);
	}
}

/* ---- who hears whom ---- */

static void mix(struct party *p)
{
	struct media_port *port = party_port(p);
	const struct conference *c = p->conference;

	if (port)
		media_port_mix(port,
			       p->state == PARTY_IN && !p->is_held ? c->mixer
								   : NULL,
			       p->is_muted || p->is_listener);
}

static bool has_moderator(const struct conference *c)
{
	struct le *le;

	for (le = list_head(&c->parties); le; le = le->next) {
		const struct party *p = le->data;

		if (p->is_moderator && p->state == PARTY_IN)
			return true;
	}

	return false;
}

static uint32_t count_in(const struct conference *c)
{
	uint32_t n = 0;
	struct le *le;

	for (le = list_head(&c->parties); le; le = le->next)
		n += ((const struct party *)le->data)->state == PARTY_IN;

	return n;
}

static void go_in(struct party *p)
{
	struct conference *c = p->conference;

	if (p->state == PARTY_WAITING)
		media_port_play(party_port(p), NULL);
	p->state = PARTY_IN;
	p->joined_ms = clock_wall_ms();
	mix(p);
	trail_add(&p->call->trail, "is in the conference with %u others",
		  (unsigned)count_in(c) - 1);
	if (count_in(c) > 1)
		c->was_shared = true;
	if (c->type == CONFERENCE_PAGE)
		party_sign(p, "page");
	else
		sign_all(c, "joined");
	if (!record_conference(c) && c->is_recorded)
		record_tell(p);
	changed(c, p);
}

/* Who pages speaks once somebody listens. */
static void listens(struct party *p)
{
	if (p->conference->type == CONFERENCE_PAGE && !p->is_creator)
		page_answered(p);
}

static void open_door(struct conference *c)
{
	struct le *le;

	for (le = list_head(&c->parties); le; le = le->next) {
		struct party *p = le->data;

		if (p->state == PARTY_WAITING)
			go_in(p);
	}
}

void conference_let_in(struct party *p)
{
	struct conference *c = p->conference;
	char name[MUSIC_NAME_BYTES];

	if (c->waits_for_moderator && !p->is_moderator && !has_moderator(c)) {
		p->state = PARTY_WAITING;
		trail_add(&p->call->trail, "waits for the moderator");
		media_port_play(party_port(p), music_of(c->customer, name));
		changed(c, p);
		return;
	}

	go_in(p);
	listens(p);
	if (p->is_moderator)
		open_door(c);
}

void conference_entered(struct party *p)
{
	if (p->state == PARTY_ASKED)
		room_ask(p);
	else if (p->state == PARTY_DIALLED)
		conference_let_in(p);
	csta_tell(p->call, CSTA_CONFERENCED);
}

void conference_changed(struct party *p)
{
	mix(p);
	changed(p->conference, p);
}

void conference_mute(struct party *p, bool is_muted)
{
	if (p->is_muted == is_muted)
		return;

	p->is_muted = is_muted;
	trail_add(&p->call->trail, is_muted ? "is muted" : "is heard again");
	conference_changed(p);
}

void conference_lock(struct conference *c, bool is_locked)
{
	struct le *le;

	if (c->is_locked == is_locked)
		return;

	c->is_locked = is_locked;
	for (le = list_head(&c->parties); le; le = le->next)
		call_touch(((struct party *)le->data)->call);
	changed(c, NULL);
}

int conference_add(struct party **pp, struct conference *c, struct call *call)
{
	struct party *p = NULL;
	int err = party_make(&p, call, c);

	if (err)
		return err;

	p->number = ++c->numbers;
	list_append(&c->parties, &p->le, p);
	*pp = p;

	return 0;
}

/* ---- leaving ---- */

static void remember(struct conference *c, const struct party *p)
{
	const struct leg *leg = party_leg(p);
	const struct phone *phone = leg ? leg->phone : NULL;
	struct gone *oldest = &c->gone[0];

	if (c->gone_count < CONFERENCE_GONE_MAX) {
		oldest = &c->gone[c->gone_count++];
	}
	else {
		for (uint32_t i = 1; i < c->gone_count; i++) {
			if (c->gone[i].change < oldest->change)
				oldest = &c->gone[i];
		}
		c->forgotten = oldest->change;
	}
	oldest->number = p->number;
	oldest->change = c->changes;
	(void)snprintf(oldest->address, sizeof(oldest->address), "%s",
		       phone ? leg_shown_number(leg) : p->call->number);
}

void conference_end(struct conference *c, const char *why)
{
	char id[DIRECTORY_ID_SIZE];
	struct le *le;

	if (c->is_ending)
		return;

	c->is_ending = true;
	memcpy(id, c->id, sizeof(id));
	/* the last one takes the conference with it */
	while (conference_find(id) && (le = list_head(&c->parties))) {
		const struct party *p = le->data;

		trail_add(&p->call->trail, "%s", why);
		call_hangup(p->call, NULL, NULL);
	}
}

static bool is_anyone_dialled(const struct conference *c)
{
	struct le *le;

	for (le = list_head(&c->parties); le; le = le->next) {
		if (((const struct party *)le->data)->state == PARTY_DIALLED)
			return true;
	}

	return false;
}

/* Those who are left have nobody to speak with. */
static bool is_alone(const struct conference *c)
{
	return c->type != CONFERENCE_ROOM && c->was_shared && count_in(c) < 2 &&
	       !is_anyone_dialled(c);
}

/* The end comes from the loop: the one who left is not freed yet. */
static void end_soon(void *arg)
{
	struct conference *c = conference_find(arg);

	if (c)
		conference_end(c, "nobody else is left in the conference");
	mem_deref(arg);
}

static void plan_end(const struct conference *c)
{
	char *copy = NULL;

	if (str_dup(&copy, c->id))
		return;
	turn_defer(end_soon, copy);
	turn_touch();
}

void conference_left(struct party *p)
{
	struct conference *c = p->conference;
	bool was_in = p->state == PARTY_IN;

	if (!c)
		return;

	list_unlink(&p->le);
	c->changes++;
	remember(c, p);
	p->change = c->changes;
	event_conference(p, true);
	if (c->type == CONFERENCE_PAGE && !p->is_creator &&
	    p->state == PARTY_DIALLED)
		page_missed(p, p->call->caller->status);
	p->conference = NULL;
	if (!list_head(&c->parties)) {
		over(c);
		return;
	}

	tell_watchers(c);
	if (was_in)
		sign_all(c, "left");
	if ((p->is_creator && ((was_in && c->ends_with_creator) ||
			       c->type == CONFERENCE_PAGE)) ||
	    is_alone(c))
		plan_end(c);
}

/* ---- in the rows of its calls ---- */

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

enum row_flag {
	ROW_LOCKED = 1,
	ROW_ENDS = 2,
	ROW_SIGNS = 4,
	ROW_WAITS = 8,
	ROW_RECORDED = 16,
	ROW_SHARED = 32,
	ROW_MUTED = 64,
	ROW_CREATOR = 128,
	ROW_MODERATOR = 256,
	ROW_LISTENER = 512,
	ROW_HELD = 1024,
};

static unsigned flags_of(const struct party *p)
{
	const struct conference *c = p->conference;

	return (c->is_locked ? ROW_LOCKED : 0u) |
	       (c->ends_with_creator ? ROW_ENDS : 0u) |
	       (c->has_signs ? ROW_SIGNS : 0u) |
	       (c->waits_for_moderator ? ROW_WAITS : 0u) |
	       (c->is_recorded ? ROW_RECORDED : 0u) |
	       (c->was_shared ? ROW_SHARED : 0u) |
	       (p->is_muted ? ROW_MUTED : 0u) |
	       (p->is_creator ? ROW_CREATOR : 0u) |
	       (p->is_moderator ? ROW_MODERATOR : 0u) |
	       (p->is_listener ? ROW_LISTENER : 0u) |
	       (p->is_held ? ROW_HELD : 0u);
}

void conference_save(const struct party *p, char out[CONFERENCE_ROW_BYTES])
{
	const struct conference *c = p->conference;

	(void)snprintf(out, CONFERENCE_ROW_BYTES,
		       "%s %u %u %u %u %u %llu %llu %s %s %s", c->id, c->type,
		       c->limit, flags_of(p), p->number, p->state,
		       (unsigned long long)c->began_ms,
		       (unsigned long long)p->joined_ms, or_dash(c->room),
		       or_dash(c->number), c->name);
}

struct row {
	char id[DIRECTORY_ID_SIZE];
	unsigned type, limit, flags, number, state;
	unsigned long long began, joined;
	char room[DIRECTORY_ID_SIZE];
	char dialled[DIRECTORY_NUMBER_MAX + 1];
	int name;
};

static bool row_read(struct row *r, const char *text)
{
	memset(r, 0, sizeof(*r));

	return sscanf(text, "%26s %u %u %u %u %u %llu %llu %26s %32s %n", r->id,
		      &r->type, &r->limit, &r->flags, &r->number, &r->state,
		      &r->began, &r->joined, r->room, r->dialled,
		      &r->name) >= 10 &&
	       r->name && r->type < CONFERENCE_TYPES && r->limit &&
	       r->limit <= CONFERENCE_PARTIES_MAX && r->state <= PARTY_IN;
}

static int bring_back(struct conference **cp, const struct row *r,
		      const struct call *call, const char *text)
{
	struct conference *c = conference_find(r->id);
	int err;

	if (!c) {
		err = alloc(&c, r->id);
		if (err)
			return err;
		memcpy(c->customer, call->customer, sizeof(c->customer));
		if (strcmp(r->room, "-") != 0)
			memcpy(c->room, r->room, sizeof(c->room));
		if (strcmp(r->dialled, "-") != 0)
			memcpy(c->number, r->dialled, sizeof(c->number));
		(void)snprintf(c->name, sizeof(c->name), "%s", text + r->name);
		c->type = (uint8_t)r->type;
		c->limit = (uint8_t)r->limit;
		c->began_ms = r->began;
	}
	c->is_locked = r->flags & ROW_LOCKED;
	c->ends_with_creator = r->flags & ROW_ENDS;
	c->has_signs = r->flags & ROW_SIGNS;
	c->waits_for_moderator = r->flags & ROW_WAITS;
	c->is_recorded = r->flags & ROW_RECORDED;
	c->was_shared = r->flags & ROW_SHARED;
	if (c->numbers < r->number)
		c->numbers = r->number;
	*cp = c;

	return 0;
}

int conference_restore(struct call *call, const char *text)
{
	struct conference *c = NULL;
	struct party *p = NULL;
	struct row r;
	int err;

	if (!row_read(&r, text))
		return EBADMSG;
	err = bring_back(&c, &r, call, text);
	if (!err)
		err = party_make(&p, call, c);
	if (err)
		return err;

	p->number = r.number;
	p->state = (uint8_t)r.state;
	p->joined_ms = r.joined;
	p->is_muted = r.flags & ROW_MUTED;
	p->is_creator = r.flags & ROW_CREATOR;
	p->is_moderator = r.flags & ROW_MODERATOR;
	p->is_listener = r.flags & ROW_LISTENER;
	p->is_held = r.flags & ROW_HELD;
	list_append(&c->parties, &p->le, p);

	return 0;
}

void conference_resume(struct party *p)
{
	if (!party_leg(p) || !party_port(p)) {
		call_hangup(p->call, NULL, "SIP;cause=500;text=\"Restarted\"");
		return;
	}
	p->conference->changes++;
	p->change = p->conference->changes;
	if (p->state == PARTY_ASKED)
		room_ask(p);
	else if (p->state != PARTY_WAITING) {
		p->state = PARTY_IN;
		mix(p);
	}
	if (p->call->is_joining)
		party_ask(p);
}
