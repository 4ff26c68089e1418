/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs of possession that were used (RFC 9449 §11.1), in memory that the workers of a machine
 * share. Nobody waits for anybody: a place is taken by one atomic exchange, and of any number that
 * bring one proof, in any worker, one is the first. What was used is remembered for as long as a
 * proof is accepted; where there is no room, the proof is refused rather than another forgotten.
 *
 * By the time at which it was made a proof belongs to a generation of a few seconds, which has
 * places of its own; they serve again when nothing accepts that generation any more. Inside of it
 * nothing is ever taken out, so that all who bring the same proof look at the same places in the
 * same order. Any thread, any process.
 */
#ifndef CG_GATE_REPLAY_H
#define CG_GATE_REPLAY_H

#include "base/siphash.h"

#include <caregate/reason.h>
#include <caregate/types.h>

#define CG_REPLAY_KEY_BYTES (2 * CG_SIPHASH_KEY_BYTES)

struct cg_replay;

/* The smallest that is of use. */
#define CG_REPLAY_BYTES_MIN ((size_t)16384)

/*
 * Makes a table in zeroed memory, aligned to 8 bytes, as large as fits into `len`. It serves about
 * one proof a second for each 920 bytes that it uses, which are at least half of `len`.
 * CG_ERR_INPUT below CG_REPLAY_BYTES_MIN.
 */
CG_MUST_USE enum cg_status cg_replay_init(void *memory, size_t len,
                                          const uint8_t key[static CG_REPLAY_KEY_BYTES],
                                          struct cg_replay **ret_replay);

/*
 * Notes that a proof is used: NONE for the first who says so, PROOF_REPLAYED, or PROOFS_FULL. The
 * id is at most CG_LIMIT_PROOF_ID_BYTES long; issued_s is in the
 * window that token/dpop.h accepts.
 */
enum cg_reason cg_replay_spend(struct cg_replay *replay, struct cg_span thumbprint,
                               struct cg_span id, int64_t issued_s);

#endif
