/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/grant.h"

#include "base/span.h"

static const struct {
    struct cg_span type;
    struct cg_span word;
} grants[CG_GRANT_COUNT] = {
    [CG_GRANT_CLIENT_CREDENTIALS] = {CG_SPAN("client_credentials"), CG_SPAN("client_credentials")},
    [CG_GRANT_TOKEN_EXCHANGE] = {CG_SPAN("urn:ietf:params:oauth:grant-type:token-exchange"),
                                 CG_SPAN("token-exchange")},
    [CG_GRANT_GATE] = {CG_SPAN("gate"), CG_SPAN("gate")},
};

struct cg_span cg_grant_type(enum cg_grant grant)
{
    return grants[grant].type;
}

enum cg_status cg_grant_find(struct cg_span type, enum cg_grant *ret_grant)
{
    for (size_t i = 0; i < CG_GRANT_COUNT; i++) {
        if (cg_span_equal(grants[i].type, type)) {
            *ret_grant = (enum cg_grant)i;
            return CG_OK;
        }
    }
    return CG_ERR_NOT_FOUND;
}

enum cg_status cg_grant_find_word(struct cg_span word, enum cg_grant *ret_grant)
{
    for (size_t i = 0; i < CG_GRANT_COUNT; i++) {
        if (cg_span_equal(grants[i].word, word)) {
            *ret_grant = (enum cg_grant)i;
            return CG_OK;
        }
    }
    return cg_grant_find(word, ret_grant) == CG_OK ? CG_OK : CG_ERR_INPUT;
}
