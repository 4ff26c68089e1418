/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/record_load.h"

#include "base/limits.h"
#include "base/span.h"
#include "crypto/certificate_facts.h"
#include "registry/client_key_row.h"
#include "registry/client_row.h"
#include "registry/rows.h"
#include "token/scope_limit.h"

#include <string.h>

/* A scope that an API declares, in a list that borrows from the arena. */
struct declared {
    struct cg_span api;
    struct cg_span scope;
    const struct declared *next;
};

struct loading {
    struct cg_store *store;
    const struct cg_client_query *query;
    struct cg_arena *arena;
    struct cg_record_secret *secrets;
    size_t secret_count;
    struct cg_record_key *keys;
    size_t key_count;
    struct cg_record_agreement *agreements;
    size_t agreement_count;
    bool is_narrowed;
    const struct declared *declared;
};

static enum cg_status start(const struct loading *loading, enum cg_sql sql,
                            struct cg_statement **ret_statement)
{
    CG_TRY(cg_store_start(loading->store, sql, ret_statement));
    cg_bind_text(*ret_statement, "realm", loading->query->realm);
    cg_bind_text(*ret_statement, "client", loading->query->id);
    return CG_OK;
}

static enum cg_status read_secret(struct cg_statement *statement, struct cg_arena *arena, void *row)
{
    struct cg_record_secret *secret = row;
    struct cg_span digest = cg_column_blob(statement, 1);
    if (digest.len != sizeof(secret->digest)) {
        return CG_ERR_STORE;
    }
    memcpy(secret->digest, digest.data, digest.len);
    secret->expires_s = cg_column_number(statement, 2);
    return cg_column_copy(statement, 0, arena, &secret->id);
}

static enum cg_status keep_secret(void *context, const void *row)
{
    struct loading *loading = context;
    const struct cg_record_secret *secret = row;
    if (loading->secret_count == CG_LIMIT_CLIENT_SECRETS) {
        return CG_ERR_LIMIT;
    }
    loading->secrets[loading->secret_count++] = *secret;
    return CG_OK;
}

static enum cg_status load_secrets(struct loading *loading)
{
    void *memory = NULL;
    CG_TRY(cg_arena_take_array(loading->arena, CG_LIMIT_CLIENT_SECRETS,
                               sizeof(struct cg_record_secret), &memory));
    loading->secrets = memory;
    struct cg_statement *statement = NULL;
    CG_TRY(start(loading, CG_SQL_RECORD_SECRETS, &statement));
    cg_bind_number(statement, "now", loading->query->now_s);
    struct cg_record_secret secret;
    return cg_rows_visit(&(struct cg_rows){statement, read_secret, loading->arena, &secret},
                         keep_secret, loading);
}

/* Once here, so that a certificate that is shown costs one comparison. What is no certificate was
 * not put there by us: the store is damaged. */
static enum cg_status digest_certificate(struct cg_span pem, struct cg_arena *arena,
                                         uint8_t ret_digest[static CG_SHA256_BYTES])
{
    struct cg_span der;
    enum cg_status status = cg_certificate_decode_pem(pem, arena, &der);
    if (status != CG_OK) {
        return status == CG_ERR_INPUT ? CG_ERR_STORE : status;
    }
    return cg_sha256(der, ret_digest);
}

static enum cg_status keep_key(void *context, const void *row)
{
    struct loading *loading = context;
    const struct cg_client_key *key = row;
    if (loading->key_count == CG_LIMIT_CLIENT_KEYS) {
        return CG_ERR_LIMIT;
    }
    struct cg_record_key *kept = &loading->keys[loading->key_count];
    *kept = (struct cg_record_key){.id = key->id, .kind = key->kind, .value = key->value};
    if (key->kind == CG_CLIENT_KEY_CERTIFICATE) {
        CG_TRY(digest_certificate(key->value, loading->arena, kept->digest));
    }
    loading->key_count++;
    return CG_OK;
}

static enum cg_status load_keys(struct loading *loading)
{
    void *memory = NULL;
    CG_TRY(cg_arena_take_array(loading->arena, CG_LIMIT_CLIENT_KEYS, sizeof(struct cg_record_key),
                               &memory));
    loading->keys = memory;
    struct cg_statement *statement = NULL;
    CG_TRY(start(loading, CG_SQL_RECORD_KEYS, &statement));
    struct cg_client_key key;
    return cg_rows_visit(&(struct cg_rows){statement, cg_client_key_row_read, loading->arena, &key},
                         keep_key, loading);
}

static enum cg_status read_agreement(struct cg_statement *statement, struct cg_arena *arena,
                                     void *row)
{
    enum cg_status status = CG_OK;
    struct cg_record_agreement agreement = {
        .id = cg_rows_text(statement, 0, arena, &status),
        .api = cg_rows_text(statement, 1, arena, &status),
        .audience = cg_rows_text(statement, 2, arena, &status),
        .scope = cg_rows_text(statement, 3, arena, &status),
        .from_s = cg_column_number(statement, 4),
        .until_s = cg_column_number(statement, 5),
        .api_token_life_s = cg_column_number(statement, 6),
        .document_types = cg_rows_text(statement, 7, arena, &status),
        .organisations = cg_rows_text(statement, 8, arena, &status),
    };
    CG_TRY(status);
    struct cg_record_agreement *ret = row;
    *ret = agreement;
    return CG_OK;
}

