/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_test.h"

#include "crypto/certificate_facts.h"
#include "crypto/distinguished_name.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define FROM_S INT64_C(1767225600)  /* 2026-01-01T00:00:00Z */
#define UNTIL_S INT64_C(2556144000) /* 2051-01-01T00:00:00Z: a GeneralizedTime */

/* How a certificate is made; zeros and NULLs leave things out. */
struct recipe {
    const char *names[6]; /* type, value, ... in the order of the certificate */
    int encoding;         /* MBSTRING_UTF8 where 0 */
    bool one_rdn;         /* all of them parts of one relative name */
    const char *san;      /* in OpenSSL's configuration language */
};

static void add_names(X509_NAME *name, const struct recipe *recipe)
{
    int encoding = recipe->encoding != 0 ? recipe->encoding : MBSTRING_UTF8;
    for (size_t i = 0; i < TEST_COUNT(recipe->names) && recipe->names[i] != NULL; i += 2) {
        int set = recipe->one_rdn && i > 0 ? -1 : 0;
        assert_int_equal(X509_NAME_add_entry_by_txt(name, recipe->names[i], encoding,
                                                    (const uint8_t *)recipe->names[i + 1], -1, -1,
                                                    set),
                         1);
    }
}

static X509 *make(const struct recipe *recipe)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *made = X509_new();
    assert_int_equal(X509_set_version(made, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(made), 7), 1);
    assert_int_equal(X509_set_pubkey(made, key), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(made), FROM_S));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(made), UNTIL_S));
    add_names(X509_get_subject_name(made), recipe);
    assert_int_equal(X509_set_issuer_name(made, X509_get_subject_name(made)), 1);
    if (recipe->san != NULL) {
        X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, recipe->san);
        assert_non_null(san);
        assert_int_equal(X509_add_ext(made, san, -1), 1);
        X509_EXTENSION_free(san);
    }
    assert_true(X509_sign(made, key, EVP_sha256()) > 0);
    EVP_PKEY_free(key);
    return made;
}

static struct cg_span der_of(X509 *certificate, struct cg_arena *arena)
{
    uint8_t *bytes = NULL;
    struct cg_span der;
    int len = i2d_X509(certificate, &bytes);
    assert_true(len > 0);
    assert_ok(cg_arena_copy(arena, cg_span_of_bytes(bytes, (size_t)len), &der));
    OPENSSL_free(bytes);
    return der;
}

static struct cg_span make_der(const struct recipe *recipe, struct cg_arena *arena)
{
    X509 *made = make(recipe);
    struct cg_span der = der_of(made, arena);
    X509_free(made);
    return der;
}

static const struct recipe ward = {.names = {"C", "GB", "O", "Trust", "CN", "ward"},
                                   .san = "DNS:ward.example,email:a@b.example,DNS:*.wild.example"};

TEST(certificate_facts_are_those_that_openssl_reads)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_certificate_facts facts = {.dns_count = 0};
    X509 *made = make(&ward);
    assert_ok(cg_certificate_facts_read(der_of(made, arena), arena, &facts));
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    assert_int_equal(X509_digest(made, EVP_sha256(), digest, &len), 1);
    assert_memory_equal(facts.digest, digest, CG_SHA256_BYTES);
    assert_int_equal(facts.from_s, FROM_S);
    assert_int_equal(facts.until_s, UNTIL_S);
    assert_span_text(facts.subject, "CN=ward,O=Trust,C=GB");
    assert_int_equal(facts.dns_count, 2);
    X509_free(made);
}

TEST(certificate_facts_have_the_dns_names_that_stand_there)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_certificate_facts facts = {.dns_count = 0};
    assert_ok(cg_certificate_facts_read(make_der(&ward, arena), arena, &facts));
    assert_true(cg_certificate_facts_have_dns(&facts, CG_SPAN_OF("ward.example")));
    assert_true(cg_certificate_facts_have_dns(&facts, CG_SPAN_OF("WARD.example")));
    assert_false(cg_certificate_facts_have_dns(&facts, CG_SPAN_OF("a.wild.example")));
    assert_false(cg_certificate_facts_have_dns(&facts, CG_SPAN_OF("a@b.example")));
    assert_false(cg_certificate_facts_have_dns(&facts, CG_SPAN_OF("ward.example.org")));
    assert_false(cg_certificate_facts_have_dns(&facts, CG_SPAN_OF("")));
}

