/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/standing.h"

#include "gate/decide.h"
#include "gate/limit.h"

static size_t read_grants(const struct cg_snapshot_realm *realm,
                          const struct cg_access_token *token, struct cg_smart_grant *grants)
{
    const struct cg_snapshot_api *api =
        token->api_count > 0 ? cg_snapshot_find_api(realm, token->apis[0].name) : NULL;
    return api != NULL && cg_decide_is_for_one(api, token)
               ? cg_smart_grants_read(token->scope, api->scope, grants)
               : 0;
}

void cg_standing_find(const struct cg_snapshot_realm *realm, const struct cg_access_token *token,
                      uint64_t snapshot, struct cg_smart_grant *grants,
                      struct cg_standing *ret_standing)
{
    *ret_standing = (struct cg_standing){
        .snapshot = snapshot,
        .denied = cg_decide_denylist(realm, token),
        .withdrawn = cg_decide_withdrawn(realm, token),
        .limited = cg_limit_find(realm, token),
        .grant_count = read_grants(realm, token, grants),
    };
}

static bool names_an_api(const struct cg_snapshot_realm *realm, const struct cg_access_token *token)
{
    for (size_t i = 0; i < token->api_count; i++) {
        if (cg_snapshot_has_audience(realm, token->apis[i].audience)) {
            return true;
        }
    }
    return false;
}

enum cg_reason cg_standing_at(struct cg_standing *standing, const struct cg_snapshot_realm *realm,
                              const struct cg_gate_route *route,
                              const struct cg_access_token *token, enum cg_method method)
{
    if (standing->route == route && (standing->methods & (unsigned)method) != 0) {
        return CG_REASON_NONE;
    }
    enum cg_reason reason = cg_decide_known(realm, route, token, standing->withdrawn, method);
    if (reason == CG_REASON_NONE) {
        standing->methods = (unsigned)method | (standing->route == route ? standing->methods : 0);
        standing->route = route;
    }
    bool misses = reason == CG_REASON_API_NOT_AGREED || reason == CG_REASON_GATE_MISCONFIGURED;
    /* APIs come and go while a token is cached; who names the route's API needs no look. */
    return misses && !names_an_api(realm, token) ? CG_REASON_TOKEN_AUDIENCE_UNKNOWN : reason;
}
