/* SPDX-License-Identifier: Apache-2.0 */
/* The gate's order of questions, and its snapshots. Tokens over time: test_gate_tokens.c. */
#include "gate_scene.h"

static void gate_lets_a_good_token_in_and_shows_whose_it_is(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    claims.subject = test_span("someone");
    struct cg_span compact = sample_token(scene->sample, &claims);
    for (int round = 0; round < 2; round++) {
        assert_reason(scene_ask(scene, compact), CG_REASON_NONE);
        const struct cg_gate_verdict *verdict = &scene->verdict;
        assert_span_text(verdict->realm, SAMPLE_REALM);
        assert_span_text(verdict->issuer, SAMPLE_ISSUER);
        assert_span_text(verdict->client_id, "ward-9");
        assert_span_text(verdict->subject, "someone");
        assert_span_text(verdict->organisation, "RX1");
        assert_span_text(verdict->scope, "documents.read documents.write");
        assert_span_text(verdict->token_id, "jti-1");
        assert_null(verdict->needed_scope.data);
    }
}

static void gate_reads_the_authorization_header_strictly(void **state)
{
    static const struct {
        const char *label;
        const char *header; /* NULL: absent; %s is a good token */
        enum cg_reason reason;
    } rows[] = {
        {"absent", NULL, CG_REASON_TOKEN_MISSING},
        {"empty", "", CG_REASON_TOKEN_MISSING},
        {"Basic", "Basic dTpw", CG_REASON_TOKEN_MISSING},
        {"another scheme", "Negotiate %s", CG_REASON_TOKEN_MISSING},
        {"a scheme for bound tokens", "DPoP %s", CG_REASON_TOKEN_NOT_BOUND},
        {"no scheme", "%s", CG_REASON_TOKEN_MISSING},
        {"good", "Bearer %s", CG_REASON_NONE},
        {"scheme in another case", "bEARER %s", CG_REASON_NONE},
        {"several spaces", "Bearer   %s", CG_REASON_NONE},
        {"no token", "Bearer", CG_REASON_TOKEN_MALFORMED},
        {"no token after a space", "Bearer ", CG_REASON_TOKEN_MALFORMED},
        {"two tokens", "Bearer %s %s", CG_REASON_TOKEN_MALFORMED},
        {"a space after it", "Bearer %s ", CG_REASON_TOKEN_MALFORMED},
        {"a comma after it", "Bearer %s,", CG_REASON_TOKEN_MALFORMED},
        {"a dot after it", "Bearer %s.", CG_REASON_TOKEN_MALFORMED},
        {"padding after it", "Bearer %s=", CG_REASON_TOKEN_MALFORMED},
        {"no JWS", "Bearer abc", CG_REASON_TOKEN_MALFORMED},
        {"characters of no token", "Bearer a\"b", CG_REASON_TOKEN_MALFORMED},
    };
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(scene->sample, &claims);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < TEST_COUNT(rows); i++) {
            struct cg_span header = {NULL, 0};
            if (rows[i].header != NULL) {
                header = test_span(rows[i].header);
            }
            while (header.len > 0 && memmem(header.data, header.len, "%s", 2) != NULL) {
                header = sample_replace(scene->sample, header, "%s", (const char *)compact.data);
            }
            assert_reason_row(rows[i].label,
                              scene_ask_at(scene, scene->route, header, SAMPLE_NOW_S),
                              rows[i].reason);
        }
    }
}

static void gate_refuses_a_token_in_the_query_whatever_the_header(void **state)
{
    static const struct {
        const char *query;
        enum cg_reason reason;
    } rows[] = {
        {"access_token=x", CG_REASON_TOKEN_IN_QUERY},
        {"access_token", CG_REASON_TOKEN_IN_QUERY},
        {"a=b&access_token=x", CG_REASON_TOKEN_IN_QUERY},
        {"%61ccess_token=x", CG_REASON_TOKEN_IN_QUERY},
        {"a=access_token", CG_REASON_NONE},
        {"access_tokens=x", CG_REASON_NONE},
        {"", CG_REASON_NONE},
    };
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span bearer = scene_bearer(scene, sample_token(scene->sample, &claims));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_gate_request request = {.authorization = bearer,
                                          .query = test_span(rows[i].query),
                                          .method = CG_METHOD_GET,
                                          .now_s = SAMPLE_NOW_S};
        cg_gate_decide(scene->gate, scene->route, &request, &scene->verdict);
        assert_reason_row(rows[i].query, scene->verdict.reason, rows[i].reason);
        request.authorization = (struct cg_span){NULL, 0};
        cg_gate_decide(scene->gate, scene->route, &request, &scene->verdict);
        assert_reason_row(rows[i].query, scene->verdict.reason,
                          rows[i].reason == CG_REASON_NONE ? CG_REASON_TOKEN_MISSING
                                                           : rows[i].reason);
    }
}

