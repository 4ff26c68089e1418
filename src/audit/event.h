/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit events: what happened, by whom, to what. Kinds are one table (event.c) with their help
 * text. An event never holds a secret, a token or a patient identifier: only the fields below, and
 * detail is text of ours. Any thread.
 */
#ifndef CG_AUDIT_EVENT_H
#define CG_AUDIT_EVENT_H

#include "base/buf.h"

#include <caregate/reason.h>
#include <caregate/types.h>

enum cg_audit_kind {
    CG_AUDIT_TOKEN_ISSUED = 0,
    CG_AUDIT_TOKEN_REFUSED,  /* the issuer said no; count > 1: a summary */
    CG_AUDIT_ACCESS_REFUSED, /* the gate said no; count > 1: a summary */
    CG_AUDIT_TOKEN_REVOKED,
    CG_AUDIT_PROCESS_STARTED,
    CG_AUDIT_STORE_CREATED,
    CG_AUDIT_STORE_UPGRADED,
    CG_AUDIT_REALM_ADDED,
    CG_AUDIT_REALM_CHANGED,
    CG_AUDIT_API_ADDED,
    CG_AUDIT_API_CHANGED,
    CG_AUDIT_API_RETIRED,
    CG_AUDIT_ORGANISATION_ADDED,
    CG_AUDIT_CLIENT_ADDED,
    CG_AUDIT_CLIENT_CHANGED,
    CG_AUDIT_CLIENT_SUSPENDED,
    CG_AUDIT_CLIENT_RESUMED,
    CG_AUDIT_CLIENT_RETIRED,
    CG_AUDIT_SECRET_ISSUED,
    CG_AUDIT_SECRET_ROTATED,
    CG_AUDIT_SECRET_REVOKED,
    CG_AUDIT_SECRET_LEAKED,
    CG_AUDIT_SECRET_LINK_MADE,
    CG_AUDIT_SECRET_LINK_OPENED,
    CG_AUDIT_SECRET_LINK_REFUSED, /* count > 1: a summary */
    CG_AUDIT_CLIENT_KEY_ADDED,
    CG_AUDIT_CLIENT_KEY_REVOKED,
    CG_AUDIT_UPSTREAM_ADDED,
    CG_AUDIT_UPSTREAM_CHANGED,
    CG_AUDIT_UPSTREAM_RETIRED,
    CG_AUDIT_CLIENT_UPSTREAM_ADDED,
    CG_AUDIT_CLIENT_UPSTREAM_REMOVED,
    CG_AUDIT_AGREEMENT_REQUESTED,
    CG_AUDIT_AGREEMENT_APPROVED, /* one person's approval */
    CG_AUDIT_AGREEMENT_IN_FORCE, /* the last approval wanted */
    CG_AUDIT_AGREEMENT_REFUSED,
    CG_AUDIT_AGREEMENT_WITHDRAWN,
    CG_AUDIT_AGREEMENT_LIMITED,
    CG_AUDIT_KEY_CREATED,
    CG_AUDIT_KEY_RETIRED,
    CG_AUDIT_KEY_DELETED,
    CG_AUDIT_KEY_DESTROYED, /* in a module, where it was made */
    CG_AUDIT_KEYS_RESEALED,
    CG_AUDIT_CHANGE_FAILED, /* a change recorded before it did not take effect */
    CG_AUDIT_PRUNED,
    CG_AUDIT_CHECKPOINT_MADE, /* detail: its number; written by audit/checkpoint.h only */
    CG_AUDIT_KIND_COUNT
};

struct cg_audit_event {
    enum cg_audit_kind kind;
    enum cg_reason reason; /* NONE when it went well */
    int64_t time_s;
    int64_t count;        /* 1, or how many a summary stands for */
    struct cg_span actor; /* who did it: a client id, "operator:alice", "gate" */
    struct cg_span realm;
    struct cg_span client_id;
    struct cg_span organisation;
    struct cg_span api;       /* space-separated when several */
    struct cg_span agreement; /* space-separated when several */
    struct cg_span token_id;
    struct cg_span request_id;
    struct cg_span address;
    struct cg_span
        detail; /* what the public reason kept vague; at most CG_LIMIT_AUDIT_DETAIL_BYTES */
};

/* "token_issued"; static, zero-terminated. And back: CG_ERR_NOT_FOUND. */
const char *cg_audit_kind_name(enum cg_audit_kind kind);
CG_MUST_USE enum cg_status cg_audit_kind_find(struct cg_span name, enum cg_audit_kind *ret_kind);

/* One sentence on what the kind tells; static, zero-terminated. */
const char *cg_audit_kind_text(enum cg_audit_kind kind);

/*
 * The record: one JSON object, absent fields left out, always in this order:
 *
 *     {"writer":"node1/worker0","number":17,"time":1767225600,"kind":"token_refused",
 *      "reason":"scope_not_agreed","count":3,"actor":"...","realm":"...","client_id":"...",
 *      "organisation":"...","api":"...","agreement":"...","token_id":"...","request_id":"...",
 *      "address":"...","detail":"..."}
 *
 * reason is left out when it is NONE, count when it is not above 1. A field that is longer than its
 * limit is cut, never inside a character; limits count bytes as written, so that no value makes a
 * record longer than CG_LIMIT_AUDIT_RECORD_BYTES. Failures stick to the buffer.
 */
void cg_audit_event_write(const struct cg_audit_event *event, struct cg_span writer, int64_t number,
                          struct cg_buf *buf);

/* How each record of that writer, number and time begins: up to and with `"kind":"`. */
void cg_audit_event_write_start(struct cg_span writer, int64_t number, int64_t time_s,
                                struct cg_buf *buf);

#endif
