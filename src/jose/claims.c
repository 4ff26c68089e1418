/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/claims.h"

#include "base/status.h"

static enum cg_status read_string(const struct cg_json_value *root, const char *name,
                                  struct cg_span *ret_string)
{
    const struct cg_json_value *value = cg_json_member(root, name);
    return value == NULL ? CG_OK : cg_json_string(value, ret_string);
}

/* RFC 7519 §2 allows fractions in a NumericDate; nobody sends them, and whole seconds compare
 * exactly. */
static enum cg_status read_time(const struct cg_json_value *root, const char *name,
                                int64_t *ret_time_s)
{
    const struct cg_json_value *value = cg_json_member(root, name);
    *ret_time_s = -1;
    if (value == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_json_number(value, ret_time_s));
    return *ret_time_s >= 0 ? CG_OK : CG_ERR_INPUT;
}

/* RFC 7519 §4.1.3: an array of strings or, for one, the string itself. */
static enum cg_status read_audience(const struct cg_json_value *root, struct cg_claims *claims)
{
    const struct cg_json_value *value = cg_json_member(root, "aud");
    if (value == NULL) {
        return CG_OK;
    }
    if (!cg_json_is_array(value)) {
        claims->audience_count = 1;
        return cg_json_string(value, &claims->audience[0]);
    }
    size_t count = cg_json_count(value);
    if (count == 0 || count > CG_LIMIT_TOKEN_APIS) {
        return CG_ERR_INPUT;
    }
    for (size_t i = 0; i < count; i++) {
        CG_TRY(cg_json_string(cg_json_element(value, i), &claims->audience[i]));
    }
    claims->audience_count = count;
    return CG_OK;
}

enum cg_status cg_claims_read(const struct cg_json_value *root, struct cg_claims *ret_claims)
{
    if (!cg_json_is_object(root)) {
        return CG_ERR_INPUT;
    }
    struct cg_claims claims = {0};
    CG_TRY(read_string(root, "iss", &claims.issuer));
    CG_TRY(read_string(root, "sub", &claims.subject));
    CG_TRY(read_string(root, "jti", &claims.token_id));
    CG_TRY(read_audience(root, &claims));
    CG_TRY(read_time(root, "exp", &claims.expires_s));
    CG_TRY(read_time(root, "iat", &claims.issued_s));
    CG_TRY(read_time(root, "nbf", &claims.not_before_s));
    *ret_claims = claims;
    return CG_OK;
}

enum cg_status cg_claims_copy(const struct cg_claims *claims, struct cg_arena *arena,
                              struct cg_claims *ret_copy)
{
    struct cg_claims copy = *claims;
    CG_TRY(cg_arena_copy(arena, claims->issuer, &copy.issuer));
    CG_TRY(cg_arena_copy(arena, claims->subject, &copy.subject));
    CG_TRY(cg_arena_copy(arena, claims->token_id, &copy.token_id));
    for (size_t i = 0; i < claims->audience_count; i++) {
        CG_TRY(cg_arena_copy(arena, claims->audience[i], &copy.audience[i]));
    }
    *ret_copy = copy;
    return CG_OK;
}
