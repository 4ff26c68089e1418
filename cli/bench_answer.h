/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1.1 answer as it comes in, as far as measuring needs it (RFC 9112): status, length by
 * Content-Length, whether the connection ends. One thread.
 */
#ifndef CG_CLI_BENCH_ANSWER_H
#define CG_CLI_BENCH_ANSWER_H

#include <caregate/types.h>
#include <stdbool.h>

struct cg_bench_answer {
    int status;       /* 0: the head is not complete yet */
    size_t head_len;  /* with the empty line */
    int64_t body_len; /* by Content-Length */
    bool closes;      /* the server ends the connection after it */
};

/*
 * Looks at what has come so far. CG_OK with status 0 when the head is not complete. CG_ERR_INPUT
 * for what is malformed or has no Content-Length.
 */
CG_MUST_USE enum cg_status cg_bench_answer_read(struct cg_span bytes,
                                                struct cg_bench_answer *ret_answer);

#endif