static void gate_refuses_a_path_that_climbs_even_with_a_good_token(void **state)
{
    static const struct {
        const char *path;
        enum cg_reason reason;
    } rows[] = {
        {"/fhir/Patient", CG_REASON_NONE},
        {"/admin/%2e%2e/fhir/Patient", CG_REASON_PATH_AMBIGUOUS},
        {"/fhir/..;/admin", CG_REASON_PATH_AMBIGUOUS},
    };
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_gate_request request = {.method = CG_METHOD_GET, .now_s = SAMPLE_NOW_S};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        request.path = test_span(rows[i].path);
        request.authorization = scene_bearer(scene, sample_token(scene->sample, &claims));
        cg_gate_decide(scene->gate, scene->route, &request, &scene->verdict);
        assert_reason_row(rows[i].path, scene->verdict.reason, rows[i].reason);
        request.authorization = (struct cg_span){NULL, 0};
        cg_gate_decide(scene->gate, scene->route, &request, &scene->verdict);
        assert_reason_row(rows[i].path, scene->verdict.reason, CG_REASON_TOKEN_MISSING);
    }
}

static void gate_refuses_a_token_past_the_limit_as_malformed(void **state)
{
    struct scene *scene = *state;
    char header[CG_LIMIT_TOKEN_BYTES + 64];
    int len = snprintf(header, sizeof(header), "Bearer ");
    memset(header + len, 'a', sizeof(header) - (size_t)len);
    struct cg_span span = {(const uint8_t *)header, (size_t)len + CG_LIMIT_TOKEN_BYTES + 1};
    assert_reason(scene_ask_at(scene, scene->route, span, SAMPLE_NOW_S), CG_REASON_TOKEN_MALFORMED);
    span.len--;
    assert_reason(scene_ask_at(scene, scene->route, span, SAMPLE_NOW_S), CG_REASON_TOKEN_MALFORMED);
}

static void gate_without_a_snapshot_refuses_everything(void **state)
{
    struct scene *scene = *state;
    const struct cg_gate_config config = {16, SCENE_MAX_AGE_S, NULL, scene->shared};
    struct cg_gate *fresh = NULL;
    assert_ok(cg_gate_new(&config, &fresh));
    assert_int_equal(cg_gate_snapshot_version(fresh), 0);
    struct cg_access_token claims = sample_claims();
    const struct cg_gate_request request = {
        .authorization = scene_bearer(scene, sample_token(scene->sample, &claims)),
        .query = test_span("access_token=x"),
        .method = CG_METHOD_GET,
        .now_s = SAMPLE_NOW_S,
    };
    struct cg_gate_verdict verdict;
    cg_gate_decide(fresh, scene->route, &request, &verdict);
    assert_reason(verdict.reason, CG_REASON_SNAPSHOT_MISSING);
    assert_span_text(verdict.realm, SAMPLE_REALM);
    assert_null(verdict.client_id.data);
    (void)cg_gate_free(fresh);
    assert_null(cg_gate_free(NULL));
}

static void gate_trusts_a_snapshot_for_its_time_and_no_longer(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span bearer = scene_bearer(scene, sample_token(scene->sample, &claims));
    assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_NOW_S + SCENE_MAX_AGE_S),
                  CG_REASON_NONE);
    assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_NOW_S + SCENE_MAX_AGE_S + 1),
                  CG_REASON_SNAPSHOT_TOO_OLD);
    assert_int_equal(cg_gate_snapshot_age_s(scene->gate, SAMPLE_NOW_S + 61), 61);
    cg_gate_confirm(scene->gate, SAMPLE_NOW_S + 10);
    assert_int_equal(cg_gate_snapshot_age_s(scene->gate, SAMPLE_NOW_S + 61), 51);
    assert_reason(scene_ask_at(scene, scene->route, bearer, SAMPLE_NOW_S + SCENE_MAX_AGE_S + 1),
                  CG_REASON_NONE);
    cg_gate_confirm(scene->gate, SAMPLE_NOW_S);
    assert_int_equal(cg_gate_snapshot_age_s(scene->gate, SAMPLE_NOW_S + 61), 51);
    assert_int_equal(cg_gate_snapshot_age_s(scene->gate, 0), 0);
}

static void gate_knows_only_realms_of_the_snapshot(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span bearer = scene_bearer(scene, sample_token(scene->sample, &claims));
    struct cg_gate_route *elsewhere = scene_route("/vlive", "documents");
    struct cg_gate_route *only = scene_route(NULL, "documents");
    assert_reason(scene_ask_at(scene, elsewhere, bearer, SAMPLE_NOW_S),
                  CG_REASON_GATE_MISCONFIGURED);
    assert_reason(scene_ask_at(scene, only, bearer, SAMPLE_NOW_S), CG_REASON_GATE_MISCONFIGURED);
    scene->sample->data.realm_count = 1;
    scene_install(scene);
    assert_reason(scene_ask_at(scene, only, bearer, SAMPLE_NOW_S), CG_REASON_NONE);
    (void)cg_gate_route_free(elsewhere);
    (void)cg_gate_route_free(only);
}

