/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load for measuring: HTTP/1.1 over kept-alive connections to this machine, without TLS, one
 * thread. Either as fast as the connections allow, or paced: then a request's time counts from when
 * it was due, so that a server that falls behind cannot hide it.
 */
#ifndef CG_CLI_BENCH_CLIENT_H
#define CG_CLI_BENCH_CLIENT_H

#include "base/arena.h"
#include "cli/bench_times.h"

#include <caregate/types.h>

#define CG_BENCH_CONNECTIONS_MAX 1024
#define CG_BENCH_REQUEST_MAX 8192 /* bytes of one request */

/* Sees a body of an answer with status 200, as far as the client's buffer holds it. */
typedef void (*cg_bench_take_body)(void *context, struct cg_span body);

struct cg_bench_order {
    struct cg_span host; /* an IPv4 address of the loopback, or "localhost" */
    uint16_t port;
    struct cg_span before;         /* what a request begins with */
    const struct cg_span *middles; /* what differs, taken in turn; none: nothing */
    size_t middle_count;
    struct cg_span after; /* what it ends with */
    int64_t connections;  /* 1 .. CG_BENCH_CONNECTIONS_MAX */
    int64_t duration_us;
    int64_t rate_per_s;   /* 0: unpaced */
    int64_t max_requests; /* 0: as many as fit in the time */
    cg_bench_take_body take;
    void *take_context;
};

struct cg_bench_result {
    int64_t answers; /* whole ones, of any status */
    int64_t refused; /* of them, not 2xx */
    int64_t errors;  /* broken connections and malformed answers */
    int64_t elapsed_us;
    struct cg_bench_times times; /* of the answers */
};

/*
 * Runs the load. CG_ERR_INPUT for another host than the loopback or a value out of range;
 * CG_ERR_NOT_FOUND when nobody listens there; CG_ERR_LIMIT for memory or descriptors.
 */
CG_MUST_USE enum cg_status cg_bench_load(const struct cg_bench_order *order, struct cg_arena *arena,
                                         struct cg_bench_result *ret_result);

#endif
