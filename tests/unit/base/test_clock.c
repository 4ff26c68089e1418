/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/limits.h"
#include "base/span.h"
#include "test.h"

#include <time.h>

#define DAY_S INT64_C(86400)

TEST(clock_tells_the_time_of_the_system)
{
    int64_t before = time(NULL);
    int64_t now_s = cg_clock_now_s();
    /* time() may lag behind by a tick. */
    assert_in_range(now_s - before, 0, 2);
}

TEST(clock_monotonic_never_goes_back)
{
    int64_t last = cg_clock_monotonic_ms();
    for (int i = 0; i < 1000; i++) {
        int64_t now_ms = cg_clock_monotonic_ms();
        assert_true(now_ms >= last);
        last = now_ms;
    }
}

static const struct {
    const char *text;
    int64_t time_s;
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T23:59:59Z", 86399},
    {"1999-12-31T23:59:59Z", 946684799},
    {"2000-02-29T00:00:00Z", 951782400},
    {"2001-09-09T01:46:40Z", 1000000000},
    {"2024-02-29T12:34:56Z", 1709210096},
    {"2038-01-19T03:14:08Z", 2147483648},
    {"2100-03-01T00:00:00Z", 4107542400},
    {"9999-12-31T23:59:59Z", 253402300799},
};

TEST(time_format_writes_rfc_3339)
{
    for (size_t i = 0; i < TEST_COUNT(times); i++) {
        char text[CG_TIME_TEXT_BYTES];
        cg_time_format(times[i].time_s, text);
        assert_string_equal(text, times[i].text);
    }
}

TEST(time_format_clamps_what_lies_outside)
{
    static const struct {
        int64_t time_s;
        const char *text;
    } rows[] = {
        {-1, "1970-01-01T00:00:00Z"},
        {INT64_MIN, "1970-01-01T00:00:00Z"},
        {INT64_C(253402300800), "9999-12-31T23:59:59Z"},
        {INT64_MAX, "9999-12-31T23:59:59Z"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char text[CG_TIME_TEXT_BYTES];
        cg_time_format(rows[i].time_s, text);
        assert_string_equal(text, rows[i].text);
    }
}

TEST(time_parse_reads_what_format_writes)
{
    for (size_t i = 0; i < TEST_COUNT(times); i++) {
        int64_t time_s = -1;
        assert_status_row(times[i].text, cg_time_parse(test_span(times[i].text), &time_s), CG_OK);
        assert_int_equal(time_s, times[i].time_s);
    }
}

TEST(time_of_every_day_agrees_with_the_c_library)
{
    /* 140 years hold each kind of year: leap, common, century, fourth century. */
    for (int64_t day = 0; day < 51100; day++) {
        time_t time_s = (time_t)(day * DAY_S + day % DAY_S);
        struct tm parts = {0};
        char want[CG_TIME_TEXT_BYTES];
        char got[CG_TIME_TEXT_BYTES];
        assert_non_null(gmtime_r(&time_s, &parts));
        assert_int_equal(strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &parts), 20);
        cg_time_format(time_s, got);
        assert_string_equal(got, want);
        int64_t parsed_s = 0;
        assert_ok(cg_time_parse(test_span(got), &parsed_s));
        assert_int_equal(parsed_s, time_s);
    }
}

TEST(time_parse_takes_a_date_as_its_midnight)
{
    int64_t time_s = 0;
    assert_ok(cg_time_parse(test_span("2026-01-31"), &time_s));
    assert_int_equal(time_s, 1769817600);
    assert_ok(cg_time_parse(test_span("2024-02-29"), &time_s));
    assert_int_equal(time_s, 1709164800);
}

TEST(time_parse_refuses_all_else)
{
    static const char *const texts[] = {
        "",
        "2026",
        "2026-1-31",
        "2026-01-32",
        "2026-02-29",
        "2100-02-29",
        "2026-00-10",
        "2026-13-01",
        "2026-04-31",
        "2026-01-00",
        "1969-12-31",
        "0000-01-01",
        "2026/01/31",
        " 2026-01-31",
        "2026-01-31 ",
        "+026-01-31",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00z",
        "2026-01-31t12:00:00Z",
        "2026-01-31 12:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:60Z",
        "2026-02-30T12:00:00Z",
        "2026-01-31T12:00:00.5Z",
        "2026-01-31T12:00:00+00:00",
        "2026-01-31T12:00:00Zjunk",
        "9223372036854775807-01-01",
    };
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        int64_t time_s = -7;
        assert_status_row(texts[i], cg_time_parse(test_span(texts[i]), &time_s), CG_ERR_INPUT);
        assert_int_equal(time_s, -7);
    }
    int64_t time_s = -7;
    assert_status(cg_time_parse((struct cg_span){NULL, 0}, &time_s), CG_ERR_INPUT);
}

TEST(duration_parse_knows_its_units)
{
    static const struct {
        const char *text;
        int64_t duration_s;
    } rows[] = {
        {"0", 0},
        {"300", 300},
        {"300s", 300},
        {"5m", 300},
        {"12h", 43200},
        {"1d", 86400},
        {"365d", 31536000},
        {"0d", 0},
        {"36500d", 3153600000},
        {"3153600000", 3153600000},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        int64_t duration_s = -1;
        assert_status_row(rows[i].text, cg_duration_parse(test_span(rows[i].text), &duration_s),
                          CG_OK);
        assert_int_equal(duration_s, rows[i].duration_s);
    }
}

TEST(duration_parse_refuses_all_else)
{
    static const char *const texts[] = {
        "",    "s",      "d",          "-5",   "+5",    "5 m",
        " 5m", "5m ",    "5M",         "5w",   "5mm",   "1.5h",
        "05m", "36501d", "3153600001", "0x10", "1h30m", "99999999999999999999d",
    };
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        int64_t duration_s = -7;
        assert_status_row(texts[i], cg_duration_parse(test_span(texts[i]), &duration_s),
                          CG_ERR_INPUT);
        assert_int_equal(duration_s, -7);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(clock_tells_the_time_of_the_system),
    cmocka_unit_test(clock_monotonic_never_goes_back),
    cmocka_unit_test(time_format_writes_rfc_3339),
    cmocka_unit_test(time_format_clamps_what_lies_outside),
    cmocka_unit_test(time_parse_reads_what_format_writes),
    cmocka_unit_test(time_of_every_day_agrees_with_the_c_library),
    cmocka_unit_test(time_parse_takes_a_date_as_its_midnight),
    cmocka_unit_test(time_parse_refuses_all_else),
    cmocka_unit_test(duration_parse_knows_its_units),
    cmocka_unit_test(duration_parse_refuses_all_else),
};
TEST_MAIN(tests)
