/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/realm.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "codec/uri.h"
#include "jose/alg.h"
#include "registry/life.h"
#include "registry/name.h"
#include "registry/rows.h"

enum cg_status cg_realm_defaults(struct cg_span profile, struct cg_fault *fault,
                                 struct cg_realm *ret_realm)
{
    const struct cg_profile *found = cg_profile_find(profile);
    if (found == NULL) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the profile is one of documented, smart, nhs, fapi2", NULL);
    }
    if (cg_alg_for_tokens(found->alg) == NULL) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "this version cannot sign with an algorithm that the profile allows", NULL);
    }
    *ret_realm = (struct cg_realm){
        .profile = found->name,
        .alg = found->alg,
        .typ = found->typ,
        .token_life_s = found->token_life_s,
        .token_response = found->token_response,
        .key_life_s = CG_KEY_LIFE_S,
    };
    return CG_OK;
}

/* FAPI 2.0 Security Profile §5.4.1: PS256, ES256 or EdDSA. */
static bool alg_fits_profile(const struct cg_realm *realm)
{
    const struct cg_profile *profile = cg_profile_find(realm->profile);
    return profile == NULL || !profile->tokens_bound || !cg_span_equal_string(realm->alg, "RS256");
}

static enum cg_status check_fields(const struct cg_realm *realm, struct cg_fault *fault)
{
    struct cg_realm defaults;
    CG_TRY(cg_realm_defaults(realm->profile, fault, &defaults));
    if (cg_alg_for_tokens(realm->alg) == NULL) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the signature algorithm of a realm is RS256, PS256, ES256 or EdDSA",
                "RFC 7518 §3.1");
    }
    if (!alg_fits_profile(realm)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the profile fapi2 does not allow RS256: use PS256, ES256 or EdDSA", NULL);
    }
    if (!cg_span_equal_string(realm->typ, "JWT") && !cg_span_equal_string(realm->typ, "at+jwt")) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "the token type is JWT or at+jwt",
                "RFC 9068 §2.1");
    }
    bool key_lives =
        realm->key_life_s >= CG_KEY_LIFE_MIN_S && realm->key_life_s <= CG_LIMIT_DURATION_S;
    if (realm->key_life_s != 0 && !key_lives) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "a signing key signs for an hour at least; 90 days are usual", NULL);
    }
    if (!cg_life_is_allowed(realm->token_life_s) || realm->token_life_s == 0) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the life of a token is 1 to 86400 seconds; 300 is usual", NULL);
    }
    return CG_OK;
}

static void bind_fields(struct cg_statement *statement, const struct cg_realm *realm)
{
    cg_bind_text(statement, "path", realm->path);
    cg_bind_text(statement, "profile", realm->profile);
    cg_bind_number(statement, "token_life", realm->token_life_s);
    cg_bind_text(statement, "alg", realm->alg);
    cg_bind_text(statement, "typ", realm->typ);
    cg_bind_text(statement, "token_response", cg_token_response_name(realm->token_response));
    cg_rows_bind_optional(statement, "key_life", realm->key_life_s);
}

enum cg_status cg_realm_add(struct cg_store *store, const struct cg_realm *realm,
                            struct cg_fault *fault)
{
    if (!cg_uri_is_realm_path(realm->path)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "a realm's path is / and lower-case words, digits, dots, hyphens, as in "
                "/vlive/hpca, without a final /",
                NULL);
    }
    CG_TRY(check_fields(realm, fault));
    if (!cg_name_is_time(realm->created_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "the time of creation is missing", NULL);
    }
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_REALM_ADD, &statement));
    bind_fields(statement, realm);
    cg_bind_number(statement, "created", realm->created_s);
    enum cg_status status = cg_store_run(statement, NULL);
    if (status == CG_ERR_CONFLICT) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is a realm of this path already", NULL);
    }
    CG_TRY(status);
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

enum cg_status cg_realm_set(struct cg_store *store, const struct cg_realm *realm,
                            struct cg_fault *fault)
{
    CG_TRY(check_fields(realm, fault));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_REALM_SET, &statement));
    bind_fields(statement, realm);
    int64_t changed = 0;
    CG_TRY(cg_store_run(statement, &changed));
    if (changed == 0) {
        CG_FAIL(fault, CG_ERR_NOT_FOUND, CG_REASON_NONE, "there is no realm of this path", NULL);
    }
    CG_TRY(cg_life_note(store, realm->path, realm->token_life_s));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

/* An issuer has no meaning before the base URL is set: absent then. */
static enum cg_status make_issuer(struct cg_span base_url, struct cg_span path,
                                  struct cg_arena *arena, struct cg_span *ret_issuer)
{
    if (base_url.data == NULL) {
        return CG_OK;
    }
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_URI_BYTES + CG_LIMIT_REALM_PATH_BYTES);
    cg_buf_put(&buf, base_url);
    cg_buf_put(&buf, path);
    return cg_buf_finish(&buf, ret_issuer);
}

static enum cg_status read_realm(struct cg_statement *statement, struct cg_arena *arena, void *row)
{
    enum cg_status status = CG_OK;
    struct cg_realm realm = {
        .path = cg_rows_text(statement, 0, arena, &status),
        .profile = cg_rows_text(statement, 1, arena, &status),
        .alg = cg_rows_text(statement, 2, arena, &status),
        .typ = cg_rows_text(statement, 3, arena, &status),
        .token_life_s = cg_column_number(statement, 4),
        .created_s = cg_column_number(statement, 6),
        .key_life_s = cg_column_number(statement, 8),
    };
    CG_TRY(status);
    CG_TRY(cg_token_response_find(cg_column_text(statement, 5), &realm.token_response));
    CG_TRY(make_issuer(cg_column_text(statement, 7), realm.path, arena, &realm.issuer));
    CG_TRY(make_issuer(cg_column_text(statement, 9), realm.path, arena, &realm.mtls_issuer));
    struct cg_realm *ret = row;
    *ret = realm;
    return CG_OK;
}

enum cg_status cg_realm_find(struct cg_store *store, struct cg_span path, struct cg_arena *arena,
                             struct cg_realm *ret_realm)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_REALM_FIND, &statement));
    cg_bind_text(statement, "path", path);
    return cg_rows_first(&(struct cg_rows){statement, read_realm, arena, ret_realm});
}

enum cg_status cg_realm_list(struct cg_store *store, struct cg_arena *arena,
                             cg_registry_visit visit, void *context)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_REALM_LIST, &statement));
    struct cg_realm realm;
    return cg_rows_visit(&(struct cg_rows){statement, read_realm, arena, &realm}, visit, context);
}
