/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "base/status.h"
#include "sample.h"

static struct cg_access_token exchanged_claims(void)
{
    struct cg_access_token token = sample_claims();
    token.behalf = (struct cg_token_behalf)SAMPLE_BEHALF;
    return token;
}

static struct cg_span written(const struct sample *sample, const struct cg_access_token *token)
{
    struct cg_buf buf;
    struct cg_span text;
    cg_buf_init_arena(&buf, sample->arena, CG_LIMIT_TOKEN_BYTES);
    cg_access_token_write(token, &buf);
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

static enum cg_status read_text(const struct sample *sample, struct cg_span text,
                                struct cg_access_token *ret_token)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_access_token token;
    assert_ok(cg_json_parse(text, CG_LIMIT_TOKEN_BYTES, &json));
    assert_ok(cg_access_token_read(cg_json_root(json), &token));
    CG_TRY(cg_access_token_read_rest(cg_json_root(json), sample->arena, &token));
    *ret_token = token;
    return CG_OK;
}

#define ACT "\"act\":{\"sub\":\"ward-9\"}"
#define BEHALF                                                                                     \
    "\"on_behalf_of\":{\"client_id\":\"ward-3\",\"epoch\":2,\"jti\":\"jti-3\","                    \
    "\"agreements\":[\"agr-3\"]}"

static void behalf_is_written_as_the_contract_says(void **state)
{
    struct cg_access_token token = exchanged_claims();
    struct cg_span text = written(*state, &token);
    static const char want[] = "\"epoch\":0," ACT "," BEHALF "}";
    assert_span_text(cg_span_part(text, text.len - strlen(want), strlen(want)), want);
}

static void behalf_reads_what_it_wrote(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = exchanged_claims();
    struct cg_access_token again;
    token.behalf.actor_count = CG_LIMIT_TOKEN_ACTORS;
    for (unsigned i = 0; i < CG_LIMIT_TOKEN_ACTORS; i++) {
        token.behalf.actors[i] = sample_text(sample, "actor-%u", i);
    }
    token.api_count = 2;
    token.apis[1] = (struct cg_token_api)SAMPLE_API(SAMPLE_MEDICINES, "medicines", "agr-2");
    token.behalf.agreements = test_span("agr-3 agr-4");
    struct cg_span text = written(sample, &token);
    assert_ok(read_text(sample, text, &again));
    assert_int_equal(again.behalf.actor_count, CG_LIMIT_TOKEN_ACTORS);
    assert_span_text(again.behalf.actors[0], "actor-0");
    assert_span_text(again.behalf.actors[3], "actor-3");
    assert_span_text(again.behalf.client_id, "ward-3");
    assert_span_text(again.behalf.token_id, "jti-3");
    assert_span_text(again.behalf.agreements, "agr-3 agr-4");
    assert_int_equal(again.behalf.epoch, 2);
}

/* RFC 8693 §4.1: an actor is known without the token that was exchanged, as for people. */
static void behalf_may_be_an_actor_alone(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = sample_claims();
    struct cg_access_token again;
    struct cg_span plain = written(sample, &token);
    assert_ok(read_text(sample, plain, &again));
    assert_int_equal(again.behalf.actor_count, 0);
    assert_int_equal(again.behalf.client_id.len, 0);
    assert_ok(read_text(sample, sample_replace(sample, plain, "\"epoch\":0", "\"epoch\":0," ACT),
                        &again));
    assert_span_text(again.behalf.actors[0], "ward-9");
    assert_int_equal(again.behalf.client_id.len, 0);
}

#define FIVE_ACTORS                                                                                \
    "\"act\":{\"sub\":\"a\",\"act\":{\"sub\":\"b\",\"act\":{\"sub\":\"c\",\"act\":{\"sub\":\"d\"," \
    "\"act\":{\"sub\":\"e\"}}}}}"

