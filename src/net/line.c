/* SPDX-License-Identifier: Apache-2.0 */
#include "net/line.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/status.h"
#include "net/transfer.h"

#include <curl/curl.h>

#define LOOK_MS 100

struct cg_line {
    CURLM *multi; /* it keeps the connections */
    unsigned (*stops)(void);
};

enum cg_status cg_line_new(unsigned (*stops)(void), struct cg_line **ret_line)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_line), &memory));
    struct cg_line *line = memory;
    line->stops = stops;
    line->multi = curl_multi_init();
    if (line->multi == NULL) {
        (void)cg_release(line);
        return CG_ERR_LIMIT;
    }
    *ret_line = line;
    return CG_OK;
}

struct cg_line *cg_line_free(struct cg_line *line)
{
    if (line != NULL) {
        (void)curl_multi_cleanup(line->multi);
    }
    return cg_release(line);
}

/* What libcurl says of the one transfer that there is. */
static CURLcode outcome(CURLM *multi)
{
    int left = 0;
    const CURLMsg *message = curl_multi_info_read(multi, &left);
    return message != NULL && message->msg == CURLMSG_DONE ? message->data.result
                                                           : CURLE_FAILED_INIT;
}

static CURLcode perform(const struct cg_line *line)
{
    int running = 1;
    while (running > 0) {
        if (line->stops != NULL && line->stops() != 0) {
            return CURLE_ABORTED_BY_CALLBACK;
        }
        if (curl_multi_perform(line->multi, &running) != CURLM_OK ||
            (running > 0 && curl_multi_poll(line->multi, NULL, 0, LOOK_MS, NULL) != CURLM_OK)) {
            return CURLE_FAILED_INIT;
        }
    }
    return outcome(line->multi);
}

enum cg_status cg_line_fetch(struct cg_line *line, const struct cg_fetch_request *request,
                             struct cg_arena *arena, struct cg_fetch_response *ret_response)
{
    *ret_response = (struct cg_fetch_response){.http_status = 0};
    CG_TRY(cg_transfer_check_url(request->url, ret_response));
    CG_CLEANUP(cg_transfer_release) struct cg_transfer transfer = {.curl = NULL};
    CG_TRY(cg_transfer_init(&transfer, request, arena));
    if (curl_multi_add_handle(line->multi, transfer.curl) != CURLM_OK) {
        return CG_ERR_LIMIT;
    }
    CURLcode code = perform(line);
    enum cg_status status = cg_transfer_finish(&transfer, code, ret_response);
    (void)curl_multi_remove_handle(line->multi, transfer.curl);
    return status;
}
