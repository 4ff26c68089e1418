/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Would this be let in, and why": the issuer's and the gate's rules, each with whether it held,
 * for a client as the registry is now, or for a token. The verdict is the gate's own (gate/decide),
 * never a second opinion. What nginx's configuration demands besides (caregate_require) the caller
 * tells. May block; one thread; no transaction may be open.
 */
#ifndef CG_FEED_EXPLAIN_H
#define CG_FEED_EXPLAIN_H

#include "registry/registry.h"
#include "token/snapshot.h"

#include <caregate/gate.h>

struct cg_explain_question {
    struct cg_span realm;
    struct cg_span client_id;   /* or absent */
    struct cg_span token;       /* compact JWS, or absent; goes before client_id */
    struct cg_span certificate; /* that would come with the token, in DER; or absent */
    struct cg_span api;
    struct cg_span method;            /* absent: GET */
    const struct cg_gate_rule *rules; /* caregate_require at the location; may be none */
    size_t rule_count;
    struct cg_span smart_base; /* of caregate_smart at the location; absent: it is off */
    const struct cg_gate_operation *operations; /* caregate_operation there; may be none */
    size_t operation_count;
    uint64_t body_max_bytes; /* of caregate_bundle_max there */
    struct cg_span target;   /* path and query of the call, or absent */
    struct cg_span body;     /* and its body, where that decides; absent: none was named */
    int64_t now_s;
};

#define CG_EXPLAIN_STEPS_MAX 24

/* One rule. `rule` and `detail` live in the arena or are static. */
struct cg_explain_step {
    struct cg_span rule; /* "the client is active" */
    bool held;
    struct cg_span detail; /* "it is suspended", or absent */
};

struct cg_explanation {
    enum cg_reason reason; /* of the first rule that did not hold; NONE: it would be let in */
    struct cg_explain_step steps[CG_EXPLAIN_STEPS_MAX];
    size_t step_count;
};

/*
 * Goes through the rules. Those of the issuer are all looked at, so that everything wrong is told
 * at once; those of the gate only with a token, or when one would be issued. CG_ERR_INPUT when
 * neither client nor token is named; CG_ERR_STORE.
 */
CG_MUST_USE enum cg_status cg_explain(struct cg_store *store,
                                      const struct cg_explain_question *question,
                                      struct cg_arena *arena, struct cg_fault *fault,
                                      struct cg_explanation *ret_explanation);

/*
 * The same inside of a transaction that the caller holds, of the registry as that sees it;
 * `snapshot` is of the same view (cg_feed_build), so that many questions share it.
 */
CG_MUST_USE enum cg_status cg_explain_within(struct cg_store *store,
                                             const struct cg_snapshot *snapshot,
                                             const struct cg_explain_question *question,
                                             struct cg_arena *arena, struct cg_fault *fault,
                                             struct cg_explanation *ret_explanation);

#endif
