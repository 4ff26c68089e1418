/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/chain.h"

#include "base/span.h"
#include "base/status.h"

enum cg_status cg_audit_chain_start(struct cg_span writer, struct cg_audit_head *ret_head)
{
    struct cg_audit_head head = {0};
    CG_TRY(cg_sha256(writer, head.hash));
    *ret_head = head;
    return CG_OK;
}

enum cg_status cg_audit_chain_next(struct cg_audit_head *head, struct cg_span record)
{
    struct cg_audit_head next = {.number = head->number + 1};
    struct cg_span before = cg_span_of_bytes(head->hash, sizeof(head->hash));
    CG_TRY(cg_sha256_two(before, record, next.hash));
    *head = next;
    return CG_OK;
}
