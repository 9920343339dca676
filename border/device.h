/* device.h - the devices that may come in, by SIP user name */
#ifndef BORDER_DEVICE_H
#define BORDER_DEVICE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/span.h"

struct devices;

struct device {
	const char *id;
	const char *customer;
	const char *sip_user;
	const char *upstream; /* NULL: any */
	bool is_enabled;
};

int devices_alloc(struct devices **dp);

/** Take a device as provisioned.  0, EINVAL, ENOMEM. */
int devices_put(struct devices *d, const json_t *device);
void devices_drop(struct devices *d, const char *id);

/** By SIP user name, or NULL; valid until the next change. */
const struct device *devices_find(const struct devices *d,
				  struct span sip_user);

/** How many there are. */
uint32_t devices_count(const struct devices *d);

#endif
