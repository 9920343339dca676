/* tour.c - see tour.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/tour.h"

enum { PATH_BYTES = 600 };

static json_t *account_make(const struct layout *l, const char *login,
			    const char *name, const char *extension,
			    const json_t *phone)
{
	char full[100], sip[96];

	(void)snprintf(full, sizeof(full), "%s@acme", login);
	layout_sip(l, "pbx", sip);

	return json_pack(
		"{sisss{sOsssssssO}sns{s[s]snsssOsOsOss}sO}", "version", 1,
		"client", "desk", "user", "id", json_object_get(phone, "user"),
		"login", full, "name", name, "extension", extension, "customer",
		json_object_get(phone, "customer"), "uc", "sip", "registrars",
		sip, "outbound_proxy", "realm", "holdfast", "sip_user",
		json_object_get(phone, "sip_user"), "sip_secret",
		json_object_get(phone, "sip_secret"), "number",
		json_object_get(phone, "number"), "transport", "udp", "phone",
		json_object_get(phone, "id"));
}

int tour_account_write(const struct layout *l, const char *login,
		       const char *name, const char *extension,
		       const json_t *phone)
{
	const char *type = json_string_value(json_object_get(phone, "type"));
	json_t *account = account_make(l, login, name, extension, phone);
	char path[PATH_BYTES];
	int fd = -1, err = 0;

	if (!account || !type) {
		err = EPROTO;
		goto out;
	}
	(void)snprintf(path, sizeof(path), "%s/accounts", l->dir);
	if (mkdir(path, 0700) && errno != EEXIST) {
		err = errno;
		goto out;
	}
	(void)snprintf(path, sizeof(path), "%s/accounts/%s-%s.json", l->dir,
		       login, type);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = errno;
		goto out;
	}
	if (json_dumpfd(account, fd, JSON_INDENT(2)) || write(fd, "\n", 1) != 1)
		err = EIO;

out:
	if (fd >= 0)
		(void)close(fd);
	json_decref(account);

	return err;
}

void tour_print(const struct layout *l, const char *link)
{
	static const struct {
		const char *name;
		int hz;
	} desks[] = { { "alice-desk", 440 }, { "bob-desk", 660 } };

	(void)puts("a tour, each in a terminal of its own:");
	for (size_t i = 0; i < sizeof(desks) / sizeof(desks[0]); i++)
		(void)printf("  build/holdfast phone --account "
			     "%s/accounts/%s.json --audio tone:%d\n",
			     l->dir, desks[i].name, desks[i].hz);
	if (link)
		(void)printf(
			"bob's softphone, by the link of its mail (once):\n"
			"  build/holdfast phone --account %s\n",
			link);
	(void)puts("");
}
