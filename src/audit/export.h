/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole audit as lines of JSON, in the order in which it is verified, and the proof that such
 * an export holds what a prune would remove. Lines, each one JSON object without the newline:
 *
 *     {"chain":{"writer":"node1/worker0","number":4,"hash":"b64url"}}
 *     {"writer":"node1/worker0","number":5,...}
 *     {"checkpoint":{"number":7,"time":1767225600,"payload":"...","kid":"...",
 *      "signature":"b64url"}}
 *
 * Every writer has a chain line, which tells what its records follow, and its records by number,
 * as they were hashed; the checkpoints come last, each on one line. What the
 * hashes and signatures cover is told in audit/chain.h and audit/checkpoint.h; whoever has the
 * public keys can verify it elsewhere. Lines of other kinds, which the caller put among them, are
 * passed over. May block; one thread. CG_ERR_STORE, CG_ERR_LIMIT when memory is short.
 */
#ifndef CG_AUDIT_EXPORT_H
#define CG_AUDIT_EXPORT_H

#include "audit/journal.h"

#include <caregate/types.h>

/* Takes a line, which borrows. What it returns stops the export when not CG_OK. */
typedef enum cg_status (*cg_audit_take_line)(void *context, struct cg_span line);

struct cg_audit_export_count {
    int64_t records;
    int64_t checkpoints;
};

/* Writes all of it, as one consistent view of the store. */
CG_MUST_USE enum cg_status cg_audit_export(struct cg_store *store, cg_audit_take_line take,
                                           void *context, struct cg_audit_export_count *ret_count);

/* Gives the next line; an absent one at the end. It lives until the next call. */
typedef enum cg_status (*cg_audit_give_line)(void *context, struct cg_span *ret_line);

/*
 * Whether an export holds every record that cg_audit_prune(before_s) would remove: its chains,
 * computed anew, must pass through the hashes that the checkpoint to end at has signed.
 * CG_ERR_CONFLICT, with what is missing in ret_missing, when it does not; CG_ERR_INPUT when a line
 * is none of an export; CG_ERR_NOT_FOUND when there is no checkpoint to end at. Nothing may be
 * pruned in between: the caller prunes next, and only exports that were complete are compared.
 */
CG_MUST_USE enum cg_status cg_audit_export_covers(struct cg_store *store, int64_t before_s,
                                                  cg_audit_give_line give, void *context,
                                                  char ret_missing[static 256]);

#endif
