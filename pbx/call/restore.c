/* restore.c - see restore.h
 *
 * A row is a list of fields, each a length of 32 bits and octets, in a fixed
 * order behind a version.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "pbx/call/call.h"
#include "pbx/watch/cdr.h"
#include "pbx/conference/conference.h"
#include "pbx/call/fork.h"
#include "pbx/call/alone.h"
#include "pbx/conference/join.h"
#include "pbx/call/limit.h"
#include "pbx/feature/park.h"
#include "pbx/transfer/recall.h"
#include "pbx/speech/relay.h"
#include "pbx/trunk/outsider.h"
#include "pbx/pair/peer.h"
#include "pbx/trunk/trunk.h"
#include "pbx/call/restore.h"
#include "pbx/server.h"
#include "pbx/store.h"
#include "pbx/transfer/transfer.h"
#include "pbx/turn.h"
#include "pbx/conference/heir.h"
#include "pbx/desk/twin.h"
#include "pbx/desk/twin_consult.h"

#define ROW_VERSION "1"

enum {
	WHO_BYTES = 256,
	LEG_FIELDS = 6,  /* of a leg behind whose it is */
	CALL_FIELDS = 6, /* of an answered call between legs and park */
};
/* In place of its state: answered by the pbx itself, without callee. */
enum { STATE_ANSWER = 100 };

static int put(struct mbuf *mb, struct span s)
{
	int err = mbuf_write_mem(mb, (const uint8_t *)&s.len, sizeof(s.len));

	if (!err && s.len)
		err = mbuf_write_mem(mb, (const uint8_t *)s.p, s.len);

	return err;
}

static int put_number(struct mbuf *mb, uint64_t n)
{
	uint8_t field[sizeof(uint32_t) + sizeof(n)];
	uint32_t len = sizeof(n);

	memcpy(field, &len, sizeof(len));
	memcpy(&field[sizeof(len)], &n, sizeof(n));

	return mbuf_write_mem(mb, field, sizeof(field));
}

/* A field that others write into the row themselves: its length comes last. */
static int field_begin(struct mbuf *mb, size_t *atp)
{
	static const uint8_t none[sizeof(uint32_t)];

	*atp = mb->pos;

	return mbuf_write_mem(mb, none, sizeof(none));
}

static void field_end(struct mbuf *mb, size_t at)
{
	uint32_t len = (uint32_t)(mb->pos - at - sizeof(len));

	memcpy(mb->buf + at, &len, sizeof(len));
}

/* As if nothing had been written since. */
static void row_cut(struct mbuf *mb, size_t at)
{
	mb->pos = mb->end = at;
}

static int put_who(struct mbuf *mb, const struct leg *leg)
{
	const struct phone *p = leg->phone;
	char who[WHO_BYTES];

	if (outsider_is(p))
		(void)re_snprintf(who, sizeof(who), "@%s/%s%s %s %s",
				  p->trunk->id, p->twin,
				  p->is_proved ? "!" : "",
				  p->is_anonymous ? "" : p->number,
				  p->outside_name ? p->outside_name : "");
	else if (leg->is_by_peer)
		(void)re_snprintf(who, sizeof(who), "&%s", p ? p->id : "");
	else
		return put(mb, span_of(p ? p->id : ""));

	return put(mb, span_of(who));
}

/* Of a leg. */
enum {
	ALLOWS_UPDATE = 1,
	IS_WITHHELD = 2,
	HIDES_MEDIA = 4,
	HAS_LANGUAGE = 8, /* its outsider */
	IS_FRENCH = 16,
};

static uint32_t language_of(const struct phone *p)
{
	if (!p || !p->has_language)
		return 0;

	return p->is_french ? HAS_LANGUAGE | IS_FRENCH : HAS_LANGUAGE;
}

