/* main.c - `holdfast phone`: lines in, JSON events out
 *
 * usage: holdfast phone --account FILE|URL [--client C] [--audio A]
 *                       [--state DIR] [--transport T] [--ca FILE]
 *                       [--trace FILE] [--ear FILE] [--failback S]
 *
 * Ends at `quit`, at the end of its input or on SIGTERM; then its calls are
 * ended and its registration taken back.  See holdfast-phone(1).
 */
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/libre.h"
#include "base/log.h"
#include "phone/main.h"
#include "phone/phone.h"

struct input {
	char line[PHONE_LINE_MAX + 1];
	size_t length;
	bool is_too_long; /* the rest of this line is skipped */
	bool has_ended;
};

static int usage(void)
{
	fputs("usage: holdfast phone --account FILE|URL\n"
	      "  --client desktop|web|mobile|desk  what kind of client\n"
	      "  --audio tone:HZ|file:W.wav|none   where its voice comes from\n"
	      "  --state DIR                       folder of its memory\n"
	      "  --transport udp|tcp|tls           how to reach the registrar\n"
	      "  --failback S                      the first registrar is well\n"
	      "                                    so long before going back\n"
	      "  --ca FILE                         CA to trust for TLS\n"
	      "  --trace FILE                      every SIP message, as JSON\n"
	      "  --ear FILE                        all that is heard, as 16-bit\n"
	      "                                    samples, 8000 a second\n",
	      stderr);
	return 2;
}

/* 0 to go on, else exit code + 1. */
static int read_options(struct phone_options *o, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "account", required_argument, NULL, 'a' },
		{ "client", required_argument, NULL, 'c' },
		{ "audio", required_argument, NULL, 'u' },
		{ "state", required_argument, NULL, 's' },
		{ "cache", required_argument, NULL, 's' },
		{ "transport", required_argument, NULL, 't' },
		{ "trace", required_argument, NULL, 'r' },
		{ "ear", required_argument, NULL, 'e' },
		{ "ca", required_argument, NULL, 'k' },
		{ "failback", required_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'a': o->account = optarg; break;
		case 'c': o->client = optarg; break;
		case 'u': o->audio = optarg; break;
		case 's': o->state_dir = optarg; break;
		case 't': o->transport = optarg; break;
		case 'r': o->trace = optarg; break;
		case 'e': o->ear = optarg; break;
		case 'k': o->ca_file = optarg; break;
		case 'b':
			o->failback_s = (uint32_t)strtoul(optarg, NULL, 10);
			if (!o->failback_s)
				return usage() + 1;
			break;
		case 'h': usage(); return 1;
		default: return usage() + 1;
		}
	}
	if (optind < argc || (!o->account && !o->state_dir))
		return usage() + 1;

	return 0;
}

static void print_events(struct phone *p)
{
	char *event;

	while ((event = phone_event_take(p))) {
		puts(event);
		free(event);
	}
	fflush(stdout);
}

static void end_line(struct phone *p, struct input *in)
{
	if (!in->is_too_long) {
		in->line[in->length] = 0;
		(void)phone_command(p, in->line);
	}
	else {
		fputs("holdfast phone: line too long, skipped\n", stderr);
	}
	in->length = 0;
	in->is_too_long = false;
}

static void read_lines(struct phone *p, struct input *in)
{
	char part[4096];
	ssize_t n = read(STDIN_FILENO, part, sizeof(part));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		in->has_ended = true;
		if (in->length)
			end_line(p, in);
		(void)phone_command(p, "quit");
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (part[i] == '\n')
			end_line(p, in);
		else if (part[i] == 0 || in->length == PHONE_LINE_MAX)
			in->is_too_long = true;
		else
			in->line[in->length++] = part[i];
	}
}

int phone_main(int argc, char *argv[])
{
	struct phone_options options = { 0 };
	struct input in = { .length = 0 };
	struct phone *p = NULL;
	char why[512] = "";
	int err;

	err = read_options(&options, argc, argv);
	if (err)
		return err - 1;

	log_init("phone", LOG_LEVEL_WARN);
	err = phone_start(&p, &options, why, sizeof(why));
	if (err) {
		fprintf(stderr, "holdfast phone: %s\n", why);
		return err == EINVAL ? 2 : 1;
	}

	while (!phone_is_over(p)) {
		struct pollfd fds[] = {
			{ .fd = phone_event_fd(p), .events = POLLIN },
			{ .fd = in.has_ended ? -1 : STDIN_FILENO,
			  .events = POLLIN },
		};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			print_events(p);
		if (fds[1].revents)
			read_lines(p, &in);
	}

	print_events(p);
	phone_stop(p);
	return 0;
}
