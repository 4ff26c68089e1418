/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: writes events so that they are durable before anybody acts on them. One journal is
 * one store connection and one writer's name; several journals (threads, processes) may share a
 * writer: the head is read inside the transaction. One thread at a time; may block.
 */
#ifndef CG_AUDIT_JOURNAL_H
#define CG_AUDIT_JOURNAL_H

#include "audit/event.h"
#include "crypto/sign.h"
#include "store/store.h"

#include <caregate/types.h>

struct cg_journal;

/*
 * Takes ownership of the store (an audit one), also on failure. Copies the writer's name;
 * CG_ERR_INPUT when it is not of the form [A-Za-z0-9._/-]{1,64}.
 */
CG_MUST_USE enum cg_status cg_journal_new(struct cg_store *store, struct cg_span writer,
                                          struct cg_journal **ret_journal);
struct cg_journal *cg_journal_free(struct cg_journal *journal);
CG_DEFINE_CLEANUP(cg_journal_free_at, struct cg_journal *, cg_journal_free)

/*
 * Appends all events in one transaction: on disk on CG_OK, none of them otherwise (CG_ERR_STORE,
 * CG_ERR_CRYPTO, CG_ERR_LIMIT); the journal is usable again.
 */
CG_MUST_USE enum cg_status cg_journal_append(struct cg_journal *journal,
                                             const struct cg_audit_event *const events[],
                                             size_t count);

/*
 * Adds the events inside a transaction (cg_store_begin) that the caller holds on cg_journal_store
 * and commits, or rolls back when this fails.
 */
CG_MUST_USE enum cg_status cg_journal_add(struct cg_journal *journal,
                                          const struct cg_audit_event *const events[],
                                          size_t count);

/* Upkeep of the store behind (WAL checkpoint). */
CG_MUST_USE enum cg_status cg_journal_maintain(struct cg_journal *journal);

/* The store behind, for readers (audit/checkpoint.h, audit/report.h). Owned by the journal. */
struct cg_store *cg_journal_store(struct cg_journal *journal);

#endif
