/* control.c - see control.h */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "base/libre.h"
#include "base/local.h"
#include "base/log.h"
#include "media/server/request.h"
#include "media/server/control.h"

struct controller {
	struct le le;
	uint64_t number; /* never used twice */
	struct local_link *link;
};

static struct {
	int fd;
	struct list all;
	uint64_t last;
} control = { .fd = -1 };

static void controller_destructor(void *data)
{
	struct controller *c = data;

	list_unlink(&c->le);
	mem_deref(c->link);
}

static void send_to(struct controller *c, const json_t *json)
{
	size_t len;
	char *text = json_text(json, &len);

	if (text)
		(void)local_link_send(c->link,
				      (struct span){ text, (uint32_t)len });
	mem_deref(text);
}

static struct controller *controller_find(uint64_t number)
{
	struct le *le;

	for (le = list_head(&control.all); le; le = le->next) {
		struct controller *c = le->data;

		if (c->number == number)
			return c;
	}

	return NULL;
}

void control_answer(uint64_t controller, json_t *json)
{
	struct controller *c = controller_find(controller);

	if (c && json)
		send_to(c, json);
	json_decref(json);
}

void control_tell(json_t *json)
{
	struct le *le = list_head(&control.all);

	while (le && json) {
		struct controller *c = le->data;

		le = le->next;
		send_to(c, json);
	}
	json_decref(json);
}

static void take_line(struct span line, void *arg)
{
	struct controller *c = arg;
	char why[JSON_WHY_BYTES] = "it is too long";
	json_t *in = NULL;

	if (json_read(&in, line, CONTROL_LINE_MAX, why)) {
		control_answer(c->number,
			       json_pack("{s:i, s:n, s:b, s:s, s:s}", "v",
					 CONTROL_VERSION, "id", "ok", 0, "code",
					 "malformed", "detail", why));
		return;
	}
	request_run(c->number, in);
	json_decref(in);
}

static void closed(int err, void *arg)
{
	struct controller *c = arg;

	log_debug("control", "controller %llu has left: %s",
		  (unsigned long long)c->number, strerror(err));
	mem_deref(c);
}

static int controller_add(int fd)
{
	static const struct local_limits limits = {
		.line_max = CONTROL_LINE_MAX,
		.output_max = CONTROL_OUTPUT_MAX,
	};
	struct controller *c;
	int err;

	if (list_count(&control.all) >= CONTROLLERS_MAX)
		return ENOSPC;

	c = mem_zalloc(sizeof(*c), controller_destructor);
	if (!c)
		return ENOMEM;
	err = local_link_alloc(&c->link, fd, &limits, take_line, closed, c);
	if (err) {
		mem_deref(c);
		return err;
	}
	c->number = ++control.last;
	list_append(&control.all, &c->le, c);

	return 0;
}

static void accept_ready(int flags, void *arg)
{
	int fd, err;

	(void)flags;
	(void)arg;
	fd = accept4(control.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	err = controller_add(fd);
	if (err) {
		log_warn("control", "controller refused: %s", strerror(err));
		(void)close(fd);
	}
}

int control_open(const char *path)
{
	int err = local_listen(&control.fd, path);

	if (!err)
		err = fd_listen(control.fd, FD_READ, accept_ready, NULL);

	return err;
}

void control_close(void)
{
	list_flush(&control.all);
	if (control.fd >= 0) {
		fd_close(control.fd);
		(void)close(control.fd);
	}
	control.fd = -1;
}
