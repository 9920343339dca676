/* record.c - see record.h */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "pbx/call/call.h"
#include "pbx/conference/conference.h"
#include "pbx/route/cos.h"
#include "pbx/conference/join.h"
#include "pbx/speech/media.h"
#include "pbx/trunk/outsider.h"
#include "pbx/conference/party.h"
#include "pbx/speech/prompt.h"
#include "pbx/conference/record.h"
#include "pbx/speech/relay.h"
#include "pbx/settings.h"
#include "pbx/turn.h"

enum {
	KEYS = 8,
	LOOK_MS = 100,
	PATIENCE_MS = 30000, /* for a held call to be taken back */
	FRESH_MS = 5000,     /* one that ends so soon is not tried again */
};

enum announce {
	ANNOUNCE_SPOKEN,
	ANNOUNCE_BEEP,
	ANNOUNCE_NONE,
};

/* What a call has of it. */
struct record {
	struct call *call;
	char id[DIRECTORY_ID_SIZE];   /* of the recording, or "" */
	char user[DIRECTORY_ID_SIZE]; /* who wants it */
	char keys[2][KEYS + 1];       /* pressed last by each side */
	struct wheel_timer wish;      /* begins once it can */
	struct wheel_timer announce;
	uint64_t until_ms;
	uint16_t wisher; /* number of the leg */
};

static const char *const action_names[RECORD_ACTIONS] = { "start", "pause",
							  "resume", "stop",
							  "discard" };

enum record_action record_action_of(struct span text)
{
	if (span_equal_nocase(text, SPAN("on")))
		return RECORD_START;
	if (span_equal_nocase(text, SPAN("off")))
		return RECORD_STOP;
	for (int i = 0; i < RECORD_ACTIONS; i++) {
		if (span_equal_nocase(text, span_of(action_names[i])))
			return (enum record_action)i;
	}

	return RECORD_ACTIONS;
}

int record_announce_of(const char *text)
{
	static const char *const names[] = { "spoken", "beep", "none" };

	for (int i = 0; i < (int)ARRAY_SIZE(names); i++) {
		if (!strcmp(text, names[i]))
			return i;
	}

	return -1;
}

static void record_destructor(void *data)
{
	struct record *r = data;

	wheel_stop(&r->wish);
	wheel_stop(&r->announce);
}

static struct record *record_get(struct call *call)
{
	if (!call->record) {
		call->record = mem_zalloc(sizeof(struct record),
					  record_destructor);
		if (call->record)
			call->record->call = call;
	}

	return call->record;
}

struct recording *record_of(const struct call *call)
{
	return call->record && call->record->id[0]
		       ? recording_find(call->record->id)
		       : NULL;
}

/* ---- telling the parties ---- */

static void say(struct call *call, struct media_port *port,
		const struct leg *leg)
{
	char file[PROMPT_FILE_BYTES];

	if (!port || media_port_is_playing(port))
		return; /* music is heard: who held it hears it later */
	if (pbx_settings.record_announce == ANNOUNCE_BEEP) {
		media_port_say(port, "recording");
		return;
	}
	prompt_file(file, call->customer,
		    phone_is_french(leg ? leg->phone : NULL), "call-recorded");
	media_port_say(port, file);
}

static void announce(void *arg)
{
	struct record *r = arg;
	struct call *call = r->call;

	if (call->is_joining) {
		wheel_start(&r->announce, LOOK_MS, announce, r);
		return;
	}
	say(call, call->ports[0], call->caller);
	say(call, call->ports[1], call->callee);
}

/* ---- beginning ---- */

static void describe(struct recording *like, const struct leg *leg,
		     const struct leg *peer)
{
	const struct phone *p = leg->phone, *q = peer->phone;

	(void)re_snprintf(like->customer, sizeof(like->customer), "%s",
			  leg->call->customer);
	(void)re_snprintf(like->call, sizeof(like->call), "%s", leg->call->id);
	if (p) {
		(void)re_snprintf(like->user, sizeof(like->user), "%s",
				  p->user ? p->user->id : "");
		(void)re_snprintf(like->number, sizeof(like->number), "%s",
				  phone_shown_number(p));
		(void)re_snprintf(like->name, sizeof(like->name), "%s",
				  phone_name(p));
	}
	if (q) {
		(void)re_snprintf(like->peer, sizeof(like->peer), "%s",
				  leg_shown_number(peer));
		(void)re_snprintf(like->peer_name, sizeof(like->peer_name),
				  "%s", leg_shown_name(peer));
	}
}

