/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON. What is read is what jansson reads, too, and nothing else is; written and read again it is
 * the same; any bytes are written as a string that can be read.
 */
#include "base/limits.h"
#include "base/span.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "fuzz.h"

#include <jansson.h>

#define TEXT_MAX ((size_t)CG_LIMIT_JSON_BYTES)

static struct cg_span written(const struct cg_json_value *value, struct cg_buf *buf)
{
    struct cg_json_writer writer;
    struct cg_span text = {NULL, 0};
    cg_json_begin(&writer, buf);
    cg_json_put_value(&writer, value);
    REQUIRE(cg_buf_finish(buf, &text) == CG_OK);
    return text;
}

static void members_can_be_looked_up(const struct cg_json_value *object)
{
    size_t position = 0;
    size_t count = 0;
    struct cg_span name = {NULL, 0};
    const struct cg_json_value *value = NULL;
    while (cg_json_next(object, &position, &name, &value)) {
        REQUIRE(cg_json_member(object, (const char *)name.data) == value);
        count++;
    }
    REQUIRE(!cg_json_is_object(object) || count == cg_json_count(object));
}

static void value_round_trips(const struct cg_json_value *value)
{
    struct cg_buf first;
    struct cg_buf second;
    CG_CLEANUP(cg_json_free_at) struct cg_json *again = NULL;
    cg_buf_init(&first, 8 * TEXT_MAX);
    cg_buf_init(&second, 8 * TEXT_MAX);
    struct cg_span text = written(value, &first);
    REQUIRE(cg_json_parse(text, TEXT_MAX, &again) == CG_OK);
    REQUIRE(cg_span_equal(written(cg_json_root(again), &second), text));
    cg_buf_release(&first);
    cg_buf_release(&second);
}

/* jansson has no bound of ours to its depth, and says what is wrong by its place in the text. */
static bool is_deep(const json_t *value, unsigned depth)
{
    size_t index = 0;
    const char *name = NULL;
    json_t *child = NULL;
    json_t *container = (json_t *)(uintptr_t)value; /* its loops take no const */
    bool found = depth > CG_LIMIT_JSON_DEPTH;
    json_array_foreach(container, index, child)
    {
        found = found || is_deep(child, depth + 1);
    }
    json_object_foreach(container, name, child)
    {
        found = found || is_deep(child, depth + 1);
    }
    bool is_container = json_is_array(value) || json_is_object(value);
    return is_container && found;
}

static void another_reader_agrees(struct cg_span input, const struct cg_json *json)
{
    const size_t flags = JSON_REJECT_DUPLICATES;
    /* RFC 8259 §2 has no place for a zero; jansson 2.14 passes over one behind a number. */
    if (cg_span_find(input, 0, 0) < input.len) {
        REQUIRE(json == NULL);
        return;
    }
    json_t *theirs = json_loadb((const char *)input.data, input.len, flags, NULL);
    if (json == NULL) {
        REQUIRE(theirs == NULL || is_deep(theirs, 1));
        json_decref(theirs);
        return;
    }
    struct cg_buf buf;
    cg_buf_init(&buf, 8 * TEXT_MAX);
    struct cg_span text = written(cg_json_root(json), &buf);
    json_t *ours = json_loadb((const char *)text.data, text.len, flags, NULL);
    REQUIRE(theirs != NULL && json_equal(theirs, ours));
    cg_buf_release(&buf);
    json_decref(ours);
    json_decref(theirs);
}

static void bytes_make_a_string(struct cg_span bytes)
{
    struct cg_buf buf;
    struct cg_json_writer writer;
    struct cg_span text = {NULL, 0};
    struct cg_span read = {NULL, 0};
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    cg_buf_init(&buf, 8 * TEXT_MAX);
    cg_json_begin(&writer, &buf);
    cg_json_open_array(&writer);
    cg_json_put_string(&writer, bytes);
    cg_json_close_array(&writer);
    REQUIRE(cg_buf_finish(&buf, &text) == CG_OK);
    REQUIRE(cg_utf8_is_valid(text));
    bool has_zero = cg_span_find(bytes, 0, 0) < bytes.len;
    enum cg_status status = cg_json_parse(text, TEXT_MAX, &json);
    REQUIRE(status == (has_zero ? CG_ERR_INPUT : CG_OK));
    if (!has_zero) {
        REQUIRE(cg_json_string(cg_json_element(cg_json_root(json), 0), &read) == CG_OK);
        REQUIRE(cg_span_equal(read, bytes) == cg_utf8_is_valid(bytes));
    }
    cg_buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span input = {data, len};
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    if (cg_json_parse(input, TEXT_MAX, &json) == CG_OK) {
        members_can_be_looked_up(cg_json_root(json));
        value_round_trips(cg_json_root(json));
    }
    another_reader_agrees(input, json);
    if (len <= TEXT_MAX / 8) {
        bytes_make_a_string(input);
    }
    return 0;
}
