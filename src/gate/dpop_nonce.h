/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nonces for proofs of possession (RFC 9449 §9): one for each minute, made from the minute and a
 * key that the workers of a machine share and that is new at each start. So nothing is kept for the
 * clients, and no other gate takes a proof that was made for this one. A nonce is good for the
 * minute in which it is new and the four that follow. One thread.
 */
#ifndef CG_GATE_DPOP_NONCE_H
#define CG_GATE_DPOP_NONCE_H

#include <caregate/reason.h>
#include <caregate/types.h>

#define CG_DPOP_NONCE_KEY_BYTES 32
#define CG_DPOP_NONCE_CHARS 22 /* 128 bits */
#define CG_DPOP_NONCES 5       /* that are good at one time */

struct cg_dpop_nonces {
    const uint8_t *key; /* CG_DPOP_NONCE_KEY_BYTES, borrowed */
    int64_t minute;     /* of the first text; -1 when none was made yet */
    uint8_t texts[CG_DPOP_NONCES][CG_DPOP_NONCE_CHARS]; /* the newest first */
};

void cg_dpop_nonces_init(struct cg_dpop_nonces *nonces, const uint8_t *key);

/*
 * What to say of a presented nonce: NONE, PROOF_NONCE_MISSING when it is absent,
 * PROOF_NONCE_REFUSED, or INTERNAL when OpenSSL fails. *ret_fresh is the newest, for the client's
 * next proof, unless it has that one already; it borrows until the next call.
 */
enum cg_reason cg_dpop_nonces_check(struct cg_dpop_nonces *nonces, struct cg_span presented,
                                    int64_t now_s, struct cg_span *ret_fresh);

/* The newest; absent when OpenSSL fails. It borrows until the next call. */
struct cg_span cg_dpop_nonces_fresh(struct cg_dpop_nonces *nonces, int64_t now_s);

#endif
