/* qr.c - see qr.h */
#include <png.h>
#include <qrencode.h>

#include "base/libre.h"
#include "base/qr.h"

enum { QUIET = 4, SCALE_MAX = 16, WIDTH_MAX = (177 + 2 * QUIET) * SCALE_MAX };

/* The modules of one line as pixels, 0 black, 1 white. */
static void draw_line(unsigned char *pixels, const QRcode *code, int line,
		      uint32_t scale)
{
	uint32_t n = 0;

	for (int x = -QUIET; x < code->width + QUIET; x++) {
		bool is_black = line >= 0 && line < code->width && x >= 0 &&
				x < code->width &&
				(code->data[line * code->width + x] & 1);

		for (uint32_t i = 0; i < scale; i++, n++) {
			unsigned bit = 0x80u >> (n % 8);

			if (is_black)
				pixels[n / 8] &= (unsigned char)~bit;
			else
				pixels[n / 8] |= (unsigned char)bit;
		}
	}
}

static void take_octets(png_structp png, png_bytep data, png_size_t size)
{
	if (mbuf_write_mem(png_get_io_ptr(png), data, size))
		png_error(png, "memory");
}

static void flush_nothing(png_structp png)
{
	(void)png;
}

static int write_png(struct mbuf *mb, const QRcode *code, uint32_t scale)
{
	unsigned char pixels[WIDTH_MAX / 8 + 1] = { 0 };
	uint32_t width = ((uint32_t)code->width + 2 * QUIET) * scale;
	png_structp png;
	png_infop info;

	png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	info = png ? png_create_info_struct(png) : NULL;
	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		return ENOMEM;
	}

	png_set_write_fn(png, mb, take_octets, flush_nothing);
	png_set_IHDR(png, info, width, width, 1, PNG_COLOR_TYPE_GRAY,
		     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (int line = -QUIET; line < code->width + QUIET; line++) {
		draw_line(pixels, code, line, scale);
		for (uint32_t i = 0; i < scale; i++)
			png_write_row(png, pixels);
	}
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	return 0;
}

int qr_png(struct mbuf **mbp, const char *text, uint32_t scale)
{
	struct mbuf *mb;
	QRcode *code;
	int err;

	if (!mbp || !text || !*text || strlen(text) > QR_TEXT_MAX ||
	    scale < 1 || scale > SCALE_MAX)
		return EINVAL;

	code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	if (!code)
		return ENOMEM;

	mb = mbuf_alloc(1024);
	err = mb ? write_png(mb, code, scale) : ENOMEM;
	QRcode_free(code);
	if (err) {
		mem_deref(mb);
		return err;
	}

	mbuf_set_pos(mb, 0);
	*mbp = mb;
	return 0;
}
