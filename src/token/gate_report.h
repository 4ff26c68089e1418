/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gate elsewhere tells the issuer's audit of its refusals: one JSON array
 *   [{"time":S,"reason":"token_expired","count":N,"api":…,"client_id":…,"organisation":…,
 *     "token_id":…,"request_id":…,"address":…},…]
 * in which what is not known is left out. Any thread.
 */
#ifndef CG_TOKEN_GATE_REPORT_H
#define CG_TOKEN_GATE_REPORT_H

#include "base/buf.h"

#include <caregate/refusal.h>

/*
 * Writes as many of the refusals as fit into CG_LIMIT_REPORT_BYTES and CG_LIMIT_REPORT_REFUSALS,
 * the first at least; *ret_count says how many. The realm is not told: it is the issuer's own.
 * CG_ERR_LIMIT when memory is short.
 */
CG_MUST_USE enum cg_status cg_gate_report_write(const struct cg_refusal *refusals, size_t count,
                                                struct cg_buf *buf, size_t *ret_count);

/*
 * Reads a report into at most CG_LIMIT_REPORT_REFUSALS refusals, with texts in the arena. Strict:
 * these members and no other, reasons that a gate has, texts that may stand in a header, so that a
 * gate can tell nothing but that it refused. CG_ERR_INPUT when it is none, CG_ERR_LIMIT when memory
 * is short.
 */
CG_MUST_USE enum cg_status cg_gate_report_read(struct cg_span text, struct cg_arena *arena,
                                               struct cg_refusal *ret_refusals, size_t *ret_count);

#endif
