/* check.h - `holdfast check`: test the invariants over all stores */
#ifndef CTL_CHECK_H
#define CTL_CHECK_H

#include <stdbool.h>

int check_main(int argc, char *argv[]);

/** Test all; returns how many things are wrong, each told on stdout when
 * is_last.  A thing in motion may look wrong once: ask twice. */
unsigned check_dir(const char *dir, bool is_last, int *errp);

#endif
