/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person's ID token for an access token: the front door of the NHS England API platform's
 * "separate authentication" (RFC 8693). Who signed the person in is asked by the caller, not by us;
 * we believe the issuers that the operator configured, of tokens made for this client alone.
 */
#include "audit/single_use.h"
#include "base/span.h"
#include "oauth/token_exchange.h"
#include "oauth/wish.h"
#include "registry/upstream.h"
#include "token/id_token.h"

/* What tokens of one issuer are held against for this client. */
struct trust {
    struct cg_upstream_trust upstream;
    struct cg_id_token_demand demand;
};

/* Who is proven, and by what. */
struct person {
    struct trust trust;
    struct cg_id_token token;
    struct cg_span actor; /* sub of who acts for the person at the same issuer; absent: nobody */
    int64_t ends_s;       /* what proves one of the two is over then */
};

/* The caller is proven, and the token was made for it: it may read why. */
static enum cg_status refuse(struct cg_oauth_context *context, const char *text)
{
    return cg_token_exchange_refuse(context, text, text);
}

static enum cg_status out_of_memory(struct cg_oauth_context *context)
{
    CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_INTERNAL, NULL, NULL);
}

static enum cg_status read_token(struct cg_oauth_context *context, struct cg_span compact,
                                 struct cg_id_token *ret_token)
{
    const char *refusal = NULL;
    if (cg_id_token_read(compact, context->arena, ret_token, &refusal) != CG_OK) {
        return out_of_memory(context);
    }
    return refusal == NULL ? CG_OK : refuse(context, refusal);
}

static enum cg_status find_trust(struct cg_oauth_context *context,
                                 const struct cg_client_record *record, struct cg_span issuer,
                                 struct trust *trust)
{
    struct cg_upstream_trust *upstream = &trust->upstream;
    enum cg_status status =
        cg_upstream_find(context->registry, context->issuing->realm.path, record->client.id,
                         cg_span_part(issuer, 0, CG_LIMIT_URI_BYTES + 1), context->arena, upstream);
    if (status == CG_ERR_NOT_FOUND) {
        return refuse(context, "the client is registered with no issuer of the ID token's iss");
    }
    if (status != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_STORE, CG_REASON_STORE_UNAVAILABLE, NULL, NULL);
    }
    const struct cg_upstream_kind *kind = cg_upstream_kind_find(upstream->kind);
    const struct cg_alg *alg = cg_alg_find(upstream->alg);
    if (kind == NULL || alg == NULL) {
        return refuse(context, "this version knows the issuer's kind or alg no more");
    }
    trust->demand = (struct cg_id_token_demand){
        .issuer = upstream->issuer,
        .alg = alg,
        .audiences = upstream->audiences,
        .audience_count = upstream->audience_count,
        .level = {kind->level_claim, kind->level_end},
        .levels = upstream->levels,
        .now_s = context->now_s,
    };
    return CG_OK;
}

/* The issuer's key of a token's kid. */
static enum cg_status find_verifier(struct cg_oauth_context *context, const struct trust *trust,
                                    const struct cg_id_token *token,
                                    struct cg_verifier **ret_verifier)
{
    const struct cg_upstream_trust *upstream = &trust->upstream;
    bool by_value = upstream->jwks.len > 0;
    const struct cg_record_key row = {
        .id = upstream->id,
        .kind = by_value ? CG_CLIENT_KEY_JWKS : CG_CLIENT_KEY_JWKS_URI,
        .value = by_value ? upstream->jwks : upstream->jwks_uri,
    };
    const struct cg_key_question question = {
        .rows = &row,
        .row_count = 1,
        .alg = trust->demand.alg,
        .kid = token->jws.kid,
        .owner = CG_KEY_OWNER_ISSUER,
    };
    struct cg_key_answer answer = {.count = 0};
    if (cg_client_keys_find(context->client_keys, &question, context->arena, &answer) != CG_OK) {
        return out_of_memory(context);
    }
    if (answer.missing != NULL) {
        return cg_context_put_off(context, &answer, CG_REASON_ISSUER_KEYS_UNAVAILABLE);
    }
    if (answer.refusal != NULL) {
        return refuse(context, answer.refusal);
    }
    *ret_verifier = answer.verifiers[0]; /* with a kid there is one at most */
    return CG_OK;
}

/* Signature before claims: only its issuer's own tokens are told what they lack. */
static enum cg_status prove(struct cg_oauth_context *context, const struct trust *trust,
                            const struct cg_id_token *token)
{
    struct cg_verifier *verifier = NULL;
    const char *refusal = cg_id_token_object_header(token, &trust->demand);
    if (refusal != NULL) {
        return refuse(context, refusal);
    }
    CG_TRY(find_verifier(context, trust, token, &verifier));
    enum cg_status status = cg_jws_verify(&token->jws, verifier, NULL);
    if (status == CG_ERR_AUTHENTICATION) {
        return refuse(context, "the signature of the ID token does not hold");
    }
    if (status != CG_OK) {
        CG_FAIL(&context->fault, status, CG_REASON_INTERNAL, NULL, NULL);
    }
    refusal = cg_id_token_object_claims(token, &trust->demand);
    return refusal == NULL ? CG_OK : refuse(context, refusal);
}

