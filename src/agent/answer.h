/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server answered to a question for a token (RFC 6749 §5), which is not believed before it
 * was looked at. Pure. Any thread.
 */
#ifndef CG_AGENT_ANSWER_H
#define CG_AGENT_ANSWER_H

#include "base/arena.h"
#include "net/fetch.h"

#include <caregate/client.h>

/* What is known of the question. */
struct cg_answer_demand {
    enum cg_client_token_type type; /* that the token has to be of */
    int64_t now_s;
    int64_t default_life_s;
    const struct cg_span *hidden; /* what must not be told to the operator, whoever repeats it */
    size_t hidden_count;
};

/* CG_OK with CG_CLIENT_GOT alone; else the status of cg_answer_status. The answer is filled in any
 * case. */
CG_MUST_USE enum cg_status cg_answer_read(const struct cg_fetch_response *response,
                                          const struct cg_answer_demand *demand,
                                          struct cg_arena *arena, struct cg_client_answer *answer);

/* Fills in an answer that there was none, for a fetch that ended with this status. Returns it, or
 * what goes with the outcome. */
CG_MUST_USE enum cg_status cg_answer_lack(const struct cg_fetch_response *response,
                                          enum cg_status status, struct cg_client_answer *answer);

/* Whether the server wants the same again, with its nonce in the proof (RFC 9449 §8). */
bool cg_answer_wants_nonce(const struct cg_fetch_response *response);

/* The status that goes with an outcome. */
enum cg_status cg_answer_status(enum cg_client_outcome outcome);

#endif
