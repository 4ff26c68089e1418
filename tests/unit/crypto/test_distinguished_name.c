/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_test.h"

#include "crypto/distinguished_name.h"

TEST(dn_parse_gives_one_form_for_each_name)
{
    static const struct {
        const char *label;
        const char *text;
        const char *want;
    } rows[] = {
        {"as it should be", "CN=ward,O=Trust,C=GB", "CN=ward,O=Trust,C=GB"},
        {"RFC 4514 §4, first", "UID=jsmith,DC=example,DC=net", "UID=jsmith,DC=example,DC=net"},
        {"RFC 4514 §4, two parts", "OU=Sales+CN=J.  Smith,DC=example,DC=net",
         "CN=J.  Smith+OU=Sales,DC=example,DC=net"},
        {"RFC 4514 §4, escapes", "CN=James \\\"Jim\\\" Smith\\, III,DC=example,DC=net",
         "CN=James \\\"Jim\\\" Smith\\, III,DC=example,DC=net"},
        {"RFC 4514 §4, a line end", "CN=Before\\0dAfter,DC=example,DC=net",
         "CN=Before\\0DAfter,DC=example,DC=net"},
        {"RFC 4514 §4, a dotted type", "1.3.6.1.4.1.1466.0=#04024869",
         "1.3.6.1.4.1.1466.0=#04024869"},
        {"RFC 4514 §4, UTF-8 in hex", "CN=Lu\\C4\\8Di\\C4\\87", "CN=Lu\xc4\x8di\xc4\x87"},
        {"types in another case", "cn=ward,o=Trust,EMAILADDRESS=a@b.example",
         "CN=ward,O=Trust,emailAddress=a@b.example"},
        {"a dotted type that has a name", "2.5.4.3=ward", "CN=ward"},
        {"hex of another case", "1.2.3=#04AB", "1.2.3=#04ab"},
        {"escapes that need not be", "CN=\\77ard\\=1\\#2", "CN=ward=1#2"},
        {"spaces at the edges", "CN=\\ ward\\ ", "CN=\\ ward\\ "},
        {"a number sign in front", "CN=\\#1", "CN=\\#1"},
        {"semicolon and angles", "CN=a\\;b\\<c\\>", "CN=a\\;b\\<c\\>"},
        {"no value", "CN=", "CN="},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        struct cg_span name = {NULL, 0};
        assert_status_row(rows[i].label, cg_dn_parse(test_span(rows[i].text), arena, &name), CG_OK);
        assert_span_text_row(rows[i].label, name, rows[i].want);
    }
}

TEST(dn_parse_keeps_apart_what_is_not_the_same_name)
{
    static const char *const names[] = {
        "CN=ward,O=Trust",      "O=Trust,CN=ward",  "CN=Ward,O=Trust",
        "CN=ward,O=Trust,C=GB", "CN=ward+O=Trust",  "CN=ward\\,O=Trust",
        "CN=ward\\ ,O=Trust",   "CN=ward,OU=Trust", "CN=war\\00d,O=Trust",
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span forms[TEST_COUNT(names)];
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        assert_status_row(names[i], cg_dn_parse(test_span(names[i]), arena, &forms[i]), CG_OK);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(cg_span_compare(forms[i], forms[j]), 0);
        }
    }
}

TEST(dn_parse_refuses_what_is_no_name)
{
    static const struct {
        const char *label;
        struct cg_span text;
    } rows[] = {
        {"nothing", CG_SPAN("")},
        {"no equals sign", CG_SPAN("ward")},
        {"no type", CG_SPAN("=ward")},
        {"a type that nobody knows", CG_SPAN("colour=red")},
        {"a type of one number", CG_SPAN("2=#0400")},
        {"a type with an empty arc", CG_SPAN("1..2=#0400")},
        {"a type with a leading zero", CG_SPAN("1.02=#0400")},
        {"a space after the comma", CG_SPAN("CN=ward, O=Trust")},
        {"spaces around equals", CG_SPAN("CN = ward")},
        {"a space at the end", CG_SPAN("CN=ward ")},
        {"a space before the comma", CG_SPAN("CN=ward ,O=Trust")},
        {"OpenSSL's old form", CG_SPAN("/C=GB/CN=ward")},
        {"a comma at the end", CG_SPAN("CN=ward,")},
        {"a plus sign at the end", CG_SPAN("CN=ward+")},
        {"two commas", CG_SPAN("CN=ward,,O=Trust")},
        {"a semicolon between", CG_SPAN("CN=ward;O=Trust")},
        {"a value in quotes", CG_SPAN("CN=\"ward\"")},
        {"an escape of nothing", CG_SPAN("CN=ward\\")},
        {"an escape of a letter", CG_SPAN("CN=\\ward")},
        {"half a hex pair", CG_SPAN("CN=ward\\4")},
        {"a zero byte", CG_SPAN("CN=wa\0rd")},
        {"hex of a type with a name", CG_SPAN("CN=#0404776172")},
        {"text of a dotted type", CG_SPAN("1.2.3=ward")},
        {"hex of odd length", CG_SPAN("1.2.3=#040")},
        {"no hex", CG_SPAN("1.2.3=#")},
        {"hex and more", CG_SPAN("1.2.3=#04zz")},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        struct cg_span name = {NULL, 0};
        assert_status_row(rows[i].label, cg_dn_parse(rows[i].text, arena, &name), CG_ERR_INPUT);
        assert_null(name.data);
    }
}

TEST(dn_parse_is_bounded)
{
    static const char nine[] = "CN=1+CN=2+CN=3+CN=4+CN=5+CN=6+CN=7+CN=8+CN=9";
    char text[2 * CG_LIMIT_TEXT_BYTES];
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span name = {NULL, 0};
    assert_status(cg_dn_parse(test_span(nine), arena, &name), CG_ERR_INPUT);
    memset(text, 'a', sizeof(text));
    memcpy(text, "CN=", 3);
    assert_status(cg_dn_parse(cg_span_of_bytes(text, sizeof(text)), arena, &name), CG_ERR_INPUT);
    assert_null(name.data);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(dn_parse_gives_one_form_for_each_name),
    cmocka_unit_test(dn_parse_keeps_apart_what_is_not_the_same_name),
    cmocka_unit_test(dn_parse_refuses_what_is_no_name),
    cmocka_unit_test(dn_parse_is_bounded),
};
TEST_MAIN(tests)
