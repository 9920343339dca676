/* command.h - lines of command, and what they do */
#ifndef PHONE_COMMAND_H
#define PHONE_COMMAND_H

struct engine;

/** Do what a line says; exactly one `reply` event comes for it, perhaps
 * later.  An empty line does nothing. */
void command_run(struct engine *e, const char *line);

#endif
