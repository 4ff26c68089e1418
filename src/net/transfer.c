/* SPDX-License-Identifier: Apache-2.0 */
#include "net/transfer.h"

#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HEADER_BYTES 16384
#define RETRY_AFTER_MAX_S 86400

/* libcurl's copies of our headers, which may hold a secret. */
static void wipe_headers(struct curl_slist *headers)
{
    for (struct curl_slist *header = headers; header != NULL; header = header->next) {
        cg_wipe(header->data, strlen(header->data));
    }
}

void cg_transfer_release(struct cg_transfer *transfer)
{
    wipe_headers(transfer->headers);
    curl_slist_free_all(transfer->headers);
    curl_easy_cleanup(transfer->curl);
    *transfer = (struct cg_transfer){.curl = NULL};
}

/* libcurl's write callback: taking less than was given ends the transfer. */
static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct cg_buf *body = context;
    cg_buf_put(body, cg_span_of_bytes(bytes, size * count));
    return body->failed ? 0 : size * count;
}

static enum cg_status add_header(struct cg_transfer *transfer, struct cg_arena *arena,
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

static enum cg_status set_headers(struct cg_transfer *transfer,
                                  const struct cg_fetch_request *request, struct cg_arena *arena)
{
    CG_TRY(add_header(transfer, arena, "Accept: ", CG_SPAN_OF("application/json")));
    if (request->authorization.data != NULL) {
        CG_TRY(add_header(transfer, arena, "Authorization: ", request->authorization));
    }
    if (request->proof.data != NULL) {
        CG_TRY(add_header(transfer, arena, "DPoP: ", request->proof));
    }
    curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, transfer->headers);
    return CG_OK;
}

/* libcurl does not write to it, though its type would let it. */
static struct curl_blob lend(struct cg_span bytes)
{
    return (struct curl_blob){(void *)(uintptr_t)bytes.data, bytes.len, CURL_BLOB_NOCOPY};
}

/* CG_ERR_INTERNAL for a libcurl whose TLS takes none from memory. */
static enum cg_status set_certificate(CURL *curl, const struct cg_fetch_request *request)
{
    struct curl_blob certificate = lend(request->certificate);
    struct curl_blob key = lend(request->certificate_key);
    if (request->certificate.data == NULL) {
        return CG_OK;
    }
    return curl_easy_setopt(curl, CURLOPT_SSLCERT_BLOB, &certificate) == CURLE_OK &&
                   curl_easy_setopt(curl, CURLOPT_SSLKEY_BLOB, &key) == CURLE_OK
               ? CG_OK
               : CG_ERR_INTERNAL;
}

static void set_options(struct cg_transfer *transfer, const struct cg_fetch_request *request)
{
    CURL *curl = transfer->curl;
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->message);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer->body);
    /* http is for this machine: a proxy of the environment would read along. */
    if (strncasecmp(request->url, "http:", strlen("http:")) == 0) {
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    }
    if (request->ca_file != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
    }
    if (request->form.data != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->form.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->form.data);
    }
}

enum cg_status cg_transfer_init(struct cg_transfer *transfer,
                                const struct cg_fetch_request *request, struct cg_arena *arena)
{
    *transfer = (struct cg_transfer){.curl = curl_easy_init()};
    if (transfer->curl == NULL) {
        return CG_ERR_LIMIT;
    }
    cg_buf_init_arena(&transfer->body, arena, request->max_bytes);
    set_options(transfer, request);
    CG_TRY(set_certificate(transfer->curl, request));
    return set_headers(transfer, request, arena);
}

static bool is_of_tls(CURLcode code)
{
    static const CURLcode codes[] = {
        CURLE_SSL_CONNECT_ERROR,   CURLE_SSL_CERTPROBLEM,       CURLE_SSL_CIPHER,
        CURLE_SSL_CACERT_BADFILE,  CURLE_SSL_ISSUER_ERROR,      CURLE_PEER_FAILED_VERIFICATION,
        CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT,
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return false;
}

static enum cg_status take_headers(const struct cg_transfer *transfer,
                                   struct cg_fetch_response *response)
{
    struct curl_header *nonce = NULL;
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(transfer->curl, CURLINFO_RETRY_AFTER, &retry_after_s);
    response->retry_after_s =
        retry_after_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (unsigned)retry_after_s;
    if (curl_easy_header(transfer->curl, "DPoP-Nonce", 0, CURLH_HEADER, -1, &nonce) != CURLHE_OK) {
        return CG_OK;
    }
    return cg_arena_copy(transfer->body.arena, cg_span_of_string(nonce->value), &response->nonce);
}

enum cg_status cg_transfer_finish(struct cg_transfer *transfer, CURLcode code,
                                  struct cg_fetch_response *response)
{
    if (transfer->body.failed) {
        if (transfer->body.is_too_long) {
            (void)snprintf(response->message, sizeof(response->message), "the answer is too large");
        }
        return CG_ERR_LIMIT;
    }
    if (code != CURLE_OK) {
        (void)snprintf(response->message, sizeof(response->message), "%s",
                       transfer->message[0] != '\0' ? transfer->message : curl_easy_strerror(code));
        response->failed_tls = is_of_tls(code);
        return CG_ERR_STORE;
    }
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &response->http_status);
    CG_TRY(take_headers(transfer, response));
    return cg_buf_finish(&transfer->body, &response->body);
}
