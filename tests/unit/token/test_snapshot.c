/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "sample.h"

static void snapshot_tells_what_it_was_made_from(void **state)
{
    struct sample *sample = *state;
    sample->data.version = 12;
    sample->data.keys_generation = 3;
    sample->data.denylist_generation = 5;
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    assert_int_equal(cg_snapshot_version(snapshot), 12);
    assert_int_equal(cg_snapshot_keys_generation(snapshot), 3);
    assert_int_equal(cg_snapshot_denylist_generation(snapshot), 5);
    assert_int_equal(cg_snapshot_made_s(snapshot), SAMPLE_NOW_S);
    const struct cg_snapshot_realm *realm =
        cg_snapshot_find_realm(snapshot, test_span(SAMPLE_REALM));
    assert_non_null(realm);
    assert_span_text(cg_snapshot_realm_path(realm), SAMPLE_REALM);
    assert_span_text(cg_snapshot_realm_issuer(realm), SAMPLE_ISSUER);
    assert_span_text(cg_snapshot_realm_typ(realm), "JWT");
    assert_null(cg_snapshot_find_realm(snapshot, test_span("/vlive")));
    assert_null(cg_snapshot_find_realm(snapshot, test_span("/vlive/hpca/")));
    (void)cg_snapshot_free(snapshot);
}

static void snapshot_has_an_only_realm_when_there_is_one(void **state)
{
    struct sample *sample = *state;
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    assert_null(cg_snapshot_only_realm(snapshot));
    (void)cg_snapshot_free(snapshot);
    sample->data.realm_count = 1;
    snapshot = sample_snapshot(sample);
    assert_span_text(cg_snapshot_realm_path(cg_snapshot_only_realm(snapshot)), SAMPLE_REALM);
    (void)cg_snapshot_free(snapshot);
    sample->data.realm_count = 0;
    snapshot = sample_snapshot(sample);
    assert_null(cg_snapshot_only_realm(snapshot));
    assert_null(cg_snapshot_find_realm(snapshot, test_span(SAMPLE_REALM)));
    (void)cg_snapshot_free(snapshot);
    (void)cg_snapshot_free(NULL);
}

static void snapshot_finds_each_api_by_name(void **state)
{
    struct sample *sample = *state;
    struct cg_snapshot_api apis[50];
    for (unsigned i = 0; i < TEST_COUNT(apis); i++) {
        unsigned shuffled = i * 17 % TEST_COUNT(apis);
        apis[i].name = sample_text(sample, "api-%u", shuffled);
        apis[i].audience = sample_text(sample, "https://api.example/%u", shuffled);
        apis[i].scope = sample_text(sample, "s%u.read s%u.write", shuffled, shuffled);
    }
    sample->realms[SAMPLE_LIVE].apis = apis;
    sample->realms[SAMPLE_LIVE].api_count = TEST_COUNT(apis);
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    const struct cg_snapshot_realm *realm =
        cg_snapshot_find_realm(snapshot, test_span(SAMPLE_REALM));
    for (unsigned i = 0; i < TEST_COUNT(apis); i++) {
        const struct cg_snapshot_api *api = cg_snapshot_find_api(realm, apis[i].name);
        assert_non_null(api);
        assert_span_equal(api->audience, apis[i].audience);
        assert_span_equal(api->scope, apis[i].scope);
        assert_true(cg_snapshot_has_audience(realm, apis[i].audience));
    }
    assert_null(cg_snapshot_find_api(realm, test_span("api-50")));
    assert_null(cg_snapshot_find_api(realm, test_span("API-1")));
    assert_false(cg_snapshot_has_audience(realm, test_span("https://api.example/")));
    (void)cg_snapshot_free(snapshot);
}

