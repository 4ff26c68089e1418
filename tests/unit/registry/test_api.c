/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/api.h"

#include "base/span.h"
#include "desk.h"

static struct cg_api sample(const struct desk *desk)
{
    return (struct cg_api){.realm = desk->realm,
                           .name = CG_SPAN("letters"),
                           .audience = CG_SPAN("https://api.example/letters"),
                           .scope = CG_SPAN("letters.write letters.read"),
                           .approvals_wanted = 1,
                           .created_s = DESK_NOW_S};
}

static void api_is_found_as_it_was_added(void **state)
{
    struct desk *desk = *state;
    struct cg_api api = sample(desk);
    api.approvals_wanted = 9;
    api.token_life_s = 120;
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_api_add(desk->store, &api, NULL));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    struct cg_api found;
    assert_ok(cg_api_find(desk->store, desk->realm, api.name, desk->arena, &found));
    assert_span_text(found.name, "letters");
    assert_span_text(found.audience, "https://api.example/letters");
    assert_span_text(found.scope, "letters.write letters.read");
    assert_int_equal(found.approvals_wanted, 9);
    assert_int_equal(found.token_life_s, 120);
    assert_int_equal(found.retired_s, 0);
    assert_int_equal(found.created_s, DESK_NOW_S);
    assert_status(cg_api_find(desk->store, CG_SPAN_OF("/none"), api.name, desk->arena, &found),
                  CG_ERR_NOT_FOUND);
}

static enum cg_status check_scope(void *context, const void *row)
{
    const struct cg_api *api = row;
    assert_true(api->scope.len > 0);
    return desk_count(context, row);
}

static void api_list_tells_scopes(void **state)
{
    struct desk *desk = *state;
    size_t count = 0;
    assert_ok(cg_api_list(desk->store, desk->realm, desk->arena, check_scope, &count));
    assert_int_equal(count, 2);
}

struct refusal {
    const char *label;
    struct cg_api api;
    enum cg_status status;
};

static void api_that_cannot_be_is_refused(void **state)
{
    struct desk *desk = *state;
    struct refusal rows[] = {
        {"name", sample(desk), CG_ERR_INPUT},
        {"audience no URI", sample(desk), CG_ERR_INPUT},
        {"audience with fragment", sample(desk), CG_ERR_INPUT},
        {"no scope", sample(desk), CG_ERR_INPUT},
        {"scope with a quote", sample(desk), CG_ERR_INPUT},
        {"no approvals", sample(desk), CG_ERR_INPUT},
        {"ten approvals", sample(desk), CG_ERR_INPUT},
        {"life", sample(desk), CG_ERR_INPUT},
        {"no time", sample(desk), CG_ERR_INPUT},
        {"realm", sample(desk), CG_ERR_NOT_FOUND},
        {"name taken", sample(desk), CG_ERR_CONFLICT},
        {"audience taken", sample(desk), CG_ERR_CONFLICT},
        {"scope taken", sample(desk), CG_ERR_CONFLICT},
    };
    rows[0].api.name = CG_SPAN_OF("let ters");
    rows[1].api.audience = CG_SPAN_OF("letters");
    rows[2].api.audience = CG_SPAN_OF("https://api.example/letters#a");
    rows[3].api.scope = CG_SPAN_OF("");
    rows[4].api.scope = CG_SPAN_OF("a\"b");
    rows[5].api.approvals_wanted = 0;
    rows[6].api.approvals_wanted = 10;
    rows[7].api.token_life_s = 86401;
    rows[8].api.created_s = 0;
    rows[9].api.realm = CG_SPAN_OF("/none");
    rows[10].api.name = CG_SPAN_OF("documents");
    rows[11].api.audience = CG_SPAN_OF("https://api.example/documents");
    rows[12].api.scope = CG_SPAN_OF("letters.read medicines.read");
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_refused(desk, rows[i].label, cg_api_add(desk->store, &rows[i].api, &desk->fault),
                       rows[i].status);
    }
}

static void api_with_too_many_scopes_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cg_buf buf;
    cg_buf_init_arena(&buf, desk->arena, 4096);
    for (int i = 0; i <= CG_LIMIT_TOKEN_SCOPES; i++) {
        cg_buf_put_string(&buf, i == 0 ? "s" : " s");
        cg_buf_put_number(&buf, i);
    }
    struct cg_api api = sample(desk);
    assert_ok(cg_buf_finish(&buf, &api.scope));
    assert_refused(desk, "129 scopes", cg_api_add(desk->store, &api, &desk->fault), CG_ERR_LIMIT);
}

static void same_scope_may_stand_in_another_realm(void **state)
{
    struct desk *desk = *state;
    desk_add_realm(desk, "/vtest/hpca", 2);
    desk->realm = CG_SPAN_OF("/vtest/hpca");
    desk_add_api(desk, "documents", "documents.read", 1);
    struct cg_api found;
    assert_ok(cg_api_find(desk->store, desk->realm, CG_SPAN_OF("documents"), desk->arena, &found));
    assert_span_text(found.scope, "documents.read");
}

