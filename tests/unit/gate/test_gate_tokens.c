/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a token while the gate remembers it. */
#include "gate_scene.h"

static void gate_checks_expiry_on_each_hit(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span bearer = scene_bearer(scene, sample_token(scene->sample, &claims));
    assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_NOW_S), CG_REASON_NONE);
    cg_gate_confirm(scene->gate, SAMPLE_EXPIRES_S);
    assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_EXPIRES_S - 1), CG_REASON_NONE);
    assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_EXPIRES_S),
                  CG_REASON_TOKEN_EXPIRED);
    assert_span_text(scene->verdict.client_id, "ward-9");
    assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_ISSUED_S - 61),
                  CG_REASON_TOKEN_ISSUED_IN_FUTURE);
}

static void gate_never_uses_the_verdict_of_one_route_on_another(void **state)
{
    struct scene *scene = *state;
    struct cg_gate_route *medicines = scene_route(SAMPLE_REALM, "medicines");
    struct cg_access_token claims = sample_claims();
    struct cg_span bearer = scene_bearer(scene, sample_token(scene->sample, &claims));
    for (int round = 0; round < 2; round++) {
        assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_NOW_S), CG_REASON_NONE);
        assert_reason(scene_ask_at(scene, medicines, bearer, SAMPLE_NOW_S),
                      CG_REASON_API_NOT_AGREED);
    }
    (void)cg_gate_route_free(medicines);
}

static void gate_never_takes_the_token_of_one_realm_in_another(void **state)
{
    struct scene *scene = *state;
    struct cg_gate_route *test = scene_route("/vtest/hpca", "documents");
    struct cg_access_token claims = sample_claims();
    struct cg_span bearer = scene_bearer(scene, sample_token(scene->sample, &claims));
    for (int round = 0; round < 2; round++) {
        assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_NOW_S), CG_REASON_NONE);
        assert_reason(scene_ask_at(scene, test, bearer, SAMPLE_NOW_S), CG_REASON_TOKEN_KEY_UNKNOWN);
    }
    (void)cg_gate_route_free(test);
}

/* Two realms that publish the same key: the proof under one issuer is none under the other. */
static void gate_tells_realms_of_one_key_apart(void **state)
{
    struct scene *scene = *state;
    scene->sample->realms[SAMPLE_TEST].jwks = scene->sample->realms[SAMPLE_LIVE].jwks;
    scene_install(scene);
    struct cg_gate_route *test = scene_route("/vtest/hpca", "documents");
    struct cg_access_token claims = sample_claims();
    struct cg_span bearer = scene_bearer(scene, sample_token(scene->sample, &claims));
    for (int round = 0; round < 2; round++) {
        assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_NOW_S), CG_REASON_NONE);
        assert_reason(scene_ask_at(scene, test, bearer, SAMPLE_NOW_S),
                      CG_REASON_TOKEN_ISSUER_WRONG);
    }
    (void)cg_gate_route_free(test);
}

static void gate_refuses_a_cached_token_whose_key_is_gone(void **state)
{
    struct scene *scene = *state;
    struct sample *sample = scene->sample;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(sample, &claims);
    assert_reason(scene_ask(scene, compact), CG_REASON_NONE);
    sample->realms[SAMPLE_LIVE].jwks = sample_jwks(sample, SAMPLE_TEST, "next");
    sample->data.keys_generation++;
    sample->data.version++;
    scene_install(scene);
    assert_reason(scene_ask(scene, compact), CG_REASON_TOKEN_KEY_UNKNOWN);
    assert_null(scene->verdict.client_id.data);
}

static void gate_proves_anew_under_another_key_of_the_same_kid(void **state)
{
    struct scene *scene = *state;
    struct sample *sample = scene->sample;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(sample, &claims);
    assert_reason(scene_ask(scene, compact), CG_REASON_NONE);
    sample->realms[SAMPLE_LIVE].jwks = sample_jwks(sample, SAMPLE_TEST, "live");
    sample->data.keys_generation++;
    scene_install(scene);
    assert_reason(scene_ask(scene, compact), CG_REASON_TOKEN_SIGNATURE_INVALID);
}

