/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle that proves itself is of the one issuer, proves itself again by the keys that came of
 * it, and stands where it stands in the order. */
#include "base/limits.h"
#include "base/span.h"
#include "token/gate_bundle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ISSUER "https://care.example/vlive/hpca"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool held)
{
    if (!held) {
        abort();
    }
}

static void check(const struct cg_snapshot *snapshot, struct cg_span compact,
                  struct cg_arena *arena)
{
    const struct cg_snapshot_realm *realm = cg_snapshot_only_realm(snapshot);
    struct cg_snapshot *again = NULL;
    char tag[CG_GATE_BUNDLE_TAG_BYTES];
    require(realm != NULL && cg_span_equal_string(cg_snapshot_realm_issuer(realm), ISSUER));
    const struct cg_gate_bundle_trust trust = {CG_SPAN(ISSUER), cg_snapshot_realm_keys(realm)};
    require(cg_gate_bundle_open(&trust, compact, arena, &again) == CG_OK);
    require(cg_span_equal(cg_snapshot_text(snapshot), cg_snapshot_text(again)));
    require(!cg_gate_bundle_is_older(snapshot, again) && !cg_gate_bundle_is_older(again, snapshot));
    cg_gate_bundle_tag(snapshot, tag);
    require(strlen(tag) >= 3);
    (void)cg_snapshot_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct cg_gate_bundle_trust trust = {CG_SPAN(ISSUER), NULL};
    struct cg_span compact = cg_span_of_bytes(data, len);
    struct cg_arena *arena = NULL;
    struct cg_snapshot *snapshot = NULL;
    require(cg_arena_new(4 * (size_t)CG_LIMIT_BUNDLE_BYTES, &arena) == CG_OK);
    if (cg_gate_bundle_open(&trust, compact, arena, &snapshot) == CG_OK) {
        check(snapshot, compact, arena);
    }
    (void)cg_snapshot_free(snapshot);
    (void)cg_arena_free(arena);
    return 0;
}
