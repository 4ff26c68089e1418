/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "registry/api.h"
#include "registry/denial.h"
#include "registry/introspector.h"
#include "registry/signing_key.h"
#include "test.h"

#define INTROSPECT HOUSE_REALM "/oauth/introspect"
#define SIGNED "application/token-introspection+jwt"
#define INACTIVE "{\"active\":false}"

static const struct cg_response *ask(struct house *house, const struct house_client *client,
                                     struct cg_span token)
{
    return house_present(house, INTROSPECT, client, token, NULL);
}

static void assert_inactive(const char *label, const struct cg_response *response)
{
    assert_int_equal(response->http_status, 200);
    assert_span_text_row(label, response->body, INACTIVE);
    assert_span_text_row(label, house_header(response, "Content-Type"), "application/json");
    assert_span_text_row(label, house_header(response, "Cache-Control"), "no-store");
    assert_int_equal(response->reason, CG_REASON_NONE);
}

static void assert_body_is_active(const struct cg_response *response)
{
    static const char start[] = "{\"active\":true,";
    assert_int_equal(response->http_status, 200);
    assert_true(cg_span_starts_with(response->body, cg_span_of_string(start)));
}

/* The members that differ from token to token are cut out by their names. */
static struct cg_span member(struct house *house, struct cg_span object, const char *name)
{
    struct cg_json *json = NULL;
    struct cg_span value;
    struct cg_span copy;
    assert_ok(cg_json_parse(object, 65536, &json));
    assert_ok(cg_json_member_string(cg_json_root(json), name, &value));
    assert_ok(cg_arena_copy(house->arena, value, &copy));
    (void)cg_json_free(json);
    return copy;
}

static void assert_body(struct house *house, const struct cg_response *response, const char *apis,
                        const char *scope)
{
    char want[2048];
    struct cg_span jti = member(house, response->body, "jti");
    (void)snprintf(want, sizeof(want),
                   "{\"active\":true,\"token_type\":\"Bearer\",\"iss\":\"" HOUSE_ISSUER
                   "\",\"sub\":\"%s\",\"client_id\":\"%s\",%s,\"scope\":\"%s\",\"exp\":%d,"
                   "\"iat\":%d,\"jti\":\"%.*s\",\"org\":\"RYG\",\"epoch\":0}",
                   house->client, house->client, apis, scope, HOUSE_NOW_S + 300, HOUSE_NOW_S,
                   CG_SPAN_ARGS(jti));
    assert_span_text(response->body, want);
}

static const char *documents_only(const struct house *house)
{
    static char text[256];
    (void)snprintf(text, sizeof(text),
                   "\"aud\":[\"https://api.example/documents\"],\"apis\":[\"documents\"],"
                   "\"agreements\":[\"%.*s\"]",
                   CG_SPAN_ARGS(house->agreement));
    return text;
}

