/* SPDX-License-Identifier: Apache-2.0 */
/* A call with a token that is bound to a key, by hand. */
#include "base/span.h"
#include "cli/cmd_token.h"
#include "cli/token_credential.h"
#include "cli/token_file.h"
#include "codec/uri.h"
#include "token/client_jwt.h"
#include "token/dpop.h"

static enum cg_status read_order(struct cg_context *context, const struct cg_args *args,
                                 struct cg_proof_order *ret_order)
{
    struct cg_uri uri;
    struct cg_proof_order order = {
        .method = cg_args_has(args, "method") ? cg_args_value(args, "method") : CG_SPAN_OF("GET"),
        .target = cg_args_value(args, "url"),
        .nonce = cg_args_value(args, "nonce"),
        .now_s = context->now_s,
    };
    if (cg_uri_parse(order.target, &uri) != CG_OK || !cg_uri_is_http(&uri)) {
        return cg_complain_usage(context, "--url wants a whole URL, such as "
                                          "https://localhost:8443/fhir/Patient/1");
    }
    CG_TRY(cg_token_file_read(context, cg_args_argument(args, 0), &order.token));
    *ret_order = order;
    return CG_OK;
}

/* What a program takes apart, or what `curl -H @-` reads. */
static enum cg_status put_headers(struct cg_context *context, struct cg_span token,
                                  struct cg_span proof)
{
    const char *text = NULL;
    if (!context->json) {
        CG_TRY(cg_context_print(context, &text, "Authorization: DPoP %.*s\nDPoP: %.*s",
                                CG_SPAN_ARGS(token), CG_SPAN_ARGS(proof)));
        cg_output_document(&context->output, cg_span_of_string(text));
        return CG_OK;
    }
    CG_TRY(cg_context_print(context, &text, "DPoP %.*s", CG_SPAN_ARGS(token)));
    cg_output_open_record(&context->output);
    cg_output_string(&context->output, "authorization", text);
    cg_output_text(&context->output, "dpop", proof);
    cg_output_close_record(&context->output);
    return CG_OK;
}

enum cg_status cg_token_proof_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    struct cg_proof_order order;
    struct cg_span pem = {NULL, 0};
    struct cg_span proof = {NULL, 0};
    CG_TRY(cg_token_credential_file(context, args, "dpop-key-file", &pem));
    CG_TRY(cg_token_credential_key(context, "dpop-key-file", pem, CG_SPAN_OF(CG_DPOP_ALGORITHMS),
                                   &key));
    CG_TRY(read_order(context, args, &order));
    CG_TRY(cg_client_jwt_proof(&order, key, &context->random, context->arena, &proof));
    return put_headers(context, order.token, proof);
}
