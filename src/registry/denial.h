/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The denylist: tokens by jti, agreements, clients by epoch. An entry lapses when no token it
 * denies can be alive. See registry/registry.h.
 */
#ifndef CG_REGISTRY_DENIAL_H
#define CG_REGISTRY_DENIAL_H

#include "registry/registry.h"
#include "token/snapshot.h"

/*
 * Tokens are issued while the one who denies waits for the writers' lock, after the time that it
 * took for now: they must not outlive the denial.
 */
#define CG_DENIAL_MARGIN_S 60

/* Adds or, for the same subject, extends. Raises the denylist's version. CG_ERR_INPUT when it would
 * have lapsed by now_s. */
CG_MUST_USE enum cg_status cg_denial_add(struct cg_store *store, struct cg_span realm,
                                         const struct cg_snapshot_denial *denial, int64_t now_s);

/* A token that is known, not by its jti alone. */
struct cg_denied_token {
    struct cg_span token_id;
    struct cg_span client_id;
    int64_t expires_s; /* its exp */
};

/* Denies it a little longer than it lives, so that no clock that is set back revives it.
 * CG_ERR_INPUT when it is over by now_s. */
CG_MUST_USE enum cg_status cg_denial_add_token(struct cg_store *store, struct cg_span realm,
                                               const struct cg_denied_token *token, int64_t now_s);

/* Whether a token is denied by its jti. */
CG_MUST_USE enum cg_status cg_denial_has_token(struct cg_store *store, struct cg_span realm,
                                               struct cg_span token_id, bool *ret_has);

/* How many tokens of a client, known as such, are denied as of now_s. */
CG_MUST_USE enum cg_status cg_denial_count_of_client(struct cg_store *store, struct cg_span realm,
                                                     struct cg_span client_id, int64_t now_s,
                                                     int64_t *ret_count);

/* The kind of a word of the store: "token", "agreement", "client". CG_ERR_STORE for another. */
CG_MUST_USE enum cg_status cg_denial_kind_find(struct cg_span name, enum cg_denial *ret_kind);

/* Removes what lapsed before now_s. Does not touch the version. */
CG_MUST_USE enum cg_status cg_denial_sweep(struct cg_store *store, int64_t now_s);

#endif
