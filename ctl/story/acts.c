/* acts.c - see acts.h */
#include <signal.h>
#include <stdio.h>

#include "base/wheel.h"
#include "ctl/story/acts.h"
#include "ctl/story/cast.h"
#include "ctl/story/ear.h"
#include "ctl/story/play.h"

enum { CONNECT_LIMIT_MS = 3000, ANSWER_MS = 700 };

/* A device of hers (the named one, if any) whose call is in a state. */
struct wanted {
	const struct step *step;
	const char *state;
	int is_incoming;
	struct device *device;
	struct handset_call *call;
};

static bool has_call(struct play *p, void *arg)
{
	struct wanted *w = arg;
	struct person *who = step_person(p, w->step, SLOT_WHO);
	const char *kind = w->step->slot[SLOT_DEVICE];

	for (size_t i = 0; i < who->devices; i++) {
		struct device *d = &who->device[i];

		if (kind && strcmp(kind, d->kind) != 0)
			continue;
		w->call = handset_call_in(d->handset, w->state, w->is_incoming);
		w->device = d;
		if (w->call)
			return true;
	}

	return false;
}

/* Wait for a call in a state, then give its phone a command. */
static bool act_on(struct play *p, const struct step *s, const char *state,
		   int is_incoming, const char *command, const char *lacking)
{
	struct wanted w = { s, state, is_incoming, NULL, NULL };

	if (!step_device(p, s))
		return false;
	if (!play_until(p, play_limit(p), has_call, &w))
		return play_fail(p, "%s has no call that %s", s->slot[SLOT_WHO],
				 lacking);

	return device_command(p, w.device, "%s", command);
}

/* Rings from here on are those of the new call. */
static void begin_dialling(struct play *p)
{
	for (size_t i = 0; i < p->people; i++) {
		for (size_t k = 0; k < p->person[i].devices; k++) {
			struct handset *h = p->person[i].device[k].handset;

			if (h)
				h->rings = 0;
		}
	}
}

bool act_calls(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	begin_dialling(p);
	if (d)
		d->heard = ear_length(d->ear);
	return d && device_command(p, d, "call %s", s->slot[SLOT_NUMBER]);
}

bool act_answers(struct play *p, const struct step *s)
{
	struct wanted w = { s, "alerting", true, NULL, NULL };
	struct wanted then = { s, "connected", -1, NULL, NULL };

	if (!step_device(p, s))
		return false;
	if (!play_until(p, play_limit(p), has_call, &w))
		return play_fail(p, "no call rings at %s", s->slot[SLOT_WHO]);
	if (!device_command(p, w.device, "answer %s", w.call->id))
		return false;
	if (!play_until(p, CONNECT_LIMIT_MS, has_call, &then))
		return play_fail(p, "%s's call is not connected",
				 s->slot[SLOT_WHO]);

	return true;
}

bool act_declines(struct play *p, const struct step *s)
{
	return act_on(p, s, "alerting", true, "decline", "rings");
}

bool act_holds(struct play *p, const struct step *s)
{
	struct wanted then = { s, "held", -1, NULL, NULL };

	if (!act_on(p, s, "connected", -1, "hold", "is connected"))
		return false;
	if (!play_until(p, CONNECT_LIMIT_MS, has_call, &then))
		return play_fail(p, "%s's call is not held", s->slot[SLOT_WHO]);

	return true;
}

bool act_retrieves(struct play *p, const struct step *s)
{
	struct wanted then = { s, "connected", -1, NULL, NULL };

	if (!act_on(p, s, "held", -1, "retrieve", "is held"))
		return false;
	if (!play_until(p, CONNECT_LIMIT_MS, has_call, &then))
		return play_fail(p, "%s's call is still held",
				 s->slot[SLOT_WHO]);

	return true;
}

bool act_consults(struct play *p, const struct step *s)
{
	char command[80];

	begin_dialling(p);
	(void)snprintf(command, sizeof(command), "consult %s",
		       s->slot[SLOT_NUMBER]);

	return act_on(p, s, "connected", -1, command, "is connected");
}

/* A call whose far end answers or rings: keys are asked for before the
 * answer, too, and who is consulted rings a moment before its caller hears
 * so. */
static bool has_far_end(struct play *p, void *arg)
{
	struct wanted *w = arg;

	w->state = "connected";
	w->is_incoming = -1;
	if (has_call(p, w))
		return true;
	w->state = "alerting";
	w->is_incoming = false;

	return has_call(p, w);
}

