/* hearing.c - what people hear; see senses.h */
#include <stdio.h>
#include <stdlib.h>

#include "base/wheel.h"
#include "ctl/story/ear.h"
#include "ctl/story/play.h"
#include "ctl/story/senses.h"
#include "media/wav.h"

enum {
	TONE_SLACK_HZ = 10,
	DIAL_TONE_HZ = 425,
	EAR_STEADY_MS = 400, /* so long a tone that was there before must
				go on to count as heard now */
	PROMPT_LIMIT_MS = 8000,
};

struct hearing {
	const struct step *step;
	struct device *ear;
	struct device *mouth;
	const char *what;
};

/* Whether an ear has this now: begun in this step, or gone on in it. */
static bool is_steady(struct play *p, const struct handset_ear *ear)
{
	uint64_t since = ear->at_ms;

	return since >= p->step_ms ||
	       wheel_now_ms() - p->step_ms >= EAR_STEADY_MS;
}

static bool hears_device(struct play *p, void *arg)
{
	struct hearing *h = arg;
	struct handset *ear = h->ear->handset;

	return ear && !strcmp(ear->ear.what, "tone") &&
	       abs(ear->ear.hz - h->mouth->tone_hz) <= TONE_SLACK_HZ &&
	       is_steady(p, &ear->ear);
}

/* Dial tone is one steady sine; who speaks has another. */
static bool is_what(const struct handset_ear *ear, const char *what)
{
	if (!strcmp(what, "dial-tone"))
		return !strcmp(ear->what, "tone") &&
		       abs(ear->hz - DIAL_TONE_HZ) <= TONE_SLACK_HZ;

	return !strcmp(ear->what, what);
}

static bool hears_what(struct play *p, void *arg)
{
	struct hearing *h = arg;
	struct handset *ear = h->ear->handset;

	return ear && is_what(&ear->ear, h->what) && is_steady(p, &ear->ear);
}

static bool fail_hearing(struct play *p, const struct device *ear,
			 const char *wanted)
{
	const struct handset *h = ear->handset;

	if (!h)
		return play_fail(p, "%s's %s does not run", ear->person->name,
				 ear->kind);
	if (!h->ear.what[0])
		return play_fail(p, "%s's %s hears nothing at all, not %s",
				 ear->person->name, ear->kind, wanted);
	if (!strcmp(h->ear.what, "tone"))
		return play_fail(p, "%s's %s hears a tone of %d Hz, not %s",
				 ear->person->name, ear->kind, h->ear.hz,
				 wanted);

	return play_fail(p, "%s's %s hears %s, not %s", ear->person->name,
			 ear->kind, h->ear.what, wanted);
}

static bool hear_device(struct play *p, const struct step *s,
			struct device *ear, struct device *mouth)
{
	struct hearing h = { s, ear, mouth, NULL };
	char wanted[80];

	if (play_until(p, play_limit(p), hears_device, &h))
		return true;
	(void)snprintf(wanted, sizeof(wanted), "%s's %s (%d Hz)",
		       mouth->person->name, mouth->kind, mouth->tone_hz);

	return fail_hearing(p, ear, wanted);
}

bool sense_talk(struct play *p, const struct step *s)
{
	struct device *a = person_device(step_person(p, s, SLOT_WHO));
	struct device *b = person_device(step_person(p, s, SLOT_OTHER));

	if (!a || !b)
		return play_fail(p, "one of them has no phone");

	return hear_device(p, s, a, b) && hear_device(p, s, b, a);
}

bool sense_hears_other(struct play *p, const struct step *s)
{
	struct device *a = step_device(p, s);
	struct device *b = person_device(step_person(p, s, SLOT_OTHER));

	return a && b && hear_device(p, s, a, b);
}

bool sense_hears(struct play *p, const struct step *s)
{
	struct hearing h = { s, step_device(p, s), NULL, s->choice[0] };

	return h.ear && (play_until(p, play_limit(p), hears_what, &h) ||
			 fail_hearing(p, h.ear, h.what));
}

static bool hears_keys(struct play *p, void *arg)
{
	struct hearing *h = arg;

	(void)p;
	return h->ear->handset &&
	       strstr(h->ear->handset->keys, h->step->slot[SLOT_DIGITS]);
}

bool sense_hears_dtmf(struct play *p, const struct step *s)
{
	struct hearing h = { s, step_device(p, s), NULL, NULL };

	if (!h.ear)
		return false;
	if (play_until(p, play_limit(p), hears_keys, &h))
		return true;

	return play_fail(p, "%s heard the keys \"%s\"", s->slot[SLOT_WHO],
			 h.ear->handset ? h.ear->handset->keys : "");
}

/* A prompt of the pbx, or of a customer's own. */
struct listening {
	struct device *ear;
	struct wav *sound;
};

static bool has_heard(struct play *p, void *arg)
{
	struct listening *l = arg;

	(void)p;
	return ear_has(l->ear->ear, &l->ear->heard, l->sound);
}

bool sense_hears_prompt(struct play *p, const struct step *s)
{
	struct listening l = { step_device(p, s), NULL };
	const char *language = s->choice[0] ? s->choice[0] : "en";
	char folder[400], path[500], heard[400];
	size_t from;
	bool ok;

	if (!l.ear)
		return false;
	(void)snprintf(folder, sizeof(folder), "%s/pbx/prompts/standard/%s",
		       p->dir, language);
	(void)snprintf(path, sizeof(path), "%s/%s.wav", folder,
		       s->slot[SLOT_WORD]);
	if (wav_load(&l.sound, path, NULL))
		return play_fail(p, "there is no prompt %s",
				 s->slot[SLOT_WORD]);

	from = l.ear->heard;
	ok = play_until(p, s->within_ms ? s->within_ms : PROMPT_LIMIT_MS,
			has_heard, &l);
	mem_deref(l.sound);
	if (ok)
		return true;

	ear_name_all(l.ear->ear, from, folder, heard, sizeof(heard));

	return play_fail(p, "%s's %s heard %s (log/%s-%s.ear)",
			 l.ear->person->name, l.ear->kind,
			 heard[0] ? heard : "no prompt at all",
			 l.ear->person->name, l.ear->kind);
}
