/* SPDX-License-Identifier: Apache-2.0 */
/* The page where a secret is handed over. */
#include "base/buf.h"
#include "base/secret.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "house.h"
#include "oauth/page.h"
#include "registry/credential.h"
#include "registry/handover.h"
#include "test.h"

#include <unistd.h>

#define PATH HOUSE_REALM "/oauth/handover"
#define HOUR_S 3600

struct link {
    char token[64];
    char query[80];
    char id[32];
};

static void make_link(struct house *house, struct link *ret_link)
{
    struct cg_handover_order order = {
        .secret = {.realm = test_span(HOUSE_REALM),
                   .client = test_span(house->client),
                   .now_s = HOUSE_NOW_S,
                   .expires_s = HOUSE_NOW_S + 24 * HOUR_S,
                   .random = &house->random},
        .until_s = HOUSE_NOW_S + HOUR_S,
    };
    struct cg_secret token;
    struct cg_span id = {NULL, 0};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_handover_make(house->registry, &order, house->arena, NULL, &token, &id));
    assert_ok(cg_store_commit(house->registry));
    (void)snprintf(ret_link->token, sizeof(ret_link->token), "%.*s",
                   CG_SPAN_ARGS(cg_secret_span(&token)));
    (void)snprintf(ret_link->query, sizeof(ret_link->query), "link=%s", ret_link->token);
    (void)snprintf(ret_link->id, sizeof(ret_link->id), "%.*s", CG_SPAN_ARGS(id));
    cg_secret_release(&token);
}

static struct cg_request request_of(const char *method, const char *link, const char *accept)
{
    bool post = strcmp(method, "POST") == 0;
    struct cg_span text = link != NULL ? test_span(link) : (struct cg_span){NULL, 0};
    return (struct cg_request){
        .method = test_span(method),
        .path = CG_SPAN(PATH),
        .query = post ? (struct cg_span){NULL, 0} : text,
        .body = post ? text : (struct cg_span){NULL, 0},
        .content_type =
            post ? CG_SPAN_OF("application/x-www-form-urlencoded") : (struct cg_span){NULL, 0},
        .accept = accept != NULL ? test_span(accept) : (struct cg_span){NULL, 0},
        .request_id = CG_SPAN("req-7"),
        .address = CG_SPAN("192.0.2.7"),
    };
}

static const struct cg_response *ask(struct house *house, const char *method, const char *link)
{
    struct cg_request request = request_of(method, link, "text/html,*/*;q=0.8");
    return house_ask_with(house, &request);
}

/* The body as a string, in the house's arena. */
static const char *text_of(struct house *house, const struct cg_response *response)
{
    void *memory = NULL;
    assert_ok(cg_arena_take(house->arena, response->body.len + 1, &memory));
    memcpy(memory, response->body.data, response->body.len);
    return memory;
}

static void assert_has(const char *text, const char *part)
{
    assert_non_null(text);
    if (strstr(text, part) == NULL) {
        print_error("%s\n", text);
        fail_msg("\"%s\" is not in it", part);
    }
}

static enum cg_status count_one(void *context, const void *row)
{
    const struct cg_credential *credential = row;
    *(size_t *)context += credential->link_until_s == 0 ? 1 : 0;
    return CG_OK;
}

static size_t secrets_of(struct house *house)
{
    size_t count = 0;
    assert_ok(cg_secret_list(house->registry, test_span(HOUSE_REALM), test_span(house->client),
                             house->arena, count_one, &count));
    return count;
}

static void get_shows_a_button_and_changes_nothing(void **state)
{
    struct house *house = *state;
    struct link link;
    make_link(house, &link);
    for (int i = 0; i < 3; i++) {
        const struct cg_response *response = ask(house, i == 2 ? "HEAD" : "GET", link.query);
        assert_int_equal(response->http_status, 200);
        const char *page = text_of(house, response);
        assert_has(page, "<button type=\"submit\">");
        assert_has(page, house->client);
        assert_has(page, link.token);
        assert_null(strstr(page, "cgs_"));
    }
    assert_int_equal(secrets_of(house), 1);
    assert_int_equal(house_count_events(house, "secret_link_opened"), 0);
}

