/* SPDX-License-Identifier: Apache-2.0 */
/* A token laid open, and nothing more: no key, no clock and no registry is asked. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/span.h"
#include "cli/cmd_token.h"
#include "cli/token_file.h"
#include "codec/base64url.h"
#include "codec/json.h"

#define PART_BYTES_MAX 65536

struct part {
    const char *name;
    struct cg_json *json;
};

static void part_release(struct part *part)
{
    part->json = cg_json_free(part->json);
}

static enum cg_status open_part(struct cg_context *context, struct cg_span text, struct part *part)
{
    struct cg_span bytes = {NULL, 0};
    if (cg_base64url_decode_arena(text, context->arena, &bytes) != CG_OK ||
        cg_json_parse(bytes, PART_BYTES_MAX, &part->json) != CG_OK ||
        !cg_json_is_object(cg_json_root(part->json))) {
        return cg_complain(context, CG_ERR_INPUT,
                           "that is no JWT: its %s is not a JSON object in base64url", part->name);
    }
    return CG_OK;
}

/* RFC 7519 §4.1: what a number is a time in. */
static bool is_time(struct cg_span name)
{
    static const char *const names[] = {"exp", "iat", "nbf", "auth_time"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (cg_span_equal_string(name, names[i])) {
            return true;
        }
    }
    return false;
}

static enum cg_status value_text(struct cg_context *context, const struct cg_json_value *value,
                                 struct cg_span *ret_text)
{
    struct cg_json_writer writer;
    struct cg_buf buf;
    if (cg_json_string(value, ret_text) == CG_OK) {
        return CG_OK;
    }
    cg_buf_init_arena(&buf, context->arena, PART_BYTES_MAX);
    cg_json_begin(&writer, &buf);
    cg_json_put_value(&writer, value);
    return cg_buf_finish(&buf, ret_text);
}

/* "2026-01-31T12:00:00Z, 120 s ago" for a time; else absent. */
static enum cg_status value_meaning(struct cg_context *context, struct cg_span name,
                                    const struct cg_json_value *value, struct cg_span *ret_text)
{
    char time[CG_TIME_TEXT_BYTES];
    const char *text = NULL;
    int64_t time_s = 0;
    *ret_text = (struct cg_span){NULL, 0};
    if (!is_time(name) || cg_json_number(value, &time_s) != CG_OK || time_s < 0) {
        return CG_OK;
    }
    cg_time_format(time_s, time);
    int64_t away_s = time_s - context->now_s;
    CG_TRY(cg_context_print(context, &text, "%s, %lld s %s", time,
                            (long long)(away_s < 0 ? -away_s : away_s),
                            away_s < 0 ? "ago" : "from now"));
    *ret_text = cg_span_of_string(text);
    return CG_OK;
}

static enum cg_status put_part(struct cg_context *context, const struct part *part)
{
    struct cg_output *output = &context->output;
    const struct cg_json_value *value = NULL;
    struct cg_span name = {NULL, 0};
    size_t position = 0;
    while (cg_json_next(cg_json_root(part->json), &position, &name, &value)) {
        struct cg_span text = {NULL, 0};
        struct cg_span meaning = {NULL, 0};
        CG_TRY(value_text(context, value, &text));
        CG_TRY(value_meaning(context, name, value, &meaning));
        cg_output_open_record(output);
        cg_output_string(output, "part", part->name);
        cg_output_text(output, "name", name);
        cg_output_text(output, "value", text);
        cg_output_text(output, "meaning", meaning);
        cg_output_close_record(output);
    }
    return CG_OK;
}

static enum cg_status put_json(struct cg_context *context, const struct part *header,
                               const struct part *claims)
{
    struct cg_json_writer writer;
    struct cg_span json = {NULL, 0};
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, 2 * (size_t)PART_BYTES_MAX);
    cg_json_begin(&writer, &buf);
    cg_json_open_object(&writer);
    cg_json_put_name(&writer, "verified");
    cg_json_put_bool(&writer, false);
    cg_json_put_name(&writer, "header");
    cg_json_put_value(&writer, cg_json_root(header->json));
    cg_json_put_name(&writer, "claims");
    cg_json_put_value(&writer, cg_json_root(claims->json));
    cg_json_close_object(&writer);
    CG_TRY(cg_buf_finish(&buf, &json));
    cg_output_document(&context->output, json);
    return CG_OK;
}

enum cg_status cg_token_decode_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(part_release) struct part header = {"header", NULL};
    CG_CLEANUP(part_release) struct part claims = {"claims", NULL};
    struct cg_span rest = {NULL, 0};
    struct cg_span first = {NULL, 0};
    struct cg_span second = {NULL, 0};
    CG_TRY(cg_token_file_read(context, cg_args_argument(args, 0), &rest));
    if (!cg_span_split(&rest, '.', &first) || !cg_span_split(&rest, '.', &second) ||
        rest.data == NULL || cg_span_find(rest, '.', 0) != rest.len) {
        return cg_complain(context, CG_ERR_INPUT,
                           "that is no JWT: it has not three parts with a dot between them");
    }
    CG_TRY(open_part(context, first, &header));
    CG_TRY(open_part(context, second, &claims));
    cg_say(context, "nothing was verified: anybody could have written this token");
    if (context->json) {
        return put_json(context, &header, &claims);
    }
    cg_output_open_list(&context->output, CG_LIST_TABLE, NULL);
    CG_TRY(put_part(context, &header));
    CG_TRY(put_part(context, &claims));
    cg_output_close_list(&context->output);
    return CG_OK;
}
