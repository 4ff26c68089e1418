/* SPDX-License-Identifier: Apache-2.0 */
/* As a calling system would: discovery (RFC 8414), then the client credentials grant (RFC 6749
 * §4.4). */
#include "agent/ask.h"
#include "base/span.h"
#include "cli/cmd_token.h"
#include "cli/token_credential.h"
#include "cli/token_server.h"
#include "token/dpop.h"

CG_DEFINE_CLEANUP(client_free_at, struct cg_client *, cg_client_free)

struct request {
    struct cg_context *context;
    const struct cg_args *args;
    struct cg_token_server server;
    struct cg_token_credential credential;
    struct cg_client_config config;
};

/* A certificate may go with either of the others, for a token that is bound to it. */
static enum cg_client_method method_of(const struct cg_token_credential *credential)
{
    if (credential->key.data != NULL) {
        return CG_CLIENT_PRIVATE_KEY_JWT;
    }
    return credential->secret.data != NULL ? CG_CLIENT_SECRET_POST : CG_CLIENT_TLS;
}

static void configure(struct request *request)
{
    struct cg_client_config *config = &request->config;
    const struct cg_token_credential *credential = &request->credential;
    struct cg_span alg = cg_args_value(request->args, "alg");
    config->token_url = cg_span_of_string(request->server.token_url);
    config->client_id = cg_args_value(request->args, "client");
    config->method = method_of(credential);
    config->secret = credential->secret;
    config->key = credential->key;
    config->kid = cg_args_value(request->args, "kid");
    config->alg = alg.data != NULL ? alg : request->server.algs;
    config->audience = cg_args_value(request->args, "audience");
    config->certificate = credential->certificate;
    config->certificate_key = credential->certificate_key;
    config->proof_key = credential->proof_key;
    config->ca_file = cg_span_of_string(request->server.ca_file);
    config->timeout_ms = CG_TOKEN_TIMEOUT_MS;
}

/* Complains in the words of the option that is wrong. */
static enum cg_status check_key(const struct request *request, const char *option,
                                struct cg_span pem, struct cg_span algs)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    return pem.data == NULL ? CG_OK
                            : cg_token_credential_key(request->context, option, pem, algs, &key);
}

static enum cg_status make_client(struct request *request, struct cg_client **ret_client)
{
    const char *trouble = NULL;
    configure(request);
    CG_TRY(check_key(request, "key-file", request->config.key, request->config.alg));
    CG_TRY(check_key(request, "dpop-key-file", request->config.proof_key,
                     CG_SPAN_OF(CG_DPOP_ALGORITHMS)));
    enum cg_status status = cg_client_new(&request->config, &trouble, ret_client);
    return status == CG_OK ? CG_OK : cg_complain(request->context, status, "%s", trouble);
}

/* Prints the answer as it came. */
static enum cg_status ask(const struct request *request, const struct cg_client *client)
{
    struct cg_context *context = request->context;
    struct cg_fetch_response response;
    struct cg_client_answer answer;
    enum cg_status status =
        cg_client_exchange(client, context->now_s, context->arena, &response, &answer);
    if (status == CG_OK) {
        cg_output_document(&context->output, response.body);
    } else {
        status = cg_complain(context, status, "%s: %s", request->server.token_url, answer.trouble);
    }
    cg_client_answer_release(&answer);
    return status;
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
    CG_CLEANUP(client_free_at) struct cg_client *client = NULL;
    struct cg_span resources[CG_ARGS_OPTIONS_MAX];
    struct request request = {
        .context = context,
        .args = args,
        .config = {.resources = resources, .resource_count = cg_args_count(args, "resource")},
    };
    for (size_t i = 0; i < request.config.resource_count; i++) {
        resources[i] = cg_args_value_at(args, "resource", i);
    }
    CG_TRY(cg_args_join(context, args, "scope", &request.config.scope));
    CG_TRY(read_server(context, args, &request.server));
    CG_TRY(cg_token_credential_read(context, args, &request.credential));
    bool by_certificate = request.credential.certificate.data != NULL;
    CG_TRY(cg_token_discover(context, by_certificate, &request.server));
    CG_TRY(make_client(&request, &client));
    return ask(&request, client);
}
