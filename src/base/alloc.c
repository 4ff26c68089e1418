/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum cg_status cg_alloc(size_t count, size_t size, void **ret_memory)
{
    size_t len = 0;
    if (__builtin_mul_overflow(count, size, &len)) {
        return CG_ERR_LIMIT;
    }
    /* calloc may answer a request for nothing with NULL, which would look like a failure. */
    void *memory = calloc(1, len > 0 ? len : 1);
    if (memory == NULL) {
        return CG_ERR_LIMIT;
    }
    *ret_memory = memory;
    return CG_OK;
}

enum cg_status cg_alloc_resize(void **memory, size_t size)
{
    /* realloc to nothing frees, and would leave *memory dangling. */
    void *resized = realloc(*memory, size == 0 ? 1 : size);
    if (resized == NULL) {
        return CG_ERR_LIMIT;
    }
    *memory = resized;
    return CG_OK;
}

void *cg_release(void *memory)
{
    free(memory);
    return NULL;
}

void cg_wipe(void *memory, size_t len)
{
    if (len > 0) {
        explicit_bzero(memory, len);
    }
}
