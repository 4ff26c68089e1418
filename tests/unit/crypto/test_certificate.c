/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_test.h"

#include "crypto/certificate.h"

#include <limits.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NOW_S INT64_C(1767225600) /* 2026-01-01T00:00:00Z */
#define LIFE_S (INT64_C(365) * 86400)

static const struct cg_span hosts[] = {
    CG_SPAN("localhost"), CG_SPAN("gate.example.nhs.uk"), CG_SPAN("127.0.0.1"),
    CG_SPAN("::1"),       CG_SPAN("*.wild.example"),
};

static struct cg_dev_certificate make(struct cg_arena *arena)
{
    struct cg_dev_certificate made = {0};
    assert_ok(cg_certificate_make(hosts, TEST_COUNT(hosts), NOW_S, LIFE_S, arena, &made));
    return made;
}

static X509 *read_certificate(struct cg_span pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

/* X509_V_OK or why OpenSSL refuses the server's certificate under this authority at a time. */
static int judge(X509 *ca, X509 *server, int64_t at_s)
{
    X509_STORE *store = X509_STORE_new();
    assert_int_equal(X509_STORE_add_cert(store, ca), 1);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_CTX_init(context, store, server, NULL), 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(param, at_s);
    assert_int_equal(X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER), 1);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    (void)X509_verify_cert(context);
    int verdict = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return verdict;
}

TEST(certificate_is_accepted_by_openssl_within_its_life_only)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_dev_certificate made = make(arena);
    X509 *ca = read_certificate(made.ca_pem);
    X509 *server = read_certificate(made.certificate_pem);
    assert_int_equal(judge(ca, server, NOW_S - 3601), X509_V_ERR_CERT_NOT_YET_VALID);
    assert_int_equal(judge(ca, server, NOW_S - 3599), X509_V_OK);
    assert_int_equal(judge(ca, server, NOW_S + LIFE_S - 1), X509_V_OK);
    assert_int_equal(judge(ca, server, NOW_S + LIFE_S + 1), X509_V_ERR_CERT_HAS_EXPIRED);
    X509_free(ca);
    X509_free(server);
}

TEST(certificate_names_its_hosts_and_no_other)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    X509 *server = read_certificate(make(arena).certificate_pem);
    assert_int_equal(X509_check_host(server, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(server, "gate.example.nhs.uk", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(server, "a.wild.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(server, "::1", 0), 1);
    assert_int_equal(X509_check_host(server, "other.example", 0, 0, NULL), 0);
    assert_int_equal(X509_check_host(server, "127.0.0.1", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(server, "127.0.0.2", 0), 0);
    X509_free(server);
}

TEST(certificate_of_the_server_cannot_sign_others)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_dev_certificate made = make(arena);
    X509 *ca = read_certificate(made.ca_pem);
    X509 *server = read_certificate(made.certificate_pem);
    assert_int_equal(X509_check_ca(server), 0);
    assert_int_equal(X509_check_ca(ca), 1);
    assert_int_equal(X509_get_pathlen(ca), 0);
    assert_int_equal(X509_check_purpose(server, X509_PURPOSE_SSL_CLIENT, 0), 0);
    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(ca), X509_get0_serialNumber(server)), 0);
    X509_free(ca);
    X509_free(server);
}

TEST(certificate_fits_its_private_key)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_dev_certificate made = make(arena);
    X509 *ca = read_certificate(made.ca_pem);
    X509 *server = read_certificate(made.certificate_pem);
    BIO *bio = BIO_new_mem_buf(made.private_key_pem.data, (int)made.private_key_pem.len);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    assert_non_null(pkey);
    assert_int_equal(X509_check_private_key(server, pkey), 1);
    assert_int_equal(X509_check_private_key(ca, pkey), 0);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    X509_free(ca);
    X509_free(server);
    ERR_clear_error();
}

TEST(certificate_refuses_hosts_that_are_none)
{
    static const struct {
        const char *label;
        struct cg_span host;
    } rows[] = {
        {"empty", CG_SPAN("")},
        {"absent", {NULL, 0}},
        {"second name after a comma", CG_SPAN("a.example,DNS:bank.example")},
        {"space", CG_SPAN("a b")},
        {"NUL", CG_SPAN("a\0b")},
        {"newline", CG_SPAN("a\nb")},
        {"slash", CG_SPAN("a/b")},
        {"beyond ASCII", CG_SPAN("caf\xc3\xa9.example")},
        {"254 bytes", CG_SPAN("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")},
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_span two[] = {CG_SPAN_OF("localhost"), rows[i].host};
        struct cg_dev_certificate made = {0};
        assert_status_row(rows[i].label, cg_certificate_make(two, 2, NOW_S, LIFE_S, arena, &made),
                          CG_ERR_INPUT);
        assert_null(made.private_key_pem.data);
    }
}

TEST(certificate_refuses_an_address_that_does_not_parse)
{
    static const struct cg_span host = CG_SPAN("12345::1");
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_dev_certificate made = {0};
    assert_status(cg_certificate_make(&host, 1, NOW_S, LIFE_S, arena, &made), CG_ERR_INPUT);
    assert_int_equal(ERR_peek_error(), 0);
}

