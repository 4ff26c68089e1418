/* SPDX-License-Identifier: Apache-2.0 */
#include "base/shared_text.h"

#include "base/alloc.h"
#include "base/status.h"

#include <stdatomic.h>
#include <string.h>

struct cg_shared_text {
    atomic_size_t holders;
    size_t len;
    uint8_t bytes[];
};

enum cg_status cg_shared_text_new(struct cg_span text, struct cg_shared_text **ret_text)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_shared_text) + text.len, &memory));
    struct cg_shared_text *made = memory;
    atomic_init(&made->holders, 1);
    made->len = text.len;
    if (text.len > 0) {
        memcpy(made->bytes, text.data, text.len);
    }
    *ret_text = made;
    return CG_OK;
}

struct cg_shared_text *cg_shared_text_hold(struct cg_shared_text *text)
{
    (void)atomic_fetch_add_explicit(&text->holders, 1, memory_order_relaxed);
    return text;
}

struct cg_shared_text *cg_shared_text_drop(struct cg_shared_text *text)
{
    if (text != NULL && atomic_fetch_sub_explicit(&text->holders, 1, memory_order_acq_rel) == 1) {
        (void)cg_release(text);
    }
    return NULL;
}

struct cg_span cg_shared_text_span(const struct cg_shared_text *text)
{
    return (struct cg_span){text->bytes, text->len};
}
