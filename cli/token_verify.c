/* SPDX-License-Identifier: Apache-2.0 */
/* A token against the local store: each check named, with whether it held. */
#include "base/clock.h"
#include "base/span.h"
#include "cli/cmd_token.h"
#include "cli/lookup.h"
#include "cli/token_file.h"
#include "feed/feed.h"
#include "gate/decide.h"
#include "jose/jws.h"
#include "token/verify.h"

enum check_state { CHECK_HELD, CHECK_FAILED, CHECK_NOT_REACHED };

/* In the order of token/verify.h; each but the last two fails for one reason of its own. */
enum check {
    CHECK_FORM,
    CHECK_ALGORITHM,
    CHECK_TYPE,
    CHECK_KEY,
    CHECK_SIGNATURE,
    CHECK_CLAIMS,
    CHECK_ISSUER,
    CHECK_EXPIRY,
    CHECK_ISSUED,
    CHECK_AUDIENCE,
    CHECK_TOKEN_DENIED,
    CHECK_CLIENT_DENIED,
    CHECK_AGREEMENTS,
    CHECK_COUNT
};

static const struct {
    const char *text;
    enum cg_reason reason;
} checks[CHECK_COUNT] = {
    [CHECK_FORM] = {"it is a compact JWS", CG_REASON_TOKEN_MALFORMED},
    [CHECK_ALGORITHM] = {"its algorithm is accepted", CG_REASON_TOKEN_ALGORITHM_REFUSED},
    [CHECK_TYPE] = {"its type is the realm's", CG_REASON_TOKEN_TYPE_REFUSED},
    [CHECK_KEY] = {"its key is published by the realm", CG_REASON_TOKEN_KEY_UNKNOWN},
    [CHECK_SIGNATURE] = {"its signature is right", CG_REASON_TOKEN_SIGNATURE_INVALID},
    [CHECK_CLAIMS] = {"its claims are complete", CG_REASON_TOKEN_MALFORMED},
    [CHECK_ISSUER] = {"its issuer is the realm", CG_REASON_TOKEN_ISSUER_WRONG},
    [CHECK_EXPIRY] = {"it has not expired", CG_REASON_TOKEN_EXPIRED},
    [CHECK_ISSUED] = {"it is not from the future", CG_REASON_TOKEN_ISSUED_IN_FUTURE},
    [CHECK_AUDIENCE] = {"it names an API of the realm", CG_REASON_TOKEN_AUDIENCE_UNKNOWN},
    [CHECK_TOKEN_DENIED] = {"it is not revoked", CG_REASON_TOKEN_REVOKED},
    [CHECK_CLIENT_DENIED] = {"its client's tokens were not stopped since",
                             CG_REASON_CLIENT_SUSPENDED},
    [CHECK_AGREEMENTS] = {"none of its agreements is withdrawn", CG_REASON_AGREEMENT_WITHDRAWN},
};

struct verification {
    struct cg_context *context;
    const struct cg_snapshot_realm *realm;
    struct cg_span compact;
    struct cg_access_token token;
    enum check failed; /* CHECK_COUNT: none */
};

/* A malformed token fails by its form, or, when it can be taken apart, by its claims. */
static enum check check_of(const struct verification *verification, enum cg_reason reason)
{
    struct cg_jws jws;
    if (reason == CG_REASON_TOKEN_MALFORMED &&
        cg_jws_split(verification->compact, verification->context->arena, NULL, &jws) == CG_OK) {
        return CHECK_CLAIMS;
    }
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        if (checks[i].reason == reason) {
            return (enum check)i;
        }
    }
    return CHECK_FORM;
}

static enum check check_denylist(const struct verification *verification)
{
    const struct cg_access_token *token = &verification->token;
    enum cg_reason denied = cg_decide_denylist(verification->realm, token);
    if (denied != CG_REASON_NONE) {
        return denied == CG_REASON_TOKEN_REVOKED ? CHECK_TOKEN_DENIED : CHECK_CLIENT_DENIED;
    }
    return cg_decide_withdrawn(verification->realm, token) != 0 ? CHECK_AGREEMENTS : CHECK_COUNT;
}

