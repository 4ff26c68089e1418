/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"

#include <string.h>

#define FIRST_BYTES ((size_t)256)
#define NUMBER_CHARS 20 /* of INT64_MIN, its sign included */

void cg_buf_init(struct cg_buf *buf, size_t max)
{
    *buf = (struct cg_buf){.max = max};
}

void cg_buf_init_arena(struct cg_buf *buf, struct cg_arena *arena, size_t max)
{
    *buf = (struct cg_buf){.max = max, .arena = arena};
}

void cg_buf_release(struct cg_buf *buf)
{
    if (buf == NULL) {
        return;
    }
    if (buf->arena == NULL && buf->data != NULL) {
        cg_wipe(buf->data, buf->capacity);
        (void)cg_release(buf->data);
    }
    *buf = (struct cg_buf){.max = buf->max, .arena = buf->arena};
}

void cg_buf_clear(struct cg_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    buf->is_too_long = false;
}

/* At least `needed`, by doubling, but never past the maximum. */
static size_t next_capacity(const struct cg_buf *buf, size_t needed)
{
    size_t capacity = buf->capacity > 0 ? buf->capacity : FIRST_BYTES;
    while (capacity < needed && capacity <= buf->max / 2) {
        capacity *= 2;
    }
    return capacity < needed || capacity > buf->max ? buf->max : capacity;
}

/* Not realloc: what it leaves behind when it moves cannot be wiped. */
static enum cg_status move_to(struct cg_buf *buf, size_t capacity)
{
    void *memory = NULL;
    if (buf->arena != NULL) {
        CG_TRY(cg_arena_take(buf->arena, capacity, &memory));
    } else {
        CG_TRY(cg_alloc(1, capacity, &memory));
    }
    if (buf->data != NULL) {
        memcpy(memory, buf->data, buf->len);
    }
    if (buf->arena == NULL && buf->data != NULL) {
        cg_wipe(buf->data, buf->capacity);
        (void)cg_release(buf->data);
    }
    buf->data = memory;
    buf->capacity = capacity;
    return CG_OK;
}

/* `needed` is within the maximum. */
static enum cg_status grow(struct cg_buf *buf, size_t needed)
{
    size_t capacity = next_capacity(buf, needed);
    bool extended = buf->arena != NULL && buf->data != NULL &&
                    cg_arena_extend(buf->arena, buf->data, buf->capacity, capacity);
    if (extended) {
        buf->capacity = capacity;
        return CG_OK;
    }
    return move_to(buf, capacity);
}

uint8_t *cg_buf_reserve(struct cg_buf *buf, size_t len)
{
    if (buf->failed) {
        return NULL;
    }
    /* A buffer that nothing was written to has no memory yet, and an empty reserve wants some. */
    bool fits = buf->data != NULL && len <= buf->capacity - buf->len;
    if (!fits && (len > buf->max - buf->len || grow(buf, buf->len + len) != CG_OK)) {
        buf->failed = true;
        buf->is_too_long = len > buf->max - buf->len;
        return NULL;
    }
    uint8_t *room = buf->data + buf->len;
    buf->len += len;
    return room;
}

void cg_buf_put(struct cg_buf *buf, struct cg_span bytes)
{
    if (bytes.len == 0) {
        return;
    }
    uint8_t *room = cg_buf_reserve(buf, bytes.len);
    if (room != NULL) {
        memcpy(room, bytes.data, bytes.len);
    }
}

void cg_buf_put_string(struct cg_buf *buf, const char *string)
{
    cg_buf_put(buf, cg_span_of_string(string));
}

void cg_buf_put_byte(struct cg_buf *buf, uint8_t byte)
{
    uint8_t *room = cg_buf_reserve(buf, 1);
    if (room != NULL) {
        *room = byte;
    }
}

void cg_buf_put_number(struct cg_buf *buf, int64_t number)
{
    uint8_t digits[NUMBER_CHARS];
    size_t at = sizeof(digits);
    /* The magnitude of INT64_MIN has no int64_t. */
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (uint8_t)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    cg_buf_put(buf, cg_span_of_bytes(digits + at, sizeof(digits) - at));
}

enum cg_status cg_buf_finish(const struct cg_buf *buf, struct cg_span *ret_span)
{
    if (buf->failed) {
        return CG_ERR_LIMIT;
    }
    *ret_span = buf->data != NULL ? cg_span_of_bytes(buf->data, buf->len) : CG_SPAN_OF("");
    return CG_OK;
}

enum cg_status cg_buf_finish_input(const struct cg_buf *buf, struct cg_span *ret_span)
{
    return buf->is_too_long ? CG_ERR_INPUT : cg_buf_finish(buf, ret_span);
}
