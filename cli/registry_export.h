/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the registry as a file that `caregate apply` reads (docs/REGISTRY.md).
 */
#ifndef CG_CLI_REGISTRY_EXPORT_H
#define CG_CLI_REGISTRY_EXPORT_H

#include "cli/context.h"

#include <caregate/types.h>

/*
 * Writes what is in service: all realms, or the one of context->realm. As YAML, with --json as
 * JSON, which is YAML, too. Nothing secret is in it, and no approval.
 */
CG_MUST_USE enum cg_status cg_registry_export(struct cg_context *context, struct cg_store *store);

#endif
