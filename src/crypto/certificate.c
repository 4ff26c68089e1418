/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/certificate.h"

#include "base/span.h"
#include "base/status.h"
#include "crypto/openssl_failed.h"
#include "crypto/pem_read.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define BACKDATED_S 3600
#define LIFE_MAX_S ((int64_t)100 * 366 * 86400)
#define TIME_MAX_S INT64_C(253402300799) /* the end of year 9999, and of X.509's time */
#define SERIAL_BITS 127
#define HOST_BYTES_MAX 253
#define VERSION_3 2 /* as it is encoded: RFC 5280 §4.1.2.1 */

struct extension {
    int nid;
    const char *value; /* in OpenSSL's configuration language */
};

/* The authority may sign certificates, and none that sign others: RFC 5280 §4.2.1.3, §4.2.1.9. */
static const struct extension ca_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {NID_undef, NULL},
};

static const struct extension server_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
    {NID_undef, NULL},
};

struct validity {
    int64_t from_s;
    int64_t until_s;
};

static void pkey_free_at(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

static void x509_free_at(X509 **certificate)
{
    X509_free(*certificate);
}

static void bn_free_at(BIGNUM **number)
{
    BN_free(*number);
}

static void names_free_at(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static void octets_free_at(ASN1_OCTET_STRING **octets)
{
    ASN1_OCTET_STRING_free(*octets);
}

static void extension_free_at(X509_EXTENSION **extension)
{
    X509_EXTENSION_free(*extension);
}

static bool is_host_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == ':' ||
           byte == '_' || byte == '*';
}

/* NULL when it is no address, or OpenSSL fails. */
static ASN1_OCTET_STRING *host_address(struct cg_span host)
{
    char text[HOST_BYTES_MAX + 1] = {0};
    memcpy(text, host.data, host.len);
    return a2i_IPADDRESS(text);
}

/* A name or an address; a colon stands in addresses only. */
static bool host_is_good(struct cg_span host)
{
    if (host.len == 0 || host.len > HOST_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        if (!is_host_byte(host.data[i])) {
            return false;
        }
    }
    if (cg_span_find(host, ':', 0) == host.len) {
        return true;
    }
    CG_CLEANUP(octets_free_at) ASN1_OCTET_STRING *address = host_address(host);
    return address != NULL;
}

static ASN1_IA5STRING *host_label(struct cg_span host)
{
    ASN1_IA5STRING *label = ASN1_IA5STRING_new();
    if (label != NULL && ASN1_STRING_set(label, host.data, (int)host.len) != 1) {
        ASN1_IA5STRING_free(label);
        return NULL;
    }
    return label;
}

/* An address when it reads as one, else a name. NULL when OpenSSL fails. */
static GENERAL_NAME *host_name(struct cg_span host)
{
    ASN1_OCTET_STRING *address = host_address(host);
    ASN1_STRING *value = address != NULL ? address : host_label(host);
    GENERAL_NAME *name = value != NULL ? GENERAL_NAME_new() : NULL;
    if (name == NULL) {
        ASN1_STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, address != NULL ? GEN_IPADD : GEN_DNS, value);
    return name;
}

/*
 * Subject alternative names are built as objects: OpenSSL's configuration language would read a
 * comma in a host as the next name.
 */
static bool add_hosts(X509 *certificate, const struct cg_span *hosts, size_t host_count)
{
    CG_CLEANUP(names_free_at) GENERAL_NAMES *names = GENERAL_NAMES_new();
    for (size_t i = 0; i < host_count && names != NULL; i++) {
        GENERAL_NAME *name = host_name(hosts[i]);
        if (name == NULL || sk_GENERAL_NAME_push(names, name) <= 0) {
            GENERAL_NAME_free(name);
            return false;
        }
    }
    return names != NULL &&
           X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
}

static bool add_extensions(X509 *certificate, X509 *issuer, const struct extension *rows)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (const struct extension *row = rows; row->value != NULL; row++) {
        CG_CLEANUP(extension_free_at)
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, row->nid, row->value);
        if (extension == NULL || X509_add_ext(certificate, extension, -1) != 1) {
            return false;
        }
    }
    return true;
}

static bool set_serial(X509 *certificate)
{
    CG_CLEANUP(bn_free_at) BIGNUM *serial = BN_new();
    return serial != NULL &&
           BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != NULL;
}

/* A certificate without extensions or signature; NULL when OpenSSL fails. */
static X509 *blank(EVP_PKEY *pkey, const char *name, const struct validity *validity)
{
    CG_CLEANUP(x509_free_at) X509 *certificate = X509_new();
    if (certificate == NULL || X509_set_version(certificate, VERSION_3) != 1 ||
        !set_serial(certificate) || X509_set_pubkey(certificate, pkey) != 1 ||
        ASN1_TIME_set(X509_getm_notBefore(certificate), validity->from_s) == NULL ||
        ASN1_TIME_set(X509_getm_notAfter(certificate), validity->until_s) == NULL ||
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                   (const uint8_t *)name, -1, -1, 0) != 1) {
        return NULL;
    }
    return CG_STEAL(certificate);
}

static X509 *make_ca(EVP_PKEY *pkey, const struct validity *validity)
{
    CG_CLEANUP(x509_free_at)
    X509 *ca = blank(pkey, "Caregate development authority", validity);
    if (ca == NULL || X509_set_issuer_name(ca, X509_get_subject_name(ca)) != 1 ||
        !add_extensions(ca, ca, ca_extensions) || X509_sign(ca, pkey, EVP_sha256()) == 0) {
        return NULL;
    }
    return CG_STEAL(ca);
}

