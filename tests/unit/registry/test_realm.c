/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/realm.h"

#include "base/span.h"
#include "desk.h"
#include "registry/api.h"
#include "registry/organisation.h"

TEST(profiles_give_their_defaults)
{
    static const struct {
        const char *profile;
        const char *alg;
        const char *typ;
        enum cg_token_response response;
        enum cg_status status;
    } rows[] = {
        {"documented", "RS256", "JWT", CG_TOKEN_RESPONSE_DOCUMENTED, CG_OK},
        {"smart", "RS256", "at+jwt", CG_TOKEN_RESPONSE_RFC, CG_OK},
        {"nhs", "RS256", "at+jwt", CG_TOKEN_RESPONSE_RFC, CG_OK},
        {"fapi2", "PS256", "at+jwt", CG_TOKEN_RESPONSE_RFC, CG_OK},
        {"Documented", NULL, NULL, CG_TOKEN_RESPONSE_RFC, CG_ERR_INPUT},
        {"", NULL, NULL, CG_TOKEN_RESPONSE_RFC, CG_ERR_INPUT},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_fault fault = {.text = NULL};
        struct cg_realm realm;
        assert_status_row(rows[i].profile,
                          cg_realm_defaults(test_span(rows[i].profile), &fault, &realm),
                          rows[i].status);
        if (rows[i].status != CG_OK) {
            assert_non_null(fault.text);
            continue;
        }
        assert_span_text(realm.profile, rows[i].profile);
        assert_span_text(realm.alg, rows[i].alg);
        assert_span_text(realm.typ, rows[i].typ);
        assert_int_equal(realm.token_life_s, 300);
        assert_int_equal(realm.token_response, rows[i].response);
    }
}

TEST(token_response_words_go_both_ways)
{
    enum cg_token_response response;
    assert_ok(cg_token_response_find(CG_SPAN_OF("rfc"), &response));
    assert_span_text(cg_token_response_name(response), "rfc");
    assert_ok(cg_token_response_find(CG_SPAN_OF("documented"), &response));
    assert_span_text(cg_token_response_name(response), "documented");
    assert_status(cg_token_response_find(CG_SPAN_OF("other"), &response), CG_ERR_INPUT);
}

static struct cg_realm sample(void)
{
    struct cg_realm realm;
    assert_ok(cg_realm_defaults(CG_SPAN_OF("documented"), NULL, &realm));
    realm.path = CG_SPAN_OF("/vtest/hpca");
    realm.created_s = DESK_NOW_S;
    return realm;
}

struct refusal {
    const char *label;
    struct cg_realm realm;
    enum cg_status status;
};

static void malformed_realm_is_refused(void **state)
{
    struct desk *desk = *state;
    struct refusal rows[] = {
        {"path without /", sample(), CG_ERR_INPUT},
        {"final /", sample(), CG_ERR_INPUT},
        {"upper case", sample(), CG_ERR_INPUT},
        {"algorithm none", sample(), CG_ERR_INPUT},
        {"HS256", sample(), CG_ERR_INPUT},
        {"typ", sample(), CG_ERR_INPUT},
        {"life 0", sample(), CG_ERR_INPUT},
        {"life below 0", sample(), CG_ERR_INPUT},
        {"life a day and a second", sample(), CG_ERR_INPUT},
        {"no time", sample(), CG_ERR_INPUT},
        {"profile", sample(), CG_ERR_INPUT},
        {"taken", sample(), CG_ERR_CONFLICT},
        {"an algorithm for clients only", sample(), CG_ERR_INPUT},
        {"RS256 under fapi2", sample(), CG_ERR_INPUT},
    };
    rows[0].realm.path = CG_SPAN_OF("vtest");
    rows[1].realm.path = CG_SPAN_OF("/vtest/");
    rows[2].realm.path = CG_SPAN_OF("/Vtest");
    rows[3].realm.alg = CG_SPAN_OF("none");
    rows[4].realm.alg = CG_SPAN_OF("HS256");
    rows[5].realm.typ = CG_SPAN_OF("jwt");
    rows[6].realm.token_life_s = 0;
    rows[7].realm.token_life_s = -1;
    rows[8].realm.token_life_s = 86401;
    rows[9].realm.created_s = 0;
    rows[10].realm.profile = CG_SPAN_OF("none");
    rows[11].realm.path = desk->realm;
    rows[12].realm.alg = CG_SPAN_OF("RS512");
    rows[13].realm.profile = CG_SPAN_OF("fapi2");
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_refused(desk, rows[i].label, cg_realm_add(desk->store, &rows[i].realm, &desk->fault),
                       rows[i].status);
    }
}

static void realm_is_found_as_it_was_added(void **state)
{
    struct desk *desk = *state;
    struct cg_realm realm = sample();
    realm.typ = CG_SPAN_OF("at+jwt");
    realm.token_life_s = 2;
    realm.token_response = CG_TOKEN_RESPONSE_RFC;
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_realm_add(desk->store, &realm, NULL));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    struct cg_realm found;
    assert_ok(cg_realm_find(desk->store, realm.path, desk->arena, &found));
    assert_span_equal(found.path, realm.path);
    assert_span_text(found.profile, "documented");
    assert_span_text(found.alg, "RS256");
    assert_span_text(found.typ, "at+jwt");
    assert_int_equal(found.token_life_s, 2);
    assert_int_equal(found.token_response, CG_TOKEN_RESPONSE_RFC);
    assert_int_equal(found.created_s, DESK_NOW_S);
    assert_status(cg_realm_find(desk->store, CG_SPAN_OF("/none"), desk->arena, &found),
                  CG_ERR_NOT_FOUND);
}

