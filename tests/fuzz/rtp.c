/* rtp.c - fuzz what comes to an RTP port: packets and key events
 *
 * What is accepted lies within the datagram; a key is one of sixteen.
 */
#include "media/dtmf.h"
#include "media/g711.h"
#include "media/rtp.h"
#include "media/tone.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int16_t pcm[RTP_PACKET_MAX];
	struct dtmf_receiver receiver = { 0 };
	struct rtp_in in;
	char key;

	if (rtp_in_decode(&in, data, size))
		return 0;

	FUZZ_CHECK(in.length <= size);
	FUZZ_CHECK(in.payload >= data && in.payload + in.length <= data + size);
	FUZZ_CHECK(in.pt < 128);

	key = dtmf_receive(&receiver, &in);
	FUZZ_CHECK(!key || dtmf_event_of(key) >= 0);
	FUZZ_CHECK(!key || !dtmf_receive(&receiver, &in));

	g711_decode(G711_ULAW, pcm, in.payload, in.length);
	(void)tone_judge(pcm, in.length);
	return 0;
}
