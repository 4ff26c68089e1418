/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Would this be let in, and why": the issuer's and the gate's rules, each with whether it held, for a client as the registry is now, or for a token.
 * The verdict is the gate's own (gate/decide), never a second opinion. May block; one thread.
 */
#ifndef CG_FEED_EXPLAIN_H
#define CG_FEED_EXPLAIN_H

#include "registry/registry.h"

#include <caregate/gate.h>

struct cg_explain_question {
    struct cg_span realm;
    struct cg_span client_id; /* or absent */
    struct cg_span token;     /* compact JWS, or absent */
    struct cg_span api;
    struct cg_span method;    /* absent: GET */
    int64_t now_s;
};

#define CG_EXPLAIN_STEPS_MAX 24

/* One rule. `rule` and `detail` live in the arena. */
struct cg_explain_step {
    struct cg_span rule;   /* "the client is active" */
    bool held;
    struct cg_span detail; /* "suspended since …", or absent */
};

struct cg_explanation {
    enum cg_reason reason; /* NONE: it would be let in */
    struct cg_explain_step steps[CG_EXPLAIN_STEPS_MAX];
    size_t step_count;
};

CG_MUST_USE enum cg_status cg_explain(struct cg_store *store,
                                      const struct cg_explain_question *question,
                                      struct cg_arena *arena, struct cg_fault *fault,
                                      struct cg_explanation *ret_explanation);

#endif
