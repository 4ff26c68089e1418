/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "gate/decide.h"
#include "sample.h"

struct scene {
    struct cg_snapshot *snapshot;
    const struct cg_snapshot_realm *realm;
    struct cg_gate_route *route;
};

static struct scene scene_of(const struct sample *sample, const char *api,
                             const struct cg_gate_rule *rules, size_t rule_count)
{
    struct scene scene = {.snapshot = sample_snapshot(sample)};
    scene.realm = cg_snapshot_find_realm(scene.snapshot, test_span(SAMPLE_REALM));
    const struct cg_gate_route_config config = {
        .api = test_span(api), .rules = rules, .rule_count = rule_count};
    const char *message = NULL;
    assert_ok(cg_gate_route_new(&config, &scene.route, &message));
    return scene;
}

static void scene_release(struct scene *scene)
{
    (void)cg_gate_route_free(scene->route);
    (void)cg_snapshot_free(scene->snapshot);
}

static void assert_decision(const char *label, const struct scene *scene,
                            const struct cg_access_token *token, enum cg_method method,
                            enum cg_reason want)
{
    enum cg_reason got = cg_decide(scene->realm, scene->route, token, method);
    print_message("# %s: %s\n", label, cg_reason_name(got));
    assert_int_equal(got, want);
}

static void assert_needed(const struct scene *scene, enum cg_method method, const char *want)
{
    struct cg_buf buf;
    cg_buf_init(&buf, CG_LIMIT_SCOPE_BYTES);
    cg_decide_needed_scope(scene->realm, scene->route, method, &buf);
    struct cg_span text;
    assert_ok(cg_buf_finish(&buf, &text));
    assert_span_text(text, want);
    cg_buf_release(&buf);
}

static struct cg_access_token claims_for_both(void)
{
    struct cg_access_token token = sample_claims();
    token.apis[1] = (struct cg_token_api)SAMPLE_API(SAMPLE_MEDICINES, "medicines", "agr-2");
    token.api_count = 2;
    return token;
}

static void decide_needs_aud_and_apis_to_name_the_api_at_one_place(void **state)
{
    const struct {
        const char *label;
        struct cg_token_api apis[2];
        enum cg_reason reason;
    } rows[] = {
        {"both",
         {SAMPLE_API(SAMPLE_DOCUMENTS, "documents", "a"),
          SAMPLE_API(SAMPLE_MEDICINES, "medicines", "b")},
         CG_REASON_NONE},
        {"only aud",
         {SAMPLE_API(SAMPLE_DOCUMENTS, "other", "a"),
          SAMPLE_API(SAMPLE_MEDICINES, "medicines", "b")},
         CG_REASON_API_NOT_AGREED},
        {"only apis",
         {SAMPLE_API("https://api.example/x", "documents", "a"),
          SAMPLE_API(SAMPLE_MEDICINES, "medicines", "b")},
         CG_REASON_API_NOT_AGREED},
        {"crossed",
         {SAMPLE_API(SAMPLE_DOCUMENTS, "medicines", "a"),
          SAMPLE_API(SAMPLE_MEDICINES, "documents", "b")},
         CG_REASON_API_NOT_AGREED},
        {"at the second place",
         {SAMPLE_API(SAMPLE_MEDICINES, "medicines", "b"),
          SAMPLE_API(SAMPLE_DOCUMENTS, "documents", "a")},
         CG_REASON_NONE},
        {"other case",
         {SAMPLE_API(SAMPLE_DOCUMENTS, "Documents", "a"),
          SAMPLE_API(SAMPLE_MEDICINES, "medicines", "b")},
         CG_REASON_API_NOT_AGREED},
    };
    struct scene scene = scene_of(*state, "documents", NULL, 0);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_access_token token = sample_claims();
        token.apis[0] = rows[i].apis[0];
        token.apis[1] = rows[i].apis[1];
        token.api_count = 2;
        assert_decision(rows[i].label, &scene, &token, CG_METHOD_GET, rows[i].reason);
    }
    scene_release(&scene);
}

static void decide_knows_only_apis_of_the_realm(void **state)
{
    struct scene scene = scene_of(*state, "imaging", NULL, 0);
    struct cg_access_token token = sample_claims();
    assert_decision("unknown API", &scene, &token, CG_METHOD_GET, CG_REASON_GATE_MISCONFIGURED);
    assert_needed(&scene, CG_METHOD_GET, "");
    scene_release(&scene);
}

static void decide_needs_a_scope_of_the_api_where_no_rule_speaks(void **state)
{
    static const struct {
        const char *scope;
        enum cg_reason reason;
    } rows[] = {
        {"documents.read", CG_REASON_NONE},
        {"x documents.write", CG_REASON_NONE},
        {"", CG_REASON_SCOPE_INSUFFICIENT},
        {"documents", CG_REASON_SCOPE_INSUFFICIENT},
        {"documents.read2", CG_REASON_SCOPE_INSUFFICIENT},
        {"medicines.read", CG_REASON_SCOPE_INSUFFICIENT},
    };
    struct scene scene = scene_of(*state, "documents", NULL, 0);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_access_token token = claims_for_both();
        token.scope = test_span(rows[i].scope);
        assert_decision(rows[i].scope, &scene, &token, CG_METHOD_DELETE, rows[i].reason);
    }
    assert_needed(&scene, CG_METHOD_DELETE, "documents.read documents.write");
    scene_release(&scene);
}

