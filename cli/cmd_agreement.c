/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/span.h"
#include "cli/args.h"
#include "cli/change.h"
#include "cli/lookup.h"
#include "cli/nouns.h"
#include "token/scope_limit.h"
#include "token/smart.h"

#define CODES_BYTES_MAX 4096

/* null, and for people "all", where the agreement does not narrow. */
static void put_narrowing(struct cg_output *output, const char *name, struct cg_span codes)
{
    if (codes.len > 0) {
        cg_output_words(output, name, codes);
    } else {
        cg_output_json(output, name, CG_SPAN_OF("null"), CG_SPAN_OF("all"));
    }
}

static void put_rate(struct cg_output *output, const char *name, const struct cg_rate *rate)
{
    char text[CG_RATE_TEXT_BYTES];
    cg_rate_format(rate, text);
    cg_output_text(output, name,
                   text[0] == '\0' ? (struct cg_span){NULL, 0} : cg_span_of_string(text));
}

static void put_agreement(struct cg_context *context, const struct cg_agreement *agreement)
{
    struct cg_output *output = &context->output;
    cg_output_open_record(output);
    cg_output_text(output, "agreement_id", agreement->id);
    cg_output_string(output, "state", cg_agreement_state_name(agreement, context->now_s));
    cg_output_text(output, "client_id", agreement->client);
    cg_output_text(output, "api", agreement->api);
    cg_output_words(output, "scope", agreement->scope);
    put_narrowing(output, "document_types", agreement->document_types);
    put_narrowing(output, "organisations", agreement->organisations);
    cg_output_text(output, "purpose", agreement->purpose);
    cg_output_text(output, "purpose_text", agreement->purpose_text);
    cg_output_number(output, "approvals", agreement->approvals);
    cg_output_number(output, "approvals_wanted", agreement->approvals_wanted);
    cg_output_time(output, "from", agreement->from_s, "-");
    cg_output_time(output, "until", agreement->until_s, "no end");
    put_rate(output, "rate", &agreement->rate);
    put_rate(output, "limited_to", &agreement->limit);
    cg_output_time(output, "requested_at", agreement->requested_s, "-");
    cg_output_time(output, "decided_at", agreement->decided_s, "-");
    cg_output_close_record(output);
}

/* What a request or a decision answers with. */
static void put_state(struct cg_context *context, const struct cg_agreement *agreement)
{
    struct cg_output *output = &context->output;
    cg_output_open_record(output);
    cg_output_text(output, "agreement_id", agreement->id);
    cg_output_string(output, "state", cg_agreement_state_name(agreement, context->now_s));
    cg_output_close_record(output);
}

static enum cg_status check_purpose(struct cg_context *context, struct cg_span text)
{
    struct cg_span codes = {NULL, 0};
    struct cg_buf buf;
    if (cg_purpose_find(text) != NULL) {
        return CG_OK;
    }
    cg_buf_init_arena(&buf, context->arena, CODES_BYTES_MAX);
    for (size_t i = 0; cg_purpose_at(i) != NULL; i++) {
        cg_buf_put_string(&buf, "\n  ");
        cg_buf_put_string(&buf, cg_purpose_at(i)->code);
        cg_buf_put_string(&buf, ": ");
        cg_buf_put_string(&buf, cg_purpose_at(i)->help);
    }
    CG_TRY(cg_buf_finish(&buf, &codes));
    return cg_complain(context, CG_ERR_INPUT,
                       "there is no purpose %.*s; --purpose-text says more beside one of:%.*s",
                       CG_SPAN_ARGS(text), CG_SPAN_ARGS(codes));
}

static enum cg_status check_scope(struct cg_context *context, const struct cg_api *api,
                                  struct cg_span scope)
{
    struct cg_span token = {NULL, 0};
    while (cg_span_split(&scope, ' ', &token)) {
        if (token.len > 0 && !cg_scope_is_allowed(api->scope, token)) {
            return cg_complain(context, CG_ERR_INPUT, "%.*s has no scope %.*s; it has %.*s",
                               CG_SPAN_ARGS(api->name), CG_SPAN_ARGS(token),
                               CG_SPAN_ARGS(api->scope));
        }
    }
    return CG_OK;
}

