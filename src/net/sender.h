/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents to a server of this machine, several at once by one thread: POST or PUT over http to
 * loopback, without redirects, bounded in time. Each of its slots takes one document at a time.
 */
#ifndef CG_NET_SENDER_H
#define CG_NET_SENDER_H

#include "base/cleanup.h"

#include <caregate/types.h>
#include <stdbool.h>

#define CG_SENDER_SLOTS_MAX 256
#define CG_SENDER_ANSWER_BYTES 65536 /* kept of an answer's body */

struct cg_sender;

struct cg_send_request {
    const char *url;          /* http to loopback */
    bool puts;                /* PUT, else POST */
    const char *content_type; /* of the body */
    const char *request_id;   /* of the header X-Request-ID */
    struct cg_span body;      /* stays where it is until the answer */
};

struct cg_send_answer {
    size_t slot;
    long http_status;       /* 0: none came */
    unsigned retry_after_s; /* of the header Retry-After; 0: none */
    struct cg_span body;    /* what is kept of it, until the slot's next use */
};

/* CG_ERR_LIMIT when memory is short or slots are none or too many. */
CG_MUST_USE enum cg_status cg_sender_new(size_t slots, long timeout_ms,
                                         struct cg_sender **ret_sender);
/* What is on its way is given up. Accepts NULL. Returns NULL. */
struct cg_sender *cg_sender_free(struct cg_sender *sender);
CG_DEFINE_CLEANUP(cg_sender_free_at, struct cg_sender *, cg_sender_free)

/* Begins to send by a slot that is free. CG_ERR_INPUT for a URL that is not of this machine. */
CG_MUST_USE enum cg_status cg_sender_start(struct cg_sender *sender, size_t slot,
                                           const struct cg_send_request *request);

/* Waits for one answer, or that none comes, at most so long; false: nothing happened. */
bool cg_sender_wait(struct cg_sender *sender, int64_t max_ms, struct cg_send_answer *ret_answer);

#endif
