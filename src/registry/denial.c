/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/denial.h"

#include "base/limits.h"
#include "base/span.h"
#include "registry/rows.h"
#include "token/text.h"

static const char *const kind_names[] = {
    [CG_DENIAL_TOKEN] = "token",
    [CG_DENIAL_AGREEMENT] = "agreement",
    [CG_DENIAL_CLIENT] = "client",
};

/* `client` is absent where it is not known, or the subject itself. */
static enum cg_status add(struct cg_store *store, struct cg_span realm,
                          const struct cg_snapshot_denial *denial, struct cg_span client,
                          int64_t now_s)
{
    /* A subject that no snapshot can carry would keep all of it from the gates. */
    bool named = cg_text_is_header_safe(denial->subject, CG_LIMIT_NAME_BYTES);
    if (!named || denial->epoch < 0 || denial->expires_s <= now_s) {
        return CG_ERR_INPUT;
    }
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_DENIAL_ADD, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "kind", cg_span_of_string(kind_names[denial->kind]));
    cg_bind_text(statement, "subject", denial->subject);
    cg_bind_text(statement, "client", client);
    cg_bind_number(statement, "epoch", denial->epoch);
    cg_bind_number(statement, "now", now_s);
    cg_bind_number(statement, "expires", denial->expires_s);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, denial->kind == CG_DENIAL_TOKEN ? CG_TOUCH_DENYLIST_ALONE
                                                                    : CG_TOUCH_DENYLIST);
}

enum cg_status cg_denial_add(struct cg_store *store, struct cg_span realm,
                             const struct cg_snapshot_denial *denial, int64_t now_s)
{
    return add(store, realm, denial, (struct cg_span){NULL, 0}, now_s);
}

enum cg_status cg_denial_add_token(struct cg_store *store, struct cg_span realm,
                                   const struct cg_denied_token *token, int64_t now_s)
{
    if (token->expires_s <= now_s) {
        return CG_ERR_INPUT;
    }
    struct cg_snapshot_denial denial = {
        .kind = CG_DENIAL_TOKEN,
        .subject = token->token_id,
        .expires_s = token->expires_s + CG_DENIAL_MARGIN_S,
    };
    return add(store, realm, &denial, token->client_id, now_s);
}

enum cg_status cg_denial_has_token(struct cg_store *store, struct cg_span realm,
                                   struct cg_span token_id, bool *ret_has)
{
    struct cg_statement *statement = NULL;
    int64_t count = 0;
    CG_TRY(cg_store_start(store, CG_SQL_DENIAL_HAS_TOKEN, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "subject", token_id);
    CG_TRY(cg_rows_number(statement, &count));
    *ret_has = count != 0;
    return CG_OK;
}

enum cg_status cg_denial_count_of_client(struct cg_store *store, struct cg_span realm,
                                         struct cg_span client_id, int64_t now_s,
                                         int64_t *ret_count)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_DENIAL_COUNT_OF_CLIENT, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "client", client_id);
    cg_bind_number(statement, "now", now_s);
    return cg_rows_number(statement, ret_count);
}

enum cg_status cg_denial_kind_find(struct cg_span name, enum cg_denial *ret_kind)
{
    for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
        if (cg_span_equal_string(name, kind_names[i])) {
            *ret_kind = (enum cg_denial)i;
            return CG_OK;
        }
    }
    return CG_ERR_STORE;
}

enum cg_status cg_denial_sweep(struct cg_store *store, int64_t now_s)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_DENIAL_SWEEP, &statement));
    cg_bind_number(statement, "now", now_s);
    return cg_store_run(statement, NULL);
}