static void snapshot_finds_the_limit_of_each_agreement(void **state)
{
    struct sample *sample = *state;
    struct cg_snapshot_limit limits[50];
    for (unsigned i = 0; i < TEST_COUNT(limits); i++) {
        unsigned shuffled = i * 17 % TEST_COUNT(limits);
        limits[i] = (struct cg_snapshot_limit){sample_text(sample, "agr_%u", shuffled),
                                               {shuffled + 1, 60, shuffled + 1}};
    }
    sample->realms[SAMPLE_LIVE].limits = limits;
    sample->realms[SAMPLE_LIVE].limit_count = TEST_COUNT(limits);
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    const struct cg_snapshot_realm *live =
        cg_snapshot_find_realm(snapshot, test_span(SAMPLE_REALM));
    const struct cg_snapshot_realm *test =
        cg_snapshot_find_realm(snapshot, test_span("/vtest/hpca"));
    for (unsigned i = 0; i < TEST_COUNT(limits); i++) {
        const struct cg_rate *rate = cg_snapshot_find_limit(live, limits[i].agreement);
        assert_non_null(rate);
        assert_memory_equal(rate, &limits[i].rate, sizeof(*rate));
        assert_null(cg_snapshot_find_limit(test, limits[i].agreement));
    }
    assert_null(cg_snapshot_find_limit(live, test_span("agr_50")));
    assert_true(cg_snapshot_has_limits(live));
    assert_false(cg_snapshot_has_limits(test));
    (void)cg_snapshot_free(snapshot);
}

static void snapshot_keeps_realms_apart(void **state)
{
    struct sample *sample = *state;
    sample_deny(sample, CG_DENIAL_TOKEN, "jti-1", 0);
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    const struct cg_snapshot_realm *live =
        cg_snapshot_find_realm(snapshot, test_span(SAMPLE_REALM));
    const struct cg_snapshot_realm *test =
        cg_snapshot_find_realm(snapshot, test_span("/vtest/hpca"));
    struct cg_verifier *verifier = NULL;
    assert_non_null(cg_key_ring_find(cg_snapshot_realm_keys(live), test_span("live"), &verifier));
    assert_non_null(verifier);
    assert_null(cg_key_ring_find(cg_snapshot_realm_keys(live), test_span("test"), &verifier));
    assert_non_null(cg_key_ring_find(cg_snapshot_realm_keys(test), test_span("test"), &verifier));
    assert_true(cg_snapshot_denies_token(live, test_span("jti-1")));
    assert_false(cg_snapshot_denies_token(test, test_span("jti-1")));
    (void)cg_snapshot_free(snapshot);
}

static void snapshot_denies_by_kind_and_subject(void **state)
{
    struct sample *sample = *state;
    sample_deny(sample, CG_DENIAL_TOKEN, "b", 0);
    sample_deny(sample, CG_DENIAL_TOKEN, "a", 0);
    sample_deny(sample, CG_DENIAL_AGREEMENT, "agr-1", 0);
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    const struct cg_snapshot_realm *realm =
        cg_snapshot_find_realm(snapshot, test_span(SAMPLE_REALM));
    assert_true(cg_snapshot_denies_token(realm, test_span("a")));
    assert_true(cg_snapshot_denies_token(realm, test_span("b")));
    assert_false(cg_snapshot_denies_token(realm, test_span("")));
    assert_false(cg_snapshot_denies_token(realm, test_span("ab")));
    assert_false(cg_snapshot_denies_token(realm, test_span("c")));
    assert_false(cg_snapshot_denies_token(realm, test_span("agr-1")));
    assert_true(cg_snapshot_denies_agreement(realm, test_span("agr-1")));
    assert_false(cg_snapshot_denies_agreement(realm, test_span("a")));
    assert_false(cg_snapshot_denies_client(realm, test_span("a"), 0));
    (void)cg_snapshot_free(snapshot);
}

static void snapshot_denies_tokens_of_a_client_below_its_highest_epoch(void **state)
{
    struct sample *sample = *state;
    sample_deny(sample, CG_DENIAL_CLIENT, "ward-9", 1);
    sample_deny(sample, CG_DENIAL_CLIENT, "ward-9", 3);
    sample_deny(sample, CG_DENIAL_CLIENT, "ward-9", 2);
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    const struct cg_snapshot_realm *realm =
        cg_snapshot_find_realm(snapshot, test_span(SAMPLE_REALM));
    assert_true(cg_snapshot_denies_client(realm, test_span("ward-9"), 0));
    assert_true(cg_snapshot_denies_client(realm, test_span("ward-9"), 2));
    assert_false(cg_snapshot_denies_client(realm, test_span("ward-9"), 3));
    assert_false(cg_snapshot_denies_client(realm, test_span("ward-8"), 0));
    (void)cg_snapshot_free(snapshot);
}

