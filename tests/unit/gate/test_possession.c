/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that are bound to a key, at the gate. What a proof must be made of: test_dpop.c. */
#include "gate_scene.h"
#include "prover.h"

#include "token/dpop.h"

struct stage {
    struct scene *scene;
    struct prover prover;
    struct cg_span token; /* bound to the prover's key */
    struct cg_span nonce; /* that the gate gave */
};

/* One question; what is not set is as it should be. */
struct question {
    const char *scheme;
    struct cg_span token;
    struct cg_span proof;
    unsigned proof_count;
    int64_t late_s;
    unsigned is_proven;
    const char *path; /* NULL: not as it was sent */
};

static struct question good_question(const struct stage *stage, const char *id)
{
    return (struct question){
        .scheme = "DPoP",
        .token = stage->token,
        .proof = prover_proof(&stage->prover, stage->scene->sample, id, stage->token, stage->nonce),
        .proof_count = 1,
    };
}

static enum cg_reason ask_gate(struct scene *scene, struct cg_gate *gate,
                               const struct question *question)
{
    const struct cg_gate_request request = {
        .authorization =
            sample_text(scene->sample, "%s %.*s", question->scheme, CG_SPAN_ARGS(question->token)),
        .path = cg_span_of_string(question->path),
        .method = CG_METHOD_GET,
        .now_s = SAMPLE_NOW_S + question->late_s,
        .proof = question->proof,
        .proof_count = question->proof_count,
        .method_name = CG_SPAN(PROVER_METHOD),
        .target = CG_SPAN(PROVER_TARGET "?with=a+query"),
        .is_proven = question->is_proven,
    };
    cg_gate_decide(gate, scene->route, &request, &scene->verdict);
    return scene->verdict.reason;
}

static enum cg_reason ask(struct stage *stage, const struct question *question)
{
    return ask_gate(stage->scene, stage->scene->gate, question);
}

/* The nonce is a copy: what the verdict shows borrows. */
static struct cg_span fetch_nonce(struct stage *stage, struct cg_gate *gate)
{
    struct cg_span nothing = {NULL, 0};
    struct question question = {
        .scheme = "DPoP",
        .token = stage->token,
        .proof = prover_proof(&stage->prover, stage->scene->sample, "first", stage->token, nothing),
        .proof_count = 1,
    };
    assert_reason(ask_gate(stage->scene, gate, &question), CG_REASON_PROOF_NONCE_MISSING);
    return sample_text(stage->scene->sample, "%.*s", CG_SPAN_ARGS(stage->scene->verdict.nonce));
}

static int setup(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    void *scene = NULL;
    assert_non_null(stage);
    (void)scene_setup(&scene);
    stage->scene = scene;
    prover_init(&stage->prover, stage->scene->sample, "ES256");
    struct cg_access_token claims = sample_claims();
    claims.key_thumbprint = test_span(stage->prover.thumbprint);
    stage->token = sample_token(stage->scene->sample, &claims);
    stage->nonce = fetch_nonce(stage, stage->scene->gate);
    *state = stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    void *scene = stage->scene;
    prover_release(&stage->prover);
    (void)scene_teardown(&scene);
    free(stage);
    return 0;
}

static void possession_of_the_key_opens_the_gate_once(void **state)
{
    struct stage *stage = *state;
    for (int round = 0; round < 3; round++) {
        struct cg_span id = sample_text(stage->scene->sample, "id-%d", round);
        struct question question = good_question(stage, (const char *)id.data);
        assert_reason(ask(stage, &question), CG_REASON_NONE);
        assert_int_equal(stage->scene->verdict.is_proven, 1);
        assert_null(stage->scene->verdict.nonce.data);
        assert_span_text(stage->scene->verdict.client_id, "ward-9");
        assert_reason(ask(stage, &question), CG_REASON_PROOF_REPLAYED);
        assert_int_equal(stage->scene->verdict.is_proven, 0);
    }
}

/* RFC 9449 §7.2 */
static void possession_is_not_left_out_for_a_token_sent_as_bearer(void **state)
{
    struct stage *stage = *state;
    struct question question = good_question(stage, "id");
    question.scheme = "Bearer";
    for (int round = 0; round < 2; round++) {
        assert_reason(ask(stage, &question), CG_REASON_TOKEN_BOUND);
        assert_int_equal(stage->scene->verdict.uses_dpop, 1);
        question.is_proven = 1;
    }
    question.proof_count = 0;
    assert_reason(ask(stage, &question), CG_REASON_TOKEN_BOUND);
}

static void possession_cannot_be_claimed_for_a_token_that_is_not_bound(void **state)
{
    struct stage *stage = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span unbound = sample_token(stage->scene->sample, &claims);
    struct question question = {
        .scheme = "DPoP",
        .token = unbound,
        .proof = prover_proof(&stage->prover, stage->scene->sample, "id", unbound, stage->nonce),
        .proof_count = 1,
    };
    assert_reason(ask(stage, &question), CG_REASON_TOKEN_NOT_BOUND);
    question.is_proven = 1;
    assert_reason(ask(stage, &question), CG_REASON_TOKEN_NOT_BOUND);
}

