/* demo.h - the platform group "p1" and the demo customer, through REST alone */
#ifndef CTL_DEMO_H
#define CTL_DEMO_H

#include <stdbool.h>

#include "ctl/layout.h"
#include "ctl/rest.h"

/** Register this machine's servers as platform group "p1" unless there is
 * one.  0 or EPROTO, told on stderr. */
int demo_platform(const struct layout *l, const struct rest *portal,
		  bool has_border, bool has_pair);

/**
 * Make customer acme with its users and write DIR/demo.json, whose form the
 * operator's contract fixes; changes nothing when that file is there.  What a
 * run that was killed left behind is removed first.
 */
int demo_make(const struct layout *l, const struct rest *portal,
	      bool has_border);

#endif
