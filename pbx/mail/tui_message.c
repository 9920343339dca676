/* tui_message.c - a message is heard, and what becomes of it
 *
 * See tui.h.  A forwarded message is one of its own: the other mailbox's row
 * is written first, then its sound is joined from the comment and the old
 * one, then the row is completed; a crash in between leaves what
 * message_settle_all() settles.
 */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/zone.h"
#include "pbx/call/call.h"
#include "pbx/trunk/cpn.h"
#include "pbx/trunk/outsider.h"
#include "pbx/speech/prompt.h"
#include "pbx/route/route.h"
#include "pbx/speech/sound_file.h"
#include "pbx/mail/tui_private.h"

static void play(struct voicemail *v, struct message *m)
{
	char file[MAILBOX_PATH];

	v->menu = TUI_MESSAGE;
	memcpy(v->message, m->id, sizeof(v->message));
	if (m->is_urgent)
		tui_say(v, "message-urgent");
	tui_say(v, "message-from");
	if (m->number[0])
		prompt_say_digits(v->voice, m->mailbox, m->number);
	else
		tui_say(v, "unknown-number");
	message_file(m, file);
	(void)voice_say(v->voice, file);
	tui_say(v, "message-menu");
	message_mark(m, true, m->is_saved);
}

static void play_next(struct voicemail *v, const struct message *after)
{
	const struct mailbox *b = voicemail_box(v);
	struct message *m = b ? mailbox_next(b, after, v->hears_read) : NULL;

	if (m) {
		play(v, m);
		return;
	}
	tui_say(v, "no-more-messages");
	tui_enter(v, TUI_MAIN);
}

void tui_hear(struct voicemail *v)
{
	const struct mailbox *b = voicemail_box(v);

	v->hears_read = b && !mailbox_count(b, false);
	play_next(v, NULL);
}

bool tui_bring_back(struct voicemail *v)
{
	const struct mailbox *b = voicemail_box(v);
	bool was_any = false;
	struct le *le;

	for (le = b ? list_head(&b->messages) : NULL; le; le = le->next) {
		struct message *m = le->data;

		was_any |= m->is_deleted;
		message_hide(m, false);
	}

	return was_any;
}

void tui_end(struct voicemail *v)
{
	const struct mailbox *b = v->is_in ? voicemail_box(v) : NULL;
	struct le *le = b ? list_head(&b->messages) : NULL;

	while (le) {
		struct message *m = le->data;

		le = le->next;
		if (m->is_deleted)
			message_delete(m);
	}
}

static void delete (struct voicemail *v, struct message *m)
{
	struct message *next = mailbox_next(m->mailbox, m, v->hears_read);

	message_hide(m, true);
	tui_say(v, "message-deleted");
	if (next)
		play(v, next);
	else
		play_next(v, NULL);
}

/* ---- who and when ---- */

static void say_two(struct voicemail *v, const struct mailbox *b, int number)
{
	char digits[4];

	(void)snprintf(digits, sizeof(digits), "%02d", number % 100);
	prompt_say_digits(v->voice, b, digits);
}

/* By the clocks where who listens is. */
static void local_time(const struct voicemail *v, const struct message *m,
		       struct zone_time *t)
{
	const struct leg *by = v->call->caller;
	const struct zone *z = NULL;

	if (!by->phone || outsider_is(by->phone)) {
		mailbox_local_time(m->mailbox, m->at_ms, t);
		return;
	}
	(void)zone_find(&z, zone_clock(by->phone, leg_source(by)));
	zone_local(t, z, (int64_t)(m->at_ms / 1000));
}

static void envelope(struct voicemail *v, const struct message *m)
{
	struct zone_time t;

	local_time(v, m, &t);
	tui_say(v, "message-from");
	if (m->number[0])
		prompt_say_digits(v->voice, m->mailbox, m->number);
	else
		tui_say(v, "unknown-number");
	tui_say(v, "received-on");
	say_two(v, m->mailbox, t.day);
	say_two(v, m->mailbox, t.month);
	tui_say(v, "at-time");
	say_two(v, m->mailbox, t.hour);
	say_two(v, m->mailbox, t.minute);
	if (m->is_private)
		tui_say(v, "message-private");
	tui_say(v, "message-menu");
}

/* Call the sender at the cost of the mailbox's owner. */
static void reply(struct voicemail *v, const struct message *m)
{
	const struct mailbox *b = m->mailbox;
	const struct answer_way way = {
		.number = m->number,
		.payer = b->is_group ? NULL : b->user,
		.reach = b->is_group ? ROUTE_REACH_INSIDE : ROUTE_REACH_OUTSIDE,
	};

	if (!m->number[0] || !mailbox_class_of(b)->has_reply) {
		tui_say(v, "not-possible");
		tui_say(v, "message-menu");
		return;
	}
	trail_add(&v->call->trail, "the sender %s is called", m->number);
	if (answer_send_on(v->answer, &way)) {
		tui_say(v, "party-silent");
		tui_say(v, "message-menu");
	}
}

