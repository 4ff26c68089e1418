/* SPDX-License-Identifier: Apache-2.0 */
/* As a calling system would: discovery (RFC 8414), then the client credentials grant (RFC 6749
 * §4.4). */
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "cli/cmd_token.h"
#include "cli/token_file.h"
#include "cli/token_form.h"
#include "codec/json.h"
#include "codec/uri.h"
#include "net/fetch.h"

#define ANSWER_BYTES_MAX 65536
#define TIMEOUT_MS 15000
#define WELL_KNOWN "/.well-known/oauth-authorization-server"

struct request {
    struct cg_context *context;
    const char *issuer; /* without a final slash */
    const char *ca_file;
    struct cg_token_form form;
};

/* RFC 8414 §3: the well-known part goes between host and path. */
static enum cg_status metadata_url(const struct request *request, const char **ret_url)
{
    struct cg_span issuer = cg_span_of_string(request->issuer);
    struct cg_uri uri;
    if (cg_uri_parse(issuer, &uri) != CG_OK || !cg_uri_is_http(&uri) || uri.query.data != NULL) {
        return cg_complain_usage(request->context,
                                 "--issuer wants a URL such as https://localhost:8443/vlive/hpca");
    }
    return cg_context_print(request->context, ret_url, "%.*s" WELL_KNOWN "%.*s",
                            (int)(issuer.len - uri.path.len), request->issuer,
                            CG_SPAN_ARGS(uri.path));
}

static enum cg_status fetch(const struct request *request, const char *url, struct cg_span form,
                            struct cg_fetch_response *ret_response)
{
    struct cg_fetch_request fetch = {
        .url = url,
        .ca_file = request->ca_file,
        .form = form,
        .max_bytes = ANSWER_BYTES_MAX,
        .timeout_ms = TIMEOUT_MS,
    };
    enum cg_status status = cg_fetch(&fetch, request->context->arena, ret_response);
    if (status != CG_OK) {
        return cg_complain(request->context, status, "%s: %s", url, ret_response->message);
    }
    return CG_OK;
}

/* RFC 8414 §3.3: metadata that names another issuer must not be used. */
static enum cg_status take_endpoint(const struct request *request, const char *url,
                                    struct cg_span body, const char **ret_endpoint)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_span issuer = {NULL, 0};
    struct cg_span endpoint = {NULL, 0};
    if (cg_json_parse(body, ANSWER_BYTES_MAX, &json) != CG_OK ||
        cg_json_member_string(cg_json_root(json), "issuer", &issuer) != CG_OK ||
        cg_json_member_string(cg_json_root(json), "token_endpoint", &endpoint) != CG_OK) {
        return cg_complain(request->context, CG_ERR_INPUT,
                           "%s is not the metadata of an issuer with a token endpoint", url);
    }
    if (!cg_span_equal_string(issuer, request->issuer)) {
        return cg_complain(request->context, CG_ERR_AUTHENTICATION,
                           "%s is the metadata of another issuer, %.*s", url, CG_SPAN_ARGS(issuer));
    }
    return cg_context_string(request->context, endpoint, ret_endpoint);
}

static enum cg_status discover(const struct request *request, const char **ret_endpoint)
{
    struct cg_fetch_response response;
    const char *url = NULL;
    CG_TRY(metadata_url(request, &url));
    CG_TRY(fetch(request, url, (struct cg_span){NULL, 0}, &response));
    if (response.http_status == 200) {
        return take_endpoint(request, url, response.body, ret_endpoint);
    }
    return cg_context_print(request->context, ret_endpoint, "%s/oauth/token", request->issuer);
}

static enum cg_status write_form(const struct request *request, struct cg_span *ret_form)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, request->context->arena, CG_LIMIT_FORM_BYTES);
    cg_token_form_write(&request->form, &buf);
    return cg_buf_finish(&buf, ret_form);
}

/* RFC 6749 §5.2: an error answers with a code and, mostly, words. */
static enum cg_status complain_of(const struct request *request, const char *url,
                                  const struct cg_fetch_response *response)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_span error = {NULL, 0};
    struct cg_span description = CG_SPAN_OF("no description");
    if (cg_json_parse(response->body, ANSWER_BYTES_MAX, &json) != CG_OK ||
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

static enum cg_status ask(const struct request *request, const char *url)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_fetch_response response;
    struct cg_span form = {NULL, 0};
    struct cg_span token = {NULL, 0};
    CG_TRY(write_form(request, &form));
    CG_TRY(fetch(request, url, form, &response));
    if (response.http_status != 200) {
        return complain_of(request, url, &response);
    }
    if (cg_json_parse(response.body, ANSWER_BYTES_MAX, &json) != CG_OK ||
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

enum cg_status cg_token_request_run(struct cg_context *context, const struct cg_args *args)
{
    struct request request = {.context = context, .form.client_id = cg_args_value(args, "client")};
    const char *endpoint = NULL;
    CG_TRY(cg_args_join(context, args, "scope", &request.form.scope));
    CG_TRY(
        cg_context_string(context, without_slash(cg_args_value(args, "issuer")), &request.issuer));
    if (cg_args_has(args, "ca-file")) {
        CG_TRY(cg_context_string(context, cg_args_value(args, "ca-file"), &request.ca_file));
    }
    CG_TRY(cg_token_file_read_secret(context, cg_args_value(args, "secret-file"),
                                     &request.form.secret));
    CG_TRY(discover(&request, &endpoint));
    return ask(&request, endpoint);
}