static enum cg_status read_rate(struct cg_context *context, struct cg_span text,
                                struct cg_rate *ret_rate)
{
    if (text.data == NULL || cg_rate_parse(text, ret_rate) == CG_OK) {
        return CG_OK;
    }
    return cg_complain(context, CG_ERR_INPUT,
                       "there is no rate %.*s: say 20/s, 600/min or 5000/h, at most %d a second",
                       CG_SPAN_ARGS(text), CG_RATE_PER_S_MAX);
}

static enum cg_status read_request(struct cg_context *context, const struct cg_args *args,
                                   struct cg_agreement *agreement)
{
    agreement->purpose = cg_args_value(args, "purpose");
    agreement->purpose_text = cg_args_value(args, "purpose-text");
    CG_TRY(check_purpose(context, agreement->purpose));
    CG_TRY(read_rate(context, cg_args_value(args, "rate"), &agreement->rate));
    CG_TRY(cg_args_join(context, args, "scope", &agreement->scope));
    CG_TRY(cg_args_join(context, args, "type", &agreement->document_types));
    CG_TRY(cg_args_join(context, args, "organisation", &agreement->organisations));
    CG_TRY(cg_args_time_s(context, args, "from", &agreement->from_s));
    return cg_args_time_s(context, args, "until", &agreement->until_s);
}

/* An event that tells all that is known of the agreement. */
static enum cg_status note(struct cg_change *change, enum cg_audit_kind kind,
                           const struct cg_agreement *agreement, const struct cg_client *client,
                           struct cg_audit_event **ret_event)
{
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_change_note(change, kind, &event));
    event->client_id = client->id;
    event->organisation = client->organisation;
    event->api = agreement->api;
    event->agreement = agreement->id;
    *ret_event = event;
    return CG_OK;
}

/* SMART App Launch 2.2, "Wildcard scopes": they are for types of resources that the API does not
 * have yet, too. Who asks for one, or approves it, is told. */
static void tell_any_type(struct cg_context *context, struct cg_span scope)
{
    struct cg_span word = {NULL, 0};
    while (cg_span_split(&scope, ' ', &word)) {
        struct cg_smart_scope smart;
        if (cg_smart_looks(word) && cg_smart_parse(word, &smart) == CG_OK &&
            cg_span_equal_string(smart.type, "*")) {
            cg_say(context,
                   "note: %.*s is for every type of resource, those that the API will have one day "
                   "among them; name the types if fewer will do",
                   CG_SPAN_ARGS(word));
        }
    }
}

static enum cg_status run_request(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_agreement agreement = {.requested_s = context->now_s};
    struct cg_client client;
    struct cg_api api;
    CG_TRY(read_request(context, args, &agreement));
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    CG_TRY(cg_lookup_client(&lookup, cg_args_value(args, "client"), &client));
    CG_TRY(cg_lookup_api(&lookup, cg_args_value(args, "api"), &api));
    CG_TRY(check_scope(context, &api, agreement.scope));
    agreement.realm = lookup.realm;
    agreement.client = client.id;
    agreement.api = api.name;
    CG_TRY(cg_agreement_request(lookup.store, &agreement, &context->random, context->arena,
                                &context->fault, &agreement.id));
    CG_TRY(note(change, CG_AUDIT_AGREEMENT_REQUESTED, &agreement, &client, &event));
    CG_TRY(cg_change_commit(change));
    put_state(context, &agreement);
    tell_any_type(context, agreement.scope);
    cg_say(context, "next: `caregate agreement approve %.*s --by NAME`, by %lld %s",
           CG_SPAN_ARGS(agreement.id), (long long)api.approvals_wanted,
           api.approvals_wanted == 1 ? "person" : "different people");
    return CG_OK;
}

/* What the event that is noted says happened. */
static enum cg_status decide(const struct cg_lookup *lookup, enum cg_audit_kind kind,
                             const struct cg_agreement *agreement,
                             const struct cg_decision *decision)
{
    struct cg_context *context = lookup->context;
    enum cg_agreement_state state = CG_AGREEMENT_REQUESTED;
    switch ((int)kind) {
    case CG_AUDIT_AGREEMENT_APPROVED:
        return cg_agreement_approve(lookup->store, lookup->realm, agreement->id, decision,
                                    &context->fault, &state);
    case CG_AUDIT_AGREEMENT_REFUSED:
        return cg_agreement_refuse(lookup->store, lookup->realm, agreement->id, decision,
                                   &context->fault);
    default:
        return cg_agreement_withdraw(lookup->store, lookup->realm, agreement->id, decision,
                                     &context->fault);
    }
}