static void message_key(struct voicemail *v, char key)
{
	struct message *m = message_find(v->message);

	if (!m || key == '*') {
		tui_enter(v, TUI_MAIN);
		return;
	}
	switch (key) {
	case '1': play(v, m); break;
	case '2':
		message_mark(m, true, true);
		tui_say(v, "message-saved");
		play_next(v, m);
		break;
	case '3': delete (v, m); break;
	case '4': reply(v, m); break;
	case '5':
		if (!m->is_private && mailbox_class_of(m->mailbox)->has_forward)
			tui_enter(v, TUI_FORWARD);
		else
			tui_say(v, "not-possible");
		if (v->menu == TUI_MESSAGE)
			tui_say(v, "message-menu");
		break;
	case '6': envelope(v, m); break;
	case '#': play_next(v, m); break;
	default: tui_say(v, "message-menu"); break;
	}
}

const struct tui_row tui_message_row = { .key = message_key };

/* ---- forwarding ---- */

struct forwarding {
	char to[DIRECTORY_ID_SIZE];      /* the new message */
	char comment[MAILBOX_PATH];      /* its file, "" without */
	char owner[DIRECTORY_ID_SIZE];   /* who listens to what became of it */
	char message[DIRECTORY_ID_SIZE]; /* the old one */
};

static void ask_forward(struct voicemail *v)
{
	tui_say(v, "forward-to");
}

static void take_forward(struct voicemail *v)
{
	const struct mailbox *b = voicemail_box(v);
	const struct customer *c = b ? directory_customer(span_of(b->customer))
				     : NULL;
	const struct mailbox *to = c ? mailbox_by_number(c, v->digits) : NULL;

	if (!to || to == b || !mailbox_has_room(to)) {
		tui_say(v, to && to != b ? "mailbox-full" : "no-such-mailbox");
		v->menu = TUI_MESSAGE;
		tui_say(v, "message-menu");
		return;
	}
	(void)snprintf(v->chosen, sizeof(v->chosen), "%s", v->digits);
	tui_enter(v, TUI_COMMENT);
}

static void ask_comment(struct voicemail *v)
{
	tui_say(v, "forward-comment");
}

static void comment_key(struct voicemail *v, char key)
{
	switch (key) {
	case '1': tui_record(v, "comment"); break;
	case '#': tui_forward(v, NULL); break;
	case '*':
		v->menu = TUI_MESSAGE;
		tui_say(v, "message-menu");
		break;
	default: ask_comment(v); break;
	}
}

const struct tui_row tui_forward_row = { .enter = ask_forward,
					 .digits = take_forward };
const struct tui_row tui_comment_row = { .enter = ask_comment,
					 .key = comment_key };

static void joined(int err, uint64_t ms, void *arg)
{
	struct forwarding *f = arg;
	struct message *m = message_find(f->to);

	if (f->comment[0])
		mailbox_remove_file(f->comment);
	if (m && !err) {
		message_keep(m, ms, false, NULL, NULL);
	}
	else if (m) {
		log_warn("tui", "message %s cannot be forwarded: %s",
			 f->message, strerror(err));
		message_delete(m);
	}
	mem_deref(f);
}

static int forward(const struct message *old, struct mailbox *to,
		   const char *comment)
{
	struct forwarding *f = mem_zalloc(sizeof(*f), NULL);
	char from[MAILBOX_PATH], file[MAILBOX_PATH];
	struct message *m = NULL;
	int err = f ? message_begin(&m, to, old->number, old->name) : ENOMEM;

	if (err)
		goto out;

	m->is_urgent = old->is_urgent;
	memcpy(f->to, m->id, sizeof(f->to));
	memcpy(f->message, old->id, sizeof(f->message));
	if (comment)
		tui_record_file(old->mailbox, comment, f->comment);
	message_file(old, from);
	message_file(m, file);
	err = comment ? sound_join(file, f->comment, from, joined, f)
		      : sound_join(file, from, "", joined, f);

out:
	if (err) {
		if (m)
			message_delete(m);
		mem_deref(f);
	}

	return err;
}

void tui_forward(struct voicemail *v, const char *comment)
{
	const struct mailbox *b = voicemail_box(v);
	const struct customer *c = b ? directory_customer(span_of(b->customer))
				     : NULL;
	struct mailbox *to = c ? mailbox_by_number(c, v->chosen) : NULL;
	const struct message *m = message_find(v->message);
	int err = m && to ? forward(m, to, comment) : ENOENT;

	if (!err)
		trail_add(&v->call->trail, "the message is forwarded to %s",
			  v->chosen);
	v->menu = TUI_MESSAGE;
	tui_say(v, err ? "message-lost" : "message-sent");
	tui_say(v, "message-menu");
}