static int begin_file(struct record *r, const struct leg *leg)
{
	struct call *call = r->call;
	const struct media_source source = {
		.ports = { call->ports[0], call->ports[1] },
	};
	struct recording like = { .length_ms = 0 }, *rec = NULL;
	char file[RECORDING_PATH];
	int err;

	describe(&like, leg, leg_peer(leg));
	err = recording_begin(&rec, &like);
	if (err)
		return err;
	recording_file(rec, file);
	err = media_record(rec->id, file, &source, RECORDING_LIMIT_S);
	if (err) {
		recording_delete(rec);
		return err;
	}
	memcpy(r->id, rec->id, sizeof(r->id));
	memcpy(r->user, rec->user, sizeof(r->user));
	trail_add(&call->trail, "%s records the call",
		  leg->phone ? phone_name(leg->phone) : "?");

	return 0;
}

/* The speech is to come through here. */
static uint16_t bring_in(struct call *call)
{
	if (call->is_relayed && call->ports[0] && call->ports[1])
		return 0;
	if (!leg_is_quiet(call->caller) || !leg_is_quiet(call->callee) ||
	    call->join || call->transfer ||
	    call->caller->state != LEG_CONNECTED ||
	    call->callee->state != LEG_CONNECTED)
		return 491;
	if (!relay_force(call))
		return 480;

	join_start(call, NULL);

	return 0;
}

static uint16_t begin(struct leg *leg)
{
	struct call *call = leg->call;
	struct record *r = record_get(call);
	uint16_t status;
	int err;

	if (!r)
		return 500;
	if (r->id[0])
		return 0;
	if (!media_is_up())
		return 480;
	status = bring_in(call);
	if (status)
		return status;
	if (call->state != CALL_ANSWERED || call->record != r)
		return 481; /* that ended it */
	err = begin_file(r, leg);
	if (err) {
		log_warn("record", "call=%s cannot be recorded: %s", call->id,
			 strerror(err));
		return err == ENOTCONN ? 480 : 500;
	}
	if (pbx_settings.record_announce != ANNOUNCE_NONE &&
	    !call->is_emergency)
		wheel_start(&r->announce, 1, announce, r);

	return 0;
}

static struct leg *leg_by_number(const struct call *call, uint16_t number)
{
	if (call->callee && call->callee->number == number)
		return call->callee;

	return call->caller;
}

/* Asked for while it could not be: again and again for a while. */
static void try_again(void *arg)
{
	struct record *r = arg;

	if (begin(leg_by_number(r->call, r->wisher)) == 491 &&
	    clock_mono_ms() < r->until_ms)
		wheel_start(&r->wish, LOOK_MS, try_again, r);
}

static void wish(struct leg *leg)
{
	struct record *r = record_get(leg->call);

	if (!r)
		return;
	r->wisher = leg->number;
	r->until_ms = clock_mono_ms() + PATIENCE_MS;
	wheel_start(&r->wish, LOOK_MS, try_again, r);
}

/* ---- what parties ask ---- */

static uint16_t change(struct record *r, enum record_action action)
{
	struct recording *rec = r ? record_of(r->call) : NULL;

	if (!rec)
		return 481;

	switch (action) {
	case RECORD_PAUSE:
	case RECORD_RESUME:
		if (rec->is_paused == (action == RECORD_PAUSE))
			return 0;
		rec->is_paused = action == RECORD_PAUSE;
		media_record_pause(rec->id, rec->is_paused);
		recording_mark(rec, rec->is_paused ? "paused" : "resumed");
		break;
	default:
		rec->is_dropped = action == RECORD_DISCARD;
		media_record_stop(rec->id);
		recording_mark(rec, rec->is_dropped ? "discarded" : "stopped");
		r->id[0] = '\0';
		break;
	}
	trail_add(&r->call->trail, "the recording: %s", action_names[action]);

	return 0;
}

