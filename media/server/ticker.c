/* ticker.c - see ticker.h */
#include "media/pacer.h"
#include "media/server/ticker.h"

static struct {
	struct pacer pacer;
	struct list due;  /* told in this tick already, or new */
	struct list todo; /* still to be told */
	bool is_running;
} ticker;

static void turn(void *arg)
{
	struct le *le;

	(void)arg;
	while ((le = list_head(&ticker.due))) {
		list_unlink(le);
		list_append(&ticker.todo, le, le->data);
	}
	while ((le = list_head(&ticker.todo))) {
		struct tick *t = le->data;

		list_unlink(le);
		list_append(&ticker.due, le, t);
		t->handler(t->arg);
	}
	if (!list_head(&ticker.due)) {
		pacer_stop(&ticker.pacer);
		ticker.is_running = false;
	}
}

void tick_start(struct tick *t, tick_h *handler, void *arg)
{
	t->handler = handler;
	t->arg = arg;
	if (!t->le.list)
		list_append(&ticker.due, &t->le, t);
	if (!ticker.is_running) {
		ticker.is_running = true;
		pacer_start(&ticker.pacer, turn, NULL);
	}
}

void tick_stop(struct tick *t)
{
	list_unlink(&t->le);
	t->handler = NULL;
}
