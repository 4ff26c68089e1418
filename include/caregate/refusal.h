/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A refusal on its way from whoever refused to the audit.
 */
#ifndef CAREGATE_REFUSAL_H
#define CAREGATE_REFUSAL_H

#include <caregate/reason.h>
#include <caregate/types.h>

/* count > 1 is a summary of that many. Spans borrow; what is not known is absent. */
struct cg_refusal {
    int64_t time_s;
    enum cg_reason reason;
    uint32_t count;
    struct cg_span realm;
    struct cg_span api;
    struct cg_span client_id;
    struct cg_span organisation;
    struct cg_span token_id;
    struct cg_span request_id;
    struct cg_span address;
};

#endif