static void decide_asks_each_rule_that_covers_the_method(void **state)
{
    static const struct cg_span read[] = {CG_SPAN("documents.read")};
    static const struct cg_span write[] = {CG_SPAN("documents.write")};
    static const struct cg_span either[] = {CG_SPAN("documents.write"), CG_SPAN("documents.read")};
    static const struct cg_gate_rule rules[] = {
        {CG_METHOD_GET, read, 1},
        {CG_METHOD_POST | CG_METHOD_PUT, write, 1},
        {CG_METHOD_PATCH | CG_METHOD_PUT, read, 1},
        {CG_METHOD_PATCH, either, 2},
    };
    static const struct {
        const char *label;
        enum cg_method method;
        const char *scope;
        enum cg_reason reason;
    } rows[] = {
        {"GET reads", CG_METHOD_GET, "documents.read", CG_REASON_NONE},
        {"GET by a writer", CG_METHOD_GET, "documents.write", CG_REASON_SCOPE_INSUFFICIENT},
        {"HEAD is as GET", CG_METHOD_HEAD, "documents.read", CG_REASON_NONE},
        {"HEAD by a writer", CG_METHOD_HEAD, "documents.write", CG_REASON_SCOPE_INSUFFICIENT},
        {"POST writes", CG_METHOD_POST, "documents.write", CG_REASON_NONE},
        {"POST by a reader", CG_METHOD_POST, "documents.read", CG_REASON_SCOPE_INSUFFICIENT},
        {"PUT wants both", CG_METHOD_PUT, "documents.read documents.write", CG_REASON_NONE},
        {"PUT by a writer", CG_METHOD_PUT, "documents.write", CG_REASON_SCOPE_INSUFFICIENT},
        {"PUT by a reader", CG_METHOD_PUT, "documents.read", CG_REASON_SCOPE_INSUFFICIENT},
        {"PATCH by a reader", CG_METHOD_PATCH, "documents.read", CG_REASON_NONE},
        {"DELETE has no rule", CG_METHOD_DELETE, "documents.read", CG_REASON_NONE},
        {"another method has no rule", CG_METHOD_OTHER, "documents.write", CG_REASON_NONE},
        {"OPTIONS without scope", CG_METHOD_OPTIONS, "", CG_REASON_SCOPE_INSUFFICIENT},
    };
    struct scene scene = scene_of(*state, "documents", rules, TEST_COUNT(rules));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_access_token token = sample_claims();
        token.scope = test_span(rows[i].scope);
        assert_decision(rows[i].label, &scene, &token, rows[i].method, rows[i].reason);
    }
    assert_needed(&scene, CG_METHOD_GET, "documents.read");
    assert_needed(&scene, CG_METHOD_HEAD, "documents.read");
    assert_needed(&scene, CG_METHOD_PUT, "documents.write documents.read");
    assert_needed(&scene, CG_METHOD_PATCH, "documents.read documents.write");
    assert_needed(&scene, CG_METHOD_DELETE, "documents.read documents.write");
    scene_release(&scene);
}

static void decide_lets_no_scope_of_one_api_open_another(void **state)
{
    static const struct cg_span foreign[] = {CG_SPAN("medicines.read")};
    static const struct cg_gate_rule rules[] = {{CG_METHOD_ANY, foreign, 1}};
    struct scene scene = scene_of(*state, "documents", rules, TEST_COUNT(rules));
    struct cg_access_token token = claims_for_both();
    token.scope = test_span("medicines.read medicines.write");
    assert_decision("scope of the other API, named by a rule", &scene, &token, CG_METHOD_GET,
                    CG_REASON_SCOPE_INSUFFICIENT);
    token.scope = test_span("documents.read medicines.read");
    assert_decision("scopes of both APIs", &scene, &token, CG_METHOD_GET,
                    CG_REASON_SCOPE_INSUFFICIENT);
    assert_needed(&scene, CG_METHOD_GET, "");
    scene_release(&scene);
    scene = scene_of(*state, "documents", NULL, 0);
    token.scope = test_span("medicines.read");
    assert_decision("scope of the other API, no rule", &scene, &token, CG_METHOD_GET,
                    CG_REASON_SCOPE_INSUFFICIENT);
    scene_release(&scene);
}

