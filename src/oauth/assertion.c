/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/assertion.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"

#include <string.h>

#define RULES(table) table, sizeof(table) / sizeof((table)[0])

static enum cg_status read_payload(struct cg_arena *arena, struct cg_assertion *assertion,
                                   const char **ret_refusal)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_claims claims = {0};
    enum cg_status status = cg_json_parse(assertion->jws.payload, CG_LIMIT_TOKEN_BYTES, &json);
    if (status == CG_ERR_INPUT) {
        *ret_refusal = "the assertion's payload is not one JSON object";
        return CG_OK;
    }
    CG_TRY(status);
    const struct cg_json_value *root = cg_json_root(json);
    if (cg_claims_read(root, &claims) != CG_OK) {
        *ret_refusal = "a claim of the assertion has a wrong type: times are whole seconds";
        return CG_OK;
    }
    assertion->audience_is_array = cg_json_is_array(cg_json_member(root, "aud"));
    return cg_claims_copy(&claims, arena, &assertion->claims);
}

/* Few headers have a jku, and no other need be read for it again; an escape may spell its name. */
static bool may_have_jku(struct cg_span header)
{
    return memmem(header.data, header.len, "jku", 3) != NULL ||
           memchr(header.data, '\\', header.len) != NULL;
}

static enum cg_status read_jku(struct cg_arena *arena, struct cg_assertion *assertion,
                               const char **ret_refusal)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_span jku = {NULL, 0};
    CG_TRY(cg_json_parse(assertion->jws.header, CG_LIMIT_TOKEN_BYTES, &json));
    const struct cg_json_value *member = cg_json_member(cg_json_root(json), "jku");
    if (member == NULL) {
        return CG_OK;
    }
    if (cg_json_string(member, &jku) != CG_OK) {
        *ret_refusal = "jku in the assertion's header is not a string";
        return CG_OK;
    }
    return cg_arena_copy(arena, jku, &assertion->jku);
}

enum cg_status cg_assertion_read(struct cg_span compact, struct cg_arena *arena,
                                 struct cg_assertion *ret_assertion, const char **ret_refusal)
{
    struct cg_assertion assertion = {.audience_is_array = false};
    *ret_refusal = NULL;
    enum cg_status status = cg_jws_split(compact, arena, NULL, &assertion.jws);
    if (status == CG_ERR_AUTHENTICATION) {
        *ret_refusal = "the assertion's alg is missing or not one that we know";
        return CG_OK;
    }
    if (status == CG_ERR_INPUT) {
        *ret_refusal = "the assertion is not a well-formed compact JWS";
        return CG_OK;
    }
    CG_TRY(status);
    if (may_have_jku(assertion.jws.header)) {
        CG_TRY(read_jku(arena, &assertion, ret_refusal));
    }
    if (*ret_refusal == NULL) {
        CG_TRY(read_payload(arena, &assertion, ret_refusal));
    }
    *ret_assertion = assertion;
    return CG_OK;
}

static bool alg_is_allowed(const struct cg_assertion_case *judged)
{
    return cg_span_has_word(judged->rules->algs, judged->assertion->jws.alg->name);
}

static bool kid_is_there(const struct cg_assertion_case *judged)
{
    return !judged->rules->kid_required || judged->assertion->jws.kid.len > 0;
}

static bool kid_is_no_empty_word(const struct cg_assertion_case *judged)
{
    return judged->assertion->jws.kid.data == NULL || judged->assertion->jws.kid.len > 0;
}

/* RFC 7515 §4.1.9: a media type, whose case does not count. */
static bool typ_is_right(const struct cg_assertion_case *judged)
{
    return judged->rules->typ.len == 0 ||
           cg_span_equal_nocase(judged->rules->typ, judged->assertion->jws.typ);
}

/* RFC 7523 §3: iss and sub MUST be the client_id. The client was looked up by sub. */
static bool issuer_is_subject(const struct cg_assertion_case *judged)
{
    return cg_span_equal(judged->assertion->claims.issuer, judged->assertion->claims.subject);
}

