/* SPDX-License-Identifier: Apache-2.0 */
#include "key_pool.h"

#include "crypto/key.h"
#include "test.h"

static struct {
    struct cg_arena *arena;
    struct cg_span ders[KEY_POOL_KEYS];
    size_t next;
} pool;

enum cg_status __real_cg_key_generate(enum cg_key_algorithm algorithm, unsigned bits,
                                      struct cg_key **ret_key);
enum cg_status __wrap_cg_key_generate(enum cg_key_algorithm algorithm, unsigned bits,
                                      struct cg_key **ret_key);
enum cg_status __wrap_cg_key_generate(enum cg_key_algorithm algorithm, unsigned bits,
                                      struct cg_key **ret_key)
{
    if (algorithm != CG_KEY_RSA_SHA256) {
        return __real_cg_key_generate(algorithm, bits, ret_key);
    }
    assert_true(pool.next < KEY_POOL_KEYS);
    struct cg_span *der = &pool.ders[pool.next++];
    if (der->data == NULL) {
        CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
        assert_ok(__real_cg_key_generate(algorithm, bits, &key));
        assert_ok(cg_key_to_pkcs8(key, pool.arena, der));
    }
    return cg_key_from_pkcs8(algorithm, *der, ret_key);
}

void key_pool_restart(void)
{
    pool.next = 0;
    if (pool.arena == NULL) {
        assert_ok(cg_arena_new(65536, &pool.arena));
    }
}

void key_pool_release(void)
{
    pool.arena = cg_arena_free(pool.arena);
    memset(pool.ders, 0, sizeof(pool.ders));
}