/*
 * The cache is seen at work: the key changes, but not its generation, which no feed does. What was
 * proven before passes as long as it is remembered.
 */
static void gate_keeps_proofs_through_a_revocation(void **state)
{
    struct scene *scene = *state;
    struct sample *sample = scene->sample;
    struct cg_access_token claims = sample_claims();
    struct cg_span kept = sample_token(sample, &claims);
    claims.token_id = test_span("jti-2");
    struct cg_span revoked = sample_token(sample, &claims);
    claims.token_id = test_span("jti-3");
    struct cg_span unseen = sample_token(sample, &claims);
    assert_reason(scene_ask(scene, kept), CG_REASON_NONE);
    assert_reason(scene_ask(scene, revoked), CG_REASON_NONE);
    sample->realms[SAMPLE_LIVE].jwks = sample_jwks(sample, SAMPLE_TEST, "next");
    sample_deny(sample, CG_DENIAL_TOKEN, "jti-2", 0);
    scene_install(scene);
    assert_reason(scene_ask(scene, kept), CG_REASON_NONE);
    assert_reason(scene_ask(scene, revoked), CG_REASON_TOKEN_REVOKED);
    assert_span_text(scene->verdict.token_id, "jti-2");
    assert_reason(scene_ask(scene, unseen), CG_REASON_TOKEN_KEY_UNKNOWN);
    sample->data.version = 1;
    scene_install(scene);
    assert_reason(scene_ask(scene, kept), CG_REASON_TOKEN_KEY_UNKNOWN);
}

static void gate_forgets_the_least_recently_used(void **state)
{
    struct scene *scene = *state;
    struct sample *sample = scene->sample;
    struct cg_span tokens[17];
    for (unsigned i = 0; i < TEST_COUNT(tokens); i++) {
        struct cg_access_token claims = sample_claims();
        claims.token_id = sample_text(sample, "jti-%u", i);
        tokens[i] = sample_token(sample, &claims);
        assert_reason(scene_ask(scene, tokens[i]), CG_REASON_NONE);
        assert_reason(scene_ask(scene, tokens[0]), CG_REASON_NONE);
    }
    sample->realms[SAMPLE_LIVE].jwks = sample_jwks(sample, SAMPLE_TEST, "next");
    scene_install(scene);
    assert_reason(scene_ask(scene, tokens[0]), CG_REASON_NONE);
    assert_reason(scene_ask(scene, tokens[16]), CG_REASON_NONE);
    assert_reason(scene_ask(scene, tokens[2]), CG_REASON_NONE);
    assert_reason(scene_ask(scene, tokens[1]), CG_REASON_TOKEN_KEY_UNKNOWN);
}

static void gate_follows_the_denylist_both_ways_for_a_cached_token(void **state)
{
    static const struct {
        const char *label;
        enum cg_denial kind;
        const char *subject;
        int64_t epoch;
        enum cg_reason reason;
    } rows[] = {
        {"token", CG_DENIAL_TOKEN, "jti-1", 0, CG_REASON_TOKEN_REVOKED},
        {"agreement", CG_DENIAL_AGREEMENT, "agr-1", 0, CG_REASON_AGREEMENT_WITHDRAWN},
        {"client", CG_DENIAL_CLIENT, "ward-9", 1, CG_REASON_CLIENT_SUSPENDED},
        {"subject's token", CG_DENIAL_TOKEN, "jti-3", 0, CG_REASON_TOKEN_REVOKED},
        {"subject's agreement", CG_DENIAL_AGREEMENT, "agr-3", 0, CG_REASON_AGREEMENT_WITHDRAWN},
        {"subject's client", CG_DENIAL_CLIENT, "ward-3", 3, CG_REASON_CLIENT_SUSPENDED},
    };
    struct scene *scene = *state;
    struct sample *sample = scene->sample;
    struct cg_access_token claims = sample_claims();
    claims.behalf = (struct cg_token_behalf)SAMPLE_BEHALF;
    struct cg_span compact = sample_token(sample, &claims);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_reason_row(rows[i].label, scene_ask(scene, compact), CG_REASON_NONE);
        sample_deny(sample, rows[i].kind, rows[i].subject, rows[i].epoch);
        scene_install(scene);
        assert_reason_row(rows[i].label, scene_ask(scene, compact), rows[i].reason);
        assert_reason_row(rows[i].label, scene_ask(scene, compact), rows[i].reason);
        sample->realms[SAMPLE_LIVE].denial_count = 0;
        sample->data.denylist_generation++;
        sample->data.version++;
        scene_install(scene);
    }
    assert_reason(scene_ask(scene, compact), CG_REASON_NONE);
}

