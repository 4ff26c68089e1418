/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fetch.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/uri.h"

#include <curl/curl.h>
#include <stdio.h>

#define HEADER_BYTES 16384

struct transfer {
    CURL *curl;
    struct curl_slist *headers;
    struct cg_buf body;
};

static void transfer_release(struct transfer *transfer)
{
    curl_slist_free_all(transfer->headers);
    curl_easy_cleanup(transfer->curl);
}

/* libcurl's write callback: taking less than was given ends the transfer. */
static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct cg_buf *body = context;
    cg_buf_put(body, cg_span_of_bytes(bytes, size * count));
    return body->failed ? 0 : size * count;
}

/* https anywhere; http only to this machine, where there is nobody in between. */
static enum cg_status check_url(const char *url)
{
    struct cg_uri uri;
    CG_TRY(cg_uri_parse(cg_span_of_string(url), &uri));
    if (!cg_uri_is_http(&uri)) {
        return CG_ERR_INPUT;
    }
    bool loopback = cg_span_equal_string(uri.host, "127.0.0.1") ||
                    cg_span_equal_string(uri.host, "localhost") ||
                    cg_span_equal_string(uri.host, "::1");
    return cg_span_equal_string(uri.scheme, "https") || loopback ? CG_OK : CG_ERR_INPUT;
}

static enum cg_status add_header(struct transfer *transfer, struct cg_arena *arena,
                                 const char *name, struct cg_span value)
{
    struct cg_buf line;
    struct cg_span text;
    cg_buf_init_arena(&line, arena, HEADER_BYTES);
    cg_buf_put_string(&line, name);
    cg_buf_put(&line, value);
    cg_buf_put_byte(&line, 0);
    CG_TRY(cg_buf_finish(&line, &text));
    struct curl_slist *longer = curl_slist_append(transfer->headers, (const char *)text.data);
    if (longer == NULL) {
        return CG_ERR_LIMIT;
    }
    transfer->headers = longer;
    return CG_OK;
}

static enum cg_status set_headers(struct transfer *transfer, const struct cg_fetch_request *request,
                                  struct cg_arena *arena)
{
    CG_TRY(add_header(transfer, arena, "Accept: ", CG_SPAN_OF("application/json")));
    if (request->authorization.data != NULL) {
        CG_TRY(add_header(transfer, arena, "Authorization: ", request->authorization));
    }
    curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, transfer->headers);
    return CG_OK;
}

static void set_options(struct transfer *transfer, const struct cg_fetch_request *request,
                        char *message)
{
    CURL *curl = transfer->curl;
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer->body);
    if (request->ca_file != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
    }
    if (request->form.data != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->form.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->form.data);
    }
}

static enum cg_status perform(struct transfer *transfer, const char *message,
                              struct cg_fetch_response *response)
{
    CURLcode code = curl_easy_perform(transfer->curl);
    if (transfer->body.failed) {
        (void)snprintf(response->message, sizeof(response->message), "the answer is too large");
        return CG_ERR_LIMIT;
    }
    if (code != CURLE_OK) {
        (void)snprintf(response->message, sizeof(response->message), "%s",
                       message[0] != '\0' ? message : curl_easy_strerror(code));
        return CG_ERR_STORE;
    }
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &response->http_status);
    return cg_buf_finish(&transfer->body, &response->body);
}

enum cg_status cg_fetch(const struct cg_fetch_request *request, struct cg_arena *arena,
                        struct cg_fetch_response *ret_response)
{
    *ret_response = (struct cg_fetch_response){.http_status = 0};
    if (check_url(request->url) != CG_OK) {
        (void)snprintf(ret_response->message, sizeof(ret_response->message),
                       "the URL must be https, or http to this machine");
        return CG_ERR_INPUT;
    }
    char message[CURL_ERROR_SIZE] = "";
    CG_CLEANUP(transfer_release) struct transfer transfer = {.curl = curl_easy_init()};
    if (transfer.curl == NULL) {
        return CG_ERR_LIMIT;
    }
    cg_buf_init_arena(&transfer.body, arena, request->max_bytes);
    set_options(&transfer, request, message);
    CG_TRY(set_headers(&transfer, request, arena));
    return perform(&transfer, message, ret_response);
}
