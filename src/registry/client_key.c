/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client_key.h"

#include "base/limits.h"
#include "base/span.h"
#include "registry/client_key_row.h"
#include "registry/name.h"
#include "registry/rows.h"

static const char *const kind_names[CG_CLIENT_KEY_KIND_COUNT] = {
    [CG_CLIENT_KEY_JWKS] = "jwks",
    [CG_CLIENT_KEY_JWKS_URI] = "jwks_uri",
    [CG_CLIENT_KEY_CERTIFICATE] = "certificate",
    [CG_CLIENT_KEY_TLS_SUBJECT] = "tls_subject",
    [CG_CLIENT_KEY_TLS_SAN_DNS] = "tls_san_dns",
};

struct cg_span cg_client_key_kind_name(enum cg_client_key_kind kind)
{
    return cg_span_of_string(kind_names[kind]);
}

#define KIND(name) (1U << (unsigned)CG_CLIENT_KEY_##name)

static const struct {
    enum cg_client_auth auth;
    unsigned kinds;
} kinds_for[] = {
    {CG_CLIENT_AUTH_PRIVATE_KEY_JWT, KIND(JWKS) | KIND(JWKS_URI)},
    {CG_CLIENT_AUTH_TLS, KIND(TLS_SUBJECT) | KIND(TLS_SAN_DNS)},
    {CG_CLIENT_AUTH_SELF_SIGNED_TLS, KIND(CERTIFICATE) | KIND(JWKS) | KIND(JWKS_URI)},
};

unsigned cg_client_key_kinds_for(enum cg_client_auth auth)
{
    for (size_t i = 0; i < sizeof(kinds_for) / sizeof(kinds_for[0]); i++) {
        if (kinds_for[i].auth == auth) {
            return kinds_for[i].kinds;
        }
    }
    return 0;
}

enum cg_status cg_client_key_kind_find(struct cg_span name, enum cg_client_key_kind *ret_kind)
{
    for (size_t i = 0; i < CG_CLIENT_KEY_KIND_COUNT; i++) {
        if (cg_span_equal_string(name, kind_names[i])) {
            *ret_kind = (enum cg_client_key_kind)i;
            return CG_OK;
        }
    }
    return CG_ERR_INPUT;
}

enum cg_status cg_client_key_row_read(struct cg_statement *statement, struct cg_arena *arena,
                                      void *row)
{
    enum cg_status status = CG_OK;
    struct cg_client_key key = {
        .id = cg_rows_text(statement, 0, arena, &status),
        .realm = cg_rows_text(statement, 1, arena, &status),
        .client = cg_rows_text(statement, 2, arena, &status),
        .value = cg_rows_text(statement, 4, arena, &status),
        .created_s = cg_column_number(statement, 5),
        .revoked_s = cg_column_number(statement, 6),
    };
    CG_TRY(status);
    if (cg_client_key_kind_find(cg_column_text(statement, 3), &key.kind) != CG_OK) {
        return CG_ERR_STORE;
    }
    struct cg_client_key *ret = row;
    *ret = key;
    return CG_OK;
}

static enum cg_status count_in_force(struct cg_store *store, const struct cg_client_key *key,
                                     int64_t *ret_count)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_KEY_COUNT, &statement));
    cg_bind_text(statement, "realm", key->realm);
    cg_bind_text(statement, "client", key->client);
    return cg_rows_number(statement, ret_count);
}

/* RFC 8705 §2.1.2: exactly one of the metadata parameters that name a certificate. Several of one
 * kind may be in force, so that a name can be changed without a gap. */
static enum cg_status check_rival(struct cg_store *store, const struct cg_client_key *key,
                                  struct cg_fault *fault)
{
    bool is_subject = key->kind == CG_CLIENT_KEY_TLS_SUBJECT;
    if (!is_subject && key->kind != CG_CLIENT_KEY_TLS_SAN_DNS) {
        return CG_OK;
    }
    struct cg_statement *statement = NULL;
    int64_t count = 0;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_KEY_COUNT_OF_KIND, &statement));
    cg_bind_text(statement, "realm", key->realm);
    cg_bind_text(statement, "client", key->client);
    cg_bind_text(statement, "kind",
                 cg_client_key_kind_name(is_subject ? CG_CLIENT_KEY_TLS_SAN_DNS
                                                    : CG_CLIENT_KEY_TLS_SUBJECT));
    CG_TRY(cg_rows_number(statement, &count));
    if (count > 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "the client's certificate is known by its subject or by a DNS name, not by both: "
                "revoke what is registered of the other kind first",
                "RFC 8705 §2.1.2");
    }
    return CG_OK;
}

static enum cg_status insert(struct cg_store *store, const struct cg_client_key *key,
                             struct cg_span id)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_KEY_ADD, &statement));
    cg_bind_text(statement, "id", id);
    cg_bind_text(statement, "realm", key->realm);
    cg_bind_text(statement, "client", key->client);
    cg_bind_text(statement, "kind", cg_client_key_kind_name(key->kind));
    cg_bind_text(statement, "value", key->value);
    cg_bind_number(statement, "now", key->created_s);
    return cg_store_run(statement, NULL);
}

enum cg_status cg_client_key_add(struct cg_store *store, const struct cg_client_key *key,
                                 const struct cg_random *random, struct cg_arena *arena,
                                 struct cg_fault *fault, struct cg_span *ret_id)
{
    int64_t count = 0;
    CG_TRY(count_in_force(store, key, &count));
    if (count >= CG_LIMIT_CLIENT_KEYS) {
        CG_FAIL(fault, CG_ERR_LIMIT, CG_REASON_NONE,
                "the client has as many keys in force as it may: revoke one first", NULL);
    }
    CG_TRY(check_rival(store, key, fault));
    struct cg_span id = {NULL, 0};
    CG_TRY(cg_name_make_id("key_", random, arena, &id));
    CG_TRY(insert(store, key, id));
    CG_TRY(cg_registry_touch(store, CG_TOUCH_REGISTRY));
    *ret_id = id;
    return CG_OK;
}

enum cg_status cg_client_key_list(struct cg_store *store, struct cg_span realm,
                                  struct cg_span client, struct cg_arena *arena,
                                  cg_registry_visit visit, void *context)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_KEY_LIST, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "client", client);
    struct cg_client_key key;
    return cg_rows_visit(&(struct cg_rows){statement, cg_client_key_row_read, arena, &key}, visit,
                         context);
}

static enum cg_status find(struct cg_store *store, struct cg_span realm, struct cg_span id,
                           struct cg_arena *arena, struct cg_client_key *ret_key)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_KEY_FIND, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "id", id);
    return cg_rows_first(&(struct cg_rows){statement, cg_client_key_row_read, arena, ret_key});
}

enum cg_status cg_client_key_revoke(struct cg_store *store, const struct cg_client_key *named,
                                    int64_t now_s, struct cg_arena *arena, struct cg_fault *fault,
                                    struct cg_client_key *ret_key)
{
    struct cg_client_key key;
    enum cg_status status = find(store, named->realm, named->id, arena, &key);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no client key of this id in the realm",
                NULL);
    }
    CG_TRY(status);
    if (key.revoked_s != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE, "the key is revoked already", NULL);
    }
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_KEY_REVOKE, &statement));
    cg_bind_text(statement, "id", key.id);
    cg_bind_number(statement, "now", now_s);
    CG_TRY(cg_store_run(statement, NULL));
    CG_TRY(cg_registry_touch(store, CG_TOUCH_REGISTRY));
    key.revoked_s = now_s;
    *ret_key = key;
    return CG_OK;
}
