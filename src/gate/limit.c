/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/limit.h"

#include "gate/decide.h"

#define MS_PER_S 1000

uint32_t cg_limit_find(const struct cg_snapshot_realm *realm, const struct cg_access_token *token)
{
    uint32_t limited = 0;
    for (size_t i = 0; cg_snapshot_has_limits(realm) && i < token->api_count; i++) {
        if (cg_snapshot_find_limit(realm, token->apis[i].agreement) != NULL) {
            limited |= UINT32_C(1) << i;
        }
    }
    return limited;
}

uint32_t cg_limit_here(const struct cg_snapshot_realm *realm, const struct cg_gate_route *route,
                       const struct cg_access_token *token, uint32_t limited)
{
    const struct cg_snapshot_api *api = cg_snapshot_find_api(realm, route->api);
    return api == NULL ? 0 : limited & cg_decide_places(api, token);
}

typedef int64_t (*ask_throttle)(struct cg_throttle *throttle, uint64_t key,
                                const struct cg_rate *rate, int64_t now_ms);

static int64_t ask(const struct cg_limit *limit, struct cg_span agreement, ask_throttle question)
{
    const struct cg_rate *rate = cg_snapshot_find_limit(limit->realm, agreement);
    struct cg_throttle_parts parts = {.first = cg_snapshot_realm_path(limit->realm),
                                      .second = agreement};
    if (rate == NULL) {
        return 0;
    }
    uint64_t key = cg_throttle_key(limit->throttle, CG_THROTTLE_AGREEMENT, &parts);
    int64_t wait_ms = question(limit->throttle, key, rate, limit->now_ms);
    return (wait_ms + MS_PER_S - 1) / MS_PER_S;
}

static int64_t ask_all(const struct cg_limit *limit, ask_throttle question)
{
    const struct cg_access_token *token = limit->token;
    int64_t longest_s = 0;
    for (size_t i = 0; i < token->api_count; i++) {
        bool counts = (limit->agreements >> i & 1) != 0;
        int64_t wait_s = counts ? ask(limit, token->apis[i].agreement, question) : 0;
        longest_s = wait_s > longest_s ? wait_s : longest_s;
    }
    return longest_s;
}

int64_t cg_limit_take(const struct cg_limit *limit)
{
    return ask_all(limit, cg_throttle_take);
}

int64_t cg_limit_look(const struct cg_limit *limit)
{
    return ask_all(limit, cg_throttle_look);
}
