/* SPDX-License-Identifier: Apache-2.0 */
#include "base/params.h"
#include "base/span.h"
#include "test.h"

static struct cg_params example(void)
{
    struct cg_params params = {.count = 0};
    assert_ok(cg_params_add(&params, test_span("scope"), test_span("documents.write")));
    assert_ok(cg_params_add(&params, test_span("resource"), test_span("a")));
    assert_ok(cg_params_add(&params, test_span("resource"), test_span("b")));
    assert_ok(cg_params_add(&params, test_span("state"), test_span("")));
    assert_ok(cg_params_add(&params, test_span("client_id"), test_span("x")));
    assert_ok(cg_params_add(&params, test_span("client_id"), test_span("")));
    return params;
}

TEST(params_get_finds_the_value_of_a_name)
{
    struct cg_params params = example();
    struct cg_span value = {NULL, 0};
    assert_ok(cg_params_get(&params, "scope", &value));
    assert_span_text(value, "documents.write");
}

/* RFC 6749 §3.1 */
TEST(params_get_treats_missing_and_empty_alike)
{
    static const char *const names[] = {"state", "nothing", "scop", "Scope"};
    struct cg_params params = example();
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        struct cg_span value = CG_SPAN("before");
        assert_status_row(names[i], cg_params_get(&params, names[i], &value), CG_OK);
        assert_null(value.data);
    }
}

/* RFC 6749 §3.2 */
TEST(params_get_refuses_a_repeated_name)
{
    static const char *const names[] = {"resource", "client_id"};
    struct cg_params params = example();
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        struct cg_span value = CG_SPAN("before");
        assert_status_row(names[i], cg_params_get(&params, names[i], &value), CG_ERR_CONFLICT);
        assert_span_text(value, "before");
    }
}

TEST(params_count_counts_with_and_without_value)
{
    struct cg_params params = example();
    assert_int_equal(cg_params_count(&params, "resource"), 2);
    assert_int_equal(cg_params_count(&params, "client_id"), 2);
    assert_int_equal(cg_params_count(&params, "state"), 1);
    assert_int_equal(cg_params_count(&params, "nothing"), 0);
}

TEST(params_add_refuses_one_more_than_fit)
{
    struct cg_params params = {.count = 0};
    for (size_t i = 0; i < CG_LIMIT_FORM_PARAMS; i++) {
        assert_ok(cg_params_add(&params, test_span("a"), test_span("b")));
    }
    assert_status(cg_params_add(&params, test_span("a"), test_span("b")), CG_ERR_LIMIT);
    assert_int_equal(params.count, CG_LIMIT_FORM_PARAMS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(params_get_finds_the_value_of_a_name),
    cmocka_unit_test(params_get_treats_missing_and_empty_alike),
    cmocka_unit_test(params_get_refuses_a_repeated_name),
    cmocka_unit_test(params_count_counts_with_and_without_value),
    cmocka_unit_test(params_add_refuses_one_more_than_fit),
};
TEST_MAIN(tests)
