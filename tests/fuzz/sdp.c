/* sdp.c - fuzz session descriptions: parse, edit, answer
 *
 * What we write, unchanged, changed or as an answer, parses again.
 */
#include "sip/sdp.h"
#include "tests/fuzz/fuzz.h"

static char out[4 * SDP_MAX_BYTES];

static void parses(const struct sip_out *o, unsigned media_count)
{
	static struct sdp again;
	int err = sdp_parse(&again, sip_out_span(o));

	FUZZ_CHECK(err == 0 || err == E2BIG);
	FUZZ_CHECK(err || again.media_count == media_count);
}

static void edits(const struct sdp *sdp)
{
	static const char *const drop[] = { "candidate", "ice-*", "crypto",
					    NULL };
	struct sdp_edit e;
	struct sip_out o;

	sdp_edit_init(&e);
	sip_out_init(&o, out, sizeof(out));
	FUZZ_CHECK(!sdp_write(&o, sdp, &e));
	parses(&o, sdp->media_count);

	e.address = "192.0.2.7";
	e.version = 9;
	e.drop = drop;
	for (unsigned i = 0; i < sdp->media_count; i++) {
		struct sdp_media_edit *m = &e.media[i];

		m->address = "192.0.2.8";
		m->port = 4000;
		m->direction = (int8_t)(i & 3);
		m->drop = drop;
		m->is_refused = i == 3;
		m->formats = sdp_format(&sdp->media[i], 0);
		m->add = "a=rtcp-mux\r\n";
	}
	sip_out_init(&o, out, sizeof(out));
	FUZZ_CHECK(!sdp_write(&o, sdp, &e));
	parses(&o, sdp->media_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sdp sdp;
	struct sdp_audio ours;
	struct sdp_agreed agreed;
	struct sip_out o;

	if (sdp_parse(&sdp,
		      (struct span){ (const char *)data, (uint32_t)size }))
		return 0;

	for (unsigned i = 0; i < sdp.media_count; i++) {
		struct sdp_codec c;
		unsigned n = 0;

		while (sdp_format(&sdp.media[i], n).len)
			(void)sdp_codec(&sdp, &sdp.media[i],
					sdp_format(&sdp.media[i], n++), &c);
		FUZZ_CHECK(n == sdp.media[i].format_count);
	}
	edits(&sdp);

	sdp_audio_init(&ours, "2001:db8::1", 4000, 1);
	for (unsigned i = 1; i < SDP_SUITES; i++)
		sdp_crypto_make(&ours.keys[ours.key_count++],
				(enum sdp_suite)i);
	for (int s = SDP_PLAIN; s <= SDP_SECURE_ONLY; s++) {
		ours.security = (uint8_t)s;
		sip_out_init(&o, out, sizeof(out));
		if (sdp_audio_answer(&o, &agreed, &sdp, &ours))
			continue;
		FUZZ_CHECK(agreed.port && agreed.address[0]);
		FUZZ_CHECK(agreed.ours.suite == agreed.theirs.suite);
		FUZZ_CHECK(s != SDP_PLAIN || !agreed.theirs.suite);
		FUZZ_CHECK(s != SDP_SECURE_ONLY || agreed.theirs.suite);
		parses(&o, sdp.media_count);
	}

	return 0;
}
