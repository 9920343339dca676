/* pacer.c - see pacer.h */
#include "media/pacer.h"

static void come_due(void *arg)
{
	struct pacer *p = arg;
	uint64_t now = wheel_now_ms();

	if (p->due_ms + PACER_LATE_MS < now)
		p->due_ms = now - PACER_LATE_MS;

	while (p->handler && p->due_ms <= now) {
		p->due_ms += PACER_MS;
		p->handler(p->arg);
	}

	if (p->handler)
		wheel_start(&p->timer, p->due_ms - now, come_due, p);
}

void pacer_start(struct pacer *p, pacer_h *handler, void *arg)
{
	p->handler = handler;
	p->arg = arg;
	p->due_ms = wheel_now_ms() + PACER_MS;
	wheel_start(&p->timer, PACER_MS, come_due, p);
}

void pacer_stop(struct pacer *p)
{
	p->handler = NULL;
	wheel_stop(&p->timer);
}
