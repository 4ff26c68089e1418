/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope (RFC 6749 §3.3): a set of scope tokens, in order of first mention, without repeats. Spans
 * borrow. Any thread.
 */
#ifndef CG_TOKEN_SCOPE_H
#define CG_TOKEN_SCOPE_H

#include "base/buf.h"
#include "base/limits.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_scope {
    struct cg_span tokens[CG_LIMIT_TOKEN_SCOPES];
    size_t count;
};

/*
 * Parses space-separated scope tokens; an absent or empty text gives the empty set. CG_ERR_INPUT
 * for characters outside %x21 / %x23-5B / %x5D-7E or for two spaces in a row; CG_ERR_LIMIT for too
 * many or past CG_LIMIT_SCOPE_BYTES.
 */
CG_MUST_USE enum cg_status cg_scope_parse(struct cg_span text, struct cg_scope *ret_scope);

bool cg_scope_has(const struct cg_scope *scope, struct cg_span token);

/* Adds one token unless it is there. CG_ERR_LIMIT when full. */
CG_MUST_USE enum cg_status cg_scope_add(struct cg_scope *scope, struct cg_span token);

/* The same of each token of another set. */
CG_MUST_USE enum cg_status cg_scope_add_all(struct cg_scope *scope, const struct cg_scope *more);

/* True when the two share a token. */
bool cg_scope_overlap(const struct cg_scope *a, const struct cg_scope *b);

void cg_scope_write(const struct cg_scope *scope, struct cg_buf *buf);

/* True for one well-formed scope token, not empty. */
bool cg_scope_token_is_valid(struct cg_span token);

/* True when text, a space-separated list already known to be valid, holds the token. No allocation.
 */
bool cg_scope_text_has(struct cg_span text, struct cg_span token);

/* True when `whole` holds each token of `part`; both as above. */
bool cg_scope_text_within(struct cg_span part, struct cg_span whole);

#endif
