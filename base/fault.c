/* fault.c - see fault.h
 *
 * Points are counted only while something asks for it: without the
 * environment's variables and without a test's plan, passing one costs a load
 * and a branch.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <re_types.h>
#include <re_fmt.h>
#include <re_mem.h>

#include "base/clock.h"
#include "base/fault.h"

#ifndef HOLDFAST_RELEASE

enum { POINTS_MAX = 256, PLANS_MAX = 32, NAME_MAX_BYTES = 64 };

struct point {
	char name[NAME_MAX_BYTES];
	uint32_t passed;
};

struct plan {
	char name[NAME_MAX_BYTES];
	enum fault_act act;
	uint32_t at;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic bool is_watched = true; /* until the environment is read */
static struct point points[POINTS_MAX];
static struct plan plans[PLANS_MAX];
static uint32_t points_count;
static uint32_t plans_count;
static int log_fd = -1;
static const char *orders;
static _Atomic bool is_ordered;

static void add_plan(enum fault_act act, const char *name, size_t len,
		     uint32_t at)
{
	struct plan *p;

	if (plans_count >= PLANS_MAX || !len || len >= NAME_MAX_BYTES)
		return;

	p = &plans[plans_count++];
	memcpy(p->name, name, len);
	p->name[len] = '\0';
	p->act = act;
	p->at = at ? at : 1;
	is_watched = true;
}

/* "name:n,name:n" */
static void read_plans(const char *p, enum fault_act act)
{
	while (p && *p) {
		size_t len = strcspn(p, ",");
		size_t name = strcspn(p, ":,");
		uint32_t at = 1;

		if (name < len)
			at = (uint32_t)strtoul(p + name + 1, NULL, 10);
		add_plan(act, p, name, at);
		p += len;
		p += strspn(p, ",");
	}
}

static const struct {
	const char *variable;
	enum fault_act act;
} variables[] = {
	{ "HOLDFAST_DIE_AT", FAULT_DIE },
	{ "HOLDFAST_STOP_AT", FAULT_STOP },
	{ "HOLDFAST_FAIL_AT", FAULT_FAIL },
	{ "HOLDFAST_FAIL_FROM", FAULT_FAIL_FROM },
};

enum { VARIABLES = sizeof(variables) / sizeof(variables[0]) };

static void note(const struct point *p, const char *mark)
{
	char line[NAME_MAX_BYTES + 16];
	int n;

	if (log_fd < 0 || (!strcmp(p->name, "alloc") && !*mark))
		return;

	n = snprintf(line, sizeof(line), "%s%s %u\n", mark, p->name, p->passed);
	if (write(log_fd, line, (size_t)n) != n)
		log_fd = -1;
}

static void on_order(int signal)
{
	(void)signal;
	is_ordered = true;
	is_watched = true;
}

/* Lines of the file are as the environment: "HOLDFAST_FAIL_AT=alloc:7". */
static void read_orders(void)
{
	FILE *f = fopen(orders, "re");
	char line[400];

	for (uint32_t i = 0; i < points_count; i++)
		note(&points[i], "= ");
	points_count = 0;
	plans_count = 0;
	while (f && fgets(line, sizeof(line), f)) {
		char *value = strchr(line, '=');

		line[strcspn(line, "\n")] = '\0';
		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(line, "HOLDFAST_WALL_MS"))
			clock_jump_ms(strtoll(value, NULL, 10));
		for (size_t i = 0; i < VARIABLES; i++) {
			if (!strcmp(line, variables[i].variable))
				read_plans(value, variables[i].act);
		}
	}
	if (f)
		(void)fclose(f);
	is_watched = plans_count || log_fd >= 0;
}

static void read_environment(void)
{
	const char *file = getenv("HOLDFAST_FAULT_LOG");

	is_watched = false;
	for (size_t i = 0; i < VARIABLES; i++)
		read_plans(getenv(variables[i].variable), variables[i].act);
	orders = getenv("HOLDFAST_FAULT_ORDERS");
	if (orders && *orders)
		(void)signal(SIGUSR2, on_order);

	if (file && *file) {
		log_fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			      0600);
		if (log_fd >= 0)
			is_watched = true;
	}
}

static struct point *find_point(const char *name)
{
	struct point *p;

	for (uint32_t i = 0; i < points_count; i++) {
		if (!strcmp(points[i].name, name))
			return &points[i];
	}

	if (points_count >= POINTS_MAX)
		return NULL;

	p = &points[points_count++];
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->passed = 0;
	return p;
}

static bool is_due(const struct plan *plan, const struct point *p)
{
	if (strcmp(plan->name, p->name))
		return false;
	if (plan->act == FAULT_FAIL_FROM)
		return p->passed >= plan->at;

	return p->passed == plan->at;
}

/* Count a passing; whether it is to fail. */
static bool pass_watched(const char *name)
{
	bool fails = false;
	bool dies = false;
	bool stops = false;
	struct point *p;

	pthread_once(&once, read_environment);
	if (!atomic_load_explicit(&is_watched, memory_order_relaxed))
		return false;

	pthread_mutex_lock(&lock);
	if (atomic_exchange(&is_ordered, false))
		read_orders();
	p = find_point(name);
	if (p) {
		p->passed++;
		note(p, "");
		for (uint32_t i = 0; i < plans_count; i++) {
			if (!is_due(&plans[i], p))
				continue;
			dies |= plans[i].act == FAULT_DIE;
			stops |= plans[i].act == FAULT_STOP;
			fails |= plans[i].act <= FAULT_FAIL_FROM;
		}
		if (dies || stops || fails)
			note(p, "! ");
	}
	pthread_mutex_unlock(&lock);

	if (dies)
		raise(SIGKILL);
	if (stops)
		raise(SIGSTOP);

	return fails;
}

static inline bool pass(const char *name)
{
	return atomic_load_explicit(&is_watched, memory_order_relaxed) &&
	       pass_watched(name);
}

void fault_point(const char *name)
{
	(void)pass(name);
}

int fault_fails(const char *name)
{
	return pass(name) ? EIO : 0;
}

void fault_plan(enum fault_act act, const char *name, uint32_t n)
{
	struct point *p;

	pthread_once(&once, read_environment);
	pthread_mutex_lock(&lock);
	p = find_point(name);
	if (p)
		add_plan(act, name, strlen(name), p->passed + (n ? n : 1));
	pthread_mutex_unlock(&lock);
}

uint32_t fault_passed(const char *name)
{
	struct point *p;
	uint32_t passed;

	pthread_once(&once, read_environment);
	is_watched = true;
	pthread_mutex_lock(&lock);
	p = find_point(name);
	passed = p ? p->passed : 0;
	pthread_mutex_unlock(&lock);
	return passed;
}

void fault_reset(void)
{
	pthread_once(&once, read_environment);
	pthread_mutex_lock(&lock);
	points_count = 0;
	plans_count = 0;
	is_watched = log_fd >= 0;
	pthread_mutex_unlock(&lock);
}

void *fault_mem_alloc(size_t size, void (*destructor)(void *data))
{
	return pass("alloc") ? NULL : mem_alloc(size, destructor);
}

void *fault_mem_zalloc(size_t size, void (*destructor)(void *data))
{
	return pass("alloc") ? NULL : mem_zalloc(size, destructor);
}

void *fault_mem_realloc(void *data, size_t size)
{
	return pass("alloc") ? NULL : mem_realloc(data, size);
}

#endif
