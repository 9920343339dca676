/* attend.c - see attend.h */
#include <stdio.h>

#include "pbx/speech/answer.h"
#include "pbx/route/attend.h"
#include "pbx/speech/collect.h"
#include "pbx/mail/greeting.h"
#include "pbx/route/group.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/transfer/transfer.h"
#include "pbx/mail/voicemail.h"

enum {
	CHOICES_MAX = 5,
	SPELLED_MAX = 12,
	LETTERS_BYTES = 200,
	SWITCHES_MAX = 20, /* to other attendants */
};

enum attend_state {
	ATTEND_MENU,
	ATTEND_COLLECT, /* collect.h */
	ATTEND_CHOICE,  /* which of those found by name */
	ATTEND_SENT,
};

struct attend {
	struct answer *answer;
	char id[DIRECTORY_ID_SIZE]; /* attendant; it may go meanwhile */
	char menu[ATTENDANT_MENU_MAX + 1];
	char choices[CHOICES_MAX][DIRECTORY_ID_SIZE]; /* users */
	struct collect collect;
	struct collect_rules rules;
	struct wheel_timer timer;
	struct schedule_word word;
	uint8_t state; /* enum attend_state */
	uint8_t choice_count;
	uint8_t tries;
	uint8_t switches;
	bool is_last; /* sent where those go who press nothing */
};

static void attend_destructor(void *data)
{
	struct attend *t = data;

	collect_stop(&t->collect);
	wheel_stop(&t->timer);
}

static const struct customer *customer_of(const struct attend *t)
{
	return directory_customer(span_of(answer_call(t->answer)->customer));
}

static void say(const struct attend *t, const char *prompt)
{
	answer_say(t->answer, prompt);
}

static void leave(struct attend *t)
{
	say(t, "goodbye");
	answer_leave(t->answer);
}

/* ---- menus ---- */

static const char *greeting_name(const struct attend *t, char out[40])
{
	if (t->menu[0]) {
		(void)snprintf(out, 40, "menu-%s", t->menu);
		return "attendant-menu";
	}
	(void)snprintf(out, 40, "%s",
		       t->word.holiday ? "holiday"
				       : service_mode_name(t->word.mode));

	return t->word.mode == MODE_DAY ? "attendant-day" : "attendant-night";
}

static void ask(struct attend *t)
{
	const struct attendant *a = attendant_find(t->id);
	char file[ATTENDANT_FILE], name[40];
	const char *words = greeting_name(t, name);

	if (!a) {
		leave(t);
		return;
	}
	t->state = ATTEND_MENU;
	if (attendant_greeting(a, name, answer_is_french(t->answer), file))
		answer_play(t->answer, file);
	else
		say(t, words);
}

/* Its own language, that of the number called outside, the customer's. */
static bool begins_in_french(const struct attend *t, const struct attendant *a)
{
	const struct phone *p = answer_call(t->answer)->caller->phone;

	return !a->has_language && p && p->has_language
		       ? p->is_french
		       : attendant_is_french(a);
}

static void begin(struct attend *t)
{
	const struct attendant *a = attendant_find(t->id);

	t->menu[0] = '\0';
	t->tries = 0;
	if (a) {
		t->word = attendant_say(a);
		answer_set_french(t->answer, begins_in_french(t, a));
	}
	ask(t);
}

static void opened(void *arg)
{
	begin(arg);
}

static void send_to(struct attend *t, const char *number);

/* Nothing useful came: ask again, or give up. */
static void again(struct attend *t, const char *why)
{
	const struct attendant *a = attendant_find(t->id);

	if (why)
		say(t, why);
	if (!a || ++t->tries < a->tries) {
		ask(t);
		return;
	}
	trail_add(&answer_call(t->answer)->trail, "the caller chooses nothing");
	if (!a->no_input[0] || t->is_last) {
		leave(t);
		return;
	}
	t->is_last = true;
	send_to(t, a->no_input);
}

/* ---- sending on ---- */

static void become(struct attend *t, const struct attendant *a)
{
	if (++t->switches > SWITCHES_MAX) {
		leave(t);
		return;
	}
	memcpy(t->id, a->id, sizeof(t->id));
	t->is_last = false;
	begin(t);
}

