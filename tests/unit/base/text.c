/* text.c - tests of base/text.h and base/qr.h */
#include <png.h>

#include "base/libre.h"
#include "base/qr.h"
#include "base/text.h"
#include "tests/unit/test.h"

static const struct text some[] = {
	{ "hello", "Hello {name}, {n} calls", "{n} appels, bonjour {name}" },
	{ "brace", "a {{literal} brace", "une {{accolade}" },
	{ "accents", "\xc3\xa9\xc3\xa9", "\xc3\xa8\xc3\xa8" },
};

static void parameters_are_filled_in_both_languages(void)
{
	char *out;

	text_close();
	CHECK_INT(text_add(some, 3), 0);
	CHECK_INT(text_add(some, 1), EEXIST);
	CHECK_INT(text_fill(&out, "en", "hello",
			    TEXT_ARGS({ "name", "Al {n}" }, { "n", "3" })),
		  0);
	CHECK_STR(out, "Hello Al {n}, 3 calls");
	mem_deref(out);
	CHECK_INT(text_fill(&out, "fr-CA", "hello",
			    TEXT_ARGS({ "name", NULL }, { "n", "3" })),
		  0);
	CHECK_STR(out, "3 appels, bonjour ");
	mem_deref(out);
	CHECK_INT(text_fill(&out, "en", "brace", NULL), 0);
	CHECK_STR(out, "a {literal} brace");
	mem_deref(out);
	CHECK_STR(text_get("en", "unknown.key"), "unknown.key");
}

static void a_cut_text_keeps_whole_characters(void)
{
	char out[4];

	text_put(out, sizeof(out), "en", "accents", NULL);
	CHECK_STR(out, "\xc3\xa9");
	text_close();
}

static void the_language_is_found_in_anything(void)
{
	CHECK_STR(text_language("fr"), "fr");
	CHECK_STR(text_language("fr_FR.UTF-8"), "fr");
	CHECK_STR(text_language("de, fr;q=0.8, en;q=0.5"), "fr");
	CHECK_STR(text_language("en-GB,fr"), "en");
	CHECK_STR(text_language("french"), "en");
	CHECK_STR(text_language(""), "en");
	CHECK_STR(text_language(NULL), "en");
}

static bool is_faulty(struct text a, struct text b)
{
	const struct text both[] = { a, b };
	char why[200];

	return !text_check(both, 2, why, sizeof(why));
}

static void faults_in_a_catalogue_are_found(void)
{
	struct text good = { "good", "{a} {b}", "{b} {a}" };
	char why[200] = "";

	CHECK(text_check(some, 3, why, sizeof(why)));
	CHECK(!is_faulty(good, (struct text){ "k", "x", "y" }));
	CHECK(is_faulty(good, good));
	CHECK(is_faulty(good, (struct text){ "k", "x", NULL }));
	CHECK(is_faulty(good, (struct text){ "k", "x", "" }));
	CHECK(is_faulty(good, (struct text){ "k", NULL, "x" }));
	CHECK(is_faulty(good, (struct text){ NULL, "x", "x" }));
	CHECK(is_faulty(good, (struct text){ "k", "{a}", "{b}" }));
	CHECK(is_faulty(good, (struct text){ "k", "{a}", "a" }));
	CHECK(is_faulty(good, (struct text){ "k", "{a", "{a}" }));
	CHECK(is_faulty(good, (struct text){ "k", "{}", "{}" }));
}

static void base_has_all_its_texts_in_french(void)
{
	char why[200] = "";

	if (!text_check(base_texts, base_texts_count, why, sizeof(why)))
		test_fail(__FILE__, __LINE__, "%s", why);
}

static void a_qr_code_is_a_png_with_finder_patterns(void)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	static unsigned char pixels[400 * 400];
	struct mbuf *mb = NULL;

	CHECK_INT(qr_png(&mb, "", 4), EINVAL);
	CHECK_INT(qr_png(&mb, "x", 17), EINVAL);
	CHECK_INT(qr_png(&mb, "http://127.0.0.1:8081/d/abcdefghijklmnop", 4),
		  0);
	CHECK(png_image_begin_read_from_memory(&image, mb->buf, mb->end));
	image.format = PNG_FORMAT_GRAY;
	CHECK(image.width == image.height && image.width <= 400);
	CHECK(png_image_finish_read(&image, NULL, pixels, 0, NULL));
	for (int m = 0; m < 7; m++) {
		/* The edge of the upper left finder is black, around white. */
		CHECK_INT(pixels[16 * image.width + 16 + m * 4], 0);
		CHECK_INT(pixels[12 * image.width + 16 + m * 4], 255);
	}
	CHECK_INT(pixels[20 * image.width + 20], 255);
	mem_deref(mb);
}

static const struct test tests[] = {
	{ "parameters are filled in, in both languages",
	  parameters_are_filled_in_both_languages },
	{ "a cut text keeps whole characters",
	  a_cut_text_keeps_whole_characters },
	{ "the language is found in anything",
	  the_language_is_found_in_anything },
	{ "faults in a catalogue are found", faults_in_a_catalogue_are_found },
	{ "base has all its texts in French",
	  base_has_all_its_texts_in_french },
	{ "a QR code is a PNG with finder patterns",
	  a_qr_code_is_a_png_with_finder_patterns },
};

TEST_MAIN("base/text", tests)
