/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs that are made in a token, and destroyed there. */
#include "base/span.h"
#include "base/status.h"
#include "crypto/pkcs11_inner.h"

#define ATTRIBUTES_MAX 8

struct template
{
    CK_ATTRIBUTE attributes[ATTRIBUTES_MAX];
    CK_ULONG count;
};

/* PKCS #11 takes what it only reads by pointers that it could write to. */
static void put(struct template *template, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
    template->attributes[template->count++] =
        (CK_ATTRIBUTE){type, (void *)(uintptr_t)value, (CK_ULONG)len};
}

static void put_span(struct template *template, CK_ATTRIBUTE_TYPE type, struct cg_span value)
{
    put(template, type, value.data, value.len);
}

static const CK_BBOOL yes = CK_TRUE;
static const CK_BBOOL no = CK_FALSE;
/* RFC 8017 §3.1: 65537, as everybody has it. */
static const struct cg_span exponent = CG_SPAN("\x01\x00\x01");

static void describe_public(struct template *template, const struct cg_pkcs11_object *object,
                            const struct cg_pkcs11_way *way, const CK_ULONG *bits)
{
    put(template, CKA_TOKEN, &yes, sizeof(yes));
    put(template, CKA_VERIFY, &yes, sizeof(yes));
    put_span(template, CKA_LABEL, object->object);
    put_span(template, CKA_ID, object->id);
    if (way->curve.data != NULL) {
        put_span(template, CKA_EC_PARAMS, way->curve);
        return;
    }
    put(template, CKA_MODULUS_BITS, bits, sizeof(*bits));
    put_span(template, CKA_PUBLIC_EXPONENT, exponent);
}

/* PKCS #11 2.40 §2.1.3: what makes that a private half is never seen outside. */
static void describe_private(struct template *template, const struct cg_pkcs11_object *object)
{
    put(template, CKA_TOKEN, &yes, sizeof(yes));
    put(template, CKA_PRIVATE, &yes, sizeof(yes));
    put(template, CKA_SENSITIVE, &yes, sizeof(yes));
    put(template, CKA_EXTRACTABLE, &no, sizeof(no));
    put(template, CKA_SIGN, &yes, sizeof(yes));
    put_span(template, CKA_LABEL, object->object);
    put_span(template, CKA_ID, object->id);
}

static enum cg_status generate(struct cg_pkcs11 *pkcs11, const struct cg_pkcs11_object *object,
                               const struct cg_pkcs11_way *way, CK_ULONG bits)
{
    struct template public_half = {.count = 0};
    struct template private_half = {.count = 0};
    CK_MECHANISM mechanism = {way->generates, NULL, 0};
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE made[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    describe_public(&public_half, object, way, &bits);
    describe_private(&private_half, object);
    CG_TRY(cg_pkcs11_session_open(pkcs11, object, CKF_RW_SESSION, &session));
    CK_RV rv = pkcs11->functions->C_GenerateKeyPair(session, &mechanism, public_half.attributes,
                                                    public_half.count, private_half.attributes,
                                                    private_half.count, &made[0], &made[1]);
    (void)pkcs11->functions->C_CloseSession(session);
    return rv == CKR_OK ? CG_OK
                        : cg_pkcs11_fail(pkcs11, CG_ERR_CRYPTO,
                                         "the token makes no key pair of this type for its user");
}

enum cg_status cg_pkcs11_generate(struct cg_pkcs11 *pkcs11, const struct cg_pkcs11_object *object,
                                  enum cg_key_algorithm algorithm, unsigned bits)
{
    const struct cg_pkcs11_way *way = NULL;
    CG_TRY(cg_pkcs11_way_of(pkcs11, algorithm, &way));
    cg_pkcs11_lock(pkcs11);
    enum cg_status status = generate(pkcs11, object, way, bits);
    cg_pkcs11_unlock(pkcs11);
    return status;
}

static enum cg_status destroy_half(struct cg_pkcs11 *pkcs11, CK_SESSION_HANDLE session,
                                   const struct cg_pkcs11_object *object, CK_OBJECT_CLASS class)
{
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    enum cg_status status = cg_pkcs11_find(pkcs11, session, object, class, &handle);
    if (status == CG_ERR_NOT_FOUND) {
        return CG_OK;
    }
    CG_TRY(status);
    if (pkcs11->functions->C_DestroyObject(session, handle) != CKR_OK) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_CRYPTO, "the token does not destroy a key");
    }
    return CG_OK;
}

static enum cg_status destroy(struct cg_pkcs11 *pkcs11, const struct cg_pkcs11_object *object)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CG_TRY(cg_pkcs11_session_open(pkcs11, object, CKF_RW_SESSION, &session));
    enum cg_status status = destroy_half(pkcs11, session, object, CKO_PRIVATE_KEY);
    if (status == CG_OK) {
        status = destroy_half(pkcs11, session, object, CKO_PUBLIC_KEY);
    }
    (void)pkcs11->functions->C_CloseSession(session);
    return status;
}

enum cg_status cg_pkcs11_destroy(struct cg_pkcs11 *pkcs11, const struct cg_pkcs11_object *object)
{
    cg_pkcs11_lock(pkcs11);
    enum cg_status status = destroy(pkcs11, object);
    cg_pkcs11_unlock(pkcs11);
    return status;
}
