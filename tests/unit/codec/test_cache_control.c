/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cache_control.h"

#include "test.h"

TEST(cache_control_says_how_long_an_answer_may_be_kept)
{
    static const struct {
        const char *value;
        int64_t max_age_s;
    } rows[] = {
        {"max-age=300", 300},
        {"public, max-age=300", 300},
        {" Public ,\tMAX-AGE=300 , immutable", 300},
        {"max-age=\"300\"", 300},
        {"max-age=300, max-age=60", 60},
        {"max-age=0", 0},
        {"no-store", 0},
        {"max-age=300, no-cache", 0},
        {"no-cache=\"Set-Cookie\"", 0},
        {"max-age=-5", 0},
        {"max-age=5m", 0},
        {"max-age=", 0},
        {"max-age", 0},
        {"", -1},
        {"private", -1},
        {"s-maxage=300", -1},
        {"x-max-age=300", -1},
        {",,,", -1},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        int64_t got = cg_cache_control_max_age_s(test_span(rows[i].value));
        if (got != rows[i].max_age_s) {
            print_error("\"%s\": %lld\n", rows[i].value, (long long)got);
        }
        assert_true(got == rows[i].max_age_s);
    }
}

TEST(cache_control_survives_a_number_that_is_too_large)
{
    assert_true(cg_cache_control_max_age_s(test_span("max-age=99999999999999999999999999")) >
                INT32_MAX);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(cache_control_says_how_long_an_answer_may_be_kept),
    cmocka_unit_test(cache_control_survives_a_number_that_is_too_large),
};

TEST_MAIN(tests)