static void issuer_is_base_url_and_path(void **state)
{
    struct desk *desk = *state;
    struct cg_realm realm;
    assert_ok(cg_realm_find(desk->store, desk->realm, desk->arena, &realm));
    assert_null(realm.issuer.data);
    assert_ok(cg_setting_set(desk->store, "base_url", CG_SPAN_OF("https://localhost:8443")));
    assert_ok(cg_realm_find(desk->store, desk->realm, desk->arena, &realm));
    assert_span_text(realm.issuer, "https://localhost:8443/vlive/hpca");
}

static void setting_a_realm_changes_what_it_says(void **state)
{
    struct desk *desk = *state;
    struct cg_realm realm;
    assert_ok(cg_realm_find(desk->store, desk->realm, desk->arena, &realm));
    realm.profile = CG_SPAN_OF("smart");
    realm.typ = CG_SPAN_OF("at+jwt");
    realm.token_life_s = 60;
    realm.token_response = CG_TOKEN_RESPONSE_RFC;
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_realm_set(desk->store, &realm, NULL));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    struct cg_realm found;
    assert_ok(cg_realm_find(desk->store, desk->realm, desk->arena, &found));
    assert_span_text(found.profile, "smart");
    assert_int_equal(found.token_life_s, 60);
    realm.token_life_s = 0;
    assert_refused(desk, "life 0", cg_realm_set(desk->store, &realm, &desk->fault), CG_ERR_INPUT);
    realm.token_life_s = 60;
    realm.path = CG_SPAN_OF("/none");
    assert_refused(desk, "unknown", cg_realm_set(desk->store, &realm, &desk->fault),
                   CG_ERR_NOT_FOUND);
}

static enum cg_status stop_at_once(void *context, const void *row)
{
    (void)desk_count(context, row);
    return CG_ERR_AUTHORISATION;
}

static void listing_stops_where_the_visitor_says(void **state)
{
    struct desk *desk = *state;
    desk_add_realm(desk, "/vtest/hpca", 2);
    size_t count = 0;
    assert_ok(cg_realm_list(desk->store, desk->arena, desk_count, &count));
    assert_int_equal(count, 2);
    count = 0;
    assert_status(cg_realm_list(desk->store, desk->arena, stop_at_once, &count),
                  CG_ERR_AUTHORISATION);
    assert_int_equal(count, 1);
}

static int64_t longest(struct desk *desk)
{
    int64_t life_s = 0;
    assert_ok(cg_realm_longest_life_s(desk->store, desk->realm, &life_s));
    return life_s;
}

static void set_life(struct desk *desk, int64_t life_s)
{
    struct cg_realm realm;
    assert_ok(cg_realm_find(desk->store, desk->realm, desk->arena, &realm));
    realm.token_life_s = life_s;
    assert_ok(cg_realm_set(desk->store, &realm, NULL));
}

/* A token of the longer life may still be alive after the life was shortened. */
static void longest_life_remembers_what_was_allowed_before(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(longest(desk), DESK_KEPT_S);
    set_life(desk, 2);
    assert_int_equal(longest(desk), DESK_KEPT_S);
    set_life(desk, 900);
    assert_int_equal(longest(desk), 960);
    set_life(desk, 300);
    assert_int_equal(longest(desk), 960);
    int64_t life_s;
    assert_status(cg_realm_longest_life_s(desk->store, CG_SPAN_OF("/none"), &life_s),
                  CG_ERR_NOT_FOUND);
}

static void longest_life_counts_apis_and_clients(void **state)
{
    struct desk *desk = *state;
    struct cg_api api = {.realm = desk->realm,
                         .name = CG_SPAN("long"),
                         .audience = CG_SPAN("https://api.example/long"),
                         .scope = CG_SPAN("long.read"),
                         .approvals_wanted = 1,
                         .token_life_s = 1000,
                         .created_s = DESK_NOW_S};
    assert_ok(cg_api_add(desk->store, &api, NULL));
    assert_int_equal(longest(desk), 1060);
    desk_add_organisation(desk, "RYG");
    struct cg_client client = {.realm = desk->realm,
                               .organisation = CG_SPAN("RYG"),
                               .name = CG_SPAN("Long"),
                               .grants = CG_SPAN("client_credentials"),
                               .token_life_s = 2000,
                               .created_s = DESK_NOW_S};
    struct cg_span id;
    assert_ok(cg_client_add(desk->store, &client, &desk->random, desk->arena, NULL, &id));
    assert_int_equal(longest(desk), 2060);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(profiles_give_their_defaults),
    cmocka_unit_test(token_response_words_go_both_ways),
    cmocka_unit_test_setup_teardown(malformed_realm_is_refused, desk_open_bare, desk_close),
    cmocka_unit_test_setup_teardown(realm_is_found_as_it_was_added, desk_open_bare, desk_close),
    cmocka_unit_test_setup_teardown(issuer_is_base_url_and_path, desk_open_bare, desk_close),
    cmocka_unit_test_setup_teardown(setting_a_realm_changes_what_it_says, desk_open_bare,
                                    desk_close),
    cmocka_unit_test_setup_teardown(listing_stops_where_the_visitor_says, desk_open_bare,
                                    desk_close),
    cmocka_unit_test_setup_teardown(longest_life_remembers_what_was_allowed_before, desk_open_bare,
                                    desk_close),
    cmocka_unit_test_setup_teardown(longest_life_counts_apis_and_clients, desk_open_bare,
                                    desk_close),
};
TEST_MAIN(tests)
