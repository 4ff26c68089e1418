/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry: the longest life that any token of a realm may have had. It only grows,
 * because a token of a longer life that was allowed before may still be alive. See
 * registry/registry.h.
 */
#ifndef CG_REGISTRY_LIFE_H
#define CG_REGISTRY_LIFE_H

#include "registry/registry.h"

/*
 * Notes that tokens of the realm may now live for life_s (0: nothing new). When that is longer than
 * before, keys that have a successor are kept for longer by as much, so that none goes before its
 * last token does.
 */
CG_MUST_USE enum cg_status cg_life_note(struct cg_store *store, struct cg_span realm,
                                        int64_t life_s);

/* 1 .. CG_LIMIT_TOKEN_LIFE_MAX_S, or 0 where that stands for "as the realm says". */
bool cg_life_is_allowed(int64_t life_s);

#endif
