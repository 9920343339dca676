/* libre.h - libre, through our fault points
 *
 * Include this, never <re.h>: allocations made by our code can then be failed
 * one by one by a test (base/fault.h).  Ownership rules are libre's: counted
 * references, mem_deref() of NULL is harmless, the destructor frees members.
 */
#ifndef BASE_LIBRE_H
#define BASE_LIBRE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#endif
