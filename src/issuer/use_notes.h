/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When each secret was last used, kept until it is written: at most once a minute each, since it
 * changes often and matters little. Bounded: when full, the least recently used one is dropped. One
 * thread.
 */
#ifndef CG_ISSUER_USE_NOTES_H
#define CG_ISSUER_USE_NOTES_H

#include "store/store.h"

#include <caregate/types.h>

#define CG_USE_NOTES_PERIOD_S 60

struct cg_use_notes;

CG_MUST_USE enum cg_status cg_use_notes_new(struct cg_use_notes **ret_notes);
struct cg_use_notes *cg_use_notes_free(struct cg_use_notes *notes);

void cg_use_notes_add(struct cg_use_notes *notes, struct cg_span secret_id, int64_t now_s);

/* Writes what waits in one transaction, when the last time is a period ago or `all`. CG_ERR_STORE:
 * it stays waiting. */
enum cg_use_notes_when { CG_USE_NOTES_WHEN_DUE, CG_USE_NOTES_ALL };
CG_MUST_USE enum cg_status cg_use_notes_flush(struct cg_use_notes *notes, struct cg_store *registry,
                                              int64_t now_s, enum cg_use_notes_when when);

#endif
