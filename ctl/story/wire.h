/* wire.h - a TCP wire that can be cut
 *
 * Phones reach the uc through it.  Cut, it still accepts connections (the
 * kernel does) but carries nothing and tells nobody, as a broken network
 * does; mended, it goes on.  It runs in a process of its own.
 */
#ifndef STORY_WIRE_H
#define STORY_WIRE_H

#include <stdint.h>

struct wire;

/** Lay a wire from a free loopback port to 127.0.0.1:port; mem_deref() ends
 * it.  0 or an errno. */
int wire_lay(struct wire **wp, uint16_t port);

/** Its near end. */
uint16_t wire_port(const struct wire *w);

void wire_cut(struct wire *w);
void wire_mend(struct wire *w);

#endif
