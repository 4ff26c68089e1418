/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/in_service.h"

#include "base/limits.h"
#include "base/span.h"
#include "registry/api.h"
#include "registry/client.h"
#include "registry/introspector.h"
#include "registry/upstream.h"

/* Missing is a finding here, and no failure. */
static enum cg_status judge(enum cg_status status, bool in_service, bool *ret_is)
{
    if (status != CG_OK && status != CG_ERR_NOT_FOUND) {
        return status;
    }
    *ret_is = status == CG_OK && in_service;
    return CG_OK;
}

enum cg_status cg_in_service_api(const struct cg_in_service *look, struct cg_span name,
                                 bool *ret_is)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_api api = {.retired_s = 0};
    CG_TRY(cg_arena_new(CG_LIMIT_REGISTRY_LOAD_BYTES, &arena));
    enum cg_status status = cg_api_find(look->store, look->realm, name, arena, &api);
    return judge(status, api.retired_s == 0, ret_is);
}

enum cg_status cg_in_service_client(const struct cg_in_service *look, struct cg_span id,
                                    bool *ret_is)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_client client = {.state = CG_CLIENT_RETIRED};
    CG_TRY(cg_arena_new(CG_LIMIT_REGISTRY_LOAD_BYTES, &arena));
    enum cg_status status = cg_client_find(look->store, look->realm, id, arena, &client);
    return judge(status, client.state != CG_CLIENT_RETIRED, ret_is);
}

enum cg_status cg_in_service_upstream(const struct cg_in_service *look, struct cg_span name,
                                      bool *ret_is)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_upstream upstream = {.retired_s = 0};
    CG_TRY(cg_arena_new(CG_LIMIT_REGISTRY_LOAD_BYTES, &arena));
    enum cg_status status = cg_upstream_named(look->store, look->realm, name, arena, &upstream);
    return judge(status, upstream.retired_s == 0, ret_is);
}

enum cg_status cg_in_service_agreement(const struct cg_in_service *look,
                                       const struct cg_agreement *agreement, bool *ret_is)
{
    bool is_open =
        agreement->state == CG_AGREEMENT_REQUESTED || agreement->state == CG_AGREEMENT_APPROVED;
    bool is_over = agreement->until_s != 0 && agreement->until_s <= look->now_s;
    bool has_client = false;
    bool has_api = false;
    if (!is_open || is_over) {
        *ret_is = false;
        return CG_OK;
    }
    CG_TRY(cg_in_service_client(look, agreement->client, &has_client));
    CG_TRY(cg_in_service_api(look, agreement->api, &has_api));
    *ret_is = has_client && has_api;
    return CG_OK;
}

enum cg_status cg_in_service_introspectors(const struct cg_in_service *look, struct cg_span api,
                                           struct cg_arena *arena, struct cg_span *ret_clients)
{
    struct cg_span all = {NULL, 0};
    struct cg_span client;
    struct cg_buf buf;
    CG_TRY(cg_introspector_clients(look->store, look->realm, api, arena, &all));
    cg_buf_init_arena(&buf, arena, all.len + 1);
    while (cg_span_split(&all, ' ', &client)) {
        bool is_in_service = false;
        CG_TRY(cg_in_service_client(look, client, &is_in_service));
        if (is_in_service) {
            cg_buf_put_string(&buf, buf.len > 0 ? " " : "");
            cg_buf_put(&buf, client);
        }
    }
    return cg_buf_finish(&buf, ret_clients);
}
