/* SPDX-License-Identifier: Apache-2.0 */
/* What a calling system signs is what our own side takes. */
#include "test.h"

#include "base/span.h"
#include "jose/jws.h"
#include "token/client_jwt.h"
#include "token/dpop.h"

#include <string.h>

#define ARENA_BYTES ((size_t)1 << 20)
#define NOW_S INT64_C(1000000)
#define TARGET "https://api.example/documents/7"
#define TOKEN "a.b.c"

struct scene {
    struct cg_arena *arena;
    struct cg_key *key;
    struct cg_random random;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    assert_ok(cg_arena_new(ARENA_BYTES, &scene->arena));
    assert_ok(cg_key_generate(CG_KEY_ECDSA_P256, 0, &scene->key));
    scene->random = cg_random_system();
    *state = scene;
    return 0;
}

static int clear(void **state)
{
    struct scene *scene = *state;
    (void)cg_key_free(scene->key);
    (void)cg_arena_free(scene->arena);
    free(scene);
    return 0;
}

static struct cg_key *public_half(const struct scene *scene)
{
    struct cg_key_public numbers = {0};
    struct cg_key *half = NULL;
    assert_ok(cg_key_public_numbers(scene->key, scene->arena, &numbers));
    assert_ok(cg_key_from_public(cg_key_algorithm_of(scene->key), &numbers, &half));
    return half;
}

static struct cg_span assertion(const struct scene *scene, struct cg_span kid)
{
    const struct cg_assertion_order order = {
        .client = CG_SPAN("ward-7f3k9q2x"),
        .audience = CG_SPAN("https://care.example/vlive/hpca"),
        .kid = kid,
        .now_s = NOW_S,
        .life_s = 60,
    };
    struct cg_span jwt = {NULL, 0};
    assert_ok(cg_client_jwt_assertion(&order, scene->key, &scene->random, scene->arena, &jwt));
    return jwt;
}

static struct cg_span proof(const struct scene *scene, const struct cg_proof_order *changes)
{
    struct cg_proof_order order = *changes;
    struct cg_span jwt = {NULL, 0};
    order.method = order.method.data != NULL ? order.method : CG_SPAN_OF("GET");
    order.target = order.target.data != NULL ? order.target : CG_SPAN_OF(TARGET);
    order.now_s = NOW_S;
    assert_ok(cg_client_jwt_proof(&order, scene->key, &scene->random, scene->arena, &jwt));
    return jwt;
}

static void split(const struct scene *scene, struct cg_span jwt, struct cg_jws *ret_jws)
{
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    assert_ok(cg_jws_split(jwt, scene->arena, &fault, ret_jws));
}

static int64_t number_of(struct cg_span payload, const char *name)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    int64_t number = 0;
    assert_ok(cg_json_parse(payload, payload.len, &json));
    assert_ok(cg_json_member_number(cg_json_root(json), name, &number));
    return number;
}

static void assert_member(struct cg_span payload, const char *name, const char *want)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_span text = {NULL, 0};
    assert_ok(cg_json_parse(payload, payload.len, &json));
    assert_ok(cg_json_member_string(cg_json_root(json), name, &text));
    assert_span_equal(text, cg_span_of_string(want));
}

static void assertion_says_who_for_whom_and_how_long(void **state)
{
    struct scene *scene = *state;
    CG_CLEANUP(cg_key_free_at) struct cg_key *half = public_half(scene);
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    struct cg_jws jws;
    split(scene, assertion(scene, CG_SPAN_OF("2026-1")), &jws);
    assert_span_equal(jws.header,
                      CG_SPAN_OF("{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"2026-1\"}"));
    assert_member(jws.payload, "iss", "ward-7f3k9q2x");
    assert_member(jws.payload, "sub", "ward-7f3k9q2x");
    assert_member(jws.payload, "aud", "https://care.example/vlive/hpca");
    assert_int_equal(number_of(jws.payload, "iat"), NOW_S);
    assert_int_equal(number_of(jws.payload, "exp"), NOW_S + 60);
    assert_ok(cg_verifier_new(half, &verifier));
    assert_ok(cg_jws_verify(&jws, verifier, &fault));
}

static void assertion_names_no_kid_that_it_was_not_given(void **state)
{
    struct cg_jws jws;
    split(*state, assertion(*state, (struct cg_span){NULL, 0}), &jws);
    assert_null(jws.kid.data);
}

