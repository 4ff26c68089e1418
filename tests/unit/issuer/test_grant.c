/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "base/span.h"
#include "registry/api.h"
#include "registry/credential.h"
#include "registry/realm.h"
#include "test.h"

static void assert_reason(const struct cg_response *response, unsigned status,
                          enum cg_reason reason)
{
    if (response->http_status != status || response->reason != reason) {
        print_error("%u %s\n", response->http_status, cg_reason_name(response->reason));
        fail();
    }
}

static bool body_has(const struct cg_response *response, const char *text)
{
    return memmem(response->body.data, response->body.len, text, strlen(text)) != NULL;
}

static void add_api(struct house *house, const char *name, const char *scope, int64_t life_s)
{
    char audience[128];
    (void)snprintf(audience, sizeof(audience), "https://api.example/%s", name);
    struct cg_api api = {.realm = CG_SPAN(HOUSE_REALM),
                         .name = test_span(name),
                         .audience = test_span(audience),
                         .scope = test_span(scope),
                         .approvals_wanted = 1,
                         .token_life_s = life_s,
                         .created_s = HOUSE_NOW_S};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_api_add(house->registry, &api, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static void smart_scope_beside_another_api_is_ambiguous_until_resource_chooses(void **state)
{
    struct house *house = *state;
    add_api(house, "fhir", "system/Patient.rs", 0);
    (void)house_agree(house, "fhir", "system/Patient.rs", HOUSE_NOW_S, 0);
    assert_reason(house_ask_token(house, ""), 400, CG_REASON_RESOURCE_AMBIGUOUS);
    assert_reason(house_ask_token(house, "&resource=https://api.example/fhir"), 200,
                  CG_REASON_NONE);
    assert_reason(house_ask_token(house, "&scope=system/Patient.rs"), 200, CG_REASON_NONE);
}

static void shortest_life_of_several_apis_counts(void **state)
{
    struct house *house = *state;
    add_api(house, "quick", "quick.read", 20);
    (void)house_agree(house, "quick", "quick.read", HOUSE_NOW_S, 0);
    assert_true(body_has(house_ask_token(house, ""), "\"expires_in\":20,"));
    assert_true(body_has(house_ask_token(house, "&scope=documents.read"), "\"expires_in\":300,"));
}

static void realm_may_leave_the_null_refresh_token_out(void **state)
{
    struct house *house = *state;
    struct cg_realm realm;
    assert_ok(cg_realm_find(house->registry, test_span(HOUSE_REALM), house->arena, &realm));
    realm.token_response = CG_TOKEN_RESPONSE_RFC;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_realm_set(house->registry, &realm, NULL));
    assert_ok(cg_store_commit(house->registry));
    const struct cg_response *response = house_ask_token(house, "");
    assert_reason(response, 200, CG_REASON_NONE);
    assert_false(body_has(response, "refresh_token"));
    assert_true(body_has(response, "\"token_type\":\"Bearer\""));
}

static void retired_api_gives_no_token(void **state)
{
    struct house *house = *state;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_api_retire(house->registry, test_span(HOUSE_REALM), test_span("documents"),
                            HOUSE_NOW_S, NULL));
    assert_ok(cg_store_commit(house->registry));
    assert_reason(house_ask_token(house, ""), 400, CG_REASON_NOTHING_AGREED);
}

/* RFC 6749 §3.1, §3.2: an empty parameter is as if it were left out; unknown ones are ignored. */
static void empty_and_unknown_parameters_change_nothing(void **state)
{
    struct house *house = *state;
    const struct cg_response *response = house_ask_token(house, "&scope=&resource=&colour=blue");
    assert_reason(response, 200, CG_REASON_NONE);
    assert_true(body_has(response, "documents.read documents.write"));
}

static void too_many_resources_are_refused(void **state)
{
    char more[1024];
    size_t len = 0;
    for (int i = 0; i < CG_LIMIT_RESOURCES + 1; i++) {
        len += (size_t)snprintf(more + len, sizeof(more) - len,
                                "&resource=https://api.example/documents");
    }
    assert_reason(house_ask_token(*state, more), 400, CG_REASON_RESOURCE_UNKNOWN);
}

static void token_that_would_be_too_large_is_refused(void **state)
{
    struct house *house = *state;
    static char scope[3800];
    size_t len = 0;
    for (int i = 0; len + 70 < sizeof(scope); i++) {
        len += (size_t)snprintf(scope + len, sizeof(scope) - len, "%sscope-%02d-%s", i ? " " : "",
                                i, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    }
    add_api(house, "wide", scope, 0);
    (void)house_agree(house, "wide", scope, HOUSE_NOW_S, 0);
    assert_reason(house_ask_token(house, ""), 400, CG_REASON_TOKEN_TOO_LARGE);
}

#define HOUSED(name) cmocka_unit_test_setup_teardown(name, house_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    HOUSED(smart_scope_beside_another_api_is_ambiguous_until_resource_chooses),
    HOUSED(shortest_life_of_several_apis_counts),
    HOUSED(realm_may_leave_the_null_refresh_token_out),
    HOUSED(retired_api_gives_no_token),
    HOUSED(empty_and_unknown_parameters_change_nothing),
    HOUSED(too_many_resources_are_refused),
    HOUSED(token_that_would_be_too_large_is_refused),
};

TEST_MAIN(tests)
