/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON. What is read is written and read again as the same; any bytes are written as a string that
 * can be read.
 */
#include "base/limits.h"
#include "base/span.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "fuzz.h"

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
    if (len <= TEXT_MAX / 8) {
        bytes_make_a_string(input);
    }
    return 0;
}