static void no_two_have_the_same_id(void **state)
{
    struct cg_jws one;
    struct cg_jws other;
    split(*state, assertion(*state, (struct cg_span){NULL, 0}), &one);
    split(*state, assertion(*state, (struct cg_span){NULL, 0}), &other);
    assert_false(cg_span_equal(one.payload, other.payload));
}

/* The reason of what our own side says of a proof at TARGET. */
static enum cg_reason judge(const struct scene *scene, struct cg_span jwt, struct cg_span token)
{
    uint8_t hash[CG_DPOP_HASH_CHARS];
    struct cg_dpop_proof read = {.nonce = {NULL, 0}};
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    struct cg_dpop_demand demand = {
        .method = CG_SPAN("GET"), .target = CG_SPAN(TARGET "?q=1"), .now_s = NOW_S};
    if (token.data != NULL) {
        assert_ok(cg_dpop_hash_token(token, hash));
        demand.token_hash = cg_span_of_bytes(hash, sizeof(hash));
    }
    enum cg_status status = cg_dpop_check(jwt, &demand, scene->arena, &fault, &read);
    assert_int_equal(status == CG_OK, fault.reason == CG_REASON_NONE);
    return fault.reason;
}

static void proof_is_taken_for_what_it_was_made_for(void **state)
{
    static const struct {
        const char *label;
        struct cg_proof_order order;
        struct cg_span token; /* that it is shown with */
        enum cg_reason want;
    } rows[] = {
        {"plain", {.nonce = {NULL, 0}}, {NULL, 0}, CG_REASON_NONE},
        {"with a token", {.token = CG_SPAN(TOKEN)}, CG_SPAN(TOKEN), CG_REASON_NONE},
        {"with another", {.token = CG_SPAN(TOKEN)}, CG_SPAN("x"), CG_REASON_PROOF_TOKEN_WRONG},
        {"query", {.target = CG_SPAN(TARGET "?a=b")}, {NULL, 0}, CG_REASON_NONE},
        {"fragment", {.target = CG_SPAN(TARGET "#a?b")}, {NULL, 0}, CG_REASON_NONE},
        {"elsewhere", {.target = CG_SPAN(TARGET "1")}, {NULL, 0}, CG_REASON_PROOF_TARGET_WRONG},
        {"method", {.method = CG_SPAN("POST")}, {NULL, 0}, CG_REASON_PROOF_METHOD_WRONG},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        enum cg_reason got = judge(*state, proof(*state, &rows[i].order), rows[i].token);
        if (got != rows[i].want) {
            fail_msg("%s: %d", rows[i].label, (int)got);
        }
    }
}

static void proof_has_the_nonce_that_it_was_given(void **state)
{
    struct cg_jws jws;
    split(*state, proof(*state, &(struct cg_proof_order){.nonce = CG_SPAN("n-1")}), &jws);
    assert_member(jws.payload, "nonce", "n-1");
}

static void proof_has_nothing_private(void **state)
{
    struct cg_jws jws;
    split(*state, proof(*state, &(struct cg_proof_order){.nonce = {NULL, 0}}), &jws);
    assert_null(memmem(jws.header.data, jws.header.len, "\"d\"", 3));
}

static void public_key_signs_nothing(void **state)
{
    struct scene *scene = *state;
    CG_CLEANUP(cg_key_free_at) struct cg_key *half = public_half(scene);
    const struct cg_proof_order order = {.method = CG_SPAN("GET"), .target = CG_SPAN(TARGET)};
    struct cg_span jwt = {NULL, 0};
    assert_int_equal(cg_client_jwt_proof(&order, half, &scene->random, scene->arena, &jwt),
                     CG_ERR_INPUT);
    assert_null(jwt.data);
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, clear)

static const struct CMUnitTest tests[] = {
    SCENE_TEST(assertion_says_who_for_whom_and_how_long),
    SCENE_TEST(assertion_names_no_kid_that_it_was_not_given),
    SCENE_TEST(no_two_have_the_same_id),
    SCENE_TEST(proof_is_taken_for_what_it_was_made_for),
    SCENE_TEST(proof_has_the_nonce_that_it_was_given),
    SCENE_TEST(proof_has_nothing_private),
    SCENE_TEST(public_key_signs_nothing),
};

TEST_MAIN(tests)
