/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/certificate_facts.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "crypto/distinguished_name.h"
#include "crypto/openssl_failed.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define OID_TEXT_BYTES 128
#define INDEFINITE 1 /* what ASN1_get_object says of a length that BER alone has */
#define HEADER_WRONG 0x80

static void name_free_at(X509_NAME **name)
{
    X509_NAME_free(*name);
}

static void time_free_at(ASN1_TIME **at)
{
    ASN1_TIME_free(*at);
}

static void names_free_at(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static void extensions_free_at(X509_EXTENSIONS **extensions)
{
    sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}

static void bytes_free_at(uint8_t **bytes)
{
    OPENSSL_free(*bytes);
}

/* One element of DER: `whole` with its header, `content` without. */
struct element {
    struct cg_span whole;
    struct cg_span content;
    int tag;
    int class;
};

static enum cg_status next(struct cg_span *rest, struct element *ret_element)
{
    const unsigned char *at = rest->data;
    long len = 0;
    struct element element;
    if (rest->len == 0) {
        return CG_ERR_INPUT;
    }
    int form = ASN1_get_object(&at, &len, &element.tag, &element.class, (long)rest->len);
    if ((form & (HEADER_WRONG | INDEFINITE)) != 0) {
        return CG_ERR_INPUT;
    }
    size_t header = (size_t)(at - rest->data);
    element.whole = cg_span_part(*rest, 0, header + (size_t)len);
    element.content = cg_span_part(*rest, header, (size_t)len);
    *rest = cg_span_part(*rest, element.whole.len, rest->len);
    *ret_element = element;
    return CG_OK;
}

static bool is(const struct element *element, int class, int tag)
{
    return element->class == class && element->tag == tag;
}

static enum cg_status take(struct cg_span *rest, int tag, struct element *ret_element)
{
    CG_TRY(next(rest, ret_element));
    return is(ret_element, V_ASN1_UNIVERSAL, tag) ? CG_OK : CG_ERR_INPUT;
}

/* Where in the certificate what we ask for stands. RFC 5280 §4.1 */
struct parts {
    struct cg_span validity; /* content of the sequence */
    struct cg_span subject;  /* whole */
    struct cg_span extensions;
};

static enum cg_status find_extensions(struct cg_span rest, struct cg_span *ret_extensions)
{
    struct element element;
    while (rest.len > 0) {
        CG_TRY(next(&rest, &element));
        if (is(&element, V_ASN1_CONTEXT_SPECIFIC, 3)) {
            *ret_extensions = element.content;
        }
    }
    return CG_OK;
}

static enum cg_status find_parts(struct cg_span to_be_signed, struct parts *parts)
{
    struct element element;
    struct cg_span rest = to_be_signed;
    CG_TRY(next(&rest, &element));
    if (is(&element, V_ASN1_CONTEXT_SPECIFIC, 0)) { /* the version may be left out */
        CG_TRY(next(&rest, &element));
    }
    if (!is(&element, V_ASN1_UNIVERSAL, V_ASN1_INTEGER)) {
        return CG_ERR_INPUT;
    }
    CG_TRY(take(&rest, V_ASN1_SEQUENCE, &element)); /* algorithm */
    CG_TRY(take(&rest, V_ASN1_SEQUENCE, &element)); /* issuer */
    CG_TRY(take(&rest, V_ASN1_SEQUENCE, &element));
    parts->validity = element.content;
    CG_TRY(take(&rest, V_ASN1_SEQUENCE, &element));
    parts->subject = element.whole;
    CG_TRY(take(&rest, V_ASN1_SEQUENCE, &element)); /* public key */
    return find_extensions(rest, &parts->extensions);
}

static enum cg_status split(struct cg_span der, struct parts *parts)
{
    struct element certificate;
    struct element to_be_signed;
    struct element element;
    struct cg_span rest = der;
    CG_TRY(take(&rest, V_ASN1_SEQUENCE, &certificate));
    if (rest.len > 0) {
        return CG_ERR_INPUT;
    }
    rest = certificate.content;
    CG_TRY(take(&rest, V_ASN1_SEQUENCE, &to_be_signed));
    CG_TRY(take(&rest, V_ASN1_SEQUENCE, &element));   /* algorithm */
    CG_TRY(take(&rest, V_ASN1_BIT_STRING, &element)); /* signature */
    return rest.len > 0 ? CG_ERR_INPUT : find_parts(to_be_signed.content, parts);
}

static enum cg_status read_time(struct cg_span *rest, int64_t *ret_time_s)
{
    struct element element;
    struct tm broken = {0};
    CG_TRY(next(rest, &element));
    const unsigned char *at = element.whole.data;
    CG_CLEANUP(time_free_at) ASN1_TIME *time = d2i_ASN1_TIME(NULL, &at, (long)element.whole.len);
    if (time == NULL) {
        return cg_openssl_unread();
    }
    if (ASN1_TIME_to_tm(time, &broken) != 1) {
        return CG_ERR_INPUT;
    }
    *ret_time_s = timegm(&broken);
    return CG_OK;
}

static enum cg_status read_validity(struct cg_span validity, struct cg_certificate_facts *facts)
{
    struct cg_span rest = validity;
    CG_TRY(read_time(&rest, &facts->from_s));
    CG_TRY(read_time(&rest, &facts->until_s));
    return rest.len > 0 ? CG_ERR_INPUT : CG_OK;
}

/* Text that is none, of a type that is written as one, is no name that anybody could register: it
 * is empty. */
static enum cg_status text_of(const ASN1_STRING *value, uint8_t **text, struct cg_span *ret_text)
{
    int len = ASN1_STRING_to_UTF8(text, value);
    enum cg_status status = len < 0 ? cg_openssl_unread() : CG_OK;
    if (status == CG_ERR_LIMIT) {
        return status;
    }
    *ret_text = cg_span_of_bytes(*text, len < 0 ? 0 : (size_t)len);
    return CG_OK;
}

/* One attribute of the subject. A zero byte in it would end the name for some of its readers. */
static enum cg_status add_entry(struct cg_dn_rdn *rdn, const X509_NAME_ENTRY *entry,
                                struct cg_arena *arena)
{
    char type[OID_TEXT_BYTES];
    struct cg_span shown = {NULL, 0};
    CG_CLEANUP(bytes_free_at) uint8_t *text = NULL;
    CG_CLEANUP(bytes_free_at) uint8_t *der = NULL;
    ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
    int type_len = OBJ_obj2txt(type, sizeof(type), X509_NAME_ENTRY_get_object(entry), 1);
    if (type_len <= 0) {
        return cg_openssl_unread();
    }
    if (type_len >= (int)sizeof(type)) {
        return CG_ERR_INPUT;
    }
    CG_TRY(text_of(value, &text, &shown));
    if (cg_span_find(shown, '\0', 0) < shown.len) {
        return CG_ERR_INPUT;
    }
    ASN1_TYPE typed = {.type = ASN1_STRING_type(value), .value = {.asn1_string = value}};
    int der_len = i2d_ASN1_TYPE(&typed, &der);
    return der_len <= 0 ? cg_openssl_unread()
                        : cg_dn_add(rdn, cg_span_of_bytes(type, (size_t)type_len), shown,
                                    cg_span_of_bytes(der, (size_t)der_len), arena);
}

/* RFC 4514 §2.1: the relative names from the last to the first. */
static enum cg_status write_name(const X509_NAME *name, struct cg_arena *arena, struct cg_buf *buf)
{
    struct cg_dn_rdn rdn = {.count = 0};
    for (int i = X509_NAME_entry_count(name) - 1; i >= 0; i--) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        CG_TRY(add_entry(&rdn, entry, arena));
        bool is_last = i == 0 || X509_NAME_ENTRY_set(X509_NAME_get_entry(name, i - 1)) !=
                                     X509_NAME_ENTRY_set(entry);
        if (is_last) {
            cg_dn_put(&rdn, buf);
            rdn.count = 0;
        }
    }
    return CG_OK;
}

