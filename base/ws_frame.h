/* ws_frame.h - WebSocket frame heads and UTF-8, pure functions
 *
 * Source: RFC 6455 section 5; Unicode 15 table 3-7.
 */
#ifndef WS_FRAME_H
#define WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
};

enum { WS_HEAD_MAX_BYTES = 14 };

struct ws_frame {
	enum ws_opcode opcode;
	bool is_final;
	bool is_masked;
	uint8_t mask[4];
	uint32_t head_len; /* octets of the frame's head */
	uint32_t len;      /* octets of payload */
};

/**
 * Read a frame's head.
 *
 * @param f        Filled on success
 * @param p        Received octets
 * @param len      How many
 * @param is_masked Whether the peer must mask (we are the server) or must not
 * @param max      Longest payload taken
 * @param codep    Close code on EBADMSG: 1002 or 1009
 *
 * @return 0; EAGAIN; EBADMSG
 */
int ws_frame_parse(struct ws_frame *f, const uint8_t *p, size_t len,
		   bool is_masked, uint32_t max, uint16_t *codep);

/** Write a head; mask NULL for none.  Returns its length. */
size_t ws_frame_write(uint8_t out[WS_HEAD_MAX_BYTES], enum ws_opcode opcode,
		      bool is_final, size_t len, const uint8_t *mask);

/** Apply a mask in place, from `offset` octets into the payload. */
void ws_mask(uint8_t *p, size_t len, const uint8_t mask[4], size_t offset);

/** Whether all of it is well-formed UTF-8. */
bool utf8_is_valid(const uint8_t *p, size_t len);

/** Whether a close code may travel on the wire. */
bool ws_close_code_is_valid(uint16_t code);

#endif
