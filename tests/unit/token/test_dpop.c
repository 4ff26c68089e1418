/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9449 §4.3, check by check. That a proof is used once, and nonces: tests/unit/gate. */
#include "prover.h"

#include "base/span.h"
#include "token/dpop.h"

#define ARENA_BYTES ((size_t)1 << 20)
#define TOKEN "a.b.c"

struct scene {
    struct sample sample; /* its arena alone */
    struct prover prover;
    struct cg_arena *arena;
    struct cg_dpop_proof proof; /* of the last check */
    struct cg_fault fault;
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    assert_ok(cg_arena_new(ARENA_BYTES, &scene->sample.arena));
    assert_ok(cg_arena_new(ARENA_BYTES, &scene->arena));
    prover_init(&scene->prover, &scene->sample, "ES256");
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    prover_release(&scene->prover);
    (void)cg_arena_free(scene->arena);
    (void)cg_arena_free(scene->sample.arena);
    free(scene);
    return 0;
}

/* What is said of a proof at a protected resource, SAMPLE_NOW_S + `late_s`. */
static enum cg_reason check_at(struct scene *scene, struct cg_span compact, const char *target,
                               int64_t late_s)
{
    uint8_t hash[CG_DPOP_HASH_CHARS];
    assert_ok(cg_dpop_hash_token(test_span(TOKEN), hash));
    const struct cg_dpop_demand demand = {
        .method = CG_SPAN(PROVER_METHOD),
        .target = test_span(target),
        .token_hash = cg_span_of_bytes(hash, sizeof(hash)),
        .now_s = SAMPLE_NOW_S + late_s,
    };
    scene->fault = (struct cg_fault){.reason = CG_REASON_NONE};
    cg_arena_clear(scene->arena);
    enum cg_status status =
        cg_dpop_check(compact, &demand, scene->arena, &scene->fault, &scene->proof);
    assert_int_equal(status == CG_OK, scene->fault.reason == CG_REASON_NONE);
    return scene->fault.reason;
}

static enum cg_reason check(struct scene *scene, struct cg_span compact)
{
    return check_at(scene, compact, PROVER_TARGET, 0);
}

static void assert_reason_row(const char *label, enum cg_reason got, enum cg_reason want)
{
    if (got != want) {
        fail_msg("%s: got %s, expected %s", label, cg_reason_name(got), cg_reason_name(want));
    }
}

static struct cg_span good_payload(const struct scene *scene)
{
    return prover_payload(&scene->sample, "id-1", test_span(TOKEN), test_span("n"));
}

static void dpop_proof_that_is_good_tells_id_nonce_time_and_key(void **state)
{
    struct scene *scene = *state;
    struct cg_span proof =
        prover_proof(&scene->prover, &scene->sample, "id-1", test_span(TOKEN), test_span("n"));
    assert_int_equal(check(scene, proof), CG_REASON_NONE);
    assert_span_text(scene->proof.id, "id-1");
    assert_span_text(scene->proof.nonce, "n");
    assert_int_equal(scene->proof.issued_s, SAMPLE_NOW_S);
    assert_string_equal(scene->proof.thumbprint, scene->prover.thumbprint);
    proof = prover_proof(&scene->prover, &scene->sample, "id-1", test_span(TOKEN),
                         (struct cg_span){NULL, 0});
    assert_int_equal(check(scene, proof), CG_REASON_NONE);
    assert_null(scene->proof.nonce.data);
}