/* Another token of the same issuer for the same client: of the one who acts. */
static enum cg_status prove_actor(struct cg_oauth_context *context, struct cg_span compact,
                                  struct person *person)
{
    struct cg_id_token token;
    CG_TRY(read_token(context, compact, &token));
    CG_TRY(prove(context, &person->trust, &token));
    if (token.actor.subject.data != NULL) {
        return refuse(context, "the ID token of who acts has an act of its own");
    }
    person->actor = token.claims.subject;
    if (token.claims.expires_s < person->ends_s) {
        person->ends_s = token.claims.expires_s;
    }
    return CG_OK;
}

/* RFC 8693 §4.4: may_act says who is "authorized to become the actor". */
static bool may_act(const struct person *person, struct cg_span actor)
{
    const struct cg_id_token_actor *named = &person->token.may_act;
    return cg_span_equal(named->subject, actor) && actor.len > 0 &&
           (named->issuer.data == NULL ||
            cg_span_equal(named->issuer, person->trust.demand.issuer));
}

static enum cg_status admit_actor(struct cg_oauth_context *context,
                                  const struct cg_token_exchange *exchange, struct person *person)
{
    if (!cg_span_equal_string(exchange->actor_token_type, CG_TOKEN_TYPE_ID_TOKEN)) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_EXCHANGE_MALFORMED,
                "send as actor_token_type that of an ID token: who acts for a person is a person",
                "RFC 8693 §2.1");
    }
    if (person->token.actor.subject.data != NULL) {
        return refuse(context, "the ID token names in act already who acts: leave actor_token out");
    }
    CG_TRY(prove_actor(context, exchange->actor_token, person));
    return may_act(person, person->actor)
               ? CG_OK
               : refuse(context, "may_act of the ID token does not name the one who is to act");
}

/* Who acts stands in the token, by name or by an ID token of their own, or beside it. */
static enum cg_status find_actor(struct cg_oauth_context *context,
                                 const struct cg_token_exchange *exchange, struct person *person)
{
    if (exchange->actor_token.data != NULL) {
        return admit_actor(context, exchange, person);
    }
    if (person->token.actor_is_token) {
        return prove_actor(context, person->token.actor.subject, person);
    }
    person->actor = person->token.actor.subject;
    return CG_OK;
}

/* RFC 8693 §5: who steals an ID token finds it spent. Its digest is of what is signed: a signature
 * may be spelt in several ways. */
static enum cg_status spend(struct cg_oauth_context *context, const struct cg_id_token *token)
{
    struct cg_single_use use = {
        .kind = CG_SINGLE_USE_EXCHANGE,
        .expires_s = token->claims.expires_s + CG_ID_TOKEN_SKEW_S,
    };
    if (cg_single_use_name(context->issuing->realm.path, token->claims.issuer,
                           token->jws.signing_input, &use) != CG_OK) {
        return out_of_memory(context);
    }
    return cg_context_spend(context, &use, CG_REASON_SUBJECT_TOKEN_SPENT);
}

/* RFC 9700 §4.15: no person has the name of a client, whose id has no colon; nor that of another
 * provider's person, whose name has another word in front. */
static enum cg_status name_of(struct cg_oauth_context *context, const struct person *person,
                              struct cg_span subject, struct cg_span *ret_name)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_LIMIT_NAME_BYTES + 1 + CG_LIMIT_SUBJECT_BYTES);
    cg_buf_put(&buf, person->trust.upstream.name);
    cg_buf_put_byte(&buf, ':');
    cg_buf_put(&buf, subject);
    return cg_buf_finish(&buf, ret_name) == CG_OK ? CG_OK : out_of_memory(context);
}

/* What the token says of the person instead of the client, which stays its client_id. */
static enum cg_status describe(struct cg_oauth_context *context, const struct person *person,
                               struct cg_access_token *token)
{
    const struct cg_id_token *shown = &person->token;
    CG_TRY(name_of(context, person, shown->claims.subject, &token->subject));
    token->idp = person->trust.upstream.name;
    token->acr = cg_id_token_level_claim(shown, &person->trust.demand.level);
    token->authenticated_s = shown->authenticated_s > 0 ? shown->authenticated_s : 0;
    if (token->expires_s > person->ends_s) {
        token->expires_s = person->ends_s;
    }
    if (person->actor.data == NULL) {
        return CG_OK;
    }
    token->behalf.actor_count = 1;
    return name_of(context, person, person->actor, &token->behalf.actors[0]);
}

enum cg_status cg_exchange_person(struct cg_oauth_context *context,
                                  const struct cg_client_record *record,
                                  const struct cg_token_exchange *exchange,
                                  struct cg_access_token *ret_token)
{
    struct person person = {.actor = {NULL, 0}};
    CG_TRY(read_token(context, exchange->subject_token, &person.token));
    CG_TRY(find_trust(context, record, person.token.claims.issuer, &person.trust));
    CG_TRY(prove(context, &person.trust, &person.token));
    person.ends_s = person.token.claims.expires_s;
    CG_TRY(find_actor(context, exchange, &person));
    CG_TRY(spend(context, &person.token));
    const struct cg_scope_holder holder = {
        .is_person = true,
        .kind = person.trust.upstream.kind,
        .level = cg_id_token_level_word(&person.token, &person.trust.demand.level),
    };
    struct cg_wish wish;
    CG_TRY(cg_wish_read(context, &wish));
    CG_TRY(cg_wish_read_audiences(context, &wish));
    wish.holder = &holder;
    struct cg_access_token token;
    CG_TRY(cg_wish_grant(context, record, &wish, &token));
    CG_TRY(describe(context, &person, &token));
    *ret_token = token;
    return CG_OK;
}