/* What an operator copies from `openssl x509 -subject -nameopt RFC2253` is the subject again. */
TEST(certificate_subject_is_what_openssl_prints_of_it)
{
    static const struct {
        const char *label;
        struct recipe recipe;
        const char *want;
    } rows[] = {
        {"in reverse", {.names = {"C", "GB", "O", "Trust", "CN", "ward"}}, "CN=ward,O=Trust,C=GB"},
        {"another string type",
         {.names = {"C", "GB", "O", "Trust"}, .encoding = MBSTRING_ASC},
         "O=Trust,C=GB"},
        {"parts of one name",
         {.names = {"OU", "Sales", "CN", "ward"}, .one_rdn = true},
         "CN=ward+OU=Sales"},
        {"what must be escaped",
         {.names = {"O", " a,b+c;\"d\"<e> ", "CN", "#1"}},
         "CN=\\#1,O=\\ a\\,b\\+c\\;\\\"d\\\"\\<e\\>\\ "},
        {"beyond ASCII", {.names = {"CN", "Lu\xc4\x8di\xc4\x87"}}, "CN=Lu\xc4\x8di\xc4\x87"},
        {"a control character", {.names = {"CN", "a\nb"}}, "CN=a\\0Ab"},
        {"a type without a name",
         {.names = {"1.3.6.1.4.1.99999.1", "x"}},
         "1.3.6.1.4.1.99999.1=#0c0178"},
        {"all our names",
         {.names = {"serialNumber", "5", "emailAddress", "a@b.example", "DC", "example"}},
         "DC=example,emailAddress=a@b.example,serialNumber=5"},
        {"no subject", {.names = {NULL}}, ""},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        struct cg_certificate_facts facts = {.dns_count = 0};
        X509 *made = make(&rows[i].recipe);
        assert_status_row(rows[i].label,
                          cg_certificate_facts_read(der_of(made, arena), arena, &facts), CG_OK);
        assert_span_text_row(rows[i].label, facts.subject, rows[i].want);
        BIO *bio = BIO_new(BIO_s_mem());
        assert_true(X509_NAME_print_ex(bio, X509_get_subject_name(made), 0, XN_FLAG_RFC2253) >= 0);
        char *printed = NULL;
        long len = BIO_get_mem_data(bio, &printed);
        struct cg_span parsed = CG_SPAN_OF("");
        if (len > 0) {
            assert_status_row(rows[i].label,
                              cg_dn_parse(cg_span_of_bytes(printed, (size_t)len), arena, &parsed),
                              CG_OK);
        }
        assert_span_equal_row(rows[i].label, parsed, facts.subject);
        BIO_free(bio);
        X509_free(made);
    }
}

TEST(certificate_facts_refuse_a_name_with_a_zero_byte)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_certificate_facts facts = {.dns_count = 0};
    X509 *made = make(&(struct recipe){.names = {NULL}});
    X509_NAME *name = X509_get_subject_name(made);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_UTF8STRING,
                                                (const uint8_t *)"ward\0.evil", 10, -1, 0),
                     1);
    (void)i2d_re_X509_tbs(made, NULL);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_true(X509_sign(made, key, EVP_sha256()) > 0);
    EVP_PKEY_free(key);
    assert_status(cg_certificate_facts_read(der_of(made, arena), arena, &facts), CG_ERR_INPUT);
    X509_free(made);
}

TEST(certificate_facts_refuse_whatever_is_cut_or_longer)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span der = make_der(&ward, arena);
    struct cg_span longer;
    for (size_t len = 0; len < der.len; len++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *small = new_arena();
        struct cg_certificate_facts facts = {.dns_count = 0};
        assert_status(cg_certificate_facts_read(cg_span_part(der, 0, len), small, &facts),
                      CG_ERR_INPUT);
    }
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_CERTIFICATE_BYTES);
    cg_buf_put(&buf, der);
    cg_buf_put_byte(&buf, 0);
    assert_ok(cg_buf_finish(&buf, &longer));
    struct cg_certificate_facts facts = {.dns_count = 0};
    assert_status(cg_certificate_facts_read(longer, arena, &facts), CG_ERR_INPUT);
    assert_int_equal(ERR_peek_error(), 0);
}

TEST(certificate_facts_survive_each_byte_changed)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span der = make_der(&ward, arena);
    void *memory = NULL;
    assert_ok(cg_arena_take(arena, der.len, &memory));
    uint8_t *bytes = memory;
    memcpy(bytes, der.data, der.len);
    for (size_t i = 0; i < der.len; i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *small = new_arena();
        struct cg_certificate_facts facts = {.dns_count = 0};
        bytes[i] ^= 0xff;
        (void)!cg_certificate_facts_read(cg_span_of_bytes(bytes, der.len), small, &facts);
        bytes[i] ^= 0xff;
    }
    assert_int_equal(ERR_peek_error(), 0);
}

