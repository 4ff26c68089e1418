/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/random.h"

#include "base/alloc.h"
#include "base/status.h"
#include "crypto/openssl_failed.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

/* A multiple of three, so that only the last chunk can want padding. */
#define CHUNK_BYTES 48
#define CHUNK_CHARS 64

/* RAND_bytes and not RAND_priv_bytes: much of this is published, and must not come from what makes
 * private keys. */
static enum cg_status system_fill(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    if (len > INT_MAX) {
        return CG_ERR_LIMIT;
    }
    return RAND_bytes(bytes, (int)len) == 1 ? CG_OK : cg_openssl_failed(CG_ERR_CRYPTO);
}

struct cg_random cg_random_system(void)
{
    return (struct cg_random){.fill = system_fill, .context = NULL};
}

static enum cg_status stock_fill(void *context, uint8_t *bytes, size_t len)
{
    struct cg_random_stock *stock = context;
    if (len > sizeof(stock->bytes)) {
        return cg_random_fill(&stock->source, bytes, len);
    }
    if (stock->left < len) {
        stock->left = 0;
        CG_TRY(cg_random_fill(&stock->source, stock->bytes, sizeof(stock->bytes)));
        stock->left = sizeof(stock->bytes);
    }
    stock->left -= len;
    memcpy(bytes, stock->bytes + stock->left, len);
    cg_wipe(stock->bytes + stock->left, len);
    return CG_OK;
}

void cg_random_stock_init(struct cg_random_stock *stock, struct cg_random source)
{
    *stock = (struct cg_random_stock){.source = source};
}

struct cg_random cg_random_from_stock(struct cg_random_stock *stock)
{
    return (struct cg_random){.fill = stock_fill, .context = stock};
}

enum cg_status cg_random_fill(const struct cg_random *random, uint8_t *bytes, size_t len)
{
    return random->fill(random->context, bytes, len) == CG_OK ? CG_OK : CG_ERR_CRYPTO;
}

/* base64url by OpenSSL's base64: this layer stands beside codec/ and does not use it. */
static void put_base64url(const uint8_t *bytes, size_t len, struct cg_buf *buf)
{
    uint8_t chars[CHUNK_CHARS + 1];
    (void)EVP_EncodeBlock(chars, bytes, (int)len);
    size_t chars_len = (len * 8 + 5) / 6;
    for (size_t i = 0; i < chars_len; i++) {
        if (chars[i] == '+') {
            chars[i] = '-';
        } else if (chars[i] == '/') {
            chars[i] = '_';
        }
    }
    cg_buf_put(buf, (struct cg_span){chars, chars_len});
    cg_wipe(chars, sizeof(chars));
}

enum cg_status cg_random_text(const struct cg_random *random, size_t bytes, struct cg_buf *buf)
{
    uint8_t chunk[CHUNK_BYTES];
    size_t left = bytes;
    enum cg_status status = CG_OK;
    while (left > 0 && status == CG_OK) {
        size_t len = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        status = cg_random_fill(random, chunk, len);
        if (status == CG_OK) {
            put_base64url(chunk, len, buf);
        }
        left -= len;
    }
    cg_wipe(chunk, sizeof(chunk));
    return status != CG_OK || !buf->failed ? status : CG_ERR_LIMIT;
}
