/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a batch, in its folder: what was sent and what became of it, so that a run that
 * ended anyhow is gone on with. One line a step, only ever added: "sent ID FILE", "taken ID FILE",
 * "refused ID FILE". One run at a time. One thread.
 */
#ifndef CG_CLI_BATCH_JOURNAL_H
#define CG_CLI_BATCH_JOURNAL_H

#include "base/buf.h"
#include "cli/context.h"

#include <caregate/types.h>

#define CG_BATCH_JOURNAL ".caregate-batch"
#define CG_BATCH_ID_BYTES_MAX 64 /* of a request id */

enum cg_batch_state {
    CG_BATCH_NEW,     /* in no journal */
    CG_BATCH_SENT,    /* what came of it is not known */
    CG_BATCH_TAKEN,   /* answered 2xx */
    CG_BATCH_REFUSED, /* answered so that the same again would not be taken */
};

struct cg_batch_line {
    enum cg_batch_state state;
    struct cg_span request_id;
    struct cg_span file;
};

typedef void (*cg_batch_see_line)(void *context, const struct cg_batch_line *line);

/*
 * Reads what a journal holds, in order; lines that are not understood are passed over. Returns how
 * many bytes are whole lines: what follows is one that a crash has torn.
 */
size_t cg_batch_journal_read(struct cg_span text, cg_batch_see_line see, void *context);

struct cg_batch_journal {
    int descriptor; /* -1: not open */
    struct cg_buf pending;
};

/*
 * Opens, or makes, the journal of a folder, has its lines seen, and cuts off a torn one. The spans
 * that are seen live in the arena. Complains, also when another run has it.
 */
CG_MUST_USE enum cg_status cg_batch_journal_open(struct cg_context *context, int folder,
                                                 struct cg_arena *arena,
                                                 struct cg_batch_journal *journal,
                                                 cg_batch_see_line see, void *see_context);
/* Accepts one whose descriptor is -1. What is pending is lost. */
void cg_batch_journal_release(struct cg_batch_journal *journal);

/* A line that counts once it is synced. A failure is told by sync. */
void cg_batch_journal_add(struct cg_batch_journal *journal, enum cg_batch_state state,
                          struct cg_span request_id, struct cg_span file);
/* CG_ERR_STORE when the disk does not take it: nothing more may be sent then. */
CG_MUST_USE enum cg_status cg_batch_journal_sync(struct cg_batch_journal *journal);

#endif
