/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/token_server.h"

#include "base/buf.h"
#include "base/span.h"
#include "codec/json.h"
#include "codec/uri.h"

#define ANSWER_BYTES_MAX 65536
#define WELL_KNOWN "/.well-known/oauth-authorization-server"
#define OPENID "/.well-known/openid-configuration"
#define ALGS "token_endpoint_auth_signing_alg_values_supported"

enum cg_status cg_token_fetch(struct cg_context *context, const struct cg_token_server *server,
                              struct cg_fetch_request request,
                              struct cg_fetch_response *ret_response)
{
    request.ca_file = server->ca_file;
    request.max_bytes = ANSWER_BYTES_MAX;
    request.timeout_ms = CG_TOKEN_TIMEOUT_MS;
    enum cg_status status = cg_fetch(&request, context->arena, ret_response);
    if (status != CG_OK) {
        return cg_complain(context, status, "%s: %s", request.url, ret_response->message);
    }
    return CG_OK;
}

/* RFC 8414 §3: the well-known part goes between host and path. */
static enum cg_status metadata_url(struct cg_context *context, const char *server,
                                   const char **ret_url)
{
    struct cg_span issuer = cg_span_of_string(server);
    struct cg_uri uri;
    if (cg_uri_parse(issuer, &uri) != CG_OK || !cg_uri_is_http(&uri) || uri.query.data != NULL) {
        return cg_complain_usage(context,
                                 "--issuer wants a URL such as https://localhost:8443/vlive/hpca");
    }
    return cg_context_print(context, ret_url, "%.*s" WELL_KNOWN "%.*s",
                            (int)(issuer.len - uri.path.len), server, CG_SPAN_ARGS(uri.path));
}

/* The strings of an array with a space between them; absent when it is none. */
static enum cg_status join(struct cg_context *context, const struct cg_json_value *array,
                           struct cg_span *ret_words)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, ANSWER_BYTES_MAX);
    for (size_t i = 0; i < cg_json_count(array); i++) {
        struct cg_span word = {NULL, 0};
        CG_TRY(cg_json_string(cg_json_element(array, i), &word));
        cg_buf_put_string(&buf, i > 0 ? " " : "");
        cg_buf_put(&buf, word);
    }
    return cg_json_count(array) > 0 ? cg_buf_finish(&buf, ret_words) : CG_OK;
}

static enum cg_status read_members(struct cg_context *context, const struct cg_json_value *root,
                                   bool by_certificate, struct cg_token_server *server)
{
    const struct cg_json_value *aliases = cg_json_member(root, "mtls_endpoint_aliases");
    const struct cg_json_value *alias = cg_json_member(aliases, "token_endpoint");
    struct cg_span endpoint = {NULL, 0};
    CG_TRY(cg_json_string(by_certificate && alias != NULL ? alias
                                                          : cg_json_member(root, "token_endpoint"),
                          &endpoint));
    CG_TRY(join(context, cg_json_member(root, ALGS), &server->algs));
    return cg_context_string(context, endpoint, &server->token_url);
}

/* RFC 8414 §3.3: metadata that names another issuer must not be used. */
static enum cg_status take_metadata(struct cg_context *context, const char *url,
                                    struct cg_span body, bool by_certificate,
                                    struct cg_token_server *server)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_span issuer = {NULL, 0};
    enum cg_status status = cg_json_parse(body, ANSWER_BYTES_MAX, &json);
    if (status == CG_OK) {
        status = cg_json_member_string(cg_json_root(json), "issuer", &issuer);
    }
    if (status == CG_OK && !cg_span_equal_string(issuer, server->issuer)) {
        return cg_complain(context, CG_ERR_AUTHENTICATION,
                           "%s is the metadata of another issuer, %.*s", url, CG_SPAN_ARGS(issuer));
    }
    if (status == CG_OK) {
        status = read_members(context, cg_json_root(json), by_certificate, server);
    }
    if (status == CG_ERR_INPUT) {
        return cg_complain(context, status,
                           "%s is not the metadata of an issuer with a token endpoint", url);
    }
    return status;
}

enum cg_status cg_token_discover(struct cg_context *context, bool by_certificate,
                                 struct cg_token_server *server)
{
    struct cg_fetch_response response;
    const char *url = NULL;
    CG_TRY(metadata_url(context, server->issuer, &url));
    for (int at = 0; at < 2; at++) {
        CG_TRY(cg_token_fetch(context, server, (struct cg_fetch_request){.url = url}, &response));
        if (response.http_status == 200) {
            return take_metadata(context, url, response.body, by_certificate, server);
        }
        /* OpenID Connect Discovery 1.0 §4.1: there the well-known part stands at the end. */
        CG_TRY(cg_context_print(context, &url, "%s" OPENID, server->issuer));
    }
    return cg_context_print(context, &server->token_url, "%s/oauth/token", server->issuer);
}