static void post_shows_a_secret_that_works_and_tells_who_opened_it(void **state)
{
    struct house *house = *state;
    struct link link;
    make_link(house, &link);
    const struct cg_response *response = ask(house, "POST", link.query);
    assert_int_equal(response->http_status, 200);
    assert_span_text(response->client_id, house->client);
    const char *page = text_of(house, response);
    assert_has(page, house->client);
    assert_has(page, link.id);
    assert_has(page, "2027-01-16T08:00:00Z");
    assert_null(strstr(page, link.token));
    const char *secret = strstr(page, "cgs_");
    assert_non_null(secret);
    (void)snprintf(house->secret, sizeof(house->secret), "%.*s", CG_CLIENT_SECRET_CHARS, secret);
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
    assert_int_equal(house_count_events(house, "secret_link_opened"), 1);
}

static void dead_links_of_every_kind_give_one_page(void **state)
{
    struct house *house = *state;
    struct link opened;
    struct link over;
    make_link(house, &opened);
    make_link(house, &over);
    assert_int_equal(ask(house, "POST", opened.query)->http_status, 200);
    const char *const links[] = {
        opened.query,    over.query, "link=cgl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "link=x",        "link=",    "link=%zz",
        "link=a&link=b", NULL};
    const char *first = NULL;
    house->now_s = HOUSE_NOW_S + HOUR_S;
    for (size_t i = 0; i < TEST_COUNT(links); i++) {
        const char *const methods[] = {"GET", "POST"};
        for (size_t at = 0; at < TEST_COUNT(methods); at++) {
            const struct cg_response *response = ask(house, methods[at], links[i]);
            assert_int_equal(response->http_status, 404);
            assert_int_equal(response->reason, CG_REASON_LINK_UNUSABLE);
            const char *page = text_of(house, response);
            first = first != NULL ? first : page;
            assert_string_equal(page, first);
        }
    }
    assert_has(first, "Ask who sent the link for a new one");
    assert_int_equal(secrets_of(house), 2);
}

static void refused_opening_is_recorded_and_a_look_is_not(void **state)
{
    struct house *house = *state;
    struct link link;
    make_link(house, &link);
    (void)ask(house, "POST", link.query);
    (void)ask(house, "GET", link.query);
    assert_int_equal(house_count_events(house, "secret_link_refused"), 0);
    (void)ask(house, "POST", link.query);
    assert_int_equal(house_count_events(house, "secret_link_refused"), 1);
    assert_int_equal(house_count_events(house, "token_refused"), 0);
}

static void who_comes_too_late_in_one_batch_gets_the_page_of_dead_links(void **state)
{
    struct house *house = *state;
    struct link link;
    make_link(house, &link);
    struct cg_exchange *exchanges[CG_LIMIT_BATCH_EXCHANGES] = {NULL};
    for (size_t i = 0; i < TEST_COUNT(exchanges); i++) {
        assert_ok(cg_exchange_new(&exchanges[i]));
        exchanges[i]->request = request_of("POST", link.query, NULL);
    }
    cg_issuer_answer(house->slot, exchanges, TEST_COUNT(exchanges), house->now_s);
    cg_issuer_commit(house->slot, exchanges, TEST_COUNT(exchanges));
    size_t opened = 0;
    for (size_t i = 0; i < TEST_COUNT(exchanges); i++) {
        const struct cg_response *response = &exchanges[i]->response;
        bool shows = strstr(text_of(house, response), "cgs_") != NULL;
        assert_int_equal(response->http_status, shows ? 200 : 404);
        opened += shows ? 1 : 0;
        (void)cg_exchange_free(exchanges[i]);
    }
    assert_int_equal(opened, 1);
    assert_int_equal(secrets_of(house), 2);
    assert_int_equal(house_count_events(house, "secret_link_opened"), 1);
}

static void link_stays_unopened_when_it_cannot_be_recorded(void **state)
{
    struct house *house = *state;
    struct link link;
    char path[128];
    char aside[128];
    make_link(house, &link);
    (void)snprintf(path, sizeof(path), "%s/audit.db", house->folder);
    (void)snprintf(aside, sizeof(aside), "%s/aside.db", house->folder);
    assert_int_equal(rename(path, aside), 0);
    const struct cg_response *response = ask(house, "POST", link.query);
    assert_int_equal(response->http_status, 503);
    assert_null(strstr(text_of(house, response), "cgs_"));
    assert_int_equal(secrets_of(house), 1);
    assert_int_equal(rename(aside, path), 0);
    assert_int_equal(ask(house, "POST", link.query)->http_status, 200);
}

