/* texts.h - what the uc server writes to people */
#ifndef UC_TEXTS_H
#define UC_TEXTS_H

#include "base/text.h"

extern const struct text uc_texts[];
extern const size_t uc_texts_count;

#endif