static int put_leg(struct mbuf *mb, const struct leg *leg)
{
	size_t at;
	int err;

	err = put_who(mb, leg);
	err |= put_number(mb, leg->number);
	err |= put_number(mb, leg->state);
	err |= put_number(mb, (leg->allows_update ? ALLOWS_UPDATE : 0) |
				      (leg->is_withheld ? IS_WITHHELD : 0) |
				      (leg->hides_media ? HIDES_MEDIA : 0) |
				      language_of(leg->phone));
	err |= put_number(mb, leg->session.interval_s);
	err |= put_number(mb, leg->session.is_ours);
	err |= field_begin(mb, &at);
	if (!err && leg->dialog)
		err = sip_dialog_save(leg->dialog, mb);
	if (!err)
		field_end(mb, at);

	return err;
}

/* One that rings and its INVITE; nothing when it need not be cancelled. */
static int put_branch(struct mbuf *mb, const struct leg *leg)
{
	size_t start = mb->pos, at = start;
	int err;

	err = put_leg(mb, leg);
	if (!err)
		err = field_begin(mb, &at);
	if (err)
		return err;

	if (twin_is_asking(leg)) /* it is hung up */
		;
	else if (sip_client_save(leg->invite, mb)) {
		row_cut(mb, start);
		return 0;
	}
	field_end(mb, at);

	return 0;
}

/* What it takes to end a call nobody has answered: the caller's INVITE, and
 * each that rings. */
static int put_ringing(struct mbuf *mb, const struct call *call)
{
	struct le *le;
	size_t at;
	int err;

	err = field_begin(mb, &at);
	if (err)
		return err;
	if (sip_server_save(call->caller->asked, mb))
		row_cut(mb, at + sizeof(uint32_t));
	field_end(mb, at);

	for (le = list_head(&call->branches); le && !err; le = le->next) {
		const struct leg *leg = le->data;

		if (twin_is_asking(leg) ||
		    (!leg->is_done && !transfer_lends(call)))
			err = put_branch(mb, leg);
	}

	return err;
}

/* Where it is parked, empty when it is not. */
static int put_park(struct mbuf *mb, const struct call *call)
{
	size_t at;
	int err;

	err = field_begin(mb, &at);
	if (!err)
		err = park_save(call, mb);
	if (!err)
		field_end(mb, at);

	return err;
}

/* Whom it is held for, or what it inherits; mostly empty. */
static int put_bond(struct mbuf *mb, const struct call *call)
{
	size_t at;
	int err;

	err = field_begin(mb, &at);
	if (!err)
		err = call->heir ? heir_save(call, mb)
				 : twin_consult_save(call, mb);
	if (!err)
		field_end(mb, at);

	return err;
}

static int put_party(struct mbuf *mb, const struct call *call)
{
	char text[CONFERENCE_ROW_BYTES] = "";

	if (call->party && call->party->conference)
		conference_save(call->party, text);

	return put(mb, span_of(text));
}

int restore_save(const struct call *call)
{
	struct mbuf *mb = mbuf_alloc(4096);
	int err;

	if (!mb)
		return ENOMEM;

	err = put(mb, SPAN(ROW_VERSION));
	err |= put(mb, span_of(call->id));
	err |= put(mb, span_of(call->customer));
	err |= put(mb, span_of(call->callee_user));
	err |= put(mb, span_of(call->number));
	err |= put_number(mb, (call->answer || call->party) && !call->callee &&
					      call->state == CALL_ANSWERED
				      ? STATE_ANSWER
				      : call->state);
	err |= put_number(mb, call->started_ms);
	err |= put_number(mb, call->answered_ms);
	err |= put(mb, trail_span(&call->trail));
	err |= put_leg(mb, call->caller);
	if (call->callee)
		err |= put_leg(mb, call->callee);
	for (unsigned i = 0; i < 2; i++)
		err |= put_number(
			mb,
			call->ports[i] ? media_port_number(call->ports[i]) : 0);
	err |= put_number(mb, call->is_relayed);
	err |= put_number(mb, (call->is_joining ? 1u : 0u) |
				      (call->is_from_peer ? 2u : 0u) |
				      (call->is_unrecorded ? 4u : 0u) |
				      (call->is_errand ? 8u : 0u));
	err |= put(mb, span_of(call->account));
	err |= put_number(mb, call->is_emergency);
	if (call->callee)
		err |= put_park(mb, call);
	if (call->state == CALL_ANSWERED)
		err |= put_party(mb, call);
	if (call->state == CALL_ANSWERED) {
		err |= put_bond(mb, call);
		err |= put(mb, span_of(call->billing));
	}
	if (!call->callee)
		err |= put_ringing(mb, call);
	if (!err)
		keep_put_call(call->row, (struct span){ (const char *)mb->buf,
							(uint32_t)mb->end });
	mem_deref(mb);

	return err;
}

