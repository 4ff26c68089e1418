/* SPDX-License-Identifier: Apache-2.0 */
#include "token/gate_report.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/json.h"
#include "token/text.h"

#include <stddef.h>

#define REFUSAL_BYTES 1024 /* one, written, at most */

/* The texts of a refusal, in the order in which they are written. */
static const struct {
    const char *name;
    size_t offset;
    size_t max_bytes;
} texts[] = {
    {"api", offsetof(struct cg_refusal, api), CG_LIMIT_NAME_BYTES},
    {"client_id", offsetof(struct cg_refusal, client_id), CG_LIMIT_CLIENT_ID_BYTES},
    {"organisation", offsetof(struct cg_refusal, organisation), CG_LIMIT_NAME_BYTES},
    {"token_id", offsetof(struct cg_refusal, token_id), CG_LIMIT_NAME_BYTES},
    {"request_id", offsetof(struct cg_refusal, request_id), 128},
    {"address", offsetof(struct cg_refusal, address), 64},
};

#define TEXT_COUNT (sizeof(texts) / sizeof(texts[0]))

static struct cg_span text_at(const struct cg_refusal *refusal, size_t i)
{
    return *(const struct cg_span *)(const void *)((const uint8_t *)refusal + texts[i].offset);
}

static void set_text(struct cg_refusal *refusal, size_t i, struct cg_span text)
{
    *(struct cg_span *)(void *)((uint8_t *)refusal + texts[i].offset) = text;
}

/* What the issuer would not take is left out: a refusal without it is better than none. */
static void write_refusal(const struct cg_refusal *refusal, struct cg_json_writer *json)
{
    cg_json_open_object(json);
    cg_json_member_put_number(json, "time", refusal->time_s);
    cg_json_member_put(json, "reason", cg_span_of_string(cg_reason_name(refusal->reason)));
    cg_json_member_put_number(json, "count", refusal->count);
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        struct cg_span text = text_at(refusal, i);
        if (cg_text_is_header_safe(text, texts[i].max_bytes)) {
            cg_json_member_put(json, texts[i].name, text);
        }
    }
    cg_json_close_object(json);
}

enum cg_status cg_gate_report_write(const struct cg_refusal *refusals, size_t count,
                                    struct cg_buf *buf, size_t *ret_count)
{
    struct cg_json_writer json;
    struct cg_span text;
    size_t written = 0;
    cg_json_begin(&json, buf);
    cg_json_open_array(&json);
    while (written < count && written < CG_LIMIT_REPORT_REFUSALS &&
           buf->len <= CG_LIMIT_REPORT_BYTES - REFUSAL_BYTES) {
        write_refusal(&refusals[written], &json);
        written++;
    }
    cg_json_close_array(&json);
    CG_TRY(cg_buf_finish(buf, &text));
    *ret_count = written;
    return CG_OK;
}

/* The reasons for which a gate refuses stand before those of the issuer. */
static enum cg_status read_reason(struct cg_span name, enum cg_reason *ret_reason)
{
    for (unsigned i = CG_REASON_NONE + 1; i < CG_REASON_REQUEST_MALFORMED; i++) {
        if (cg_span_equal_string(name, cg_reason_name((enum cg_reason)i))) {
            *ret_reason = (enum cg_reason)i;
            return CG_OK;
        }
    }
    if (!cg_span_equal_string(name, cg_reason_name(CG_REASON_INTERNAL))) {
        return CG_ERR_INPUT;
    }
    *ret_reason = CG_REASON_INTERNAL;
    return CG_OK;
}

static enum cg_status read_text(const struct cg_json_value *value, size_t i, struct cg_arena *arena,
                                struct cg_refusal *refusal)
{
    struct cg_span text;
    struct cg_span copy;
    CG_TRY(cg_json_string(value, &text));
    if (!cg_text_is_header_safe(text, texts[i].max_bytes)) {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_arena_copy(arena, text, &copy));
    set_text(refusal, i, copy);
    return CG_OK;
}

static enum cg_status read_texts(const struct cg_json_value *object, struct cg_arena *arena,
                                 struct cg_refusal *refusal, size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const struct cg_json_value *value = cg_json_member(object, texts[i].name);
        if (value != NULL) {
            CG_TRY(read_text(value, i, arena, refusal));
            count++;
        }
    }
    *ret_count = count;
    return CG_OK;
}

static enum cg_status read_refusal(const struct cg_json_value *object, struct cg_arena *arena,
                                   struct cg_refusal *ret_refusal)
{
    struct cg_refusal refusal = {.count = 0};
    struct cg_span reason;
    int64_t count = 0;
    size_t text_count = 0;
    CG_TRY(cg_json_member_number(object, "time", &refusal.time_s));
    CG_TRY(cg_json_member_string(object, "reason", &reason));
    CG_TRY(cg_json_member_number(object, "count", &count));
    CG_TRY(read_reason(reason, &refusal.reason));
    if (refusal.time_s < 0 || count < 1 || count > UINT32_MAX) {
        return CG_ERR_INPUT;
    }
    refusal.count = (uint32_t)count;
    CG_TRY(read_texts(object, arena, &refusal, &text_count));
    if (cg_json_count(object) != text_count + 3) {
        return CG_ERR_INPUT;
    }
    *ret_refusal = refusal;
    return CG_OK;
}

enum cg_status cg_gate_report_read(struct cg_span text, struct cg_arena *arena,
                                   struct cg_refusal *ret_refusals, size_t *ret_count)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_TRY(cg_json_parse(text, CG_LIMIT_REPORT_BYTES, &json));
    const struct cg_json_value *array = cg_json_root(json);
    size_t count = cg_json_count(array);
    if (!cg_json_is_array(array) || count == 0 || count > CG_LIMIT_REPORT_REFUSALS) {
        return CG_ERR_INPUT;
    }
    for (size_t i = 0; i < count; i++) {
        CG_TRY(read_refusal(cg_json_element(array, i), arena, &ret_refusals[i]));
    }
    *ret_count = count;
    return CG_OK;
}
