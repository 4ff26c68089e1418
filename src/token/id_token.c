/* SPDX-License-Identifier: Apache-2.0 */
#include "token/id_token.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/json.h"
#include "token/scope.h"
#include "token/text.h"

#define RULES(table) table, sizeof(table) / sizeof((table)[0])

/* A string member, copied into the arena; absent when there is none. */
static enum cg_status copy_member(const struct cg_json_value *object, const char *name,
                                  struct cg_arena *arena, struct cg_span *ret_text)
{
    struct cg_span text = {NULL, 0};
    if (cg_json_member(object, name) == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_json_member_string(object, name, &text));
    return cg_arena_copy(arena, text, ret_text);
}

static enum cg_status copy_texts(const struct cg_json_value *root, struct cg_arena *arena,
                                 struct cg_id_token *token)
{
    CG_TRY(copy_member(root, "azp", arena, &token->authorised_party));
    CG_TRY(copy_member(root, "acr", arena, &token->acr));
    CG_TRY(copy_member(root, "vot", arena, &token->vot));
    return copy_member(root, "vtm", arena, &token->vtm);
}

/* A digit as a number or, as some write it, as text. */
static enum cg_status read_assurance(const struct cg_json_value *root, int64_t *ret_assurance)
{
    const struct cg_json_value *value = cg_json_member(root, "authentication_assurance_level");
    struct cg_span text = {NULL, 0};
    if (value == NULL) {
        return CG_OK;
    }
    if (cg_json_string(value, &text) == CG_OK) {
        return cg_span_to_number(text, 9, ret_assurance);
    }
    CG_TRY(cg_json_number(value, ret_assurance));
    return *ret_assurance >= 0 && *ret_assurance <= 9 ? CG_OK : CG_ERR_INPUT;
}

static enum cg_status read_authentication_time(const struct cg_json_value *root, int64_t *ret_s)
{
    const struct cg_json_value *value = cg_json_member(root, "auth_time");
    if (value == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_json_number(value, ret_s));
    return *ret_s >= 0 ? CG_OK : CG_ERR_INPUT;
}

/* A name that a person has somewhere never looks like it: no name starts with an encoded brace. */
static bool looks_like_token(struct cg_span text)
{
    struct cg_jws_segments segments;
    return cg_span_starts_with(text, CG_SPAN_OF("eyJ")) && cg_jws_cut(text, &segments) == CG_OK;
}

/* RFC 8693 §4.1: sub names somebody of the issuer that iss names beside it. */
static enum cg_status read_somebody(const struct cg_json_value *claim, struct cg_arena *arena,
                                    struct cg_id_token_actor *ret_somebody)
{
    struct cg_span subject = {NULL, 0};
    if (claim == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_json_member_string(claim, "sub", &subject));
    CG_TRY(cg_arena_copy(arena, subject, &ret_somebody->subject));
    return copy_member(claim, "iss", arena, &ret_somebody->issuer);
}

/* RFC 8693 §4.1: of nested actors the outermost is the current one; those before it are told for
 * information only. */
static enum cg_status read_actor(const struct cg_json_value *root, struct cg_arena *arena,
                                 struct cg_id_token *token)
{
    CG_TRY(read_somebody(cg_json_member(root, "act"), arena, &token->actor));
    struct cg_span subject = token->actor.subject;
    token->actor_is_token = looks_like_token(subject);
    return subject.data == NULL || token->actor_is_token ||
                   cg_text_is_header_safe(subject, CG_LIMIT_SUBJECT_BYTES)
               ? CG_OK
               : CG_ERR_INPUT;
}

/*
 * RFC 8725 §3.12: an issuer signs other kinds of token by the same key, for the same audience, and
 * not all of them with a typ of their own. They are known by what no ID token has (Back-Channel
 * Logout §2.4; RFC 9068 §2.2.3), or by what some issuers write into each kind.
 */
static const struct {
    const char *claim;
    const char *in_id_tokens; /* NULL: never there */
    const char *refusal;
} kinds[] = {
    {"events", NULL, "the ID token has events: a logout token is none"},
    {"scope", NULL, "the ID token has a scope: an access token is none"},
    {"token_use", "id", "token_use of the ID token is not id: send an ID token, no other kind"},
    {"tokenName", "id_token",
     "tokenName of the ID token is not id_token: send an ID token, no other kind"},
};

static const char *find_other_kind(const struct cg_json_value *root)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct cg_span said = {NULL, 0};
        bool fits = kinds[i].in_id_tokens != NULL &&
                    cg_json_member_string(root, kinds[i].claim, &said) == CG_OK &&
                    cg_span_equal_string(said, kinds[i].in_id_tokens);
        if (!fits && cg_json_member(root, kinds[i].claim) != NULL) {
            return kinds[i].refusal;
        }
    }
    return NULL;
}