static void let_introspect(struct house *house, const char *api, const struct house_client *client)
{
    struct cg_introspector introspector = {CG_SPAN(HOUSE_REALM), test_span(api),
                                           test_span(client->id)};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_introspector_add(house->registry, &introspector, house->now_s, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static void client_is_told_all_of_its_own_token(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    const struct cg_response *response = ask(house, &own, house_token(house, ""));
    assert_int_equal(response->http_status, 200);
    assert_span_text(house_header(response, "Content-Type"), "application/json");
    assert_span_text(house_header(response, "Cache-Control"), "no-store");
    assert_body(house, response, documents_only(house), "documents.read documents.write");
    assert_null(response->token_id.data);
}

static void strangers_are_told_nothing_of_a_good_token(void **state)
{
    struct house *house = *state;
    struct house_client stranger = house_add_client(house, "Stranger");
    assert_inactive("stranger", ask(house, &stranger, house_token(house, "")));
    let_introspect(house, "medicines", &stranger);
    assert_inactive("of another API", ask(house, &stranger, house_token(house, "")));
}

/* RFC 7662 §2.2, RFC 9701 §5 */
static void resource_server_is_told_its_own_apis_part_only(void **state)
{
    struct house *house = *state;
    struct house_client server = house_add_client(house, "Documents server");
    struct house_client own = house_own_client(house);
    (void)house_agree(house, "medicines", "medicines.read", HOUSE_NOW_S, 0);
    let_introspect(house, "documents", &server);
    struct cg_span token = house_token(house, "");
    assert_body(house, ask(house, &server, token), documents_only(house),
                "documents.read documents.write");
    const struct cg_response *whole = ask(house, &own, token);
    assert_int_equal(member(house, whole->body, "scope").len,
                     strlen("documents.read documents.write medicines.read"));
    struct cg_span other = house_token(house, "&resource=https://api.example/medicines");
    assert_inactive("a token without its API", ask(house, &server, other));
}

static void introspector_that_was_removed_is_told_nothing(void **state)
{
    struct house *house = *state;
    struct house_client server = house_add_client(house, "Documents server");
    struct cg_introspector introspector = {CG_SPAN(HOUSE_REALM), CG_SPAN("documents"),
                                           test_span(server.id)};
    let_introspect(house, "documents", &server);
    struct cg_span token = house_token(house, "");
    assert_body(house, ask(house, &server, token), documents_only(house),
                "documents.read documents.write");
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_introspector_remove(house->registry, &introspector, NULL));
    assert_ok(cg_store_commit(house->registry));
    assert_inactive("removed", ask(house, &server, token));
}

static void expire(struct house *house)
{
    house->now_s += 300;
}

static void issue_in_future(struct house *house)
{
    house->now_s -= 61;
}

static void deny_token(struct house *house)
{
    struct cg_snapshot_denial denial = {.kind = CG_DENIAL_TOKEN,
                                        .subject = test_span(house->token_id),
                                        .expires_s = HOUSE_NOW_S + 300};
    assert_ok(cg_denial_add(house->registry, CG_SPAN_OF(HOUSE_REALM), &denial, HOUSE_NOW_S));
}

static void suspend_and_resume(struct house *house)
{
    struct cg_span id = test_span(house->client);
    assert_ok(cg_client_suspend(house->registry, CG_SPAN_OF(HOUSE_REALM), id, HOUSE_NOW_S, NULL));
    assert_ok(cg_client_resume(house->registry, CG_SPAN_OF(HOUSE_REALM), id, NULL));
}

static void suspend(struct house *house)
{
    assert_ok(cg_client_suspend(house->registry, CG_SPAN_OF(HOUSE_REALM), test_span(house->client),
                                HOUSE_NOW_S, NULL));
}

static void withdraw(struct house *house)
{
    struct cg_decision decision = {.who = CG_SPAN("Dr Example"), .at_s = HOUSE_NOW_S};
    assert_ok(cg_agreement_withdraw(house->registry, CG_SPAN_OF(HOUSE_REALM), house->agreement,
                                    &decision, NULL));
}

static void retire_api(struct house *house)
{
    assert_ok(cg_api_retire(house->registry, CG_SPAN_OF(HOUSE_REALM), CG_SPAN_OF("documents"),
                            HOUSE_NOW_S, NULL));
}

/* The resource server asks, since a client that is suspended cannot. */
static void token_that_is_over_is_inactive_and_nothing_else(void **state)
{
    static const struct {
        const char *label;
        void (*end)(struct house *house);
    } rows[] = {
        {"expired", expire},
        {"issued in the future", issue_in_future},
        {"revoked", deny_token},
        {"suspended", suspend},
        {"resumed", suspend_and_resume},
        {"agreement withdrawn", withdraw},
        {"API retired", retire_api},
    };
    (void)house_pull_down(state);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        (void)house_build(state);
        struct house *house = *state;
        struct house_client server = house_add_client(house, "Documents server");
        let_introspect(house, "documents", &server);
        struct cg_span token = house_token(house, "");
        struct cg_span jti = member(house, ask(house, &server, token)->body, "jti");
        (void)snprintf(house->token_id, sizeof(house->token_id), "%.*s", CG_SPAN_ARGS(jti));
        assert_ok(cg_store_begin(house->registry));
        rows[i].end(house);
        assert_ok(cg_store_commit(house->registry));
        assert_inactive(rows[i].label, ask(house, &server, token));
        (void)house_pull_down(state);
    }
    (void)house_build(state);
}

/* A segment of a compact JWS, decoded, in the house's arena. */
static struct cg_span part_of(struct house *house, struct cg_span compact, size_t index)
{
    struct cg_span rest = compact;
    struct cg_span piece;
    struct cg_span decoded;
    for (size_t i = 0; i <= index; i++) {
        assert_true(cg_span_split(&rest, '.', &piece));
    }
    assert_ok(cg_base64url_decode_arena(piece, house->arena, &decoded));
    return decoded;
}

static void rotate(struct house *house)
{
    struct cg_signing_key_order order = {.realm = CG_SPAN(HOUSE_REALM),
                                         .alg = CG_SPAN("RS256"),
                                         .start = CG_KEY_START_NOW,
                                         .master_key = house->master_key,
                                         .random = &house->random,
                                         .now_s = house->now_s};
    struct cg_span kid;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_signing_key_create(house->registry, &order, house->arena, NULL, &kid));
    assert_ok(cg_store_commit(house->registry));
    house->now_s += CG_KEY_PROPAGATION_S;
}

