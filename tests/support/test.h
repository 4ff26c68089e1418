/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every unit and torture test includes, and all that it needs to include of cmocka, which
 * wants four headers in front of its own.
 *
 * A test file holds static functions named for their claims, one array that lists them and a
 * main of one line:
 *
 *     static const struct CMUnitTest tests[] = {
 *         cmocka_unit_test(span_equal_compares_length_first),
 *     };
 *     TEST_MAIN(tests)
 */
#ifndef CAREGATE_TEST_H
#define CAREGATE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <caregate/types.h>

#define TEST_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A test that takes no state. Unused state is cmocka's calling convention, not a mistake. */
#define TEST(name) static void name(void **state __attribute__((unused)))

#define TEST_MAIN(tests)                                                                           \
    int main(void)                                                                                 \
    {                                                                                              \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }

#define TEST_MAIN_WITH(tests, setup, teardown)                                                     \
    int main(void)                                                                                 \
    {                                                                                              \
        return cmocka_run_group_tests(tests, setup, teardown);                                     \
    }

/* A span over a string literal or any zero-terminated text; borrows it. */
static inline struct cg_span test_span(const char *text)
{
    return (struct cg_span){(const uint8_t *)text, strlen(text)};
}

static inline const char *test_status_name(enum cg_status status)
{
    static const char *const names[] = {
        [CG_OK] = "CG_OK",
        [CG_ERR_INPUT] = "CG_ERR_INPUT",
        [CG_ERR_AUTHENTICATION] = "CG_ERR_AUTHENTICATION",
        [CG_ERR_AUTHORISATION] = "CG_ERR_AUTHORISATION",
        [CG_ERR_CONFLICT] = "CG_ERR_CONFLICT",
        [CG_ERR_NOT_FOUND] = "CG_ERR_NOT_FOUND",
        [CG_ERR_STORE] = "CG_ERR_STORE",
        [CG_ERR_CRYPTO] = "CG_ERR_CRYPTO",
        [CG_ERR_LIMIT] = "CG_ERR_LIMIT",
        [CG_ERR_INTERNAL] = "CG_ERR_INTERNAL",
    };
    return (size_t)status < TEST_COUNT(names) && names[status] ? names[status] : "unknown status";
}

static inline void test_status_at(enum cg_status got, enum cg_status want, const char *expression,
                                  const char *label, const char *file, int line)
{
    if (got == want) {
        return;
    }
    print_error("%s:%d: %s%s%s gave %s, expected %s\n", file, line, label ? label : "",
                label ? ": " : "", expression, test_status_name(got), test_status_name(want));
    _fail(file, line);
}

/* The label names the row of a table that failed. */
#define assert_status(expression, want)                                                            \
    test_status_at((expression), (want), #expression, NULL, __FILE__, __LINE__)
#define assert_status_row(label, expression, want)                                                 \
    test_status_at((expression), (want), #expression, (label), __FILE__, __LINE__)
#define assert_ok(expression) assert_status(expression, CG_OK)

static inline void test_spans_at(struct cg_span got, struct cg_span want, const char *label,
                                 const char *file, int line)
{
    if (got.len == want.len && (got.len == 0 || memcmp(got.data, want.data, got.len) == 0)) {
        return;
    }
    print_error("%s:%d: %s%sgot %zu bytes \"%.*s\", expected %zu bytes \"%.*s\"\n", file, line,
                label ? label : "", label ? ": " : "", got.len, (int)got.len,
                got.data ? (const char *)got.data : "", want.len, (int)want.len,
                want.data ? (const char *)want.data : "");
    _fail(file, line);
}

#define assert_span_equal(got, want) test_spans_at((got), (want), NULL, __FILE__, __LINE__)
#define assert_span_equal_row(label, got, want)                                                    \
    test_spans_at((got), (want), (label), __FILE__, __LINE__)
/* The same against zero-terminated text. */
#define assert_span_text(got, text) test_spans_at((got), test_span(text), NULL, __FILE__, __LINE__)
#define assert_span_text_row(label, got, text)                                                     \
    test_spans_at((got), test_span(text), (label), __FILE__, __LINE__)

#endif
