/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside net/ only: a remembered document, and the times that decide about it.
 */
#ifndef CG_NET_REMOTE_PARTS_H
#define CG_NET_REMOTE_PARTS_H

#include "base/limits.h"
#include "net/remote.h"

enum cg_document_state { CG_DOCUMENT_IDLE, CG_DOCUMENT_QUEUED, CG_DOCUMENT_RUNNING };

struct cg_document {
    char url[CG_LIMIT_URI_BYTES + 1]; /* empty: the place is free */
    enum cg_document_state state;
    uint8_t *body; /* owned */
    size_t len;
    uint64_t version; /* 0: never fetched */
    int64_t asked_s;
    int64_t refresh_from_s; /* who asks from then on has it fetched, but need not wait */
    int64_t fresh_until_s;
    int64_t usable_until_s; /* while its host is away */
    int64_t failed_s;       /* the last fetch did, then; 0: it did not */
    int64_t force_from_s;   /* for those who lack something in it */
};

/* What is to be answered, and whether the document is to be fetched. */
enum cg_remote_state cg_document_judge(struct cg_document *document, uint64_t lacking,
                                       int64_t now_s, bool *ret_fetch);

/* Sets the times after a fetch. `max_age_s` is what the server said, or -1. */
void cg_document_renew(struct cg_document *document, int64_t max_age_s, int64_t now_s);

#endif
