/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/protect.h"
#include "cli_test.h"

TEST(protect_rule_has_methods_only_in_capitals)
{
    static const struct {
        const char *rule;
        enum cg_status status;
        const char *methods;
        const char *scopes;
    } rows[] = {
        {"documents.read", CG_OK, NULL, "documents.read"},
        {"a b", CG_OK, NULL, "a b"},
        {"GET=a", CG_OK, "GET", "a"},
        {"GET,HEAD=a b", CG_OK, "GET,HEAD", "a b"},
        {"key=value", CG_OK, NULL, "key=value"},
        {"GET=key=value", CG_OK, "GET", "key=value"},
        {"Get=a", CG_OK, NULL, "Get=a"},
        {"", CG_ERR_INPUT, NULL, NULL},
        {"GET=", CG_ERR_INPUT, NULL, NULL},
        {"GET=a  b", CG_ERR_INPUT, NULL, NULL},
        {"GET=a\"", CG_ERR_INPUT, NULL, NULL},
        {"GET=a\nb", CG_ERR_INPUT, NULL, NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span methods = {NULL, 0};
        struct cg_span scopes = {NULL, 0};
        assert_status_row(rows[i].rule,
                          cg_protect_parse_rule(test_span(rows[i].rule), &methods, &scopes),
                          rows[i].status);
        assert_int_equal(methods.data != NULL, rows[i].methods != NULL);
        if (rows[i].methods != NULL) {
            assert_span_text_row(rows[i].rule, methods, rows[i].methods);
        }
        if (rows[i].scopes != NULL) {
            assert_span_text_row(rows[i].rule, scopes, rows[i].scopes);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(protect_rule_has_methods_only_in_capitals),
};
TEST_MAIN(tests)
