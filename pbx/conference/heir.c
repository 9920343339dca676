/* heir.c - see heir.h */
#include <stdio.h>

#include "pbx/call/call.h"
#include "pbx/conference/heir.h"
#include "pbx/trunk/outsider.h"
#include "pbx/watch/cdr.h"

enum { TEXT_BYTES = 200 };

struct heir {
	char id[CALL_ID_SIZE];    /* of the record; "": the other has it */
	char other[CALL_ID_SIZE]; /* the other party's call */
	struct phone *callee;     /* counted; NULL: not known any more */
};

static void heir_destructor(void *data)
{
	struct heir *h = data;

	mem_deref(h->callee);
}

static struct heir *heir_alloc(const char *id, const char *other)
{
	struct heir *h = mem_zalloc(sizeof(*h), heir_destructor);

	if (!h)
		return NULL;

	(void)snprintf(h->id, sizeof(h->id), "%s", id);
	(void)snprintf(h->other, sizeof(h->other), "%s", other);

	return h;
}

int heir_make(struct call *caller, struct call *callee, struct call *from)
{
	struct heir *h = heir_alloc(heir_id(from), callee->id);
	struct heir *other = heir_alloc("", caller->id);

	if (!h || !other ||
	    trail_restore(&caller->trail, trail_span(&from->trail))) {
		mem_deref(h);
		mem_deref(other);
		return ENOMEM;
	}

	h->callee = mem_ref(from->callee->phone);
	caller->heir = h;
	callee->heir = other;
	callee->is_unrecorded = true;
	memcpy(caller->number, from->number, sizeof(caller->number));
	memcpy(caller->callee_user, from->callee_user,
	       sizeof(caller->callee_user));
	memcpy(caller->account, from->account, sizeof(caller->account));
	memcpy(caller->billing, from->billing, sizeof(caller->billing));

	return 0;
}

void heir_take_times(struct call *caller, const struct call *from)
{
	caller->started_ms = from->started_ms;
	caller->answered_ms = from->answered_ms;
	caller->answered_mono_ms = from->answered_mono_ms;
}

const char *heir_id(const struct call *call)
{
	return call->heir && call->heir->id[0] ? call->heir->id : call->id;
}

const struct phone *heir_callee(const struct call *call)
{
	return call->heir ? call->heir->callee : NULL;
}

void heir_over(struct call *call)
{
	struct call *heir = call->heir && !call->heir->id[0]
				    ? call_find(span_of(call->heir->other))
				    : NULL;

	if (!heir || heir->state == CALL_OVER || heir->is_unrecorded)
		return;

	heir->result = CALL_RESULT_ANSWERED;
	cdr_write(heir);
	heir->result = CALL_RESULT_NONE;
	heir->is_unrecorded = true;
	call_touch(heir);
}

/* ---- kept ---- */

int heir_save(const struct call *call, struct mbuf *mb)
{
	const struct heir *h = call->heir;
	const struct phone *p = h ? h->callee : NULL;

	if (!h)
		return 0;

	return mbuf_printf(mb, "heir %s %s %s", h->id[0] ? h->id : "-",
			   h->other, p && !outsider_is(p) ? p->id : "-");
}

int heir_restore(struct call *call, struct span text)
{
	char copy[TEXT_BYTES], *at = copy, *word[4];

	if (text.len < 5 || text.len >= sizeof(copy) ||
	    memcmp(text.p, "heir ", 5) != 0)
		return 0;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	for (unsigned i = 0; i < 4; i++) {
		word[i] = strsep(&at, " ");
		if (!word[i] || strlen(word[i]) >= CALL_ID_SIZE)
			return EBADMSG;
	}

	call->heir = heir_alloc(strcmp(word[1], "-") != 0 ? word[1] : "",
				word[2]);
	if (!call->heir)
		return ENOMEM;
	call->heir->callee = mem_ref(directory_phone(span_of(word[3])));

	return 0;
}
