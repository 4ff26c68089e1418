/* SPDX-License-Identifier: Apache-2.0 */
/* A token that a program's calls share, over the life of several. */
#include "base/span.h"
#include "scripted_server.h"
#include "test.h"

#include <caregate/client.h>

#define NOW_S INT64_C(1800000000)
#define TOKEN(name)                                                                                \
    {                                                                                              \
        .status = 200,                                                                             \
        .body = "{\"access_token\":\"" name "\",\"token_type\":\"Bearer\",\"expires_in\":300}"     \
    }
#define AWAY                                                                                       \
    {                                                                                              \
        .status = 503, .headers = "Retry-After: 20\r\n", .body = ""                                \
    }

static int64_t now;

static int64_t tell_now(void)
{
    return now;
}

static struct cg_client *client_for(const struct scripted_server *server)
{
    const struct cg_client_config config = {
        .token_url = test_span(scripted_server_url(server)),
        .client_id = CG_SPAN("c"),
        .method = CG_CLIENT_SECRET_POST,
        .secret = CG_SPAN("s"),
        .timeout_ms = 5000,
        .now_s = tell_now,
    };
    struct cg_client *client = NULL;
    const char *trouble = NULL;
    now = NOW_S;
    assert_ok(cg_client_new(&config, &trouble, &client));
    return client;
}

/* What a call gets at a time after the beginning; "" for none. */
static const char *token_at(struct cg_client *client, int64_t after_s)
{
    static struct cg_client_answer answer;
    now = NOW_S + after_s;
    enum cg_status status = cg_client_token(client, &answer);
    assert_true((status == CG_OK) == (answer.outcome == CG_CLIENT_GOT));
    assert_true((status == CG_OK) == (answer.token_len > 0));
    if (status == CG_OK) {
        assert_int_equal(answer.expires_s, now + answer.life_s);
        assert_true(answer.life_s > 0);
    }
    return answer.token;
}

TEST(a_token_serves_until_it_is_renewed)
{
    static const struct scripted_answer answers[] = {TOKEN("one"), TOKEN("two"), TOKEN("three")};
    struct scripted_server *server = scripted_server_start(answers, 3);
    struct cg_client *client = client_for(server);
    assert_string_equal(token_at(client, 0), "one");
    assert_string_equal(token_at(client, 260), "one");
    assert_int_equal(scripted_server_count(server), 1);
    assert_string_equal(token_at(client, 280), "two");
    assert_string_equal(token_at(client, 300), "two");
    assert_string_equal(token_at(client, 900), "three");
    assert_int_equal(scripted_server_count(server), 3);
    (void)cg_client_free(client);
    scripted_server_stop(server);
}

TEST(the_old_token_serves_while_the_server_is_away_and_no_longer)
{
    static const struct scripted_answer answers[] = {TOKEN("one"), AWAY, AWAY, TOKEN("two")};
    struct scripted_server *server = scripted_server_start(answers, 4);
    struct cg_client *client = client_for(server);
    struct cg_client_answer answer;
    assert_string_equal(token_at(client, 0), "one");
    assert_string_equal(token_at(client, 280), "one");
    assert_string_equal(token_at(client, 294), "one");
    assert_int_equal(scripted_server_count(server), 2);
    /* It is left alone until 300. */
    assert_string_equal(token_at(client, 296), "");
    assert_status(cg_client_token(client, &answer), CG_ERR_STORE);
    assert_int_equal(answer.outcome, CG_CLIENT_RATE_LIMITED);
    assert_string_equal(answer.trouble, "it answered 503: no description");
    assert_int_equal(scripted_server_count(server), 2);
    assert_string_equal(token_at(client, 300), "");
    assert_int_equal(scripted_server_count(server), 3);
    assert_string_equal(token_at(client, 320), "two");
    (void)cg_client_free(client);
    scripted_server_stop(server);
}

TEST(a_rejected_token_is_replaced_once)
{
    static const struct scripted_answer answers[] = {TOKEN("one"), TOKEN("two")};
    struct scripted_server *server = scripted_server_start(answers, 2);
    struct cg_client *client = client_for(server);
    assert_string_equal(token_at(client, 0), "one");
    assert_true(cg_client_reject(client, test_span("one")));
    assert_string_equal(token_at(client, 1), "two");
    assert_true(cg_client_reject(client, test_span("one")));
    assert_false(cg_client_reject(client, test_span("two")));
    assert_string_equal(token_at(client, 2), "two");
    assert_int_equal(scripted_server_count(server), 2);
    (void)cg_client_free(client);
    scripted_server_stop(server);
}

TEST(a_clock_that_is_set_gets_a_new_token)
{
    static const struct scripted_answer answers[] = {TOKEN("one"), TOKEN("two"), TOKEN("three")};
    struct scripted_server *server = scripted_server_start(answers, 3);
    struct cg_client *client = client_for(server);
    assert_string_equal(token_at(client, 0), "one");
    assert_string_equal(token_at(client, -86400), "two");
    assert_string_equal(token_at(client, 86400), "three");
    (void)cg_client_free(client);
    scripted_server_stop(server);
}

static int64_t tell_ten_seconds_more(void)
{
    now += 10;
    return now;
}

TEST(a_life_that_is_over_before_it_begins_is_not_asked_for_again_and_again)
{
    static const struct scripted_answer answers[] = {
        {.status = 200,
         .body = "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":1}"}};
    struct scripted_server *server = scripted_server_start(answers, 1);
    const struct cg_client_config config = {
        .token_url = test_span(scripted_server_url(server)),
        .client_id = CG_SPAN("c"),
        .method = CG_CLIENT_SECRET_POST,
        .secret = CG_SPAN("s"),
        .now_s = tell_ten_seconds_more,
    };
    struct cg_client *client = NULL;
    struct cg_client_answer answer;
    const char *trouble = NULL;
    assert_ok(cg_client_new(&config, &trouble, &client));
    assert_status(cg_client_token(client, &answer), CG_ERR_INPUT);
    assert_int_equal(answer.outcome, CG_CLIENT_NOT_UNDERSTOOD);
    assert_int_equal(answer.token_len, 0);
    assert_non_null(strstr(answer.trouble, "over before it came"));
    assert_int_equal(scripted_server_count(server), 1);
    (void)cg_client_free(client);
    scripted_server_stop(server);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_token_serves_until_it_is_renewed),
    cmocka_unit_test(the_old_token_serves_while_the_server_is_away_and_no_longer),
    cmocka_unit_test(a_rejected_token_is_replaced_once),
    cmocka_unit_test(a_clock_that_is_set_gets_a_new_token),
    cmocka_unit_test(a_life_that_is_over_before_it_begins_is_not_asked_for_again_and_again),
};

TEST_MAIN(tests)