bool act_completes(struct play *p, const struct step *s)
{
	struct wanted w = { s, NULL, -1, NULL, NULL };

	if (!play_until(p, play_limit(p), has_far_end, &w))
		return play_fail(p, "%s has consulted nobody",
				 s->slot[SLOT_WHO]);

	return act_on(p, s, "held", -1, "transfer", "is held");
}

bool act_conference(struct play *p, const struct step *s)
{
	return act_on(p, s, "connected", -1, "conference", "is connected");
}

bool act_records(struct play *p, const struct step *s)
{
	bool starts = !strcmp(s->choice[0], "starts");

	return act_on(p, s, "connected", -1,
		      starts ? "record on" : "record off", "is connected");
}

bool act_transfers(struct play *p, const struct step *s)
{
	char command[80];

	(void)snprintf(command, sizeof(command), "transfer %s",
		       s->slot[SLOT_NUMBER]);

	return act_on(p, s, "connected", -1, command, "is connected");
}

bool act_mutes(struct play *p, const struct step *s)
{
	bool mutes = !strcmp(s->choice[0], "mutes");

	return act_on(p, s, "connected", -1, mutes ? "mute" : "unmute",
		      "is connected");
}

static bool is_connected(struct play *p, void *arg)
{
	struct wanted *w = arg;

	w->state = "connected";
	w->is_incoming = -1;

	return has_call(p, w);
}

bool act_presses(struct play *p, const struct step *s)
{
	struct wanted w = { s, NULL, -1, NULL, NULL }, then = w;

	/* from now on these keys count */
	for (size_t i = 0; i < p->people; i++) {
		for (size_t k = 0; k < p->person[i].devices; k++) {
			struct handset *h = p->person[i].device[k].handset;

			if (h)
				memset(h->keys, 0, sizeof(h->keys));
		}
	}
	if (!step_device(p, s))
		return false;
	if (!play_until(p, play_limit(p), has_far_end, &w))
		return play_fail(p, "%s has no call to press keys in",
				 s->slot[SLOT_WHO]);
	/* somebody answers at this moment, or keys are wanted before that */
	if (!strcmp(w.state, "alerting"))
		(void)play_until(p, ANSWER_MS, is_connected, &then);

	return device_command(p, w.device, "dtmf %s", s->slot[SLOT_DIGITS]);
}

/* A phone learns its keys soon after it has registered. */
struct pressing {
	struct device *device;
	const char *key;
};

static bool has_key(struct play *p, void *arg)
{
	struct pressing *k = arg;
	json_t *item;
	size_t i;

	if (!device_command(p, k->device, "keys"))
		return false;
	json_array_foreach(json_object_get(k->device->handset->reply, "items"),
			   i, item)
	{
		if (json_integer_value(json_object_get(item, "key")) ==
		    strtol(k->key, NULL, 10))
			return true;
	}

	return false;
}

bool act_presses_key(struct play *p, const struct step *s)
{
	struct pressing k = { step_device(p, s), s->slot[SLOT_COUNT] };

	begin_dialling(p);
	if (!k.device)
		return false;
	if (!play_until(p, play_limit(p), has_key, &k))
		return play_fail(p, "the phone has no key %s", k.key);

	return device_command(p, k.device, "press %s", k.key);
}

bool act_speaks_srtp(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	return d && device_command(p, d, "set srtp %s",
				   !strcmp(s->choice[0], "only") ? "required"
								 : "off");
}

bool act_speaks_codec(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	return d && device_command(p, d, "set codecs %s,PCMU", s->choice[0]);
}

bool act_watches(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	return d && device_command(p, d, "watch %s", s->slot[SLOT_NUMBER]);
}

bool act_picks_up(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	begin_dialling(p);
	return d && device_command(p, d, "pick-up %s", s->slot[SLOT_NUMBER]);
}

bool act_trades(struct play *p, const struct step *s)
{
	return act_on(p, s, "held", -1, "trade", "is held");
}

bool act_redirects(struct play *p, const struct step *s)
{
	char command[80];

	(void)snprintf(command, sizeof(command), "redirect %s",
		       s->slot[SLOT_NUMBER]);
	begin_dialling(p);

	return act_on(p, s, "alerting", true, command, "rings");
}

bool act_sets(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	return d && device_command(p, d, "set %s %s", s->slot[SLOT_WORD],
				   s->slot[SLOT_VALUE]);
}

