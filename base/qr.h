/* qr.h - a text as a QR code picture */
#ifndef BASE_QR_H
#define BASE_QR_H

#include <stdint.h>

struct mbuf;

enum { QR_TEXT_MAX = 1000 };

/**
 * Draw a QR code (level M, quiet zone of 4) as a black and white PNG.
 *
 * @param mbp   Set on success, position 0; mem_deref() it
 * @param text  1..QR_TEXT_MAX octets
 * @param scale Pixels a module, 1..16
 *
 * @return 0, EINVAL, ENOMEM
 */
int qr_png(struct mbuf **mbp, const char *text, uint32_t scale);

#endif
