/* api.h - the routes all kinds of the portal share */
#ifndef PORTAL_API_H
#define PORTAL_API_H

#include "portal/object.h"

/** Add the routes of customers, users, phones, numbers, audit. */
int api_routes(struct portal *p);

/** Plan and start the creation of a checked object (taken over), which gets
 * its id here. */
void api_create(struct portal *p, const struct object_kind *ops,
		struct http_request *req, const struct caller *caller,
		json_t *object);

/** Plan and start a change; before and after are taken over. */
void api_change(struct portal *p, const struct object_kind *ops,
		struct http_request *req, const struct caller *caller,
		json_t *before, json_t *after);

/** The row in the path, if the caller may see it; else 404 and NULL. */
json_t *api_row(struct portal *p, const struct record_table *table,
		struct http_request *req, const struct caller *caller);

/** Body of a POST, checked; NULL: answered. */
json_t *api_new_object(const struct record_table *table,
		       struct http_request *req, const struct caller *caller);

/** What the row is to be after a PUT or PATCH; NULL: answered. */
json_t *api_changed_object(const struct record_table *table,
			   struct http_request *req,
			   const struct caller *caller, const json_t *before);

/** GET list and GET object of a table, as handlers' bodies. */
void api_list(const struct record_table *table, struct http_request *req,
	      const struct caller *caller);

/** DELETE, as a task. */
void api_delete(struct portal *p, const struct object_kind *ops,
		struct http_request *req, const struct caller *caller);

#endif