static void gate_says_who_acts_for_the_subject(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span plain = sample_token(scene->sample, &claims);
    claims.behalf = (struct cg_token_behalf)SAMPLE_BEHALF;
    struct cg_span exchanged = sample_token(scene->sample, &claims);
    for (int i = 0; i < 2; i++) {
        assert_reason(scene_ask(scene, exchanged), CG_REASON_NONE);
        assert_span_text(scene->verdict.actor, "ward-9");
        assert_reason(scene_ask(scene, plain), CG_REASON_NONE);
        assert_null(scene->verdict.actor.data);
    }
}

static void gate_resuming_a_client_does_not_revive_its_old_tokens(void **state)
{
    struct scene *scene = *state;
    struct sample *sample = scene->sample;
    struct cg_access_token claims = sample_claims();
    struct cg_span before = sample_token(sample, &claims);
    claims.epoch = 1;
    struct cg_span after = sample_token(sample, &claims);
    assert_reason(scene_ask(scene, before), CG_REASON_NONE);
    sample_deny(sample, CG_DENIAL_CLIENT, "ward-9", 1);
    scene_install(scene);
    assert_reason(scene_ask(scene, before), CG_REASON_CLIENT_SUSPENDED);
    assert_reason(scene_ask(scene, after), CG_REASON_NONE);
    assert_reason(scene_ask(scene, before), CG_REASON_CLIENT_SUSPENDED);
}

/* A token for two APIs: each location sees its own agreement and its own scopes. */
static void gate_is_not_confused_by_a_token_for_several_apis(void **state)
{
    struct scene *scene = *state;
    struct sample *sample = scene->sample;
    struct cg_gate_route *medicines = scene_route(SAMPLE_REALM, "medicines");
    struct cg_access_token claims = sample_claims();
    claims.apis[1] = (struct cg_token_api)SAMPLE_API(SAMPLE_MEDICINES, "medicines", "agr-2");
    claims.api_count = 2;
    claims.scope = test_span("documents.read");
    struct cg_span bearer = scene_bearer(scene, sample_token(sample, &claims));
    assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_NOW_S), CG_REASON_NONE);
    assert_reason(scene_ask_at(scene, medicines, bearer, SAMPLE_NOW_S),
                  CG_REASON_SCOPE_INSUFFICIENT);
    sample_deny(sample, CG_DENIAL_AGREEMENT, "agr-2", 0);
    scene_install(scene);
    assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_NOW_S), CG_REASON_NONE);
    assert_reason(scene_ask_at(scene, medicines, bearer, SAMPLE_NOW_S),
                  CG_REASON_AGREEMENT_WITHDRAWN);
    (void)cg_gate_route_free(medicines);
}

static void gate_refuses_a_cached_token_whose_apis_have_left_the_realm(void **state)
{
    struct scene *scene = *state;
    struct sample *sample = scene->sample;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(sample, &claims);
    struct cg_gate_route *medicines = scene_route(SAMPLE_REALM, "medicines");
    assert_reason(scene_ask(scene, compact), CG_REASON_NONE);
    sample->realms[SAMPLE_LIVE].apis = &sample->apis[1];
    sample->realms[SAMPLE_LIVE].api_count = 1;
    sample->data.version++;
    scene_install(scene);
    assert_reason(scene_ask(scene, compact), CG_REASON_TOKEN_AUDIENCE_UNKNOWN);
    assert_reason(scene_ask_at(scene, medicines, scene_bearer(scene, compact), SAMPLE_NOW_S),
                  CG_REASON_TOKEN_AUDIENCE_UNKNOWN);
    (void)cg_gate_route_free(medicines);
}

