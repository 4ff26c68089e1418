/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upstream identity providers: issuers whose ID tokens (OpenID Connect Core 1.0 §2) tell a realm
 * who a person is, such as NHS login and CIS2. A provider's name begins the subject of each of its
 * people in our tokens, so it stays the issuer's for good, retired or not. See registry/registry.h
 * for what is common.
 */
#ifndef CG_REGISTRY_UPSTREAM_H
#define CG_REGISTRY_UPSTREAM_H

#include "base/limits.h"
#include "crypto/random.h"
#include "registry/registry.h"
#include "registry/upstream_kind.h"

struct cg_upstream {
    struct cg_span id; /* "ups_…"; made anew by each change */
    struct cg_span realm;
    struct cg_span name;     /* lower-case words with hyphens between them */
    struct cg_span kind;     /* of upstream_kind.h */
    struct cg_span issuer;   /* compared byte for byte */
    struct cg_span alg;      /* that its ID tokens are signed with */
    struct cg_span levels;   /* accepted, space-separated; empty: any and none */
    struct cg_span jwks;     /* its public keys; absent: */
    struct cg_span jwks_uri; /* where they are */
    int64_t created_s;
    int64_t retired_s; /* 0: in force */
};

/*
 * Adds one; id is made here, alg and levels that are absent are the kind's. CG_ERR_INPUT for a
 * malformed field; CG_ERR_CONFLICT when the name was ever used or the issuer is another provider's
 * in force; CG_ERR_LIMIT past CG_LIMIT_REALM_UPSTREAMS in force.
 */
CG_MUST_USE enum cg_status cg_upstream_add(struct cg_store *store,
                                           const struct cg_upstream *upstream,
                                           const struct cg_random *random, struct cg_arena *arena,
                                           struct cg_fault *fault);
/* Writes alg, levels, jwks and jwks_uri of one in force, all of them as they are to be. */
CG_MUST_USE enum cg_status cg_upstream_set(struct cg_store *store,
                                           const struct cg_upstream *upstream,
                                           const struct cg_random *random, struct cg_arena *arena,
                                           struct cg_fault *fault);
/* The one of a name, retired or not. */
CG_MUST_USE enum cg_status cg_upstream_named(struct cg_store *store, struct cg_span realm,
                                             struct cg_span name, struct cg_arena *arena,
                                             struct cg_upstream *ret_upstream);
/* For what one that is retired can have no more of: CG_ERR_NOT_FOUND, CG_ERR_CONFLICT when it is
 * retired. */
CG_MUST_USE enum cg_status cg_upstream_check_in_force(struct cg_store *store, struct cg_span realm,
                                                      struct cg_span name, struct cg_arena *arena,
                                                      struct cg_fault *fault);
/* All of a realm, by name. */
CG_MUST_USE enum cg_status cg_upstream_list(struct cg_store *store, struct cg_span realm,
                                            struct cg_arena *arena, cg_registry_visit visit,
                                            void *context);
/* None of its ID tokens is exchanged from then on. CG_ERR_NOT_FOUND, CG_ERR_CONFLICT when it is
 * retired already. */
CG_MUST_USE enum cg_status cg_upstream_retire(struct cg_store *store, struct cg_span realm,
                                              struct cg_span name, int64_t now_s,
                                              struct cg_arena *arena, struct cg_fault *fault);

/* What one client may exchange of one upstream. */
struct cg_upstream_trust {
    struct cg_span id; /* of the row: its keys' place in the cache changes with its value */
    struct cg_span name;
    struct cg_span kind;
    struct cg_span issuer;
    struct cg_span alg;
    struct cg_span levels; /* space-separated, may be empty */
    struct cg_span jwks;   /* value; absent: */
    struct cg_span jwks_uri;
    struct cg_span audiences[CG_LIMIT_CLIENT_UPSTREAM_IDS]; /* the client's ids there */
    size_t audience_count;                                  /* at least 1 */
};

/*
 * One statement. CG_ERR_NOT_FOUND when no upstream in force of this issuer is registered for the
 * client.
 */
CG_MUST_USE enum cg_status cg_upstream_find(struct cg_store *store, struct cg_span realm,
                                            struct cg_span client, struct cg_span issuer,
                                            struct cg_arena *arena,
                                            struct cg_upstream_trust *ret_trust);

#endif
