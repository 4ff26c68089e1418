/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches the key sets that clients publish, for the issuer's slots of one process, on a thread of
 * its own.
 */
#ifndef CAREGATE_KEY_FETCHER_H
#define CAREGATE_KEY_FETCHER_H

#include <caregate/types.h>

struct cg_key_fetcher;

struct cg_key_fetcher_config {
    const struct cg_span *hosts; /* "keys.example", for port 443, or "keys.example:8443" */
    size_t host_count;
    struct cg_span ca_file; /* PEM, or absent: the system's */
    int64_t (*now_s)(void); /* Unix seconds; called by any thread */
};

/* Makes one; its thread is started at the first need. Copies the configuration. CG_ERR_LIMIT when
 * memory is short. */
CG_EXPORT CG_MUST_USE enum cg_status cg_key_fetcher_new(const struct cg_key_fetcher_config *config,
                                                        struct cg_key_fetcher **ret_fetcher);

/* Ends what is being fetched; after the slots that use it. Accepts NULL. Returns NULL. */
CG_EXPORT struct cg_key_fetcher *cg_key_fetcher_free(struct cg_key_fetcher *fetcher);

/* How many fetches have ended: when it changes, exchanges that wait may be asked again. Any thread.
 */
CG_EXPORT uint64_t cg_key_fetcher_turns(struct cg_key_fetcher *fetcher);

#endif
