/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets: bytes that are compared in constant time and wiped when released. Any thread.
 */
#ifndef CG_BASE_SECRET_H
#define CG_BASE_SECRET_H

#include <caregate/types.h>
#include <stdbool.h>

#define CG_SECRET_MAX_BYTES 64

struct cg_secret {
    uint8_t data[CG_SECRET_MAX_BYTES];
    size_t len;
};

/* Copies in. CG_ERR_LIMIT when longer than CG_SECRET_MAX_BYTES. */
CG_MUST_USE enum cg_status cg_secret_init(struct cg_secret *secret, struct cg_span bytes);
/* Wipes. Accepts NULL. */
void cg_secret_release(struct cg_secret *secret);
struct cg_span cg_secret_span(const struct cg_secret *secret);

/* Equal bytes, in time that depends on the lengths only. */
bool cg_secret_equal(struct cg_span a, struct cg_span b);

#endif
