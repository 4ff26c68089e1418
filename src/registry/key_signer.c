/* SPDX-License-Identifier: Apache-2.0 */
/* From a stored key to what signs with it, wherever its private half is. */
#include "base/buf.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "jose/jwk.h"
#include "jose/key_reference.h"
#include "registry/key_row.h"

#define PARSE_BYTES 65536
#define ID_BYTES 16
#define LABEL_BYTES 64

/* The public half, as it is published. */
static enum cg_status read_public(const struct cg_signing_key *key, struct cg_key **ret_key)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_CLEANUP(cg_jwk_release) struct cg_jwk jwk = {.key = NULL};
    CG_TRY(cg_json_parse(key->public_jwk, PARSE_BYTES, &json));
    CG_TRY(cg_jwk_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwk));
    *ret_key = CG_STEAL(jwk.key);
    return CG_OK;
}

static enum cg_status make_in_module(const struct cg_signing_key *key,
                                     const struct cg_key_means *means, struct cg_arena *arena,
                                     struct cg_signer **ret_signer)
{
    struct cg_pkcs11_object object;
    CG_CLEANUP(cg_key_free_at) struct cg_key *public_key = NULL;
    if (means->pkcs11 == NULL) {
        return CG_ERR_NOT_FOUND;
    }
    CG_TRY(cg_key_reference_parse(key->reference, arena, NULL, &object));
    CG_TRY(read_public(key, &public_key));
    return cg_signer_new_in_module(means->pkcs11, &object, public_key, ret_signer);
}

enum cg_status cg_signing_key_signer(const struct cg_signing_key *key,
                                     const struct cg_key_means *means, struct cg_arena *arena,
                                     struct cg_signer **ret_signer)
{
    if (key->reference.len > 0) {
        return make_in_module(key, means, arena, ret_signer);
    }
    CG_CLEANUP(cg_key_free_at) struct cg_key *opened = NULL;
    CG_TRY(cg_signing_key_unseal(key, means->master_key, &opened));
    return cg_signer_new(opened, ret_signer);
}

static enum cg_status check_module(const struct cg_signing_key_order *order, struct cg_fault *fault)
{
    if (order->pkcs11 == NULL) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "no module is configured: put caregate_pkcs11_module and caregate_pkcs11_pin into "
                "nginx.conf",
                NULL);
    }
    return CG_OK;
}

enum cg_status cg_key_fetch(const struct cg_signing_key_order *order,
                            enum cg_key_algorithm algorithm, struct cg_arena *arena,
                            struct cg_fault *fault, struct cg_key **ret_public)
{
    struct cg_pkcs11_object object;
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    CG_TRY(cg_key_reference_parse(order->reference, arena, fault, &object));
    CG_TRY(check_module(order, fault));
    enum cg_status status = cg_pkcs11_read_public(order->pkcs11, &object, algorithm, &key);
    if (status == CG_OK) {
        status = cg_signer_new_in_module(order->pkcs11, &object, key, &signer);
    }
    if (status != CG_OK) {
        CG_FAIL(fault, status, CG_REASON_NONE, cg_pkcs11_trouble(order->pkcs11), NULL);
    }
    *ret_public = CG_STEAL(key);
    return CG_OK;
}

/* An id that no other key has; without a label its text is that, after whose key it is. */
static enum cg_status name_object(const struct cg_random *random, struct cg_arena *arena,
                                  struct cg_pkcs11_object *object)
{
    void *id = NULL;
    struct cg_buf label;
    CG_TRY(cg_arena_take(arena, ID_BYTES, &id));
    CG_TRY(cg_random_fill(random, id, ID_BYTES));
    object->id = cg_span_of_bytes(id, ID_BYTES);
    if (object->object.data != NULL) {
        return CG_OK;
    }
    cg_buf_init_arena(&label, arena, LABEL_BYTES);
    cg_buf_put_string(&label, "caregate-");
    cg_base64url_encode(object->id, &label);
    return cg_buf_finish(&label, &object->object);
}

enum cg_status cg_key_make_there(const struct cg_signing_key_order *order,
                                 enum cg_key_algorithm algorithm, unsigned bits,
                                 struct cg_arena *arena, struct cg_fault *fault,
                                 struct cg_span *ret_reference)
{
    struct cg_pkcs11_object object;
    CG_TRY(cg_key_reference_parse_place(order->reference, arena, fault, &object));
    CG_TRY(check_module(order, fault));
    CG_TRY(name_object(order->random, arena, &object));
    CG_TRY(cg_key_reference_write(&object, arena, ret_reference));
    enum cg_status status = cg_pkcs11_generate(order->pkcs11, &object, algorithm, bits);
    if (status != CG_OK) {
        CG_FAIL(fault, status, CG_REASON_NONE, cg_pkcs11_trouble(order->pkcs11), NULL);
    }
    return CG_OK;
}

void cg_key_unmake_there(const struct cg_signing_key_order *order, struct cg_span reference,
                         struct cg_arena *arena)
{
    struct cg_pkcs11_object object;
    enum cg_status status = cg_key_reference_parse(reference, arena, NULL, &object);
    if (status == CG_OK) {
        status = cg_pkcs11_destroy(order->pkcs11, &object);
    }
    (void)status; /* it is in nobody's way there */
}
