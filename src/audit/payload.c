/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/payload.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/json.h"

#include <string.h>

static const char heads_name[] = "heads";
static const char first_name[] = "first";

static enum cg_status encode(const uint8_t hash[static CG_SHA256_BYTES],
                             uint8_t ret_chars[static CG_AUDIT_DIGEST_CHARS])
{
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    struct cg_span chars;
    cg_buf_init(&buf, CG_AUDIT_DIGEST_CHARS);
    cg_base64url_encode(cg_span_of_bytes(hash, CG_SHA256_BYTES), &buf);
    CG_TRY(cg_buf_finish(&buf, &chars));
    memcpy(ret_chars, chars.data, CG_AUDIT_DIGEST_CHARS);
    return CG_OK;
}

static void write_hash(struct cg_json_writer *json, const uint8_t hash[static CG_SHA256_BYTES])
{
    uint8_t chars[CG_AUDIT_DIGEST_CHARS];
    if (encode(hash, chars) != CG_OK) {
        json->buf->failed = true;
        return;
    }
    cg_json_member_put(json, "hash", cg_span_of_bytes(chars, sizeof(chars)));
}

static void write_marks(struct cg_json_writer *json, const char *name,
                        const struct cg_audit_marks *marks)
{
    cg_json_put_name(json, name);
    cg_json_open_array(json);
    for (size_t i = 0; i < marks->count; i++) {
        cg_json_open_object(json);
        cg_json_member_put(json, "writer", marks->items[i].writer);
        cg_json_member_put_number(json, "number", marks->items[i].head.number);
        write_hash(json, marks->items[i].head.hash);
        cg_json_close_object(json);
    }
    cg_json_close_array(json);
}

void cg_audit_payload_write(const struct cg_audit_payload *payload, struct cg_buf *buf)
{
    struct cg_json_writer json;
    cg_json_begin(&json, buf);
    cg_json_open_object(&json);
    cg_json_member_put_number(&json, "number", payload->number);
    cg_json_member_put_number(&json, "time", payload->time_s);
    cg_json_member_put_number(&json, "oldest", payload->oldest);
    cg_json_member_put(&json, "previous", payload->previous);
    write_marks(&json, heads_name, &payload->heads);
    write_marks(&json, first_name, &payload->first);
    cg_json_close_object(&json);
}

static enum cg_status read_mark(const struct cg_json_value *value, struct cg_arena *arena,
                                struct cg_audit_mark *mark)
{
    struct cg_span writer;
    struct cg_span hash;
    CG_TRY(cg_json_member_string(value, "writer", &writer));
    CG_TRY(cg_json_member_number(value, "number", &mark->head.number));
    CG_TRY(cg_json_member_string(value, "hash", &hash));
    size_t len = 0;
    CG_TRY(cg_base64url_decode(hash, mark->head.hash, sizeof(mark->head.hash), &len));
    if (len != sizeof(mark->head.hash) || mark->head.number < 1) {
        return CG_ERR_INPUT;
    }
    return cg_arena_copy(arena, writer, &mark->writer);
}

enum cg_status cg_audit_marks_new(struct cg_arena *arena, size_t max,
                                  struct cg_audit_marks *ret_marks)
{
    void *items = NULL;
    CG_TRY(cg_arena_take_array(arena, max, sizeof(struct cg_audit_mark), &items));
    *ret_marks = (struct cg_audit_marks){.items = items};
    return CG_OK;
}

static enum cg_status read_marks(const struct cg_json_value *array, struct cg_arena *arena,
                                 struct cg_audit_marks *ret_marks)
{
    size_t count = cg_json_count(array);
    if (!cg_json_is_array(array) || count > CG_LIMIT_AUDIT_WRITERS) {
        return CG_ERR_INPUT;
    }
    struct cg_audit_marks marks;
    CG_TRY(cg_audit_marks_new(arena, count, &marks));
    for (size_t i = 0; i < count; i++) {
        CG_TRY(read_mark(cg_json_element(array, i), arena, &marks.items[i]));
        marks.count++;
    }
    *ret_marks = marks;
    return CG_OK;
}

enum cg_status cg_audit_payload_read(struct cg_span text, struct cg_arena *arena,
                                     struct cg_audit_payload *ret_payload)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_TRY(cg_json_parse(text, CG_LIMIT_CHECKPOINT_BYTES, &json));
    const struct cg_json_value *root = cg_json_root(json);
    struct cg_audit_payload payload = {0};
    struct cg_span previous;
    CG_TRY(cg_json_member_number(root, "number", &payload.number));
    CG_TRY(cg_json_member_number(root, "time", &payload.time_s));
    CG_TRY(cg_json_member_number(root, "oldest", &payload.oldest));
    CG_TRY(cg_json_member_string(root, "previous", &previous));
    CG_TRY(cg_arena_copy(arena, previous, &payload.previous));
    CG_TRY(read_marks(cg_json_member(root, heads_name), arena, &payload.heads));
    CG_TRY(read_marks(cg_json_member(root, first_name), arena, &payload.first));
    *ret_payload = payload;
    return CG_OK;
}

enum cg_status cg_audit_payload_digest(struct cg_span text,
                                       uint8_t ret_digest[static CG_AUDIT_DIGEST_CHARS])
{
    uint8_t digest[CG_SHA256_BYTES];
    CG_TRY(cg_sha256(text, digest));
    return encode(digest, ret_digest);
}

struct cg_audit_mark *cg_audit_marks_find(const struct cg_audit_marks *marks, struct cg_span writer)
{
    for (size_t i = 0; i < marks->count; i++) {
        if (cg_span_equal(marks->items[i].writer, writer)) {
            return &marks->items[i];
        }
    }
    return NULL;
}

static bool mark_equal(const struct cg_audit_mark *a, const struct cg_audit_mark *b)
{
    return a->head.number == b->head.number && cg_span_equal(a->writer, b->writer) &&
           cg_span_equal(cg_span_of_bytes(a->head.hash, sizeof(a->head.hash)),
                         cg_span_of_bytes(b->head.hash, sizeof(b->head.hash)));
}

bool cg_audit_marks_equal(const struct cg_audit_marks *a, const struct cg_audit_marks *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!mark_equal(&a->items[i], &b->items[i])) {
            return false;
        }
    }
    return true;
}
