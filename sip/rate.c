/* rate.c - see rate.h
 *
 * Buckets stand in rows of four, chosen by a keyed hash of the address; a
 * newcomer takes the place of the one in its row that has been full longest,
 * which is the one that loses nothing by being forgotten.
 */
#include "base/list.h"
#include "base/wheel.h"
#include "sip/rate.h"

enum { ROW = 4 };

struct bucket {
	uint64_t source;  /* hash; 0: free */
	uint64_t full_us; /* when it will have filled up again */
};

struct sip_rate {
	struct bucket *buckets;
	uint32_t rows;
	uint64_t token_us; /* time a token takes to flow in */
	uint64_t span_us;  /* time a bucket takes to fill */
};

static void rate_destructor(void *data)
{
	struct sip_rate *r = data;

	mem_deref(r->buckets);
}

int sip_rate_alloc(struct sip_rate **ratep, uint32_t per_second, uint32_t burst,
		   uint32_t sources)
{
	struct sip_rate *r;
	uint32_t rows = 4;

	if (!ratep || per_second < 1 || per_second > 1000000 || burst < 1 ||
	    burst > 1000000 || sources < 16 || sources > 1 << 20)
		return EINVAL;

	while (rows * ROW < sources)
		rows <<= 1;

	r = mem_zalloc(sizeof(*r), rate_destructor);
	if (!r)
		return ENOMEM;

	r->rows = rows;
	r->token_us = 1000000 / per_second;
	r->span_us = r->token_us * burst;
	r->buckets = mem_zalloc(sizeof(*r->buckets) * rows * ROW, NULL);
	if (!r->buckets) {
		mem_deref(r);
		return ENOMEM;
	}

	*ratep = r;
	return 0;
}

static uint64_t source_of(const struct sa *sa)
{
	struct span address;

	if (sa_af(sa) == AF_INET6)
		address = (struct span){ (const char *)&sa->u.in6.sin6_addr,
					 8 };
	else
		address = (struct span){ (const char *)&sa->u.in.sin_addr, 4 };

	return hash_span(31, address) | 1;
}

/* The source's bucket, or NULL; *oldestp the one to give away. */
static struct bucket *find(const struct sip_rate *r, uint64_t source,
			   struct bucket **oldestp)
{
	struct bucket *row = &r->buckets[(source >> 8) % r->rows * ROW];
	struct bucket *oldest = row;

	for (int i = 0; i < ROW; i++) {
		if (row[i].source == source)
			return &row[i];
		if (row[i].full_us < oldest->full_us)
			oldest = &row[i];
	}

	*oldestp = oldest;
	return NULL;
}

static uint64_t now_us(void)
{
	return wheel_now_ms() * 1000;
}

bool sip_rate_has(const struct sip_rate *rate, const struct sa *source)
{
	struct bucket *oldest;
	const struct bucket *b = find(rate, source_of(source), &oldest);
	uint64_t now = now_us();

	return !b || b->full_us <= now ||
	       b->full_us + rate->token_us <= now + rate->span_us;
}

bool sip_rate_take(struct sip_rate *rate, const struct sa *source)
{
	uint64_t key = source_of(source);
	struct bucket *oldest;
	struct bucket *b = find(rate, key, &oldest);
	uint64_t now = now_us();

	if (!b) {
		b = oldest;
		b->source = key;
		b->full_us = 0;
	}
	if (b->full_us < now)
		b->full_us = now;
	if (b->full_us + rate->token_us > now + rate->span_us)
		return false;

	b->full_us += rate->token_us;
	return true;
}
