/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "base/status.h"
#include "codec/authz_header.h"
#include "codec/base64url.h"
#include "codec/form.h"
#include "codec/json.h"
#include "codec/yaml_tree.h"
#include "test.h"
#include "torture.h"

#define ARENA_BYTES 131072

static enum cg_status base64url(void *context __attribute__((unused)))
{
    static const uint8_t bytes[20000];
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_buf buf;
    struct cg_span text = {NULL, 0};
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    cg_buf_init(&buf, ARENA_BYTES);
    cg_base64url_encode(cg_span_of_bytes(bytes, sizeof(bytes)), &buf);
    enum cg_status status = cg_buf_finish(&buf, &text);
    if (status == CG_OK) {
        status = cg_base64url_decode_arena(text, arena, &text);
    }
    cg_buf_release(&buf);
    return status;
}

static enum cg_status form(void *context __attribute__((unused)))
{
    char body[16000];
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_params params = {.count = 0};
    memset(body, 'a', sizeof(body));
    body[4000] = '=';
    body[9000] = '&';
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    return cg_form_parse(cg_span_of_bytes(body, sizeof(body)), arena, &params);
}

static enum cg_status basic(void *context __attribute__((unused)))
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_span id = {NULL, 0};
    struct cg_span secret = {NULL, 0};
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    return cg_authz_basic(test_span("QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), arena, &id, &secret);
}

static enum cg_status json(void *context __attribute__((unused)))
{
    static const char text[] = "{\"a\":[1,2.5,true,null,\"a longer string than before \\u00e9\"],"
                               "\"b\":{\"c\":{\"d\":\"e\"}},\"f\":1,\"g\":2,\"h\":3,\"i\":4,"
                               "\"j\":5,\"k\":6,\"l\":7,\"m\":8,\"n\":9,\"o\":10,\"p\":11}";
    CG_CLEANUP(cg_json_free_at) struct cg_json *document = NULL;
    CG_TRY(cg_json_parse(test_span(text), sizeof(text), &document));
    struct cg_buf buf;
    struct cg_json_writer writer;
    struct cg_span written = {NULL, 0};
    cg_buf_init(&buf, 4096);
    cg_json_begin(&writer, &buf);
    cg_json_open_array(&writer);
    cg_json_put_value(&writer, cg_json_root(document));
    cg_json_put_string(&writer, test_span(text));
    cg_json_close_array(&writer);
    enum cg_status status = cg_buf_finish(&buf, &written);
    cg_buf_release(&buf);
    return status;
}

static enum cg_status yaml(void *context __attribute__((unused)))
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_yaml_fault fault;
    const struct cg_yaml *root = NULL;
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    return cg_yaml_parse(test_span("a: [b, {c: d}]\ne: |\n  f\n"), arena, &fault, &root);
}

TEST(codec_survives_every_failing_allocation)
{
    static const struct torture_scenario scenarios[] = {
        {.name = "base64url", .run = base64url}, {.name = "form", .run = form},
        {.name = "basic", .run = basic},         {.name = "json", .run = json},
        {.name = "yaml", .run = yaml},
    };
    for (size_t i = 0; i < TEST_COUNT(scenarios); i++) {
        torture(&scenarios[i]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(codec_survives_every_failing_allocation),
};
TEST_MAIN(tests)
