/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry.h"

#include "base/span.h"
#include "desk.h"
#include "registry/name.h"

#include <string.h>

static void touching_raises_what_it_names(void **state)
{
    static const unsigned touches[] = {CG_TOUCH_REGISTRY, CG_TOUCH_KEYS, CG_TOUCH_DENYLIST,
                                       CG_TOUCH_KEYS | CG_TOUCH_DENYLIST};
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(touches); i++) {
        struct cg_registry_version before = desk_version(desk);
        assert_ok(cg_registry_touch(desk->store, touches[i]));
        assert_touched(desk, before, touches[i]);
    }
}

static void setting_is_kept_replaced_and_taken_back(void **state)
{
    struct desk *desk = *state;
    struct cg_span value;
    assert_status(cg_setting_get(desk->store, "colour", desk->arena, &value), CG_ERR_NOT_FOUND);
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_setting_set(desk->store, "colour", CG_SPAN_OF("blue")));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_ok(cg_setting_set(desk->store, "colour", CG_SPAN_OF("green")));
    assert_ok(cg_setting_get(desk->store, "colour", desk->arena, &value));
    assert_span_text(value, "green");
    before = desk_version(desk);
    assert_ok(cg_setting_drop(desk->store, "colour"));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_status(cg_setting_get(desk->store, "colour", desk->arena, &value), CG_ERR_NOT_FOUND);
    assert_status(cg_setting_drop(desk->store, "colour"), CG_ERR_NOT_FOUND);
}

static void base_url_must_be_one_that_issuers_can_begin_with(void **state)
{
    static const struct {
        const char *url;
        enum cg_status status;
    } rows[] = {
        {"https://localhost:8443", CG_OK},
        {"http://gateway.example/prefix", CG_OK},
        {"https://localhost:8443/", CG_ERR_INPUT},
        {"https://localhost:8443?a=b", CG_ERR_INPUT},
        {"https://localhost:8443#part", CG_ERR_INPUT},
        {"https://user@localhost", CG_ERR_INPUT},
        {"ftp://localhost", CG_ERR_INPUT},
        {"localhost", CG_ERR_INPUT},
        {"https://a b", CG_ERR_INPUT},
        {"", CG_ERR_INPUT},
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_status_row(rows[i].url,
                          cg_setting_set(desk->store, "base_url", test_span(rows[i].url)),
                          rows[i].status);
    }
}

#define SIXTY_FOUR "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

TEST(names_follow_their_grammar)
{
    static const struct {
        const char *text;
        bool api;
        bool ods;
        bool client;
    } rows[] = {
        {"documents", true, false, true},
        {"Documents_v1.2-b", true, false, false},
        {"RYG", true, true, false},
        {"A1", true, false, false},
        {"0123456789", true, true, false},
        {"01234567890", true, false, false},
        {"ward-system-7f3k9q2x", true, false, true},
        {"a", true, false, true},
        {"7ward", true, false, false},
        {"-ward", true, false, false},
        {"ward-", true, false, false},
        {"ward--system", true, false, false},
        {"ward system", false, false, false},
        {"w\xc3\xa4rd", false, false, false},
        {"", false, false, false},
        {SIXTY_FOUR, true, false, true},
        {SIXTY_FOUR "a", false, false, false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span text = test_span(rows[i].text);
        if (cg_registry_is_api_name(text) != rows[i].api ||
            cg_registry_is_ods(text) != rows[i].ods ||
            cg_registry_is_client_id(text) != rows[i].client) {
            fail_msg("%s", rows[i].text);
        }
    }
}

/* RFC 3629 §4 and §10: overlong forms, surrogates and what passes U+10FFFF are not UTF-8. */
TEST(text_for_people_is_printable_utf8)
{
    static const struct {
        const char *label;
        const char *text;
        bool valid;
    } rows[] = {
        {"plain", "Dr Ada Example", true},
        {"two bytes",
         "Z\xc3\xbc"
         "rich",
         true},
        {"no-break space",
         "a\xc2\xa0"
         "b",
         true},
        {"three bytes", "\xe2\x82\xac 5", true},
        {"three bytes, first row", "\xe0\xa4\x85", true},
        {"below the surrogates", "\xed\x9f\xbf", true},
        {"private use", "\xee\x80\x80", true},
        {"four bytes", "\xf0\x9f\x98\x80", true},
        {"plane 15", "\xf3\xb0\x80\x80", true},
        {"last", "\xf4\x8f\xbf\xbf", true},
        {"empty", "", false},
        {"space in front", " a", false},
        {"space at the end", "a ", false},
        {"line feed", "a\nb", false},
        {"escape", "a\x1b[31m", false},
        {"delete", "a\x7f", false},
        {"C1 control",
         "a\xc2\x9b"
         "31m",
         false},
        {"overlong", "\xc0\xaf", false},
        {"overlong in three", "\xe0\x80\xaf", false},
        {"surrogate", "\xed\xa0\x80", false},
        {"past the end", "\xf4\x90\x80\x80", false},
        {"lone continuation", "\x80", false},
        {"cut short", "a\xe2\x82", false},
        {"wrong continuation", "\xe2\x28\xa1", false},
        {"too long", "0123456789abcdefX", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (cg_name_is_text(test_span(rows[i].text), 16) != rows[i].valid) {
            fail_msg("%s", rows[i].label);
        }
    }
}

TEST(times_are_seconds_of_four_digit_years)
{
    assert_true(cg_name_is_time(1));
    assert_true(cg_name_is_time(CG_TIME_MAX_S));
    assert_false(cg_name_is_time(0));
    assert_false(cg_name_is_time(-1));
    assert_false(cg_name_is_time(CG_TIME_MAX_S + 1));
}

static void random_names_avoid_what_people_misread(void **state)
{
    struct desk *desk = *state;
    struct cg_span id;
    for (size_t i = 0; i < 200; i++) {
        assert_ok(cg_name_make_id("sec_", &desk->random, desk->arena, &id));
        assert_int_equal(id.len, 16);
        for (size_t at = 4; at < id.len; at++) {
            assert_non_null(strchr("abcdefghijkmnpqrstuvwxyz23456789", id.data[at]));
        }
    }
}

static void random_names_are_bounded(void **state)
{
    struct desk *desk = *state;
    struct cg_buf buf;
    cg_buf_init_arena(&buf, desk->arena, 64);
    assert_status(cg_name_put_random(&desk->random, 33, &buf), CG_ERR_INTERNAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(touching_raises_what_it_names, desk_open_bare, desk_close),
    cmocka_unit_test_setup_teardown(setting_is_kept_replaced_and_taken_back, desk_open_bare,
                                    desk_close),
    cmocka_unit_test_setup_teardown(base_url_must_be_one_that_issuers_can_begin_with,
                                    desk_open_bare, desk_close),
    cmocka_unit_test(names_follow_their_grammar),
    cmocka_unit_test(text_for_people_is_printable_utf8),
    cmocka_unit_test(times_are_seconds_of_four_digit_years),
    cmocka_unit_test_setup_teardown(random_names_avoid_what_people_misread, desk_open_bare,
                                    desk_close),
    cmocka_unit_test_setup_teardown(random_names_are_bounded, desk_open_bare, desk_close),
};
TEST_MAIN(tests)
