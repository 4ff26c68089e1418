/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client_key_value.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "codec/uri.h"
#include "crypto/certificate_facts.h"
#include "crypto/distinguished_name.h"
#include "jose/jwks.h"

#define DNS_NAME_BYTES 253
#define DNS_LABEL_BYTES 63

/* What a value is read with, and what it is read into. */
struct reading {
    struct cg_span text;
    struct cg_arena *arena;
    struct cg_fault *fault;
    struct cg_span *ret_value;
};

static enum cg_status refuse(const struct reading *reading, const char *why)
{
    CG_FAIL(reading->fault, CG_ERR_INPUT, CG_REASON_NONE, why, NULL);
}

static enum cg_status keep(const struct reading *reading, struct cg_span value)
{
    if (value.len > CG_LIMIT_CLIENT_KEY_BYTES) {
        CG_FAIL(reading->fault, CG_ERR_LIMIT, CG_REASON_NONE,
                "it is longer than registered keys may be (8192 bytes): leave out certificates and "
                "old keys",
                NULL);
    }
    return cg_arena_copy(reading->arena, value, reading->ret_value);
}

static bool is_member(const struct cg_json_value *object, const char *name, const char *value)
{
    struct cg_span text = {NULL, 0};
    return cg_json_member_string(object, name, &text) == CG_OK && cg_span_equal_string(text, value);
}

/* Six bits a character, of which the first may hold some more zeros: what is too short for sure. */
static bool is_short_rsa(const struct cg_json_value *object)
{
    struct cg_span modulus = {NULL, 0};
    return is_member(object, "kty", "RSA") &&
           cg_json_member_string(object, "n", &modulus) == CG_OK &&
           modulus.len * 6 < CG_LIMIT_RSA_BITS_MIN;
}

/* Why a key of a set cannot be taken; NULL when it can. Keys to encrypt with are nobody's here, and
 * passed over as everywhere. */
static const char *object_to_key(const struct cg_json_value *object, size_t *usable)
{
    struct cg_jwk jwk = {.key = NULL};
    if (!cg_json_is_object(object)) {
        return "an element of \"keys\" is not an object";
    }
    if (is_member(object, "use", "enc")) {
        return NULL;
    }
    if (is_short_rsa(object)) {
        return "an RSA key is shorter than 2048 bits: make a longer one";
    }
    if (cg_jwk_parse(object, CG_JWK_MAY_NAME_ALG, &jwk) != CG_OK) {
        return "a key is malformed, for another use, or of a kind that is not known: RSA of 2048 "
               "to 4096 bits, EC on P-256, P-384 or P-521, OKP on Ed25519; an alg must fit it";
    }
    cg_jwk_release(&jwk);
    *usable += 1;
    return NULL;
}

static const char *object_to_keys(const struct cg_json_value *keys)
{
    size_t count = cg_json_count(keys);
    size_t usable = 0;
    for (size_t i = 0; i < count; i++) {
        const char *why = object_to_key(cg_json_element(keys, i), &usable);
        if (why != NULL) {
            return why;
        }
    }
    return usable > 0 ? NULL : "there is no key in it to verify signatures with";
}

static bool has_private_key(const struct cg_json_value *root)
{
    const struct cg_json_value *keys = cg_json_member(root, "keys");
    bool found = cg_jwk_has_private_members(root);
    for (size_t i = 0; i < cg_json_count(keys); i++) {
        found = found || cg_jwk_has_private_members(cg_json_element(keys, i));
    }
    return found;
}

static enum cg_status check_set(const struct reading *reading, const struct cg_json_value *root)
{
    const struct cg_json_value *keys = cg_json_member(root, "keys");
    if (has_private_key(root)) {
        return refuse(reading,
                      "it holds a PRIVATE key (d, p, q, dp, dq, qi, oth or k): whoever has "
                      "seen it can sign as its owner. Make a new pair, keep its private half "
                      "where it signs, register the public one");
    }
    if (!cg_json_is_array(keys)) {
        return refuse(reading, "it is not a JWK set: {\"keys\":[…]}, also for one key alone");
    }
    const char *why = object_to_keys(keys);
    if (why != NULL) {
        return refuse(reading, why);
    }
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
    CG_TRY(cg_jwks_parse(root, CG_JWK_MAY_NAME_ALG, &jwks));
    return cg_jwks_has_twins(jwks)
               ? refuse(reading, "two keys for one algorithm have the same kid: give each its own")
               : CG_OK;
}

static enum cg_status read_jwks(const struct reading *reading)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    enum cg_status status = cg_json_parse(reading->text, CG_LIMIT_JSON_BYTES, &json);
    if (status == CG_ERR_INPUT) {
        return refuse(reading, "it is not JSON; a PEM file goes into a JWK set first");
    }
    CG_TRY(status);
    CG_TRY(check_set(reading, cg_json_root(json)));
    struct cg_buf buf;
    struct cg_json_writer writer;
    struct cg_span compact = {NULL, 0};
    cg_buf_init_arena(&buf, reading->arena, reading->text.len + CG_LIMIT_TEXT_BYTES);
    cg_json_begin(&writer, &buf);
    cg_json_put_value(&writer, cg_json_root(json));
    CG_TRY(cg_buf_finish(&buf, &compact));
    return keep(reading, compact);
}