static void gate_tells_what_would_have_done(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    claims.scope = test_span("medicines.read");
    assert_reason(scene_ask(scene, sample_token(scene->sample, &claims)),
                  CG_REASON_SCOPE_INSUFFICIENT);
    assert_span_text(scene->verdict.needed_scope, "documents.read documents.write");
    assert_span_text(scene->verdict.client_id, "ward-9");
    claims.apis[0].name = test_span("medicines");
    claims.apis[0].audience = test_span(SAMPLE_MEDICINES);
    assert_reason(scene_ask(scene, sample_token(scene->sample, &claims)), CG_REASON_API_NOT_AGREED);
    assert_span_text(scene->verdict.needed_scope, "documents.read documents.write");
    sample_deny(scene->sample, CG_DENIAL_AGREEMENT, "agr-1", 0);
    scene_install(scene);
    claims = sample_claims();
    assert_reason(scene_ask(scene, sample_token(scene->sample, &claims)),
                  CG_REASON_AGREEMENT_WITHDRAWN);
    assert_span_text(scene->verdict.needed_scope, "documents.read documents.write");
}

static void gate_answers_401_before_it_speaks_of_its_own_configuration(void **state)
{
    struct scene *scene = *state;
    struct cg_gate_route *unknown = scene_route(SAMPLE_REALM, "imaging");
    struct cg_access_token claims = sample_claims();
    struct cg_span bearer = scene_bearer(scene, sample_token(scene->sample, &claims));
    assert_reason(scene_ask_at(scene, unknown, (struct cg_span){NULL, 0}, SAMPLE_NOW_S),
                  CG_REASON_TOKEN_MISSING);
    assert_reason(scene_ask_at(scene, unknown, bearer, SAMPLE_NOW_S), CG_REASON_GATE_MISCONFIGURED);
    (void)cg_gate_route_free(unknown);
}

static void gate_refuses_settings_out_of_range(void **state)
{
    struct scene *scene = *state;
    struct cg_gate_shared *shared = scene->shared;
    const struct cg_gate_config rows[] = {
        {15, 60, NULL, shared},
        {0, 60, NULL, shared},
        {CG_LIMIT_CACHE_TOKENS + 1, 60, NULL, shared},
        {16, 0, NULL, shared},
        {16, -1, NULL, shared},
        {16, 60, NULL, NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_gate *gate = NULL;
        assert_status(cg_gate_new(&rows[i], &gate), CG_ERR_INPUT);
        assert_null(gate);
    }
    const struct cg_gate_config largest = {CG_LIMIT_CACHE_TOKENS, INT64_MAX, NULL, shared};
    struct cg_gate *gate = NULL;
    assert_ok(cg_gate_new(&largest, &gate));
    (void)cg_gate_free(gate);
}

static void gate_keeps_refusals_for_the_audit(void **state)
{
    struct scene *scene = *state;
    const struct cg_refusal refusal = {
        .time_s = SAMPLE_NOW_S, .reason = CG_REASON_TOKEN_EXPIRED, .count = 1};
    cg_gate_note_refusal(scene->gate, &refusal);
    struct cg_refusal taken[2];
    assert_int_equal(cg_gate_take_refusals(scene->gate, SAMPLE_NOW_S, taken, 2), 1);
    assert_reason(taken[0].reason, CG_REASON_TOKEN_EXPIRED);
}

static const struct CMUnitTest tests[] = {
    SCENE_TEST_CASE(gate_lets_a_good_token_in_and_shows_whose_it_is),
    SCENE_TEST_CASE(gate_reads_the_authorization_header_strictly),
    SCENE_TEST_CASE(gate_refuses_a_token_in_the_query_whatever_the_header),
    SCENE_TEST_CASE(gate_refuses_a_path_that_climbs_even_with_a_good_token),
    SCENE_TEST_CASE(gate_refuses_a_token_past_the_limit_as_malformed),
    SCENE_TEST_CASE(gate_without_a_snapshot_refuses_everything),
    SCENE_TEST_CASE(gate_trusts_a_snapshot_for_its_time_and_no_longer),
    SCENE_TEST_CASE(gate_knows_only_realms_of_the_snapshot),
    SCENE_TEST_CASE(gate_tells_what_would_have_done),
    SCENE_TEST_CASE(gate_answers_401_before_it_speaks_of_its_own_configuration),
    SCENE_TEST_CASE(gate_refuses_settings_out_of_range),
    SCENE_TEST_CASE(gate_keeps_refusals_for_the_audit),
};
TEST_MAIN(tests)
