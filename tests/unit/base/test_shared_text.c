/* SPDX-License-Identifier: Apache-2.0 */
#include "base/shared_text.h"

#include "test.h"

TEST(shared_text_lives_until_the_last_holder_lets_go)
{
    char source[] = "keys and rules";
    struct cg_shared_text *text = NULL;
    assert_ok(cg_shared_text_new(test_span(source), &text));
    memset(source, 0, sizeof(source));
    struct cg_shared_text *second = cg_shared_text_hold(text);
    assert_null(cg_shared_text_drop(text));
    assert_span_text(cg_shared_text_span(second), "keys and rules");
    assert_null(cg_shared_text_drop(second));
    assert_null(cg_shared_text_drop(NULL));
}

TEST(shared_text_may_be_empty)
{
    struct cg_shared_text *text = NULL;
    assert_ok(cg_shared_text_new((struct cg_span){NULL, 0}, &text));
    assert_int_equal(cg_shared_text_span(text).len, 0);
    assert_null(cg_shared_text_drop(text));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(shared_text_lives_until_the_last_holder_lets_go),
    cmocka_unit_test(shared_text_may_be_empty),
};
TEST_MAIN(tests)
