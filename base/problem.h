/* problem.h - RFC 9457 problem details with stable codes
 *
 * {"type":"about:blank","title","status","code","detail","errors":[{"field",
 * "code","detail"}],"correlation"}.  Codes are a contract: scripts compare
 * them, texts may change.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include <jansson.h>

#define PROBLEM_TYPE "application/problem+json"

/** Reason phrase of a status: "Not Found"; "Unknown" for others. */
const char *problem_title(int status);

/**
 * Make a problem.
 *
 * @param errors      Array from problem_field() or NULL; reference taken over
 * @param correlation NULL leaves it out
 * @return One reference, the caller's; NULL without memory
 */
json_t *problem_make(int status, const char *code, const char *detail,
		     json_t *errors, const char *correlation);

/** Add an error to the array, which is made when *errorsp is NULL. */
void problem_field(json_t **errorsp, const char *field, const char *code,
		   const char *detail);

#endif
