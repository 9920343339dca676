/* outbox.c - datagrams that leave together
 *
 * While a batch is open what is sent is copied here and handed to the kernel
 * by one sendmmsg() at the end of the loop's turn: the peer is woken once
 * instead of once a message.  What cannot be sent then is lost like any datagram, except that
 * requests to an address that cannot be reached fail over at once.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/libre.h"
#include "base/net.h"
#include "sip/private.h"

enum {
	LETTERS = 64,
	OCTETS = 1 << 17,
};

struct letter {
	struct sip_listener *listener;
	struct sa to;
	uint32_t at;
	uint32_t len;
};

static struct {
	struct tmr tmr;
	unsigned depth;
	uint32_t count;
	uint32_t used;
	struct letter letters[LETTERS];
	char octets[OCTETS];
} outbox;

static void unreachable(const struct letter *letter, int err)
{
	if (err == EAGAIN || err == ENOBUFS || err == ECONNREFUSED)
		return;

	sip_flow_unreachable(letter->listener, &letter->to, err);
}

/* Send some letters of one listener; how many are done with. */
static uint32_t send_some(const struct letter *letters, uint32_t count)
{
	static struct mmsghdr headers[LETTERS];
	static struct iovec parts[LETTERS];
	int n;

	for (uint32_t i = 0; i < count; i++) {
		const struct letter *letter = &letters[i];

		parts[i] = (struct iovec){ outbox.octets + letter->at,
					   letter->len };
		headers[i].msg_hdr = (struct msghdr){
			.msg_name = (void *)&letter->to.u.sa,
			.msg_namelen = letter->to.len,
			.msg_iov = &parts[i],
			.msg_iovlen = 1,
		};
	}

	n = net_send_many(letters->listener->fd, headers, count);
	if (n > 0)
		return (uint32_t)n;

	unreachable(letters, errno);
	return 1;
}

void sip_outbox_flush(void)
{
	uint32_t i = 0;

	if (!outbox.count)
		return;
	while (i < outbox.count) {
		struct sip_listener *l = outbox.letters[i].listener;
		uint32_t end = i;

		while (end < outbox.count && outbox.letters[end].listener == l)
			end++;
		while (i < end)
			i += send_some(&outbox.letters[i], end - i);
	}

	outbox.count = 0;
	outbox.used = 0;
	tmr_cancel(&outbox.tmr);
	fault_point("sip.sent");
}

static void flush(void *arg)
{
	(void)arg;
	sip_outbox_flush();
}

bool sip_outbox_put(struct sip_listener *l, const struct sa *to, const void *p,
		    size_t len)
{
	if (!outbox.depth || len > OCTETS)
		return false;

	if (outbox.count == LETTERS || len > OCTETS - outbox.used)
		sip_outbox_flush();

	memcpy(outbox.octets + outbox.used, p, len);
	outbox.letters[outbox.count++] = (struct letter){ l, *to, outbox.used,
							  (uint32_t)len };
	outbox.used += (uint32_t)len;

	return true;
}

void sip_batch_begin(void)
{
	outbox.depth++;
}

void sip_batch_end(void)
{
	/* behind what else the turn has set for its end */
	if (--outbox.depth == 0 && outbox.count && !tmr_isrunning(&outbox.tmr))
		tmr_start(&outbox.tmr, 0, flush, NULL);
}