static void decide_looks_at_the_agreement_of_this_api_only(void **state)
{
    struct sample *sample = *state;
    sample_deny(sample, CG_DENIAL_AGREEMENT, "agr-2", 0);
    struct scene documents = scene_of(sample, "documents", NULL, 0);
    struct scene medicines = scene_of(sample, "medicines", NULL, 0);
    struct cg_access_token token = claims_for_both();
    token.scope = test_span("documents.read medicines.read");
    assert_int_equal(cg_decide_withdrawn(documents.realm, &token), 2);
    assert_decision("in force", &documents, &token, CG_METHOD_GET, CG_REASON_NONE);
    assert_decision("withdrawn", &medicines, &token, CG_METHOD_GET, CG_REASON_AGREEMENT_WITHDRAWN);
    assert_int_equal(cg_decide_known(medicines.realm, medicines.route, &token, 0, CG_METHOD_GET),
                     CG_REASON_NONE);
    assert_int_equal(cg_decide_known(documents.realm, documents.route, &token, 1, CG_METHOD_GET),
                     CG_REASON_AGREEMENT_WITHDRAWN);
    scene_release(&documents);
    scene_release(&medicines);
}

static void decide_names_who_is_on_the_denylist(void **state)
{
    struct sample *sample = *state;
    sample_deny(sample, CG_DENIAL_TOKEN, "jti-7", 0);
    sample_deny(sample, CG_DENIAL_CLIENT, "ward-9", 2);
    struct scene scene = scene_of(sample, "documents", NULL, 0);
    struct cg_access_token token = sample_claims();
    token.epoch = 1;
    assert_int_equal(cg_decide_denylist(scene.realm, &token), CG_REASON_CLIENT_SUSPENDED);
    token.epoch = 2;
    assert_int_equal(cg_decide_denylist(scene.realm, &token), CG_REASON_NONE);
    token.token_id = test_span("jti-7");
    assert_int_equal(cg_decide_denylist(scene.realm, &token), CG_REASON_TOKEN_REVOKED);
    scene_release(&scene);
}

static void decide_finds_the_subjects_agreement_beside_each_place(void **state)
{
    static const struct {
        const char *denied;
        uint32_t withdrawn;
    } rows[] = {
        {"agr-1", 1}, {"agr-2", 2}, {"agr-5", 1}, {"agr-6", 2}, {"agr-7", 0},
    };
    struct sample *sample = *state;
    struct cg_access_token token = claims_for_both();
    token.behalf = (struct cg_token_behalf)SAMPLE_BEHALF;
    token.behalf.agreements = test_span("agr-5 agr-6");
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        sample->realms[SAMPLE_LIVE].denial_count = 0;
        sample_deny(sample, CG_DENIAL_AGREEMENT, rows[i].denied, 0);
        struct scene scene = scene_of(sample, "documents", NULL, 0);
        assert_int_equal(cg_decide_withdrawn(scene.realm, &token), rows[i].withdrawn);
        scene_release(&scene);
    }
    sample_deny(sample, CG_DENIAL_AGREEMENT, "agr-1", 0);
    sample_deny(sample, CG_DENIAL_AGREEMENT, "agr-6", 0);
    struct scene scene = scene_of(sample, "documents", NULL, 0);
    assert_int_equal(cg_decide_withdrawn(scene.realm, &token), 3);
    scene_release(&scene);
}

#define SAMPLE_TEST_CASE(name) cmocka_unit_test_setup_teardown(name, sample_setup, sample_teardown)

static void decide_opens_no_whole_location_for_a_smart_scope(void **state)
{
    struct sample *sample = *state;
    static const struct cg_span named[] = {CG_SPAN("system/Patient.r")};
    static const struct cg_gate_rule rules[] = {{CG_METHOD_ANY, named, 1}};
    sample->apis[0].scope = test_span("system/Patient.r documents.read");
    struct cg_access_token token = sample_claims();
    token.scope = test_span("system/Patient.r");
    struct scene scene = scene_of(sample, "documents", NULL, 0);
    assert_decision("no rule", &scene, &token, CG_METHOD_GET, CG_REASON_SCOPE_INSUFFICIENT);
    token.scope = test_span("system/Patient.r documents.read");
    assert_decision("a plain scope beside it", &scene, &token, CG_METHOD_GET, CG_REASON_NONE);
    scene_release(&scene);
    scene = scene_of(sample, "documents", rules, TEST_COUNT(rules));
    token.scope = test_span("system/Patient.r");
    assert_decision("a rule that names it", &scene, &token, CG_METHOD_GET, CG_REASON_NONE);
    scene_release(&scene);
}

static const struct CMUnitTest tests[] = {
    SAMPLE_TEST_CASE(decide_opens_no_whole_location_for_a_smart_scope),
    SAMPLE_TEST_CASE(decide_needs_aud_and_apis_to_name_the_api_at_one_place),
    SAMPLE_TEST_CASE(decide_knows_only_apis_of_the_realm),
    SAMPLE_TEST_CASE(decide_needs_a_scope_of_the_api_where_no_rule_speaks),
    SAMPLE_TEST_CASE(decide_asks_each_rule_that_covers_the_method),
    SAMPLE_TEST_CASE(decide_lets_no_scope_of_one_api_open_another),
    SAMPLE_TEST_CASE(decide_looks_at_the_agreement_of_this_api_only),
    SAMPLE_TEST_CASE(decide_names_who_is_on_the_denylist),
    SAMPLE_TEST_CASE(decide_finds_the_subjects_agreement_beside_each_place),
};
TEST_MAIN(tests)
