/* SPDX-License-Identifier: Apache-2.0 */
#include "base/locked.h"

#include "base/alloc.h"
#include "base/status.h"

#include <string.h>
#include <sys/mman.h>

/* It stands at the head of its own pages. */
struct cg_locked {
    size_t len; /* of the mapping */
    size_t used;
};

#define HEAD CG_LOCKED_PIECE(sizeof(struct cg_locked))

enum cg_status cg_locked_new(size_t max_bytes, struct cg_locked **ret_locked)
{
    if (max_bytes > SIZE_MAX / 2) {
        return CG_ERR_LIMIT;
    }
    size_t len = HEAD + max_bytes;
    void *pages = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return CG_ERR_LIMIT;
    }
    (void)madvise(pages, len, MADV_DONTDUMP);
    struct cg_locked *locked = pages;
    *locked = (struct cg_locked){.len = len, .used = HEAD};
    cg_locked_renew(locked);
    *ret_locked = locked;
    return CG_OK;
}

struct cg_locked *cg_locked_free(struct cg_locked *locked)
{
    if (locked != NULL) {
        size_t len = locked->len;
        cg_wipe(locked, len);
        (void)munmap(locked, len);
    }
    return NULL;
}

void cg_locked_renew(struct cg_locked *locked)
{
    (void)mlock(locked, locked->len);
}

enum cg_status cg_locked_take(struct cg_locked *locked, size_t len, void **ret_memory)
{
    if (len > locked->len || CG_LOCKED_PIECE(len) > locked->len - locked->used) {
        return CG_ERR_LIMIT;
    }
    *ret_memory = (uint8_t *)locked + locked->used;
    locked->used += CG_LOCKED_PIECE(len);
    return CG_OK;
}

enum cg_status cg_locked_copy(struct cg_locked *locked, struct cg_span span,
                              struct cg_span *ret_copy)
{
    void *memory = NULL;
    if (span.data == NULL) {
        *ret_copy = span;
        return CG_OK;
    }
    CG_TRY(cg_locked_take(locked, span.len, &memory));
    memcpy(memory, span.data, span.len);
    *ret_copy = (struct cg_span){memory, span.len};
    return CG_OK;
}
