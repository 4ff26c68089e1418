/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/shared_text.h"
#include "base/status.h"

#include <caregate/exchange.h>

CG_DEFINE_CLEANUP(exchange_free_at, struct cg_exchange *, cg_exchange_free)

enum cg_status cg_exchange_new(struct cg_exchange **ret_exchange)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_exchange), &memory));
    CG_CLEANUP(exchange_free_at) struct cg_exchange *exchange = memory;
    CG_TRY(cg_arena_new(CG_LIMIT_EXCHANGE_BYTES, &exchange->arena));
    *ret_exchange = CG_STEAL(exchange);
    return CG_OK;
}

void cg_exchange_clear(struct cg_exchange *exchange)
{
    (void)cg_shared_text_drop(exchange->shared);
    cg_arena_clear(exchange->arena);
    *exchange = (struct cg_exchange){.arena = exchange->arena};
}

struct cg_exchange *cg_exchange_free(struct cg_exchange *exchange)
{
    if (exchange == NULL) {
        return NULL;
    }
    (void)cg_shared_text_drop(exchange->shared);
    (void)cg_arena_free(exchange->arena);
    (void)cg_release(exchange);
    return NULL;
}
