/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/span.h"
#include "codec/uri.h"
#include "test.h"

struct row {
    const char *text;
    const char *scheme;
    const char *host; /* NULL: absent */
    const char *port;
    const char *path;
    const char *query;
    bool has_userinfo;
    bool has_fragment;
    bool is_http;
};

static const struct row rows[] = {
    {"https://a.example", "https", "a.example", NULL, "", NULL, false, false, true},
    {"https://a.example/", "https", "a.example", NULL, "/", NULL, false, false, true},
    {"HTTP://A.example:8080/b?c=d", "HTTP", "A.example", "8080", "/b", "c=d", false, false, true},
    {"https://a.example?x", "https", "a.example", NULL, "", "x", false, false, true},
    {"https://a.example/?", "https", "a.example", NULL, "/", "", false, false, true},
    {"https://a.example/b#c", "https", "a.example", NULL, "/b", NULL, false, true, false},
    {"https://a.example#", "https", "a.example", NULL, "", NULL, false, true, false},
    {"https://u:p@a.example/", "https", "a.example", NULL, "/", NULL, true, false, false},
    {"https://@a.example/", "https", "a.example", NULL, "/", NULL, true, false, false},
    {"https:///b", "https", "", NULL, "/b", NULL, false, false, false},
    {"https://a%20b/%2Fc", "https", "a%20b", NULL, "/%2Fc", NULL, false, false, true},
    {"https://192.0.2.16:80/", "https", "192.0.2.16", "80", "/", NULL, false, false, true},
    {"https://[2001:db8::7]/c", "https", "2001:db8::7", NULL, "/c", NULL, false, false, true},
    {"https://[::1]:443", "https", "::1", "443", "", NULL, false, false, true},
    {"https://[::ffff:192.0.2.1]/", "https", "::ffff:192.0.2.1", NULL, "/", NULL, false, false,
     true},
    {"https://a.example//b//", "https", "a.example", NULL, "//b//", NULL, false, false, true},
    {"https://a.example/b;c=1,2@:!$&'()*+", "https", "a.example", NULL, "/b;c=1,2@:!$&'()*+", NULL,
     false, false, true},
    {"https:a", "https", NULL, NULL, "a", NULL, false, false, false},
    {"file:///etc/hosts", "file", "", NULL, "/etc/hosts", NULL, false, false, false},
    {"ldap://a.example/c=GB?one?two", "ldap", "a.example", NULL, "/c=GB", "one?two", false, false,
     false},
    {"mailto:John.Doe@example.com", "mailto", NULL, NULL, "John.Doe@example.com", NULL, false,
     false, false},
    {"urn:nhs:api:documents", "urn", NULL, NULL, "nhs:api:documents", NULL, false, false, false},
    {"a+b-c.1:", "a+b-c.1", NULL, NULL, "", NULL, false, false, false},
};

static void assert_part(const char *label, struct cg_span part, const char *want)
{
    if (want == NULL) {
        assert_null(part.data);
        return;
    }
    assert_non_null(part.data);
    assert_span_text_row(label, part, want);
}

/* The shapes of RFC 3986 §1.1.2 and §3 among them. */
TEST(uri_parse_finds_the_parts)
{
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct cg_uri uri;
        assert_status_row(row->text, cg_uri_parse(test_span(row->text), &uri), CG_OK);
        assert_part(row->text, uri.scheme, row->scheme);
        assert_part(row->text, uri.host, row->host);
        assert_part(row->text, uri.port, row->port);
        assert_part(row->text, uri.path, row->path);
        assert_part(row->text, uri.query, row->query);
        assert_int_equal(uri.has_userinfo, row->has_userinfo);
        assert_int_equal(uri.has_fragment, row->has_fragment);
        assert_int_equal(cg_uri_is_http(&uri), row->is_http);
    }
}

static const char *const refused[] = {
    "",
    ":",
    "/path",
    "//a.example/",
    "a.example",
    "?x",
    "#x",
    "1http://a.example/",
    "-http://a.example/",
    "ht%74p://a.example/",
    "ht tp://a.example/",
    "https://a.example/ ",
    " https://a.example/",
    "https://a.example/a b",
    "https://a.example/\n",
    "https://a.example/\x7f",
    "https://a.example/\xc3\xa9",
    "https://\xc3\xa9.example/",
    "https://a.example/%",
    "https://a.example/%4",
    "https://a.example/%zz",
    "https://a.example/?%",
    "https://a.example/#%",
    "https://a.example/a#b#c",
    "https://a.example/\\b",
    "https://a.example\\@b.example/",
    "https://a.example/<b>",
    "https://a.example/\"",
    "https://a.example/{b}",
    "https://a.example/[b]",
    "https://a.example/^",
    "https://a.example/`",
    "https://a.example/|",
    "https://a.example:/",
    "https://a.example:80x/",
    "https://a.example:080/",
    "https://a.example:65536/",
    "https://a.example:-1/",
    "https://a.example:80:80/",
    "https://u@v@a.example/",
    "https://u%@a.example/",
    "https://u[@a.example/",
    "https://2001:db8::7/",
    "https://[2001:db8::7/",
    "https://2001:db8::7]/",
    "https://[]/",
    "https://[::1]x/",
    "https://[::1]:/",
    "https://[::1%25eth0]/",
    "https://[v1.a]/",
    "https://[1.2.3.4]/",
    "https://[:::]/",
    "https://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]/",
    "urn:a b",
};

