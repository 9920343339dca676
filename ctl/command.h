/* command.h - the subcommands of `holdfast`
 *
 * One row each in ctl/holdfast.c; the same rows make `holdfast help`.
 * argv[0] is the subcommand's own name.  A command returns its exit code.
 */
#ifndef COMMAND_H
#define COMMAND_H

typedef int(command_main)(int argc, char *argv[]);

struct command {
	const char *name;    /* the word after `holdfast` */
	const char *summary; /* one line for `holdfast help` */
	command_main *main;
};

/** The command of that name, or NULL when this binary has none. */
const struct command *command_find(const char *name);

#endif
