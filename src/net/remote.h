/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small documents of others, fetched over https and remembered: the key sets of clients. Hostile
 * until shown otherwise: only listed hosts are asked, without redirects, bounded in size and time;
 * each address by one fetch at a time, at most so often; a failure is remembered, too. A thread of
 * its own fetches, several at a time, so that nobody waits here: who asks is told what there is, or
 * that it is coming. All functions but new and free may be called by any thread.
 */
#ifndef CG_NET_REMOTE_H
#define CG_NET_REMOTE_H

#include "base/arena.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_remote;

struct cg_remote_config {
    const struct cg_span *hosts; /* "keys.example", for port 443, or "keys.example:8443" */
    size_t host_count;
    struct cg_span ca_file; /* PEM, or absent: the system's */
    /* Whether a body is what it should be: what is not counts as a failed fetch. */
    bool (*accepts)(struct cg_span body);
    int64_t (*now_s)(void);
};

/* Copies the configuration. After the fork; the thread is started at the first need. CG_ERR_LIMIT
 * when memory is short. */
CG_MUST_USE enum cg_status cg_remote_new(const struct cg_remote_config *config,
                                         struct cg_remote **ret_remote);
/* Ends what is being fetched. Accepts NULL. Returns NULL. */
struct cg_remote *cg_remote_free(struct cg_remote *remote);
CG_DEFINE_CLEANUP(cg_remote_free_at, struct cg_remote *, cg_remote_free)

struct cg_remote_question {
    struct cg_span url;
    uint64_t known;   /* the version that the caller has: its body is not given again; or 0 */
    uint64_t lacking; /* the version that lacks what is wanted: a newer one is fetched, once a
                         minute, and what is old is not fallen back on; or 0 */
};

enum cg_remote_state {
    CG_REMOTE_THERE,
    CG_REMOTE_COMING,   /* ask again when cg_remote_turns has changed */
    CG_REMOTE_AWAY,     /* it cannot be had: the last fetch failed a moment ago */
    CG_REMOTE_UNLISTED, /* not https, or its host is not in the list */
};

struct cg_remote_answer {
    enum cg_remote_state state;
    uint64_t version;    /* 0: none */
    struct cg_span body; /* in the arena; absent unless THERE and not known */
};

/* Does not block. CG_ERR_LIMIT when the arena is full. */
CG_MUST_USE enum cg_status cg_remote_ask(struct cg_remote *remote,
                                         const struct cg_remote_question *question,
                                         struct cg_arena *arena,
                                         struct cg_remote_answer *ret_answer);

/* How many fetches have ended, well or not. */
uint64_t cg_remote_turns(struct cg_remote *remote);

#endif
