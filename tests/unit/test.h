/* test.h - unit tests as a table of sentences
 *
 * A test file ends with its table and TEST_MAIN.  Each row prints "ok" or
 * "not ok" with the suite's name and its sentence; tests/run counts them.
 * A CHECK that fails says where and ends that test only.  With arguments a
 * test program runs only rows whose sentence contains one of them.
 */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *sentence;
	void (*run)(void);
};

extern jmp_buf test_failed;

__attribute__((noreturn)) void test_fail(const char *file, int line,
					 const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int test_main(const char *suite, const struct test *tests, size_t count,
	      int argc, char *argv[]);

#define CHECK(claim)                                                           \
	do {                                                                   \
		if (!(claim))                                                  \
			test_fail(__FILE__, __LINE__, "%s", #claim);           \
	} while (0)

#define CHECK_INT(got, want)                                                   \
	do {                                                                   \
		long long got_ = (long long)(got), want_ = (long long)(want);  \
		if (got_ != want_)                                             \
			test_fail(__FILE__, __LINE__, "%s is %lld, not %lld",  \
				  #got, got_, want_);                          \
	} while (0)

#define CHECK_STR(got, want)                                                   \
	do {                                                                   \
		const char *got_ = (got), *want_ = (want);                     \
		if (!got_ || strcmp(got_, want_))                              \
			test_fail(__FILE__, __LINE__,                          \
				  "%s is \"%s\", not \"%s\"", #got,            \
				  got_ ? got_ : "(null)", want_);              \
	} while (0)

#define TEST_MAIN(suite, tests)                                                \
	int main(int argc, char *argv[])                                       \
	{                                                                      \
		return test_main(suite, tests,                                 \
				 sizeof(tests) / sizeof((tests)[0]), argc,     \
				 argv);                                        \
	}

#endif
