/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `init --trust`: a data folder for a gate without a store, whose keys and rules come from an
 * issuer elsewhere. It has the gate's secret in gate.secret, and its last bundle in state/.
 */
#ifndef CG_CLI_INIT_GATE_H
#define CG_CLI_INIT_GATE_H

#include "cli/args.h"
#include "cli/context.h"

#include <caregate/types.h>

#define CG_GATE_SECRET_FILE "gate.secret"

struct cg_init_gate {
    struct cg_span issuer; /* absent: no such folder is wanted */
    struct cg_span realm;  /* the path in it */
    struct cg_span client;
    struct cg_span secret;
    struct cg_span ca; /* PEM, or absent: the system's authorities */
};

/* Reads --trust, --client, --secret-file and --ca. Complains. */
CG_MUST_USE enum cg_status cg_init_gate_read(struct cg_context *context, const struct cg_args *args,
                                             struct cg_init_gate *ret_gate);

/* Writes what goes beside nginx.conf and the certificate. Complains. */
CG_MUST_USE enum cg_status cg_init_gate_write(struct cg_context *context,
                                              const struct cg_init_gate *gate);

/* Whether the data folder is one of these. */
bool cg_init_gate_is(struct cg_context *context);

#endif
