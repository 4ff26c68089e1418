/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fetch.h"

#include "base/cleanup.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/uri.h"
#include "net/transfer.h"

#include <curl/curl.h>
#include <stdio.h>

bool cg_fetch_takes_url(struct cg_span url)
{
    struct cg_uri uri;
    if (cg_uri_parse(url, &uri) != CG_OK || !cg_uri_is_http(&uri)) {
        return false;
    }
    bool loopback = cg_span_equal_string(uri.host, "127.0.0.1") ||
                    cg_span_equal_string(uri.host, "localhost") ||
                    cg_span_equal_string(uri.host, "::1");
    return cg_span_equal_string(uri.scheme, "https") || loopback;
}

enum cg_status cg_transfer_check_url(const char *url, struct cg_fetch_response *ret_response)
{
    if (!cg_fetch_takes_url(cg_span_of_string(url))) {
        (void)snprintf(ret_response->message, sizeof(ret_response->message),
                       "the URL must be https, or http to this machine");
        return CG_ERR_INPUT;
    }
    return CG_OK;
}

enum cg_status cg_fetch(const struct cg_fetch_request *request, struct cg_arena *arena,
                        struct cg_fetch_response *ret_response)
{
    *ret_response = (struct cg_fetch_response){.http_status = 0};
    CG_TRY(cg_transfer_check_url(request->url, ret_response));
    CG_CLEANUP(cg_transfer_release) struct cg_transfer transfer = {.curl = NULL};
    CG_TRY(cg_transfer_init(&transfer, request, arena));
    return cg_transfer_finish(&transfer, curl_easy_perform(transfer.curl), ret_response);
}
