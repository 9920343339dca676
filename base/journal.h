/* journal.h - rows that change often, in append-only files
 *
 * For state whose truth is in memory and which must survive kill -9: a row is
 * a kind, a number and octets.  Puts and removals are gathered in memory and
 * handed to the operating system by journal_flush() with one write; a second
 * later at most a thread syncs them to the disk, so that a power cut loses no
 * more than that.  Files that have grown are compacted by the same thread
 * while the loop goes on appending to a new one.
 *
 * Each record carries a checksum; reading a file ends at the first that is
 * not whole, which is the last one of a process that was killed.
 *
 * On disk: DIR/NAME-000012.base is all rows after file 12, DIR/NAME-000013.log
 * and higher what came later.
 *
 * Source: design.md section 4.5.
 */
#ifndef BASE_JOURNAL_H
#define BASE_JOURNAL_H

#include <stdint.h>

#include "base/span.h"

enum { JOURNAL_BLOB_MAX = 1 << 24 };

struct journal;

/** Handed each row; the octets live until it returns. */
typedef void(journal_row_h)(uint8_t kind, uint64_t row, struct span blob,
			    void *arg);

/**
 * Open for writing, one process at a time.
 *
 * @param jp   Set on success; drop with mem_deref(), which flushes
 * @param dir  Folder, which exists
 * @param name First part of the files' names
 *
 * @return 0, ENOMEM, EAGAIN (no thread), or an errno of the file system
 */
int journal_open(struct journal **jp, const char *dir, const char *name);

/** Hand out the rows of a kind as they were when it was opened, by rising
 * number; rows may be put and removed meanwhile.  0 or ENOMEM. */
int journal_each(const struct journal *j, uint8_t kind, journal_row_h *h,
		 void *arg);

/** Forget the rows that journal_each() hands out: they are read. */
void journal_forget(struct journal *j);

/** Put a row, in the place of an earlier one.  0, EINVAL, ENOMEM. */
int journal_put(struct journal *j, uint8_t kind, uint64_t row,
		struct span blob);

/** Remove a row; harmless when it is not there.  0, ENOMEM. */
int journal_remove(struct journal *j, uint8_t kind, uint64_t row);

/** Hand all to the operating system: kill -9 loses it no more.  On failure it
 * is kept and tried again at the next call; 0 or an errno. */
int journal_flush(struct journal *j);

/** Compact once the files have this size, octets (16 MiB). */
void journal_limit(struct journal *j, uint64_t bytes);

/** Read the rows of a kind without opening for writing, also while another
 * process writes.  0, ENOENT when there are no files, or an errno. */
int journal_look(const char *dir, const char *name, uint8_t kind,
		 journal_row_h *h, void *arg);

#endif