static void programs_that_accept_json_alone_get_json(void **state)
{
    struct house *house = *state;
    struct link link;
    make_link(house, &link);
    struct cg_request request = request_of("POST", link.query, "application/json");
    const struct cg_response *response = house_ask_with(house, &request);
    assert_int_equal(response->http_status, 200);
    assert_span_text(house_header(response, "Cache-Control"), "no-store");
    struct cg_json *json = NULL;
    struct cg_span text = {NULL, 0};
    int64_t ends_s = 0;
    assert_ok(cg_json_parse(response->body, 4096, &json));
    assert_ok(cg_json_member_string(cg_json_root(json), "client_id", &text));
    assert_span_text(text, house->client);
    assert_ok(cg_json_member_string(cg_json_root(json), "client_secret", &text));
    assert_true(cg_secret_is_well_formed(text));
    assert_ok(cg_json_member_number(cg_json_root(json), "client_secret_expires_at", &ends_s));
    assert_int_equal(ends_s, HOUSE_NOW_S + 24 * HOUR_S);
    (void)cg_json_free(json);
    response = house_ask_with(house, &request);
    assert_int_equal(response->http_status, 404);
    assert_span_text(house_header(response, "Content-Type"), "application/json");
}

static void body_that_is_no_form_is_refused_by_a_page(void **state)
{
    struct house *house = *state;
    struct link link;
    make_link(house, &link);
    struct cg_request request = request_of("POST", link.query, "text/html");
    request.content_type = CG_SPAN_OF("text/plain");
    const struct cg_response *response = house_ask_with(house, &request);
    assert_int_equal(response->http_status, 415);
    assert_has(text_of(house, response), "<h1>This did not work</h1>");
    assert_int_equal(secrets_of(house), 1);
}

/* The text between <style> and </style>, and what the policy allows. */
static void policy_allows_the_style_of_the_page_and_nothing_else(void **state)
{
    struct house *house = *state;
    struct link link;
    make_link(house, &link);
    const struct cg_response *response = ask(house, "GET", link.query);
    const char *page = text_of(house, response);
    const char *style = strstr(page, "<style>") + 7;
    const char *end = strstr(style, "</style>");
    uint8_t digest[CG_SHA256_BYTES];
    assert_ok(cg_sha256(cg_span_of_bytes(style, (size_t)(end - style)), digest));
    char want[256];
    struct cg_buf buf;
    cg_buf_init(&buf, 64);
    cg_base64url_encode(cg_span_of_bytes(digest, sizeof(digest)), &buf);
    (void)snprintf(want, sizeof(want), "%.*s", (int)buf.len, (const char *)buf.data);
    cg_buf_release(&buf);
    for (char *at = want; *at != '\0'; at++) { /* the policy writes plain base64 */
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
    }
    char policy[512];
    (void)snprintf(policy, sizeof(policy),
                   "default-src 'none'; style-src 'sha256-%s='; form-action 'self'; "
                   "base-uri 'none'; frame-ancestors 'none'",
                   want);
    assert_span_text(house_header(response, "Content-Security-Policy"), policy);
    assert_span_text(house_header(response, "Referrer-Policy"), "no-referrer");
    assert_span_text(house_header(response, "X-Frame-Options"), "DENY");
    assert_span_text(house_header(response, "Cache-Control"), "no-store");
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "http"));
}

TEST(page_puts_text_of_others_as_text)
{
    struct cg_buf buf;
    struct cg_span text = {NULL, 0};
    cg_buf_init(&buf, 256);
    cg_page_put(&buf, CG_SPAN_OF("a<b>&\"c' Ŵy"));
    assert_ok(cg_buf_finish(&buf, &text));
    assert_span_text(text, "a&lt;b&gt;&amp;&quot;c&#39; Ŵy");
    cg_buf_release(&buf);
}

#define HOUSED(name) cmocka_unit_test_setup_teardown(name, house_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    HOUSED(get_shows_a_button_and_changes_nothing),
    HOUSED(post_shows_a_secret_that_works_and_tells_who_opened_it),
    HOUSED(dead_links_of_every_kind_give_one_page),
    HOUSED(refused_opening_is_recorded_and_a_look_is_not),
    HOUSED(who_comes_too_late_in_one_batch_gets_the_page_of_dead_links),
    HOUSED(link_stays_unopened_when_it_cannot_be_recorded),
    HOUSED(programs_that_accept_json_alone_get_json),
    HOUSED(body_that_is_no_form_is_refused_by_a_page),
    HOUSED(policy_allows_the_style_of_the_page_and_nothing_else),
    cmocka_unit_test(page_puts_text_of_others_as_text),
};
TEST_MAIN(tests)
