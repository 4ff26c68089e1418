/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/key_fetcher.h"

#include "base/alloc.h"
#include "base/status.h"
#include "jose/jwks.h"

/* At least one key of it can be used: an empty set would lock the client out until its end. */
static bool is_key_set(struct cg_span body)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
    return cg_json_parse(body, CG_LIMIT_REMOTE_BYTES, &json) == CG_OK &&
           cg_jwks_parse(cg_json_root(json), CG_JWK_MAY_NAME_ALG, &jwks) == CG_OK &&
           cg_jwks_count(jwks) > 0;
}

enum cg_status cg_key_fetcher_new(const struct cg_key_fetcher_config *config,
                                  struct cg_key_fetcher **ret_fetcher)
{
    struct cg_remote_config remote = {
        .hosts = config->hosts,
        .host_count = config->host_count,
        .ca_file = config->ca_file,
        .accepts = is_key_set,
        .now_s = config->now_s,
    };
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_key_fetcher), &memory));
    struct cg_key_fetcher *fetcher = memory;
    enum cg_status status = cg_remote_new(&remote, &fetcher->remote);
    if (status != CG_OK) {
        (void)cg_release(fetcher);
        return status;
    }
    *ret_fetcher = fetcher;
    return CG_OK;
}

struct cg_key_fetcher *cg_key_fetcher_free(struct cg_key_fetcher *fetcher)
{
    if (fetcher != NULL) {
        fetcher->remote = cg_remote_free(fetcher->remote);
    }
    return cg_release(fetcher);
}

uint64_t cg_key_fetcher_turns(struct cg_key_fetcher *fetcher)
{
    return cg_remote_turns(fetcher->remote);
}
