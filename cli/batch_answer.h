/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an answer to a document of a batch means. Pure.
 */
#ifndef CG_CLI_BATCH_ANSWER_H
#define CG_CLI_BATCH_ANSWER_H

#include "cli/batch_journal.h"

#include <caregate/types.h>
#include <stdbool.h>

#define CG_BATCH_TRIES_MAX 5

/* Of a status; 0: no answer came. CG_BATCH_SENT: it may be tried again. */
enum cg_batch_state cg_batch_answer_state(long http_status);

/* How long to wait after so many tries: doubling, by chance up to half of it less, and what the
 * server wants at least. `chance` is any number. */
int64_t cg_batch_answer_delay_ms(int tries, unsigned retry_after_s, uint32_t chance);

/*
 * Why, in the words of an OperationOutcome or by `reason` of a problem (RFC 9457 §3): codes and an
 * element's path, as what is written for people may quote the document. In the arena; absent when
 * it does not say.
 */
CG_MUST_USE enum cg_status cg_batch_answer_reason(struct cg_span body, struct cg_arena *arena,
                                                  struct cg_span *ret_reason);

#endif