static bool get(struct span *s, struct span *restp)
{
	if (restp->len < sizeof(s->len))
		return false;

	memcpy(&s->len, restp->p, sizeof(s->len));
	restp->p += sizeof(s->len);
	restp->len -= (uint32_t)sizeof(s->len);
	if (s->len > restp->len)
		return false;

	s->p = restp->p;
	restp->p += s->len;
	restp->len -= s->len;

	return true;
}

static bool get_text(char *out, size_t size, struct span *restp)
{
	struct span s;

	if (!get(&s, restp) || s.len >= size)
		return false;

	memcpy(out, s.p, s.len);
	out[s.len] = '\0';

	return true;
}

static bool get_number(uint64_t *n, struct span *restp)
{
	struct span s;

	if (!get(&s, restp) || s.len != sizeof(*n))
		return false;

	memcpy(n, s.p, sizeof(*n));

	return true;
}

/* Whose leg it was: a phone's id, or "@TRUNK/USER NUMBER NAME" of an outsider,
 * USER whose outside number it is, with ! where that is certain.
 * One reference, or NULL when there is nobody any more. */
static struct phone *phone_of(char *who, const struct call *call)
{
	struct outsider o = {
		.customer = directory_customer(span_of(call->customer)),
	};
	struct phone *p = NULL;
	char *number, *name, *twin;

	if (who[0] == '&') /* rung through the other node */
		who++;
	if (who[0] != '@')
		return mem_ref(directory_phone(span_of(who)));

	number = strchr(who, ' ');
	name = number ? strchr(number + 1, ' ') : NULL;
	if (!name)
		return NULL;
	*number++ = '\0';
	*name++ = '\0';
	twin = strchr(who, '/');
	if (twin) {
		*twin++ = '\0';
		o.is_proved = twin[0] && twin[strlen(twin) - 1] == '!';
		if (o.is_proved)
			twin[strlen(twin) - 1] = '\0';
		o.twin = twin;
	}
	o.trunk = !strcmp(who + 1, PEER_TRUNK) ? peer_trunk()
					       : trunk_find(span_of(who + 1));
	o.number = number;
	o.name = name;
	if (o.trunk)
		(void)outsider_alloc(&p, &o);

	return p;
}

static int get_leg(struct leg **legp, struct call *call, struct span *restp)
{
	char who[WHO_BYTES];
	uint64_t number, state, allows, interval, is_ours;
	struct span dialog;
	struct leg *leg = NULL;
	struct phone *phone;
	int err;

	if (!get_text(who, sizeof(who), restp) || !get_number(&number, restp) ||
	    !get_number(&state, restp) || !get_number(&allows, restp) ||
	    !get_number(&interval, restp) || !get_number(&is_ours, restp) ||
	    !get(&dialog, restp))
		return EBADMSG;

	phone = phone_of(who, call);
	err = leg_alloc(&leg, call, phone);
	mem_deref(phone);
	if (err)
		return err;

	leg->number = (uint16_t)number;
	leg->is_by_peer = who[0] == '&';
	if (call->legs < number)
		call->legs = (uint16_t)number;
	leg->state = (uint8_t)(state < LEG_STATES ? state : LEG_NULL);
	leg->allows_update = allows & ALLOWS_UPDATE;
	leg->is_withheld = allows & IS_WITHHELD;
	if (allows & HAS_LANGUAGE && outsider_is(leg->phone)) {
		leg->phone->has_language = true;
		leg->phone->is_french = allows & IS_FRENCH;
	}
	leg->hides_media = allows & HIDES_MEDIA;
	if (leg->state == LEG_NULL) /* its line is free */
		leg_uncount(leg);
	leg->is_done = true;
	if (dialog.len)
		err = sip_dialog_restore(&leg->dialog, server_sip(), dialog,
					 leg);
	if (!err && leg->dialog)
		err = leg_prove(leg);
	if (!err && call->state == CALL_ANSWERED)
		session_restore(leg, (uint32_t)interval, is_ours);

	*legp = leg;

	return err;
}

