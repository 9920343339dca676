/* id.c - see id.h */
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"

enum { RANDOM_SIZE = 10, BITS_SIZE = 16, LETTERS = 26 };

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_ms;
static unsigned char last_random[RANDOM_SIZE];

/* The random part of the id before, plus a little: still unguessable. */
static void step_random(void)
{
	unsigned carry = 1 + randombytes_uniform(0x10000);

	for (int i = RANDOM_SIZE - 1; i >= 0 && carry; i--) {
		carry += last_random[i];
		last_random[i] = (unsigned char)carry;
		carry >>= 8;
	}
}

/* 130 bits, the two first being 0, five at a time. */
static void write_letters(char out[ID_SIZE], const unsigned char *bits)
{
	for (int i = 0; i < LETTERS; i++) {
		unsigned value = 0;

		for (int b = 0; b < 5; b++) {
			int at = i * 5 + b - 2;

			value <<= 1;
			if (at >= 0)
				value |= (bits[at / 8] >> (7 - at % 8)) & 1u;
		}
		out[i] = alphabet[value];
	}
	out[LETTERS] = '\0';
}

void id_make(char out[ID_SIZE])
{
	unsigned char bits[BITS_SIZE];
	uint64_t now = clock_wall_ms();

	pthread_mutex_lock(&lock);
	if (now > last_ms) {
		last_ms = now;
		randombytes_buf(last_random, sizeof(last_random));
		last_random[0] &= 0x7f; /* room for the steps */
	}
	else {
		step_random();
	}

	for (int i = 0; i < 6; i++)
		bits[i] = (unsigned char)(last_ms >> (40 - 8 * i));
	memcpy(bits + 6, last_random, RANDOM_SIZE);
	pthread_mutex_unlock(&lock);

	write_letters(out, bits);
}

bool id_is_valid(const char *text)
{
	return text && strlen(text) == LETTERS && text[0] <= '7' &&
	       strspn(text, alphabet) == LETTERS;
}