uint16_t record_do(struct leg *leg, enum record_action action)
{
	struct call *call = leg->call;
	uint16_t status;

	if (!leg->phone || outsider_is(leg->phone) ||
	    !cos_may(leg->phone->user, COS_RECORD))
		return 403;
	if (call->party && call->party->conference) {
		struct conference *c = call->party->conference;

		if (action != RECORD_START || !call->party->is_moderator)
			return 403;
		c->is_recorded = true;
		(void)record_conference(c);
		return 0;
	}
	if (call->state != CALL_ANSWERED || !call->callee)
		return 481;
	if (action != RECORD_START)
		return change(call->record, action);

	status = begin(leg);
	if (status == 491) {
		wish(leg);
		return 0;
	}

	return status;
}

/* ---- by itself ---- */

bool record_is_wanted(const struct phone *p)
{
	return p && p->user && !outsider_is(p) &&
	       cos_may(p->user, COS_RECORD_AUTO);
}

void record_answered(struct call *call)
{
	struct leg *leg = call->callee && record_is_wanted(call->callee->phone)
				  ? call->callee
			  : record_is_wanted(call->caller->phone) ? call->caller
								  : NULL;

	if (leg && call->callee && !call->party && begin(leg) == 491)
		wish(leg);
}

/* Those that began it and do not keep what was not stopped. */
static bool is_dropped(const struct record *r)
{
	const struct user *u = r->user[0] ? directory_user(span_of(r->user))
					  : NULL;

	return !cos_may(u, COS_RECORD_SAVE);
}

void record_over(struct call *call)
{
	struct recording *rec = record_of(call);

	if (rec) {
		rec->is_dropped = is_dropped(call->record);
		recording_mark(rec, "hung up");
		media_record_stop(rec->id);
	}
	call->record = mem_deref(call->record);
}

/* ---- keys and code ---- */

static void toggle(struct leg *leg)
{
	(void)record_do(leg, record_of(leg->call) ? RECORD_STOP : RECORD_START);
}

void record_key(struct call *call, unsigned side, char key)
{
	const struct customer *c = directory_customer(span_of(call->customer));
	const char *digits = c ? code_digits(c, "record") : NULL;
	struct leg *leg = side ? call->callee : call->caller;
	struct record *r;
	size_t len;
	char *keys;

	if (call->state != CALL_ANSWERED || !leg || call->party || !digits)
		return;
	r = record_get(call);
	if (!r)
		return;

	keys = r->keys[side];
	memmove(keys, keys + 1, KEYS - 1);
	keys[KEYS - 1] = key;
	len = strlen(digits);
	if (len <= KEYS && !memcmp(keys + KEYS - len, digits, len)) {
		memset(keys, 0, KEYS);
		toggle(leg);
	}
}

/* The call that this phone holds, or talks in. */
static struct leg *other_leg(const struct call *but)
{
	const struct phone *p = but->caller->phone;

	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;

		if (call == but || call->state != CALL_ANSWERED ||
		    !call->callee)
			continue;
		if (call->caller->phone == p)
			return call->caller;
		if (call->callee->phone == p)
			return call->callee;
	}

	return NULL;
}

void record_run(struct call *call, const struct routing *r,
		const struct sip_message *m)
{
	struct leg *leg = other_leg(call);
	uint16_t status;

	(void)r;
	(void)m;
	if (!leg) {
		call_refused(call, 480, "No Call to Record");
		return;
	}
	status = record_do(leg,
			   record_of(leg->call) ? RECORD_STOP : RECORD_START);
	if (status == 403)
		call_refused(call, 403, "Not Permitted");
	else
		code_done(call, status ? EPERM : 0);
}

/* ---- conferences ---- */

static bool is_recording(const char *call)
{
	for (struct le *le = list_tail(recording_list()); le; le = le->prev) {
		const struct recording *r = le->data;

		if (!r->is_whole && !strcmp(r->call, call))
			return true;
	}

	return false;
}

