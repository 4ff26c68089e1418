/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a checkpoint says, as a struct and as the JSON that is signed (see audit/checkpoint.h). For
 * the files of the audit only. Any thread.
 */
#ifndef CG_AUDIT_PAYLOAD_H
#define CG_AUDIT_PAYLOAD_H

#include "audit/chain.h"
#include "base/arena.h"
#include "base/buf.h"
#include "codec/base64url.h"

#include <stdbool.h>

/* A record of a writer: a chain's head; or, as "first", the first record kept and the hash before
 * it. */
struct cg_audit_mark {
    struct cg_span writer;
    struct cg_audit_head head;
};

struct cg_audit_marks {
    struct cg_audit_mark *items;
    size_t count;
};

struct cg_audit_payload {
    int64_t number;
    int64_t time_s;
    int64_t oldest;          /* number of the oldest checkpoint still kept */
    struct cg_span previous; /* base64url SHA-256 of the payload before; empty at number 1 */
    struct cg_audit_marks heads;
    struct cg_audit_marks first;
};

void cg_audit_payload_write(const struct cg_audit_payload *payload, struct cg_buf *buf);

/* CG_ERR_INPUT when it is no payload; CG_ERR_LIMIT. All of it is copied into the arena. */
CG_MUST_USE enum cg_status cg_audit_payload_read(struct cg_span text, struct cg_arena *arena,
                                                 struct cg_audit_payload *ret_payload);

#define CG_AUDIT_DIGEST_CHARS CG_BASE64URL_CHARS(CG_SHA256_BYTES)

/* What the next payload's "previous" says of this one. */
CG_MUST_USE enum cg_status cg_audit_payload_digest(
    struct cg_span text, uint8_t ret_digest[static CG_AUDIT_DIGEST_CHARS]);

/* Room for `max` marks, none used. */
CG_MUST_USE enum cg_status cg_audit_marks_new(struct cg_arena *arena, size_t max,
                                              struct cg_audit_marks *ret_marks);

/* The mark of a writer; NULL when there is none. */
struct cg_audit_mark *cg_audit_marks_find(const struct cg_audit_marks *marks,
                                          struct cg_span writer);

bool cg_audit_marks_equal(const struct cg_audit_marks *a, const struct cg_audit_marks *b);

#endif
