/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/report.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "cli/cmd_audit.h"
#include "codec/json.h"

#define KINDS_BYTES_MAX 8192

static enum cg_status check_kind(struct cg_context *context, struct cg_span kind)
{
    enum cg_audit_kind found = CG_AUDIT_TOKEN_ISSUED;
    struct cg_span kinds = {NULL, 0};
    struct cg_buf buf;
    if (kind.data == NULL || cg_audit_kind_find(kind, &found) == CG_OK) {
        return CG_OK;
    }
    cg_buf_init_arena(&buf, context->arena, KINDS_BYTES_MAX);
    for (int i = 0; i < CG_AUDIT_KIND_COUNT; i++) {
        cg_buf_put_string(&buf, "\n  ");
        cg_buf_put_string(&buf, cg_audit_kind_name((enum cg_audit_kind)i));
        cg_buf_put_string(&buf, ": ");
        cg_buf_put_string(&buf, cg_audit_kind_text((enum cg_audit_kind)i));
    }
    CG_TRY(cg_buf_finish(&buf, &kinds));
    return cg_complain_usage(context, "there is no kind of event %.*s; there is:%.*s",
                             CG_SPAN_ARGS(kind), CG_SPAN_ARGS(kinds));
}

static enum cg_status read_filter(struct cg_context *context, const struct cg_args *args,
                                  struct cg_audit_filter *filter)
{
    *filter = (struct cg_audit_filter){
        .until_s = INT64_MAX,
        .client_id = cg_args_value(args, "client"),
        .kind = cg_args_value(args, "kind"),
    };
    CG_TRY(check_kind(context, filter->kind));
    CG_TRY(cg_args_time_s(context, args, "since", &filter->since_s));
    CG_TRY(cg_args_time_s(context, args, "until", &filter->until_s));
    CG_TRY(cg_args_number(context, args, "limit", INT64_MAX, &filter->newest));
    if (cg_args_has(args, "limit") && filter->newest == 0) {
        return cg_complain_usage(context, "--limit wants at least 1");
    }
    if (filter->newest > 0 && context->realm.data != NULL) {
        return cg_complain_usage(
            context, "--limit counts the records of all realms: leave it or --realm out");
    }
    return CG_OK;
}

/* A text of the record; absent when it has none. */
static struct cg_span text_of(const struct cg_json_value *record, const char *name)
{
    struct cg_span text = {NULL, 0};
    if (cg_json_member_string(record, name, &text) != CG_OK) {
        return (struct cg_span){NULL, 0};
    }
    return text;
}

static int64_t count_of(const struct cg_json_value *record)
{
    int64_t count = 1;
    return cg_json_member_number(record, "count", &count) == CG_OK ? count : 1;
}

static void put_for_people(struct cg_output *output, const struct cg_json_value *record,
                           int64_t time_s)
{
    cg_output_open_record(output);
    cg_output_time(output, "time", time_s, "-");
    cg_output_text(output, "kind", text_of(record, "kind"));
    cg_output_text(output, "reason", text_of(record, "reason"));
    cg_output_number(output, "count", count_of(record));
    cg_output_text(output, "actor", text_of(record, "actor"));
    cg_output_text(output, "client_id", text_of(record, "client_id"));
    cg_output_text(output, "api", text_of(record, "api"));
    cg_output_text(output, "agreement", text_of(record, "agreement"));
    cg_output_text(output, "address", text_of(record, "address"));
    cg_output_text(output, "detail", text_of(record, "detail"));
    cg_output_close_record(output);
}

static enum cg_status list_one(void *opaque, struct cg_span record, int64_t time_s)
{
    struct cg_context *context = opaque;
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_TRY(cg_json_parse(record, CG_LIMIT_AUDIT_RECORD_BYTES, &json));
    const struct cg_json_value *root = cg_json_root(json);
    if (context->realm.data != NULL && !cg_span_equal(text_of(root, "realm"), context->realm)) {
        return CG_OK;
    }
    if (context->json) {
        cg_output_element(&context->output, record);
        return CG_OK;
    }
    put_for_people(&context->output, root, time_s);
    return CG_OK;
}

enum cg_status cg_audit_list_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *audit = NULL;
    struct cg_audit_filter filter;
    CG_TRY(read_filter(context, args, &filter));
    CG_TRY(cg_context_open_store(context, CG_STORE_AUDIT, CG_STORE_READ_ONLY, &audit));
    cg_output_open_list(&context->output, CG_LIST_TABLE, "no such records");
    CG_TRY(cg_audit_list(audit, &filter, list_one, context));
    cg_output_close_list(&context->output);
    return CG_OK;
}
