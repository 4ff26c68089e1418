/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few types that cross the library's border: a span of bytes, and the status that
 * every function which can fail returns.
 *
 * A span borrows: it never owns what it points at and nothing relies on a zero after it.
 */
#ifndef CAREGATE_TYPES_H
#define CAREGATE_TYPES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CG_MUST_USE __attribute__((warn_unused_result))
#define CG_EXPORT __attribute__((visibility("default")))

/* A read-only run of bytes. An absent value has data NULL and len 0; an empty one has len 0. */
struct cg_span {
    const uint8_t *data;
    size_t len;
};

/* A span of a zero-terminated text, for callers of the library; NULL gives an absent one. */
static inline struct cg_span cg_text(const char *text)
{
    struct cg_span span = {(const uint8_t *)text, text != NULL ? strlen(text) : 0};
    return span;
}

/* Kinds of outcome. What exactly was wrong travels beside it as an enum cg_reason. */
enum cg_status {
    CG_OK = 0,
    CG_ERR_INPUT,          /* what was given is malformed or out of range */
    CG_ERR_AUTHENTICATION, /* who asks is not proven */
    CG_ERR_AUTHORISATION,  /* who asks may not */
    CG_ERR_CONFLICT,       /* it is there already, or its state does not allow this */
    CG_ERR_NOT_FOUND,      /* there is no such thing */
    CG_ERR_STORE,          /* the store is away or failed */
    CG_ERR_CRYPTO,         /* the cryptographic library refused */
    CG_ERR_LIMIT,          /* a bound of base/limits.h, or memory, is used up */
    CG_ERR_INTERNAL,       /* one of our own invariants does not hold */
};

#endif
