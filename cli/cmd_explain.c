/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/args.h"
#include "cli/explain_replay.h"
#include "cli/explain_rules.h"
#include "cli/lookup.h"
#include "cli/nouns.h"
#include "cli/token_file.h"
#include "crypto/certificate_facts.h"
#include "feed/explain.h"

#define CERTIFICATE_FILE_BYTES_MAX (64UL * 1024)
#define BODY_FILE_BYTES_MAX (64UL * 1024 * 1024)

static void put_steps_for_people(struct cg_output *output, const struct cg_explanation *explanation)
{
    cg_output_open_list(output, CG_LIST_TABLE, NULL);
    for (size_t i = 0; i < explanation->step_count; i++) {
        cg_output_open_record(output);
        cg_output_flag(output, "held", explanation->steps[i].held);
        cg_output_text(output, "rule", explanation->steps[i].rule);
        cg_output_text(output, "detail", explanation->steps[i].detail);
        cg_output_close_record(output);
    }
    cg_output_close_list(output);
}

static enum cg_status steps_as_json(struct cg_context *context,
                                    const struct cg_explanation *explanation,
                                    struct cg_span *ret_json)
{
    struct cg_json_writer writer;
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_LIMIT_REGISTRY_LOAD_BYTES);
    cg_json_begin(&writer, &buf);
    cg_json_open_array(&writer);
    for (size_t i = 0; i < explanation->step_count; i++) {
        cg_json_open_object(&writer);
        cg_json_member_put(&writer, "rule", explanation->steps[i].rule);
        cg_json_put_name(&writer, "held");
        cg_json_put_bool(&writer, explanation->steps[i].held);
        cg_json_member_put(&writer, "detail", explanation->steps[i].detail);
        cg_json_close_object(&writer);
    }
    cg_json_close_array(&writer);
    return cg_buf_finish(&buf, ret_json);
}

static enum cg_status put_json(struct cg_context *context, const struct cg_explanation *explanation)
{
    struct cg_output *output = &context->output;
    struct cg_span steps = {NULL, 0};
    bool let_in = explanation->reason == CG_REASON_NONE;
    CG_TRY(steps_as_json(context, explanation, &steps));
    cg_output_open_record(output);
    cg_output_flag(output, "let_in", let_in);
    cg_output_string(output, "reason", let_in ? NULL : cg_reason_name(explanation->reason));
    cg_output_json(output, "steps", steps, steps);
    cg_output_close_record(output);
    return CG_OK;
}

static enum cg_status put_verdict(struct cg_context *context,
                                  const struct cg_explanation *explanation)
{
    if (context->json) {
        return put_json(context, explanation);
    }
    put_steps_for_people(&context->output, explanation);
    if (explanation->reason == CG_REASON_NONE) {
        cg_output_document(&context->output, CG_SPAN_OF("it would be let in"));
        return CG_OK;
    }
    const char *text = NULL;
    CG_TRY(cg_context_print(context, &text, "it would be refused: %s. %s",
                            cg_reason_name(explanation->reason),
                            cg_reason_text(explanation->reason)));
    cg_output_document(&context->output, cg_span_of_string(text));
    return CG_OK;
}

static enum cg_status read_certificate(struct cg_context *context, const struct cg_args *args,
                                       struct cg_span *ret_der)
{
    struct cg_span name = cg_args_value(args, "certificate");
    struct cg_span pem = {NULL, 0};
    const char *path = NULL;
    if (name.data == NULL) {
        return CG_OK;
    }
    if (!cg_args_has(args, "token")) {
        return cg_complain_usage(context, "wants --token FILE beside --certificate");
    }
    CG_TRY(cg_context_string(context, name, &path));
    CG_TRY(cg_context_read_file(context, path, CERTIFICATE_FILE_BYTES_MAX, &pem));
    if (cg_certificate_decode_pem(pem, context->arena, ret_der) != CG_OK) {
        return cg_complain(context, CG_ERR_INPUT, "%s does not hold one certificate in PEM", path);
    }
    return CG_OK;
}

