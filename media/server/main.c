/* main.c - `holdfast media`: speech that must outlive the call controller
 *
 * Holds no state on disk and asks nobody: what it does it was told over
 * DIR/run/media.sock, and it goes on doing it while nobody is there.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/conf.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/secrets.h"
#include "base/wheel.h"
#include "media/server/request.h"
#include "media/server/control.h"
#include "media/server/main.h"
#include "media/server/mixer.h"
#include "media/server/port.h"
#include "media/server/recorder.h"
#include "media/server/sound.h"

static const struct setting settings[] = {
	{ "share", SETTING_CHOICE, "all", 0, 0, "all primary secondary",
	  "of two media servers on one machine: the primary pbx's takes the "
	  "first half of the ports, the secondary's the second half and "
	  "DIR/run/media2.sock" },
};

enum {
	PORT_MIDDLE = 1500,
	PORT_FIRST = 1000, /* from the base */
	PORT_LAST = 1999,
	END_MS = 3000, /* for recordings to reach the disk */
	END_POLL_MS = 20,
};

static struct {
	struct wheel_timer timer;
	uint64_t until_ms;
} end;

static void try_end(void *arg)
{
	if (recorders_end() || wheel_now_ms() >= end.until_ms)
		loop_stop();
	else
		wheel_start(&end.timer, END_POLL_MS, try_end, arg);
}

static void asked_to_end(int sig, void *arg)
{
	(void)sig;
	end.until_ms = wheel_now_ms() + END_MS;
	try_end(arg);
}

static int make_folder(const char *dir, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return mkdir(path, 0700) && errno != EEXIST ? errno : 0;
}

static int start(const struct conf *conf)
{
	const char *dir = conf_text(conf, "dir");
	const char *share = conf_text(conf, "share");
	const bool is_second = share[0] == 's';
	struct ports_config ports;
	struct sa last;
	char path[512];
	int err;

	err = conf_address(&ports.local, conf,
			   is_second ? PORT_MIDDLE : PORT_FIRST);
	if (!err)
		err = conf_address(&last, conf,
				   share[0] == 'p' ? PORT_MIDDLE - 1
						   : PORT_LAST);
	if (!err)
		err = make_folder(dir, "");
	if (!err)
		err = make_folder(dir, "run");
	if (err)
		return err;

	request_init();
	ports.first = sa_port(&ports.local);
	ports.last = sa_port(&last);
	ports_init(&ports, request_port_event);
	err = sounds_init(dir);
	if (!err)
		err = recorders_init(dir, request_recorder_end);
	if (err)
		return err;

	(void)snprintf(path, sizeof(path), "%s/run/%s.sock", dir,
		       is_second ? "media2" : "media");
	err = control_open(path);
	if (!err)
		log_info("main", "ports %u to %u, controlled by %s",
			 (unsigned)ports.first, (unsigned)ports.last, path);

	return err;
}

static int run(int argc, char *argv[], int *codep)
{
	struct conf *conf = NULL;
	int err;

	err = conf_load(&conf, "media", settings,
			sizeof(settings) / sizeof(settings[0]), argc, argv,
			codep);
	if (err)
		return err;

	err = start(conf);
	if (!err)
		err = loop_on_signal(SIGTERM, asked_to_end, NULL);
	if (!err)
		err = loop_on_signal(SIGINT, asked_to_end, NULL);
	if (!err)
		err = loop_run();
	else
		log_error("main", "cannot start: %s", strerror(err));

	control_close();
	mixers_close();
	ports_close();
	recorders_close();
	sounds_close();
	wheel_stop(&end.timer);
	mem_deref(conf);

	return err;
}

int media_main(int argc, char *argv[])
{
	int code = 0, err;

	log_init("media", LOG_LEVEL_INFO);
	err = loop_init();
	if (!err)
		err = secrets_init();
	if (!err)
		err = run(argc, argv, &code);
	loop_close();

	return err == ECANCELED ? code : err ? 1 : 0;
}