/* What is read one after the other, and what is said where that fails. */
static enum cg_status read_claims(const struct cg_json_value *root, struct cg_arena *arena,
                                  struct cg_id_token *token, const char **ret_refusal)
{
    struct cg_claims claims = {0};
    *ret_refusal = "a claim of the ID token has a wrong type: times are whole seconds";
    CG_TRY(cg_claims_read(root, &claims));
    CG_TRY(cg_claims_copy(&claims, arena, &token->claims));
    CG_TRY(copy_texts(root, arena, token));
    CG_TRY(read_authentication_time(root, &token->authenticated_s));
    *ret_refusal = "authentication_assurance_level of the ID token is not a digit";
    CG_TRY(read_assurance(root, &token->assurance));
    *ret_refusal = "act of the ID token is not an object whose sub names somebody";
    CG_TRY(read_actor(root, arena, token));
    *ret_refusal = "may_act of the ID token is not an object whose sub names somebody";
    CG_TRY(read_somebody(cg_json_member(root, "may_act"), arena, &token->may_act));
    token->other_kind = find_other_kind(root);
    *ret_refusal = NULL;
    return CG_OK;
}

static enum cg_status read_payload(struct cg_arena *arena, struct cg_id_token *token,
                                   const char **ret_refusal)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    enum cg_status status = cg_json_parse(token->jws.payload, CG_LIMIT_TOKEN_BYTES, &json);
    if (status == CG_ERR_INPUT) {
        *ret_refusal = "the ID token's payload is not one JSON object";
        return CG_OK;
    }
    CG_TRY(status);
    status = read_claims(cg_json_root(json), arena, token, ret_refusal);
    return status == CG_ERR_INPUT ? CG_OK : status;
}

enum cg_status cg_id_token_read(struct cg_span compact, struct cg_arena *arena,
                                struct cg_id_token *ret_token, const char **ret_refusal)
{
    struct cg_id_token token = {.assurance = -1, .authenticated_s = -1};
    *ret_refusal = NULL;
    enum cg_status status = cg_jws_split(compact, arena, NULL, &token.jws);
    if (status == CG_ERR_AUTHENTICATION) {
        *ret_refusal = "the ID token's alg is missing or not one that we know";
        return CG_OK;
    }
    if (status == CG_ERR_INPUT) {
        *ret_refusal = "the ID token is not a well-formed compact JWS";
        return CG_OK;
    }
    CG_TRY(status);
    CG_TRY(read_payload(arena, &token, ret_refusal));
    *ret_token = token;
    return CG_OK;
}

static bool is_vector(const struct cg_id_token_level *level)
{
    return cg_span_equal_string(level->claim, "vot");
}

struct cg_span cg_id_token_level_claim(const struct cg_id_token *token,
                                       const struct cg_id_token_level *level)
{
    return is_vector(level) ? token->vot : token->acr;
}

struct cg_span cg_id_token_level_word(const struct cg_id_token *token,
                                      const struct cg_id_token_level *level)
{
    static const struct cg_span reached[] = {
        CG_SPAN("AAL0"), CG_SPAN("AAL1"), CG_SPAN("AAL2"), CG_SPAN("AAL3"), CG_SPAN("AAL4"),
        CG_SPAN("AAL5"), CG_SPAN("AAL6"), CG_SPAN("AAL7"), CG_SPAN("AAL8"), CG_SPAN("AAL9")};
    struct cg_span claim = cg_id_token_level_claim(token, level);
    if (token->assurance >= 0 && cg_span_starts_with(claim, CG_SPAN_OF("AAL"))) {
        return reached[token->assurance];
    }
    return level->end == 0 ? claim : cg_span_part(claim, 0, cg_span_find(claim, level->end, 0));
}

/* The token and what it is held against. */
struct judged {
    const struct cg_id_token *token;
    const struct cg_id_token_demand *demand;
};

/* RFC 8725 §3.1: the algorithm is the issuer's by configuration, never by what the header says. */
static bool alg_is_the_issuers(const struct judged *judged)
{
    return judged->token->jws.alg == judged->demand->alg;
}

/* RFC 8725 §3.11: an access token has a typ of its own, and a logout token should have. */
static bool typ_is_right(const struct judged *judged)
{
    struct cg_span typ = judged->token->jws.typ;
    return typ.data == NULL || cg_span_equal_nocase(typ, CG_SPAN_OF("JWT"));
}

static bool kid_is_there(const struct judged *judged)
{
    return judged->token->jws.kid.len > 0;
}

/* OpenID Connect Core §3.1.3.7: exactly; a slash more or less is another issuer. */
static bool issuer_is_right(const struct judged *judged)
{
    return cg_span_equal(judged->token->claims.issuer, judged->demand->issuer);
}

/* A token for several would open here what was meant for another. */
static bool audience_is_one(const struct judged *judged)
{
    return judged->token->claims.audience_count == 1;
}

static bool audience_is_the_clients(const struct judged *judged)
{
    for (size_t i = 0; i < judged->demand->audience_count; i++) {
        if (cg_span_equal(judged->token->claims.audience[0], judged->demand->audiences[i])) {
            return true;
        }
    }
    return false;
}

/* OpenID Connect Core §3.1.3.7: where there is an azp, it is the client's id. */
static bool authorised_party_is_audience(const struct judged *judged)
{
    struct cg_span party = judged->token->authorised_party;
    return party.data == NULL || cg_span_equal(party, judged->token->claims.audience[0]);
}