static void send_to(struct attend *t, const char *number)
{
	const struct attendant *a = attendant_find(t->id);
	const struct customer *c = customer_of(t);
	const struct attendant *other = c ? attendant_by_number(c, number)
					  : NULL;
	struct answer_way way = { .number = number };

	if (!a) {
		leave(t);
		return;
	}
	if (other) {
		become(t, other);
		return;
	}

	way.payer = a->payer[0] ? a->payer : NULL;
	way.reach = a->may_leave ? ROUTE_REACH_OUTSIDE : ROUTE_REACH_INSIDE;
	t->state = ATTEND_SENT;
	if (answer_send_on(t->answer, &way))
		again(t, "code-failed");
}

static void refused(void *arg, uint16_t status, const char *user)
{
	struct attend *t = arg;

	if ((status == 480 || status == 486 || status == 408) &&
	    voicemail_takes_over(t->answer, user))
		return;

	say(t, status == 486   ? "party-busy"
	       : status == 403 ? "not-permitted"
	       : status == 404 ? "number-unknown"
			       : "party-silent");
	if (t->is_last)
		leave(t);
	else
		ask(t);
}

/* ---- extensions and numbers ---- */

/* Whether callers may dial this as an extension. */
static bool is_extension(const struct customer *c, const char *digits)
{
	return directory_user_by_extension(c, span_of(digits)) ||
	       group_by_number(c, span_of(digits));
}

/* Whether some user's extension goes on from these digits, or is these. */
static bool begins_extension(const struct customer *c, const char *digits,
			     bool is_longer)
{
	size_t len = strlen(digits);
	struct le *le;

	for (le = list_head(&c->users); le; le = le->next) {
		const struct user *u = le->data;

		if (!strncmp(u->extension, digits, len) &&
		    (!is_longer || u->extension[len]))
			return true;
	}

	return false;
}

static void act(struct attend *t, const char *what, const char *to);

static void dialled(const char *digits, void *arg)
{
	struct attend *t = arg;
	const struct attendant *a = attendant_find(t->id);
	const struct customer *c = customer_of(t);
	char number[DIRECTORY_NUMBER_MAX + 1];
	const char *what, *to;

	t->state = ATTEND_MENU;
	if (!a || !c || !digits || !digits[0]) {
		again(t, NULL);
		return;
	}
	if (attendant_forbids(a, digits) ||
	    outside_is_emergency(c, digits, number)) {
		trail_add(&answer_call(t->answer)->trail,
			  "callers may not dial %s here", digits);
		again(t, "not-permitted");
		return;
	}
	if (is_extension(c, digits) || (a->takes_numbers && digits[1])) {
		t->tries = 0;
		send_to(t, digits);
		return;
	}
	what = digits[1] ? NULL
			 : attendant_key(a, t->word.mode, t->menu, digits[0],
					 &to);
	if (what)
		act(t, what, to);
	else
		again(t, "extension-unknown");
}

static void collect(struct attend *t, const char *prompt, collect_h *h)
{
	const struct attendant *a = attendant_find(t->id);

	t->state = ATTEND_COLLECT;
	t->rules = (struct collect_rules){ .prompt = prompt, .tries = 1 };
	if (a) {
		t->rules.first_ms = a->first_ms;
		t->rules.next_ms = a->next_ms;
	}
	collect_begin(&t->collect, t->answer, &t->rules, h, t);
}

/* A digit that may be the first of an extension. */
static bool starts_dialling(const struct attend *t, char key)
{
	const struct attendant *a = attendant_find(t->id);
	const struct customer *c = customer_of(t);
	const char digits[] = { key, '\0' };
	const char *to;

	if (!a || !c || key < '0' || key > '9')
		return false;
	if (a->takes_numbers)
		return true;
	if (!a->takes_extensions)
		return false;

	return begins_extension(c, digits, false) ||
	       !attendant_key(a, t->word.mode, t->menu, key, &to);
}

/* ---- names ---- */

