/* prompt.h - what the pbx says, as sounds of the media server
 *
 * The spoken texts lie in pbx/prompts/texts; the build makes WAV files of
 * them, reached as DIR/pbx/prompts/standard/LANGUAGE/NAME.wav.  A customer's
 * own lie beside them, DIR/pbx/prompts/CUSTOMER/LANGUAGE/NAME.wav, and win.
 *
 * Source: CAL-8.
 */
#ifndef PBX_PROMPT_H
#define PBX_PROMPT_H

#include "pbx/mail/mailbox.h"
#include "pbx/speech/voice.h"

enum { PROMPT_FILE_BYTES = 200, PROMPT_FOLDER_BYTES = 512 };

/** Where the build or the installation has put them; false: nowhere. */
bool prompt_find_folder(char out[PROMPT_FOLDER_BYTES]);

/**
 * Find the prompts.
 *
 * @param dir    State folder
 * @param folder Of the prompts; NULL: beside the program, or where it is
 *               installed
 *
 * @return 0 or an errno; without prompts nothing is said
 */
int prompt_init(const char *dir, const char *folder);

/** Name of the sound of a prompt in a language, the customer's own when there
 * is one. */
void prompt_file(char out[PROMPT_FILE_BYTES], const char *customer,
		 bool is_french, const char *name);

/** Say one in a language, the customer's own where it has one (customer ""
 * has none). */
void prompt_speak(struct voice *v, const char *customer, bool is_french,
		  const char *name);

/** Say one in a mailbox's language. */
void prompt_say(struct voice *v, const struct mailbox *b, const char *name);

/** Say digits one by one; others are passed over. */
void prompt_say_digits(struct voice *v, const struct mailbox *b,
		       const char *digits);

/** Whether there is one of this name in a language, "en" or "fr". */
bool prompt_is_known(const char *language, const char *name);

/** Told the name of each. */
typedef void(prompt_each_h)(const char *name, void *arg);
void prompt_each(prompt_each_h *h, void *arg);

/** Files below the state folder: a customer's own one, the standard one. */
void prompt_own_file(char out[MAILBOX_PATH], const char *customer,
		     const char *language, const char *name);
void prompt_standard_file(char out[MAILBOX_PATH], const char *language,
			  const char *name);

#endif
