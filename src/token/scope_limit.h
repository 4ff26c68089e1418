/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a list of scopes, those of an API, of an agreement or of a token, leaves of others. A SMART
 * scope (token/smart.h) is held against those of the list by what it opens, whatever its words;
 * each other scope, and what only looks like a SMART one, against the same word. Any thread.
 */
#ifndef CG_TOKEN_SCOPE_LIMIT_H
#define CG_TOKEN_SCOPE_LIMIT_H

#include "base/arena.h"
#include "token/scope.h"

/* Whether a list, valid and space-separated, allows all of one scope; of a SMART one, whether its
 * SMART scopes together open what it opens. */
bool cg_scope_is_allowed(struct cg_span list, struct cg_span scope);

/*
 * Leaves of a set what such a list allows: first the words that are allowed whole, as they are and
 * in their order; then, of SMART scopes that are allowed in part, that part, without what is said
 * already. New words live in the arena. CG_ERR_LIMIT for memory, or for too many parts; the set is
 * untouched then.
 */
CG_MUST_USE enum cg_status cg_scope_limit(struct cg_span list, struct cg_arena *arena,
                                          struct cg_scope *scope);

#endif
