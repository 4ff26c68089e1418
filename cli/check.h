/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of `caregate check`. Each adds what it finds; a status is for what stops the whole
 * check (memory). What a part cannot look at is a finding, not a failure.
 */
#ifndef CG_CLI_CHECK_H
#define CG_CLI_CHECK_H

#include "cli/context.h"
#include "cli/findings.h"
#include "cli/nginx_parse.h"

struct cg_check {
    struct cg_context *context;
    struct cg_findings findings;
    struct cg_store *registry; /* NULL when it cannot be opened */
    struct cg_store *audit;
    const struct cg_directive *conf; /* nginx.conf; NULL when it is refused or not understood */
};

#define CG_CHECK_KEY_AGE_S (365L * 86400)
#define CG_CHECK_IN_USE_S (7L * 86400) /* what was used within this is in use */

/* Clock, permissions, disk space, certificate. */
CG_MUST_USE enum cg_status cg_check_machine(struct cg_check *check);
/* Opens the stores and checks their integrity. */
CG_MUST_USE enum cg_status cg_check_stores(struct cg_check *check);
/* Signing keys: do they open, how old are they. Wants open stores, as do the next two. */
CG_MUST_USE enum cg_status cg_check_keys(struct cg_check *check);
/* Secrets and agreements that end, clients that have none. */
CG_MUST_USE enum cg_status cg_check_clients(struct cg_check *check);
/* The audit's chains and checkpoints, and its newest record against the clock. */
CG_MUST_USE enum cg_status cg_check_audit(struct cg_check *check);
/* nginx: its version, its configuration, what is risky in it. */
CG_MUST_USE enum cg_status cg_check_nginx(struct cg_check *check);
/* Of a gate without a store: its issuer. After nginx. */
CG_MUST_USE enum cg_status cg_check_gate(struct cg_check *check);
/* What is taken from others: key sets that may not be fetched, identity providers. After nginx. */
CG_MUST_USE enum cg_status cg_check_trust(struct cg_check *check);

#endif
