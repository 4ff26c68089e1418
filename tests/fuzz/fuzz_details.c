/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken of authorization_details is fit for a header, and written and read again is the
 * same; what is not says why. */
#include "base/span.h"
#include "fuzz.h"
#include "token/details.h"

#include <string.h>

#define ARENA_BYTES ((size_t)65536)
#define TEXT_MAX_BYTES ((size_t)65536)

static struct cg_span written(const struct cg_details_list *list, struct cg_buf *buf)
{
    struct cg_json_writer writer;
    cg_json_begin(&writer, buf);
    cg_json_open_array(&writer);
    for (size_t i = 0; i < list->count; i++) {
        cg_details_write(&list->items[i], &writer);
    }
    cg_json_close_array(&writer);
    struct cg_span text;
    REQUIRE(cg_buf_finish(buf, &text) == CG_OK);
    return text;
}

static void check_rewriting(const struct cg_details_list *list, struct cg_arena *arena)
{
    struct cg_buf first;
    struct cg_buf second;
    struct cg_json *json = NULL;
    cg_buf_init(&first, TEXT_MAX_BYTES);
    cg_buf_init(&second, TEXT_MAX_BYTES);
    struct cg_span text = written(list, &first);
    for (size_t i = 0; i < text.len; i++) {
        REQUIRE(text.data[i] > 0x20 && text.data[i] < 0x7f);
    }
    const char *wrong = NULL;
    struct cg_details_list again;
    REQUIRE(cg_json_parse(text, TEXT_MAX_BYTES, &json) == CG_OK);
    REQUIRE(cg_details_read(cg_json_root(json), arena, &wrong, &again) == CG_OK);
    REQUIRE(cg_span_equal(written(&again, &second), text));
    (void)cg_json_free(json);
    cg_buf_release(&first);
    cg_buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_arena *arena = NULL;
    const char *wrong = NULL;
    struct cg_details_list list;
    REQUIRE(cg_arena_new(ARENA_BYTES, &arena) == CG_OK);
    enum cg_status status = cg_details_parse(cg_span_of_bytes(data, len), arena, &wrong, &list);
    REQUIRE(status == CG_OK || (status == CG_ERR_INPUT && strlen(wrong) > 0));
    if (status == CG_OK) {
        REQUIRE(list.count > 0 && list.items[0].locations.len > 0);
        check_rewriting(&list, arena);
    }
    (void)cg_arena_free(arena);
    return 0;
}
