/* SPDX-License-Identifier: Apache-2.0 */
/* As a calling system would: discovery (RFC 8414), then the client credentials grant (RFC 6749
 * §4.4). */
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "cli/cmd_token.h"
#include "cli/token_credential.h"
#include "cli/token_form.h"
#include "cli/token_server.h"
#include "codec/json.h"
#include "token/client_jwt.h"
#include "token/dpop.h"

#define ASSERTION_LIFE_S 60

struct request {
    struct cg_context *context;
    const struct cg_args *args;
    struct cg_token_server server;
    struct cg_token_credential credential;
    struct cg_token_form form;
};

/* RFC 7523 §2.2. It is made out to the token URL, unless it is said otherwise. */
static enum cg_status make_assertion(struct request *request)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    struct cg_context *context = request->context;
    struct cg_assertion_order order = {
        .client = request->form.client_id,
        .audience = cg_args_value(request->args, "audience"),
        .kid = cg_args_value(request->args, "kid"),
        .now_s = context->now_s,
        .life_s = ASSERTION_LIFE_S,
    };
    struct cg_span algs = cg_args_value(request->args, "alg");
    if (request->credential.key.data == NULL) {
        return CG_OK;
    }
    if (order.audience.data == NULL) {
        order.audience = cg_span_of_string(request->server.token_url);
    }
    CG_TRY(cg_token_credential_key(context, "key-file", request->credential.key,
                                   algs.data != NULL ? algs : request->server.algs, &key));
    return cg_client_jwt_assertion(&order, key, &context->random, context->arena,
                                   &request->form.assertion);
}

/* RFC 9449 §5: the token is to be bound to the key of this proof. */
static enum cg_status make_proof(const struct request *request, struct cg_span *ret_proof)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    struct cg_context *context = request->context;
    const struct cg_proof_order order = {
        .method = CG_SPAN("POST"),
        .target = cg_span_of_string(request->server.token_url),
        .now_s = context->now_s,
    };
    if (request->credential.proof_key.data == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_token_credential_key(context, "dpop-key-file", request->credential.proof_key,
                                   CG_SPAN_OF(CG_DPOP_ALGORITHMS), &key));
    return cg_client_jwt_proof(&order, key, &context->random, context->arena, ret_proof);
}

static enum cg_status write_form(const struct request *request, struct cg_span *ret_form)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, request->context->arena, CG_LIMIT_FORM_BYTES);
    cg_token_form_write(&request->form, &buf);
    return cg_buf_finish(&buf, ret_form);
}

/* RFC 6749 §5.2: an error answers with a code and, mostly, words. */
static enum cg_status complain_of(const struct request *request,
                                  const struct cg_fetch_response *response)
{
    const char *url = request->server.token_url;
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_span error = {NULL, 0};
    struct cg_span description = CG_SPAN_OF("no description");
    if (cg_json_parse(response->body, response->body.len, &json) != CG_OK ||
        cg_json_member_string(cg_json_root(json), "error", &error) != CG_OK) {
        return cg_complain(request->context, CG_ERR_AUTHORISATION, "%s answered %ld", url,
                           response->http_status);
    }
    if (cg_json_member(cg_json_root(json), "error_description") != NULL) {
        CG_TRY(cg_json_member_string(cg_json_root(json), "error_description", &description));
    }
    return cg_complain(request->context, CG_ERR_AUTHORISATION, "%s answered %ld %.*s: %.*s", url,
                       response->http_status, CG_SPAN_ARGS(error), CG_SPAN_ARGS(description));
}

/* Prints the answer. */
static enum cg_status ask(const struct request *request)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    const char *url = request->server.token_url;
    struct cg_fetch_response response;
    struct cg_fetch_request post = {
        .url = url,
        .certificate = request->credential.certificate,
        .certificate_key = request->credential.certificate_key,
    };
    struct cg_span token = {NULL, 0};
    CG_TRY(make_proof(request, &post.proof));
    CG_TRY(write_form(request, &post.form));
    CG_TRY(cg_token_fetch(request->context, &request->server, post, &response));
    if (response.http_status != 200) {
        return complain_of(request, &response);
    }
    if (cg_json_parse(response.body, response.body.len, &json) != CG_OK ||
        cg_json_member_string(cg_json_root(json), "access_token", &token) != CG_OK) {
        return cg_complain(request->context, CG_ERR_INPUT, "%s answered without an access_token",
                           url);
    }
    cg_output_document(&request->context->output, response.body);
    return CG_OK;
}

/* The issuer's URL without the slashes that people type at its end. */
static struct cg_span without_slash(struct cg_span url)
{
    while (url.len > 0 && url.data[url.len - 1] == '/') {
        url.len--;
    }
    return url;
}

static enum cg_status read_server(struct cg_context *context, const struct cg_args *args,
                                  struct cg_token_server *server)
{
    if (cg_args_has(args, "ca-file")) {
        CG_TRY(cg_context_string(context, cg_args_value(args, "ca-file"), &server->ca_file));
    }
    return cg_context_string(context, without_slash(cg_args_value(args, "issuer")),
                             &server->issuer);
}

enum cg_status cg_token_request_run(struct cg_context *context, const struct cg_args *args)
{
    struct cg_span resources[CG_ARGS_OPTIONS_MAX];
    struct request request = {
        .context = context,
        .args = args,
        .form = {.client_id = cg_args_value(args, "client"),
                 .resources = resources,
                 .resource_count = cg_args_count(args, "resource")},
    };
    for (size_t i = 0; i < request.form.resource_count; i++) {
        resources[i] = cg_args_value_at(args, "resource", i);
    }
    CG_TRY(cg_args_join(context, args, "scope", &request.form.scope));
    CG_TRY(read_server(context, args, &request.server));
    CG_TRY(cg_token_credential_read(context, args, &request.credential));
    request.form.secret = request.credential.secret;
    bool by_certificate = request.credential.certificate.data != NULL;
    CG_TRY(cg_token_discover(context, by_certificate, &request.server));
    CG_TRY(make_assertion(&request));
    return ask(&request);
}