void record_tell(struct party *p)
{
	if (pbx_settings.record_announce == ANNOUNCE_BEEP)
		party_sign(p, "recording");
	else if (pbx_settings.record_announce == ANNOUNCE_SPOKEN)
		party_say(p, "call-recorded");
}

bool record_conference(struct conference *c)
{
	const struct media_source source = { .mixer = c->mixer };
	struct recording like = { .length_ms = 0 }, *rec = NULL;
	char file[RECORDING_PATH];
	struct le *le;

	if (!c->is_recorded || is_recording(c->id))
		return false;

	(void)re_snprintf(like.customer, sizeof(like.customer), "%s",
			  c->customer);
	(void)re_snprintf(like.call, sizeof(like.call), "%s", c->id);
	(void)re_snprintf(like.number, sizeof(like.number), "%s", c->number);
	(void)re_snprintf(like.name, sizeof(like.name), "%s", c->name);
	if (recording_begin(&rec, &like))
		return false;
	recording_file(rec, file);
	if (media_record(rec->id, file, &source, RECORDING_LIMIT_S)) {
		recording_delete(rec);
		return false;
	}
	for (le = list_head(&c->parties); le; le = le->next)
		record_tell(le->data);

	return true;
}

/* ---- what the media server tells ---- */

/* It was cut by the limit, or lost: on in another file. */
static void go_on(struct call *call)
{
	struct record *r = call->record;
	struct leg *leg = call->caller;

	if (call->state != CALL_ANSWERED || !call->callee)
		return;
	if (call->callee->phone && call->callee->phone->user &&
	    !strcmp(call->callee->phone->user->id, r->user))
		leg = call->callee;
	r->id[0] = '\0';
	(void)begin_file(r, leg);
}

static void ended(struct recording *rec, const struct media_take *take)
{
	struct call *call = call_find(span_of(rec->call));
	struct conference *c = call ? NULL : conference_find(rec->call);
	bool is_limit = !strcmp(take->reason, "limit");
	bool is_its = call && call->record &&
		      !strcmp(call->record->id, rec->id);

	recording_end(rec, take->ms, strcmp(take->reason, "error") != 0);
	if (is_its)
		call->record->id[0] = '\0';
	if (is_its && is_limit)
		go_on(call);
	if (c && is_limit)
		(void)record_conference(c);
}

/* The media server was killed: calls go on in a new file. */
static void renew(void)
{
	uint64_t now = clock_wall_ms();
	struct le *le;

	for (le = list_head(call_list()); le; le = le->next) {
		struct call *call = le->data;
		const struct recording *rec = record_of(call);
		bool was_lost = rec && !rec->goes_on;

		if (was_lost && rec->at_ms + FRESH_MS > now) {
			call->record->id[0] = '\0';
			trail_add(&call->trail, "the recording failed");
		}
		else if (was_lost) {
			go_on(call);
			/* the new one is not in the list that was read */
			rec = record_of(call);
			if (rec)
				recording_find(rec->id)->goes_on = true;
		}
	}
}

static void taken(const struct media_take *take)
{
	struct recording *rec;
	struct le *le;

	if (take->name) {
		rec = recording_find(take->name);
		if (rec && !take->reason)
			rec->goes_on = true;
		else if (rec)
			ended(rec, take);
		return;
	}

	renew();
	recordings_settle();
	for (le = list_head(recording_list()); le; le = le->next)
		((struct recording *)le->data)->goes_on = false;
	for (le = list_head(conference_list()); le; le = le->next)
		(void)record_conference(le->data);
}

/* ---- life ---- */

int record_start(const char *dir)
{
	media_on_take(taken);

	return recordings_start(dir, pbx_settings.recording_days);
}

void record_close(void)
{
	recordings_close();
}

void record_restored(void)
{
	struct le *le;

	for (le = list_head(recording_list()); le; le = le->next) {
		const struct recording *rec = le->data;
		struct call *call = rec->is_whole
					    ? NULL
					    : call_find(span_of(rec->call));

		if (!call || call->state != CALL_ANSWERED || !call->callee ||
		    !record_get(call))
			continue;
		memcpy(call->record->id, rec->id, sizeof(rec->id));
		memcpy(call->record->user, rec->user, sizeof(rec->user));
	}
}
