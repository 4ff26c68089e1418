/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchange with a token endpoint, for those who want the answer as it came: the command line.
 * Blocks.
 */
#ifndef CG_AGENT_ASK_H
#define CG_AGENT_ASK_H

#include "base/arena.h"
#include "net/fetch.h"

#include <caregate/client.h>

/*
 * Sends the question, and once more with the server's nonce if it wants one; *ret_answer is filled
 * as by cg_client_ask, *ret_response is in the arena (http_status 0: there was none).
 */
CG_MUST_USE enum cg_status cg_client_exchange(const struct cg_client *client, int64_t now_s,
                                              struct cg_arena *arena,
                                              struct cg_fetch_response *ret_response,
                                              struct cg_client_answer *ret_answer);

#endif
