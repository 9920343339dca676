/* record_row.h - what record.c shares with record_list.c */
#ifndef MODEL_RECORD_ROW_H
#define MODEL_RECORD_ROW_H

#include "model/record.h"

/** Object of a row that record_select() has read; new reference. */
json_t *record_of_row(const struct record_table *t,
		      const struct store_rows *rows, uint32_t row);

/** Read rows with all columns; `where` begins with WHERE or ORDER BY. */
int record_select(struct store_rows **rowsp, const struct record_table *t,
		  const char *where, const struct store_value *args,
		  uint32_t count);

#endif
