/* secrets.c - see secrets.h: tokens, sealing
 *
 * A sealed text is VERSION "." base64url(nonce | box).
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/key_file.h"
#include "base/libre.h"
#include "base/secrets.h"

enum {
	NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
	VERSION_TEXT_MAX = 11,
	CONTEXT_MAX = 512,
};

int secrets_init(void)
{
	return sodium_init() < 0 ? EIO : 0;
}

void random_bytes(void *out, size_t size)
{
	randombytes_buf(out, size);
}

void token_make(char out[TOKEN_SIZE])
{
	unsigned char bits[32];

	randombytes_buf(bits, sizeof(bits));
	sodium_bin2base64(out, TOKEN_SIZE, bits, sizeof(bits), BASE64);
	sodium_memzero(bits, sizeof(bits));
}

void token_hash(char out[TOKEN_HASH_SIZE], const char *token)
{
	unsigned char hash[TOKEN_HASH_SIZE / 2];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)token,
			   strlen(token), NULL, 0);
	sodium_bin2hex(out, TOKEN_HASH_SIZE, hash, sizeof(hash));
}

bool secret_equal(const char *a, const char *b)
{
	char hash_a[TOKEN_HASH_SIZE];
	char hash_b[TOKEN_HASH_SIZE];

	if (!a || !b)
		return false;

	token_hash(hash_a, a);
	token_hash(hash_b, b);
	return !sodium_memcmp(hash_a, hash_b, sizeof(hash_a));
}

void secret_wipe(void *p, size_t size)
{
	if (p)
		sodium_memzero(p, size);
}

int secret_seal(char **sealedp, const struct key_file *k, const char *context,
		const char *secret)
{
	unsigned char raw[NONCE_SIZE + SECRET_MAX + TAG_SIZE];
	unsigned long long box_len;
	const unsigned char *key;
	uint32_t version;
	size_t size;
	char *out;
	int n;

	if (!sealedp || !k || !context || !secret ||
	    strlen(secret) > SECRET_MAX || strlen(context) > CONTEXT_MAX)
		return EINVAL;

	version = key_file_version(k);
	key = key_file_find(k, version);

	randombytes_buf(raw, NONCE_SIZE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		raw + NONCE_SIZE, &box_len, (const unsigned char *)secret,
		strlen(secret), (const unsigned char *)context, strlen(context),
		NULL, raw, key);

	size = VERSION_TEXT_MAX +
	       sodium_base64_encoded_len(NONCE_SIZE + box_len, BASE64);
	out = mem_zalloc(size, NULL);
	if (!out)
		return ENOMEM;

	n = snprintf(out, size, "%u.", version);
	sodium_bin2base64(out + n, size - (size_t)n, raw, NONCE_SIZE + box_len,
			  BASE64);
	*sealedp = out;
	return 0;
}

/* The version in front, *restp behind its dot; 0 if there is none. */
static uint32_t parse_version(const char **restp, const char *sealed)
{
	char *end;
	unsigned long version;

	if (!sealed || *sealed < '1' || *sealed > '9')
		return 0;

	version = strtoul(sealed, &end, 10);
	if (*end != '.' || version > UINT32_MAX)
		return 0;

	*restp = end + 1;
	return (uint32_t)version;
}

static void secret_destructor(void *data)
{
	sodium_memzero(data, strlen(data));
}

int secret_open(char **secretp, const struct key_file *k, const char *context,
		const char *sealed)
{
	unsigned char raw[NONCE_SIZE + SECRET_MAX + TAG_SIZE];
	const unsigned char *key;
	const char *rest = NULL;
	uint32_t version;
	size_t len;
	char *out;

	if (!secretp || !k || !context)
		return EINVAL;

	version = parse_version(&rest, sealed);
	if (!version ||
	    sodium_base642bin(raw, sizeof(raw), rest, strlen(rest), NULL, &len,
			      NULL, BASE64) ||
	    len < NONCE_SIZE + TAG_SIZE)
		return EBADMSG;

	key = key_file_find(k, version);
	if (!key)
		return ENOKEY;

	out = mem_zalloc(len - NONCE_SIZE - TAG_SIZE + 1, secret_destructor);
	if (!out)
		return ENOMEM;

	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		    (unsigned char *)out, NULL, NULL, raw + NONCE_SIZE,
		    len - NONCE_SIZE, (const unsigned char *)context,
		    strlen(context), raw, key)) {
		mem_deref(out);
		return EBADMSG;
	}

	*secretp = out;
	return 0;
}

bool secret_is_fresh(const struct key_file *k, const char *sealed)
{
	const char *rest;

	return parse_version(&rest, sealed) == key_file_version(k);
}