static void possession_wants_one_proof_by_the_key_of_the_token_for_this_token(void **state)
{
    struct stage *stage = *state;
    struct question none = good_question(stage, "a");
    none.proof_count = 0;
    assert_reason(ask(stage, &none), CG_REASON_PROOF_MISSING);
    assert_span_equal(stage->scene->verdict.nonce, stage->nonce);
    struct question two = good_question(stage, "a");
    two.proof_count = 2;
    assert_reason(ask(stage, &two), CG_REASON_PROOF_REPEATED);
    struct prover thief;
    prover_init(&thief, stage->scene->sample, "ES256");
    struct question stolen = good_question(stage, "a");
    stolen.proof = prover_proof(&thief, stage->scene->sample, "a", stage->token, stage->nonce);
    assert_reason(ask(stage, &stolen), CG_REASON_PROOF_KEY_WRONG);
    struct question other = good_question(stage, "a");
    other.proof =
        prover_proof(&stage->prover, stage->scene->sample, "a", test_span("other"), stage->nonce);
    assert_reason(ask(stage, &other), CG_REASON_PROOF_TOKEN_WRONG);
    struct question good = good_question(stage, "a");
    assert_reason(ask(stage, &good), CG_REASON_NONE);
    /* The key is remembered by now, and is still not another's. */
    assert_reason(ask(stage, &stolen), CG_REASON_PROOF_KEY_WRONG);
    assert_reason(ask(stage, &other), CG_REASON_PROOF_TOKEN_WRONG);
    prover_release(&thief);
}

static void possession_is_proven_for_each_of_several_tokens(void **state)
{
    struct stage *stage = *state;
    struct cg_access_token claims = sample_claims();
    claims.key_thumbprint = test_span(stage->prover.thumbprint);
    claims.token_id = test_span("jti-2");
    struct cg_span tokens[] = {stage->token, sample_token(stage->scene->sample, &claims)};
    for (int round = 0; round < 4; round++) { /* the second time both are remembered */
        struct cg_span id = sample_text(stage->scene->sample, "id-%d", round);
        struct question question = good_question(stage, (const char *)id.data);
        question.token = tokens[(round + 1) % 2];
        question.proof = prover_proof(&stage->prover, stage->scene->sample, (const char *)id.data,
                                      tokens[round % 2], stage->nonce);
        assert_reason(ask(stage, &question), CG_REASON_PROOF_TOKEN_WRONG);
        question.token = tokens[round % 2];
        assert_reason(ask(stage, &question), CG_REASON_NONE);
    }
}

static void possession_is_proven_to_one_gate_only(void **state)
{
    struct stage *stage = *state;
    static _Alignas(max_align_t) uint8_t memory[CG_GATE_SHARED_BYTES_MIN];
    struct cg_gate_config config = {16, SCENE_MAX_AGE_S, NULL, NULL};
    struct cg_gate *other = NULL;
    assert_ok(cg_gate_shared_init(memory, sizeof(memory), &config.shared));
    assert_ok(cg_gate_new(&config, &other));
    cg_gate_install(other, sample_snapshot(stage->scene->sample), SAMPLE_NOW_S);
    struct question question = good_question(stage, "id");
    assert_reason(ask(stage, &question), CG_REASON_NONE);
    assert_reason(ask_gate(stage->scene, other, &question), CG_REASON_PROOF_NONCE_REFUSED);
    assert_int_equal(stage->scene->verdict.nonce.len, stage->nonce.len);
    assert_memory_not_equal(stage->scene->verdict.nonce.data, stage->nonce.data, stage->nonce.len);
    (void)cg_gate_free(other);
}

static void possession_proven_in_one_worker_is_used_up_in_all(void **state)
{
    struct stage *stage = *state;
    const struct cg_gate_config config = {16, SCENE_MAX_AGE_S, NULL, stage->scene->shared};
    struct cg_gate *worker = NULL;
    assert_ok(cg_gate_new(&config, &worker));
    cg_gate_install(worker, sample_snapshot(stage->scene->sample), SAMPLE_NOW_S);
    struct question question = good_question(stage, "id");
    assert_reason(ask(stage, &question), CG_REASON_NONE);
    assert_reason(ask_gate(stage->scene, worker, &question), CG_REASON_PROOF_REPLAYED);
    (void)cg_gate_free(worker);
}

static void possession_is_offered_a_fresh_nonce_before_the_old_one_ends(void **state)
{
    struct stage *stage = *state;
    struct question question = good_question(stage, "id");
    question.late_s = CG_LIMIT_PROOF_AGE_S;
    assert_reason(ask(stage, &question), CG_REASON_NONE);
    assert_int_equal(stage->scene->verdict.nonce.len, stage->nonce.len);
    assert_memory_not_equal(stage->scene->verdict.nonce.data, stage->nonce.data, stage->nonce.len);
}

