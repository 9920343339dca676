/* test.c - see test.h */
#include <stdarg.h>

#include "base/libre.h"
#include "tests/unit/test.h"

jmp_buf test_failed;

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "# %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	longjmp(test_failed, 1);
}

static bool is_wanted(const char *sentence, int argc, char *argv[])
{
	for (int i = 1; i < argc; i++) {
		if (strstr(sentence, argv[i]))
			return true;
	}

	return argc < 2;
}

int test_main(const char *suite, const struct test *tests, size_t count,
	      int argc, char *argv[])
{
	volatile int failed = 0;

	if (libre_init())
		return 2;

	for (volatile size_t i = 0; i < count; i++) {
		if (!is_wanted(tests[i].sentence, argc, argv))
			continue;

		if (setjmp(test_failed)) {
			failed++;
			printf("not ok %s: %s\n", suite, tests[i].sentence);
		}
		else {
			tests[i].run();
			printf("ok %s: %s\n", suite, tests[i].sentence);
		}
		fflush(stdout);
	}

	libre_close();
	return failed ? 1 : 0;
}
