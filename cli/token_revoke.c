/* SPDX-License-Identifier: Apache-2.0 */
/* A token refused before its end: one that is at hand, or one of which the id is known. */
#include "base/limits.h"
#include "base/span.h"
#include "cli/change.h"
#include "cli/cmd_token.h"
#include "cli/lookup.h"
#include "cli/token_file.h"
#include "feed/feed.h"
#include "registry/denial.h"
#include "registry/realm.h"
#include "token/text.h"
#include "token/verify.h"

/* What is told of it: the client is absent where only the id is known. */
struct revocation {
    struct cg_span token_id;
    struct cg_span client_id;
    int64_t denied_until_s;
};

static enum cg_status finish(struct cg_change *change, struct cg_context *context,
                             const struct revocation *revocation)
{
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_change_note(change, CG_AUDIT_TOKEN_REVOKED, &event));
    event->token_id = revocation->token_id;
    event->client_id = revocation->client_id;
    CG_TRY(cg_change_commit(change));
    cg_output_open_record(&context->output);
    cg_output_text(&context->output, "token_id", revocation->token_id);
    cg_output_text(&context->output, "client_id", revocation->client_id);
    cg_output_time(&context->output, "denied_until", revocation->denied_until_s, "-");
    cg_output_close_record(&context->output);
    return CG_OK;
}

/* Denied for as long as any token of the realm may live: when this one was issued is not known. */
static enum cg_status revoke_by_id(struct cg_context *context, struct cg_span token_id)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_snapshot_denial denial = {.kind = CG_DENIAL_TOKEN, .subject = token_id};
    int64_t life_s = 0;
    if (!cg_text_is_header_safe(token_id, CG_LIMIT_NAME_BYTES)) {
        return cg_complain_usage(context, "--jti wants a token's jti, as `token decode` or the "
                                          "audit shows it, not the token");
    }
    CG_TRY(cg_change_begin(context, &change));
    CG_TRY(cg_realm_longest_life_s(cg_change_store(change), cg_change_realm(change), &life_s));
    denial.expires_s = context->now_s + life_s;
    CG_TRY(
        cg_denial_add(cg_change_store(change), cg_change_realm(change), &denial, context->now_s));
    struct revocation revocation = {.token_id = token_id, .denied_until_s = denial.expires_s};
    return finish(change, context, &revocation);
}

static enum cg_status prove(struct cg_context *context, const struct cg_snapshot_realm *realm,
                            struct cg_span compact, struct cg_access_token *ret_token)
{
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    if (realm == NULL) {
        return cg_complain(context, CG_ERR_NOT_FOUND, "the realm has no issuer URL yet");
    }
    enum cg_status status =
        cg_token_verify(realm, compact, context->now_s, context->arena, &fault, ret_token);
    if (status != CG_OK && fault.reason != CG_REASON_NONE) {
        return cg_complain(context, status, "nothing to revoke, the token is refused anyway: %s",
                           cg_reason_text(fault.reason));
    }
    return status;
}

/* Whose token it is may be written down, as it is proven. */
static enum cg_status read_proven(struct cg_context *context, struct cg_span file,
                                  struct cg_access_token *ret_token)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_snapshot *snapshot = NULL;
    struct cg_lookup lookup;
    struct cg_span compact = {NULL, 0};
    int64_t changes_s = 0;
    CG_TRY(cg_token_file_read(context, file, &compact));
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    CG_TRY(cg_feed_snapshot(store, context->now_s, &snapshot, &changes_s));
    enum cg_status status =
        prove(context, cg_snapshot_find_realm(snapshot, lookup.realm), compact, ret_token);
    (void)cg_snapshot_free(snapshot);
    return status;
}

static enum cg_status revoke_at_hand(struct cg_context *context, struct cg_span file)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_access_token token = {.api_count = 0};
    CG_TRY(read_proven(context, file, &token));
    struct cg_denied_token denied = {token.token_id, token.client_id, token.expires_s};
    CG_TRY(cg_change_begin(context, &change));
    CG_TRY(cg_denial_add_token(cg_change_store(change), cg_change_realm(change), &denied,
                               context->now_s));
    struct revocation revocation = {token.token_id, token.client_id, token.expires_s};
    return finish(change, context, &revocation);
}

enum cg_status cg_token_revoke_run(struct cg_context *context, const struct cg_args *args)
{
    struct cg_span token_id = cg_args_value(args, "jti");
    struct cg_span file = cg_args_argument(args, 0);
    if ((token_id.data == NULL) == (file.data == NULL)) {
        return cg_complain_usage(context, "name the token by FILE (\"-\": standard input), or its "
                                          "id by --jti");
    }
    return token_id.data != NULL ? revoke_by_id(context, token_id) : revoke_at_hand(context, file);
}