TEST(uri_parse_refuses_what_is_no_absolute_uri)
{
    for (size_t i = 0; i < TEST_COUNT(refused); i++) {
        struct cg_uri uri = {.scheme = CG_SPAN_OF("before")};
        assert_status_row(refused[i], cg_uri_parse(test_span(refused[i]), &uri), CG_ERR_INPUT);
        assert_span_text(uri.scheme, "before");
    }
    struct cg_uri uri;
    assert_status(cg_uri_parse((struct cg_span){NULL, 0}, &uri), CG_ERR_INPUT);
    assert_status(cg_uri_parse(cg_span_of_bytes("a:b\0c", 5), &uri), CG_ERR_INPUT);
    assert_status(cg_uri_parse(cg_span_of_bytes("a://[::1\0]", 10), &uri), CG_ERR_INPUT);
}

TEST(uri_parse_is_bounded)
{
    char text[CG_LIMIT_URI_BYTES + 1];
    memset(text, 'a', sizeof(text));
    memcpy(text, "urn:", 4);
    struct cg_uri uri;
    assert_ok(cg_uri_parse(cg_span_of_bytes(text, CG_LIMIT_URI_BYTES), &uri));
    assert_status(cg_uri_parse(cg_span_of_bytes(text, sizeof(text)), &uri), CG_ERR_INPUT);
}

TEST(uri_realm_path_is_segments_of_plain_characters)
{
    static const char *const good[] = {"/vlive/hpca", "/vtest/hpca", "/a",
                                       "/a-b_c.d/0",  "/...",        "/.a"};
    static const char *const bad[] = {
        "",     "/",      "a",    "a/b",   "//",        "/a/",    "//a",   "/a//b",
        "/A",   "/a b",   "/.",   "/..",   "/a/../b",   "/a/./b", "/a/..", "/a?b",
        "/a#b", "/a%2fb", "/a;b", "/a\\b", "/\xc3\xa9", "/a~",    "/a\n",  "/a:b",
    };
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        assert_true(cg_uri_is_realm_path(test_span(good[i])));
    }
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_false(cg_uri_is_realm_path(test_span(bad[i])));
    }
    assert_false(cg_uri_is_realm_path((struct cg_span){NULL, 0}));
    assert_false(cg_uri_is_realm_path(cg_span_of_bytes("/a\0b", 4)));
}

TEST(uri_realm_path_is_bounded)
{
    char path[CG_LIMIT_REALM_PATH_BYTES + 1];
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    assert_true(cg_uri_is_realm_path(cg_span_of_bytes(path, CG_LIMIT_REALM_PATH_BYTES)));
    assert_false(cg_uri_is_realm_path(cg_span_of_bytes(path, sizeof(path))));
}

TEST(uri_path_climbs_in_whatever_spelling)
{
    static const char *const climbing[] = {
        "..",          "/a/../b",   "/a/..",       "/a/%2e%2e/b", "/a/.%2E/b",
        "/a%2f..%2fb", "/a/..%2fb", "/a/..;/b",    "/a/..;x=1/b", "/a/..%3bx/b",
        "/a/..\\b",    "/a\\../b",  "/a%5c..%5cb", "/a//../b",    "/../a",
    };
    static const char *const level[] = {
        "",         "/",      "/a/b",      "/a/...",          "/a/..b",   "/a/b..",
        "/a/.",     "/a/./b", "/a..b/..c", "/a/;../b",        "/a/.x./b", "/a%2fb",
        "/a/.;./b", "/a/%2",  "/a/%2e",    "/a/%252e%252e/b",
    };
    for (size_t i = 0; i < TEST_COUNT(climbing); i++) {
        assert_true(cg_uri_path_climbs(test_span(climbing[i])));
    }
    for (size_t i = 0; i < TEST_COUNT(level); i++) {
        assert_false(cg_uri_path_climbs(test_span(level[i])));
    }
    assert_false(cg_uri_path_climbs((struct cg_span){NULL, 0}));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(uri_parse_finds_the_parts),
    cmocka_unit_test(uri_parse_refuses_what_is_no_absolute_uri),
    cmocka_unit_test(uri_parse_is_bounded),
    cmocka_unit_test(uri_realm_path_is_segments_of_plain_characters),
    cmocka_unit_test(uri_realm_path_is_bounded),
    cmocka_unit_test(uri_path_climbs_in_whatever_spelling),
};
TEST_MAIN(tests)
