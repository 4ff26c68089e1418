/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry: what may be said of an upstream identity provider, so that what is found
 * wrong is told to the operator and not to a person who wants to sign in. Any thread.
 */
#ifndef CG_REGISTRY_UPSTREAM_VALUE_H
#define CG_REGISTRY_UPSTREAM_VALUE_H

#include "registry/upstream.h"

/*
 * Checks the fields of an upstream that is added or changed, fills in alg and levels where they are
 * absent, and brings its key set into the form that is kept, in the arena. CG_ERR_INPUT with a
 * sentence in the fault, CG_ERR_LIMIT for keys that are too long (with one) or for memory.
 */
CG_MUST_USE enum cg_status cg_upstream_value_complete(struct cg_upstream *upstream,
                                                      struct cg_arena *arena,
                                                      struct cg_fault *fault);

#endif
