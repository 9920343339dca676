/* holdfast.c - one binary, a subcommand for each server and tool
 *
 * Each program lives in its own folder and knows nothing of the others; this
 * table is the only place where they meet.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/check.h"
#include "border/main.h"
#include "ctl/command.h"
#include "ctl/ctl.h"
#include "ctl/story/story.h"
#include "ctl/up.h"
#include "media/server/main.h"
#include "pbx/main.h"
#include "portal/main.h"
#include "uc/main.h"
#include "witness/main.h"
#include "phone/main.h"

static int help_main(int argc, char *argv[]);
static int version_main(int argc, char *argv[]);

static const struct command commands[] = {
	{ "help", "list the subcommands", help_main },
	{ "up", "start all servers on this machine", up_main },
	{ "story", "play what stories say, with real servers and phones",
	  story_main },
	{ "ctl", "stop, start and administer what `up` runs", ctl_main },
	{ "check", "test the invariants over all stores", check_main },
	{ "border", "gateway for phones outside", border_main },
	{ "media", "forwards, plays, mixes and records speech", media_main },
	{ "pbx", "the call controller", pbx_main },
	{ "portal", "management of customers, users and phones", portal_main },
	{ "uc", "users' services server", uc_main },
	{ "phone", "a softphone led by lines of command", phone_main },
	{ "witness", "third vote of a resilient pair of pbxs", witness_main },
	{ "version", "print the version", version_main },
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}

	return NULL;
}

static int help_main(int argc, char *argv[])
{
	(void)argc;
	(void)argv;

	puts("usage: holdfast COMMAND [OPTION...]\n\ncommands:");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);

	return 0;
}

static int version_main(int argc, char *argv[])
{
	(void)argc;
	(void)argv;

	puts("holdfast " HOLDFAST_VERSION);
	return 0;
}

int main(int argc, char *argv[])
{
	const char *name = argc > 1 ? argv[1] : "help";
	const struct command *command;

	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	if (!strcmp(name, "--version"))
		name = "version";

	command = command_find(name);
	if (command)
		return command->main(argc > 1 ? argc - 1 : argc,
				     argc > 1 ? argv + 1 : argv);

	fprintf(stderr,
		"holdfast: no command \"%s\"; `holdfast help` lists them\n",
		name);
	return 2;
}