void attend_letters(char *out, size_t size, const char *name)
{
	/* of a to z, and of U+00C0 to U+00FF without their marks */
	static const char keys[] = "22233344455566677778889999";
	static const char plain[] = "aaaaaaaceeeeiiiidnooooo?ouuuuy?s"
				    "aaaaaaaceeeeiiiidnooooo?ouuuuy?y";
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)name;
	     *p && n + 1 < size; p++) {
		unsigned char c = *p;

		if (c == 0xc3 && p[1] >= 0x80 && p[1] <= 0xbf)
			c = (unsigned char)plain[*++p - 0x80];
		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		if (c >= 'a' && c <= 'z')
			out[n++] = keys[c - 'a'];
		else if (c == ' ')
			out[n++] = ' ';
	}
	out[n] = '\0';
}

/* Whether a name, from one of its words on, begins with these keys. */
static bool is_named(const struct user *u, const char *digits)
{
	char letters[LETTERS_BYTES], word[LETTERS_BYTES];
	size_t n;

	attend_letters(letters, sizeof(letters), u->name);
	for (const char *p = letters; p; p = strchr(p, ' ')) {
		n = 0;
		while (*p == ' ')
			p++;
		for (const char *q = p; *q; q++) {
			if (*q != ' ')
				word[n++] = *q;
		}
		word[n] = '\0';
		if (*p && !strncmp(word, digits, strlen(digits)))
			return true;
	}

	return false;
}

static void spell(const struct attend *t, const char *name)
{
	char prompt[] = "letter-a";
	int n = 0;

	for (; *name && n < SPELLED_MAX; name++) {
		char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32)
						      : *name;

		if (c < 'a' || c > 'z')
			continue;
		prompt[7] = c;
		say(t, prompt);
		n++;
	}
}

/* As its owner says it, else by its letters. */
static void say_name(const struct attend *t, const struct user *u)
{
	const struct mailbox *b = mailbox_find(u->id);
	char file[MAILBOX_PATH];

	if (!b || !greeting_is_recorded(b, "name")) {
		spell(t, u->name);
		return;
	}
	greeting_file(b, "name", file);
	answer_play(t->answer, file);
}

/* "To call B O B, extension 2 0 0 2, press 1" */
static void say_choices(const struct attend *t)
{
	for (uint8_t i = 0; i < t->choice_count; i++) {
		const struct user *u = directory_user(span_of(t->choices[i]));
		const char key[] = { (char)('1' + i), '\0' };

		if (!u)
			continue;
		say(t, "to-call");
		say_name(t, u);
		say(t, "at-extension");
		answer_say_digits(t->answer, u->extension);
		say(t, "press");
		answer_say_digits(t->answer, key);
	}
	say(t, "or-star");
}

static void named(const char *digits, void *arg)
{
	struct attend *t = arg;
	const struct customer *c = customer_of(t);
	uint32_t count = 0;
	struct le *le;

	t->state = ATTEND_MENU;
	if (!c || !digits || !digits[0]) {
		again(t, NULL);
		return;
	}
	for (le = list_head(&c->users); le; le = le->next) {
		const struct user *u = le->data;

		if (!is_named(u, digits))
			continue;
		if (count < CHOICES_MAX)
			memcpy(t->choices[count], u->id, sizeof(u->id));
		count++;
	}
	if (!count || count > CHOICES_MAX) {
		again(t, count ? "too-many-names" : "name-unknown");
		return;
	}
	t->choice_count = (uint8_t)count;
	t->state = ATTEND_CHOICE;
	say_choices(t);
}

static void choose(struct attend *t, char key)
{
	const struct user *u = NULL;

	if (key == '*') {
		ask(t);
		return;
	}
	if (key >= '1' && key < '1' + t->choice_count)
		u = directory_user(span_of(t->choices[key - '1']));
	if (u)
		send_to(t, u->extension);
	else
		say_choices(t);
}

/* ---- what keys do ---- */

static void to_mailbox(struct attend *t, const char *number)
{
	const struct customer *c = customer_of(t);
	const struct user *u = c ? directory_user_by_extension(c,
							       span_of(number))
				 : NULL;

	if (!u || !voicemail_takes_over(t->answer, u->id))
		again(t, "extension-unknown");
}

