/* alarm.h - what people must be told of, kept with the records of calls
 *
 * An alarm is an event of the pbx (type "alarm") that readers get as surely
 * as records of calls, and a row among these (with_alarms).
 */
#ifndef PBX_ALARM_H
#define PBX_ALARM_H

#include <jansson.h>

/**
 * Raise one.
 *
 * @param what     "mailbox-break-in"
 * @param customer Id
 * @param user     Id, or ""
 * @param facts    Object of what else there is to say; reference taken over
 */
void alarm_raise(const char *what, const char *customer, const char *user,
		 json_t *facts);

#endif
