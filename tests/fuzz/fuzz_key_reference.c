/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser takes names a token and a key, within what PKCS #11 has room for. */
#include "base/arena.h"
#include "base/span.h"
#include "jose/key_reference.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool held)
{
    if (!held) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_pkcs11_object object;
    if (cg_arena_new(4096, &arena) != CG_OK ||
        cg_key_reference_parse(cg_span_of_bytes(data, len), arena, NULL, &object) != CG_OK) {
        return 0;
    }
    require(object.token.len >= 1 && object.token.len <= 32 && object.serial.len <= 16);
    require(object.object.len <= 128 && object.id.len <= 64);
    require(object.object.len + object.id.len > 0);
    return 0;
}