static void dpop_takes_each_algorithm_that_is_announced_and_no_other(void **state)
{
    static const struct {
        const char *alg;
        enum cg_reason reason;
    } rows[] = {
        {"ES256", CG_REASON_NONE},
        {"PS256", CG_REASON_NONE},
        {"EdDSA", CG_REASON_NONE},
        {"RS256", CG_REASON_PROOF_ALGORITHM_REFUSED},
        {"ES384", CG_REASON_PROOF_ALGORITHM_REFUSED},
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct prover prover;
        prover_init(&prover, &scene->sample, rows[i].alg);
        struct cg_span proof = prover_proof(&prover, &scene->sample, "id-1", test_span(TOKEN),
                                            (struct cg_span){NULL, 0});
        assert_reason_row(rows[i].alg, check(scene, proof), rows[i].reason);
        bool is_announced = memmem(CG_DPOP_ALGORITHMS, sizeof(CG_DPOP_ALGORITHMS), rows[i].alg,
                                   strlen(rows[i].alg)) != NULL;
        assert_int_equal(is_announced, rows[i].reason == CG_REASON_NONE);
        prover_release(&prover);
    }
}

/* One change to the header or the payload of a good proof, which is then truly signed. */
struct change {
    const char *label;
    const char *old_part;
    const char *new_part;
    enum cg_reason reason;
};

static const struct change header_changes[] = {
    {"typ missing", "\"typ\":\"dpop+jwt\",", "", CG_REASON_PROOF_TYPE_REFUSED},
    {"typ of another token", "dpop+jwt", "JWT", CG_REASON_PROOF_TYPE_REFUSED},
    {"typ of an access token", "dpop+jwt", "at+jwt", CG_REASON_PROOF_TYPE_REFUSED},
    {"typ in another case", "dpop+jwt", "DPoP+JWT", CG_REASON_PROOF_TYPE_REFUSED},
    {"typ a number", "\"dpop+jwt\"", "7", CG_REASON_PROOF_TYPE_REFUSED},
    {"alg none", "\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"", "\"typ\":\"dpop+jwt\",\"alg\":\"none\"",
     CG_REASON_PROOF_ALGORITHM_REFUSED},
    {"alg symmetric", "\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"",
     "\"typ\":\"dpop+jwt\",\"alg\":\"HS256\"", CG_REASON_PROOF_ALGORITHM_REFUSED},
    {"alg in another case", "\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"",
     "\"typ\":\"dpop+jwt\",\"alg\":\"es256\"", CG_REASON_PROOF_ALGORITHM_REFUSED},
    {"alg missing", "\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"", "\"typ\":\"dpop+jwt\"",
     CG_REASON_PROOF_ALGORITHM_REFUSED},
    {"alg empty", "\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"", "\"typ\":\"dpop+jwt\",\"alg\":\"\"",
     CG_REASON_PROOF_ALGORITHM_REFUSED},
    {"alg that does not fit the key", "\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"",
     "\"typ\":\"dpop+jwt\",\"alg\":\"EdDSA\"", CG_REASON_PROOF_KEY_REFUSED},
    {"jwk missing", "\"jwk\":", "\"jwt\":", CG_REASON_PROOF_KEY_REFUSED},
    {"jwk for encryption", "\"use\":\"sig\"", "\"use\":\"enc\"", CG_REASON_PROOF_KEY_REFUSED},
    {"jwk of another curve", "P-256", "P-384", CG_REASON_PROOF_KEY_REFUSED},
    {"jwk without a coordinate", "\"y\":", "\"z\":", CG_REASON_PROOF_KEY_REFUSED},
    {"jwk private", "\"kty\":", "\"d\":\"AA\",\"kty\":", CG_REASON_PROOF_KEY_PRIVATE},
    {"jwk symmetric", "\"kty\":\"EC\"", "\"kty\":\"oct\",\"k\":\"AA\"",
     CG_REASON_PROOF_KEY_PRIVATE},
    {"crit", "{\"typ\"", "{\"crit\":[\"exp\"],\"typ\"", CG_REASON_PROOF_MALFORMED},
    {"b64", "{\"typ\"", "{\"b64\":true,\"typ\"", CG_REASON_PROOF_MALFORMED},
    {"a member twice", "{\"typ\"", "{\"alg\":\"ES256\",\"typ\"", CG_REASON_PROOF_MALFORMED},
    {"no object", "}}", "}", CG_REASON_PROOF_MALFORMED},
    {"kid beside", "{\"typ\"", "{\"kid\":\"x\",\"typ\"", CG_REASON_NONE},
    {"address of a key beside", "{\"typ\"", "{\"jku\":\"https://evil.example\",\"typ\"",
     CG_REASON_NONE},
    {"jwk without alg", "{\"kty\":\"EC\",\"use\":\"sig\",\"alg\":\"ES256\",", "{\"kty\":\"EC\",",
     CG_REASON_NONE},
};

