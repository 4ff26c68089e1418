/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_token.h"

#include "base/limits.h"
#include "cli/change.h"
#include "cli/nouns.h"
#include "registry/denial.h"
#include "registry/realm.h"
#include "token/text.h"

/* Denied for as long as any token of the realm may live: when this one was issued is not asked. */
static enum cg_status run_revoke(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_snapshot_denial denial = {
        .kind = CG_DENIAL_TOKEN,
        .subject = cg_args_value(args, "jti"),
    };
    int64_t life_s = 0;
    if (!cg_text_is_header_safe(denial.subject, CG_LIMIT_NAME_BYTES)) {
        return cg_complain_usage(context, "--jti wants a token's jti, as `token decode` or the "
                                          "audit shows it, not the token");
    }
    CG_TRY(cg_change_begin(context, &change));
    CG_TRY(cg_realm_longest_life_s(cg_change_store(change), cg_change_realm(change), &life_s));
    denial.expires_s = context->now_s + life_s;
    CG_TRY(
        cg_denial_add(cg_change_store(change), cg_change_realm(change), &denial, context->now_s));
    CG_TRY(cg_change_note(change, CG_AUDIT_TOKEN_REVOKED, &event));
    event->token_id = denial.subject;
    CG_TRY(cg_change_commit(change));
    cg_output_open_record(&context->output);
    cg_output_text(&context->output, "token_id", denial.subject);
    cg_output_time(&context->output, "denied_until", denial.expires_s, "-");
    cg_output_close_record(&context->output);
    return CG_OK;
}

static const struct cg_option request_options[] = {
    {"issuer", "URL", CG_OPTION_REQUIRED, "the realm's issuer URL"},
    {"client", "ID", CG_OPTION_REQUIRED, "the client's id"},
    {"secret-file", "FILE", CG_OPTION_PLAIN, "its secret; from standard input if left out"},
    {"scope", "SCOPE", CG_OPTION_REPEATABLE, "what to ask for, all that is agreed if left out"},
    {"ca-file", "FILE", CG_OPTION_PLAIN, "who may sign the issuer's certificate, in PEM"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option revoke_options[] = {
    {"jti", "JTI", CG_OPTION_REQUIRED, "the token's own id"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb token_verbs[] = {
    {
        .name = "request",
        .summary = "get a token, as a calling system would",
        .options = request_options,
        .help = "Finds the token endpoint by the issuer's metadata (RFC 8414), else takes\n"
                "URL/oauth/token. Prints the token response: keep it as you would a key.",
        .example = "caregate token request --issuer https://localhost:8443/vlive/hpca --client "
                   "ward-system-7f3k9q2x --secret-file secret --ca-file caregate-data/tls/ca.pem",
        .run = cg_token_request_run,
    },
    {
        .name = "decode",
        .arguments = "[FILE]",
        .summary = "lay a token open, without verifying it",
        .help = "FILE holds a token or a token response; standard input if left out.",
        .example = "caregate token decode response.json",
        .run = cg_token_decode_run,
    },
    {
        .name = "verify",
        .arguments = "[FILE]",
        .summary = "check a token against the store",
        .help = "FILE holds a token or a token response; standard input if left out. Tells\n"
                "each check and whether it held. Exit 0: all did; 1: one did not.",
        .example = "caregate token verify response.json",
        .run = cg_token_verify_run,
    },
    {
        .name = "revoke",
        .summary = "refuse a token before its end",
        .options = revoke_options,
        .help = "The gate refuses it within two seconds, until any token of the realm that was\n"
                "issued before now is over.",
        .example = "caregate token revoke --jti 4aGm2v1b0kqG3sV5tZbq4w",
        .run = run_revoke,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_token = {"token", "tokens, seen from both sides", token_verbs};
