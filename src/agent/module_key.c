/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/module_key.h"

#include "base/span.h"
#include "base/status.h"
#include "jose/alg.h"
#include "jose/key_reference.h"

#define ARENA_BYTES 8192
#define ALGS "ES256 EdDSA PS256 RS256"

bool cg_module_key_is_named(struct cg_span key)
{
    return cg_span_starts_with(key, CG_SPAN_OF("pkcs11:"));
}

enum cg_status cg_module_key_check(struct cg_span uri, const char **ret_trouble)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_fault fault = {.text = "memory is short"};
    struct cg_pkcs11_object object;
    enum cg_status status = cg_arena_new(ARENA_BYTES, &arena);
    if (status == CG_OK) {
        status = cg_key_reference_parse(uri, arena, &fault, &object);
    }
    if (status != CG_OK) {
        *ret_trouble = fault.text;
    }
    return status;
}

/* The public half, bound to the first algorithm that the key is of. */
static enum cg_status read_public(const struct cg_module_key *key,
                                  const struct cg_pkcs11_object *object, struct cg_key **ret_public)
{
    struct cg_span rest = key->algs.len > 0 ? key->algs : CG_SPAN_OF(ALGS);
    struct cg_span word;
    enum cg_status status = CG_ERR_INPUT;
    while (status == CG_ERR_INPUT && cg_span_split(&rest, ' ', &word)) {
        const struct cg_alg *alg = cg_alg_find(word);
        status = alg == NULL
                     ? CG_ERR_INPUT
                     : cg_pkcs11_read_public(key->pkcs11, object, alg->key_algorithm, ret_public);
    }
    return status;
}

enum cg_status cg_module_key_open(const struct cg_module_key *key, struct cg_arena *arena,
                                  enum cg_key_algorithm *ret_algorithm,
                                  struct cg_signer **ret_signer)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *public_key = NULL;
    struct cg_pkcs11_object object;
    CG_TRY(cg_key_reference_parse(key->uri, arena, NULL, &object));
    CG_TRY(read_public(key, &object, &public_key));
    CG_TRY(cg_signer_new_in_module(key->pkcs11, &object, public_key, ret_signer));
    *ret_algorithm = cg_key_algorithm_of(public_key);
    return CG_OK;
}