static enum cg_status verify(struct verification *verification)
{
    struct cg_context *context = verification->context;
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    enum cg_status status =
        cg_token_verify(verification->realm, verification->compact, context->now_s, context->arena,
                        &fault, &verification->token);
    if (status != CG_OK && fault.reason == CG_REASON_NONE) {
        return status;
    }
    verification->failed =
        status == CG_OK ? check_denylist(verification) : check_of(verification, fault.reason);
    return CG_OK;
}

static enum check_state state_of(const struct verification *verification, size_t check)
{
    if (check == (size_t)verification->failed) {
        return CHECK_FAILED;
    }
    return check < (size_t)verification->failed ? CHECK_HELD : CHECK_NOT_REACHED;
}

static void put_checks(const struct verification *verification)
{
    static const char *const words[] = {"yes", "no", "not reached"};
    struct cg_output *output = &verification->context->output;
    cg_output_open_list(output, CG_LIST_TABLE, NULL);
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        cg_output_open_record(output);
        cg_output_string(output, "held", words[state_of(verification, i)]);
        cg_output_string(output, "check", checks[i].text);
        cg_output_close_record(output);
    }
    cg_output_close_list(output);
}

static enum cg_status checks_as_json(const struct verification *verification,
                                     struct cg_span *ret_json)
{
    struct cg_json_writer writer;
    struct cg_buf buf;
    cg_buf_init_arena(&buf, verification->context->arena, CG_LIMIT_REGISTRY_LOAD_BYTES);
    cg_json_begin(&writer, &buf);
    cg_json_open_array(&writer);
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        enum check_state state = state_of(verification, i);
        cg_json_open_object(&writer);
        cg_json_member_put(&writer, "check", cg_span_of_string(checks[i].text));
        cg_json_put_name(&writer, "held");
        if (state == CHECK_NOT_REACHED) {
            cg_json_put_null(&writer);
        } else {
            cg_json_put_bool(&writer, state == CHECK_HELD);
        }
        cg_json_close_object(&writer);
    }
    cg_json_close_array(&writer);
    return cg_buf_finish(&buf, ret_json);
}

static enum cg_status put_json(const struct verification *verification)
{
    struct cg_output *output = &verification->context->output;
    bool good = verification->failed == CHECK_COUNT;
    struct cg_span list = {NULL, 0};
    CG_TRY(checks_as_json(verification, &list));
    cg_output_open_record(output);
    cg_output_flag(output, "verified", good);
    cg_output_string(output, "reason",
                     good ? NULL : cg_reason_name(checks[verification->failed].reason));
    cg_output_json(output, "checks", list, list);
    cg_output_close_record(output);
    return CG_OK;
}

static enum cg_status put_verdict(const struct verification *verification)
{
    struct cg_context *context = verification->context;
    char until[CG_TIME_TEXT_BYTES];
    if (context->json) {
        CG_TRY(put_json(verification));
    } else {
        put_checks(verification);
    }
    if (verification->failed != CHECK_COUNT) {
        CG_TRY(cg_output_finish(&context->output));
        return cg_complain(context, CG_ERR_AUTHENTICATION, "the token is refused: %s",
                           cg_reason_text(checks[verification->failed].reason));
    }
    cg_time_format(verification->token.expires_s, until);
    cg_say(context, "the token is good until %s; `caregate explain --token` tells for which API",
           until);
    return CG_OK;
}

static enum cg_status judge(struct cg_context *context, const struct cg_snapshot *snapshot,
                            struct cg_span realm, struct cg_span compact)
{
    struct verification verification = {.context = context, .compact = compact};
    verification.realm = cg_snapshot_find_realm(snapshot, realm);
    if (verification.realm == NULL) {
        return cg_complain(context, CG_ERR_NOT_FOUND, "the realm has no issuer URL yet");
    }
    CG_TRY(verify(&verification));
    return put_verdict(&verification);
}

enum cg_status cg_token_verify_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_snapshot *snapshot = NULL;
    struct cg_lookup lookup;
    struct cg_span compact = {NULL, 0};
    int64_t changes_s = 0;
    CG_TRY(cg_token_file_read(context, cg_args_argument(args, 0), &compact));
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    CG_TRY(cg_feed_snapshot(store, context->now_s, &snapshot, &changes_s));
    enum cg_status status = judge(context, snapshot, lookup.realm, compact);
    (void)cg_snapshot_free(snapshot);
    return status;
}