static const struct change payload_changes[] = {
    {"jti missing", "\"jti\":\"id-1\",", "", CG_REASON_PROOF_ID_MISSING},
    {"jti empty", "id-1", "", CG_REASON_PROOF_ID_MISSING},
    {"jti a number", "\"id-1\"", "7", CG_REASON_PROOF_MALFORMED},
    {"jti too long", "id-1",
     "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
     "12345678901234567890123456789012345678",
     CG_REASON_PROOF_ID_MISSING},
    {"htm missing", "\"htm\":\"GET\",", "", CG_REASON_PROOF_METHOD_WRONG},
    {"htm another", "GET", "POST", CG_REASON_PROOF_METHOD_WRONG},
    {"htm in small letters", "GET", "get", CG_REASON_PROOF_METHOD_WRONG},
    {"htm and more", "GET", "GET,POST", CG_REASON_PROOF_METHOD_WRONG},
    {"htm a list", "\"GET\"", "[\"GET\"]", CG_REASON_PROOF_METHOD_WRONG},
    {"htu missing", "\"htu\"", "\"hti\"", CG_REASON_PROOF_TARGET_WRONG},
    {"htu of another path", "documents/7", "documents/8", CG_REASON_PROOF_TARGET_WRONG},
    {"htu of a path below", "documents/7", "documents", CG_REASON_PROOF_TARGET_WRONG},
    {"htu of another host", "api.example", "api.example.evil", CG_REASON_PROOF_TARGET_WRONG},
    {"htu of another port", "api.example", "api.example:8443", CG_REASON_PROOF_TARGET_WRONG},
    {"htu of another scheme", "https:", "http:", CG_REASON_PROOF_TARGET_WRONG},
    {"htu with a name before the host", "//api", "//api.example@api", CG_REASON_PROOF_TARGET_WRONG},
    {"htu without a host", "https://api.example", "", CG_REASON_PROOF_TARGET_WRONG},
    {"htu of a path in another case", "documents", "Documents", CG_REASON_PROOF_TARGET_WRONG},
    {"htu a list", "\"https://api.example/documents/7\"", "[\"https://api.example/documents/7\"]",
     CG_REASON_PROOF_TARGET_WRONG},
    {"iat missing", "\"iat\":1000100,", "", CG_REASON_PROOF_TIME_MISSING},
    {"iat a string", "1000100", "\"1000100\"", CG_REASON_PROOF_MALFORMED},
    {"iat negative", "1000100", "-1", CG_REASON_PROOF_MALFORMED},
    {"iat a fraction", "1000100", "1000100.5", CG_REASON_PROOF_MALFORMED},
    {"exp past", "{\"jti\"", "{\"exp\":1000100,\"jti\"", CG_REASON_PROOF_EXPIRED},
    {"nbf far ahead", "{\"jti\"", "{\"nbf\":1000200,\"jti\"", CG_REASON_PROOF_IN_FUTURE},
    {"ath missing", "\"ath\"", "\"atx\"", CG_REASON_PROOF_TOKEN_WRONG},
    {"ath another", "\"ath\":\"", "\"ath\":\"A", CG_REASON_PROOF_TOKEN_WRONG},
    {"ath empty", "\"ath\":\"", "\"ath\":\"\",\"b\":\"", CG_REASON_PROOF_TOKEN_WRONG},
    {"a claim twice", "{\"jti\"", "{\"htm\":\"GET\",\"jti\"", CG_REASON_PROOF_MALFORMED},
    {"no object", "}", "", CG_REASON_PROOF_MALFORMED},
    {"something after it", "}", "}}", CG_REASON_PROOF_MALFORMED},
    {"a nonce of another type", "\"nonce\":\"n\"", "\"nonce\":7", CG_REASON_NONE},
    {"further claims", "{\"jti\"", "{\"exp\":1000101,\"nbf\":1000100,\"x\":{},\"jti\"",
     CG_REASON_NONE},
};