static enum cg_status read_body(struct cg_context *context, const struct cg_args *args,
                                struct cg_span *ret_body)
{
    const char *path = NULL;
    if (!cg_args_has(args, "body")) {
        return CG_OK;
    }
    if (!cg_args_has(args, "path")) {
        return cg_complain_usage(context, "wants --path PATH beside --body");
    }
    CG_TRY(cg_context_string(context, cg_args_value(args, "body"), &path));
    CG_TRY(cg_context_read_file(context, path, BODY_FILE_BYTES_MAX, ret_body));
    *ret_body = ret_body->data != NULL ? *ret_body : CG_SPAN_OF("");
    return CG_OK;
}

static enum cg_status read_question(struct cg_context *context, const struct cg_args *args,
                                    struct cg_explain_question *question)
{
    bool by_token = cg_args_has(args, "token");
    if (by_token == cg_args_has(args, "client")) {
        return cg_complain_usage(context, "wants --client ID or --token FILE, one of the two");
    }
    if (by_token) {
        CG_TRY(cg_token_file_read(context, cg_args_value(args, "token"), &question->token));
    }
    CG_TRY(read_certificate(context, args, &question->certificate));
    CG_TRY(read_body(context, args, &question->body));
    question->client_id = cg_args_value(args, "client");
    question->api = cg_args_value(args, "api");
    question->method = cg_args_value(args, "method");
    question->now_s = context->now_s;
    return CG_OK;
}

static enum cg_status run_explain(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_lookup lookup;
    struct cg_explain_question question = {.now_s = 0};
    struct cg_explanation explanation;
    struct cg_explain_rules rules;
    CG_TRY(read_question(context, args, &question));
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    question.realm = lookup.realm;
    struct cg_explain_place place = {lookup.realm, question.api, cg_args_value(args, "path")};
    CG_TRY(cg_explain_rules_read(context, &place, &rules));
    question.rules = rules.items;
    question.rule_count = rules.count;
    question.smart_base = rules.smart_base;
    question.operations = rules.operations;
    question.operation_count = rules.operation_count;
    question.body_max_bytes = rules.body_max_bytes;
    question.target = place.path;
    CG_TRY(cg_explain(store, &question, context->arena, &context->fault, &explanation));
    CG_TRY(put_verdict(context, &explanation));
    if (explanation.reason != CG_REASON_NONE) {
        context->complained = true; /* the answer is no, and stands in the result */
        CG_TRY(cg_output_finish(&context->output));
        return CG_ERR_AUTHORISATION;
    }
    return CG_OK;
}

static const struct cg_option explain_options[] = {
    {"client", "ID", CG_OPTION_PLAIN, "a client, as the registry is now"},
    {"token", "FILE", CG_OPTION_PLAIN, "a token in a file, - for standard input"},
    {"certificate", "FILE", CG_OPTION_PLAIN, "that would come with the token, in PEM"},
    {"api", "NAME", CG_OPTION_REQUIRED, "the API that it would call"},
    {"method", "METHOD", CG_OPTION_PLAIN, "how it would call, GET if left out"},
    {"path", "PATH", CG_OPTION_PLAIN, "what it would call: the API's only location if left out"},
    {"body", "FILE", CG_OPTION_PLAIN,
     "with this body: a batch, a transaction or the form of a search"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb explain_verbs[] = {
    {
        .name = "replay",
        .summary = "tell whose calls of late a change of the registry would refuse or let in",
        .options = cg_explain_replay_options,
        .help =
            "Takes each client and API that the audit, and the gate's access log, tell of, and\n"
            "asks what `caregate explain` would say of it. It lists those who were let in and\n"
            "would be refused, and the reverse. What caregate_require wants of a method is\n"
            "not looked at. Exit 1: somebody who was let in would be refused.",
        .example = "caregate explain replay --since 24h --dry-run registry.yaml",
        .run = cg_explain_replay_run,
    },
    {
        .name = "",
        .summary = "tell whether a call would be let in, and why",
        .options = explain_options,
        .help = "Goes through the rules of issuer and gate, each with whether it held, with\n"
                "what nginx.conf wants by caregate_require and caregate_smart. The verdict is the\n"
                "gate's own; where SMART scopes decide --path may have a query, and --body says\n"
                "which entry of a Bundle is refused.\n"
                "Of a token that is bound it says what must come along.\n"
                "Exit 0: it would be let in; 1: it would not.",
        .example = "caregate explain --client ward-system-7f3k9q2x --api documents.write",
        .run = run_explain,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_explain = {"explain", "would it be let in, and why", explain_verbs};