bool act_hangs_up(struct play *p, const struct step *s)
{
	struct person *who = step_person(p, s, SLOT_WHO);

	if (!step_device(p, s))
		return false;
	for (size_t i = 0; i < who->devices; i++) {
		struct device *d = &who->device[i];
		const char *kind = s->slot[SLOT_DEVICE];

		if ((!kind || !strcmp(kind, d->kind)) &&
		    handset_call_any(d->handset))
			return device_command(p, d, "hangup");
	}

	return play_fail(p, "%s has no call", who->name);
}

bool act_fails_to(struct play *p, const struct step *s)
{
	struct device *d = person_device(step_person(p, s, SLOT_WHO));
	const char *because = s->slot[SLOT_TEXT];

	if (!d)
		return play_fail(p, "%s has no phone", s->slot[SLOT_WHO]);
	if (device_command(p, d, "%s", s->choice[0]))
		return play_fail(p, "it was done");
	if (!d->handset || !d->handset->reply || d->handset->reply_ok)
		return false;
	if (because && !strstr(d->handset->reply_error, because))
		return play_fail(p, "it was refused with: %s",
				 d->handset->reply_error);

	return true;
}

static bool has_no_call(struct play *p, void *arg)
{
	struct device *d = arg;

	(void)p;
	return !d->handset || !handset_call_any(d->handset);
}

bool act_puts_down(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	if (!d || !d->handset)
		return d != NULL;
	for (size_t i = 0; i < HANDSET_CALLS_MAX; i++) {
		/* it may end by itself meanwhile */
		if (d->handset && d->handset->call[i].id[0])
			(void)device_command(p, d, "hangup %s",
					     d->handset->call[i].id);
	}

	return play_until(p, play_limit(p), has_no_call, d) ||
	       play_fail(p, "%s's call goes on", s->slot[SLOT_WHO]);
}

bool act_clicks(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	if (!d)
		return false;
	if (strcasecmp(s->slot[SLOT_TEXT], "Try now") != 0)
		return play_fail(p, "no button \"%s\" is known",
				 s->slot[SLOT_TEXT]);

	return device_command(p, d, "try");
}

bool act_starts(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	return d && device_start(p, d);
}

static bool has_ended(struct play *p, void *arg)
{
	struct device *d = arg;

	(void)p;
	return !d->handset;
}

bool act_dies(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	if (!d || !d->handset)
		return play_fail(p, "%s's phone does not run",
				 s->slot[SLOT_WHO]);
	(void)kill(d->handset->pid, SIGKILL);
	d->handset = mem_deref(d->handset);

	return true;
}

bool act_exits(struct play *p, const struct step *s)
{
	struct device *d = step_device(p, s);

	if (!d)
		return false;
	if (!d->handset)
		return play_fail(p, "%s's %s does not run", d->person->name,
				 d->kind);
	handset_say(d->handset, "quit");
	if (!play_until(p, 5000, has_ended, d))
		return play_fail(p, "%s's %s does not end", d->person->name,
				 d->kind);

	return true;
}

/* The device that "deploys DEVICE" names. */
static struct device *device_named(struct play *p, const struct step *s)
{
	struct person *who = step_person(p, s, SLOT_WHO);

	for (size_t i = 0; i < who->devices; i++) {
		if (!strcmp(who->device[i].kind, s->slot[SLOT_DEVICE]))
			return &who->device[i];
	}
	play_fail(p, "%s has no %s", who->name, s->slot[SLOT_DEVICE]);

	return NULL;
}

bool act_deploys(struct play *p, const struct step *s)
{
	struct device *d = device_named(p, s);
	struct rest_answer a = { 0 };
	bool ok;

	if (!d)
		return false;
	ok = device_deploy(p, d, &a);
	rest_clear(&a);

	return ok && device_start(p, d) && device_registers(p, d, 5000);
}

bool act_fails_to_deploy(struct play *p, const struct step *s)
{
	struct device *d = device_named(p, s);
	struct rest_answer a = { 0 };
	const char *because = s->slot[SLOT_TEXT];
	bool ok = false;

	if (!d)
		return false;
	if (device_deploy(p, d, &a))
		play_fail(p, "the link works");
	else if (a.status != 410 && a.status != 404)
		ok = false;
	else if (because && !strcasestr(a.detail, because) &&
		 (!rest_text(&a, "code") ||
		  !strcasestr(rest_text(&a, "code"), because)))
		play_fail(p, "the link is refused with \"%s\"", a.detail);
	else
		ok = true;
	rest_clear(&a);

	return ok;
}