static void gate_refuses_a_cached_token_when_the_issuer_moved(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(scene->sample, &claims);
    assert_reason(scene_ask(scene, compact), CG_REASON_NONE);
    scene->sample->realms[SAMPLE_LIVE].issuer = test_span("https://care.example/elsewhere");
    scene->sample->data.version++;
    scene_install(scene);
    assert_reason(scene_ask(scene, compact), CG_REASON_TOKEN_ISSUER_WRONG);
}

/* Refusals before proof, each asked twice, so that no failure is remembered as a success. */
static void gate_remembers_no_token_that_was_refused(void **state)
{
    struct scene *scene = *state;
    struct sample *sample = scene->sample;
    struct cg_access_token expired = sample_claims();
    expired.expires_s = SAMPLE_NOW_S;
    struct cg_access_token early = sample_claims();
    early.issued_s = SAMPLE_NOW_S + 61;
    early.expires_s = SAMPLE_NOW_S + 300;
    struct cg_access_token foreign = sample_claims();
    foreign.apis[0].audience = test_span("https://api.example/none");
    struct cg_access_token claims = sample_claims();
    struct cg_span good = sample_token(sample, &claims);
    struct cg_span payload = test_span("{\"iss\":\"" SAMPLE_ISSUER "\"}");
    struct cg_span header = test_span("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"live\"}");
    const struct {
        const char *label;
        struct cg_span compact;
        enum cg_reason reason;
    } rows[] = {
        {"expired", sample_token(sample, &expired), CG_REASON_TOKEN_EXPIRED},
        {"early", sample_token(sample, &early), CG_REASON_TOKEN_ISSUED_IN_FUTURE},
        {"audience", sample_token(sample, &foreign), CG_REASON_TOKEN_AUDIENCE_UNKNOWN},
        {"forged", sample_sign(sample, SAMPLE_TEST, header, payload),
         CG_REASON_TOKEN_SIGNATURE_INVALID},
        {"claims", sample_sign(sample, SAMPLE_LIVE, header, payload), CG_REASON_TOKEN_MALFORMED},
        {"type",
         sample_sign(sample, SAMPLE_LIVE,
                     test_span("{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"live\"}"), payload),
         CG_REASON_TOKEN_TYPE_REFUSED},
        {"algorithm",
         sample_sign(sample, SAMPLE_LIVE,
                     test_span("{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"live\"}"), payload),
         CG_REASON_TOKEN_ALGORITHM_REFUSED},
        {"cut", cg_span_part(good, 0, good.len - 2), CG_REASON_TOKEN_SIGNATURE_INVALID},
    };
    assert_reason(scene_ask(scene, good), CG_REASON_NONE);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < TEST_COUNT(rows); i++) {
            assert_reason_row(rows[i].label, scene_ask(scene, rows[i].compact), rows[i].reason);
            assert_null(scene->verdict.client_id.data);
            assert_span_text(scene->verdict.realm, SAMPLE_REALM);
        }
    }
}

/* Each location hears of its own API only, from a token that is remembered as from a new one. */
static void gate_hands_over_what_the_token_is_narrowed_to(void **state)
{
    struct scene *scene = *state;
    struct cg_gate_route *medicines = scene_route(SAMPLE_REALM, "medicines");
    struct cg_access_token claims = sample_claims();
    struct cg_span plain = scene_bearer(scene, sample_token(scene->sample, &claims));
    claims.apis[0].details = test_span(SAMPLE_NARROWING);
    claims.apis[1] = (struct cg_token_api)SAMPLE_API(SAMPLE_MEDICINES, "medicines", "agr-2");
    claims.api_count = 2;
    claims.is_narrowed = true;
    claims.scope = test_span("documents.read medicines.read");
    struct cg_span narrowed = scene_bearer(scene, sample_token(scene->sample, &claims));
    for (int round = 0; round < 3; round++) {
        assert_reason(scene_ask_at(scene, scene->route, narrowed, SAMPLE_NOW_S), CG_REASON_NONE);
        assert_span_text(scene->verdict.details, "[" SAMPLE_NARROWING "]");
        assert_reason(scene_ask_at(scene, medicines, narrowed, SAMPLE_NOW_S), CG_REASON_NONE);
        assert_int_equal(scene->verdict.details.len, 0);
        assert_reason(scene_ask_at(scene, scene->route, plain, SAMPLE_NOW_S), CG_REASON_NONE);
        assert_null(scene->verdict.details.data);
    }
    (void)cg_gate_route_free(medicines);
}