/* Parsing the text of a snapshot gives a snapshot of the same text that answers alike. */
static void snapshot_parses_its_own_text(void **state)
{
    struct sample *sample = *state;
    sample_deny(sample, CG_DENIAL_TOKEN, "jti-1", 0);
    sample_deny(sample, CG_DENIAL_AGREEMENT, "agr-1", 0);
    sample_deny(sample, CG_DENIAL_CLIENT, "ward-9", 2);
    struct cg_snapshot *first = sample_snapshot(sample);
    struct cg_snapshot *second = NULL;
    assert_ok(cg_snapshot_parse(cg_snapshot_text(first), &second));
    assert_span_equal(cg_snapshot_text(second), cg_snapshot_text(first));
    (void)cg_snapshot_free(first);
    assert_int_equal(cg_snapshot_version(second), 4);
    const struct cg_snapshot_realm *realm = cg_snapshot_find_realm(second, test_span(SAMPLE_REALM));
    struct cg_verifier *verifier = NULL;
    assert_non_null(cg_key_ring_find(cg_snapshot_realm_keys(realm), test_span("live"), &verifier));
    assert_true(cg_snapshot_denies_token(realm, test_span("jti-1")));
    assert_true(cg_snapshot_denies_agreement(realm, test_span("agr-1")));
    assert_true(cg_snapshot_denies_client(realm, test_span("ward-9"), 1));
    (void)cg_snapshot_free(second);
}

static void snapshot_holds_ten_thousand_denials(void **state)
{
    struct sample *sample = *state;
    static struct cg_snapshot_denial denials[10000];
    for (unsigned i = 0; i < TEST_COUNT(denials); i++) {
        denials[i] = (struct cg_snapshot_denial){
            .kind = CG_DENIAL_TOKEN,
            .subject = sample_text(sample, "jti-%u", i * 7919 % 10007),
            .expires_s = SAMPLE_EXPIRES_S,
        };
    }
    sample->realms[SAMPLE_LIVE].denials = denials;
    sample->realms[SAMPLE_LIVE].denial_count = TEST_COUNT(denials);
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    const struct cg_snapshot_realm *realm =
        cg_snapshot_find_realm(snapshot, test_span(SAMPLE_REALM));
    for (unsigned i = 0; i < TEST_COUNT(denials); i++) {
        assert_true(cg_snapshot_denies_token(realm, denials[i].subject));
    }
    assert_false(cg_snapshot_denies_token(realm, test_span("jti-10007")));
    (void)cg_snapshot_free(snapshot);
}

