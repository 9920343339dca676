/* problem.c - see problem.h */
#include <stddef.h>

#include "base/problem.h"

static const struct {
	int status;
	const char *title;
} titles[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Content" },
	{ 423, "Locked" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

const char *problem_title(int status)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		if (titles[i].status == status)
			return titles[i].title;
	}

	return "Unknown";
}

json_t *problem_make(int status, const char *code, const char *detail,
		     json_t *errors, const char *correlation)
{
	/* o: steals, * leaves NULL members out */
	return json_pack("{s:s, s:s, s:i, s:s*, s:s*, s:o*, s:s*}", "type",
			 "about:blank", "title", problem_title(status),
			 "status", status, "code", code, "detail", detail,
			 "errors", errors, "correlation", correlation);
}

void problem_field(json_t **errorsp, const char *field, const char *code,
		   const char *detail)
{
	if (!errorsp)
		return;

	if (!*errorsp)
		*errorsp = json_array();

	(void)json_array_append_new(
		*errorsp, json_pack("{s:s, s:s, s:s*}", "field", field, "code",
				    code, "detail", detail));
}
