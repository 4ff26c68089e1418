/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keyed_hash.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/status.h"
#include "crypto/openssl_failed.h"

#include <openssl/evp.h>
#include <string.h>

struct cg_keyed_hash {
    EVP_MAC_CTX *context;
    uint8_t key[CG_KEYED_HASH_KEY_BYTES];
};

CG_DEFINE_CLEANUP(keyed_hash_free_at, struct cg_keyed_hash *, cg_keyed_hash_free)

static enum cg_status make_context(struct cg_keyed_hash *hash)
{
    EVP_MAC *method = EVP_MAC_fetch(NULL, "POLY1305", NULL);
    if (method == NULL) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    hash->context = EVP_MAC_CTX_new(method);
    EVP_MAC_free(method); /* the context holds it */
    return hash->context != NULL ? CG_OK : cg_openssl_failed(CG_ERR_CRYPTO);
}

enum cg_status cg_keyed_hash_new(const struct cg_random *random, struct cg_keyed_hash **ret_hash)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_keyed_hash), &memory));
    CG_CLEANUP(keyed_hash_free_at) struct cg_keyed_hash *hash = memory;
    CG_TRY(make_context(hash));
    CG_TRY(cg_random_fill(random, hash->key, sizeof(hash->key)));
    *ret_hash = CG_STEAL(hash);
    return CG_OK;
}

struct cg_keyed_hash *cg_keyed_hash_free(struct cg_keyed_hash *hash)
{
    if (hash == NULL) {
        return NULL;
    }
    EVP_MAC_CTX_free(hash->context);
    cg_wipe(hash->key, sizeof(hash->key));
    return cg_release(hash);
}

enum cg_status cg_keyed_hash_of(struct cg_keyed_hash *hash, struct cg_span text,
                                uint8_t ret_digest[static CG_KEYED_HASH_BYTES])
{
    uint8_t digest[CG_KEYED_HASH_BYTES];
    size_t len = 0;
    if (EVP_MAC_init(hash->context, hash->key, sizeof(hash->key), NULL) != 1 ||
        EVP_MAC_update(hash->context, text.data, text.len) != 1 ||
        EVP_MAC_final(hash->context, digest, &len, sizeof(digest)) != 1 || len != sizeof(digest)) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    memcpy(ret_digest, digest, sizeof(digest));
    return CG_OK;
}