static void act(struct attend *t, const char *what, const char *to)
{
	trail_add(&answer_call(t->answer)->trail, "the caller chooses %s%s%s",
		  what, to[0] ? " " : "", to);
	t->tries = 0;
	if (!strcmp(what, "number")) {
		send_to(t, to);
	}
	else if (!strcmp(what, "mailbox")) {
		to_mailbox(t, to);
	}
	else if (!strcmp(what, "extension")) {
		collect(t, "attendant-extension", dialled);
	}
	else if (!strcmp(what, "name")) {
		collect(t, "attendant-name", named);
	}
	else if (!strcmp(what, "hang-up")) {
		leave(t);
	}
	else {
		if (!strcmp(what, "menu"))
			(void)snprintf(t->menu, sizeof(t->menu), "%s", to);
		else if (!strcmp(what, "back"))
			t->menu[0] = '\0';
		else if (!strcmp(what, "language"))
			answer_set_french(t->answer, !strcmp(to, "fr"));
		ask(t);
	}
}

static void menu_key(struct attend *t, char key)
{
	const struct attendant *a = attendant_find(t->id);
	const char *to = "";
	const char *what = a ? attendant_key(a, t->word.mode, t->menu, key, &to)
			     : NULL;

	if (starts_dialling(t, key)) {
		collect(t, NULL, dialled);
		(void)collect_key(&t->collect, key);
	}
	else if (what) {
		act(t, what, to);
	}
	else {
		again(t, "wrong-key");
	}
}

/* An extension is complete: nobody has a longer one. */
static void look_complete(struct attend *t)
{
	const struct attendant *a = attendant_find(t->id);
	const struct customer *c = customer_of(t);
	char digits[COLLECT_DIGITS_MAX + 1];

	if (t->state != ATTEND_COLLECT || !t->collect.rules ||
	    t->collect.handler != dialled || !a || !c || a->takes_numbers ||
	    !is_extension(c, t->collect.digits) ||
	    begins_extension(c, t->collect.digits, true))
		return;

	memcpy(digits, t->collect.digits, sizeof(digits));
	collect_stop(&t->collect);
	dialled(digits, t);
}

static void key(void *arg, char k)
{
	struct attend *t = arg;

	wheel_stop(&t->timer);
	if (t->state == ATTEND_COLLECT) {
		mem_ref(t); /* the key may end the call */
		if (collect_key(&t->collect, k) && mem_nrefs(t) > 1)
			look_complete(t);
		mem_deref(t);
		return;
	}
	answer_hush(t->answer);
	if (t->state == ATTEND_CHOICE)
		choose(t, k);
	else if (t->state == ATTEND_MENU)
		menu_key(t, k);
}

static void waited(void *arg)
{
	struct attend *t = arg;

	again(t, NULL);
}

static void said(void *arg)
{
	struct attend *t = arg;
	const struct attendant *a = attendant_find(t->id);

	if (collect_said(&t->collect) || t->state == ATTEND_SENT)
		return;

	wheel_start(&t->timer, a ? a->first_ms : 1, waited, t);
}

static const struct answer_owner owner = {
	.away = "Attendant Is Away",
	.opened = opened,
	.said = said,
	.key = key,
	.refused = refused,
};

/* A caller whom we had sent on ends here. */
static bool take_back(struct call *call, struct attend *t)
{
	struct call *from = transfer_sender(call);

	if (!from || !from->answer)
		return false;

	trail_add(&call->trail, "the attendant of call %s takes it back",
		  from->id);
	t->answer = from->answer;
	call_give_up(call, 487);
	answer_give(t->answer, &owner, t);

	return true;
}

bool attend_begin(struct call *call, const struct attendant *a)
{
	struct attend *t = mem_zalloc(sizeof(*t), attend_destructor);
	bool is_back;
	int err = ENOMEM;

	if (t && transfer_sender(call)) {
		memcpy(t->id, a->id, sizeof(t->id));
		is_back = take_back(call, t);
		mem_deref(t);
		return is_back;
	}
	if (t) {
		memcpy(t->id, a->id, sizeof(t->id));
		err = answer_begin(&t->answer, call, &owner, t, ANSWER_CONNECT);
		mem_deref(t);
	}

	return !err;
}