static bool audience_is_there(const struct cg_assertion_case *judged)
{
    return judged->assertion->claims.audience_count > 0;
}

static bool audience_has_its_form(const struct cg_assertion_case *judged)
{
    return !judged->rules->audience_is_one || !judged->assertion->audience_is_array;
}

static bool names_us(const struct cg_assertion_case *judged, struct cg_span audience)
{
    unsigned allowed = judged->rules->audiences;
    return ((allowed & CG_ASSERTION_FOR_ISSUER) != 0 && cg_span_equal(audience, judged->issuer)) ||
           ((allowed & CG_ASSERTION_FOR_TOKEN_URL) != 0 &&
            (cg_span_equal(audience, judged->token_url) ||
             (judged->mtls_token_url.len > 0 && cg_span_equal(audience, judged->mtls_token_url))));
}

/* Each value must name us: an assertion that is good at another server, too, could be replayed
 * there or come from there. */
static bool audience_is_us_alone(const struct cg_assertion_case *judged)
{
    const struct cg_claims *claims = &judged->assertion->claims;
    for (size_t i = 0; i < claims->audience_count; i++) {
        if (!names_us(judged, claims->audience[i])) {
            return false;
        }
    }
    return true;
}

static bool end_is_there(const struct cg_assertion_case *judged)
{
    return judged->assertion->claims.expires_s >= 0;
}

/* RFC 7519 §4.1.4: not on or after it. */
static bool is_not_over(const struct cg_assertion_case *judged)
{
    return judged->now_s < judged->assertion->claims.expires_s;
}

static bool end_is_near(const struct cg_assertion_case *judged)
{
    return judged->assertion->claims.expires_s - judged->now_s <= judged->rules->life_max_s;
}

static bool is_issued_by_now(const struct cg_assertion_case *judged)
{
    return judged->assertion->claims.issued_s - judged->now_s <= judged->rules->future_skew_s;
}

static bool has_begun(const struct cg_assertion_case *judged)
{
    return judged->assertion->claims.not_before_s - judged->now_s <= judged->rules->future_skew_s;
}

static bool id_is_there(const struct cg_assertion_case *judged)
{
    return judged->assertion->claims.token_id.len > 0;
}

static bool id_is_bounded(const struct cg_assertion_case *judged)
{
    return judged->assertion->claims.token_id.len <= CG_LIMIT_JTI_BYTES;
}

struct rule {
    bool (*holds)(const struct cg_assertion_case *judged);
    const char *refusal;
};

static const struct rule header_rules[] = {
    {alg_is_allowed, "the profile does not allow the assertion's alg"},
    {kid_is_there, "the profile demands a kid in the assertion's header"},
    {kid_is_no_empty_word, "kid in the assertion's header is empty"},
    {typ_is_right, "the profile demands another typ in the assertion's header"},
};

static const struct rule claim_rules[] = {
    {issuer_is_subject, "iss of the assertion is not the client's id"},
    {audience_is_there, "the assertion has no aud"},
    {audience_has_its_form, "the profile demands an aud that is a string, not an array"},
    {audience_is_us_alone, "aud of the assertion is not what the profile asks for"},
    {end_is_there, "the assertion has no exp"},
    {is_not_over, "the assertion is over: exp is past"},
    {end_is_near, "exp of the assertion is too far ahead"},
    {is_issued_by_now, "iat of the assertion is in the future"},
    {has_begun, "nbf of the assertion is in the future"},
    {id_is_there, "the assertion has no jti"},
    {id_is_bounded, "jti of the assertion is too long"},
};

static const char *first_broken(const struct rule *rules, size_t count,
                                const struct cg_assertion_case *judged)
{
    for (size_t i = 0; i < count; i++) {
        if (!rules[i].holds(judged)) {
            return rules[i].refusal;
        }
    }
    return NULL;
}

const char *cg_assertion_object_header(const struct cg_assertion_case *judged)
{
    return first_broken(RULES(header_rules), judged);
}

const char *cg_assertion_object_claims(const struct cg_assertion_case *judged)
{
    return first_broken(RULES(claim_rules), judged);
}
