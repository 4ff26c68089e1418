/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `agent init`: a data folder for an agent, without a store. It has the client's secret in
 * agent.secret, or its private key in agent.key.
 */
#ifndef CG_CLI_INIT_AGENT_H
#define CG_CLI_INIT_AGENT_H

#include "cli/context.h"

#include <stdbool.h>

#define CG_AGENT_SECRET_FILE "agent.secret"
#define CG_AGENT_KEY_FILE "agent.key"

/* Whether the data folder is one of these. */
bool cg_init_agent_is(struct cg_context *context);

#endif
