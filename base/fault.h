/* fault.h - places where a test can kill, stop or fail us
 *
 * A point is a name ("portal.step.before") passed at run time, counted from 1.
 *   HOLDFAST_DIE_AT=NAME:N    SIGKILL at the N-th passing
 *   HOLDFAST_STOP_AT=NAME:N   SIGSTOP at the N-th passing
 *   HOLDFAST_FAIL_AT=NAME:N   fault_fails() answers an error there, once
 *   HOLDFAST_FAIL_FROM=NAME:N the same from there on
 *   HOLDFAST_FAULT_LOG=FILE   append "NAME N" at each first to last passing,
 *                             "! NAME N" when it does harm
 *   HOLDFAST_FAULT_ORDERS=FILE at SIGUSR2 forget plans and counts and take the
 *                             lines of the file, which are as the above, or
 *                             HOLDFAST_WALL_MS=N: the wall clock jumps;
 *                             the log gets "= NAME N" of each point before
 * Several are separated by commas; ":N" may be left out for 1.  The name
 * "alloc" counts our own allocations (base/libre.h).  In a release build all
 * of it is compiled out.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stddef.h>
#include <stdint.h>

enum fault_act {
	FAULT_FAIL,      /* fault_fails() is an error at the N-th only  */
	FAULT_FAIL_FROM, /* ... at the N-th and all after               */
	FAULT_DIE,
	FAULT_STOP,
};

#ifdef HOLDFAST_RELEASE

#	define fault_point(name) ((void)0)
#	define fault_fails(name) (0)

#else

/** Pass a point where we may be killed or stopped. */
void fault_point(const char *name);

/**
 * Pass a point that may be made to fail.
 *
 * @return 0, or the errno to fail with (EIO; ENOMEM for "alloc")
 */
int fault_fails(const char *name);

/** Plan a fault from inside a test; n counts from now, 1 being the next. */
void fault_plan(enum fault_act act, const char *name, uint32_t n);

/** How often a point was passed since start or fault_reset(). */
uint32_t fault_passed(const char *name);

/** Forget all plans and counts. */
void fault_reset(void);

void *fault_mem_alloc(size_t size, void (*destructor)(void *data));
void *fault_mem_zalloc(size_t size, void (*destructor)(void *data));
void *fault_mem_realloc(void *data, size_t size);

#endif
#endif
