/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distinguished names as text (RFC 4514), in one form for each name, so that two can be compared by
 * their bytes: the last relative name of the certificate first, as RFC 4514 §2.1 has it; types by
 * their short names in one spelling, others as dotted numbers with the value in lower-case hex; the
 * parts of a relative name in the order of their bytes; as few escapes as there may be. The case of
 * values, and each space in them, counts: a name that differs in it is another name. Any thread.
 */
#ifndef CG_CRYPTO_DISTINGUISHED_NAME_H
#define CG_CRYPTO_DISTINGUISHED_NAME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#include <caregate/types.h>

/* One relative name, each part rendered as "type=value". */
struct cg_dn_rdn {
    struct cg_span parts[CG_LIMIT_NAME_PARTS];
    size_t count;
};

/*
 * Adds a part. `type` is dotted; `text` is its value in UTF-8, `der` its value as encoded, which is
 * what is written for types without a short name. CG_ERR_INPUT for too many parts or too long a
 * value, CG_ERR_LIMIT when memory is short.
 */
CG_MUST_USE enum cg_status cg_dn_add(struct cg_dn_rdn *rdn, struct cg_span type,
                                     struct cg_span text, struct cg_span der,
                                     struct cg_arena *arena);

/* Writes a relative name behind those that the buffer has. Sorts its parts. */
void cg_dn_put(struct cg_dn_rdn *rdn, struct cg_buf *buf);

/*
 * A text of RFC 4514 in the one form. CG_ERR_INPUT for what is no such text, empty, or too long: no
 * space stands around ',', '+' or '=', and an unknown type is a dotted number with '#' and hex
 * behind it. CG_ERR_LIMIT when memory is short.
 */
CG_MUST_USE enum cg_status cg_dn_parse(struct cg_span text, struct cg_arena *arena,
                                       struct cg_span *ret_name);

#endif