static enum cg_status bio_copy(BIO *bio, struct cg_arena *arena, struct cg_span *ret_text)
{
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    return cg_arena_copy(arena, (struct cg_span){(const uint8_t *)text, (size_t)len}, ret_text);
}

static enum cg_status certificate_pem(X509 *certificate, struct cg_arena *arena,
                                      struct cg_span *ret_pem)
{
    CG_CLEANUP(cg_bio_free_at) BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_X509(bio, certificate) != 1) {
        return CG_ERR_CRYPTO;
    }
    return bio_copy(bio, arena, ret_pem);
}

/* OpenSSL cleanses the memory of such a BIO. */
static enum cg_status private_key_pem(EVP_PKEY *pkey, struct cg_arena *arena,
                                      struct cg_span *ret_pem)
{
    CG_CLEANUP(cg_bio_free_at) BIO *bio = BIO_new(BIO_s_secmem());
    if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) != 1) {
        return CG_ERR_CRYPTO;
    }
    return bio_copy(bio, arena, ret_pem);
}

struct names {
    const struct cg_span *hosts;
    size_t count;
};

static enum cg_status make(const struct names *names, const struct validity *validity,
                           struct cg_arena *arena, struct cg_dev_certificate *ret_certificate)
{
    CG_CLEANUP(pkey_free_at) EVP_PKEY *ca_pkey = EVP_EC_gen("P-256");
    CG_CLEANUP(pkey_free_at) EVP_PKEY *pkey = EVP_EC_gen("P-256");
    if (ca_pkey == NULL || pkey == NULL) {
        return CG_ERR_CRYPTO;
    }
    CG_CLEANUP(x509_free_at) X509 *ca = make_ca(ca_pkey, validity);
    CG_CLEANUP(x509_free_at)
    X509 *server = blank(pkey, "Caregate development server", validity);
    if (ca == NULL || server == NULL ||
        X509_set_issuer_name(server, X509_get_subject_name(ca)) != 1 ||
        !add_extensions(server, ca, server_extensions) ||
        !add_hosts(server, names->hosts, names->count) ||
        X509_sign(server, ca_pkey, EVP_sha256()) == 0) {
        return CG_ERR_CRYPTO;
    }
    CG_TRY(certificate_pem(ca, arena, &ret_certificate->ca_pem));
    CG_TRY(certificate_pem(server, arena, &ret_certificate->certificate_pem));
    return private_key_pem(pkey, arena, &ret_certificate->private_key_pem);
}

static bool hosts_are_good(const struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (!host_is_good(names->hosts[i])) {
            return false;
        }
    }
    return names->count > 0;
}

enum cg_status cg_certificate_make(const struct cg_span *hosts, size_t host_count, int64_t now_s,
                                   int64_t life_s, struct cg_arena *arena,
                                   struct cg_dev_certificate *ret_certificate)
{
    const struct names names = {hosts, host_count};
    if (!hosts_are_good(&names) || now_s < BACKDATED_S || now_s > TIME_MAX_S - LIFE_MAX_S ||
        life_s <= 0 || life_s > LIFE_MAX_S) {
        return cg_openssl_failed(CG_ERR_INPUT);
    }
    const struct validity validity = {now_s - BACKDATED_S, now_s + life_s};
    struct cg_dev_certificate made = {0};
    enum cg_status status = make(&names, &validity, arena, &made);
    if (status != CG_OK) {
        return cg_openssl_failed(status);
    }
    *ret_certificate = made;
    return CG_OK;
}

enum cg_status cg_certificate_expiry(struct cg_span pem, int64_t *ret_expires_s)
{
    if (pem.len == 0 || pem.len > INT_MAX) {
        return CG_ERR_INPUT;
    }
    CG_CLEANUP(cg_bio_free_at) BIO *bio = cg_pem_open(pem);
    if (bio == NULL) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    CG_CLEANUP(x509_free_at)
    X509 *certificate = PEM_read_bio_X509(bio, NULL, cg_pem_no_password, NULL);
    struct tm expires = {0};
    if (certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &expires) != 1) {
        return cg_openssl_failed(CG_ERR_INPUT);
    }
    *ret_expires_s = timegm(&expires);
    ERR_clear_error();
    return CG_OK;
}

static enum cg_status read_private(struct cg_span pem, EVP_PKEY **ret_key)
{
    CG_CLEANUP(cg_bio_free_at) BIO *bio = cg_pem_open(pem);
    EVP_PKEY *key =
        bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, cg_pem_no_password, NULL);
    if (key == NULL) {
        return pem.len == 0 ? CG_ERR_INPUT : cg_openssl_unread();
    }
    *ret_key = key;
    return CG_OK;
}

static enum cg_status read_certificate(struct cg_span pem, X509 **ret_certificate)
{
    CG_CLEANUP(cg_bio_free_at) BIO *bio = cg_pem_open(pem);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, cg_pem_no_password, NULL);
    if (certificate == NULL) {
        return pem.len == 0 ? CG_ERR_INPUT : cg_openssl_unread();
    }
    *ret_certificate = certificate;
    return CG_OK;
}

enum cg_status cg_certificate_fits_key(struct cg_span pem, struct cg_span key_pem)
{
    CG_CLEANUP(x509_free_at) X509 *certificate = NULL;
    CG_CLEANUP(pkey_free_at) EVP_PKEY *key = NULL;
    ERR_clear_error();
    CG_TRY(read_certificate(pem, &certificate));
    CG_TRY(read_private(key_pem, &key));
    bool fits = X509_check_private_key(certificate, key) == 1;
    return cg_openssl_failed(fits ? CG_OK : CG_ERR_INPUT);
}