/* The key that signs answers now. */
static struct cg_span signing_kid(struct house *house)
{
    struct house_client own = house_own_client(house);
    struct cg_span body =
        house_present(house, INTROSPECT, &own, house_token(house, ""), SIGNED)->body;
    return member(house, part_of(house, body, 0), "kid");
}

/* A token is good as long as its key is published, and no longer. */
static void token_is_active_while_its_key_is_published(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span kid = signing_kid(house);
    struct cg_span before = house_token(house, "");
    rotate(house);
    assert_false(cg_span_equal(signing_kid(house), kid));
    assert_body_is_active(ask(house, &own, before));
    assert_body_is_active(ask(house, &own, house_token(house, "")));
    assert_ok(cg_store_begin(house->registry));
    assert_ok(
        cg_signing_key_retire(house->registry, CG_SPAN_OF(HOUSE_REALM), kid, house->now_s, NULL));
    assert_ok(cg_store_commit(house->registry));
    assert_inactive("of a retired key", ask(house, &own, before));
}

static void agreement_that_is_withdrawn_takes_its_api_and_scope_away(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    (void)house_agree(house, "medicines", "medicines.read", HOUSE_NOW_S, 0);
    struct cg_span token = house_token(house, "");
    assert_ok(cg_store_begin(house->registry));
    withdraw(house);
    assert_ok(cg_store_commit(house->registry));
    const struct cg_response *response = ask(house, &own, token);
    assert_span_text(member(house, response->body, "scope"), "medicines.read");
    assert_null(memmem(response->body.data, response->body.len, "documents", 9));
}

static void what_is_no_token_is_inactive(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span token = house_token(house, "");
    static char text[4200];
    static const char *const rows[] = {"garbage", "a.b.c", "eyJhbGciOiJub25lIn0.e30.",
                                       "x%20y",   "..",    "%F0%9F%92%99"};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_inactive(rows[i], ask(house, &own, test_span(rows[i])));
    }
    (void)snprintf(text, sizeof(text), "%.*s", CG_SPAN_ARGS(token));
    char *signature = strrchr(text, '.') + 1;
    signature[0] = signature[0] == 'A' ? 'B' : 'A';
    assert_inactive("forged", ask(house, &own, test_span(text)));
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_inactive("huge", ask(house, &own, test_span(text)));
}

static void hint_is_a_hint_only(void **state)
{
    struct house *house = *state;
    static const char *const rows[] = {
        "&token_type_hint=access_token", "&token_type_hint=refresh_token",
        "&token_type_hint=never_heard", "&token_type_hint=", "&colour=blue"};
    struct house_client own = house_own_client(house);
    char text[4300];
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        (void)snprintf(text, sizeof(text), "%.*s%s", CG_SPAN_ARGS(house_token(house, "")), rows[i]);
        assert_body(house, ask(house, &own, test_span(text)), documents_only(house),
                    "documents.read documents.write");
    }
}

static void requests_that_are_refused_follow_the_table(void **state)
{
    static const struct {
        const char *label;
        const char *method;
        const char *body;
        unsigned status;
        enum cg_reason reason;
    } rows[] = {
        {"no credentials", "POST", "token=a", 401, CG_REASON_CREDENTIALS_MISSING},
        {"unknown client", "POST", "client_id=a&client_secret=b&token=a", 401,
         CG_REASON_CLIENT_AUTHENTICATION_FAILED},
        {"repeated token", "POST", "client_id=a&client_secret=b&token=a&token=a", 400,
         CG_REASON_PARAMETER_REPEATED},
        {"no form", "POST", NULL, 415, CG_REASON_CONTENT_TYPE_WRONG},
        {"read", "GET", NULL, 405, CG_REASON_METHOD_NOT_ALLOWED},
    };
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_response *response =
            house_ask(house, rows[i].method, INTROSPECT, rows[i].body);
        if (response->http_status != rows[i].status || response->reason != rows[i].reason) {
            fail_msg("%s: %u %s", rows[i].label, response->http_status,
                     cg_reason_name(response->reason));
        }
    }
    const struct cg_response *response = ask(house, &own, CG_SPAN_OF(""));
    assert_int_equal(response->http_status, 400);
    assert_int_equal(response->reason, CG_REASON_TOKEN_NOT_PRESENTED);
    assert_int_equal(house_count_events(house, "token_refused"), 5);
    house->now_s++;
    (void)ask(house, &own, CG_SPAN_OF("garbage"));
    assert_int_equal(house_count_events(house, "token_refused"), 5);
}

enum cg_status __real_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement);
enum cg_status __wrap_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement);

/* Statements started since the program began. */
static size_t *started(void)
{
    static size_t count;
    return &count;
}

enum cg_status __wrap_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement)
{
    (*started())++;
    return __real_cg_store_start(store, sql, ret_statement);
}

