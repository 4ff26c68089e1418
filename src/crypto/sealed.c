/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sealed.h"

#include "base/alloc.h"
#include "base/status.h"
#include "crypto/openssl_failed.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

#define VERSION 1
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define HEAD_BYTES (1 + NONCE_BYTES)

static void cipher_ctx_free_at(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}

/* OpenSSL counts in int. */
static bool fits(struct cg_span context, size_t sealed_len)
{
    return context.len <= INT_MAX && sealed_len <= INT_MAX;
}

/* Encrypts behind the head that stands in `sealed`, and writes the tag. */
static bool gcm_encrypt(const uint8_t *key, struct cg_span context, struct cg_span plain,
                        uint8_t *sealed)
{
    CG_CLEANUP(cipher_ctx_free_at) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    uint8_t *text = sealed + HEAD_BYTES;
    int len = 0;
    return cipher != NULL &&
           EVP_EncryptInit_ex2(cipher, EVP_aes_256_gcm(), key, sealed + 1, NULL) == 1 &&
           EVP_EncryptUpdate(cipher, NULL, &len, context.data, (int)context.len) == 1 &&
           EVP_EncryptUpdate(cipher, text, &len, plain.data, (int)plain.len) == 1 &&
           EVP_EncryptFinal_ex(cipher, text + plain.len, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, text + plain.len) == 1;
}

enum cg_status cg_sealed_close(const uint8_t key[static CG_SEALED_KEY_BYTES],
                               struct cg_span context, struct cg_span plain,
                               const struct cg_random *random, struct cg_arena *arena,
                               struct cg_span *ret_sealed)
{
    if (plain.len > INT_MAX - CG_SEALED_OVERHEAD_BYTES || !fits(context, plain.len)) {
        return CG_ERR_LIMIT;
    }
    size_t len = plain.len + CG_SEALED_OVERHEAD_BYTES;
    void *memory = NULL;
    CG_TRY(cg_arena_take(arena, len, &memory));
    uint8_t *sealed = memory;
    sealed[0] = VERSION;
    CG_TRY(cg_random_fill(random, sealed + 1, NONCE_BYTES));
    if (!gcm_encrypt(key, context, plain, sealed)) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    *ret_sealed = (struct cg_span){sealed, len};
    return CG_OK;
}

/* The text is decrypted before its tag is judged, so the caller wipes it when this does not give
 * CG_OK. */
static enum cg_status gcm_decrypt(const uint8_t *key, struct cg_span context, struct cg_span sealed,
                                  uint8_t *plain)
{
    CG_CLEANUP(cipher_ctx_free_at) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    const uint8_t *text = sealed.data + HEAD_BYTES;
    size_t text_len = sealed.len - CG_SEALED_OVERHEAD_BYTES;
    uint8_t tag[TAG_BYTES];
    memcpy(tag, text + text_len, sizeof(tag));
    int len = 0;
    if (cipher == NULL ||
        EVP_DecryptInit_ex2(cipher, EVP_aes_256_gcm(), key, sealed.data + 1, NULL) != 1 ||
        EVP_DecryptUpdate(cipher, NULL, &len, context.data, (int)context.len) != 1 ||
        EVP_DecryptUpdate(cipher, plain, &len, text, (int)text_len) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) != 1) {
        return CG_ERR_CRYPTO;
    }
    int right = EVP_DecryptFinal_ex(cipher, plain + text_len, &len);
    return right == 1 ? CG_OK : CG_ERR_AUTHENTICATION;
}

enum cg_status cg_sealed_open(const uint8_t key[static CG_SEALED_KEY_BYTES], struct cg_span context,
                              struct cg_span sealed, struct cg_arena *arena,
                              struct cg_span *ret_plain)
{
    if (sealed.len < CG_SEALED_OVERHEAD_BYTES || sealed.data[0] != VERSION) {
        return CG_ERR_AUTHENTICATION;
    }
    if (!fits(context, sealed.len)) {
        return CG_ERR_LIMIT;
    }
    size_t len = sealed.len - CG_SEALED_OVERHEAD_BYTES;
    void *plain = NULL;
    CG_TRY(cg_arena_take(arena, len, &plain));
    enum cg_status status = gcm_decrypt(key, context, sealed, plain);
    if (status != CG_OK) {
        cg_wipe(plain, len);
        return cg_openssl_failed(status);
    }
    *ret_plain = (struct cg_span){plain, len};
    return CG_OK;
}
