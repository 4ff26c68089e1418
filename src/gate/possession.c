/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/possession.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "token/proof_keys.h"

/* Both segments of a proof decoded, what they say, and two targets. */
#define SCRATCH_BYTES ((size_t)(2 * CG_LIMIT_TOKEN_BYTES + 4 * CG_LIMIT_URI_BYTES))

struct cg_possession {
    struct cg_gate_shared *shared; /* borrowed */
    struct cg_dpop_nonces nonces;
    struct cg_proof_keys *keys;
    struct cg_arena *scratch;
};

CG_DEFINE_CLEANUP(possession_free_at, struct cg_possession *, cg_possession_free)

enum cg_status cg_possession_new(struct cg_gate_shared *shared,
                                 struct cg_possession **ret_possession)
{
    struct cg_random random = cg_random_system();
    void *memory;
    CG_TRY(cg_alloc(1, sizeof(struct cg_possession), &memory));
    CG_CLEANUP(possession_free_at) struct cg_possession *possession = memory;
    possession->shared = shared;
    cg_dpop_nonces_init(&possession->nonces, shared->nonce_key);
    CG_TRY(cg_proof_keys_new(&random, &possession->keys));
    CG_TRY(cg_arena_new(SCRATCH_BYTES, &possession->scratch));
    *ret_possession = CG_STEAL(possession);
    return CG_OK;
}

struct cg_possession *cg_possession_free(struct cg_possession *possession)
{
    if (possession == NULL) {
        return NULL;
    }
    (void)cg_arena_free(possession->scratch);
    (void)cg_proof_keys_free(possession->keys);
    return cg_release(possession);
}

/* One proof on trial. */
struct trial {
    struct cg_possession *possession;
    const struct cg_gate_request *request;
    const struct cg_presented_token *presented;
    struct cg_fault fault;
};

static enum cg_status prove(struct trial *trial, struct cg_dpop_proof *ret_proof)
{
    const struct cg_gate_request *request = trial->request;
    const struct cg_presented_token *presented = trial->presented;
    struct cg_possession *possession = trial->possession;
    struct cg_token_hash *hash = presented->hash;
    if (!hash->is_known) {
        CG_TRY(cg_dpop_hash_token(presented->compact, hash->text));
        hash->is_known = true;
    }
    const struct cg_dpop_demand demand = {
        .method = request->method_name,
        .target = request->target,
        .token_hash = cg_span_of_bytes(hash->text, sizeof(hash->text)),
        .key_thumbprint = presented->token->key_thumbprint,
        .now_s = request->now_s,
    };
    return cg_proof_keys_check(possession->keys, request->proof, &demand, possession->scratch,
                               &trial->fault, ret_proof);
}

static enum cg_reason check_proof(struct cg_possession *possession,
                                  const struct cg_gate_request *request,
                                  const struct cg_presented_token *presented,
                                  struct cg_gate_verdict *verdict)
{
    /* RFC 9449 §4.3: not more than one DPoP header. */
    if (request->proof_count != 1) {
        return request->proof_count == 0 ? CG_REASON_PROOF_MISSING : CG_REASON_PROOF_REPEATED;
    }
    struct trial trial = {.possession = possession, .request = request, .presented = presented};
    struct cg_dpop_proof proof;
    cg_arena_clear(possession->scratch);
    enum cg_status status = prove(&trial, &proof);
    if (status != CG_OK) {
        return trial.fault.reason != CG_REASON_NONE ? trial.fault.reason : CG_REASON_INTERNAL;
    }
    enum cg_reason reason =
        cg_dpop_nonces_check(&possession->nonces, proof.nonce, request->now_s, &verdict->nonce);
    if (reason != CG_REASON_NONE) {
        return reason;
    }
    return cg_replay_spend(possession->shared->replay, presented->token->key_thumbprint, proof.id,
                           proof.issued_s);
}

enum cg_reason cg_possession_check_scheme(struct cg_possession *possession,
                                          const struct cg_gate_request *request,
                                          const struct cg_presented_token *presented,
                                          struct cg_gate_verdict *verdict)
{
    bool is_bound = presented->token->key_thumbprint.len > 0;
    bool is_bearer = presented->scheme == CG_AUTHZ_BEARER;
    if (is_bearer && !is_bound) {
        return CG_REASON_NONE;
    }
    verdict->uses_dpop = 1;
    if (!is_bound) {
        return CG_REASON_TOKEN_NOT_BOUND;
    }
    /* RFC 9449 §7.2: a bound token received as a bearer token MUST be rejected. */
    if (is_bearer) {
        verdict->nonce = cg_dpop_nonces_fresh(&possession->nonces, request->now_s);
        return CG_REASON_TOKEN_BOUND;
    }
    return CG_REASON_NONE;
}

enum cg_reason cg_possession_spend_proof(struct cg_possession *possession,
                                         const struct cg_gate_request *request,
                                         const struct cg_presented_token *presented,
                                         struct cg_gate_verdict *verdict)
{
    if (presented->scheme == CG_AUTHZ_BEARER) {
        return CG_REASON_NONE;
    }
    /* An internal jump or a subrequest: the client made its proof for the request that it sent. */
    if (request->is_proven != 0) {
        verdict->is_proven = 1;
        return CG_REASON_NONE;
    }
    verdict->nonce = cg_dpop_nonces_fresh(&possession->nonces, request->now_s);
    enum cg_reason reason = check_proof(possession, request, presented, verdict);
    verdict->is_proven = reason == CG_REASON_NONE;
    return reason;
}
