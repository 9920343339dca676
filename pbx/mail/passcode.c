/* passcode.c - see passcode.h */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secrets.h"
#include "pbx/watch/alarm.h"
#include "pbx/mail/mailbox_settings.h"
#include "pbx/mail/passcode.h"

enum {
	FAILURES_MAX = 3,
	FAILURES_MS = 5 * 60 * 1000, /* that many within it lock */
	LOCK_MS = 15 * 60 * 1000,
	RULE_BYTES = 80,
};

/* Salted with the mailbox, so that equal passcodes do not look alike. */
static void hash(char out[65], const struct mailbox *b, const char *passcode)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "passcode %s %s", b->user, passcode);
	token_hash(out, text);
	secret_wipe(text, sizeof(text));
}

void passcode_give(struct mailbox *b, const char *passcode)
{
	b->given[0] = '\0';
	b->is_given_weak = false;
	if (!passcode || !*passcode)
		return;
	hash(b->given, b, passcode);
	b->is_given_weak = passcode_weakness(b, passcode) != NULL;
}

/* What the owner has chosen, while the portal has given no other since. */
static const char *chosen(const struct mailbox *b)
{
	const char *own = mailbox_setting(b, "passcode");

	return own[0] && !strcmp(mailbox_setting(b, "passcode_for"), b->given)
		       ? own
		       : "";
}

const char *passcode_weakness(const struct mailbox *b, const char *passcode)
{
	static char rule[RULE_BYTES];
	const struct mailbox_class *k = mailbox_class_of(b);
	size_t n = strlen(passcode), len = strlen(b->number);
	bool same = true, up = true, down = true, is_reverse = n == len;

	if (passcode[strspn(passcode, "0123456789")])
		return "must be digits";
	if (n < k->passcode_min || n > k->passcode_max) {
		(void)snprintf(rule, sizeof(rule), "must have %u to %u digits",
			       k->passcode_min, k->passcode_max);
		return rule;
	}
	for (size_t i = 1; i < n; i++) {
		same = same && passcode[i] == passcode[0];
		up = up && passcode[i] == passcode[i - 1] + 1;
		down = down && passcode[i] == passcode[i - 1] - 1;
	}
	for (size_t i = 0; is_reverse && i < n; i++)
		is_reverse = passcode[i] == b->number[n - 1 - i];
	if (same)
		return "must not be one digit repeated";
	if (up || down)
		return "must not be a sequence";
	if (is_reverse || !strcmp(passcode, b->number))
		return "must not be the mailbox's number, nor its reverse";

	return NULL;
}

/* Count it over a day and, at the limit, tell those who watch. */
static void count_bad(struct mailbox *b, const char *from)
{
	int64_t now = (int64_t)clock_wall_ms();
	int64_t since = mailbox_setting_number(b, "bad_since_ms");
	int64_t tries = mailbox_setting_number(b, "bad_tries");
	json_t *facts;

	if (!since || now - since > PASSCODE_ALARM_MS) {
		since = now;
		tries = 0;
	}
	tries++;
	(void)mailbox_settings_set(
		b, json_pack("{s:I, s:I}", "bad_tries", (json_int_t)tries,
			     "bad_since_ms", (json_int_t)since));
	if (tries != PASSCODE_ALARM_TRIES)
		return;

	log_warn("mailbox",
		 "somebody tries passcodes at mailbox %s (%s): %lld in a day, "
		 "now from %s",
		 b->number, b->user, (long long)tries, from);
	facts = json_pack("{s:s, s:s, s:I, s:s}", "mailbox", b->user, "number",
			  b->number, "tries", (json_int_t)tries, "from", from);
	alarm_raise("mailbox-break-in", b->customer, b->user, facts);
}

int passcode_check(struct mailbox *b, const char *passcode, const char *from)
{
	const char *own = chosen(b);
	uint64_t now = clock_mono_ms();
	char given[65];
	bool is_right;

	if (b->locked_ms > now)
		return EAGAIN;

	hash(given, b, passcode);
	is_right = own[0] ? secret_equal(own, passcode)
			  : b->given[0] && secret_equal(given, b->given);
	if (is_right) {
		b->failures = 0;
		return 0;
	}

	count_bad(b, from);
	if (!b->failures || now - b->failed_ms > FAILURES_MS) {
		b->failures = 0;
		b->failed_ms = now;
	}
	if (++b->failures < FAILURES_MAX)
		return EACCES;

	b->failures = 0;
	b->locked_ms = now + LOCK_MS;
	log_warn("mailbox", "mailbox of %s is locked: wrong passcodes",
		 b->user);

	return EAGAIN;
}

bool passcode_is_locked(const struct mailbox *b)
{
	return b->locked_ms > clock_mono_ms();
}

void passcode_unlock(struct mailbox *b)
{
	b->locked_ms = 0;
	b->failures = 0;
}

int passcode_choose(struct mailbox *b, const char *passcode)
{
	if (passcode_weakness(b, passcode))
		return EINVAL;

	return mailbox_settings_set(b, json_pack("{s:s, s:s}", "passcode",
						 passcode, "passcode_for",
						 b->given));
}

bool passcode_is_due(const struct mailbox *b)
{
	return !chosen(b)[0] &&
	       (b->is_given_weak || mailbox_class_of(b)->wants_setup);
}
