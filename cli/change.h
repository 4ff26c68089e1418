/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change of the registry, with its audit: an open transaction, and the events that tell what it
 * does. The events are durable before the change is; when the change then fails, CHANGE_FAILED says
 * so. A change without its event cannot happen.
 *
 *     CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
 *     struct cg_audit_event *event = NULL;
 *     CG_TRY(cg_change_begin(context, &change));
 *     CG_TRY(cg_client_suspend(cg_change_store(change), cg_change_realm(change), id,
 * context->now_s, &context->fault)); CG_TRY(cg_change_note(change, CG_AUDIT_CLIENT_SUSPENDED,
 * &event)); event->client_id = id; return cg_change_commit(change);
 *
 * Dropped without commit, nothing has happened. One thread.
 */
#ifndef CG_CLI_CHANGE_H
#define CG_CLI_CHANGE_H

#include "audit/event.h"
#include "base/cleanup.h"
#include "cli/context.h"

#include <caregate/types.h>

#define CG_CHANGE_WRITER "cli" /* the writer of all commands, on one machine, in the audit */

struct cg_change;

/* Opens registry and audit, chooses the realm (as cg_context_realm) and begins. Complains by itself
 * when it cannot. */
CG_MUST_USE enum cg_status cg_change_begin(struct cg_context *context,
                                           struct cg_change **ret_change);

enum cg_change_flags {
    CG_CHANGE_PLAIN = 0,
    CG_CHANGE_NO_REALM = 1 << 0, /* cg_change_realm is absent: realm add, init */
    CG_CHANGE_CREATE = 1 << 1,   /* make the stores: init */
};
CG_MUST_USE enum cg_status cg_change_begin_with(struct cg_context *context, unsigned flags,
                                                struct cg_change **ret_change);

struct cg_store *cg_change_store(struct cg_change *change);
struct cg_journal *cg_change_journal(struct cg_change *change);
struct cg_span cg_change_realm(const struct cg_change *change);

/*
 * One more event, with kind, time, actor ("operator:NAME"; with --by, detail says who entered it)
 * and realm filled in. The change owns it; the texts that the caller puts in live until commit.
 */
CG_MUST_USE enum cg_status cg_change_note(struct cg_change *change, enum cg_audit_kind kind,
                                          struct cg_audit_event **ret_event);

/* Appends the events, then commits. Complains when it cannot; the change is not done then. */
CG_MUST_USE enum cg_status cg_change_commit(struct cg_change *change);

/* Undoes what is not committed. Accepts NULL. Returns NULL. */
struct cg_change *cg_change_free(struct cg_change *change);
CG_DEFINE_CLEANUP(cg_change_free_at, struct cg_change *, cg_change_free)

#endif
