/* banned.h - functions that nobody here may call
 *
 * Compiled into every file (meson.build adds -include), so that a use does
 * not build.  Each has a bounded or reentrant neighbour; no program here
 * starts a shell.  System headers come first: some of them mention the names.
 */
#ifndef BANNED_H
#define BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define BANNED(name, instead) banned_##name##_use_##instead

#undef strcpy
#define strcpy(a, b) BANNED(strcpy, snprintf)
#undef strcat
#define strcat(a, b) BANNED(strcat, snprintf)
#undef strncpy
#define strncpy(a, b, c) BANNED(strncpy, snprintf)
#undef strncat
#define strncat(a, b, c) BANNED(strncat, snprintf)
#undef sprintf
#define sprintf(...) BANNED(sprintf, snprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf, vsnprintf)
#undef strtok
#define strtok(a, b) BANNED(strtok, strtok_r)
#undef gmtime
#define gmtime(a) BANNED(gmtime, gmtime_r)
#undef localtime
#define localtime(a) BANNED(localtime, localtime_r)
#undef ctime
#define ctime(a) BANNED(ctime, strftime)
#undef asctime
#define asctime(a) BANNED(asctime, strftime)
#undef atoi
#define atoi(a) BANNED(atoi, strtol)
#undef atol
#define atol(a) BANNED(atol, strtol)
#undef rand
#define rand() BANNED(rand, getrandom)
#undef system
#define system(a) BANNED(system, posix_spawn)
#undef popen
#define popen(a, b) BANNED(popen, posix_spawn)
#undef gets
#define gets(a) BANNED(gets, fgets)
#undef tmpnam
#define tmpnam(a) BANNED(tmpnam, mkstemp)
#undef mktemp
#define mktemp(a) BANNED(mktemp, mkstemp)
#undef alloca
#define alloca(a) BANNED(alloca, malloc)

#endif