/* Rows of before there were ports end here. */
static void read_ports(struct call *call, struct span *restp)
{
	uint64_t n;

	for (unsigned i = 0; i < 2; i++) {
		if (get_number(&n, restp) && n <= UINT16_MAX)
			relay_adopt(call, i, (uint16_t)n);
	}
	call->is_relayed = get_number(&n, restp) && n && call->ports[0] &&
			   call->ports[1];
	relay_adopted(call);
}

/* Rows of releases before this one end before the first text. */
static int get_ringing(struct call *call, struct span rest)
{
	struct span text;
	int err = 0;

	if (!get(&text, &rest))
		return 0;
	(void)sip_server_restore(&call->caller->asked, server_sip(), text);

	while (rest.len && !err) {
		struct leg *leg = NULL;

		err = get_leg(&leg, call, &rest);
		if (leg)
			list_append(&call->branches, &leg->le, leg);
		if (!err && !get(&text, &rest))
			err = EBADMSG;
		if (!err && leg->dialog && !text.len)
			leg_bye(leg, NULL);
		else if (!err && leg->dialog)
			err = fork_restore(leg, text);
	}

	return err;
}

static int get_party(struct call *call, struct span *restp)
{
	char text[CONFERENCE_ROW_BYTES];

	if (!restp->len || !get_text(text, sizeof(text), restp) || !text[0])
		return 0;

	return conference_restore(call, text);
}

static int read_call(struct call *call, struct span rest)
{
	char version[8];
	uint64_t state, joining, emergency = 0;
	struct span trail, park, bond;
	int err;

	if (!get_text(version, sizeof(version), &rest) ||
	    strcmp(version, ROW_VERSION) != 0 ||
	    !get_text(call->id, sizeof(call->id), &rest) ||
	    !get_text(call->customer, sizeof(call->customer), &rest) ||
	    !get_text(call->callee_user, sizeof(call->callee_user), &rest) ||
	    !get_text(call->number, sizeof(call->number), &rest) ||
	    !get_number(&state, &rest) ||
	    !get_number(&call->started_ms, &rest) ||
	    !get_number(&call->answered_ms, &rest) || !get(&trail, &rest))
		return EBADMSG;

	call->state = (uint8_t)(state == STATE_ANSWER ? CALL_ANSWERED : state);
	err = trail_restore(&call->trail, trail);
	if (!err)
		err = get_leg(&call->caller, call, &rest);
	if (!err && state == CALL_ANSWERED) {
		err = get_leg(&call->callee, call, &rest);
		if (call->callee)
			list_append(&call->branches, &call->callee->le,
				    call->callee);
	}

	if (!err)
		read_ports(call, &rest);
	if (!err && get_number(&joining, &rest)) {
		call->is_joining = joining & 1;
		call->is_from_peer = joining & 2;
		call->is_unrecorded = joining & 4;
		call->is_errand = joining & 8;
	}
	if (!err && rest.len &&
	    (!get_text(call->account, sizeof(call->account), &rest) ||
	     !get_number(&emergency, &rest)))
		err = EBADMSG;
	call->is_emergency = emergency;
	if (!err && call->state < CALL_ANSWERED)
		err = get_ringing(call, rest);
	else if (!err && call->callee && get(&park, &rest))
		err = park_restore(call, park);
	if (!err && call->state == CALL_ANSWERED)
		err = get_party(call, &rest);
	if (!err && call->state == CALL_ANSWERED && get(&bond, &rest))
		err = call->callee && bond.len && memcmp(bond.p, "heir", 4)
			      ? twin_consult_restore(call, bond)
			      : heir_restore(call, bond);
	if (!err && call->state == CALL_ANSWERED && rest.len &&
	    !get_text(call->billing, sizeof(call->billing), &rest))
		call->billing[0] = '\0';

	return err;
}