/* RFC 8693 §4.1: iss and sub together "might be necessary to uniquely identify an actor". Who acts
 * is told under the name of the ID token's provider: of another one it would be somebody else. */
static bool actor_is_the_issuers(const struct judged *judged)
{
    struct cg_span issuer = judged->token->actor.issuer;
    return issuer.data == NULL || cg_span_equal(issuer, judged->demand->issuer);
}

static bool subject_is_plain(const struct judged *judged)
{
    return cg_text_is_header_safe(judged->token->claims.subject, CG_LIMIT_SUBJECT_BYTES);
}

static bool end_is_there(const struct judged *judged)
{
    return judged->token->claims.expires_s >= 0;
}

/* RFC 7519 §4.1.4: not on or after it. */
static bool is_not_over(const struct judged *judged)
{
    return judged->demand->now_s < judged->token->claims.expires_s;
}

/* Until then it is remembered as exchanged. */
static bool end_is_near(const struct judged *judged)
{
    return judged->token->claims.expires_s - judged->demand->now_s <= CG_LIMIT_ID_TOKEN_LIFE_S;
}

static bool is_by_now(const struct judged *judged, int64_t time_s)
{
    return time_s - judged->demand->now_s <= CG_ID_TOKEN_SKEW_S;
}

static bool issue_is_there(const struct judged *judged)
{
    return judged->token->claims.issued_s >= 0;
}

static bool is_issued_by_now(const struct judged *judged)
{
    return is_by_now(judged, judged->token->claims.issued_s);
}

static bool has_begun(const struct judged *judged)
{
    return is_by_now(judged, judged->token->claims.not_before_s);
}

static bool is_authenticated_by_now(const struct judged *judged)
{
    return is_by_now(judged, judged->token->authenticated_s);
}

/* RFC 8485 §3.1: a vector means what its trustmark says, and nothing without one. */
static bool vector_is_there(const struct judged *judged)
{
    return !is_vector(&judged->demand->level) ||
           (judged->token->vot.len > 0 && judged->token->vtm.len > 0);
}

static bool level_is_plain(const struct judged *judged)
{
    struct cg_span level = cg_id_token_level_claim(judged->token, &judged->demand->level);
    return level.data == NULL || cg_text_is_header_safe(level, CG_LIMIT_LEVEL_BYTES);
}

static bool level_is_accepted(const struct judged *judged)
{
    struct cg_span level = cg_id_token_level_word(judged->token, &judged->demand->level);
    return judged->demand->levels.len == 0 ||
           (level.len > 0 && cg_scope_text_has(judged->demand->levels, level));
}

struct rule {
    bool (*holds)(const struct judged *judged);
    const char *refusal;
};

static const struct rule header_rules[] = {
    {alg_is_the_issuers, "alg of the ID token is not the one configured for its issuer"},
    {typ_is_right, "typ of the ID token is not JWT: send an ID token, no other kind"},
    {kid_is_there, "the ID token's header has no kid"},
};

static const struct rule claim_rules[] = {
    {issuer_is_right, "iss of the ID token is not exactly that of a configured issuer"},
    {audience_is_one, "aud of the ID token is not exactly one value"},
    {audience_is_the_clients,
     "aud of the ID token is not an id that this client is registered with at the issuer"},
    {authorised_party_is_audience, "azp of the ID token is not its aud"},
    {actor_is_the_issuers, "iss in act of the ID token is not the ID token's own"},
    {subject_is_plain, "sub of the ID token is not 1 to 255 visible ASCII characters"},
    {end_is_there, "the ID token has no exp"},
    {is_not_over, "the ID token is over: exp is past"},
    {end_is_near, "exp of the ID token is more than a day ahead"},
    {issue_is_there, "the ID token has no iat"},
    {is_issued_by_now, "iat of the ID token is in the future"},
    {has_begun, "nbf of the ID token is in the future"},
    {is_authenticated_by_now, "auth_time of the ID token is in the future"},
    {vector_is_there, "the ID token has no vot, or no vtm to say what its vot means"},
    {level_is_plain, "the ID token's level is not a word of visible ASCII characters"},
    {level_is_accepted, "the person was not identified at a level that is accepted here"},
};

static const char *first_broken(const struct rule *rules, size_t count, const struct judged *judged)
{
    for (size_t i = 0; i < count; i++) {
        if (!rules[i].holds(judged)) {
            return rules[i].refusal;
        }
    }
    return NULL;
}

const char *cg_id_token_object_header(const struct cg_id_token *token,
                                      const struct cg_id_token_demand *demand)
{
    const struct judged judged = {token, demand};
    return first_broken(RULES(header_rules), &judged);
}

const char *cg_id_token_object_claims(const struct cg_id_token *token,
                                      const struct cg_id_token_demand *demand)
{
    const struct judged judged = {token, demand};
    return token->other_kind != NULL ? token->other_kind
                                     : first_broken(RULES(claim_rules), &judged);
}
