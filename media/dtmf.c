/* dtmf.c - see dtmf.h */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "media/dtmf.h"
#include "media/rtp.h"
#include "media/tone.h"

enum {
	EVENT_END = 0x80,
	EVENT_VOLUME = 10, /* -10 dBm0 */
	END_PACKETS = 3,
	FRAME_MS = 20,
};

static const char event_keys[] = "0123456789*#ABCD";
static const char grid[4][5] = { "123A", "456B", "789C", "*0#D" };
static const double low_hz[4] = { 697, 770, 852, 941 };
static const double high_hz[4] = { 1209, 1336, 1477, 1633 };

int dtmf_event_of(char key)
{
	const char *at;

	if (key >= 'a' && key <= 'd')
		key = (char)(key - 'a' + 'A');
	at = key ? strchr(event_keys, key) : NULL;
	return at ? (int)(at - event_keys) : -1;
}

char dtmf_key_of(int event)
{
	return event >= 0 && event < 16 ? event_keys[event] : 0;
}

int dtmf_tone_spec(struct tone_spec *spec, char key)
{
	int event = dtmf_event_of(key);

	if (event < 0)
		return EINVAL;

	key = dtmf_key_of(event);
	for (int row = 0; row < 4; row++) {
		const char *at = strchr(grid[row], key);

		if (!at)
			continue;
		memset(spec, 0, sizeof(*spec));
		spec->hz[0] = low_hz[row];
		spec->hz[1] = high_hz[at - grid[row]];
		spec->level = TONE_LEVEL;
	}

	return 0;
}

static int nearest(const double *set, double hz)
{
	for (int i = 0; i < 4; i++) {
		if (fabs(hz - set[i]) <= set[i] * 0.02)
			return i;
	}

	return -1;
}

char dtmf_key_of_pair(double low, double high)
{
	int row = nearest(low_hz, low);
	int column = nearest(high_hz, high);

	return row < 0 || column < 0 ? 0 : grid[row][column];
}

/* ---- sending ---- */

int dtmf_sender_add(struct dtmf_sender *d, const char *keys)
{
	size_t count = strlen(keys);

	for (size_t i = 0; i < count; i++) {
		if (dtmf_event_of(keys[i]) < 0)
			return EINVAL;
	}
	if (count == 0)
		return EINVAL;
	if (count > DTMF_QUEUE_MAX - d->queued)
		return ENOBUFS;

	memcpy(d->queue + d->queued, keys, count);
	d->queued += count;
	return 0;
}

bool dtmf_sender_is_busy(const struct dtmf_sender *d)
{
	return d->key || d->gap || d->queued;
}

static void next_key(struct dtmf_sender *d, const struct rtp_stream *s)
{
	d->key = d->queue[0];
	d->queued--;
	memmove(d->queue, d->queue + 1, d->queued);
	d->timestamp = rtp_stream_timestamp(s);
	d->elapsed = 0;
	d->ends = 0;
}

/* Of the clock, in so many milliseconds. */
static uint32_t span_ms(const struct dtmf_sender *d, uint32_t ms)
{
	return (d->clock_hz ? d->clock_hz : TONE_RATE_HZ) / 1000 * ms;
}

static void send_event(struct dtmf_sender *d, struct rtp_stream *s, uint8_t pt,
		       bool is_end)
{
	uint32_t length = d->key_hz && d->clock_hz
				  ? (uint32_t)((uint64_t)d->elapsed *
					       d->key_hz / d->clock_hz)
				  : d->elapsed;
	uint8_t event[4] = {
		(uint8_t)dtmf_event_of(d->key),
		(uint8_t)((is_end ? EVENT_END : 0) | EVENT_VOLUME),
		(uint8_t)(length >> 8),
		(uint8_t)length,
	};
	bool is_first = d->elapsed == span_ms(d, FRAME_MS);

	(void)rtp_stream_send_at(s, pt, is_first, event, sizeof(event),
				 d->timestamp);
}

bool dtmf_sender_tick(struct dtmf_sender *d, struct rtp_stream *s, uint8_t pt)
{
	const uint32_t frame = span_ms(d, FRAME_MS);

	if (d->gap) {
		d->gap -= d->gap < frame ? d->gap : frame;
		rtp_stream_skip(s, frame);
		return true;
	}
	if (!d->key && !d->queued)
		return false;
	if (!d->key)
		next_key(d, s);

	if (d->elapsed < span_ms(d, DTMF_KEY_MS)) {
		d->elapsed += frame;
		send_event(d, s, pt, false);
	}
	else {
		send_event(d, s, pt, true);
		if (++d->ends == END_PACKETS) {
			d->key = 0;
			d->gap = span_ms(d, DTMF_GAP_MS);
		}
	}
	rtp_stream_skip(s, frame);
	return true;
}

/* ---- receiving ---- */

char dtmf_receive(struct dtmf_receiver *d, const struct rtp_in *in)
{
	char key;

	if (in->length < 4)
		return 0;
	key = dtmf_key_of(in->payload[0]);
	if (!key)
		return 0;
	if (d->has_timestamp && d->timestamp == in->timestamp)
		return 0;

	d->has_timestamp = true;
	d->timestamp = in->timestamp;
	return key;
}
