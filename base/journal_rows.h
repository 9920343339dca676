/* journal_rows.h - the files of a journal; for base/journal*.c only */
#ifndef BASE_JOURNAL_ROWS_H
#define BASE_JOURNAL_ROWS_H

#include <stddef.h>

#include "base/journal.h"

enum { JOURNAL_PATH = 4096, JOURNAL_NAME = 64 };

enum journal_act {
	JOURNAL_PUT = 1,
	JOURNAL_REMOVE = 2,
};

/** What stands before the octets of a record. */
struct journal_head {
	uint32_t sum; /* of the rest and the octets */
	uint32_t len;
	uint64_t row;
	uint32_t file; /* number of its file */
	uint8_t kind;
	uint8_t act;
	uint8_t zero[2];
};

void journal_seal(struct journal_head *head, const void *octets);

/** Where the files are. */
struct journal_place {
	char dir[JOURNAL_PATH];
	char name[JOURNAL_NAME];
};

void journal_path(char path[JOURNAL_PATH], const struct journal_place *place,
		  uint32_t number, const char *ending);

/** What there is. */
struct journal_files {
	uint32_t base; /* number of the newest base, or 0 */
	uint32_t last; /* highest number of any */
	uint32_t logs; /* newer than the base */
	uint64_t base_bytes;
	uint64_t log_bytes;
};

int journal_find(struct journal_files *files,
		 const struct journal_place *place);

struct journal_rows;

/** Read base and logs up to a number.  Give back by journal_rows_free(). */
int journal_load(struct journal_rows **rowsp, const struct journal_place *place,
		 const struct journal_files *files, uint32_t upto);

void journal_rows_free(struct journal_rows *rows);

/** Hand out rows by kind and number; kind 0 means all.  0 or ENOMEM. */
int journal_rows_each(const struct journal_rows *rows, uint8_t kind,
		      journal_row_h *h, void *arg);

/**
 * Make one base of everything up to a number and remove what it replaces;
 * runs in a thread.
 *
 * @param bytesp Size of the new base
 */
int journal_compact(uint64_t *bytesp, const struct journal_place *place,
		    uint32_t upto);

#endif
