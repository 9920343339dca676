/* cache.c - see cache.h
 *
 * The file is {"mac":"…","data":"…"}: the hash covers the octets of data,
 * which is JSON inside a JSON text, so that no other way of writing the same
 * object matters.
 */
#include <sodium.h>
#include <stdio.h>

#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/wheel.h"
#include "phone/account.h"
#include "phone/cache.h"
#include "phone/engine.h"
#include "phone/file.h"

enum {
	MAC_BYTES = 32,
	MAC_DIGITS = 2 * MAC_BYTES,
	CACHE_BYTES_MAX = 8 * 1024 * 1024,
	WRITE_MS = 500,
};

struct cache {
	char path[ENGINE_PATH_MAX];
	unsigned char key[MAC_BYTES];
	json_t *data;
	bool is_dirty;
	struct wheel_timer timer;
};

static void cache_destructor(void *data)
{
	struct cache *c = data;

	wheel_stop(&c->timer);
	json_decref(c->data);
	sodium_memzero(c->key, sizeof(c->key));
}

/* ---- the hash ---- */

static void make_key(struct cache *c, const struct account *a)
{
	crypto_generichash_state h;

	crypto_generichash_init(&h, NULL, 0, sizeof(c->key));
	crypto_generichash_update(&h, (const unsigned char *)a->device_token,
				  strlen(a->device_token) + 1);
	crypto_generichash_update(&h, (const unsigned char *)a->sip_secret,
				  strlen(a->sip_secret) + 1);
	crypto_generichash_final(&h, c->key, sizeof(c->key));
}

static void make_mac(const struct cache *c, const char *text, size_t length,
		     char out[MAC_DIGITS + 1])
{
	unsigned char mac[MAC_BYTES];

	crypto_generichash(mac, sizeof(mac), (const unsigned char *)text,
			   length, c->key, sizeof(c->key));
	sodium_bin2hex(out, MAC_DIGITS + 1, mac, sizeof(mac));
}

/* ---- the file ---- */

static int unwrap(struct cache *c, const json_t *file)
{
	const char *mac = json_get_text(file, "mac");
	const char *data = json_get_text(file, "data");
	char want[MAC_DIGITS + 1];

	if (!mac || !data || strlen(mac) != MAC_DIGITS)
		return EBADMSG;
	make_mac(c, data, strlen(data), want);
	if (sodium_memcmp(mac, want, MAC_DIGITS))
		return EPERM;

	return json_read(&c->data, span_of(data), CACHE_BYTES_MAX, NULL);
}

static int load(struct cache *c)
{
	struct mbuf *mb = NULL;
	json_t *file = NULL;
	int err;

	err = file_read(&mb, c->path, CACHE_BYTES_MAX);
	if (err)
		return err;
	err = json_read(&file,
			(struct span){ (char *)mb->buf, (uint32_t)mb->end },
			CACHE_BYTES_MAX, NULL);
	if (!err)
		err = unwrap(c, file);
	json_decref(file);
	mem_deref(mb);
	return err;
}

int cache_open(struct cache **cp, const char *dir, const struct account *a)
{
	struct cache *c;
	json_t *account = NULL;
	int err;

	c = mem_zalloc(sizeof(*c), cache_destructor);
	if (!c)
		return ENOMEM;

	snprintf(c->path, sizeof(c->path), "%s/snapshot.json", dir);
	make_key(c, a);
	err = load(c);
	if (err == EPERM || err == EBADMSG)
		log_warn("cache", "the snapshot is not of this device, or was "
				  "changed: it is not used");
	if (err) {
		c->data = json_object();
		if (!c->data) {
			mem_deref(c);
			return ENOMEM;
		}
	}

	if (!json_read(&account, span_of(a->text), ACCOUNT_BYTES_MAX, NULL))
		cache_set(c, "account", account);
	*cp = c;
	return 0;
}

json_t *cache_get(const struct cache *c, const char *name)
{
	return json_object_get(c->data, name);
}

int cache_flush(struct cache *c)
{
	char mac[MAC_DIGITS + 1];
	char *data, *text = NULL;
	json_t *file = NULL;
	size_t length = 0;
	int err = ENOMEM;

	if (!c->is_dirty)
		return 0;

	data = json_text(c->data, &length);
	if (!data)
		goto out;
	make_mac(c, data, length, mac);
	file = json_pack("{s:s, s:s}", "mac", mac, "data", data);
	text = file ? json_text(file, &length) : NULL;
	if (!text)
		goto out;
	err = file_replace(c->path, text, length);
	if (!err)
		c->is_dirty = false;

out:
	if (err)
		log_warn("cache", "%s: %s", c->path, strerror(err));
	wheel_stop(&c->timer);
	json_decref(file);
	mem_deref(text);
	mem_deref(data);
	return err;
}

static void write_now(void *arg)
{
	(void)cache_flush(arg);
}

void cache_set(struct cache *c, const char *name, json_t *value)
{
	if (!value || json_object_set_new(c->data, name, value))
		return;
	c->is_dirty = true;
	if (!wheel_is_running(&c->timer))
		wheel_start(&c->timer, WRITE_MS, write_now, c);
}
