/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be used once: the jti of an assertion or proof, a token that is exchanged. It is spent
 * in the transaction that records what came of it, by one conditional statement: of any number that
 * try, on any thread, node or engine, one wins, and it stays spent after a crash.
 */
#ifndef CG_AUDIT_SINGLE_USE_H
#define CG_AUDIT_SINGLE_USE_H

#include "crypto/digest.h"
#include "store/store.h"

#include <caregate/types.h>

/* In the order in which one request's are spent: what somebody must sign in for again is last. */
enum cg_single_use_kind {
    CG_SINGLE_USE_ASSERTION, /* RFC 7523 §3: jti of a client's assertion */
    CG_SINGLE_USE_DPOP,      /* RFC 9449 §11.1: jti of a proof */
    CG_SINGLE_USE_EXCHANGE,  /* a subject token */
    CG_SINGLE_USE_KIND_COUNT
};

/* The thing by its digest, and when nothing accepts it any more: Unix seconds. */
struct cg_single_use {
    enum cg_single_use_kind kind;
    uint8_t digest[CG_SHA256_BYTES];
    int64_t expires_s;
};

/*
 * Names a thing by what makes it unique: ids are compared within one realm and owner (the client,
 * or the key's thumbprint). CG_ERR_CRYPTO when OpenSSL fails, CG_ERR_LIMIT past
 * CG_LIMIT_SINGLE_USE_BYTES in all.
 */
CG_MUST_USE enum cg_status cg_single_use_name(struct cg_span realm, struct cg_span owner,
                                              struct cg_span id, struct cg_single_use *use);

/*
 * Spends it, inside a transaction on the audit's store that the caller holds. *ret_won is false
 * when it was spent before. CG_ERR_STORE, CG_ERR_LIMIT.
 */
CG_MUST_USE enum cg_status cg_single_use_spend(struct cg_store *audit,
                                               const struct cg_single_use *use, bool *ret_won);

/* Whether it is spent already, inside a transaction or not: only spending it decides. CG_ERR_STORE,
 * CG_ERR_LIMIT. */
CG_MUST_USE enum cg_status cg_single_use_look(struct cg_store *audit,
                                              const struct cg_single_use *use, bool *ret_spent);

/* What the audit says of one that comes again; static. */
const char *cg_single_use_detail(enum cg_single_use_kind kind);

/* Forgets what nothing accepts any more, in a transaction of its own. CG_ERR_STORE. */
CG_MUST_USE enum cg_status cg_single_use_forget(struct cg_store *audit, int64_t now_s);

#endif