static enum cg_status run_decision(struct cg_context *context, const struct cg_args *args,
                                   enum cg_audit_kind kind)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_agreement agreement;
    struct cg_client client;
    struct cg_decision decision = {
        .who = cg_args_value(args, "by"),
        .why = cg_args_value(args, "why"),
        .at_s = context->now_s,
    };
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    CG_TRY(cg_lookup_agreement(&lookup, cg_args_argument(args, 0), &agreement));
    CG_TRY(cg_lookup_client(&lookup, agreement.client, &client));
    CG_TRY(decide(&lookup, kind, &agreement, &decision));
    CG_TRY(cg_lookup_agreement(&lookup, agreement.id, &agreement));
    CG_TRY(note(change, kind, &agreement, &client, &event));
    if (agreement.state == CG_AGREEMENT_APPROVED) {
        CG_TRY(note(change, CG_AUDIT_AGREEMENT_IN_FORCE, &agreement, &client, &event));
    }
    CG_TRY(cg_change_commit(change));
    put_state(context, &agreement);
    if (kind == CG_AUDIT_AGREEMENT_APPROVED) {
        tell_any_type(context, agreement.scope);
    }
    if (agreement.state == CG_AGREEMENT_REQUESTED) {
        cg_say(context, "%lld of %lld approvals; another person approves next",
               (long long)agreement.approvals, (long long)agreement.approvals_wanted);
    }
    return CG_OK;
}

static enum cg_status run_approve(struct cg_context *context, const struct cg_args *args)
{
    return run_decision(context, args, CG_AUDIT_AGREEMENT_APPROVED);
}

static enum cg_status run_refuse(struct cg_context *context, const struct cg_args *args)
{
    return run_decision(context, args, CG_AUDIT_AGREEMENT_REFUSED);
}

static enum cg_status run_withdraw(struct cg_context *context, const struct cg_args *args)
{
    return run_decision(context, args, CG_AUDIT_AGREEMENT_WITHDRAWN);
}

/* "agreed" takes a limit off; the rate is then what was agreed. */
static enum cg_status read_limit(struct cg_context *context, struct cg_span text,
                                 struct cg_rate *ret_limit)
{
    *ret_limit = (struct cg_rate){.count = 0};
    return cg_span_equal_string(text, "agreed") ? CG_OK : read_rate(context, text, ret_limit);
}

static enum cg_status run_limit(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_span rate = cg_args_value(args, "rate");
    struct cg_audit_event *event = NULL;
    struct cg_agreement agreement;
    struct cg_client client;
    struct cg_rate limit;
    CG_TRY(read_limit(context, rate, &limit));
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    CG_TRY(cg_lookup_agreement(&lookup, cg_args_argument(args, 0), &agreement));
    CG_TRY(cg_lookup_client(&lookup, agreement.client, &client));
    CG_TRY(cg_agreement_limit(lookup.store, &agreement, &limit, context->now_s, &context->fault));
    CG_TRY(note(change, CG_AUDIT_AGREEMENT_LIMITED, &agreement, &client, &event));
    event->detail = rate;
    CG_TRY(cg_change_commit(change));
    agreement.limit = limit;
    put_agreement(context, &agreement);
    return CG_OK;
}

static void put_row(struct cg_context *context, const void *row)
{
    put_agreement(context, row);
}

static enum cg_status run_list(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    CG_CLEANUP(cg_long_list_release) struct cg_long_list list = {.arena = NULL};
    struct cg_lookup lookup;
    struct cg_client client = {.id = cg_args_value(args, "client")};
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    if (client.id.data != NULL) {
        CG_TRY(cg_lookup_client(&lookup, client.id, &client));
    }
    CG_TRY(cg_long_list_init(&list, context, put_row));
    cg_output_open_list(&context->output, CG_LIST_BLOCKS, "no agreements yet");
    CG_TRY(cg_agreement_list(store, lookup.realm, client.id, list.arena, cg_long_list_see, &list));
    cg_output_close_list(&context->output);
    return CG_OK;
}