/* A phone of ours; nothing for others. */
static bool look_at_leg(char phone[DIRECTORY_ID_SIZE], struct span *restp)
{
	char who[WHO_BYTES];
	struct span s;

	if (!get_text(who, sizeof(who), restp))
		return false;
	if (who[0] != '@' && who[0] != '&' && strlen(who) < DIRECTORY_ID_SIZE)
		memcpy(phone, who, strlen(who) + 1);
	for (int i = 0; i < LEG_FIELDS; i++) {
		if (!get(&s, restp))
			return false;
	}

	return true;
}

static void look_at_place(struct restore_look *look, struct span park)
{
	struct pl number, index;

	if (park.len && !re_regex(park.p, park.len, "[^ ]+ [^ ]+ [0-9]+",
				  &number, NULL, &index))
		(void)re_snprintf(look->place, sizeof(look->place), "%r %r",
				  &number, &index);
}

bool restore_look(struct restore_look *look, struct span row)
{
	char version[8];
	uint64_t state;
	struct span s;

	memset(look, 0, sizeof(*look));
	if (!get_text(version, sizeof(version), &row) ||
	    strcmp(version, ROW_VERSION) != 0 ||
	    !get_text(look->id, sizeof(look->id), &row) ||
	    !get_text(look->customer, sizeof(look->customer), &row) ||
	    !get(&s, &row) || !get(&s, &row) || !get_number(&state, &row))
		return false;
	for (int i = 0; i < 3; i++) { /* two times, the trail */
		if (!get(&s, &row))
			return false;
	}

	look->is_answered = state == CALL_ANSWERED || state == STATE_ANSWER;
	if (!look_at_leg(look->phones[0], &row))
		return false;
	if (state != CALL_ANSWERED)
		return true;
	if (!look_at_leg(look->phones[1], &row))
		return false;
	for (int i = 0; i < CALL_FIELDS; i++) {
		if (!get(&s, &row))
			return true;
	}
	if (get(&s, &row))
		look_at_place(look, s);

	return true;
}

/* The monotonic clock may have begun anew: go by the wall clock once. */
static uint64_t mono_of(uint64_t wall_ms)
{
	uint64_t now = clock_wall_ms();
	uint64_t ago = now > wall_ms ? now - wall_ms : 0;
	uint64_t mono = clock_mono_ms();

	return mono > ago ? mono - ago : 0;
}

static void restore(uint64_t row, struct span blob, void *arg)
{
	uint32_t *count = arg;
	struct call *call = call_alloc();
	int err;

	if (!call)
		return;

	call->row = row;
	call->is_stored = true;
	err = read_call(call, blob);
	if (err) {
		log_error("restore", "row %llu: %s", (unsigned long long)row,
			  strerror(err));
		keep_remove_call(row);
		turn_touch();
		mem_deref(call);
		return;
	}

	call->answered_mono_ms = mono_of(call->answered_ms);
	(void)call_adopt(call);
	if (call->state == CALL_ANSWERED)
		limit_begin(call);
	(*count)++;
	if (call->party) {
		trail_add(&call->trail, "the pbx was restarted");
		conference_resume(call->party);
	}
	else if (call->state == CALL_ANSWERED && !call->callee) {
		trail_add(&call->trail, "the pbx was restarted");
		call_hangup(call, NULL, "SIP;cause=500;text=\"Restarted\"");
	}
	else if (call->state == CALL_ANSWERED) {
		trail_add(&call->trail, "the pbx was restarted");
		if (call->is_joining && alone_is(call))
			alone_start(call);
		else if (call->is_joining)
			join_start(call, NULL);
		recall_held(call->caller, call->caller->state == LEG_HELD);
		recall_held(call->callee, call->callee->state == LEG_HELD);
	}
	else {
		trail_add(&call->trail, "the pbx was restarted before anybody "
					"answered");
		call_abort(call);
	}
}

int restore_all(void)
{
	uint32_t count = 0;
	int err = keep_each_call(restore, &count);

	twin_consult_restored();
	if (count)
		log_info("restore", "%u calls are back", count);

	return err;
}