static void dpop_refuses_every_change_of_the_header_for_its_reason(void **state)
{
    struct scene *scene = *state;
    for (size_t i = 0; i < TEST_COUNT(header_changes); i++) {
        const struct change *row = &header_changes[i];
        struct cg_span header =
            sample_replace(&scene->sample, prover_header(&scene->prover, &scene->sample),
                           row->old_part, row->new_part);
        struct cg_span proof =
            prover_sign(&scene->prover, &scene->sample, header, good_payload(scene));
        assert_reason_row(row->label, check(scene, proof), row->reason);
    }
}

static void dpop_refuses_every_change_of_the_payload_for_its_reason(void **state)
{
    struct scene *scene = *state;
    for (size_t i = 0; i < TEST_COUNT(payload_changes); i++) {
        const struct change *row = &payload_changes[i];
        struct cg_span payload =
            sample_replace(&scene->sample, good_payload(scene), row->old_part, row->new_part);
        struct cg_span proof = prover_sign(&scene->prover, &scene->sample,
                                           prover_header(&scene->prover, &scene->sample), payload);
        assert_reason_row(row->label, check(scene, proof), row->reason);
    }
}

static void dpop_refuses_what_is_no_signed_jwt(void **state)
{
    struct scene *scene = *state;
    struct cg_span good =
        prover_proof(&scene->prover, &scene->sample, "id-1", test_span(TOKEN), test_span("n"));
    const struct {
        const char *label;
        struct cg_span proof;
        enum cg_reason reason;
    } rows[] = {
        {"empty", test_span(""), CG_REASON_PROOF_MALFORMED},
        {"no segments", test_span("proof"), CG_REASON_PROOF_MALFORMED},
        {"no base64url", test_span("a+b.c.d"), CG_REASON_PROOF_MALFORMED},
        {"header no JSON", test_span("YQ.YQ.YQ"), CG_REASON_PROOF_MALFORMED},
        {"a fourth segment", sample_text(&scene->sample, "%.*s.x", CG_SPAN_ARGS(good)),
         CG_REASON_PROOF_MALFORMED},
        {"two proofs in one",
         sample_text(&scene->sample, "%.*s, %.*s", CG_SPAN_ARGS(good), CG_SPAN_ARGS(good)),
         CG_REASON_PROOF_MALFORMED},
        {"no signature", cg_span_part(good, 0, good.len - 86), CG_REASON_PROOF_SIGNATURE_INVALID},
        {"a byte less", cg_span_part(good, 0, good.len - 2), CG_REASON_PROOF_SIGNATURE_INVALID},
        {"a space after it", sample_text(&scene->sample, "%.*s ", CG_SPAN_ARGS(good)),
         CG_REASON_PROOF_MALFORMED},
        {"padding", sample_text(&scene->sample, "%.*s==", CG_SPAN_ARGS(good)),
         CG_REASON_PROOF_MALFORMED},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_reason_row(rows[i].label, check(scene, rows[i].proof), rows[i].reason);
    }
}