static enum cg_status run_show(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_lookup lookup;
    struct cg_agreement agreement;
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    CG_TRY(cg_lookup_agreement(&lookup, cg_args_argument(args, 0), &agreement));
    put_agreement(context, &agreement);
    return CG_OK;
}

static const struct cg_option request_options[] = {
    {"client", "ID", CG_OPTION_REQUIRED, "the system that will call"},
    {"api", "NAME", CG_OPTION_REQUIRED, "the API that it will call"},
    {"scope", "SCOPE", CG_OPTION_REQUIRED | CG_OPTION_REPEATABLE,
     "an operation of that API, or a SMART scope that opens no more than its own"},
    {"type", "SNOMED", CG_OPTION_REPEATABLE, "only documents of this type; all if left out"},
    {"organisation", "ODS", CG_OPTION_REPEATABLE, "only its documents; all if left out"},
    {"purpose", "CODE", CG_OPTION_REQUIRED, "what for: direct_care, …; an unknown code lists all"},
    {"purpose-text", "TEXT", CG_OPTION_PLAIN, "what for, in words; no patient's data"},
    {"rate", "RATE", CG_OPTION_PLAIN, "how often it may call: 20/s, 600/min; no limit if left out"},
    {"from", "DATE", CG_OPTION_PLAIN, "when it begins, now if left out"},
    {"until", "DATE", CG_OPTION_PLAIN, "when it is over, at the start of that day in UTC"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option decision_options[] = {
    {"by", "NAME", CG_OPTION_REQUIRED, "who decides"},
    {"why", "TEXT", CG_OPTION_PLAIN, "for what reason; no patient's data"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option limit_options[] = {
    {"rate", "RATE", CG_OPTION_REQUIRED,
     "how often it may call, at most as agreed: 5/s, 60/min; or: agreed"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option list_options[] = {
    {"client", "ID", CG_OPTION_PLAIN, "only this client's"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb agreement_verbs[] = {
    {
        .name = "request",
        .summary = "ask that a client may call an API",
        .options = request_options,
        .help =
            "It is in force once as many different people approved it as the API wants.\n"
            "Dates such as 2026-01-31 are the start of that day in UTC.\n"
            "Types and organisations narrow what the API is to give. The gate tells it so in a\n"
            "header, which the API must obey: ask its owner. They stay as they are requested.",
        .example = "caregate agreement request --client ward-system-7f3k9q2x --api "
                   "documents.write --scope documents.write --purpose direct_care",
        .run = run_request,
    },
    {
        .name = "approve",
        .arguments = "ID",
        .summary = "approve a requested agreement, as one person",
        .options = decision_options,
        .example = "caregate agreement approve agr_7f3k9q2xabcd --by \"Dr A. Example\"",
        .run = run_approve,
    },
    {
        .name = "refuse",
        .arguments = "ID",
        .summary = "refuse a requested agreement",
        .options = decision_options,
        .example = "caregate agreement refuse agr_7f3k9q2xabcd --by \"Dr A. Example\" --why "
                   "\"no purpose of care\"",
        .run = run_refuse,
    },
    {
        .name = "withdraw",
        .arguments = "ID",
        .summary = "end an agreement that is in force",
        .options = decision_options,
        .help = "The issuer honours it at once; the gate refuses tokens that rest on it within\n"
                "two seconds.",
        .example = "caregate agreement withdraw agr_7f3k9q2xabcd --by \"Dr A. Example\"",
        .run = run_withdraw,
    },
    {
        .name = "limit",
        .arguments = "ID",
        .summary = "let a client call less often than was agreed, or as often again",
        .options = limit_options,
        .help = "For a system that calls too much. Nobody has to approve less than what was\n"
                "approved; more wants an agreement of its own. The gate goes by it within two\n"
                "seconds, for tokens that are there already, too.",
        .example = "caregate agreement limit agr_7f3k9q2xabcd --rate 5/s",
        .run = run_limit,
    },
    {
        .name = "list",
        .summary = "list agreements",
        .options = list_options,
        .example = "caregate agreement list --client ward-system-7f3k9q2x",
        .run = run_list,
    },
    {
        .name = "show",
        .arguments = "ID",
        .summary = "show one agreement",
        .example = "caregate agreement show agr_7f3k9q2xabcd",
        .run = run_show,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_agreement = {"agreement", "who may call what, for what purpose",
                                          agreement_verbs};