TEST(certificate_facts_are_bounded)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_certificate_facts facts = {.dns_count = 0};
    static const uint8_t huge[CG_LIMIT_CERTIFICATE_BYTES + 1] = {0x30};
    assert_status(cg_certificate_facts_read(cg_span_of_bytes(huge, sizeof(huge)), arena, &facts),
                  CG_ERR_INPUT);
    char san[16 * (CG_LIMIT_CERTIFICATE_NAMES + 2)] = "DNS:a";
    for (size_t i = 0; i < CG_LIMIT_CERTIFICATE_NAMES; i++) {
        (void)snprintf(san + strlen(san), sizeof(san) - strlen(san), ",DNS:b%zu", i);
    }
    struct recipe many = {.names = {"CN", "ward"}, .san = san};
    assert_status(cg_certificate_facts_read(make_der(&many, arena), arena, &facts), CG_ERR_INPUT);
    for (size_t max = 16; max < 96; max += 16) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *small = NULL;
        assert_ok(cg_arena_new(max, &small));
        assert_status(cg_certificate_facts_read(make_der(&ward, arena), small, &facts),
                      CG_ERR_LIMIT);
    }
}

static struct cg_span pem_of(X509 *certificate, struct cg_arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    struct cg_span pem;
    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    long len = BIO_get_mem_data(bio, &text);
    assert_ok(cg_arena_copy(arena, cg_span_of_bytes(text, (size_t)len), &pem));
    BIO_free(bio);
    return pem;
}

TEST(certificate_pem_gives_the_certificate_back)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    X509 *made = make(&ward);
    struct cg_span pem = pem_of(made, arena);
    struct cg_span der = {NULL, 0};
    assert_ok(cg_certificate_decode_pem(pem, arena, &der));
    assert_span_equal(der, der_of(made, arena));
    struct cg_buf buf;
    struct cg_span spaced;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_CERTIFICATE_PEM_BYTES);
    cg_buf_put_string(&buf, "\r\n ");
    cg_buf_put(&buf, pem);
    cg_buf_put_string(&buf, " \n");
    assert_ok(cg_buf_finish(&buf, &spaced));
    assert_ok(cg_certificate_decode_pem(spaced, arena, &der));
    assert_span_equal(der, der_of(made, arena));
    X509_free(made);
}

TEST(certificate_pem_is_one_certificate_and_nothing_else)
{
    static const struct {
        const char *label;
        const char *text;
    } rows[] = {
        {"nothing", ""},
        {"prose", "a certificate"},
        {"another kind", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"},
        {"the private key behind it",
         "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
         "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
        {"two of them", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
                        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
        {"prose in front", "Subject: x\n-----BEGIN CERTIFICATE-----\nAAAA\n"
                           "-----END CERTIFICATE-----\n"},
        {"an empty one", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"},
        {"no base64", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"},
        {"cut base64", "-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n"},
        {"no end", "-----BEGIN CERTIFICATE-----\nAAAA\n"},
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span der = {NULL, 0};
        assert_status_row(rows[i].label,
                          cg_certificate_decode_pem(test_span(rows[i].text), arena, &der),
                          CG_ERR_INPUT);
        assert_null(der.data);
    }
    static const uint8_t huge[CG_LIMIT_CERTIFICATE_PEM_BYTES + 1] = {'-'};
    struct cg_span der = {NULL, 0};
    assert_status(cg_certificate_decode_pem(cg_span_of_bytes(huge, sizeof(huge)), arena, &der),
                  CG_ERR_INPUT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(certificate_facts_are_those_that_openssl_reads),
    cmocka_unit_test(certificate_facts_have_the_dns_names_that_stand_there),
    cmocka_unit_test(certificate_subject_is_what_openssl_prints_of_it),
    cmocka_unit_test(certificate_facts_refuse_a_name_with_a_zero_byte),
    cmocka_unit_test(certificate_facts_refuse_whatever_is_cut_or_longer),
    cmocka_unit_test(certificate_facts_survive_each_byte_changed),
    cmocka_unit_test(certificate_facts_are_bounded),
    cmocka_unit_test(certificate_pem_gives_the_certificate_back),
    cmocka_unit_test(certificate_pem_is_one_certificate_and_nothing_else),
};
TEST_MAIN(tests)