TEST(certificate_refuses_lives_and_times_out_of_range)
{
    static const struct {
        const char *label;
        size_t host_count;
        int64_t now_s;
        int64_t life_s;
    } rows[] = {
        {"no host", 0, NOW_S, LIFE_S},
        {"no life", 1, NOW_S, 0},
        {"negative life", 1, NOW_S, -1},
        {"more than a century", 1, NOW_S, INT64_C(101) * 366 * 86400},
        {"before time began", 1, 3599, LIFE_S},
        {"after time ends", 1, INT64_MAX, LIFE_S},
        {"year past 9999", 1, INT64_C(300000000000), LIFE_S},
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_dev_certificate made = {0};
        assert_status_row(rows[i].label,
                          cg_certificate_make(hosts, rows[i].host_count, rows[i].now_s,
                                              rows[i].life_s, arena, &made),
                          CG_ERR_INPUT);
    }
}

TEST(certificate_passes_on_that_the_arena_is_full)
{
    for (size_t max = 64; max < 1200; max += 250) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *small = NULL;
        assert_ok(cg_arena_new(max, &small));
        struct cg_dev_certificate made = {0};
        assert_status(cg_certificate_make(hosts, 1, NOW_S, LIFE_S, small, &made), CG_ERR_LIMIT);
        assert_null(made.ca_pem.data);
    }
}

TEST(certificate_expiry_is_that_of_the_first_certificate)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_dev_certificate made = make(arena);
    struct cg_dev_certificate later = {0};
    assert_ok(cg_certificate_make(hosts, 1, NOW_S, 2 * LIFE_S, arena, &later));
    struct cg_buf buf;
    cg_buf_init(&buf, 16384);
    cg_buf_put_string(&buf, "a line of prose first\n");
    cg_buf_put(&buf, made.private_key_pem);
    cg_buf_put(&buf, later.certificate_pem);
    cg_buf_put(&buf, made.certificate_pem);
    int64_t expires_s = 0;
    assert_ok(cg_certificate_expiry(made.certificate_pem, &expires_s));
    assert_int_equal(expires_s, NOW_S + LIFE_S);
    assert_ok(cg_certificate_expiry((struct cg_span){buf.data, buf.len}, &expires_s));
    assert_int_equal(expires_s, NOW_S + 2 * LIFE_S);
    cg_buf_release(&buf);
}

TEST(certificate_expiry_refuses_what_holds_no_certificate)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_dev_certificate made = make(arena);
    const struct {
        const char *label;
        struct cg_span pem;
    } rows[] = {
        {"absent", {NULL, 0}},
        {"prose", CG_SPAN_OF("no certificate here")},
        {"a key alone", made.private_key_pem},
        {"cut short", cg_span_part(made.certificate_pem, 0, made.certificate_pem.len / 2)},
        {"longer than OpenSSL can count", {made.ca_pem.data, (size_t)INT_MAX + 1}},
        {"encrypted, which would ask for a password",
         CG_SPAN_OF("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                    "AAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE-----\n")},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        int64_t expires_s = -7;
        assert_status_row(rows[i].label, cg_certificate_expiry(rows[i].pem, &expires_s),
                          CG_ERR_INPUT);
        assert_int_equal(expires_s, -7);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

TEST(certificate_fits_its_own_key_and_no_other)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_dev_certificate made = make(arena);
    struct cg_dev_certificate other = make(arena);
    const struct {
        const char *label;
        struct cg_span pem;
        struct cg_span key_pem;
        enum cg_status status;
    } rows[] = {
        {"its own", made.certificate_pem, made.private_key_pem, CG_OK},
        {"another's", made.certificate_pem, other.private_key_pem, CG_ERR_INPUT},
        {"its authority's", made.ca_pem, made.private_key_pem, CG_ERR_INPUT},
        {"no key", made.certificate_pem, made.certificate_pem, CG_ERR_INPUT},
        {"no certificate", made.private_key_pem, made.private_key_pem, CG_ERR_INPUT},
        {"absent", {NULL, 0}, {NULL, 0}, CG_ERR_INPUT},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_status_row(rows[i].label, cg_certificate_fits_key(rows[i].pem, rows[i].key_pem),
                          rows[i].status);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(certificate_is_accepted_by_openssl_within_its_life_only),
    cmocka_unit_test(certificate_names_its_hosts_and_no_other),
    cmocka_unit_test(certificate_of_the_server_cannot_sign_others),
    cmocka_unit_test(certificate_fits_its_private_key),
    cmocka_unit_test(certificate_refuses_hosts_that_are_none),
    cmocka_unit_test(certificate_refuses_an_address_that_does_not_parse),
    cmocka_unit_test(certificate_refuses_lives_and_times_out_of_range),
    cmocka_unit_test(certificate_passes_on_that_the_arena_is_full),
    cmocka_unit_test(certificate_expiry_is_that_of_the_first_certificate),
    cmocka_unit_test(certificate_expiry_refuses_what_holds_no_certificate),
    cmocka_unit_test(certificate_fits_its_own_key_and_no_other),
};

TEST_MAIN(tests)