static const struct {
    const char *label;
    const char *old_part;
    const char *new_part;
} refused_texts[] = {
    {"another format", "\"format\":1", "\"format\":2"},
    {"format a string", "\"format\":1", "\"format\":\"1\""},
    {"format missing", "\"format\":1,", ""},
    {"unknown member", "\"format\":1", "\"format\":1,\"rules\":[]"},
    {"version negative", "\"version\":1", "\"version\":-1"},
    {"version a fraction", "\"version\":1", "\"version\":1.0"},
    {"version missing, another instead", "\"version\":1", "\"versions\":1"},
    {"keys_generation negative", "\"keys_generation\":1", "\"keys_generation\":-1"},
    {"denylist_generation null", "\"denylist_generation\":1", "\"denylist_generation\":null"},
    {"made_at negative", "\"made_at\":1000100", "\"made_at\":-1"},
    {"realms no array", "\"realms\":[", "\"realms\":{},\"x\":["},
    {"realms called otherwise", "\"realms\":[", "\"realm\":["},
    {"a realm that is no object", "\"realms\":[", "\"realms\":[7,"},
    {"realm path without slash", "\"path\":\"/vlive/hpca\"", "\"path\":\"vlive/hpca\""},
    {"realm path with dots", "\"path\":\"/vlive/hpca\"", "\"path\":\"/vlive/../hpca\""},
    {"realm path with a line end", "\"path\":\"/vlive/hpca\"", "\"path\":\"/vlive\\r\\n\""},
    {"realm path a number", "\"path\":\"/vlive/hpca\"", "\"path\":1"},
    {"two realms of one path", "\"path\":\"/vlive/hpca\"", "\"path\":\"/vtest/hpca\""},
    {"unknown member of a realm", "\"path\":", "\"acr\":1,\"path\":"},
    {"issuer of another realm", "\"issuer\":\"" SAMPLE_ISSUER "\"",
     "\"issuer\":\"https://care.example/vtest/hpca\""},
    {"issuer empty", "\"issuer\":\"" SAMPLE_ISSUER "\"", "\"issuer\":\"\""},
    {"issuer with a quote", "\"issuer\":\"" SAMPLE_ISSUER "\"", "\"issuer\":\"a\\\"\""},
    {"typ null", "\"typ\":\"JWT\"", "\"typ\":null"},
    {"jwks no object", "\"jwks\":{\"keys\":", "\"jwks\":[],\"j\":{\"keys\":"},
    {"a private key", "\"kty\":\"RSA\"", "\"kty\":\"RSA\",\"d\":\"AQAB\""},
    {"apis no array", "\"apis\":[", "\"apis\":1,\"a\":["},
    {"an api that is no object", "\"apis\":[", "\"apis\":[1,"},
    {"name of an api malformed", "\"name\":\"documents\"", "\"name\":\"docu/ments\""},
    {"two apis of one name", "\"name\":\"documents\"", "\"name\":\"medicines\""},
    {"audience empty", "\"audience\":\"" SAMPLE_DOCUMENTS "\"", "\"audience\":\"\""},
    {"scope malformed", "documents.read documents.write", "documents.read  documents.write"},
    {"scope no string", "\"documents.read documents.write\"", "[]"},
    {"unknown member of an api", "\"name\":", "\"tier\":1,\"name\":"},
    {"limits no array", "\"limits\":[", "\"limits\":7,\"l\":["},
    {"a limit without a window", "[\"agr-1\",5,60]", "[\"agr-1\",5]"},
    {"a limit that is no array", "[\"agr-1\",5,60]", "\"agr-1\""},
    {"a limit of none", "[\"agr-1\",5,60]", "[\"agr-1\",0,60]"},
    {"a limit that is negative", "[\"agr-1\",5,60]", "[\"agr-1\",-5,60]"},
    {"a limit that is too high", "[\"agr-1\",5,60]", "[\"agr-1\",60001,60]"},
    {"a limit in no known window", "[\"agr-1\",5,60]", "[\"agr-1\",5,61]"},
    {"a limit in an endless window", "[\"agr-1\",5,60]", "[\"agr-1\",5,9223372036854775807]"},
    {"a limit of no agreement", "[\"agr-1\",5,60]", "[\"\",5,60]"},
    {"two limits of one agreement", "[\"agr-1\",5,60]", "[\"agr-1\",5,60],[\"agr-1\",6,60]"},
    {"denied no object", "\"denied\":{", "\"denied\":[],\"d\":{"},
    {"unknown kind of denial", "\"denied\":{", "\"denied\":{\"users\":[],"},
    {"denied tokens no array", "\"tokens\":[[", "\"tokens\":7,\"t\":[["},
    {"denied token without expiry", "[\"jti-1\",1000300]", "[\"jti-1\"]"},
    {"denied token no array", "[\"jti-1\",1000300]", "\"jti-1\""},
    {"denied token a number", "[\"jti-1\",1000300]", "[1,1000300]"},
    {"denied token empty", "[\"jti-1\",1000300]", "[\"\",1000300]"},
    {"denied token with negative expiry", "[\"jti-1\",1000300]", "[\"jti-1\",-1]"},
    {"denied client without epoch", "[\"ward-9\",2,1000300]", "[\"ward-9\",1000300]"},
    {"denied client with a negative epoch", "[\"ward-9\",2,", "[\"ward-9\",-2,"},
    {"something after it", "\"format\":1", "\"format\":1}{\"format\":1"},
};