/* Taken for none, any of these would leave out who can stop the token. */
static void behalf_that_is_not_as_written_is_refused(void **state)
{
    static const struct {
        const char *old_part;
        const char *new_part;
    } rows[] = {
        {ACT, "\"act\":null"},
        {ACT, "\"act\":\"ward-9\""},
        {ACT, "\"act\":[\"ward-9\"]"},
        {ACT, "\"act\":{}"},
        {ACT, "\"act\":{\"sub\":9}"},
        {ACT, "\"act\":{\"sub\":\"\"}"},
        {ACT, "\"act\":{\"sub\":\"a b\"}"},
        {ACT, "\"act\":{\"sub\":\"a\\r\\nb: c\"}"},
        {ACT, "\"act\":{\"sub\":\"a\",\"iss\":\"b\"}"},
        {ACT, "\"act\":{\"sub\":\"a\",\"act\":null}"},
        {ACT, "\"act\":{\"sub\":\"a\",\"act\":{}}"},
        {ACT, "\"act\":{\"act\":{\"sub\":\"a\"}}"},
        {ACT, FIVE_ACTORS},
        {BEHALF, "\"on_behalf_of\":null"},
        {BEHALF, "\"on_behalf_of\":{}"},
        {BEHALF, "\"on_behalf_of\":\"ward-3\""},
        {BEHALF, "\"on_behalf_of\":[1,2,3,4]"},
        {"\"jti\":\"jti-3\"", "\"id\":\"jti-3\""},
        {"\"jti\":\"jti-3\"", "\"jti\":\"\""},
        {"\"jti\":\"jti-3\"", "\"jti\":3"},
        {"\"epoch\":2,", ""},
        {"\"epoch\":2", "\"epoch\":-2"},
        {"\"epoch\":2", "\"epoch\":\"2\""},
        {"\"epoch\":2", "\"epoch\":2,\"more\":1"},
        {"\"client_id\":\"ward-3\"", "\"client_id\":\"ward 3\""},
        {"\"client_id\":\"ward-3\"", "\"client_id\":\"\""},
        {"[\"agr-3\"]", "\"agr-3\""},
        {"[\"agr-3\"]", "[]"},
        {"[\"agr-3\"]", "[\"agr-3\",\"agr-4\"]"},
        {"[\"agr-3\"]", "[3]"},
        {"[\"agr-3\"]", "[\"\"]"},
        {"[\"agr-3\"]", "[\"agr-3 agr-4\"]"},
    };
    const struct sample *sample = *state;
    struct cg_access_token token = exchanged_claims();
    struct cg_span text = written(sample, &token);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_access_token again;
        assert_status_row(
            rows[i].new_part,
            read_text(sample, sample_replace(sample, text, rows[i].old_part, rows[i].new_part),
                      &again),
            CG_ERR_INPUT);
    }
}

static void subject_of_a_token_is_what_it_was_exchanged_for(void **state)
{
    (void)state;
    struct cg_access_token token = exchanged_claims();
    struct cg_access_token subject;
    token.api_count = 2;
    token.apis[1] = (struct cg_token_api)SAMPLE_API(SAMPLE_MEDICINES, "medicines", "agr-2");
    token.behalf.agreements = test_span("agr-3 agr-4");
    cg_access_token_subject(&token, &subject);
    assert_span_text(subject.client_id, "ward-3");
    assert_span_text(subject.token_id, "jti-3");
    assert_int_equal(subject.epoch, 2);
    assert_int_equal(subject.api_count, 2);
    assert_span_text(subject.apis[1].name, "medicines");
    assert_span_text(subject.apis[0].agreement, "agr-3");
    assert_span_text(subject.apis[1].agreement, "agr-4");
}

static void apis_that_are_kept_keep_both_agreements(void **state)
{
    static const struct {
        bool keep[CG_LIMIT_TOKEN_APIS];
        const char *agreements;
    } rows[] = {
        {{true, true, true}, "agr-3 agr-4 agr-5"},
        {{false, true, true}, "agr-4 agr-5"},
        {{true, false, true}, "agr-3 agr-5"},
        {{false, false, true}, "agr-5"},
        {{false}, ""},
    };
    const struct sample *sample = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_access_token token = exchanged_claims();
        token.api_count = 3;
        token.apis[1] = (struct cg_token_api)SAMPLE_API(SAMPLE_MEDICINES, "medicines", "agr-2");
        token.apis[2] = (struct cg_token_api)SAMPLE_API(SAMPLE_MEDICINES, "letters", "agr-6");
        token.behalf.agreements = test_span("agr-3 agr-4 agr-5");
        assert_ok(cg_access_token_keep(&token, rows[i].keep, sample->arena));
        assert_span_text(token.behalf.agreements, rows[i].agreements);
        if (rows[i].keep[2]) {
            assert_span_text(token.apis[token.api_count - 1].name, "letters");
        }
    }
}

#define SAMPLE_TEST_CASE(name) cmocka_unit_test_setup_teardown(name, sample_setup, sample_teardown)

static const struct CMUnitTest tests[] = {
    SAMPLE_TEST_CASE(behalf_is_written_as_the_contract_says),
    SAMPLE_TEST_CASE(behalf_reads_what_it_wrote),
    SAMPLE_TEST_CASE(behalf_may_be_an_actor_alone),
    SAMPLE_TEST_CASE(behalf_that_is_not_as_written_is_refused),
    SAMPLE_TEST_CASE(subject_of_a_token_is_what_it_was_exchanged_for),
    SAMPLE_TEST_CASE(apis_that_are_kept_keep_both_agreements),
};
TEST_MAIN(tests)
