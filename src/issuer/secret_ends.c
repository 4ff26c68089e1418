/* SPDX-License-Identifier: Apache-2.0 */
/* When secrets end, for faces that tell of it. */
#include "base/limits.h"
#include "base/status.h"
#include "issuer/slot.h"
#include "registry/credential.h"

#include <caregate/issuer.h>

struct telling {
    void (*visit)(void *context, const struct cg_secret_end *end);
    void *context;
};

static enum cg_status tell(void *context, const void *row)
{
    const struct telling *telling = context;
    const struct cg_credential *credential = row;
    struct cg_secret_end end = {.secret_id = credential->id,
                                .client_id = credential->client,
                                .realm = credential->realm,
                                .ends_s = credential->expires_s};
    telling->visit(telling->context, &end);
    return CG_OK;
}

static enum cg_status look(struct cg_store *registry, int64_t now_s, struct telling *telling,
                           struct cg_secret_ends_sum *ret_sum)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_secret_ends ends;
    CG_TRY(cg_arena_new(CG_LIMIT_EXCHANGE_BYTES, &arena));
    CG_TRY(cg_secret_ends_read(registry, now_s, &ends));
    CG_TRY(cg_secret_list_ending(registry, now_s, CG_ISSUER_SECRET_ENDS_MAX, arena, tell, telling));
    *ret_sum = (struct cg_secret_ends_sum){ends.next_s, ends.soon_count};
    return CG_OK;
}

enum cg_status cg_issuer_secret_ends(struct cg_issuer_slot *slot, int64_t now_s,
                                     void (*visit)(void *context, const struct cg_secret_end *end),
                                     void *context, struct cg_secret_ends_sum *ret_sum)
{
    struct telling telling = {visit, context};
    if (cg_slot_open(slot, now_s) != CG_OK || cg_store_begin_read(slot->registry) != CG_OK) {
        return CG_ERR_STORE;
    }
    enum cg_status status = look(slot->registry, now_s, &telling, ret_sum);
    cg_store_rollback(slot->registry);
    return status == CG_OK ? CG_OK : CG_ERR_STORE;
}
