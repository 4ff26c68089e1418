/* SPDX-License-Identifier: Apache-2.0 */
#include "token/gate_bundle.h"

#include "base/limits.h"
#include "base/span.h"
#include "jose/jws.h"
#include "token/snapshot_parts.h"

#include <inttypes.h>
#include <stdio.h>

_Static_assert(CG_LIMIT_BUNDLE_BYTES > CG_LIMIT_SNAPSHOT_BYTES / 3 * 4 + CG_LIMIT_TOKEN_BYTES,
               "the largest snapshot fits into a bundle");

int64_t cg_gate_bundle_sequence(const struct cg_snapshot *snapshot)
{
    /* JSON's numbers reach 2^63; wrapping is no trouble to whom only the order matters. */
    return (int64_t)((uint64_t)snapshot->version + (uint64_t)snapshot->denylist_generation);
}

bool cg_gate_bundle_is_older(const struct cg_snapshot *a, const struct cg_snapshot *b)
{
    int64_t sequence_a = cg_gate_bundle_sequence(a);
    int64_t sequence_b = cg_gate_bundle_sequence(b);
    return sequence_a < sequence_b || (sequence_a == sequence_b && a->made_s < b->made_s);
}

void cg_gate_bundle_tag(const struct cg_snapshot *snapshot,
                        char ret_tag[static CG_GATE_BUNDLE_TAG_BYTES])
{
    (void)snprintf(ret_tag, CG_GATE_BUNDLE_TAG_BYTES, "%" PRId64 "-%" PRId64,
                   cg_gate_bundle_sequence(snapshot), snapshot->keys_generation);
}

static enum cg_status verify(const struct cg_jws *jws, const struct cg_key_ring *keys)
{
    struct cg_verifier *verifier = NULL;
    if (jws->kid.len == 0 || cg_key_ring_find(keys, jws->kid, &verifier) == NULL) {
        return CG_ERR_NOT_FOUND;
    }
    return cg_jws_verify(jws, verifier, NULL);
}

/* RFC 7515 §4.1.9: our issuers write the type as it stands here, and no other is taken. */
static enum cg_status split(struct cg_span compact, struct cg_arena *arena, struct cg_jws *ret_jws)
{
    CG_TRY(cg_jws_split_long(compact, CG_LIMIT_BUNDLE_BYTES, arena, NULL, ret_jws));
    return cg_span_equal_string(ret_jws->typ, CG_GATE_BUNDLE_TYP) ? CG_OK : CG_ERR_AUTHENTICATION;
}

static enum cg_status check_issuer(const struct cg_snapshot *snapshot, struct cg_span issuer)
{
    const struct cg_snapshot_realm *only = cg_snapshot_only_realm(snapshot);
    return only != NULL && cg_span_equal(only->issuer, issuer) ? CG_OK : CG_ERR_INPUT;
}

enum cg_status cg_gate_bundle_open(const struct cg_gate_bundle_trust *trust, struct cg_span compact,
                                   struct cg_arena *arena, struct cg_snapshot **ret_snapshot)
{
    struct cg_jws jws = {0};
    CG_CLEANUP(cg_snapshot_free_at) struct cg_snapshot *snapshot = NULL;
    CG_TRY(split(compact, arena, &jws));
    /* Nothing of a payload is read before it is proven, where there is something to prove it by. */
    if (trust->keys != NULL) {
        CG_TRY(verify(&jws, trust->keys));
    }
    CG_TRY(cg_snapshot_parse(jws.payload, &snapshot));
    CG_TRY(check_issuer(snapshot, trust->issuer));
    if (trust->keys == NULL) {
        CG_TRY(verify(&jws, cg_snapshot_only_realm(snapshot)->keys));
    }
    *ret_snapshot = CG_STEAL(snapshot);
    return CG_OK;
}
