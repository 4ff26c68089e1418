/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "gate/route.h"
#include "test.h"
#include "token/smart.h"

TEST(route_copies_all_that_it_was_made_from)
{
    char realm[] = "/vlive/hpca";
    char api[] = "documents";
    char scope[] = "documents.read";
    const struct cg_span scopes[] = {test_span(scope), test_span("documents.write")};
    const struct cg_gate_rule rules[] = {
        {CG_METHOD_GET | CG_METHOD_HEAD, scopes, 2},
        {CG_METHOD_ANY, scopes, 1},
    };
    const struct cg_gate_route_config config = {
        .realm = test_span(realm),
        .api = test_span(api),
        .rules = rules,
        .rule_count = TEST_COUNT(rules),
        .fhir = 1,
    };
    struct cg_gate_route *route = NULL;
    const char *message = NULL;
    assert_ok(cg_gate_route_new(&config, &route, &message));
    memset(realm, 'x', sizeof(realm) - 1);
    memset(api, 'x', sizeof(api) - 1);
    memset(scope, 'x', sizeof(scope) - 1);
    assert_span_text(route->realm, "/vlive/hpca");
    assert_span_text(route->api, "documents");
    assert_true(route->fhir);
    assert_int_equal(route->rule_count, 2);
    assert_int_equal(route->rules[0].methods, CG_METHOD_GET | CG_METHOD_HEAD);
    assert_int_equal(route->rules[0].scope_count, 2);
    assert_span_text(route->rules[0].scopes[0], "documents.read");
    assert_span_text(route->rules[0].scopes[1], "documents.write");
    assert_int_equal(route->rules[1].methods, CG_METHOD_ANY);
    assert_null(message);
    assert_null(cg_gate_route_free(route));
    assert_null(cg_gate_route_free(NULL));
}

TEST(route_without_a_realm_is_of_the_only_one)
{
    const struct cg_gate_route_config config = {.api = CG_SPAN("documents")};
    struct cg_gate_route *route = NULL;
    const char *message = NULL;
    assert_ok(cg_gate_route_new(&config, &route, &message));
    assert_null(route->realm.data);
    assert_int_equal(route->rule_count, 0);
    assert_false(route->fhir);
    (void)cg_gate_route_free(route);
}

static void assert_refused(const char *label, const struct cg_gate_route_config *config)
{
    struct cg_gate_route *route = NULL;
    const char *message = NULL;
    assert_status_row(label, cg_gate_route_new(config, &route, &message), CG_ERR_INPUT);
    assert_null(route);
    assert_non_null(message);
    print_message("# %s: %s\n", label, message);
}

