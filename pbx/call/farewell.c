/* farewell.c - see farewell.h */
#include "base/log.h"
#include "base/wheel.h"
#include "pbx/call/farewell.h"
#include "pbx/call/leg.h"
#include "pbx/registrar.h"
#include "sip/message.h"
#include "sip/uri.h"

enum {
	AGAIN_MS = 4000,
	LIFE_MS = 120000,
	WAITING_MAX = 10000,
};

struct farewell {
	struct le le; /* of those that wait, or that are on their way */
	struct sip_dialog *dialog;
	struct phone *phone;
	struct sip_client *bye; /* on its way; or the INVITE, cancelled */
	struct wheel_timer timer;
	uint64_t deadline_ms;
	bool is_ringing; /* what follows is its INVITE */
	uint32_t len;
	char headers[];
};

static struct list waiting;
static struct list flying;
static uint32_t waiting_count;

static void wait_no_more(struct farewell *f)
{
	wheel_stop(&f->timer);
	if (f->le.list == &waiting)
		waiting_count--;
	list_unlink(&f->le);
}

static void farewell_destructor(void *data)
{
	struct farewell *f = data;

	wait_no_more(f);
	sip_client_forget(&f->bye);
	mem_deref(f->dialog);
	mem_deref(f->phone);
}

static void send_bye(struct farewell *f);

static void due(void *arg)
{
	send_bye(arg);
}

static void wait_more(struct farewell *f)
{
	if (wheel_now_ms() + AGAIN_MS > f->deadline_ms ||
	    waiting_count >= WAITING_MAX) {
		log_warn("farewell", "call-id=%s: the phone is not told",
			 sip_dialog_call_id(f->dialog));
		mem_deref(f);
		return;
	}

	list_unlink(&f->le);
	list_append(&waiting, &f->le, f);
	waiting_count++;
	wheel_start(&f->timer, AGAIN_MS, due, f);
}

/* Answers that say the way is broken, not the call. */
static bool is_out_of_reach(uint16_t status)
{
	return status == 408 || status == 430 || status == 503;
}

static void told(int err, const struct sip_message *m, struct sip_flow *flow,
		 void *arg)
{
	struct farewell *f = arg;

	(void)flow;

	if (!err && m->status < 200)
		return;

	sip_client_forget(&f->bye);
	if (err || is_out_of_reach(m->status))
		wait_more(f);
	else
		mem_deref(f);
}

static void send_bye(struct farewell *f)
{
	struct sip_dialog_request request = {
		.method = "BYE",
		.headers = { f->headers, f->len },
	};

	wait_no_more(f);
	list_append(&flying, &f->le, f);
	if (sip_dialog_request(&f->bye, f->dialog, &request, told, f))
		wait_more(f);
}

static struct farewell *farewell_alloc(struct sip_dialog *dialog,
				       struct phone *phone, struct span text)
{
	struct farewell *f = mem_zalloc(sizeof(*f) + text.len,
					farewell_destructor);

	if (!f)
		return NULL;

	f->dialog = mem_ref(dialog);
	f->phone = mem_ref(phone);
	f->deadline_ms = wheel_now_ms() + LIFE_MS;
	f->len = text.len;
	memcpy(f->headers, text.p, text.len);
	sip_dialog_set_arg(dialog, NULL);

	return f;
}

int farewell_send(struct sip_dialog *dialog, struct phone *phone,
		  struct span headers)
{
	struct farewell *f = farewell_alloc(dialog, phone, headers);

	if (!f)
		return ENOMEM;

	send_bye(f);

	return 0;
}

/* ---- phones that ring ---- */

/* It is cancelled, or has answered before the CANCEL came. */
static void ended(int err, const struct sip_message *m, struct sip_flow *flow,
		  void *arg)
{
	struct farewell *f = arg;
	struct sip_dialog *forked = NULL;
	bool is_answered = !err && m->status >= 200 && m->status < 300;

	if (!err && m->status < 200)
		return;

	sip_client_forget(&f->bye);
	if (!is_answered || sip_dialog_answered(&forked, f->dialog, m, flow)) {
		mem_deref(f);
		return;
	}

	if (forked) {
		mem_deref(f->dialog);
		f->dialog = forked;
	}
	(void)sip_dialog_ack(f->dialog, (struct span){ NULL, 0 },
			     (struct span){ NULL, 0 });
	f->is_ringing = false;
	f->len = 0;
	send_bye(f);
}

static void cancel(struct farewell *f)
{
	wait_no_more(f);
	list_append(&flying, &f->le, f);
	if (sip_dialog_restore_invite(&f->bye, f->dialog,
				      (struct span){ f->headers, f->len },
				      ended, f) ||
	    sip_client_cancel(f->bye, SPAN("Reason: SIP;cause=503;"
					   "text=\"Restarted\"\r\n")))
		mem_deref(f);
}

static void too_late(void *arg)
{
	mem_deref(arg);
}

int farewell_ringing(struct sip_dialog *dialog, struct phone *phone,
		     struct span text)
{
	struct farewell *f = farewell_alloc(dialog, phone, text);

	if (!f)
		return ENOMEM;

	f->is_ringing = true;
	list_append(&waiting, &f->le, f);
	waiting_count++;
	wheel_start(&f->timer, LIFE_MS, too_late, f);

	return 0;
}

void farewell_registered(const struct phone *phone, const struct binding *b)
{
	struct le *le = list_head(&waiting);

	while (le) {
		struct farewell *f = le->data;

		le = le->next;
		if (f->phone != phone || !dialog_is_at(f->dialog, b))
			continue;

		if (b->path[0])
			(void)sip_dialog_set_routes(f->dialog,
						    span_of(b->path));
		sip_dialog_set_flow(f->dialog, binding_flow(b));
		if (f->is_ringing)
			cancel(f);
		else
			send_bye(f);
	}
}

void farewell_close(void)
{
	list_flush(&waiting);
	list_flush(&flying);
}
