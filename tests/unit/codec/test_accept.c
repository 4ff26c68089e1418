/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "codec/accept.h"
#include "test.h"

#define JSON "application/json"
#define SIGNED "application/token-introspection+jwt"

/* RFC 9110 §12.5.1 */
TEST(accept_weight_is_that_of_the_range_that_names_the_type_most_closely)
{
    static const struct {
        const char *header;
        unsigned json;
        unsigned signed_answer;
    } rows[] = {
        {JSON, 1000, 0},
        {SIGNED, 0, 1000},
        {"APPLICATION/JSON", 1000, 0},
        {"*/*", 1000, 1000},
        {"application/*", 1000, 1000},
        {"Application/*;q=0.2", 200, 200},
        {"text/*", 0, 0},
        {"app/*", 0, 0},
        {"*/json", 0, 0},
        {SIGNED ", " JSON, 1000, 1000},
        {SIGNED ";q=0.5, " JSON ";q=0.4", 400, 500},
        {SIGNED ", */*;q=0.1", 100, 1000},
        {"*/*;q=0.1, application/*;q=0.2, " JSON ";q=0.3", 300, 200},
        {JSON ";q=0, */*", 0, 1000},
        {JSON ";q=0", 0, 0},
        {JSON ";q=0.123", 123, 0},
        {JSON " ; Q=1.000", 1000, 0},
        {JSON ";q=0.", 0, 0},
        {JSON ";version=2", 0, 0},
        {JSON ";version=\"a,\\\"b\";q=0.5, */*;q=0.7", 700, 700},
        {",, " JSON " ,", 1000, 0},
        {"\t" JSON "\t", 1000, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span header = test_span(rows[i].header);
        unsigned json = cg_accept_weight(header, CG_SPAN_OF(JSON));
        unsigned signed_answer = cg_accept_weight(header, CG_SPAN_OF(SIGNED));
        if (json != rows[i].json || signed_answer != rows[i].signed_answer) {
            fail_msg("%s: %u, %u", rows[i].header, json, signed_answer);
        }
    }
}

TEST(accept_without_a_header_or_a_readable_one_wants_everything_alike)
{
    static const char *const rows[] = {
        "",
        "  ",
        "application",
        "application/",
        "/json",
        "application/json;",
        "application/json;q",
        "application/json;q=",
        "application/json;q=2",
        "application/json;q=1.001",
        "application/json;q=0.1234",
        "application/json;q=.5",
        "application/json;q=0.x",
        "application/json;q=-0",
        "application/json;a=\"b",
        "application/json;a=\"b\\",
        "application/json text/html",
        "text/html, application/json;q=0, @",
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (cg_accept_weight(test_span(rows[i]), CG_SPAN_OF(JSON)) != CG_ACCEPT_WEIGHT_MAX ||
            cg_accept_weight(test_span(rows[i]), CG_SPAN_OF(SIGNED)) != CG_ACCEPT_WEIGHT_MAX) {
            fail_msg("\"%s\" is taken for a wish", rows[i]);
        }
    }
    struct cg_span absent = {NULL, 0};
    assert_int_equal(cg_accept_weight(absent, CG_SPAN_OF(JSON)), CG_ACCEPT_WEIGHT_MAX);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(accept_weight_is_that_of_the_range_that_names_the_type_most_closely),
    cmocka_unit_test(accept_without_a_header_or_a_readable_one_wants_everything_alike),
};
TEST_MAIN(tests)
