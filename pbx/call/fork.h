/* fork.h - ring every contact of every phone of a number at once
 *
 * A branch is a leg; the first 2xx wins, the others are cancelled with
 * "Call completed elsewhere" and whatever they still answer is acknowledged
 * and ended.  While one refuses the others go on; when all have refused, the
 * caller gets the best of their answers.
 *
 * Source: RFC 3261 16.7, RFC 3326, CAL-1.
 */
#ifndef PBX_FORK_H
#define PBX_FORK_H

#include "pbx/call/call.h"

/** What the caller gets when nobody of those rung answers. */
struct fork_answer {
	uint16_t status;
	const char *cause;
};

/**
 * Ring.
 *
 * @param call     A routed call
 * @param routing  Whom
 * @param m        The caller's INVITE
 * @param refusal  Set when nobody could be rung
 *
 * @return Number of branches; 0 leaves the answer in refusal
 */
uint32_t fork_start(struct call *call, const struct routing *routing,
		    const struct sip_message *m, struct fork_answer *refusal);

/** Make the INVITE of a branch again after a restart, from its text; one whose
 * connection is gone counts as done, and is told when it registers.  0 or ENOMEM. */
int fork_restore(struct leg *branch, struct span text);

/** Ask a branch that has a dialog already, with the caller's description.
 * 0 or an errno. */
int fork_ask(struct leg *branch, const struct sip_message *m);
/** Takes the answers to a branch's INVITE; arg is its leg. */
sip_client_h fork_told;

/** Cancel every branch but one (or NULL), giving a Reason value or NULL. */
void fork_cancel(struct call *call, const struct leg *but, const char *reason);

/** The call goes on to others: those rung are cancelled and count no more. */
void fork_pass(struct call *call);

/** One that rings is cancelled and counts no more; the others go on. */
void fork_withdraw(struct leg *leg);

/** When nobody rung now can still answer: the call goes on, or its caller gets
 * the best of the answers. */
void fork_settle(struct call *call);

/** Whether it is the only branch that may still answer. */
bool fork_is_alone(const struct leg *branch);

/** Whether no branch's INVITE is still open. */
bool fork_is_done(const struct call *call);

/**
 * The better of two final answers for the caller (RFC 3261 16.7 step 6): a
 * 6xx, else the lowest class; within 4xx busy and those that say more than
 * "not there".
 */
uint16_t fork_better(uint16_t a, uint16_t b);

/** What a phone's own answer means for the caller: challenges and redirects
 * are no business of theirs. */
uint16_t fork_answer_for_caller(uint16_t status);

/** What to answer the INVITE's sender, by branches that refused. */
uint16_t fork_best(const struct call *call);

#endif
