/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/shared.h"

#include "base/alloc.h"
#include "base/status.h"
#include "crypto/random.h"

#include <stdalign.h>

#define REPLAY_AT ((size_t)64)

_Static_assert(sizeof(struct cg_gate_shared) <= REPLAY_AT, "the table stands behind it");
_Static_assert(CG_GATE_SHARED_BYTES_MIN == CG_REPLAY_BYTES_MIN + REPLAY_AT, "one smallest size");

enum cg_status cg_gate_shared_init(void *memory, size_t len, struct cg_gate_shared **ret_shared)
{
    struct cg_random random = cg_random_system();
    uint8_t replay_key[CG_REPLAY_KEY_BYTES];
    if (len < CG_GATE_SHARED_BYTES_MIN || (uintptr_t)memory % alignof(max_align_t) != 0) {
        return CG_ERR_INPUT;
    }
    struct cg_gate_shared *shared = memory;
    CG_TRY(cg_random_fill(&random, shared->nonce_key, sizeof(shared->nonce_key)));
    CG_TRY(cg_random_fill(&random, replay_key, sizeof(replay_key)));
    enum cg_status status =
        cg_replay_init((uint8_t *)memory + REPLAY_AT, len - REPLAY_AT, replay_key, &shared->replay);
    cg_wipe(replay_key, sizeof(replay_key));
    CG_TRY(status);
    *ret_shared = shared;
    return CG_OK;
}