static enum cg_reason ask_method(struct scene *scene, const struct cg_gate_route *route,
                                 struct cg_span bearer, enum cg_method method)
{
    const struct cg_gate_request request = {
        .authorization = bearer, .method = method, .now_s = SAMPLE_NOW_S};
    cg_gate_decide(scene->gate, route, &request, &scene->verdict);
    return scene->verdict.reason;
}

/* What a route let in is remembered for its method alone, and no longer than the snapshot. */
static void gate_asks_each_method_and_each_snapshot_anew(void **state)
{
    struct scene *scene = *state;
    const struct cg_span write = test_span("documents.write");
    const struct cg_span read = test_span("documents.read");
    const struct cg_gate_rule rules[] = {{CG_METHOD_POST | CG_METHOD_PUT, &write, 1},
                                         {CG_METHOD_GET, &read, 1}};
    const struct cg_gate_route_config config = {.realm = test_span(SAMPLE_REALM),
                                                .api = test_span("documents"),
                                                .rules = rules,
                                                .rule_count = TEST_COUNT(rules)};
    struct cg_gate_route *route = NULL;
    const char *message = NULL;
    assert_ok(cg_gate_route_new(&config, &route, &message));
    struct cg_access_token claims = sample_claims();
    claims.scope = test_span("documents.read");
    struct cg_span bearer = scene_bearer(scene, sample_token(scene->sample, &claims));
    for (int round = 0; round < 2; round++) {
        assert_reason(ask_method(scene, route, bearer, CG_METHOD_GET), CG_REASON_NONE);
        assert_reason(ask_method(scene, route, bearer, CG_METHOD_HEAD), CG_REASON_NONE);
        assert_reason(ask_method(scene, route, bearer, CG_METHOD_POST),
                      CG_REASON_SCOPE_INSUFFICIENT);
    }
    scene->sample->apis[0].scope = test_span("documents.write");
    scene->sample->data.version++;
    scene_install(scene);
    assert_reason(ask_method(scene, route, bearer, CG_METHOD_GET), CG_REASON_SCOPE_INSUFFICIENT);
    (void)cg_gate_route_free(route);
}

static const struct CMUnitTest tests[] = {
    SCENE_TEST_CASE(gate_asks_each_method_and_each_snapshot_anew),
    SCENE_TEST_CASE(gate_checks_expiry_on_each_hit),
    SCENE_TEST_CASE(gate_never_uses_the_verdict_of_one_route_on_another),
    SCENE_TEST_CASE(gate_never_takes_the_token_of_one_realm_in_another),
    SCENE_TEST_CASE(gate_tells_realms_of_one_key_apart),
    SCENE_TEST_CASE(gate_refuses_a_cached_token_whose_key_is_gone),
    SCENE_TEST_CASE(gate_proves_anew_under_another_key_of_the_same_kid),
    SCENE_TEST_CASE(gate_keeps_proofs_through_a_revocation),
    SCENE_TEST_CASE(gate_forgets_the_least_recently_used),
    SCENE_TEST_CASE(gate_follows_the_denylist_both_ways_for_a_cached_token),
    SCENE_TEST_CASE(gate_says_who_acts_for_the_subject),
    SCENE_TEST_CASE(gate_resuming_a_client_does_not_revive_its_old_tokens),
    SCENE_TEST_CASE(gate_is_not_confused_by_a_token_for_several_apis),
    SCENE_TEST_CASE(gate_refuses_a_cached_token_whose_apis_have_left_the_realm),
    SCENE_TEST_CASE(gate_refuses_a_cached_token_when_the_issuer_moved),
    SCENE_TEST_CASE(gate_remembers_no_token_that_was_refused),
    SCENE_TEST_CASE(gate_hands_over_what_the_token_is_narrowed_to),
};
TEST_MAIN(tests)