static enum cg_status read_subject(struct cg_span der, struct cg_arena *arena,
                                   struct cg_span *ret_subject)
{
    const unsigned char *at = der.data;
    CG_CLEANUP(name_free_at) X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)der.len);
    if (name == NULL) {
        return cg_openssl_unread();
    }
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TEXT_BYTES);
    CG_TRY(write_name(name, arena, &buf));
    return cg_buf_finish_input(&buf, ret_subject);
}

static enum cg_status keep_dns(const GENERAL_NAMES *names, struct cg_arena *arena,
                               struct cg_certificate_facts *facts)
{
    int count = sk_GENERAL_NAME_num(names);
    void *memory = NULL;
    if (count > CG_LIMIT_CERTIFICATE_NAMES) {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_arena_take_array(arena, (size_t)count + 1, sizeof(struct cg_span), &memory));
    struct cg_span *kept = memory;
    for (int i = 0; i < count; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS) {
            continue;
        }
        struct cg_span value = cg_span_of_bytes(ASN1_STRING_get0_data(name->d.dNSName),
                                                (size_t)ASN1_STRING_length(name->d.dNSName));
        CG_TRY(cg_arena_copy(arena, value, &kept[facts->dns_count]));
        facts->dns_count++;
    }
    facts->dns_names = kept;
    return CG_OK;
}