static enum cg_status read_jwks_uri(const struct reading *reading)
{
    struct cg_uri uri;
    if (cg_uri_parse(reading->text, &uri) != CG_OK || !cg_uri_is_http(&uri) ||
        !cg_span_equal_string(uri.scheme, "https")) {
        return refuse(reading, "the address of a key set is an absolute https URL without user "
                               "name and fragment");
    }
    return keep(reading, reading->text);
}

static enum cg_status read_certificate(const struct reading *reading)
{
    struct cg_span der = {NULL, 0};
    struct cg_certificate_facts facts;
    enum cg_status status = cg_certificate_decode_pem(reading->text, reading->arena, &der);
    if (status == CG_OK) {
        status = cg_certificate_facts_read(der, reading->arena, &facts);
    }
    if (status == CG_ERR_INPUT) {
        return refuse(reading, "it is not one certificate in PEM, and nothing else: leave out the "
                               "chain and, for good, the private key");
    }
    return status == CG_OK ? keep(reading, reading->text) : status;
}

static enum cg_status read_subject(const struct reading *reading)
{
    struct cg_span name = {NULL, 0};
    enum cg_status status = cg_dn_parse(reading->text, reading->arena, &name);
    if (status == CG_ERR_INPUT) {
        return refuse(reading,
                      "it is not a distinguished name of RFC 4514, the last part of the "
                      "subject first: CN=ward.example,O=Trust,C=GB; `openssl x509 -subject "
                      "-nameopt RFC2253` writes it so");
    }
    return status == CG_OK ? keep(reading, name) : status;
}

static bool is_dns_label(struct cg_span label)
{
    bool right = label.len > 0 && label.len <= DNS_LABEL_BYTES && label.data[0] != '-' &&
                 label.data[label.len - 1] != '-';
    for (size_t i = 0; right && i < label.len; i++) {
        uint8_t byte = label.data[i];
        right = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
    }
    return right;
}

/* RFC 1123 §2.1, in lower case. */
static bool is_dns_name(struct cg_span name)
{
    struct cg_span rest = name;
    struct cg_span label;
    while (cg_span_split(&rest, '.', &label)) {
        if (!is_dns_label(label)) {
            return false;
        }
    }
    return name.len > 0 && name.len <= DNS_NAME_BYTES;
}

static enum cg_status read_dns_name(const struct reading *reading)
{
    struct cg_buf lower;
    struct cg_span name = {NULL, 0};
    cg_buf_init_arena(&lower, reading->arena, DNS_NAME_BYTES + 1);
    for (size_t i = 0; i < reading->text.len; i++) {
        uint8_t byte = reading->text.data[i];
        cg_buf_put_byte(&lower, byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte);
    }
    if (cg_buf_finish(&lower, &name) != CG_OK || !is_dns_name(name)) {
        return refuse(reading, "it is not a DNS name: ward.example; no wildcard, no address, no "
                               "final dot");
    }
    return keep(reading, name);
}

typedef enum cg_status (*value_reader)(const struct reading *reading);

static const value_reader readers[CG_CLIENT_KEY_KIND_COUNT] = {
    [CG_CLIENT_KEY_JWKS] = read_jwks,
    [CG_CLIENT_KEY_JWKS_URI] = read_jwks_uri,
    [CG_CLIENT_KEY_CERTIFICATE] = read_certificate,
    [CG_CLIENT_KEY_TLS_SUBJECT] = read_subject,
    [CG_CLIENT_KEY_TLS_SAN_DNS] = read_dns_name,
};

enum cg_status cg_client_key_value_read(enum cg_client_key_kind kind, struct cg_span text,
                                        struct cg_arena *arena, struct cg_fault *fault,
                                        struct cg_span *ret_value)
{
    return readers[kind](&(struct reading){text, arena, fault, ret_value});
}

static enum cg_status parse(struct cg_span text, struct cg_jwks **ret_jwks)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_TRY(cg_json_parse(text, CG_LIMIT_CLIENT_KEY_BYTES, &json));
    return cg_jwks_parse(cg_json_root(json), CG_JWK_MAY_NAME_ALG, ret_jwks);
}

enum cg_status cg_client_key_value_beside(struct cg_span jwks, struct cg_span other,
                                          struct cg_fault *fault)
{
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *mine = NULL;
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *theirs = NULL;
    const struct cg_jwk *jwk = NULL;
    CG_TRY(parse(jwks, &mine));
    CG_TRY(parse(other, &theirs));
    for (size_t i = 0; (jwk = cg_jwks_at(mine, i)) != NULL; i++) {
        if (cg_jwks_find(theirs, cg_span_of_bytes(jwk->kid, jwk->kid_len)) != NULL) {
            CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                    "a key that is in force for the client has the same kid: give the new one its "
                    "own, or revoke the old one first",
                    NULL);
        }
    }
    return CG_OK;
}