static void possession_is_asked_for_once_on_the_way_of_a_request(void **state)
{
    struct stage *stage = *state;
    struct question question = good_question(stage, "id");
    assert_reason(ask(stage, &question), CG_REASON_NONE);
    question.is_proven = 1;
    assert_reason(ask(stage, &question), CG_REASON_NONE);
    assert_int_equal(stage->scene->verdict.is_proven, 1);
}

static void possession_opens_nothing_that_the_token_does_not(void **state)
{
    struct stage *stage = *state;
    struct cg_access_token claims = sample_claims();
    claims.key_thumbprint = test_span(stage->prover.thumbprint);
    claims.scope = test_span("medicines.read");
    struct question question = {.scheme = "DPoP", .proof_count = 1};
    question.token = sample_token(stage->scene->sample, &claims);
    question.proof =
        prover_proof(&stage->prover, stage->scene->sample, "id", question.token, stage->nonce);
    assert_reason(ask(stage, &question), CG_REASON_SCOPE_INSUFFICIENT);
    assert_int_equal(stage->scene->verdict.uses_dpop, 1);
    sample_deny(stage->scene->sample, CG_DENIAL_TOKEN, "jti-1", 0);
    scene_install(stage->scene);
    struct question revoked = good_question(stage, "id-2");
    assert_reason(ask(stage, &revoked), CG_REASON_TOKEN_REVOKED);
}

/* Asks for one API after another with a token and its proof. */
static enum cg_reason ask_for(struct stage *stage, const char *api, const struct question *question)
{
    struct cg_gate_route *saved = stage->scene->route;
    stage->scene->route = scene_route(SAMPLE_REALM, api);
    enum cg_reason reason = ask(stage, question);
    (void)cg_gate_route_free(stage->scene->route);
    stage->scene->route = saved;
    return reason;
}

static void possession_that_opens_nothing_is_not_used_up(void **state)
{
    struct stage *stage = *state;
    struct question question = good_question(stage, "id");
    for (int round = 0; round < 2; round++) {
        assert_reason(ask_for(stage, "medicines", &question), CG_REASON_API_NOT_AGREED);
        assert_int_equal(stage->scene->verdict.is_proven, 0);
    }
    question.path = "/documents/../7";
    assert_reason(ask(stage, &question), CG_REASON_PATH_AMBIGUOUS);
    question.path = NULL;
    assert_reason(ask(stage, &question), CG_REASON_NONE);
    assert_reason(ask(stage, &question), CG_REASON_PROOF_REPLAYED);
}

/* RFC 7800 §3.1: what is not understood of a confirmation is not passed over. */
static void possession_in_a_way_that_is_not_known_is_no_possession(void **state)
{
    struct stage *stage = *state;
    static const char *const bindings[] = {
        "\"cnf\":{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2\"}",
        "\"cnf\":{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\",\"kid\":\"x\"}",
        "\"cnf\":{\"jkt\":\"0ZcOCORZNYy\"}",
        "\"cnf\":{\"jkt\":7}",
        "\"cnf\":{}",
        "\"cnf\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"",
    };
    const struct sample *sample = stage->scene->sample;
    for (size_t i = 0; i < TEST_COUNT(bindings); i++) {
        struct cg_buf buf;
        struct cg_span payload;
        struct cg_access_token claims = sample_claims();
        cg_buf_init_arena(&buf, sample->arena, CG_LIMIT_TOKEN_BYTES);
        cg_access_token_write(&claims, &buf);
        assert_ok(cg_buf_finish(&buf, &payload));
        struct cg_span bound = sample_text(sample, "{%s,", bindings[i]);
        payload = sample_replace(sample, payload, "{", (const char *)bound.data);
        struct cg_span token =
            sample_sign(sample, SAMPLE_LIVE,
                        test_span("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"live\"}"), payload);
        assert_reason_row(bindings[i], scene_ask(stage->scene, token), CG_REASON_TOKEN_MALFORMED);
    }
}

#define POSSESSION_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
    POSSESSION_TEST(possession_of_the_key_opens_the_gate_once),
    POSSESSION_TEST(possession_is_not_left_out_for_a_token_sent_as_bearer),
    POSSESSION_TEST(possession_cannot_be_claimed_for_a_token_that_is_not_bound),
    POSSESSION_TEST(possession_wants_one_proof_by_the_key_of_the_token_for_this_token),
    POSSESSION_TEST(possession_is_proven_for_each_of_several_tokens),
    POSSESSION_TEST(possession_is_proven_to_one_gate_only),
    POSSESSION_TEST(possession_proven_in_one_worker_is_used_up_in_all),
    POSSESSION_TEST(possession_is_offered_a_fresh_nonce_before_the_old_one_ends),
    POSSESSION_TEST(possession_is_asked_for_once_on_the_way_of_a_request),
    POSSESSION_TEST(possession_opens_nothing_that_the_token_does_not),
    POSSESSION_TEST(possession_that_opens_nothing_is_not_used_up),
    POSSESSION_TEST(possession_in_a_way_that_is_not_known_is_no_possession),
};
TEST_MAIN(tests)