TEST(route_refuses_malformed_names)
{
    static const struct {
        const char *label;
        const char *realm; /* NULL: absent */
        const char *api;
    } rows[] = {
        {"no API", NULL, ""},
        {"API with a space", NULL, "my documents"},
        {"API with a line end", NULL, "documents\r\n"},
        {"API with a quote", NULL, "docu\"ments"},
        {"empty realm", "", "documents"},
        {"realm without a slash", "vlive/hpca", "documents"},
        {"realm with a final slash", "/vlive/", "documents"},
        {"realm with a quote", "/vlive\"", "documents"},
        {"realm with a line end", "/vlive\n", "documents"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_gate_route_config config = {.api = test_span(rows[i].api)};
        if (rows[i].realm != NULL) {
            config.realm = test_span(rows[i].realm);
        }
        assert_refused(rows[i].label, &config);
    }
}

TEST(route_refuses_malformed_rules)
{
    const struct cg_span good[CG_LIMIT_ROUTE_SCOPES + 1] = {CG_SPAN("a")};
    const struct cg_span spaced[] = {CG_SPAN("a b")};
    const struct cg_span quoted[] = {CG_SPAN("a\"")};
    const struct cg_span empty[] = {CG_SPAN("")};
    const struct {
        const char *label;
        struct cg_gate_rule rule;
    } rows[] = {
        {"no method", {0, good, 1}},
        {"unknown method", {0x100, good, 1}},
        {"no scope", {CG_METHOD_ANY, good, 0}},
        {"too many scopes", {CG_METHOD_ANY, good, CG_LIMIT_ROUTE_SCOPES + 1}},
        {"two scopes in one", {CG_METHOD_ANY, spaced, 1}},
        {"scope with a quote", {CG_METHOD_ANY, quoted, 1}},
        {"empty scope", {CG_METHOD_ANY, empty, 1}},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_gate_route_config config = {
            .api = CG_SPAN("documents"), .rules = &rows[i].rule, .rule_count = 1};
        assert_refused(rows[i].label, &config);
    }
}

TEST(route_is_bounded)
{
    static struct cg_span scopes[CG_LIMIT_ROUTE_SCOPES];
    static struct cg_gate_rule rules[CG_LIMIT_ROUTE_RULES + 1];
    for (size_t i = 0; i < TEST_COUNT(scopes); i++) {
        scopes[i] = test_span("a.scope.of.forty.characters.in.this.rule");
    }
    for (size_t i = 0; i < TEST_COUNT(rules); i++) {
        rules[i] = (struct cg_gate_rule){CG_METHOD_ANY, scopes, CG_LIMIT_ROUTE_SCOPES};
    }
    struct cg_gate_route_config config = {
        .api = CG_SPAN("documents"), .rules = rules, .rule_count = CG_LIMIT_ROUTE_RULES};
    struct cg_gate_route *route = NULL;
    const char *message = NULL;
    assert_ok(cg_gate_route_new(&config, &route, &message));
    (void)cg_gate_route_free(route);
    config.rule_count++;
    assert_refused("too many rules", &config);
    static char huge[8192];
    memset(huge, 'a', sizeof(huge) - 1);
    for (size_t i = 0; i < TEST_COUNT(scopes); i++) {
        scopes[i] = test_span(huge);
    }
    config.rule_count = CG_LIMIT_ROUTE_RULES;
    route = NULL;
    assert_status(cg_gate_route_new(&config, &route, &message), CG_ERR_LIMIT);
    assert_null(route);
}

TEST(route_knows_the_base_and_the_operations_of_a_fhir_api)
{
    const struct cg_span scopes[] = {CG_SPAN("system/Claim.c"), CG_SPAN("system/*.r")};
    const struct cg_gate_operation operations[] = {
        {CG_SPAN("Claim/$submit"), scopes, 2},
        {CG_SPAN("$ping"), scopes, 1},
    };
    const struct cg_gate_route_config config = {
        .api = CG_SPAN("record"),
        .smart_base = CG_SPAN("/fhir/R4/"),
        .operations = operations,
        .operation_count = TEST_COUNT(operations),
    };
    struct cg_gate_route *route = NULL;
    const char *message = NULL;
    assert_ok(cg_gate_route_new(&config, &route, &message));
    assert_span_text(route->smart_base, "/fhir/R4/");
    assert_int_equal(route->operations.count, 2);
    const struct cg_fhir_rule *submit = &route->operations.items[0];
    assert_span_text(submit->type, "Claim");
    assert_span_text(submit->name, "submit");
    assert_int_equal(submit->need_count, 2);
    assert_span_text(submit->needs[0].type, "Claim");
    assert_int_equal(submit->needs[0].letters, CG_SMART_CREATE);
    assert_span_text(submit->needs[1].type, "*");
    assert_int_equal(route->operations.items[1].type.len, 0);
    (void)cg_gate_route_free(route);
}

TEST(route_refuses_bases_and_operations_that_say_nothing)
{
    static const char *const bases[] = {"",         "fhir/",    "/fhir",   "//",
                                        "/a//b/",   "/a/../b/", "/a/./b/", "/a b/",
                                        "/fh%69r/", "/a;b/",    "/a?b/"};
    static const struct {
        const char *name;
        const char *scope;
    } operations[] = {
        {"ping", "system/*.r"},
        {"$", "system/*.r"},
        {"Foo/$ping", "system/*.r"},
        {"/$ping", "system/*.r"},
        {"$ping/x", "system/*.r"},
        {"$graphql", "system/*.r"},
        {"Patient/$GraphQL", "system/*.r"},
        {"$ping", "patient/*.r"},
        {"$ping", "documents.read"},
        {"$ping", "system/*.r?a=b"},
        {"$ping", ""},
    };
    for (size_t i = 0; i < TEST_COUNT(bases); i++) {
        const struct cg_gate_route_config config = {.api = CG_SPAN("record"),
                                                    .smart_base = test_span(bases[i])};
        assert_refused(bases[i], &config);
    }
    for (size_t i = 0; i < TEST_COUNT(operations); i++) {
        const struct cg_span scope = test_span(operations[i].scope);
        const struct cg_gate_operation operation = {test_span(operations[i].name), &scope, 1};
        const struct cg_gate_route_config config = {.api = CG_SPAN("record"),
                                                    .smart_base = CG_SPAN("/"),
                                                    .operations = &operation,
                                                    .operation_count = 1};
        assert_refused(operations[i].name, &config);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(route_knows_the_base_and_the_operations_of_a_fhir_api),
    cmocka_unit_test(route_refuses_bases_and_operations_that_say_nothing),
    cmocka_unit_test(route_copies_all_that_it_was_made_from),
    cmocka_unit_test(route_without_a_realm_is_of_the_only_one),
    cmocka_unit_test(route_refuses_malformed_names),
    cmocka_unit_test(route_refuses_malformed_rules),
    cmocka_unit_test(route_is_bounded),
};
TEST_MAIN(tests)
