/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/limit.h"

#include "base/span.h"
#include "gate/decide.h"

#define MS_PER_S 1000

uint32_t cg_limit_find(const struct cg_snapshot_realm *realm, const struct cg_access_token *token)
{
    uint32_t limited = 0;
    struct cg_span rest = token->behalf.agreements;
    for (size_t i = 0; cg_snapshot_has_limits(realm) && i < token->api_count; i++) {
        struct cg_span shared;
        bool is_shared = cg_span_split(&rest, ' ', &shared);
        if (cg_snapshot_find_limit(realm, token->apis[i].agreement) != NULL ||
            (is_shared && cg_snapshot_find_limit(realm, shared) != NULL)) {
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

/* Agreements, each once: an exchanged token may name one at several places. */
struct agreements {
    struct cg_span ids[2 * CG_LIMIT_TOKEN_APIS];
    size_t count;
};

static void add(struct agreements *agreements, struct cg_span id)
{
    for (size_t i = 0; i < agreements->count; i++) {
        if (cg_span_equal(agreements->ids[i], id)) {
            return;
        }
    }
    agreements->ids[agreements->count++] = id;
}

static void collect(const struct cg_limit *limit, struct agreements *agreements)
{
    const struct cg_access_token *token = limit->token;
    struct cg_span rest = token->behalf.agreements;
    agreements->count = 0;
    for (size_t i = 0; i < token->api_count; i++) {
        struct cg_span shared = {NULL, 0};
        bool is_shared = cg_span_split(&rest, ' ', &shared);
        if ((limit->agreements >> i & 1) == 0) {
            continue;
        }
        add(agreements, token->apis[i].agreement);
        if (is_shared) {
            add(agreements, shared);
        }
    }
}

static int64_t ask_all(const struct cg_limit *limit, ask_throttle question)
{
    struct agreements agreements;
    int64_t longest_s = 0;
    collect(limit, &agreements);
    for (size_t i = 0; i < agreements.count; i++) {
        int64_t wait_s = ask(limit, agreements.ids[i], question);
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