static void api_is_retired_once(void **state)
{
    struct desk *desk = *state;
    struct cg_span name = CG_SPAN_OF("documents");
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_api_retire(desk->store, desk->realm, name, DESK_NOW_S + 5, NULL));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    struct cg_api found;
    assert_ok(cg_api_find(desk->store, desk->realm, name, desk->arena, &found));
    assert_int_equal(found.retired_s, DESK_NOW_S + 5);
    assert_refused(desk, "again",
                   cg_api_retire(desk->store, desk->realm, name, DESK_NOW_S + 6, &desk->fault),
                   CG_ERR_CONFLICT);
    assert_refused(
        desk, "unknown",
        cg_api_retire(desk->store, desk->realm, CG_SPAN_OF("none"), DESK_NOW_S, &desk->fault),
        CG_ERR_NOT_FOUND);
}

static void smart_scopes_are_the_same_words_at_every_api(void **state)
{
    struct desk *desk = *state;
    struct cg_api first = sample(desk);
    struct cg_api second = sample(desk);
    struct cg_api third = sample(desk);
    first.scope = CG_SPAN_OF("system/*.cruds system/Patient.read letters.write");
    second.name = CG_SPAN_OF("post");
    second.audience = CG_SPAN_OF("https://api.example/post");
    second.scope = CG_SPAN_OF("system/Patient.read system/*.cruds");
    third.name = CG_SPAN_OF("mail");
    third.audience = CG_SPAN_OF("https://api.example/mail");
    third.scope = CG_SPAN_OF("system/Patient.read letters.write");
    assert_ok(cg_api_add(desk->store, &first, &desk->fault));
    assert_ok(cg_api_add(desk->store, &second, &desk->fault));
    assert_refused(desk, "letters.write", cg_api_add(desk->store, &third, &desk->fault),
                   CG_ERR_CONFLICT);
    struct cg_api found;
    assert_ok(cg_api_find(desk->store, desk->realm, second.name, desk->arena, &found));
    assert_span_text(found.scope, "system/Patient.read system/*.cruds");
}

static void scope_that_only_looks_smart_is_refused(void **state)
{
    static const char *const bad[] = {"system/Patient.sr",
                                      "system/Made.rs",
                                      "user/*.x",
                                      "patient/Patient",
                                      "system/Patient.rs?name:exact=x",
                                      "letters.read system/"};
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        struct cg_api api = sample(desk);
        api.scope = test_span(bad[i]);
        assert_refused(desk, bad[i], cg_api_add(desk->store, &api, &desk->fault), CG_ERR_INPUT);
        assert_non_null(strstr(desk->fault.text, "SMART"));
    }
}

static void api_set_writes_approvals_life_and_further_scopes(void **state)
{
    struct desk *desk = *state;
    struct cg_api api = sample(desk);
    struct cg_api found;
    int64_t life_s = 0;
    assert_ok(cg_api_add(desk->store, &api, NULL));
    api.approvals_wanted = 3;
    api.token_life_s = 3600;
    api.scope = CG_SPAN_OF("letters.list letters.read letters.write");
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_api_set(desk->store, &api, desk->arena, NULL));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_ok(cg_api_find(desk->store, desk->realm, api.name, desk->arena, &found));
    assert_int_equal(found.approvals_wanted, 3);
    assert_int_equal(found.token_life_s, 3600);
    assert_span_text(found.scope, "letters.write letters.read letters.list");
    assert_span_text(found.audience, "https://api.example/letters");
    assert_ok(cg_realm_longest_life_s(desk->store, desk->realm, &life_s));
    assert_true(life_s >= 3600);
}

static void api_set_refuses_what_agreements_rest_on_and_what_is_not_there(void **state)
{
    struct desk *desk = *state;
    struct cg_api api = sample(desk);
    assert_ok(cg_api_add(desk->store, &api, NULL));
    api.scope = CG_SPAN_OF("letters.write");
    assert_refused(desk, "scope left out", cg_api_set(desk->store, &api, desk->arena, &desk->fault),
                   CG_ERR_INPUT);
    api = sample(desk);
    api.approvals_wanted = 0;
    assert_refused(desk, "approvals", cg_api_set(desk->store, &api, desk->arena, &desk->fault),
                   CG_ERR_INPUT);
    desk_add_api(desk, "notes", "notes.read", 1);
    api = sample(desk);
    api.scope = CG_SPAN_OF("letters.write letters.read notes.read");
    assert_refused(desk, "scope of another",
                   cg_api_set(desk->store, &api, desk->arena, &desk->fault), CG_ERR_CONFLICT);
    api = sample(desk);
    api.name = CG_SPAN_OF("none");
    assert_refused(desk, "unknown", cg_api_set(desk->store, &api, desk->arena, &desk->fault),
                   CG_ERR_NOT_FOUND);
    api = sample(desk);
    assert_ok(cg_api_retire(desk->store, desk->realm, api.name, DESK_NOW_S, NULL));
    assert_refused(desk, "retired", cg_api_set(desk->store, &api, desk->arena, &desk->fault),
                   CG_ERR_CONFLICT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(api_set_writes_approvals_life_and_further_scopes, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(api_set_refuses_what_agreements_rest_on_and_what_is_not_there,
                                    desk_open, desk_close),
    cmocka_unit_test_setup_teardown(api_is_found_as_it_was_added, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(api_list_tells_scopes, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(api_that_cannot_be_is_refused, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(api_with_too_many_scopes_is_refused, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(same_scope_may_stand_in_another_realm, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(api_is_retired_once, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(smart_scopes_are_the_same_words_at_every_api, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(scope_that_only_looks_smart_is_refused, desk_open, desk_close),
};
TEST_MAIN(tests)