static void dpop_refuses_a_proof_longer_than_any_token(void **state)
{
    struct scene *scene = *state;
    char id[CG_LIMIT_TOKEN_BYTES];
    memset(id, 'a', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    struct cg_span proof =
        prover_proof(&scene->prover, &scene->sample, id, test_span(TOKEN), test_span("n"));
    assert_true(proof.len > CG_LIMIT_TOKEN_BYTES);
    assert_int_equal(check(scene, proof), CG_REASON_PROOF_MALFORMED);
}

static void dpop_refuses_the_signature_of_another_key(void **state)
{
    struct scene *scene = *state;
    struct prover other;
    prover_init(&other, &scene->sample, "ES256");
    struct cg_span proof = prover_sign(
        &other, &scene->sample, prover_header(&scene->prover, &scene->sample), good_payload(scene));
    assert_int_equal(check(scene, proof), CG_REASON_PROOF_SIGNATURE_INVALID);
    prover_release(&other);
}

static void dpop_refuses_a_payload_changed_after_it_was_signed(void **state)
{
    struct scene *scene = *state;
    struct cg_span mine =
        prover_proof(&scene->prover, &scene->sample, "id-1", test_span(TOKEN), test_span("n"));
    struct cg_span other =
        prover_proof(&scene->prover, &scene->sample, "id-2", test_span(TOKEN), test_span("n"));
    struct cg_jws_segments from;
    struct cg_jws_segments to;
    assert_ok(cg_jws_cut(mine, &from));
    assert_ok(cg_jws_cut(other, &to));
    struct cg_span mixed = sample_text(&scene->sample, "%.*s.%.*s.%.*s", CG_SPAN_ARGS(from.header),
                                       CG_SPAN_ARGS(to.payload), CG_SPAN_ARGS(from.signature));
    assert_int_equal(check(scene, mixed), CG_REASON_PROOF_SIGNATURE_INVALID);
}

static void dpop_without_a_target_fits_no_proof(void **state)
{
    struct scene *scene = *state;
    struct cg_span payload = sample_replace(&scene->sample, good_payload(scene), PROVER_TARGET, "");
    struct cg_span proof = prover_sign(&scene->prover, &scene->sample,
                                       prover_header(&scene->prover, &scene->sample), payload);
    assert_int_equal(check_at(scene, proof, "", 0), CG_REASON_PROOF_TARGET_WRONG);
}

static void dpop_compares_targets_in_their_normal_form_without_queries(void **state)
{
    static const struct {
        const char *label;
        const char *target;
        enum cg_reason reason;
    } rows[] = {
        {"query", PROVER_TARGET "?a=b", CG_REASON_NONE},
        {"case of scheme and host", "HTTPS://API.Example/documents/7", CG_REASON_NONE},
        {"default port", "https://api.example:443/documents/7", CG_REASON_NONE},
        {"an escape that is not needed", "https://api.example/%64ocuments/7?x", CG_REASON_NONE},
        {"dot segments", "https://api.example/a/../documents/./7", CG_REASON_NONE},
        {"an escape that is needed", "https://api.example/documents%2F7",
         CG_REASON_PROOF_TARGET_WRONG},
        {"one slash more", "https://api.example/documents/7/", CG_REASON_PROOF_TARGET_WRONG},
        {"two slashes", "https://api.example//documents/7", CG_REASON_PROOF_TARGET_WRONG},
        {"no URI", "documents/7", CG_REASON_PROOF_TARGET_WRONG},
        {"nothing", "", CG_REASON_PROOF_TARGET_WRONG},
    };
    struct scene *scene = *state;
    static const char *const tails[] = {"", "?b=c", "#d", "?b#d", "#d?b"};
    for (size_t tail = 0; tail < TEST_COUNT(tails); tail++) {
        struct cg_span htu = sample_text(&scene->sample, PROVER_TARGET "%s", tails[tail]);
        struct cg_span payload = sample_replace(&scene->sample, good_payload(scene), PROVER_TARGET,
                                                (const char *)htu.data);
        struct cg_span proof = prover_sign(&scene->prover, &scene->sample,
                                           prover_header(&scene->prover, &scene->sample), payload);
        for (size_t i = 0; i < TEST_COUNT(rows); i++) {
            assert_reason_row(rows[i].label, check_at(scene, proof, rows[i].target, 0),
                              rows[i].reason);
        }
    }
}

static void dpop_takes_a_proof_ten_seconds_ahead_and_a_minute_back(void **state)
{
    static const struct {
        int64_t late_s;
        enum cg_reason reason;
    } rows[] = {
        {-CG_LIMIT_PROOF_FUTURE_S - 1, CG_REASON_PROOF_IN_FUTURE},
        {-CG_LIMIT_PROOF_FUTURE_S, CG_REASON_NONE},
        {-10, CG_REASON_NONE},
        {10, CG_REASON_NONE},
        {CG_LIMIT_PROOF_AGE_S, CG_REASON_NONE},
        {CG_LIMIT_PROOF_AGE_S + 1, CG_REASON_PROOF_EXPIRED},
    };
    struct scene *scene = *state;
    struct cg_span proof =
        prover_proof(&scene->prover, &scene->sample, "id-1", test_span(TOKEN), test_span("n"));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_reason_row("late", check_at(scene, proof, PROVER_TARGET, rows[i].late_s),
                          rows[i].reason);
    }
    assert_int_equal(cg_dpop_expiry(SAMPLE_NOW_S), SAMPLE_NOW_S + CG_LIMIT_PROOF_AGE_S + 1);
}