static enum cg_status keep_agreement(void *context, const void *row)
{
    struct loading *loading = context;
    const struct cg_record_agreement *agreement = row;
    if (loading->agreement_count == CG_LIMIT_CLIENT_AGREEMENTS) {
        return CG_ERR_LIMIT;
    }
    loading->agreements[loading->agreement_count++] = *agreement;
    loading->is_narrowed = loading->is_narrowed || agreement->document_types.len > 0 ||
                           agreement->organisations.len > 0;
    return CG_OK;
}

static enum cg_status load_agreements(struct loading *loading)
{
    void *memory = NULL;
    CG_TRY(cg_arena_take_array(loading->arena, CG_LIMIT_CLIENT_AGREEMENTS,
                               sizeof(struct cg_record_agreement), &memory));
    loading->agreements = memory;
    struct cg_statement *statement = NULL;
    CG_TRY(start(loading, CG_SQL_RECORD_AGREEMENTS, &statement));
    cg_bind_number(statement, "now", loading->query->now_s);
    struct cg_record_agreement agreement;
    return cg_rows_visit(&(struct cg_rows){statement, read_agreement, loading->arena, &agreement},
                         keep_agreement, loading);
}

static enum cg_status read_declared(struct cg_statement *statement, struct cg_arena *arena,
                                    void *row)
{
    struct declared *declared = row;
    CG_TRY(cg_column_copy(statement, 0, arena, &declared->api));
    return cg_column_copy(statement, 1, arena, &declared->scope);
}

static enum cg_status keep_declared(void *context, const void *row)
{
    struct loading *loading = context;
    const struct declared *read = row;
    void *memory = NULL;
    CG_TRY(cg_arena_take(loading->arena, sizeof(struct declared), &memory));
    struct declared *kept = memory;
    *kept = *read;
    kept->next = loading->declared;
    loading->declared = kept;
    return CG_OK;
}

static enum cg_status load_declared(struct loading *loading)
{
    struct cg_statement *statement = NULL;
    CG_TRY(start(loading, CG_SQL_RECORD_SCOPES, &statement));
    struct declared declared = {.next = NULL};
    return cg_rows_visit(&(struct cg_rows){statement, read_declared, loading->arena, &declared},
                         keep_declared, loading);
}

static enum cg_status write_declared(const struct loading *loading, struct cg_span api,
                                     struct cg_buf *buf, struct cg_span *ret_scope)
{
    for (const struct declared *at = loading->declared; at != NULL; at = at->next) {
        if (cg_span_equal(at->api, api)) {
            cg_buf_put_string(buf, buf->len > 0 ? " " : "");
            cg_buf_put(buf, at->scope);
        }
    }
    return cg_buf_finish(buf, ret_scope);
}

/* Leaves of an agreement's scopes what its API declares. */
static enum cg_status narrow(const struct loading *loading, struct cg_record_agreement *agreement)
{
    CG_CLEANUP(cg_buf_release) struct cg_buf declared = {.data = NULL};
    struct cg_span list;
    struct cg_scope scope;
    struct cg_buf buf;
    cg_buf_init(&declared, CG_LIMIT_SCOPE_BYTES);
    CG_TRY(write_declared(loading, agreement->api, &declared, &list));
    CG_TRY(cg_scope_parse(agreement->scope, &scope));
    CG_TRY(cg_scope_limit(list, loading->arena, &scope));
    cg_buf_init_arena(&buf, loading->arena, CG_LIMIT_SCOPE_BYTES);
    cg_scope_write(&scope, &buf);
    return cg_buf_finish(&buf, &agreement->scope);
}

static enum cg_status load_client(const struct loading *loading, struct cg_client *ret_client)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(loading->store, CG_SQL_CLIENT_FIND, &statement));
    cg_bind_text(statement, "realm", loading->query->realm);
    cg_bind_text(statement, "id", loading->query->id);
    return cg_rows_first(
        &(struct cg_rows){statement, cg_client_row_read, loading->arena, ret_client});
}

enum cg_status cg_record_load(struct cg_store *store, const struct cg_client_query *query,
                              struct cg_arena *arena, struct cg_client_record *ret_record)
{
    struct loading loading = {.store = store, .query = query, .arena = arena};
    struct cg_client client;
    enum cg_status found = load_client(&loading, &client);
    if (found != CG_OK && found != CG_ERR_NOT_FOUND) {
        return found;
    }
    CG_TRY(load_secrets(&loading));
    CG_TRY(load_keys(&loading));
    CG_TRY(load_declared(&loading));
    CG_TRY(load_agreements(&loading));
    CG_TRY(found);
    for (size_t i = 0; i < loading.agreement_count; i++) {
        CG_TRY(narrow(&loading, &loading.agreements[i]));
    }
    *ret_record = (struct cg_client_record){
        .client = client,
        .secrets = loading.secrets,
        .secret_count = loading.secret_count,
        .keys = loading.keys,
        .key_count = loading.key_count,
        .agreements = loading.agreements,
        .agreement_count = loading.agreement_count,
        .is_narrowed = loading.is_narrowed,
    };
    return CG_OK;
}
