/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/span.h"
#include "test.h"
#include "token/client_certificate.h"

#define BYTES_MAX ((size_t)(3 * CG_LIMIT_CERTIFICATE_PEM_BYTES))

static struct cg_arena *new_arena(void)
{
    struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(BYTES_MAX, &arena));
    return arena;
}

TEST(client_certificate_is_read_in_every_form_that_it_may_have)
{
    static const struct {
        const char *label;
        struct cg_client_certificate shown;
        struct cg_span want;
    } rows[] = {
        {"of the connection", {.der = CG_SPAN("\x30\x01\x00")}, CG_SPAN("\x30\x01\x00")},
        {"byte sequence of RFC 9440", {.header = CG_SPAN(":MAEA:")}, CG_SPAN("\x30\x01\x00")},
        {"PEM as nginx escapes it",
         {.header =
              CG_SPAN("-----BEGIN%20CERTIFICATE-----%0AMAEA%0A-----END%20CERTIFICATE-----%0A")},
         CG_SPAN("\x30\x01\x00")},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        struct cg_span der = {NULL, 0};
        uint8_t digest[CG_SHA256_BYTES];
        uint8_t want[CG_SHA256_BYTES];
        assert_true(cg_client_certificate_is_shown(&rows[i].shown));
        assert_status_row(rows[i].label, cg_client_certificate_der(&rows[i].shown, arena, &der),
                          CG_OK);
        assert_span_equal_row(rows[i].label, der, rows[i].want);
        assert_ok(cg_client_certificate_digest(&rows[i].shown, digest));
        assert_ok(cg_sha256(rows[i].want, want));
        assert_memory_equal(digest, want, sizeof(want));
    }
}

TEST(client_certificate_refuses_a_header_that_holds_none)
{
    static const struct {
        const char *label;
        struct cg_span header;
    } rows[] = {
        {"empty", CG_SPAN("")},
        {"one colon", CG_SPAN(":")},
        {"two colons", CG_SPAN("::")},
        {"no colon at the end", CG_SPAN(":MAEA")},
        {"no base64", CG_SPAN(":M_EA:")},
        {"no padding", CG_SPAN(":MAE:")},
        {"a space inside", CG_SPAN(":MA EA:")},
        {"a parameter of RFC 8941", CG_SPAN(":MAEA:;a=1")},
        {"two in one header", CG_SPAN(":MAEA:, :MAEA:")},
        {"half an escape", CG_SPAN("-----BEGIN%2")},
        {"no hex", CG_SPAN("-----BEGIN%ZZCERTIFICATE-----")},
        {"escaped base64 alone", CG_SPAN("MAEA")},
        {"PEM of a key", CG_SPAN("-----BEGIN%20PRIVATE%20KEY-----%0AMAEA%0A"
                                 "-----END%20PRIVATE%20KEY-----%0A")},
        {"nginx's (null)", CG_SPAN("(null)")},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        const struct cg_client_certificate shown = {.header = rows[i].header};
        struct cg_span der = {NULL, 0};
        uint8_t digest[CG_SHA256_BYTES];
        assert_status_row(rows[i].label, cg_client_certificate_der(&shown, arena, &der),
                          CG_ERR_INPUT);
        assert_null(der.data);
        assert_status_row(rows[i].label, cg_client_certificate_digest(&shown, digest),
                          CG_ERR_INPUT);
    }
}

TEST(client_certificate_that_is_not_there_is_not_found)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    const struct cg_client_certificate none = {.verified = 1};
    struct cg_span der = {NULL, 0};
    uint8_t digest[CG_SHA256_BYTES];
    assert_false(cg_client_certificate_is_shown(&none));
    assert_status(cg_client_certificate_der(&none, arena, &der), CG_ERR_NOT_FOUND);
    assert_status(cg_client_certificate_digest(&none, digest), CG_ERR_NOT_FOUND);
}

TEST(client_certificate_is_bounded)
{
    static uint8_t huge[CG_LIMIT_CERTIFICATE_HEADER_BYTES + 1];
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    memset(huge, 'A', sizeof(huge));
    const struct cg_client_certificate longest = {.header = {huge, sizeof(huge) - 1}};
    const struct cg_client_certificate longer = {.header = {huge, sizeof(huge)}};
    struct cg_span der = {NULL, 0};
    assert_status(cg_client_certificate_der(&longest, arena, &der), CG_ERR_INPUT);
    assert_status(cg_client_certificate_der(&longer, arena, &der), CG_ERR_INPUT);
}

TEST(client_certificate_is_not_called_bad_for_want_of_memory)
{
    static uint8_t text[CG_LIMIT_CERTIFICATE_PEM_BYTES];
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *small = NULL;
    memset(text, 'A', sizeof(text));
    const struct cg_client_certificate pem = {.header = {text, sizeof(text)}};
    const struct cg_client_certificate sequence = {.header = {text, sizeof(text) - 2}};
    struct cg_span der = {NULL, 0};
    assert_ok(cg_arena_new(1024, &small));
    assert_status(cg_client_certificate_der(&pem, small, &der), CG_ERR_LIMIT);
    text[0] = ':';
    text[sizeof(text) - 3] = ':';
    assert_status(cg_client_certificate_der(&sequence, small, &der), CG_ERR_LIMIT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(client_certificate_is_not_called_bad_for_want_of_memory),
    cmocka_unit_test(client_certificate_is_read_in_every_form_that_it_may_have),
    cmocka_unit_test(client_certificate_refuses_a_header_that_holds_none),
    cmocka_unit_test(client_certificate_that_is_not_there_is_not_found),
    cmocka_unit_test(client_certificate_is_bounded),
};
TEST_MAIN(tests)
