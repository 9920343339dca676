/* collect.c - see collect.h */
#include "pbx/speech/collect.h"

enum {
	TRIES = 3,
	FIRST_MS = 8000,
	NEXT_MS = 4000,
};

void collect_stop(struct collect *c)
{
	wheel_stop(&c->timer);
	c->rules = NULL;
}

static void finish(struct collect *c, const char *digits)
{
	char copy[COLLECT_DIGITS_MAX + 1] = "";

	if (digits)
		(void)re_snprintf(copy, sizeof(copy), "%s", digits);
	collect_stop(c);
	c->handler(digits ? copy : NULL, c->arg);
}

static void waited(void *arg);

static void try(struct collect *c)
{
	c->count = 0;
	c->digits[0] = '\0';
	if (c->tried && c->rules->again)
		answer_say(c->answer, c->rules->again);
	if (c->rules->prompt)
		answer_say(c->answer, c->rules->prompt);
	c->tried++;
	if (!voice_is_saying(answer_voice(c->answer)))
		(void)collect_said(c);
}

static void waited(void *arg)
{
	struct collect *c = arg;

	if (c->count)
		finish(c, c->digits);
	else if (c->tried >= (c->rules->tries ? c->rules->tries : TRIES))
		finish(c, NULL);
	else
		try(c);
}

void collect_begin(struct collect *c, struct answer *a,
		   const struct collect_rules *rules, collect_h *h, void *arg)
{
	collect_stop(c);
	c->answer = a;
	c->rules = rules;
	c->handler = h;
	c->arg = arg;
	c->tried = 0;
	try(c);
}

bool collect_said(struct collect *c)
{
	if (!c->rules)
		return false;

	if (!c->count)
		wheel_start(&c->timer,
			    c->rules->first_ms ? c->rules->first_ms : FIRST_MS,
			    waited, c);

	return true;
}

bool collect_key(struct collect *c, char key)
{
	uint8_t max;

	if (!c->rules)
		return false;

	max = c->rules->max ? c->rules->max : COLLECT_DIGITS_MAX;
	answer_hush(c->answer);
	if (key == '#') {
		finish(c, c->digits);
		return true;
	}
	if (key == '*' && !c->rules->takes_star) {
		c->tried--;
		try(c);
		return true;
	}
	c->digits[c->count++] = key;
	c->digits[c->count] = '\0';
	if (c->count >= max)
		finish(c, c->digits);
	else
		wheel_start(&c->timer,
			    c->rules->next_ms ? c->rules->next_ms : NEXT_MS,
			    waited, c);

	return true;
}
