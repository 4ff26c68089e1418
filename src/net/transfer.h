/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside net/ only: one request to libcurl, ready to be run, and what came of it.
 */
#ifndef CG_NET_TRANSFER_H
#define CG_NET_TRANSFER_H

#include "base/buf.h"
#include "net/fetch.h"

#include <curl/curl.h>

struct cg_transfer {
    CURL *curl;
    struct curl_slist *headers;
    struct cg_buf body; /* in the arena */
    char message[CURL_ERROR_SIZE];
};

/*
 * Makes one ready. The request's texts and the transfer itself stay where they are until release.
 * CG_ERR_LIMIT when memory is short, CG_ERR_INTERNAL when libcurl shows no certificates; release
 * it in any case.
 */
CG_MUST_USE enum cg_status cg_transfer_init(struct cg_transfer *transfer,
                                            const struct cg_fetch_request *request,
                                            struct cg_arena *arena);
void cg_transfer_release(struct cg_transfer *transfer);

/* CG_ERR_INPUT, with the response's message set, unless cg_fetch_takes_url. */
CG_MUST_USE enum cg_status cg_transfer_check_url(const char *url,
                                                 struct cg_fetch_response *ret_response);

/* What came of it, as cg_fetch tells it. */
CG_MUST_USE enum cg_status cg_transfer_finish(struct cg_transfer *transfer, CURLcode code,
                                              struct cg_fetch_response *ret_response);

#endif