static void snapshot_parse_refuses_what_the_format_does_not_know(void **state)
{
    struct sample *sample = *state;
    sample_deny(sample, CG_DENIAL_TOKEN, "jti-1", 0);
    sample_deny(sample, CG_DENIAL_CLIENT, "ward-9", 2);
    sample->data.version = 1;
    sample->data.denylist_generation = 1;
    static const struct cg_snapshot_limit limit = {CG_SPAN("agr-1"), {5, 60, 5}};
    sample->realms[SAMPLE_LIVE].limits = &limit;
    sample->realms[SAMPLE_LIVE].limit_count = 1;
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    for (size_t i = 0; i < TEST_COUNT(refused_texts); i++) {
        struct cg_snapshot *none = NULL;
        struct cg_span text = sample_replace(sample, cg_snapshot_text(snapshot),
                                             refused_texts[i].old_part, refused_texts[i].new_part);
        assert_status_row(refused_texts[i].label, cg_snapshot_parse(text, &none), CG_ERR_INPUT);
        assert_null(none);
    }
    (void)cg_snapshot_free(snapshot);
}

static void snapshot_parse_refuses_each_shortened_text(void **state)
{
    struct sample *sample = *state;
    sample->data.realm_count = 1;
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    struct cg_span text = cg_snapshot_text(snapshot);
    for (size_t len = 0; len < text.len; len++) {
        struct cg_snapshot *none = NULL;
        assert_status(cg_snapshot_parse(cg_span_part(text, 0, len), &none), CG_ERR_INPUT);
    }
    (void)cg_snapshot_free(snapshot);
}

static void snapshot_refuses_data_that_no_parser_would_take(void **state)
{
    struct sample *sample = *state;
    struct cg_snapshot *none = NULL;
    sample->apis[0].name = test_span("");
    assert_status(cg_snapshot_new(&sample->data, &none), CG_ERR_INPUT);
    sample->apis[0].name = test_span("documents");
    sample->realms[0].jwks = test_span("{\"keys\":[}");
    assert_status(cg_snapshot_new(&sample->data, &none), CG_ERR_INPUT);
    assert_null(none);
}

static void snapshot_refuses_to_grow_past_its_limit(void **state)
{
    struct sample *sample = *state;
    struct cg_span huge;
    void *memory;
    assert_ok(cg_arena_take(sample->arena, CG_LIMIT_SNAPSHOT_BYTES + 1, &memory));
    memset(memory, ' ', CG_LIMIT_SNAPSHOT_BYTES + 1);
    huge = cg_span_of_bytes(memory, CG_LIMIT_SNAPSHOT_BYTES + 1);
    sample->realms[0].jwks = huge;
    struct cg_snapshot *none = NULL;
    assert_status(cg_snapshot_new(&sample->data, &none), CG_ERR_LIMIT);
    assert_status(cg_snapshot_parse(huge, &none), CG_ERR_LIMIT);
    assert_null(none);
}

#define SAMPLE_TEST_CASE(name) cmocka_unit_test_setup_teardown(name, sample_setup, sample_teardown)

static const struct CMUnitTest tests[] = {
    SAMPLE_TEST_CASE(snapshot_tells_what_it_was_made_from),
    SAMPLE_TEST_CASE(snapshot_has_an_only_realm_when_there_is_one),
    SAMPLE_TEST_CASE(snapshot_finds_each_api_by_name),
    SAMPLE_TEST_CASE(snapshot_finds_the_limit_of_each_agreement),
    SAMPLE_TEST_CASE(snapshot_keeps_realms_apart),
    SAMPLE_TEST_CASE(snapshot_denies_by_kind_and_subject),
    SAMPLE_TEST_CASE(snapshot_denies_tokens_of_a_client_below_its_highest_epoch),
    SAMPLE_TEST_CASE(snapshot_parses_its_own_text),
    SAMPLE_TEST_CASE(snapshot_holds_ten_thousand_denials),
    SAMPLE_TEST_CASE(snapshot_parse_refuses_what_the_format_does_not_know),
    SAMPLE_TEST_CASE(snapshot_parse_refuses_each_shortened_text),
    SAMPLE_TEST_CASE(snapshot_refuses_data_that_no_parser_would_take),
    SAMPLE_TEST_CASE(snapshot_refuses_to_grow_past_its_limit),
};
TEST_MAIN(tests)
