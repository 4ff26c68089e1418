/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/uri_target.h"

#include "base/limits.h"
#include "base/span.h"
#include "test.h"

static void write_target(const char *label, const char *text, enum cg_status want,
                         const char *written)
{
    struct cg_uri uri;
    struct cg_buf buf;
    struct cg_span span = {NULL, 0};
    cg_buf_init(&buf, CG_LIMIT_URI_BYTES);
    assert_status_row(label, cg_uri_parse(test_span(text), &uri), CG_OK);
    assert_status_row(label, cg_uri_target_write(&uri, &buf), want);
    if (want == CG_OK) {
        assert_ok(cg_buf_finish(&buf, &span));
        assert_span_text_row(label, span, written);
    }
    cg_buf_release(&buf);
}

TEST(uri_target_writes_all_spellings_alike)
{
    static const struct {
        const char *label;
        const char *text;
        const char *written;
    } rows[] = {
        {"as it is", "https://a.example/b/c", "https://a.example/b/c"},
        {"case of scheme and host", "HTTPS://A.Example/B", "https://a.example/B"},
        {"default port of https", "https://a.example:443/b", "https://a.example/b"},
        {"default port of http", "http://a.example:80/b", "http://a.example/b"},
        {"another port", "https://a.example:8443/b", "https://a.example:8443/b"},
        {"the other scheme's port", "https://a.example:80/b", "https://a.example:80/b"},
        {"no path", "https://a.example", "https://a.example/"},
        {"query and fragment", "https://a.example/b?c=d#e", "https://a.example/b"},
        {"query without a path", "https://a.example?c", "https://a.example/"},
        {"escapes of unreserved characters", "https://a.example/%7Eb%2d%41",
         "https://a.example/~b-A"},
        {"escapes in small letters", "https://a.example/b%2fc%c3%a9",
         "https://a.example/b%2Fc%C3%A9"},
        {"a dot segment", "https://a.example/./b/./c", "https://a.example/b/c"},
        {"a dot segment at the end", "https://a.example/b/.", "https://a.example/b/"},
        {"up", "https://a.example/b/../c", "https://a.example/c"},
        {"up at the end", "https://a.example/b/c/..", "https://a.example/b/"},
        {"up past the root", "https://a.example/../../b", "https://a.example/b"},
        {"up, escaped", "https://a.example/b/%2e%2E/c", "https://a.example/c"},
        {"nothing but up", "https://a.example/..", "https://a.example/"},
        {"empty segments", "https://a.example//b//", "https://a.example//b//"},
        {"up from an empty segment", "https://a.example/b//../c", "https://a.example/b/c"},
        {"three dots", "https://a.example/...", "https://a.example/..."},
        {"an address", "https://[2001:DB8::7]:443/c", "https://[2001:db8::7]/c"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        write_target(rows[i].label, rows[i].text, CG_OK, rows[i].written);
        write_target(rows[i].label, rows[i].written, CG_OK, rows[i].written);
    }
}

TEST(uri_target_refuses_what_no_request_is_addressed_to)
{
    static const char *const rows[] = {
        "ftp://a.example/b", "urn:a:b", "https:///b", "https://u@a.example/b", "https://a%2eb/c",
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        write_target(rows[i], rows[i], CG_ERR_INPUT, NULL);
    }
}

TEST(uri_target_fails_where_the_buffer_ends)
{
    static const char text[] = "https://a.example/b/../c/./d";
    for (size_t max = 0; max < sizeof("https://a.example/c/d") - 1; max++) {
        struct cg_uri uri;
        struct cg_buf buf;
        cg_buf_init(&buf, max);
        assert_ok(cg_uri_parse(test_span(text), &uri));
        assert_status(cg_uri_target_write(&uri, &buf), CG_ERR_LIMIT);
        cg_buf_release(&buf);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(uri_target_writes_all_spellings_alike),
    cmocka_unit_test(uri_target_refuses_what_no_request_is_addressed_to),
    cmocka_unit_test(uri_target_fails_where_the_buffer_ends),
};

TEST_MAIN(tests)
