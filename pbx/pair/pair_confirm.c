/* pair_confirm.c - see pair_confirm.h */
#include "base/wheel.h"
#include "pbx/pair/pair.h"
#include "pbx/pair/pair_confirm.h"
#include "pbx/pair/pair_feed.h"
#include "pbx/pair/pair_log.h"

struct waiting {
	struct le le;
	struct wheel_timer timer;
	uint64_t seq;
	pair_confirm_h *handler;
	void *arg;
};

static struct list waiting; /* struct waiting */

static void waiting_destructor(void *data)
{
	struct waiting *w = data;

	wheel_stop(&w->timer);
	list_unlink(&w->le);
}

static void finish(void *arg)
{
	struct waiting *w = arg;
	pair_confirm_h *handler = w->handler;
	void *of_handler = w->arg;

	mem_deref(w);
	handler(of_handler);
}

void pair_confirm(pair_confirm_h *handler, void *arg)
{
	struct waiting *w = NULL;
	uint64_t seq = pair_log_last();

	if (pair_role() != PAIR_ALONE && pair_is_linked() &&
	    pair_log_read_seq() < seq)
		w = mem_zalloc(sizeof(*w), waiting_destructor);
	if (!w) {
		handler(arg);
		return;
	}

	w->seq = seq;
	w->handler = handler;
	w->arg = arg;
	list_append(&waiting, &w->le, w);
	wheel_start(&w->timer, PAIR_CONFIRM_MS, finish, w);
}

void pair_confirm_read(uint64_t seq)
{
	struct le *le = list_head(&waiting);

	while (le) {
		struct waiting *w = le->data;

		if (w->seq > seq) /* they are in order */
			break;
		finish(w);
		le = list_head(&waiting);
	}
}

void pair_confirm_close(void)
{
	while (list_head(&waiting))
		finish(list_head(&waiting)->data);
}