static size_t statements_of(struct house *house, const struct house_client *client,
                            struct cg_span token)
{
    size_t before = *started();
    assert_inactive("stranger", ask(house, client, token));
    return *started() - before;
}

static void stranger_costs_the_same_whatever_became_of_the_token(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct house_client stranger = house_add_client(house, "Stranger");
    struct cg_span token = house_token(house, "");
    struct cg_span jti = member(house, ask(house, &own, token)->body, "jti");
    (void)snprintf(house->token_id, sizeof(house->token_id), "%.*s", CG_SPAN_ARGS(jti));
    assert_inactive("stranger", ask(house, &stranger, token));
    size_t good = statements_of(house, &stranger, token);
    assert_ok(cg_store_begin(house->registry));
    deny_token(house);
    assert_ok(cg_store_commit(house->registry));
    assert_int_equal(statements_of(house, &stranger, token), good);
}

/* RFC 9701 §5 */
static void signed_answer_holds_the_plain_one_and_is_for_who_asked(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span token = house_token(house, "");
    struct cg_span plain;
    assert_ok(cg_arena_copy(house->arena, ask(house, &own, token)->body, &plain));
    const struct cg_response *response = house_present(house, INTROSPECT, &own, token, SIGNED);
    assert_span_text(house_header(response, "Content-Type"), SIGNED);
    assert_span_text(house_header(response, "Cache-Control"), "no-store");
    struct cg_span header = part_of(house, response->body, 0);
    assert_span_text(member(house, header, "typ"), "token-introspection+jwt");
    char want[4096];
    (void)snprintf(want, sizeof(want),
                   "{\"iss\":\"" HOUSE_ISSUER "\",\"aud\":\"%s\",\"iat\":%d,"
                   "\"token_introspection\":%.*s}",
                   house->client, HOUSE_NOW_S, CG_SPAN_ARGS(plain));
    assert_span_text(part_of(house, response->body, 1), want);
}

static void signed_answer_of_an_inactive_token_says_no_more(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    const struct cg_response *response =
        house_present(house, INTROSPECT, &own, CG_SPAN_OF("garbage"), SIGNED);
    struct cg_span claims = part_of(house, response->body, 1);
    static const char end[] = ",\"token_introspection\":" INACTIVE "}";
    assert_true(claims.len > sizeof(end));
    assert_span_text(cg_span_part(claims, claims.len - (sizeof(end) - 1), claims.len), end);
}

static void signed_answer_is_no_access_token(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span answer;
    const struct cg_response *response =
        house_present(house, INTROSPECT, &own, house_token(house, ""), SIGNED);
    assert_ok(cg_arena_copy(house->arena, response->body, &answer));
    assert_inactive("its own answer", ask(house, &own, answer));
}

static void answer_is_signed_for_who_would_rather_have_that(void **state)
{
    static const struct {
        const char *accept;
        bool is_signed;
    } rows[] = {
        {NULL, false},
        {"*/*", false},
        {"application/json", false},
        {SIGNED ", application/json", false},
        {SIGNED, true},
        {SIGNED ";q=0.9, */*;q=0.1", true},
        {"application/json;q=0.5, " SIGNED, true},
        {"text/html", false},
        {"garbage " SIGNED, false},
    };
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct cg_span token = house_token(house, "");
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_response *response =
            house_present(house, INTROSPECT, &own, token, rows[i].accept);
        assert_span_text_row(rows[i].accept, house_header(response, "Content-Type"),
                             rows[i].is_signed ? SIGNED : "application/json");
    }
}

#define IN_HOUSE(name) cmocka_unit_test_setup_teardown(name, house_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    IN_HOUSE(client_is_told_all_of_its_own_token),
    IN_HOUSE(strangers_are_told_nothing_of_a_good_token),
    IN_HOUSE(resource_server_is_told_its_own_apis_part_only),
    IN_HOUSE(introspector_that_was_removed_is_told_nothing),
    IN_HOUSE(token_that_is_over_is_inactive_and_nothing_else),
    IN_HOUSE(token_is_active_while_its_key_is_published),
    IN_HOUSE(agreement_that_is_withdrawn_takes_its_api_and_scope_away),
    IN_HOUSE(what_is_no_token_is_inactive),
    IN_HOUSE(hint_is_a_hint_only),
    IN_HOUSE(requests_that_are_refused_follow_the_table),
    IN_HOUSE(stranger_costs_the_same_whatever_became_of_the_token),
    IN_HOUSE(signed_answer_holds_the_plain_one_and_is_for_who_asked),
    IN_HOUSE(signed_answer_of_an_inactive_token_says_no_more),
    IN_HOUSE(signed_answer_is_no_access_token),
    IN_HOUSE(answer_is_signed_for_who_would_rather_have_that),
};
TEST_MAIN(tests)