static enum cg_status read_alternatives(struct cg_span der, struct cg_arena *arena,
                                        struct cg_certificate_facts *facts)
{
    if (der.len == 0) {
        return CG_OK;
    }
    const unsigned char *at = der.data;
    CG_CLEANUP(extensions_free_at)
    X509_EXTENSIONS *extensions = d2i_X509_EXTENSIONS(NULL, &at, (long)der.len);
    int found = 0;
    if (extensions == NULL) {
        return cg_openssl_unread();
    }
    CG_CLEANUP(names_free_at)
    GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, &found, NULL);
    if (names == NULL && found >= 0) {
        return cg_openssl_unread();
    }
    if (names == NULL) {
        return found == -1 ? CG_OK : CG_ERR_INPUT; /* -1: there is none; -2: there are two */
    }
    return keep_dns(names, arena, facts);
}

enum cg_status cg_certificate_facts_read(struct cg_span der, struct cg_arena *arena,
                                         struct cg_certificate_facts *ret_facts)
{
    struct cg_certificate_facts facts = {.dns_count = 0};
    struct parts parts = {.extensions = {NULL, 0}};
    if (der.len > CG_LIMIT_CERTIFICATE_BYTES) {
        return CG_ERR_INPUT;
    }
    ERR_clear_error();
    enum cg_status status = split(der, &parts);
    if (status == CG_OK) {
        status = read_validity(parts.validity, &facts);
    }
    if (status == CG_OK) {
        status = read_subject(parts.subject, arena, &facts.subject);
    }
    if (status == CG_OK) {
        status = read_alternatives(parts.extensions, arena, &facts);
    }
    if (status == CG_OK) {
        status = cg_sha256(der, facts.digest);
    }
    if (status != CG_OK) {
        return cg_openssl_failed(status);
    }
    ERR_clear_error();
    *ret_facts = facts;
    return CG_OK;
}

bool cg_certificate_facts_have_dns(const struct cg_certificate_facts *facts, struct cg_span name)
{
    for (size_t i = 0; i < facts->dns_count; i++) {
        if (cg_span_equal_nocase(facts->dns_names[i], name)) {
            return true;
        }
    }
    return false;
}

static struct cg_span trim(struct cg_span text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.data[0]) != NULL && text.data[0] != '\0') {
        text = cg_span_part(text, 1, text.len);
    }
    while (text.len > 0 && text.data[text.len - 1] != '\0' &&
           strchr(" \t\r\n", text.data[text.len - 1]) != NULL) {
        text.len--;
    }
    return text;
}

/* Base64 with its line ends, which EVP takes out. */
static enum cg_status decode_body(struct cg_span body, uint8_t *room, size_t *ret_len)
{
    int len = 0;
    int last = 0;
    EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
    if (context == NULL) {
        return CG_ERR_LIMIT;
    }
    EVP_DecodeInit(context);
    bool good = EVP_DecodeUpdate(context, room, &len, body.data, (int)body.len) >= 0 &&
                EVP_DecodeFinal(context, room + len, &last) == 1;
    EVP_ENCODE_CTX_free(context);
    *ret_len = (size_t)len + (size_t)last;
    return good && *ret_len > 0 ? CG_OK : CG_ERR_INPUT;
}

enum cg_status cg_certificate_decode_pem(struct cg_span pem, struct cg_arena *arena,
                                         struct cg_span *ret_der)
{
    static const struct cg_span begin = CG_SPAN("-----BEGIN CERTIFICATE-----");
    static const struct cg_span end = CG_SPAN("-----END CERTIFICATE-----");
    struct cg_span text = trim(pem);
    void *room = NULL;
    size_t len = 0;
    if (text.len > CG_LIMIT_CERTIFICATE_PEM_BYTES) {
        return CG_ERR_INPUT;
    }
    if (text.len <= begin.len + end.len || !cg_span_starts_with(text, begin) ||
        !cg_span_equal(cg_span_part(text, text.len - end.len, end.len), end)) {
        return CG_ERR_INPUT;
    }
    struct cg_span body = cg_span_part(text, begin.len, text.len - begin.len - end.len);
    if (cg_span_find(body, '-', 0) != body.len) {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_arena_take(arena, body.len, &room));
    enum cg_status status = decode_body(body, room, &len);
    if (status != CG_OK) {
        return cg_openssl_failed(status);
    }
    *ret_der = cg_span_of_bytes(room, len);
    return CG_OK;
}