static void dpop_asks_for_no_token_hash_where_no_token_comes_along(void **state)
{
    struct scene *scene = *state;
    struct cg_span nothing = {NULL, 0};
    const struct cg_dpop_demand demand = {
        .method = CG_SPAN(PROVER_METHOD),
        .target = CG_SPAN(PROVER_TARGET),
        .now_s = SAMPLE_NOW_S,
    };
    struct cg_span proof = prover_proof(&scene->prover, &scene->sample, "id-1", nothing, nothing);
    assert_ok(cg_dpop_check(proof, &demand, scene->arena, &scene->fault, &scene->proof));
}

/* RFC 9449 §7.1 (figure 13): the token and the ath of its proof. */
TEST(dpop_hash_of_a_token_is_that_of_the_specification)
{
    static const char token[] = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    uint8_t hash[CG_DPOP_HASH_CHARS];
    assert_ok(cg_dpop_hash_token(test_span(token), hash));
    assert_span_text(cg_span_of_bytes(hash, sizeof(hash)),
                     "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
}

/* RFC 9449 §4.1 (figure 1): a proof that others made. */
static void dpop_takes_the_proof_of_the_specification(void **state)
{
    static const char proof[] =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik"
        "VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR"
        "nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE"
        "QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj"
        "oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia"
        "WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg"
        "4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    struct scene *scene = *state;
    const struct cg_dpop_demand demand = {
        .method = CG_SPAN("POST"),
        .target = CG_SPAN("https://server.example.com/token"),
        .now_s = 1562262616,
    };
    assert_ok(cg_dpop_check(test_span(proof), &demand, scene->arena, &scene->fault, &scene->proof));
    assert_span_text(scene->proof.id, "-BwC3ESc6acc2lTc");
    /* RFC 9449 §6.1 (figure 8): what a token is bound to by it. */
    assert_string_equal(scene->proof.thumbprint, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

#define DPOP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
    DPOP_TEST(dpop_proof_that_is_good_tells_id_nonce_time_and_key),
    DPOP_TEST(dpop_takes_each_algorithm_that_is_announced_and_no_other),
    DPOP_TEST(dpop_refuses_every_change_of_the_header_for_its_reason),
    DPOP_TEST(dpop_refuses_every_change_of_the_payload_for_its_reason),
    DPOP_TEST(dpop_refuses_what_is_no_signed_jwt),
    DPOP_TEST(dpop_refuses_a_proof_longer_than_any_token),
    DPOP_TEST(dpop_refuses_the_signature_of_another_key),
    DPOP_TEST(dpop_refuses_a_payload_changed_after_it_was_signed),
    DPOP_TEST(dpop_without_a_target_fits_no_proof),
    DPOP_TEST(dpop_compares_targets_in_their_normal_form_without_queries),
    DPOP_TEST(dpop_takes_a_proof_ten_seconds_ahead_and_a_minute_back),
    DPOP_TEST(dpop_asks_for_no_token_hash_where_no_token_comes_along),
    cmocka_unit_test(dpop_hash_of_a_token_is_that_of_the_specification),
    DPOP_TEST(dpop_takes_the_proof_of_the_specification),
};

TEST_MAIN(tests)
